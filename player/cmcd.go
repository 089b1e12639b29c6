package player

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync/atomic"

	"github.com/segue-audio/segue/player/internal/loader"
	"github.com/segue-audio/segue/player/telemetry/cmcd"
)

// CMCD asks for Common Media Client Data (CTA-5004) with each request for manifests, segments and
// keys: what a CDN's logs need to tell whose buffer ran dry and why. No title and no URL is told
// beyond what the request says anyway; a content id only where Item.ContentID has one.
type CMCD struct {
	// Query puts the data into the URL, for servers whose logs leave headers out. It changes what is
	// requested, so a signed URL must allow for the argument "CMCD". Otherwise headers are used.
	Query bool
	// SessionID is the same for all requests of a listening session; empty means a random one.
	SessionID string
}

// reporter writes CMCD. Loaders call it from their goroutines.
type reporter struct {
	CMCD
	player  *Player
	starved atomic.Bool // the music ran dry since the last request for audio
}

func newReporter(p *Player, c CMCD) *reporter {
	if c.SessionID == "" {
		var b [16]byte
		rand.Read(b[:])                      // never fails: crypto/rand ends the program first
		b[6], b[8] = b[6]&15|64, b[8]&63|128 // version 4 (RFC 9562, 5.4)
		c.SessionID = fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
	}
	return &reporter{CMCD: c, player: p}
}

// ranDry notes that the music has run dry.
func (r *reporter) ranDry() {
	if r != nil {
		r.starved.Store(true)
	}
}

// decorate tells in q what info says.
func (r *reporter) decorate(q *http.Request, info loader.RequestInfo) {
	d := cmcd.Data{
		Object: cmcd.Object(info.Object), Bitrate: info.Bitrate, Top: info.Top, Duration: info.Duration,
		Buffer: info.Buffer, Deadline: info.Deadline, Throughput: info.Throughput, StartUp: info.Startup,
		Session: r.SessionID, Content: info.Content, Format: cmcd.HLS,
		Speed: r.player.shown.Load().state.Speed,
	}
	if info.File {
		d.Format = cmcd.Progressive
	}
	if info.Object == loader.ObjectAudio {
		d.Starved = r.starved.Swap(false)
	}
	if info.Next != nil {
		d.Next = relative(q.URL, info.Next)
		if info.NextLength > 0 && d.Next != "" {
			d.NextRange = fmt.Sprintf("%d-%d", info.NextOffset, info.NextOffset+info.NextLength-1)
		}
	}
	if r.Query {
		d.AddQuery(q.URL)
	} else {
		d.SetHeader(q.Header)
	}
}

// relative writes next as it is seen from base; empty where it lies on another host. Queries are left
// out: they may be secret.
func relative(base, next *url.URL) string {
	if base.Scheme != next.Scheme || base.Host != next.Host {
		return ""
	}
	from := strings.Split(path.Dir(base.Path), "/")
	to := strings.Split(next.Path, "/")
	same := 0
	for same < len(from) && same < len(to)-1 && from[same] == to[same] {
		same++
	}
	return strings.Repeat("../", len(from)-same) + strings.Join(to[same:], "/")
}
