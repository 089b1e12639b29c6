package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"github.com/segue-audio/segue/abr"
	"github.com/segue-audio/segue/player"
	"github.com/segue-audio/segue/player/codec"
	"github.com/segue-audio/segue/player/codec/gomp3"
	"github.com/segue-audio/segue/player/dsp"
	"github.com/segue-audio/segue/player/media"
)

// options is the command line. Flags may stand before, between and after the arguments.
type options struct {
	Args []string `arg:"" optional:"" name:"what" help:"Files, folders, lists of files (M3U), URLs, track ids of the server, or album:ID (or album:'words of its title')."`

	Seek     seconds `placeholder:"DUR" group:"What to play" help:"Seek to there once the first track is heard."`
	Start    seconds `placeholder:"DUR" group:"What to play" help:"Begin the first track there."`
	Duration seconds `placeholder:"DUR" group:"What to play" help:"Stop after that much sound in all."`
	Album    string  `placeholder:"ID" group:"What to play" help:"Play this album of the server, as album:ID does."`
	Search   string  `placeholder:"TEXT" group:"What to play" help:"List the server's tracks that match, and end."`
	Queue    string  `placeholder:"FILE" group:"What to play" help:"Play the files and URLs of this list (M3U) before the arguments."`
	Resume   bool    `group:"What to play" help:"Go on where the player was left, and remember where it is left now."`

	Shuffle shuffleSpec `placeholder:"WHAT" group:"Order" help:"Play in another order: --shuffle=tracks, as --shuffle alone does, or --shuffle=albums."`
	Seed    uint64      `placeholder:"N" group:"Order" help:"What that order is drawn from; the same one gives the same order."`
	Repeat  string      `default:"off" enum:"off,one,all" placeholder:"WHAT" group:"Order" help:"Play again: off, one or all."`
	Sleep   sleepSpec   `placeholder:"WHEN" group:"Order" help:"Fade out and pause after a time like 30m, or at the end of the track or album."`

	Sink       sinkSpec `default:"speaker" placeholder:"SINK" group:"Output" help:"speaker, null, null-fast, wav:PATH or wav-fast:PATH. The -fast ones don't keep real time."`
	WAVFormat  string   `name:"wav-format" default:"f32" enum:"f32,s16,s24" group:"Output" help:"Samples of a WAV file: f32, s16 or s24."`
	Rate       int      `name:"sample-rate" placeholder:"HZ" group:"Output" help:"Sample rate of the output; that of the first track unless given."`
	Volume     fraction `default:"100%" placeholder:"V" group:"Output" help:"0 to 1, or a percentage."`
	Speed      float64  `default:"1" placeholder:"X" group:"Output" help:"0.5 to 2; pitch is kept."`
	Crossfade  seconds  `default:"0" placeholder:"DUR" group:"Output" help:"Overlap of tracks, up to 12 s; never within an album."`
	FadeCurve  string   `name:"crossfade-curve" default:"power" enum:"power,linear,smooth" placeholder:"CURVE" group:"Output" help:"power (equal power), linear or smooth."`
	MP3Decoder string   `name:"mp3-decoder" default:"segue" enum:"segue,go-mp3" group:"Output" help:"Which decoder takes MP3: segue, or go-mp3 to compare with."`
	Loudness   string   `default:"off" enum:"off,track,album,auto" group:"Output" help:"Even out loudness by tags: off, track, album or auto."`
	Target     lufs     `name:"loudness-target" placeholder:"LUFS" group:"Output" help:"Loudness that --loudness brings music to; -18 unless given."`

	Equaliser   presetSpec  `name:"eq" placeholder:"PRESET" group:"Sound" help:"Equaliser: ${presets}. The beginning of a name will do."`
	Gains       gainsSpec   `name:"eq-gains" placeholder:"DB,DB…" group:"Sound" help:"Equaliser by hand: ten gains of ±12 dB for 31.5, 63, 125, 250, 500 Hz, 1, 2, 4, 8 and 16 kHz."`
	Balance     balanceSpec `placeholder:"B" group:"Sound" help:"-1 is left only, 1 right only."`
	Width       widthSpec   `default:"1" placeholder:"W" group:"Sound" help:"How far left and right are apart: 0 is mono, 1 as recorded, 2 as wide as it goes."`
	Mono        bool        `group:"Sound" help:"The same as --width 0."`
	SkipSilence bool        `group:"Sound" help:"Leave out silence within tracks."`

	Rendition  renditionSpec `default:"auto" placeholder:"R" group:"Streaming" help:"auto, lowest, highest, or a number counted from 0, the lowest."`
	Rule       ruleSpec      `placeholder:"RULE" group:"Streaming" help:"What the automatic choice goes by: ${rules}. Without it the player's own."`
	MaxBitrate bitrate       `placeholder:"RATE" group:"Streaming" help:"Cap of the automatic choice, like 128k."`
	Network    string        `enum:",3g,4g,fixed" default:"" placeholder:"KIND" group:"Streaming" help:"What the machine is on: 3g, 4g or fixed. What was learned of it is kept for the next time."`
	Metered    bool          `group:"Streaming" help:"Each byte costs: nothing is fetched twice."`
	Saver      bool          `group:"Streaming" help:"No more than 96 kbps, unless there is nothing less."`
	NoLossless bool          `group:"Streaming" help:"Nothing lossless."`
	Language   []string      `placeholder:"LANG" group:"Streaming" help:"Language of streams that come in several, the dearest first, like de,en."`
	Role       []string      `placeholder:"ROLE" group:"Streaming" help:"Mix of streams that come in several, as their manifest calls it, like commentary."`
	Buffer     seconds       `default:"0" placeholder:"DUR" group:"Streaming" help:"Music to fetch ahead; 30 s unless given."`
	BufferMost seconds       `name:"buffer-most" default:"0" placeholder:"DUR" group:"Streaming" help:"The same where the network fails often and its bytes cost little, like 5m; that of --buffer unless given."`
	Cache      string        `placeholder:"DIR|off" group:"Streaming" help:"Where music is kept; the user's cache folder unless given."`
	CacheSize  byteSize      `default:"1GiB" placeholder:"SIZE" group:"Streaming" help:"Most that is kept, like 512MB."`
	Header     []headerLine  `sep:"none" placeholder:"'K: V'" group:"Streaming" help:"HTTP header for the hosts of URL arguments; may be repeated."`
	Server     string        `default:"http://127.0.0.1:8080" env:"SEGUE_SERVER" placeholder:"URL" group:"Streaming" help:"The Segue server; http://127.0.0.1:8080 unless given (${env})."`
	Token      string        `env:"SEGUE_TOKEN" placeholder:"TOKEN" group:"Streaming" help:"Token for the server (${env})."`

	RecordABR string `name:"record-abr" placeholder:"FILE" group:"Reports" help:"Record what the choice of renditions was asked, and answered, for abrlab replay."`

	JSON    bool             `name:"json" group:"Reports" help:"Events and a summary as JSON lines on standard output, and nothing else there."`
	Verbose bool             `short:"v" group:"Reports" help:"Log to standard error."`
	Version kong.VersionFlag `group:"Reports" help:"Print the version and end."`

	given map[string]bool // the names of the flags that were there, so that they go before what was saved
}

