package dash

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/segue-audio/segue/player/manifest"
	"github.com/segue-audio/segue/player/media"
)

// set is an AdaptationSet whose sound can be used (ISO 23009-1, 5.3.3).
type set struct {
	period   *period
	node     *node
	language string
	label    string
	roles    []string
	aids     bool  // it serves accessibility: a description of what is seen, as a rule
	priority int64 // selectionPriority
	muxed    bool  // with video
	reps     []*representation

	// What holds for each representation that doesn't say otherwise.
	kind      string // contentType
	channels  int
	loudness  *media.Decibels
	protected []*node // ContentProtection, that of the period included
	segments  segmentElements
}

// representation is a Representation (5.3.5).
type representation struct {
	set      *set
	node     *node
	id       string
	codecs   string
	bitrate  media.Bitrate
	rate     int
	channels int
	bases    []location
	key      *manifest.Key
	loudness *media.Decibels
}

// maxRepresentations bounds those of all periods.
const maxRepresentations = 10_000

// readSets reads what of a period can be used.
func (p *parser) readSets(at *period) error {
	at.segments, at.protected = segmentsOf(at.node), p.protections(at.node)
	for _, n := range at.node.all("AdaptationSet") {
		keep, err := p.linked(n)
		if err != nil {
			return err
		}
		if !keep {
			continue
		}
		if what, ok := strange(n); ok {
			p.why = unsupported("an adaptation set needs %.80q to be understood", what)
			continue
		}
		s, err := p.readSet(at, n)
		if err != nil {
			return err
		}
		if len(s.reps) > 0 {
			at.sets = append(at.sets, s)
		}
	}
	return nil
}

func (p *parser) readSet(at *period, n *node) (*set, error) {
	s := &set{period: at, node: n, language: n.value("lang"), label: labelOf(n)}
	for _, c := range n.all("ContentComponent") {
		if c.value("contentType") == "audio" {
			s.language = cmp.Or(s.language, c.value("lang"))
		}
	}
	for _, r := range n.all("Role") {
		if v := r.value("value"); v != "" && !slices.Contains(s.roles, v) {
			s.roles = append(s.roles, v)
		}
	}
	s.aids = n.child("Accessibility") != nil
	s.kind = n.value("contentType")
	if c := n.all("ContentComponent"); s.kind == "" && len(c) == 1 {
		s.kind = c[0].value("contentType")
	}
	s.channels, s.loudness, s.segments = channelsOf(n), loudnessOf(n), segmentsOf(n)
	s.protected = append(p.protections(n), at.protected...)
	var err error
	if s.priority, err = n.uint("selectionPriority", 1); err != nil {
		return nil, err
	}
	bases, err := p.bases(n, at.bases)
	if err != nil {
		return nil, err
	}
	for _, r := range n.all("Representation") {
		if p.reps++; p.reps > maxRepresentations {
			return nil, overLimit("more than %d representations", maxRepresentations)
		}
		kind := soundOf(s, r)
		if kind == noSound {
			continue
		}
		if why := unusable(n, r); why != nil {
			p.why = why
			continue
		}
		s.muxed = s.muxed || kind == soundBeside
		rep, err := p.readRepresentation(s, r, bases)
		if err != nil {
			return nil, err
		}
		s.reps = append(s.reps, rep)
	}
	return s, nil
}

func labelOf(n *node) string {
	if l := n.child("Label"); l != nil {
		return strings.TrimSpace(l.text)
	}
	return n.value("label")
}

// sound is what part of a representation is audio.
type sound int

const (
	noSound sound = iota
	soundAlone
	soundBeside // multiplexed with video
)

// soundOf tells whether a representation has audio, by what its set and it say.
func soundOf(s *set, rep *node) sound {
	mime, kind := common(s.node, rep, "mimeType"), s.kind
	family, _, _ := strings.Cut(mime, "/")
	switch {
	case family == "audio", kind == "audio" && family != "video" && family != "text" && family != "image":
		return soundAlone
	case kind == "text", kind == "image", family == "text", family == "image":
		return noSound
	}
	audio, other := 0, 0
	for c := range strings.SplitSeq(common(s.node, rep, "codecs"), ",") {
		if isAudioCodec(c) {
			audio++
		} else if strings.TrimSpace(c) != "" {
			other++
		}
	}
	switch {
	case audio > 0 && other == 0 && kind != "video":
		return soundAlone
	case audio > 0:
		return soundBeside
	}
	return noSound
}

func isAudioCodec(c string) bool {
	family, _, _ := strings.Cut(strings.TrimSpace(c), ".")
	switch strings.ToLower(family) {
	case "mp4a", "flac", "opus", "alac", "vorbis", "ac-3", "ec-3", "ac-4", "mha1", "mhm1", "dtsc", "dtse", "dtsh", "dtsl", "dtsx", "iamf", "ipcm", "fpcm":
		return true
	}
	return false
}

