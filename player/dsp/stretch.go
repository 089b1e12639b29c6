package dsp

import (
	"fmt"
	"math"

	"github.com/segue-audio/segue/player/media"
)

// The speeds that a Stretcher does.
const (
	MinSpeed = 0.5
	MaxSpeed = 2.0
)

// Times of a Stretcher, for music: segments long enough to keep a beat whole, a search as wide as
// one period of 33 Hz.
const (
	stretchSegment = 0.060 // seconds of output per segment
	stretchOverlap = 0.014 // of them crossfaded with the segment before
	stretchSearch  = 0.015 // how far to either side a better-fitting segment is looked for
)

// Stretcher changes speed and keeps the pitch (WSOLA, Verhelst and Roelands 1993): the output is
// made of segments of the input, each chosen near where the speed wants it so that it goes on as
// the one before would have.
//
// At speed 1 every bit goes through without delay. At a constant speed from the first frame on, n
// input frames give ceil(n/speed) frames after Flush. It implements Stream.
type Stretcher struct {
	channels                 int
	segment, overlap, search int // frames
	speed                    float64

	buf   []float32 // input, interleaved
	mono  []float32 // its channels' sum, for the search
	start int64     // input frame at buf[0]
	fill  int       // frames in buf

	next   int64   // the input frame that would continue the last segment
	ideal  float64 // the input frame where the speed wants the next segment
	seamed bool    // a segment went before; else next is a beginning and has nothing to fade from

	out      []float32 // the segment being given
	outAt    int       // frames of it given
	outFill  int       // frames in it
	outStart float64   // input position of its first frame
	outSpeed float64   // the speed that it was made at

	reported float64   // what InputPosition last gave
	fade     []float32 // rising half of a raised cosine
	ended    bool      // Flush was called
}

// NewStretcher makes a Stretcher of speed 1.
func NewStretcher(rate, channels int) (*Stretcher, error) {
	if rate < MinRate || rate > MaxRate || channels < 1 || channels > MaxChannels {
		return nil, fmt.Errorf("%w: stretch %d Hz, %d channels", ErrFormat, rate, channels)
	}
	frames := func(seconds float64) int { return int(math.Round(seconds * float64(rate))) }
	s := &Stretcher{
		channels: channels, speed: 1,
		segment: frames(stretchSegment), overlap: frames(stretchOverlap), search: frames(stretchSearch),
	}
	size := int(MaxSpeed+2)*s.segment + 4*s.search + 2*s.overlap
	s.buf = make([]float32, size*channels)
	s.mono = make([]float32, size)
	s.out = make([]float32, s.segment*channels)
	s.fade = make([]float32, s.overlap)
	for i := range s.fade {
		s.fade[i] = float32((1 - math.Cos(math.Pi*(float64(i)+0.5)/float64(s.overlap))) / 2)
	}
	return s, nil
}

// SetSpeed sets the speed from the next segment on, at most 60 ms of output later. Speeds outside
// MinSpeed to MaxSpeed are clamped; what is not a number counts as 1.
func (s *Stretcher) SetSpeed(speed float64) {
	if math.IsNaN(speed) {
		speed = 1
	}
	s.speed = min(max(speed, MinSpeed), MaxSpeed)
}

// Speed is the speed that is set.
func (s *Stretcher) Speed() float64 { return s.speed }

// Latency counts the input frames held back at the speed that is set.
func (s *Stretcher) Latency() media.Frames {
	if s.speed == 1 {
		return 0
	}
	return media.Frames(max(s.segment+s.search, int(float64(s.segment)*s.speed)))
}

// InputPosition is the input frame, counted from Reset on, that the next output frame belongs to.
// It never goes back, and is free of the search's jitter: while the speed stays the same it rises
// by the speed with each frame.
func (s *Stretcher) InputPosition() float64 {
	p := s.ideal
	if s.outAt < s.outFill {
		p = s.outStart + float64(s.outAt)*s.outSpeed
	} else if s.speed == 1 {
		p = float64(s.next)
	}
	s.reported = max(s.reported, p)
	return s.reported
}

// Turn tells where the speed that is set takes effect: after how many more output frames, and with
// which input frame, counted as InputPosition counts.
func (s *Stretcher) Turn() (after int, input float64) {
	if s.speed == 1 {
		return s.outFill - s.outAt, float64(s.next)
	}
	return s.outFill - s.outAt, s.ideal
}

// Reset forgets all frames taken so far; the speed stays.
func (s *Stretcher) Reset() {
	s.start, s.fill, s.next, s.ideal, s.seamed = 0, 0, 0, 0, false
	s.outAt, s.outFill, s.reported, s.ended = 0, 0, 0, false
}

