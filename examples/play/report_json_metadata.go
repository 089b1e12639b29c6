package main

import (
	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/metadata"
)

// The lines on what the music says of itself.

type jsonMetadata struct {
	jsonHead
	Entry       player.EntryID `json:"entry"`
	Title       string         `json:"title"`
	Artist      string         `json:"artist"`
	Album       string         `json:"album"`
	AlbumArtist string         `json:"album_artist"`
	Genre       string         `json:"genre"`
	Track       int            `json:"track"`
	Disc        int            `json:"disc"`
	Year        int            `json:"year"`
	TrackGainDB *float64       `json:"track_gain_db"`
	AlbumGainDB *float64       `json:"album_gain_db"`
	Pictures    int            `json:"pictures"`
	Chapters    int            `json:"chapters"`
	LyricLines  int            `json:"lyric_lines"`
}

type jsonChapter struct {
	jsonHead
	Entry      player.EntryID `json:"entry"`
	Index      int            `json:"index"`
	Title      string         `json:"title"`
	StartMS    int64          `json:"start_ms"`
	EndMS      int64          `json:"end_ms"`
	PositionMS int64          `json:"position_ms"`
}

type jsonLyric struct {
	jsonHead
	Entry      player.EntryID `json:"entry"`
	Index      int            `json:"index"`
	Text       string         `json:"text"`
	PositionMS int64          `json:"position_ms"`
}

type jsonTimed struct {
	jsonHead
	Entry      player.EntryID `json:"entry"`
	Title      string         `json:"title"`
	Artist     string         `json:"artist"`
	PositionMS int64          `json:"position_ms"`
}

// said writes the lines on what the music says of itself.
func (r *jsonReport) said(e player.Event) {
	switch w := e.What.(type) {
	case player.MetadataChanged:
		r.write(metadataLine(r.head("metadata", e.Time), e.Entry, &w.Metadata))
	case player.ChapterChanged:
		r.write(jsonChapter{r.head("chapter", e.Time), e.Entry, w.Index, w.Chapter.Title, ms(w.Chapter.Start), ms(w.Chapter.End), ms(w.Position)})
	case player.LyricLine:
		r.write(jsonLyric{r.head("lyric", e.Time), e.Entry, w.Index, w.Line.Text, ms(w.Position)})
	case player.TimedMetadata:
		tags := &w.Metadata.Tags
		r.write(jsonTimed{r.head("timed_metadata", e.Time), e.Entry, tags.Title, tags.Artist, ms(w.Position)})
	}
}

func metadataLine(head jsonHead, id player.EntryID, m *metadata.Metadata) jsonMetadata {
	t := &m.Tags
	line := jsonMetadata{
		jsonHead: head, Entry: id, Title: t.Title, Artist: t.Artist, Album: t.Album, AlbumArtist: t.AlbumArtist, Genre: t.Genre,
		Track: t.Track, Disc: t.Disc, Year: t.Year, Pictures: len(m.Pictures), Chapters: len(m.Chapters),
	}
	if t.TrackGain != nil {
		line.TrackGainDB = (*float64)(t.TrackGain)
	}
	if t.AlbumGain != nil {
		line.AlbumGainDB = (*float64)(t.AlbumGain)
	}
	if l := m.SyncedLyrics(); l != nil {
		line.LyricLines = len(l.Lines)
	}
	return line
}

// timedWords words what a stream says of a moment; empty where that is nothing for people.
func timedWords(m *metadata.Metadata) string {
	it := player.Item{Title: m.Tags.Title, Artist: m.Tags.Artist, Album: m.Tags.Album}
	if it.Title == "" {
		return artistLine(it)
	}
	return itemLine(it)
}