const description = `Plays music: files, folders, lists of files (M3U), URLs of HLS streams or files, tracks and albums of a
Segue server.

With nothing to play, on a terminal, it opens the server's catalogue.
Durations are written 12.5, 12.5s, 1m30s or 1:30.

Exit status: 0 all was played, 1 something could not be, 2 usage, 130 interrupted.

` + jsonHelp

// parseFlags reads the command line. done tells that the program is to end with status: after
// --help, --version or a mistake, which it has explained.
func parseFlags(args []string, std streams) (o options, status int, done bool) {
	parser, err := kong.New(&o,
		kong.Name("play"),
		kong.Description(description),
		kong.Writers(std.out, std.err),
		kong.Vars{"version": version(), "rules": strings.Join(abr.Names(), ", "), "presets": strings.Join(presetNames(), ", ")},
		kong.Exit(func(int) { done = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.ExplicitGroups([]kong.Group{
			{Key: "What to play"}, {Key: "Order"}, {Key: "Output"}, {Key: "Sound"}, {Key: "Streaming"}, {Key: "Reports"},
		}),
	)
	if err != nil { // a mistake in the tags above
		fmt.Fprintln(std.err, "play:", err)
		return o, exitUsage, true
	}
	args = flagsFirst(args, parser.Model.Flags)
	o.given = givenFlags(args)
	_, err = parser.Parse(args)
	if done {
		return o, exitOK, true
	}
	if err == nil {
		err = o.check(std)
	}
	if err != nil {
		fmt.Fprintf(std.err, "play: %s\nTry: play --help\n", printable(err.Error()))
		return o, exitUsage, true
	}
	return o, exitOK, false
}

// flagsFirst moves the arguments behind the flags, with -- between them: the parser takes arguments
// in one run only.
func flagsFirst(args []string, known []*kong.Flag) []string {
	flags, rest := []string{}, []string{}
	for i := 0; i < len(args); i++ {
		name, isFlag := strings.CutPrefix(args[i], "--")
		switch {
		case isFlag && name == "":
			rest = append(rest, args[i+1:]...)
			i = len(args)
		case isFlag:
			flags = append(flags, args[i])
			takesValue := slices.ContainsFunc(known, func(f *kong.Flag) bool { return f.Name == name && !f.IsBool() })
			if takesValue && i+1 < len(args) {
				i++
				if isNegative(args[i]) { // with a space between, the parser would take it for a flag
					flags[len(flags)-1] += "=" + args[i]
				} else {
					flags = append(flags, args[i])
				}
			}
		case len(args[i]) > 1 && args[i][0] == '-': // none of the short ones takes a value
			flags = append(flags, args[i])
		default:
			rest = append(rest, args[i])
		}
	}
	return slices.Concat(flags, []string{"--"}, rest)
}

// isNegative tells a number below zero from a flag.
func isNegative(arg string) bool {
	return len(arg) > 1 && arg[0] == '-' && strings.ContainsAny(arg[1:2], ".0123456789")
}

// givenFlags gives the names of the flags in what flagsFirst made.
func givenFlags(args []string) map[string]bool {
	given := map[string]bool{}
	for _, arg := range args {
		if arg == "--" {
			break
		}
		if name, isFlag := strings.CutPrefix(arg, "--"); isFlag {
			name, _, _ = strings.Cut(name, "=")
			given[name] = true
		}
	}
	return given
}

// check finds what no single flag can tell.
func (o *options) check(std streams) error {
	switch {
	case o.Speed < player.MinSpeed || o.Speed > player.MaxSpeed:
		return fmt.Errorf("--speed %v: want %v to %v", o.Speed, player.MinSpeed, player.MaxSpeed)
	case time.Duration(o.Crossfade) > player.MaxCrossfade:
		return fmt.Errorf("--crossfade %v: at most %v", time.Duration(o.Crossfade), player.MaxCrossfade)
	case o.Rate != 0 && (o.Rate < 8000 || o.Rate > 384000):
		return fmt.Errorf("--sample-rate %d: want 8000 to 384000", o.Rate)
	case o.given["seed"] && o.Shuffle == shuffleOff:
		return errors.New("--seed: only with --shuffle")
	case o.Target != 0 && o.Loudness == "off":
		return errors.New("--loudness-target: only with --loudness")
	case o.given["eq"] && o.given["eq-gains"]:
		return errors.New("--eq or --eq-gains, not both")
	case o.Mono && o.given["width"]:
		return errors.New("--mono or --width, not both")
	}
	if o.Search != "" {
		if len(o.Args) > 0 || o.Album != "" || o.Queue != "" || o.Resume {
			return errors.New("--search lists tracks and plays none")
		}
		return nil
	}
	if o.Album != "" {
		o.Args = append(o.Args, albumPrefix+o.Album)
	}
	if !o.namesMusic() && !o.interactive(std) {
		return errors.New("nothing to play")
	}
	return nil
}

// namesMusic tells whether the command line says what to play.
func (o *options) namesMusic() bool { return len(o.Args) > 0 || o.Queue != "" || o.Resume }

// interactive tells whether the full-screen player is to be shown.
func (o *options) interactive(std streams) bool {
	return !o.JSON && isTerminal(std.in) && isTerminal(std.out) && os.Getenv("TERM") != "dumb"
}

func isTerminal(f *os.File) bool { return f != nil && term.IsTerminal(int(f.Fd())) }

// loudness gives the player's setting for --loudness and --loudness-target.
func (o *options) loudness() dsp.Loudness {
	l := dsp.Loudness{Target: dsp.LUFS(o.Target)}
	for mode, name := range loudnessNames {
		if name == o.Loudness {
			l.Mode = dsp.LoudnessMode(mode)
		}
	}
	return l
}

// loudnessNames are the words for the modes, by their numbers.
var loudnessNames = [...]string{dsp.LoudnessOff: "off", dsp.LoudnessTrack: "track", dsp.LoudnessAlbum: "album", dsp.LoudnessAuto: "auto"}

// curve gives the player's setting for --crossfade-curve.
func (o *options) curve() dsp.Curve {
	switch o.FadeCurve {
	case "linear":
		return dsp.Linear
	case "smooth":
		return dsp.Smooth
	}
	return dsp.EqualPower
}

// repeat gives the player's setting for --repeat.
func (o *options) repeat() player.Repeat {
	switch o.Repeat {
	case "one":
		return player.RepeatOne
	case "all":
		return player.RepeatAll
	}
	return player.RepeatOff
}

// decoders gives the player's setting for --mp3-decoder.
func (o *options) decoders() map[media.Codec]func(media.Format) (codec.Decoder, error) {
	if o.MP3Decoder != "go-mp3" {
		return nil
	}
	return map[media.Codec]func(media.Format) (codec.Decoder, error){
		media.CodecMP3: func(f media.Format) (codec.Decoder, error) { return gomp3.New(f) },
	}
}

// version is the module's, as the build recorded it.
func version() string {
	v := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		v = info.Main.Version
	}
	return "play (Segue) " + v
}
