package dash

import (
	"github.com/segue-audio/segue/player/manifest"
)

// maxEvents bounds the events of an MPD.
const maxEvents = 20_000

// events reads the EventStreams of all periods (ISO 23009-1, 5.10.2). What comes within the media (emsg) is
// the container's.
func (p *parser) events() ([]manifest.DateRange, error) {
	var all []manifest.DateRange
	for _, at := range p.periods {
		for _, stream := range at.node.all("EventStream") {
			keep, err := p.linked(stream)
			if err != nil {
				return nil, err
			}
			if !keep {
				continue
			}
			if all, err = p.stream(all, at, stream); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// stream adds the events of one EventStream.
func (p *parser) stream(all []manifest.DateRange, at *period, stream *node) ([]manifest.DateRange, error) {
	scale, err := stream.uint("timescale", 1)
	if err != nil {
		return nil, err
	}
	if scale == 0 || scale > 1<<32 {
		return nil, in(stream, "timescale", malformed("%d", scale))
	}
	offset, err := stream.uint("presentationTimeOffset", 0)
	if err != nil {
		return nil, err
	}
	l := layout{p: p, at: at, scale: scale, offset: offset}
	for _, e := range stream.all("Event") {
		t, err := e.uint("presentationTime", 0)
		if err != nil {
			return nil, err
		}
		length, err := e.uint("duration", -1)
		if err != nil {
			return nil, err
		}
		r := manifest.DateRange{
			ID: e.value("id"), From: l.moment(t), Scheme: stream.value("schemeIdUri"), Message: messageOf(e),
			Attributes: map[string]string{},
		}
		for _, a := range []struct {
			key   string
			value string
		}{{"value", stream.value("value")}, {"contentEncoding", e.value("contentEncoding")}} {
			if a.value != "" {
				r.Attributes[a.key] = a.value
			}
		}
		if length >= 0 {
			r.Length = l.ticks(length)
		}
		if p.dynamic {
			r.Start = p.begun.Add(r.From)
			if length >= 0 {
				r.End = r.Start.Add(r.Length)
			}
		}
		if all = append(all, r); len(all) > maxEvents {
			return nil, overLimit("more than %d events", maxEvents)
		}
	}
	return all, nil
}

func messageOf(e *node) string {
	if m, ok := e.attr("messageData"); ok {
		return m
	}
	return e.inner()
}
