package main

import (
	"errors"

	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/container"
)

// advice is what to do about a kind of failure.
var advice = map[player.Kind]string{
	player.KindNetwork:      "Is the host up, its name right, the network there? The player itself would go on trying.",
	player.KindTimeout:      "The server took too long: try again, or with a longer --timeout.",
	player.KindStatus:       "Ask whoever runs the server what this status means there.",
	player.KindUnauthorized: "The server wants to know who asks: give the player a header or a signed URL.",
	player.KindForbidden:    "The token in the URL has expired or is for something else: fetch a new URL.",
	player.KindNotFound:     "Look for a mistake in the name; else it has gone.",
	player.KindServer:       "The server is in trouble: try again later.",
	player.KindTooLarge:     "It is longer than music is: check that the URL names the right thing.",
	player.KindFile:         "Check that the file is a file and may be read.",
	player.KindChanged:      "It changed while it was read: try again once it is finished.",

	player.KindManifest:             "The manifest is broken: what the error names has to be put right where it is made.",
	player.KindManifestUnsupported:  "The manifest asks for what the player doesn't do: leave it out, or offer a second rendition without it.",
	player.KindContainer:            "It is cut short, damaged, or no music but something that a server sent in its place: compare its length with the original's, and look at how it begins.",
	player.KindContainerUnsupported: "Put the same sound into another container, nothing is lost by that: ffmpeg -i IN -vn -c:a copy OUT.m4a (or .mka to .ogg, .flac).",
	player.KindLimit:                "Something in it is beyond what any music has: it is damaged, or meant to do harm.",

	player.KindDecode:           "Packets of it are damaged. The player hides that and goes on; a sound copy is better.",
	player.KindCodecUnsupported: "Encode it anew in a coding that is built in (ffmpeg -i IN -c:a aac OUT.m4a, or flac, libopus, libmp3lame), or lend the player your platform's decoder: player.Config, Decoders.",

	player.KindKey:            "The key server refuses or can't be reached: check the right to play it.",
	player.KindWrongKey:       "The key doesn't fit: it was changed, or the segment is damaged.",
	player.KindKeyUnsupported: "It is encrypted for a DRM that the player has no licence for. Ask its publisher for a version with AES-128 (HLS), or in clear.",

	player.KindCanceled: "It was broken off.",
}

// adviceFor is what to do about an error.
func adviceFor(err error) string {
	if errors.Is(err, container.ErrNoAudio) {
		return "There is nothing to hear in it: look for the file or rendition that has the sound."
	}
	if errors.Is(err, errNotYet) {
		return "The stream hasn't begun, or its times are past: try again later, and look at the server's clock."
	}
	if s := advice[player.KindOf(err)]; s != "" {
		return s
	}
	return "This should not happen: please report it with the file."
}

// problemOf describes an error; nil for none.
func problemOf(err error) *problem {
	if err == nil {
		return nil
	}
	kind := player.KindOf(err)
	return &problem{Code: int(kind), Reason: kind.Error(), Error: err.Error(), Advice: adviceFor(err)}
}
