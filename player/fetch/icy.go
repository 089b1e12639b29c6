package fetch

import (
	"context"
	"net"
	"sync"
)

// The first word of an answer of the servers before SHOUTcast 2, and what stands in its place in HTTP. Such a
// server closes the connection behind the body, as HTTP/1.0 does.
const (
	icyWord  = "ICY "
	httpWord = "HTTP/1.0 "
)

// AcceptICY decorates a dial function, for an http.Transport's DialContext: an answer that begins with
// "ICY 200 OK" is read as one of HTTP/1.0. Only the first bytes of a connection are looked at, and all
// others pass as they are. NewTransport uses it.
func AcceptICY(dial func(ctx context.Context, network, address string) (net.Conn, error)) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &icyConn{Conn: c}, nil
	}
}

// icyConn is a connection whose first word is put into HTTP's.
type icyConn struct {
	net.Conn

	mu    sync.Mutex // of what follows: one reader at a time is the rule, not a promise
	known bool       // what the first word is
	head  []byte     // of the answer, to be passed on first
	err   error      // of reading, to be given behind head
}

// Read reads on.
func (c *icyConn) Read(p []byte) (int, error) {
	c.mu.Lock()
	if c.known && len(c.head) == 0 && c.err == nil {
		c.mu.Unlock()
		return c.Conn.Read(p)
	}
	defer c.mu.Unlock()
	if len(p) == 0 {
		return 0, nil
	}
	for !c.known {
		c.begin()
	}
	if len(c.head) > 0 {
		n := copy(p, c.head)
		c.head = c.head[n:]
		return n, nil
	}
	err := c.err
	c.err = nil
	return 0, err
}

// begin reads more of the first word, until it is known to be ICY or another.
func (c *icyConn) begin() {
	var buf [len(icyWord)]byte
	n, err := c.Conn.Read(buf[:len(icyWord)-len(c.head)])
	c.head, c.err = append(c.head, buf[:n]...), err
	switch {
	case string(c.head) == icyWord:
		c.head, c.known = []byte(httpWord), true
	case err != nil, string(c.head) != icyWord[:len(c.head)]:
		c.known = true
	}
}
