package fetch

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

func TestWithHeader(t *testing.T) {
	s := &resource{body: music(5000)}
	h := func(w http.ResponseWriter, r *http.Request) {
		if r.Host == "music.example" && r.URL.Path == "/moved" {
			http.Redirect(w, r, "http://cdn.example/x", http.StatusFound)
			return
		}
		s.serve(w, r)
	}
	onNetwork(t, h, func(t *testing.T, n *network) {
		token := "Bearer one"
		failing := error(nil)
		var m Meter
		rt := WithHeader(m.Wrap(n.transport), "http://music.example", func(*http.Request) (http.Header, error) {
			return http.Header{"Authorization": {token}, "User-Agent": {"theirs"}}, failing
		})
		c := n.client(Options{HTTP: &http.Client{Transport: rt}, UserAgent: "ours"})
		get := func(u string) error {
			_, err := c.Get(t.Context(), Request{URL: u})
			return err
		}
		if err := errors.Join(get(address), get("http://music.example/moved")); err != nil {
			t.Fatal(err)
		}
		token = "Bearer two"
		if err := get(address); err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{"Bearer one", "Bearer one", "", "Bearer two"} {
			r := n.requests()[i]
			if got := r.Header.Get("Authorization"); got != want || r.Header.Get("User-Agent") != "ours" {
				t.Errorf("request %d to %s: %q, %q", i, r.Host, got, r.Header.Get("User-Agent"))
			}
		}
		if m.Requests() != 4 || m.Failures() != 0 || m.Bytes() < 15_000 || m.Bytes() > 15_200 {
			t.Errorf("%d requests, %d failed, %d bytes", m.Requests(), m.Failures(), m.Bytes())
		}
		failing = errors.New("no token")
		if err := get(address); !errors.Is(err, failing) || m.Requests() != 4 {
			t.Errorf("%v, %d requests", err, m.Requests())
		}
		failing = nil
		n.setDown(true)
		if err := get(address); !errors.Is(err, errRefused) || m.Failures() == 0 {
			t.Errorf("%v, %d failed", err, m.Failures())
		}
	})
}

// The default transport on a real socket: TLS, HTTP/2, and a body resumed over it.
func TestDefaultTransport(t *testing.T) {
	s := &resource{body: music(1 << 20), etag: `"v1"`, cuts: []int{300_000}}
	var two atomic.Int32
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 2 {
			two.Add(1)
		}
		s.serve(w, r)
	}))
	srv.EnableHTTP2 = true
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	c := New(Options{Retry: Retry{Base: time.Millisecond}})
	defer c.CloseIdle()
	_, err := c.Get(t.Context(), Request{URL: srv.URL})
	var cert *tls.CertificateVerificationError
	var e *Error
	if !errors.As(err, &cert) || !errors.As(err, &e) || e.Attempts != 1 {
		t.Fatalf("an unknown certificate: %v", err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	trusting := NewTransport(Timeouts{})
	trusting.TLSClientConfig = &tls.Config{RootCAs: roots}
	c = New(Options{HTTP: &http.Client{Transport: trusting}, Retry: Retry{Base: time.Millisecond}})
	defer c.CloseIdle()
	resp, err := c.Get(t.Context(), Request{URL: srv.URL})
	if err != nil {
		t.Fatal(err)
	}
	sameBytes(t, resp.Body, s.body)
	if two.Load() != 2 || resp.Attempts != 2 || resp.Wire != 1<<20 {
		t.Errorf("%d requests over HTTP/2, %d attempts, %d bytes", two.Load(), resp.Attempts, resp.Wire)
	}
}
