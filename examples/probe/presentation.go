package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/segue-audio/segue/drm/aes128"
	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/detect"
	"github.com/segue-audio/segue/player/container/fmp4"
	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/manifest/dash"
	"github.com/segue-audio/segue/player/manifest/hls"
)

// errNotYet is for live presentations that nothing has been said of so far.
var errNotYet = fmt.Errorf("%w: no segment yet", manifest.ErrFormat)

func (p *prober) probeHLS(ctx context.Context, at *place) (*manifestReport, error) {
	m := &manifestReport{Kind: "HLS"}
	data, err := p.get(ctx, &manifest.Resource{URL: at.url}, manifest.MaxBytes)
	if err != nil {
		return m, err
	}
	doc, err := hls.Parse(data, at.url, nil)
	if err != nil {
		return m, err
	}
	if doc.Playlist != nil {
		r := renditionReport{}
		err := p.probePlaylist(ctx, &r, doc.Playlist)
		m.add(r, doc.Playlist, err)
		return m, err
	}
	return m, p.probeRenditions(ctx, m, doc.Presentation, func(u *url.URL) (*manifest.Playlist, error) {
		data, err := p.get(ctx, &manifest.Resource{URL: u}, manifest.MaxBytes)
		if err != nil {
			return nil, err
		}
		media, err := hls.Parse(data, u, doc)
		if err != nil {
			return nil, err
		}
		if media.Playlist == nil {
			return nil, fmt.Errorf("%w: a multivariant playlist within one", manifest.ErrFormat)
		}
		return media.Playlist, nil
	})
}

func (p *prober) probeDASH(ctx context.Context, at *place) (*manifestReport, error) {
	m := &manifestReport{Kind: "DASH"}
	data, err := p.get(ctx, &manifest.Resource{URL: at.url}, manifest.MaxBytes)
	if err != nil {
		return m, err
	}
	doc, err := dash.Parse(data, at.url, time.Now())
	if err != nil {
		return m, err
	}
	return m, p.probeRenditions(ctx, m, doc.Presentation, nil)
}

// probeRenditions describes every rendition. Where one of those can be played that are played unasked, the
// presentation can; else the error is that of the first.
func (p *prober) probeRenditions(ctx context.Context, m *manifestReport, pres *manifest.Presentation,
	load func(*url.URL) (*manifest.Playlist, error)) error {
	var first error
	playable := false
	for i, r := range append(pres.Renditions[:len(pres.Renditions):len(pres.Renditions)], pres.Others...) {
		out := renditionReport{Bitrate: int64(r.Bitrate), Average: int64(r.Average), Codecs: r.Codecs, Name: r.Name, Language: r.Language}
		list, err := r.Playlist, error(nil)
		if list == nil {
			list, err = load(r.URL)
		}
		if err == nil {
			err = p.probePlaylist(ctx, &out, list)
		}
		m.add(out, list, err)
		if i < len(pres.Renditions) {
			playable = playable || err == nil
			if first == nil {
				first = err
			}
		}
	}
	if playable {
		return nil
	}
	return first
}

// add puts a rendition into the report.
func (m *manifestReport) add(r renditionReport, list *manifest.Playlist, err error) {
	r.Problem = problemOf(err)
	if list != nil {
		r.Segments, r.Target, r.Duration = len(list.Segments), secondsOf(list.Target), secondsOf(list.Duration())
		m.Live = m.Live || list.Live != nil && !list.Ended
		m.Duration = max(m.Duration, r.Duration)
	}
	m.Renditions = append(m.Renditions, r)
}

// probePlaylist describes what a list of segments leads to, by the first segment that is there.
func (p *prober) probePlaylist(ctx context.Context, r *renditionReport, list *manifest.Playlist) error {
	seg := firstSegment(list)
	if seg == nil {
		return errNotYet
	}
	r.Encryption = encryption(seg.Key)
	look := beginning
	if p.decode {
		look = everything
	}
	s, err := p.probeSegment(ctx, seg, look)
	r.Stream = s
	return err
}

// probeSegment describes what a segment holds.
func (p *prober) probeSegment(ctx context.Context, seg *manifest.Segment, look depth) (*streamReport, error) {
	if seg.Index != nil {
		f, err := p.open(ctx, seg.URL)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
		s, _, err := probeMedia(ctx, f, f.size, look)
		return s, err
	}
	var init *fmp4.Init
	if seg.Init != nil {
		data, err := p.clear(ctx, seg.Init, seg.InitKey)
		if err != nil {
			return nil, err
		}
		if init, err = fmp4.ParseInit(data); err != nil {
			return nil, err
		}
	}
	data, err := p.clear(ctx, &seg.Resource, seg.Key)
	if err != nil {
		return nil, err
	}
	demux, err := detect.OpenSegment(init, data)
	if err != nil {
		return nil, err
	}
	s, err := probeStream(ctx, demux, segmentName(init, demux), look)
	if s != nil { // what was looked at is a segment, not the whole
		s.Duration = 0
	}
	return s, err
}

// firstSegment is the first that is said to be there; nil for none.
func firstSegment(list *manifest.Playlist) *manifest.Segment {
	for i := range list.Segments {
		if s := &list.Segments[i]; !s.Gap && s.URL != nil && !s.Available.After(time.Now()) {
			return s
		}
	}
	return nil
}

// segmentName names a segment's container.
func segmentName(init *fmp4.Init, demux container.Demuxer) string {
	if init != nil {
		return "fragmented MP4"
	}
	return "packed " + string(demux.Info().Format.Codec)
}

// encryption lists how a segment is encrypted and who gives the key.
func encryption(k *manifest.Key) []string {
	if k == nil {
		return nil
	}
	list := []string{k.Method}
	for _, s := range k.Systems {
		list = append(list, s.Format)
	}
	return list
}

// clear fetches a resource and, where it is encrypted as a whole, decrypts it.
func (p *prober) clear(ctx context.Context, r *manifest.Resource, k *manifest.Key) ([]byte, error) {
	data, err := p.get(ctx, r, container.MaxSegmentBytes)
	if err != nil || k == nil {
		return data, err
	}
	if k.Method != "AES-128" || k.URL == nil {
		return nil, fmt.Errorf("%w: %s", container.ErrProtected, k.Method)
	}
	key, err := p.get(ctx, &manifest.Resource{URL: k.URL}, 1024)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	plain, err := aes128.Decrypt(nil, data, key, k.IV)
	if errors.Is(err, aes128.ErrKeySize) {
		return nil, fmt.Errorf("key of %d bytes: %w", len(key), err)
	}
	return plain, err
}
