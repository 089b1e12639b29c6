package detect_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/segue-audio/segue/player/codec/decoders"
	"github.com/segue-audio/segue/player/container"
	"github.com/segue-audio/segue/player/container/containertest"
	"github.com/segue-audio/segue/player/container/detect"
	"github.com/segue-audio/segue/player/container/fmp4"
	"github.com/segue-audio/segue/player/media"
)

// agreementPatterns are the files that ffprobe takes apart too.
var agreementPatterns = strings.Fields(`media3/mp3/* media3/flac/* media3/ogg/*.* media3/mp4/*.mp4 media3/mp4/*.m4a media3/mp4/*.mov
	media3/mp4/*.MOV media3/mp4/*.3gp media3/aac/* media3/wav/* media3/mka/* media3/ts/* media3/drm/* media3/dash/*/*.mp4
	media3/dash/cea608/audio-dash0000000000.m4s media3/hls/cea608/*.ts flac-test-files/*/*.flac mp3-vectors/*.bit mp4ff/*.mp4 mp4ff/*.isma`)

// TestAgreement has the packets of the corpora's files be those that ffprobe sees: their count, sizes, times and
// durations. Where the two differ for a reason, differences names it; each has to be of use.
func TestAgreement(t *testing.T) {
	root := filepath.Dir(containertest.Corpus(t, "media3")[0])
	containertest.Tool(t, "ffprobe", "-version")
	var names []string
	for _, pattern := range agreementPatterns {
		paths, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range paths {
			names = append(names, strings.TrimPrefix(filepath.ToSlash(p), filepath.ToSlash(root)+"/"))
		}
	}
	compared, used := 0, map[string]int{}
	for i, name := range names {
		if i%containertest.Sweep(24, 1) == 0 && compareWithFFprobe(t, filepath.Join(root, filepath.FromSlash(name)), name, used) {
			compared++
		}
	}
	if least := containertest.Sweep(4, 140); compared < least {
		t.Errorf("only %d files were compared", compared)
	}
	for _, d := range differences {
		t.Logf("%d files: %s", used[d.why], d.why)
		if containertest.Sweep(false, used[d.why] == 0) {
			t.Errorf("no file needs to be excused like this: %s", d.why)
		}
	}
	t.Logf("%d files compared", compared)
}

// side is a stream as one of the two sees it.
type side struct {
	codec          media.Codec
	rate, channels int
	tick           int64 // frames in a tick of the times, rounded up; zero where ticks are as fine as frames
	packets        []seen
}

// seen is a packet: times in frames, which are rounded where they are ffprobe's.
type seen struct{ time, duration, size int64 }

// pair is a file as both see it.
type pair struct {
	name       string
	container  string
	trim       media.Trim
	ours       side
	theirs     side
	fragmented bool
	bytesOnly  bool // packets are of either's own making: only their sum counts
}

// difference is a reason to differ. Where it applies it changes what is theirs into what is then to be ours.
type difference struct {
	why   string
	apply func(p *pair) bool
}

// forFiles makes a rule apply to the files that match one of some patterns.
func forFiles(patterns string, apply func(p *pair)) func(*pair) bool {
	return func(p *pair) bool {
		for _, pattern := range strings.Split(patterns, "|") {
			if ok, _ := path.Match(pattern, p.name); ok {
				apply(p)
				return true
			}
		}
		return false
	}
}

func dropLast(p *pair) { p.theirs.packets = p.theirs.packets[:len(p.theirs.packets)-1] }

// shift moves their times by n frames.
func (p *pair) shift(n int64) {
	for i := range p.theirs.packets {
		p.theirs.packets[i].time += n
	}
}

