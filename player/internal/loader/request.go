package loader

import (
	"net/http"
	"net/url"
	"time"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/fetch"
	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/media"
)

// Object is the kind of what is requested, in the letters of CTA-5004's key "ot".
type Object string

// The objects.
const (
	ObjectManifest Object = "m"
	ObjectAudio    Object = "a"
	ObjectInit     Object = "i"
	ObjectKey      Object = "k"
)

// RequestInfo is what is known of a request as it is sent; zero fields are unknown or don't apply.
type RequestInfo struct {
	Content string // Spec.ContentID
	Object  Object
	File    bool // of a plain file; else of a presentation of segments

	Bitrate  media.Bitrate // of the object
	Top      media.Bitrate // the highest that may be chosen
	Duration time.Duration // of the object's music

	Buffer     time.Duration // music ahead of the listener
	Deadline   time.Duration // until the object's music is needed
	Startup    bool          // nothing is ahead: at the start, after a seek, or after the music ran dry
	Throughput media.Bitrate // to expect of the link
	Next       *url.URL      // what will be asked for next
	NextOffset int64         // and its byte range; NextLength zero for all of it
	NextLength int64
}

// urgentBelow is how much music ahead is so little that a connection which hangs is given up sooner.
const (
	urgentBelow = 12 * time.Second
	urgentStall = 3 * time.Second
)

// client is the one to fetch with: one that keeps trying, or, where something else is at hand or the
// entry waits for the network anyway, one that tries once.
func (l *Loader) client(once bool) *fetch.Client {
	if once || l.hold.waits() {
		return l.env.Probe
	}
	return l.env.Fetch
}

// request makes a request for a resource.
func (l *Loader) request(object Object, res manifest.Resource) fetch.Request {
	r := fetch.Request{
		URL: res.URL.String(), Header: l.headerFor(res.URL), Offset: res.Offset, Length: res.Length,
		Retrying: l.retrying,
	}
	if l.buffered() < urgentBelow {
		r.Stall = urgentStall
	}
	if l.env.Decorate != nil {
		info := l.info(object)
		r.Decorate = func(q *http.Request) { l.env.Decorate(q, info) }
	}
	return r
}

// requestFor makes a request for a segment or an init section.
func (l *Loader) requestFor(w wanted) fetch.Request {
	object := ObjectAudio
	if w.segment == nil {
		object = ObjectInit
	}
	r := l.request(object, w.Resource)
	r.Limit = container.MaxSegmentBytes
	if w.segment != nil && l.env.Decorate != nil {
		info := l.info(ObjectAudio)
		info.Bitrate, info.Duration = l.renditions[w.decision.Index].Bitrate, w.segment.Duration
		if w.next != nil {
			info.Next, info.NextOffset, info.NextLength = w.next.URL, w.next.Offset, w.next.Length
		}
		r.Decorate = func(q *http.Request) { l.env.Decorate(q, info) }
	}
	return r
}

// info is what is known of any request of the moment.
func (l *Loader) info(object Object) RequestInfo {
	throughput, _ := l.env.Link.Estimate()
	ahead := l.buffered()
	info := RequestInfo{
		Content: l.task.Spec.ContentID, Object: object, File: l.isFile.Load(), Buffer: ahead, Deadline: ahead,
		Startup: ahead <= 0, Throughput: throughput,
	}
	for i, r := range l.renditions {
		if l.allowed(i) {
			info.Top = max(info.Top, r.Bitrate)
		}
	}
	return info
}

// count books bytes fetched and wasted, for the player and for the entry.
func (l *Loader) count(fetched, wasted int64) {
	for _, c := range l.counters() {
		c.Fetched.Add(fetched)
		c.Wasted.Add(wasted)
	}
}

func (l *Loader) counters() [2]*Counters { return [2]*Counters{l.env.Counters, &l.progress.Counters} }

// fileRequest makes a request for the location as a file.
func (l *Loader) fileRequest() fetch.FileRequest {
	r := fetch.FileRequest{URL: l.url, Header: l.header, Retrying: l.retrying, Received: func(n int64) { l.count(n, 0) }}
	if l.yields() {
		r.ReadAhead = modestAhead
	}
	if l.env.Cache != nil {
		r.Blocks, r.Name = blockStore{l}, l.content
	}
	if l.env.Decorate != nil {
		r.Decorate = func(q *http.Request) { l.env.Decorate(q, l.info(ObjectAudio)) }
	}
	return r
}
