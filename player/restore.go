package player

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/internal/queue"
	"github.com/segue-audio/segue/player/internal/record"
	"github.com/segue-audio/segue/player/media"
)

// storedMagic has the version in it; what a reader can pass over needs no new one.
const storedMagic = "SEGP1"

// The fields of a stored player. Numbers are never used anew.
const (
	storedQueue     = 1
	storedCurrent   = 2
	storedPosition  = 3 // ns
	storedFlags     = 4
	storedVolume    = 5
	storedSpeed     = 6
	storedCrossfade = 7 // ns
	storedCurve     = 8
)

const (
	storedPlaying = 1 << iota // the intent
	storedBegun               // the current entry was being played, or waited for
	storedEnded               // the queue had been played out
	storedMuted
	storedSkipSilence
)

// saved is all that is stored of a player.
type saved struct {
	queue    queue.Snapshot[Item]
	current  EntryID
	position time.Duration
	flags    int64
	volume   float64
	speed    float64
	fade     crossfade
}

// MarshalBinary gives what Restore needs to go on where this player is: the queue with its items, its
// order and its seed, History, how it is shuffled and repeated, the intent, the entry that is heard
// and the position to the frame, the volume, Mute, the speed, the crossfade and SkipSilence. The rest
// of Config and of what setters changed is the app's to set again, the sleep timer included.
//
// Items are stored without Header, which tends to hold secrets, and without Resolve; Restore asks for
// both. A URL is stored as it is: where that is a secret too, give the item a Resolve and an empty URL.
//
// It takes some milliseconds for 20,000 entries, all but a moment of it outside of the player's
// goroutine, so that an app may call it every few seconds and at each QueueChanged. It gives ErrClosed
// after Close, and an Error of KindLimit for more than 200,000 entries or an item of more than 64 KiB.
func (p *Player) MarshalBinary() ([]byte, error) {
	var s saved
	taken := make(chan error, 1)
	if _, err := p.ask(context.Background(), "store", func() { s = p.save(); p.reply(taken, nil) }, taken); err != nil {
		return nil, err
	}
	return s.append(nil)
}

// save is the actor's part of MarshalBinary.
func (p *Player) save() saved {
	s := saved{
		queue: p.queue.Snapshot(0), current: p.current, position: p.position(),
		volume: p.listener.volume, speed: p.speed, fade: p.crossfade,
	}
	for flag, set := range map[int64]bool{
		storedPlaying: p.intent == Playing,
		storedBegun:   p.phase == Buffering || p.phase == Ready || p.phase == Broken,
		storedEnded:   p.phase == Ended,
		storedMuted:   p.listener.muted, storedSkipSilence: p.skipSilence,
	} {
		if set {
			s.flags |= flag
		}
	}
	return s
}

func (s *saved) append(dst []byte) ([]byte, error) {
	inner, err := s.queue.AppendBinary(nil, appendItem)
	if err != nil {
		return nil, &Error{Kind: KindLimit, Op: "store", Err: err}
	}
	from := len(dst)
	dst = append(dst, storedMagic...)
	dst = record.AppendInt(dst, storedCurrent, int64(s.current))
	dst = record.AppendInt(dst, storedPosition, int64(s.position))
	dst = record.AppendInt(dst, storedFlags, s.flags)
	dst = record.AppendFloat(dst, storedVolume, s.volume)
	dst = record.AppendFloat(dst, storedSpeed, s.speed)
	dst = record.AppendInt(dst, storedCrossfade, int64(s.fade.length))
	dst = record.AppendInt(dst, storedCurve, int64(s.fade.curve))
	dst = record.AppendBytes(dst, storedQueue, inner)
	return record.Seal(dst, from), nil
}

// Restore makes this player go on where the one was that data was stored from: at the same frame of the
// same entry, with the ids that the entries had, playing if that one was meant to. (Call Pause behind
// it where the user should be asked first.) It is for a new player: once one of its entries has an id,
// it gives an Error of KindArgument.
//
// remake gets each item as it was stored and gives back what is to be played, with Resolve and Header
// set again; false leaves the entry out, and where that was the current one, the one behind it begins.
// It is called on this goroutine, and may be nil.
//
// data may come from anywhere: what is not sound gives an Error of KindStored, and changes nothing.
func (p *Player) Restore(data []byte, remake func(Item) (Item, bool)) error {
	restored := queue.New(albumOf)
	s, err := readSaved(data, restored, remake)
	if err != nil {
		return &Error{Kind: KindStored, Op: "restore", Err: err}
	}
	done := make(chan error, 1)
	_, err = p.ask(context.Background(), "restore", func() { p.reply(done, p.restore(s, restored)) }, done)
	return err
}