var differences = []difference{
	{"packets of uncompressed sound are cut as each likes", func(p *pair) bool {
		p.bytesOnly = p.ours.codec == media.CodecPCM
		return p.bytesOnly
	}},
	{"ffprobe's packets of ADTS have their headers on", func(p *pair) bool {
		if p.container != "MPEG-4 AAC stream" && (p.container != "MPEG-TS" || p.ours.codec != media.CodecAAC) {
			return false
		}
		for i := range p.theirs.packets {
			p.theirs.packets[i].size -= 7
		}
		return true
	}},
	{"ffprobe gives no durations in fragments and blocks", func(p *pair) bool {
		applies := false
		for i := range min(len(p.ours.packets), len(p.theirs.packets)) {
			if (p.container == "MP4" || p.container == "Matroska") && p.theirs.packets[i].duration == 0 {
				p.theirs.packets[i].duration, applies = p.ours.packets[i].duration, true
			}
		}
		p.fragmented = applies && p.container == "MP4"
		return applies
	}},
	{"ffprobe gives the last packet of a fragmented file a whole packet's duration", func(p *pair) bool {
		n := len(p.ours.packets)
		if !p.fragmented || n != len(p.theirs.packets) || p.ours.packets[n-1].duration >= p.theirs.packets[n-1].duration {
			return false
		}
		p.theirs.packets[n-1].duration = p.ours.packets[n-1].duration
		return true
	}},
	{"a fragmented file's time counts from its first sample", func(p *pair) bool {
		first := p.theirs.packets[0].time
		if p.container != "MP4" || first <= 0 || p.ours.packets[0].time != 0 {
			return false
		}
		p.shift(-first)
		return true
	}},
	{"ffprobe counts the time of Ogg from the first frame that is heard; we from the first that is decoded", func(p *pair) bool {
		if p.container != "Ogg" || p.ours.codec != media.CodecOpus {
			return false
		}
		p.shift(int64(p.trim.Start))
		return true
	}},
	{"ffprobe counts the time of Opus in Matroska from the first frame that is heard, in milliseconds", func(p *pair) bool {
		off := -p.theirs.packets[0].time
		if p.container != "Matroska" || p.ours.codec != media.CodecOpus || abs(off-int64(p.trim.Start)) > p.theirs.tick {
			return false
		}
		p.shift(off)
		return true
	}},
	{"the first page's granule position is 48 frames past its packets, which count from zero for us as for opusdec",
		forFiles("media3/ogg/bear*.opus", func(p *pair) { p.shift(-48) })},
	{"DiscardPadding is taken off the last packet by us, and told apart by ffprobe", func(p *pair) bool {
		n := len(p.ours.packets)
		if p.container != "Matroska" || n != len(p.theirs.packets) || p.ours.packets[n-1].duration >= p.theirs.packets[n-1].duration {
			return false
		}
		p.theirs.packets[n-1].duration = p.ours.packets[n-1].duration
		return true
	}},
	{"ffprobe takes what is trimmed at the end off the last packet", func(p *pair) bool {
		n := len(p.ours.packets)
		if p.container != "Ogg" || n == 0 || n != len(p.theirs.packets) || p.ours.packets[n-1].duration <= p.theirs.packets[n-1].duration {
			return false
		}
		p.theirs.packets[n-1].duration = p.ours.packets[n-1].duration
		return true
	}},
	{"the first packet of Vorbis gives no frames, which ffprobe passes over", func(p *pair) bool {
		if p.ours.codec != media.CodecVorbis || len(p.theirs.packets) == 0 {
			return false
		}
		p.theirs.packets[0].time, p.theirs.packets[0].duration = 0, 0
		return true
	}},
	{"where Vorbis's blocks become short, ffprobe has a packet begin late", func(p *pair) bool {
		applies := false
		for i := range min(len(p.ours.packets), len(p.theirs.packets)) {
			x, y := p.ours.packets[i], &p.theirs.packets[i]
			if p.ours.codec == media.CodecVorbis && *y != x && x.time+x.duration == y.time+y.duration {
				y.time, y.duration, applies = x.time, x.duration, true
			}
		}
		return applies
	}},
	{"ffprobe counts rubbish at the end, or a cut frame, as a packet", forFiles("media3/mp3/*trailing-garbage.mp3|media3/mp3/bear-id3*.mp3|"+
		"mp3-vectors/l3-compl.bit|mp3-vectors/l3-nonstandard-compl-sideinfo-blocktype.bit|mp3-vectors/l3-sin1k0db.bit", dropLast)},
	{"ffprobe takes the rubbish in front and the Info frame for one packet", forFiles("media3/mp3/*garbage-prefix.mp3", func(p *pair) {
		p.theirs.packets = p.theirs.packets[1:]
		p.shift(-1152)
	})},
	{"a header with a reserved emphasis is none, for us as for the reference decoder", forFiles("mp3-vectors/l3-hecommon.bit", func(p *pair) {
		p.theirs.packets = slices.Delete(p.theirs.packets, 10, 11)
		for i := range p.theirs.packets[10:] {
			p.theirs.packets[10+i].time -= 1152
		}
	})},
	{"ffprobe tells of the last format of those that a stream goes through, we of the first", forFiles(
		"flac-test-files/uncommon/0[123]*.flac|mp3-vectors/l3-nonstandard-he_44_48khz.bit",
		func(p *pair) { p.theirs.rate, p.theirs.channels = p.ours.rate, p.ours.channels })},
	{"frames at another sample rate last as long as their count says at the first one's", forFiles("flac-test-files/uncommon/01*.flac", func(p *pair) {
		for i := range p.ours.packets {
			p.theirs.packets[i].time, p.theirs.packets[i].duration = p.ours.packets[i].time, p.ours.packets[i].duration
		}
	})},
	{"MP3 frames at another sample rate aren't of the stream, for us as for the reference decoder", forFiles(
		"mp3-vectors/l3-nonstandard-he_44_48khz.bit", func(p *pair) { p.theirs.packets = p.theirs.packets[:410] })},
	{"the file's offsets are wrong, so its first packet tells nothing of its channels", forFiles("media3/mp4/sample_fragmented_uuid.mp4",
		func(p *pair) { p.theirs.channels = p.ours.channels })},
	{"ffprobe takes 24 bits for 16", forFiles("media3/mp4/sample_ipcm_24le.mp4", func(p *pair) {
		for i := range p.theirs.packets {
			p.theirs.packets[i].size += p.theirs.packets[i].size / 2
		}
	})},
}