// unusable says why a representation can't be used; nil where it can.
func unusable(set, rep *node) error {
	id := rep.value("id")
	if what, ok := strange(rep); ok {
		return unsupported("representation %.40q needs %.80q to be understood", id, what)
	}
	if d := rep.value("dependencyId"); d != "" {
		return unsupported("representation %.40q depends on %.40q", id, d)
	}
	switch mime := common(set, rep, "mimeType"); mime {
	case "audio/webm", "video/webm":
		return unsupported("representation %.40q is %s", id, mime)
	}
	return nil
}

// common gives an attribute that a representation inherits from its set (5.3.7).
func common(set, rep *node, name string) string {
	if v, ok := rep.attr(name); ok {
		return v
	}
	return set.value(name)
}

func (p *parser) readRepresentation(s *set, n *node, above []location) (*representation, error) {
	r := &representation{set: s, node: n, id: n.value("id"), codecs: common(s.node, n, "codecs")}
	bandwidth, err := n.uint("bandwidth", 0)
	if err != nil {
		return nil, err
	}
	r.bitrate = media.Bitrate(bandwidth)
	// A range, "8000 16000", is of a stream whose rate isn't known (5.3.7.2).
	if rate, err := parseUint(common(s.node, n, "audioSamplingRate")); err == nil && rate < 1<<22 {
		r.rate = int(rate)
	}
	if r.channels = channelsOf(n); r.channels == 0 {
		r.channels = s.channels
	}
	if r.loudness = loudnessOf(n); r.loudness == nil {
		r.loudness = s.loudness
	}
	if r.bases, err = p.bases(n, above); err != nil {
		return nil, err
	}
	r.key, err = p.protection(s, n)
	return r, err
}

// understood are the schemes of EssentialProperty that change nothing for audio, or that are obeyed.
func understood(scheme string) bool {
	switch scheme {
	case "urn:mpeg:mpegb:cicp:programloudness", "urn:mpeg:mpegb:cicp:anchorloudness",
		"urn:mpeg:mpegb:cicp:channelconfiguration", "urn:mpeg:mpegb:cicp:outputchannelposition",
		"urn:mpeg:dash:period-continuity:2015", "urn:mpeg:dash:period-connectivity:2015",
		"urn:mpeg:dash:adaptation-set-switching:2016", "urn:mpeg:dash:role:2011",
		"urn:mpeg:dash:output-protection:hdcp:2020":
		return true
	}
	return false
}

// strange finds an EssentialProperty that isn't understood: the element it stands in is not to be used
// (5.8.4.8). Of several with one id, one is enough.
func strange(n *node) (scheme string, ok bool) {
	known := map[string]bool{}
	all := n.all("EssentialProperty")
	for _, e := range all {
		if id := e.value("id"); id != "" && understood(strings.ToLower(e.value("schemeIdUri"))) {
			known[id] = true
		}
	}
	for _, e := range all {
		if s := e.value("schemeIdUri"); !understood(strings.ToLower(s)) && !known[e.value("id")] {
			return s, true
		}
	}
	return "", false
}

// channelsOf reads AudioChannelConfiguration; zero where it doesn't tell.
func channelsOf(n *node) int {
	// By ISO 23091-3, table 10: how many channels each configuration has.
	cicp := [...]int{0, 1, 2, 3, 4, 5, 6, 8, 2, 3, 4, 7, 8, 24, 8, 12, 10, 12, 14, 12, 14}
	for _, c := range n.all("AudioChannelConfiguration") {
		v, err := strconv.Atoi(c.value("value"))
		switch strings.ToLower(c.value("schemeIdUri")) {
		case "urn:mpeg:dash:23003:3:audio_channel_configuration:2011":
			if err == nil && v > 0 && v <= 64 {
				return v
			}
		case "urn:mpeg:mpegb:cicp:channelconfiguration":
			if err == nil && v > 0 && v < len(cicp) {
				return cicp[v]
			}
		case "urn:mpeg:dash:outputchannelpositionlist:2012", "urn:mpeg:mpegb:cicp:outputchannelposition":
			return min(len(strings.Fields(c.value("value"))), 64)
		}
	}
	return 0
}

// loudnessOf reads the loudness of the programme, "-13.5 LUFS", where a property gives it (ISO 23001-8).
func loudnessOf(n *node) *media.Decibels {
	for _, c := range n.children {
		if c.name != "SupplementalProperty" && c.name != "EssentialProperty" ||
			!strings.EqualFold(c.value("schemeIdUri"), "urn:mpeg:mpegB:cicp:ProgramLoudness") {
			continue
		}
		number, unit, _ := strings.Cut(c.value("value"), " ")
		v, err := strconv.ParseFloat(number, 64)
		if err == nil && v >= -100 && v <= 10 && (unit == "" || unit == "LUFS" || unit == "LKFS") {
			l := media.Decibels(v)
			return &l
		}
	}
	return nil
}
