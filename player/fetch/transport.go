package fetch

import (
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// NewTransport makes the transport that a Client uses by default: keep-alive, HTTP/2, the proxy of the
// environment, the answers of old radio servers (see AcceptICY), and bounds on dialling and handshakes. Bodies aren't bounded in time.
func NewTransport(t Timeouts) *http.Transport {
	connect := t.Connect
	if connect <= 0 {
		connect = DefaultConnect
	}
	dialer := &net.Dialer{Timeout: connect, KeepAlive: 30 * time.Second}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           AcceptICY(dialer.DialContext),
		TLSHandshakeTimeout:   connect,
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          32,
		MaxIdleConnsPerHost:   8,
		IdleConnTimeout:       90 * time.Second,
		ExpectContinueTimeout: time.Second,
		// When the device changes networks, an HTTP/2 connection dies without a word, and every
		// retry would be sent down the same dead one until pings find out.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 5 * time.Second, PingTimeout: 5 * time.Second},
	}
}

// route is the client's own transport, which is left for a fresh one when the network has changed: an
// HTTP/2 connection outlives the cancelling of its requests, so that closing idle ones would not do.
type route struct {
	timeouts Timeouts
	now      atomic.Pointer[http.Transport]
}

func newRoute(t Timeouts) *route {
	r := &route{timeouts: t}
	r.now.Store(NewTransport(t))
	return r
}

// RoundTrip implements http.RoundTripper.
func (r *route) RoundTrip(q *http.Request) (*http.Response, error) { return r.now.Load().RoundTrip(q) }

// CloseIdleConnections is what http.Client looks for.
func (r *route) CloseIdleConnections() { r.now.Load().CloseIdleConnections() }

// leave makes later requests use new connections. Those in use close when they are done.
func (r *route) leave() { r.now.Swap(NewTransport(r.timeouts)).CloseIdleConnections() }

// maxRedirects is how many redirects one request follows.
const maxRedirects = 10

// checkRedirect bounds the redirects and drops the Referer, which would carry the first URL's token
// to the second host.
func checkRedirect(r *http.Request, via []*http.Request) error {
	if len(via) >= maxRedirects {
		return ErrRedirects
	}
	r.Header.Del("Referer")
	return nil
}

// RoundTripperFunc makes an http.RoundTripper of a function.
type RoundTripperFunc func(*http.Request) (*http.Response, error)

// RoundTrip calls f.
func (f RoundTripperFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// WithHeader decorates next: requests to origin (scheme://host[:port], as in a URL) carry what header
// gives, unless they have their own. Other hosts, redirects' among them, get nothing of it. header is
// called for every request, from any goroutine, so that a renewed token is taken up; its error
// fails the request.
func WithHeader(next http.RoundTripper, origin string, header func(*http.Request) (http.Header, error)) http.RoundTripper {
	return RoundTripperFunc(func(r *http.Request) (*http.Response, error) {
		if r.URL.Scheme+"://"+r.URL.Host != origin {
			return next.RoundTrip(r)
		}
		h, err := header(r)
		if err != nil {
			if r.Body != nil {
				_ = r.Body.Close() // a RoundTripper closes it on every path
			}
			return nil, err
		}
		r = r.Clone(r.Context()) // a RoundTripper must not change its request
		for name, values := range h {
			if _, own := r.Header[name]; !own {
				r.Header[name] = values
			}
		}
		return next.RoundTrip(r)
	})
}

// Meter counts what passes through the transports that it decorates. The zero value is ready; its
// methods may be called from any goroutine.
type Meter struct{ bytes, requests, failures atomic.Int64 }

// Bytes counts bytes of bodies received.
func (m *Meter) Bytes() int64 { return m.bytes.Load() }

// Requests counts requests sent.
func (m *Meter) Requests() int64 { return m.requests.Load() }

// Failures counts requests that got no response; one with an error's status did get one.
func (m *Meter) Failures() int64 { return m.failures.Load() }

// Wrap decorates next: its traffic is counted.
func (m *Meter) Wrap(next http.RoundTripper) http.RoundTripper {
	return RoundTripperFunc(func(r *http.Request) (*http.Response, error) {
		m.requests.Add(1)
		resp, err := next.RoundTrip(r)
		if err != nil {
			m.failures.Add(1)
			return nil, err
		}
		resp.Body = &meteredBody{resp.Body, m}
		return resp, nil
	})
}

type meteredBody struct {
	io.ReadCloser
	m *Meter
}

func (b *meteredBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.m.bytes.Add(int64(n))
	return n, err
}