// Process stretches as Stream says.
func (s *Stretcher) Process(dst, src []float32) (consumed, produced int) {
	srcFrames, dstFrames := len(src)/s.channels, len(dst)/s.channels
	for {
		n := s.push(src[consumed*s.channels:], srcFrames-consumed)
		consumed += n
		m := s.produce(dst[produced*s.channels:], dstFrames-produced)
		produced += m
		if n == 0 && m == 0 {
			return consumed, produced
		}
	}
}

// Flush ends the stream as Stream says.
func (s *Stretcher) Flush(dst []float32) (produced int, done bool) {
	s.ended = true
	dstFrames := len(dst) / s.channels
	for {
		m := s.produce(dst[produced*s.channels:], dstFrames-produced)
		produced += m
		switch {
		case m > 0:
		case s.outAt == s.outFill && s.owed() == 0:
			s.Reset()
			return produced, true
		default:
			return produced, false
		}
	}
}

// push takes up to n frames into the buffer.
func (s *Stretcher) push(src []float32, n int) int {
	c := s.channels
	size := len(s.mono)
	if n > size-s.fill {
		s.drop()
	}
	n = min(n, size-s.fill)
	copy(s.buf[s.fill*c:], src[:n*c])
	for f := range n {
		var sum float32
		for _, v := range src[f*c : (f+1)*c] {
			sum += v
		}
		s.mono[s.fill+f] = sum
	}
	s.fill += n
	return n
}

// drop moves the input that can still be asked for to the front of the buffer.
func (s *Stretcher) drop() {
	keep := s.next
	if s.speed != 1 {
		keep = min(keep, int64(s.ideal)-int64(s.search)-1)
	}
	n := int(min(max(keep-s.start, 0), int64(s.fill)))
	c := s.channels
	copy(s.buf, s.buf[n*c:s.fill*c])
	copy(s.mono, s.mono[n:s.fill])
	s.start += int64(n)
	s.fill -= n
}

// end is the input frame after the last one taken.
func (s *Stretcher) end() int64 { return s.start + int64(s.fill) }

// owed counts the output frames that the rest of the input makes at the speed that is set.
func (s *Stretcher) owed() int {
	if s.speed == 1 {
		return int(max(0, s.end()-s.next))
	}
	return max(0, int(math.Ceil((float64(s.end())-s.ideal)/s.speed-1e-9)))
}

// produce gives up to n frames.
func (s *Stretcher) produce(dst []float32, n int) int {
	made, c := 0, s.channels
	for made < n {
		if s.outAt == s.outFill {
			if s.speed == 1 {
				m := min(n-made, int(s.end()-s.next))
				if m <= 0 {
					break
				}
				copy(dst[made*c:], s.buf[int(s.next-s.start)*c:][:m*c])
				made += m
				s.next += int64(m)
				s.ideal = float64(s.next)
				s.seamed = true
				continue
			}
			if !s.makeSegment() {
				break
			}
		}
		m := min(n-made, s.outFill-s.outAt)
		copy(dst[made*c:], s.out[s.outAt*c:][:m*c])
		made += m
		s.outAt += m
	}
	return made
}

// makeSegment fills out with the next segment, if the input for it is there.
func (s *Stretcher) makeSegment() bool {
	want := s.segment
	if s.ended {
		if want = min(want, s.owed()); want == 0 {
			return false
		}
	} else if s.end() < s.need() {
		return false
	}
	from := s.next
	if s.seamed {
		from = s.choose(want)
	}
	s.fillSegment(from, want)
	s.outAt, s.outFill, s.outStart, s.outSpeed = 0, want, s.ideal, s.speed
	s.next = from + int64(want)
	s.ideal += float64(want) * s.speed
	s.seamed = true
	return true
}

// need is where the input must end for a whole segment: after what the search may choose, and after
// what the speed passes over, lest the segment be longer than the input has music for.
func (s *Stretcher) need() int64 {
	chosen := max(int64(s.ideal)+int64(s.search)+2, s.next) + int64(s.segment)
	return max(chosen, int64(math.Ceil(s.ideal+float64(s.segment)*s.speed)))
}

// fillSegment writes n frames from the input's frame from on, faded in over what would have come.
// What lies past the input's end is silence.
func (s *Stretcher) fillSegment(from int64, n int) {
	c := s.channels
	body, tail := s.from(from), s.from(s.next)
	copied := copy(s.out[:n*c], body)
	clear(s.out[copied : n*c])
	if from == s.next || !s.seamed {
		return
	}
	// Near the end of the input there may be less to fade from than the overlap.
	length := min(s.overlap, n, len(tail)/c)
	for f := range length {
		g := s.fade[f*s.overlap/length]
		for i := f * c; i < (f+1)*c; i++ {
			s.out[i] = tail[i] + (s.out[i]-tail[i])*g
		}
	}
}

// from is the buffered input from a frame on.
func (s *Stretcher) from(frame int64) []float32 {
	i := min(max(frame-s.start, 0), int64(s.fill))
	return s.buf[int(i)*s.channels : s.fill*s.channels]
}