// compareWithFFprobe tells whether both could take the file apart.
func compareWithFFprobe(t *testing.T, file, name string, used map[string]int) bool {
	t.Helper()
	data := containertest.File(t, file)
	c, err := detect.Identify(bytes.NewReader(data), int64(len(data)))
	var d container.Seeker
	if err == nil {
		d, err = c.Open(bytes.NewReader(data), int64(len(data)))
	}
	if err != nil {
		if n := len(probeAudio(t, file, c.Name, nil)); errors.Is(err, container.ErrNoAudio) && n > 0 {
			t.Errorf("%s: %v, but ffprobe sees %d streams of sound", name, err, n)
		}
		return false
	}
	p := &pair{name: name, container: c.Name, trim: d.Info().Trim}
	f := d.Info().Format
	all, err := containertest.Drain(d)
	if err != io.EOF || len(all) == 0 {
		return false
	}
	p.ours = side{codec: f.Codec, rate: f.SampleRate, channels: f.Channels}
	if dec, err := decoders.New(f, all[0].Data); err == nil {
		p.ours.channels = dec.Channels()
	}
	for _, one := range all {
		p.ours.packets = append(p.ours.packets, seen{int64(one.Time), int64(one.Duration), int64(len(one.Data))})
	}
	streams := probeAudio(t, file, c.Name, &p.ours)
	i := slices.IndexFunc(streams, func(s side) bool { return s.codec == p.ours.codec })
	if i < 0 || len(streams[i].packets) == 0 {
		t.Logf("%s: ffprobe sees none of its %d packets", name, len(all))
		return false
	}
	p.theirs = streams[i]
	for _, d := range differences {
		if d.apply(p) {
			used[d.why]++
		}
	}
	if why := p.differ(); why != "" {
		t.Errorf("%s (%s in %s): %s", name, p.ours.codec, p.container, why)
	}
	return true
}

// differ says what the first difference is that is left.
func (p *pair) differ() string {
	a, b := &p.ours, &p.theirs
	if a.rate != b.rate || a.channels != b.channels {
		return fmt.Sprintf("%d channels at %d Hz, ffprobe has %d at %d Hz", a.channels, a.rate, b.channels, b.rate)
	}
	if p.bytesOnly {
		var ours, theirs seen
		for _, s := range a.packets {
			ours.size, ours.duration = ours.size+s.size, ours.duration+s.duration
		}
		for _, s := range b.packets {
			theirs.size, theirs.duration = theirs.size+s.size, theirs.duration+s.duration
		}
		ours.time, theirs.time = a.packets[0].time, b.packets[0].time
		if ours != theirs {
			return fmt.Sprintf("in all %+v, ffprobe has %+v", ours, theirs)
		}
		return ""
	}
	for i := range min(len(a.packets), len(b.packets)) {
		x, y := a.packets[i], b.packets[i]
		if x.size != y.size || abs(x.time-y.time) > b.tick || abs(x.duration-y.duration) > b.tick {
			return fmt.Sprintf("packet %d of %d is %+v, ffprobe has %+v of %d", i, len(a.packets), x, y, len(b.packets))
		}
	}
	if len(a.packets) != len(b.packets) {
		return fmt.Sprintf("%d packets, ffprobe has %d", len(a.packets), len(b.packets))
	}
	return ""
}