// readSaved reads all but the queue's snapshot, which becomes q.
func readSaved(data []byte, q *queue.Queue[Item], remake func(Item) (Item, bool)) (*saved, error) {
	fields, err := record.Open(data, storedMagic)
	if err != nil {
		return nil, err
	}
	s := &saved{volume: 1, speed: 1}
	var inner []byte
	for field, value := range record.Fields(fields, &err) {
		switch field {
		case storedQueue:
			inner = value
		case storedCurrent:
			s.current = EntryID(value.Int())
		case storedPosition:
			s.position = time.Duration(max(0, value.Int()))
		case storedFlags:
			s.flags = value.Int()
		case storedVolume:
			s.volume = clamp(value.Float(), 0, 1)
		case storedSpeed:
			s.speed = clamp(value.Float(), MinSpeed, MaxSpeed)
		case storedCrossfade:
			s.fade.length = min(max(0, time.Duration(value.Int())), MaxCrossfade)
		case storedCurve:
			s.fade.curve = dsp.Curve(value.Int())
		}
	}
	if err != nil {
		return nil, err
	}
	_, err = q.Restore(inner, func(b []byte) (*Item, error) { return remadeItem(b, remake) })
	return s, err
}

var errNotNew = errors.New("the player has been used already")

// restore is the actor's part of Restore.
func (p *Player) restore(s *saved, q *queue.Queue[Item]) error {
	if p.queue.LastID() != 0 || p.phase != Idle {
		return &Error{Kind: KindArgument, Op: "restore", Err: errNotNew}
	}
	p.queue.Take(q)
	p.listener.volume, p.listener.muted = s.volume, s.flags&storedMuted != 0
	p.levelChanged(0)
	p.speed, p.skipSilence, p.crossfade = s.speed, s.flags&storedSkipSilence != 0, s.fade
	p.mixer.SetSpeed(p.speed)
	p.mixer.SetSkipSilence(p.skipSilence)
	p.mixer.SetCrossfade(p.crossfade.length)

	p.emit(0, QueueChanged{ReasonRestored, p.queue.Version()})
	p.current = s.current // what was heard when the queue was further
	if now, _ := p.now(); now.ID != s.current && !p.queue.Return(int64(s.current)) {
		s.position = 0
	}
	p.showFirst()
	if s.flags&storedPlaying != 0 {
		p.intent = Playing
		p.playedAt = time.Now()
		p.steer()
	}
	e, ok := p.now()
	switch {
	case ok && s.flags&storedBegun != 0:
		p.begin(e, max(s.position, e.Item.Start), ReasonRestored)
	case s.flags&storedEnded != 0:
		p.finish()
	default:
		p.changed(ReasonRestored)
	}
	return nil
}

// The fields of a stored Item.
const (
	itemURL = 1 + iota
	itemContentID
	itemTitle
	itemArtist
	itemAlbum
	itemTrackNumber
	itemDuration // ns
	itemStart    // ns
	itemStop     // ns
	itemTags     // fields of their own, below
)

// The fields of stored Tags.
const (
	tagTitle = 1 + iota
	tagArtist
	tagAlbum
	tagAlbumArtist
	tagComposer
	tagGenre
	tagTrack
	tagDisc
	tagYear
	tagTracks
	tagDiscs
	tagDuration // ns
	tagTrackGain
	tagAlbumGain
	tagTrackPeak
	tagAlbumPeak
)

func appendItem(dst []byte, it *Item) []byte {
	for field, text := range [...]string{itemURL: it.URL, itemContentID: it.ContentID, itemTitle: it.Title, itemArtist: it.Artist, itemAlbum: it.Album} {
		dst = record.AppendString(dst, uint64(field), text)
	}
	dst = record.AppendInt(dst, itemTrackNumber, int64(it.TrackNumber))
	dst = record.AppendInt(dst, itemDuration, int64(it.Duration))
	dst = record.AppendInt(dst, itemStart, int64(it.Start))
	dst = record.AppendInt(dst, itemStop, int64(it.Stop))
	if it.Tags == (media.Tags{}) {
		return dst
	}
	return record.AppendBytes(dst, itemTags, appendTags(nil, &it.Tags))
}

