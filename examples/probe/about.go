package main

import (
	"io"

	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/media"
	"github.com/segue-audio/segue/player/metadata"
)

// aboutFile reads what a file says of itself; nil where that is nothing. Broken tags are no reason not to
// play, so what could be read of them is all that is told.
func aboutFile(demux container.Demuxer, r io.ReaderAt) *aboutReport {
	tagged, ok := demux.(container.Tagged)
	if !ok {
		return nil
	}
	m, _ := tagged.ReadMetadata(r, metadata.Options{PictureBytes: -1})
	return about(m)
}

func about(m metadata.Metadata) *aboutReport {
	if m.Empty() {
		return nil
	}
	t := m.Tags
	a := &aboutReport{
		Title: t.Title, Artist: t.Artist, Album: t.Album, AlbumArtist: t.AlbumArtist, Composer: t.Composer, Genre: t.Genre,
		Year: t.Year, Track: t.Track, Disc: t.Disc, TrackGain: gain(t.TrackGain), AlbumGain: gain(t.AlbumGain), Fields: len(m.Fields),
	}
	for _, p := range m.Pictures {
		a.Pictures = append(a.Pictures, pictureReport{p.MIME, p.Size})
	}
	for _, c := range m.Chapters {
		a.Chapters = append(a.Chapters, chapterReport{secondsOf(c.Start), c.Title})
	}
	for _, l := range m.Lyrics {
		a.Lyrics += len(l.Lines)
	}
	return a
}

func gain(d *media.Decibels) *float64 {
	if d == nil {
		return nil
	}
	g := float64(*d)
	return &g
}