func abs(n int64) int64 { return max(n, -n) }

// probeAudio gives the streams of sound that ffprobe sees, with their times in frames at the rate of ours.
func probeAudio(t *testing.T, file, containerName string, ours *side) []side {
	t.Helper()
	args := []string{"-v", "quiet", "-select_streams", "a", "-show_entries",
		"packet=stream_index,pts,duration,size:stream=index,time_base,codec_name,sample_rate,channels", "-of", "json"}
	switch containerName {
	case "MP4":
		args = append(args, "-ignore_editlist", "1")
	case "MPEG audio": // rubbish in front of it may look like something else
		args = append(args, "-f", "mp3")
	}
	var out struct {
		Packets []struct {
			Stream        int `json:"stream_index"`
			Pts, Duration int64
			Size          string
		}
		Streams []struct {
			Index      int
			Codec      string `json:"codec_name"`
			Base       string `json:"time_base"`
			SampleRate string `json:"sample_rate"`
			Channels   int
		}
	}
	text, err := exec.Command("ffprobe", append(args, file)...).Output()
	if err != nil {
		return nil // as for what is no file of sound
	}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	var streams []side
	for _, s := range out.Streams {
		rate, _ := strconv.Atoi(s.SampleRate)
		one := side{codec: media.Codec(strings.SplitN(s.Codec, "_", 2)[0]), rate: rate, channels: s.Channels}
		var num, den int64
		if _, err := fmt.Sscanf(s.Base, "%d/%d", &num, &den); err != nil || ours == nil {
			streams = append(streams, one)
			continue
		}
		frames := func(ticks int64) int64 { return media.Rescale(ticks*num, den, int64(ours.rate)) }
		if den%(int64(ours.rate)*num) != 0 {
			one.tick = int64(ours.rate)*num/den + 1
		}
		for _, p := range out.Packets {
			if p.Stream == s.Index {
				size, _ := strconv.ParseInt(p.Size, 10, 64)
				one.packets = append(one.packets, seen{frames(p.Pts), frames(p.Duration), size})
			}
		}
		streams = append(streams, one)
	}
	return streams
}

// TestSegmentsAgree has segments with their init section give the packets that the same bytes give as one file, which
// in turn are those that ffprobe sees in it.
func TestSegmentsAgree(t *testing.T) {
	root := filepath.Dir(containertest.Corpus(t, "media3")[0])
	for _, c := range []struct{ name, init, segments string }{
		{"cmaf", "media3/cmaf/multi-segment/audio_init.mp4", "media3/cmaf/multi-segment/audio_%d.m4s"},
		{"hls", "media3/hls/multi-segment/init.mp4", "media3/hls/multi-segment/playlist%d.m4s"},
		{"mp4ff", "mp4ff/aac_init.mp4", "mp4ff/aac_%d.m4s"},
	} {
		file := containertest.File(t, root, c.init)
		init, err := fmp4.ParseInit(file)
		if err != nil {
			t.Fatal(err)
		}
		var apart []media.Packet
		for i, missing := 0, 0; missing < 2; i++ {
			data, err := os.ReadFile(filepath.Join(root, fmt.Sprintf(c.segments, i)))
			if err != nil {
				missing++ // counts from 0 or 1, to where they end
				continue
			}
			segment, err := detect.OpenSegment(init, data)
			if err != nil {
				t.Fatalf("%s: segment %d: %v", c.name, i, err)
			}
			apart = append(apart, containertest.Rest(t, segment)...)
			file = append(file, data...)
		}
		_, whole := containertest.Packets(t, detect.Open, file)
		if len(apart) == 0 || len(apart) != len(whole) {
			t.Fatalf("%s: %d packets in segments, %d in the whole", c.name, len(apart), len(whole))
		}
		first := apart[0].Time // a file's time counts from its first sample
		for i := range apart {
			if apart[i].Time-first != whole[i].Time || apart[i].Duration != whole[i].Duration || !bytes.Equal(apart[i].Data, whole[i].Data) {
				t.Fatalf("%s: packet %d begins at %d, lasts %d; in the whole %d, %d", c.name, i, apart[i].Time-first, apart[i].Duration,
					whole[i].Time, whole[i].Duration)
			}
		}
		containertest.Tool(t, "ffprobe", "-version")
		if !compareWithFFprobe(t, containertest.Store(t, "whole.mp4", file), c.name, map[string]int{}) {
			t.Errorf("%s: not to be compared", c.name)
		}
	}
}
