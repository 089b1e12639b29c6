package player

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/segue-audio/segue/drm/aes128"
	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/fetch"
	"github.com/segue-audio/segue/player/internal/loader"
	"github.com/segue-audio/segue/player/internal/pipeline"
	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/sink"
)

// Kind says what went wrong, banded by stage. A Kind is an error itself, so that
// errors.Is(err, player.KindNotFound) works.
type Kind int

// The kinds. Numbers are stable: apps may store and compare them.
const (
	KindUnknown      Kind = 1000 // nothing more is known
	KindCanceled     Kind = 1001 // the caller gave up
	KindArgument     Kind = 1002 // a call that makes no sense
	KindUnanswered   Kind = 1003 // a command that the player didn't come to; see Limits.Answer
	KindNothingPlays Kind = 1004 // too many entries in a row failed; see Limits.Failures

	KindNetwork      Kind = 2001 // no connection, or it broke and stayed broken
	KindTimeout      Kind = 2002 // nothing came in time
	KindStatus       Kind = 2003 // an HTTP status that none of the following names
	KindUnauthorized Kind = 2004 // 401
	KindForbidden    Kind = 2005 // 403: the token has expired or is for something else
	KindNotFound     Kind = 2006 // 404 or 410, or no such file
	KindServer       Kind = 2007 // 5xx, to the end of the retries
	KindTooLarge     Kind = 2008 // a body over its limit
	KindFile         Kind = 2009 // a local file that can't be read
	KindChanged      Kind = 2010 // the resource changed while it was being read
	KindStuck        Kind = 2011 // no music came, and nobody said why; see Limits.Buffering
	KindStale        Kind = 2012 // a live stream brings nothing new though its server answers, or answers that it has none

	KindManifest             Kind = 3001 // not a manifest, or a broken one
	KindManifestUnsupported  Kind = 3002
	KindContainer            Kind = 3003 // not the container that it claims to be, or a broken one
	KindContainerUnsupported Kind = 3004
	KindLimit                Kind = 3005 // a count or length beyond the limits
	KindStored               Kind = 3006 // what Restore was given is damaged, or no stored player

	KindDecode           Kind = 4001 // a packet could not be decoded
	KindCodecUnsupported Kind = 4002
	KindEndless          Kind = 4003 // music far beyond its own length; see Limits.Ending

	KindOutput      Kind = 5001 // the output failed
	KindNoDevice    Kind = 5002 // there is no output
	KindOutputStuck Kind = 5003 // the output takes nothing; see Limits.Advance

	KindKey            Kind = 6001 // the key can't be had
	KindWrongKey       Kind = 6002 // the key doesn't open the segment
	KindKeyUnsupported Kind = 6003 // an encryption that we don't know
)

var kindTexts = map[Kind]string{
	KindUnknown: "unknown error", KindCanceled: "cancelled", KindArgument: "invalid argument",
	KindUnanswered: "no answer", KindNothingPlays: "nothing can be played",
	KindNetwork: "network error", KindTimeout: "timed out", KindStatus: "unexpected HTTP status",
	KindUnauthorized: "not authorised", KindForbidden: "access refused", KindNotFound: "not found",
	KindServer: "server error", KindTooLarge: "response too large", KindFile: "file can't be read",
	KindChanged: "resource changed while playing", KindStuck: "stuck without data",
	KindStale:    "live stream has stopped",
	KindStored:   "stored player can't be read",
	KindManifest: "bad manifest", KindManifestUnsupported: "unsupported manifest",
	KindContainer: "bad media data", KindContainerUnsupported: "unsupported media container", KindLimit: "limit exceeded",
	KindDecode: "decoding failed", KindCodecUnsupported: "unsupported codec", KindEndless: "music without end",
	KindOutput: "audio output failed", KindNoDevice: "no audio device", KindOutputStuck: "audio output stuck",
	KindKey: "key not available", KindWrongKey: "wrong key or corrupt segment", KindKeyUnsupported: "unsupported encryption",
}