func appendTags(dst []byte, t *media.Tags) []byte {
	for field, text := range [...]string{tagTitle: t.Title, tagArtist: t.Artist, tagAlbum: t.Album, tagAlbumArtist: t.AlbumArtist, tagComposer: t.Composer, tagGenre: t.Genre} {
		dst = record.AppendString(dst, uint64(field), text)
	}
	for _, n := range [...]struct {
		field uint64
		value int64
	}{{tagTrack, int64(t.Track)}, {tagDisc, int64(t.Disc)}, {tagYear, int64(t.Year)}, {tagTracks, int64(t.Tracks)}, {tagDiscs, int64(t.Discs)}, {tagDuration, int64(t.Duration)}} {
		dst = record.AppendInt(dst, n.field, n.value)
	}
	if t.TrackGain != nil {
		dst = record.AppendFloat(dst, tagTrackGain, float64(*t.TrackGain))
	}
	if t.AlbumGain != nil {
		dst = record.AppendFloat(dst, tagAlbumGain, float64(*t.AlbumGain))
	}
	if t.TrackPeak != 0 {
		dst = record.AppendFloat(dst, tagTrackPeak, t.TrackPeak)
	}
	if t.AlbumPeak != 0 {
		dst = record.AppendFloat(dst, tagAlbumPeak, t.AlbumPeak)
	}
	return dst
}

// remadeItem reads a stored item and has the app complete it; nil where it doesn't want it.
func remadeItem(data []byte, remake func(Item) (Item, bool)) (*Item, error) {
	it, err := readItem(data)
	if err != nil || remake == nil {
		return &it, err
	}
	made, keep := remake(it)
	if !keep {
		return nil, nil
	}
	return &made, nil
}

func readItem(data []byte) (it Item, err error) {
	for field, v := range record.Fields(data, &err) {
		switch field {
		case itemURL:
			it.URL = v.String()
		case itemContentID:
			it.ContentID = v.String()
		case itemTitle:
			it.Title = v.String()
		case itemArtist:
			it.Artist = v.String()
		case itemAlbum:
			it.Album = v.String()
		case itemTrackNumber:
			it.TrackNumber = int(v.Int())
		case itemDuration:
			it.Duration = time.Duration(max(0, v.Int()))
		case itemStart:
			it.Start = time.Duration(max(0, v.Int()))
		case itemStop:
			it.Stop = time.Duration(max(0, v.Int()))
		case itemTags:
			if terr := readTags(v, &it.Tags); terr != nil {
				return it, fmt.Errorf("tags: %w", terr)
			}
		}
	}
	return it, err
}

func readTags(data []byte, t *media.Tags) (err error) {
	for field, v := range record.Fields(data, &err) {
		switch field {
		case tagTitle:
			t.Title = v.String()
		case tagArtist:
			t.Artist = v.String()
		case tagAlbum:
			t.Album = v.String()
		case tagAlbumArtist:
			t.AlbumArtist = v.String()
		case tagComposer:
			t.Composer = v.String()
		case tagGenre:
			t.Genre = v.String()
		case tagTrack:
			t.Track = int(v.Int())
		case tagDisc:
			t.Disc = int(v.Int())
		case tagYear:
			t.Year = int(v.Int())
		case tagTracks:
			t.Tracks = int(v.Int())
		case tagDiscs:
			t.Discs = int(v.Int())
		case tagDuration:
			t.Duration = time.Duration(max(0, v.Int()))
		case tagTrackGain, tagAlbumGain:
			if gain := media.Decibels(v.Float()); !math.IsNaN(float64(gain)) && !math.IsInf(float64(gain), 0) {
				if field == tagTrackGain {
					t.TrackGain = &gain
				} else {
					t.AlbumGain = &gain
				}
			}
		case tagTrackPeak:
			t.TrackPeak = clamp(v.Float(), 0, math.MaxFloat32)
		case tagAlbumPeak:
			t.AlbumPeak = clamp(v.Float(), 0, math.MaxFloat32)
		}
	}
	return err
}
