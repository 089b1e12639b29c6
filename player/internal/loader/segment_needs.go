package loader

import (
	"context"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segue-audio/segue/drm/aes128"
	"github.com/segue-audio/segue/player/container/fmp4"
	"github.com/segue-audio/segue/player/fetch"
	"github.com/segue-audio/segue/player/manifest"
)

// needs are what a segment can't be opened without, on their way.
type needs struct {
	may    chan struct{} // closed when they may be asked for
	once   sync.Once
	cancel context.CancelFunc
	group  sync.WaitGroup
	left   atomic.Int32 // of what was asked for, not here yet

	init    *fmp4.Init
	key     []byte
	initErr error
	keyErr  error
}

// headStart is how long the other requests wait, so that the segment's has the connection that is open
// and they take the new ones: they are small, and it is what all wait for.
const headStart = 2 * time.Millisecond

// need begins to get what seg needs and isn't here.
func (l *Loader) need(ctx context.Context, seg *manifest.Segment) *needs {
	n := &needs{may: make(chan struct{})}
	ctx, n.cancel = context.WithCancel(ctx)
	l.mu.Lock()
	if seg.Init != nil {
		n.init = l.inits[seg.Init.Name]
	}
	if seg.Key != nil {
		n.key = l.keys[seg.Key.Name]
	}
	l.mu.Unlock()
	if seg.Init != nil && n.init == nil {
		n.left.Add(1)
		n.group.Go(func() {
			n.await(ctx)
			if n.init, n.initErr = l.init(ctx, seg.Init, seg.InitKey); n.initErr == nil {
				n.left.Add(-1)
			}
		})
	}
	if seg.Key != nil && n.key == nil {
		n.left.Add(1)
		n.group.Go(func() {
			n.await(ctx)
			if n.key, n.keyErr = l.key(ctx, seg.Key); n.keyErr == nil {
				n.left.Add(-1)
			}
		})
	}
	return n
}

// here reports whether all is here that is needed.
func (n *needs) here() bool { return n.left.Load() == 0 }

func (n *needs) await(ctx context.Context) {
	timer := time.NewTimer(headStart)
	defer timer.Stop()
	select {
	case <-n.may:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// begin lets go what still waits.
func (n *needs) begin() { n.once.Do(func() { close(n.may) }) }

// wait gives what was needed.
func (n *needs) wait() (*fmp4.Init, []byte, error) {
	n.group.Wait()
	if n.initErr != nil {
		return nil, nil, n.initErr
	}
	return n.init, n.key, n.keyErr
}

// stop breaks off what is under way, and waits for its goroutines.
func (n *needs) stop() {
	n.cancel()
	n.group.Wait()
}

// init gives a parsed init section, and keeps it.
func (l *Loader) init(ctx context.Context, res *manifest.Resource, how *manifest.Key) (*fmp4.Init, error) {
	got, err := l.bytes(ctx, wanted{Resource: *res})
	if err != nil {
		return nil, err
	}
	clear, err := l.clearInit(ctx, got.data, how)
	if err != nil {
		return nil, err
	}
	i, err := fmp4.ParseInit(clear)
	if err != nil {
		if got.cached {
			l.drop(res.Name)
		}
		return nil, fmt.Errorf("init section: %w", err)
	}
	if !got.cached && got.storable {
		l.keep(ctx, res.Name, got.data)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inits[res.Name] = i
	return i, nil
}

// clearInit decrypts an init section; data is left as it is.
func (l *Loader) clearInit(ctx context.Context, data []byte, how *manifest.Key) ([]byte, error) {
	if how == nil {
		return data, nil
	}
	key, err := l.key(ctx, how)
	if err != nil {
		return nil, err
	}
	clear, err := aes128.Decrypt(make([]byte, len(data)), data, key, how.IV)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUndecipherable, err)
	}
	return clear, nil
}

// key gives a segment's key: from the cache as long as the server allowed it to be kept, else from the
// server; and keeps it in memory.
func (l *Loader) key(ctx context.Context, k *manifest.Key) ([]byte, error) {
	name := l.content + "/" + k.Name
	if l.caches() {
		if key, ok := l.env.Cache.Key(ctx, name); ok {
			l.env.Counters.Hits.Add(1)
			l.setKey(k, key)
			return key, nil
		}
	}
	key, keepFor, err := l.fetchKey(ctx, k.URL)
	if err != nil {
		if ctx.Err() != nil || l.refused(err) && l.task.Spec.Resolve != nil && !l.renewed {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	l.setKey(k, key)
	if l.caches() && keepFor > 0 {
		if err := l.env.Cache.PutKey(ctx, name, key, time.Now().Add(keepFor)); err != nil {
			l.env.Logger.Warn("key not kept", "err", err)
		}
	}
	return key, nil
}

func (l *Loader) setKey(k *manifest.Key, key []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keys[k.Name] = key
}

func (l *Loader) fetchKey(ctx context.Context, u *url.URL) (key []byte, keepFor time.Duration, err error) {
	if u.Scheme == "file" {
		key, err = readLocal(u.Path, aes128.KeySize)
	} else {
		req := l.request(ObjectKey, manifest.Resource{URL: u})
		req.Limit = 1024
		var resp *fetch.Response
		resp, err = l.client(false).Get(ctx, req)
		if err == nil {
			key, keepFor = resp.Body, lifetime(resp.Header)
			l.count(resp.Wire, 0)
		}
	}
	if err == nil && len(key) != aes128.KeySize {
		err = aes128.ErrKeySize
	}
	return key, keepFor, err
}