// Error is the kind's text.
func (k Kind) Error() string {
	if s, ok := kindTexts[k]; ok {
		return s
	}
	return fmt.Sprintf("error kind %d", int(k))
}

// Error is what the player reports: what went wrong, in doing what, with which entry.
type Error struct {
	Kind  Kind
	Op    string  // what was being done: "load manifest", "load segment 3", "decode", …
	Entry EntryID // zero where no entry is concerned
	Title string  // the entry's title or URL (less its query), for messages
	// Fatal tells that the entry can't go on. A survived error (a packet replaced by silence) is
	// reported once for each entry.
	Fatal bool
	Err   error
}

// Error gives one line for people, with the kind's number in front.
func (e *Error) Error() string {
	s := fmt.Sprintf("%d %s", int(e.Kind), e.Kind.Error())
	if e.Title != "" {
		s += fmt.Sprintf(" (%s)", e.Title)
	}
	if e.Op != "" {
		s += ": " + e.Op
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is this error's Kind.
func (e *Error) Is(target error) bool {
	k, ok := target.(Kind)
	return ok && k == e.Kind
}

// classify makes the player's error of whatever a stage returned. It is the one place that knows
// all stages' errors.
func classify(err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	e := &Error{Kind: KindUnknown, Err: err, Fatal: true}
	var stage *loader.StageError
	if errors.As(err, &stage) {
		e.Op = stage.Op
		e.Err = stage.Err
	}
	e.Kind = KindOf(err)
	return e
}

// KindOf tells which kind of failure an error of any stage is, for programs that use a stage without a
// player: those of fetch, manifest, container, codec and drm, and of reading files. KindUnknown is for
// what none of them made.
func KindOf(err error) Kind {
	var known *Error
	var status *fetch.StatusError
	switch {
	case errors.As(err, &known):
		return known.Kind
	case errors.Is(err, loader.ErrStale):
		return KindStale
	case errors.Is(err, aes128.ErrKeySize), errors.Is(err, loader.ErrKey):
		return KindKey
	case errors.Is(err, aes128.ErrPadding), errors.Is(err, aes128.ErrCiphertext), errors.Is(err, loader.ErrUndecipherable):
		return KindWrongKey
	case errors.As(err, &status):
		return kindOfStatus(status.Code)
	case errors.Is(err, fetch.ErrTooLarge):
		return KindTooLarge
	case errors.Is(err, fetch.ErrChanged):
		return KindChanged
	case errors.Is(err, fetch.ErrStalled), errors.Is(err, context.DeadlineExceeded):
		return KindTimeout
	case errors.Is(err, context.Canceled):
		return KindCanceled
	case errors.Is(err, fs.ErrNotExist):
		return KindNotFound
	case errors.Is(err, manifest.ErrLimit), errors.Is(err, container.ErrLimit):
		return KindLimit
	case errors.Is(err, manifest.ErrUnsupported):
		return KindManifestUnsupported
	case errors.Is(err, manifest.ErrFormat):
		return KindManifest
	case errors.Is(err, container.ErrProtected):
		return KindKeyUnsupported
	case errors.Is(err, container.ErrCoding):
		return KindCodecUnsupported
	case errors.Is(err, container.ErrUnsupported):
		return KindContainerUnsupported
	case errors.Is(err, container.ErrFormat), errors.Is(err, fetch.ErrDigest):
		return KindContainer
	case errors.Is(err, codec.ErrUnsupported):
		return KindCodecUnsupported
	case errors.Is(err, codec.ErrCorrupt):
		return KindDecode
	case errors.Is(err, sink.ErrNoDevice):
		return KindNoDevice
	case errors.Is(err, pipeline.ErrOutput):
		return KindOutput
	}
	var fetchErr *fetch.Error
	if errors.As(err, &fetchErr) {
		return KindNetwork
	}
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return KindFile
	}
	return KindUnknown
}

func kindOfStatus(code int) Kind {
	switch {
	case code == 401:
		return KindUnauthorized
	case code == 403:
		return KindForbidden
	case code == 404 || code == 410:
		return KindNotFound
	case code >= 500:
		return KindServer
	}
	return KindStatus
}
