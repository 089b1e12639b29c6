package main

import (
	"context"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player"
)

// linkNote is under which name in the cache it is kept what a kind of network was like the last time.
func linkNote(kind abr.Network) string { return "link/" + string(kind) }

// allowed is what the command line lets the rule choose.
func (o *options) allowed() abr.Limits {
	l := abr.Limits{Saver: o.Saver}
	if o.NoLossless {
		l.Lossless = abr.Nowhere
	}
	return l
}

// network is what the command line and the last run say of the network.
func (s *session) network() player.Network {
	n := player.Network{Kind: abr.Network(s.o.Network), Metered: s.o.Metered}
	if s.store == nil || n.Kind == abr.NetworkUnknown {
		return n
	}
	if text, ok := s.store.Document(context.Background(), linkNote(n.Kind)); ok {
		if err := n.Prior.UnmarshalText(text); err != nil {
			s.log.Info("what was known of the network is of no use", "err", err)
		}
	}
	return n
}

// learn keeps what this run learned of the network for the next one. Where nobody said what network it was, the next
// one might be on another.
func (s *session) learn() {
	kind := abr.Network(s.o.Network)
	if s.store == nil || kind == abr.NetworkUnknown {
		return
	}
	text, err := s.player.Learned().MarshalText()
	if err == nil {
		err = s.store.PutDocument(context.Background(), linkNote(kind), text)
	}
	if err != nil {
		s.log.Warn("what the network was like is not kept", "err", err)
	}
}
