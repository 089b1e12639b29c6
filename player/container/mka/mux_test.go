package mka

import (
	"encoding/binary"
	"math"
)

// el writes an element; sizes take eight bytes where wide is set on the writer's whim.
func el(id uint32, body ...[]byte) []byte {
	var b []byte
	for shift := 24; shift >= 0; shift -= 8 {
		if c := byte(id >> shift); c != 0 || len(b) > 0 {
			b = append(b, c)
		}
	}
	var all []byte
	for _, part := range body {
		all = append(all, part...)
	}
	switch n := len(all); {
	case n < 127:
		b = append(b, 0x80|byte(n))
	case n < 1<<14-1:
		b = append(b, 0x40|byte(n>>8), byte(n))
	default:
		b = append(b, 0x10|byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return append(b, all...)
}

func num(v int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(v)) }
func flt(v float64) []byte {
	return binary.BigEndian.AppendUint64(nil, math.Float64bits(v))
}

// endless makes an element of unknown size of one whose size takes a byte or two.
func endless(id uint32, body ...[]byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, id)
	b = append(b, 0xff)
	for _, part := range body {
		b = append(b, part...)
	}
	return b
}

// aacASC is AudioSpecificConfig of LC, 48 kHz, stereo.
var aacASC = []byte{0x11, 0x90}

// audioTrack writes a TrackEntry.
func audioTrack(number int64, codec string, private []byte, more ...[]byte) []byte {
	parts := [][]byte{
		el(idNumber, num(number)), el(idType, []byte{typeAudio}), el(idCodec, []byte(codec)),
		el(idAudio, el(idRate, flt(48_000)), el(idChannels, []byte{2})),
	}
	if private != nil {
		parts = append(parts, el(idPrivate, private))
	}
	return el(idTrack, append(parts, more...)...)
}

// file writes what stands in front of the clusters, and them.
func file(tracks []byte, clusters ...[]byte) []byte {
	b := el(idEBML, el(0x4282, []byte("matroska")))
	body := [][]byte{el(idInfo, el(idScale, num(1_000_000))), el(idTracks, tracks)}
	return append(b, el(idSegment, append(body, clusters...)...)...)
}

// simple writes a SimpleBlock of a track; lacing as in its flags.
func simple(track byte, time int16, lacing byte, data ...[]byte) []byte {
	return el(idSimple, blockBody(track, time, lacing, data...))
}

func blockBody(track byte, time int16, lacing byte, data ...[]byte) []byte {
	b := []byte{0x80 | track, byte(time >> 8), byte(time), 0x80 | lacing<<1}
	if lacing != 0 {
		b = append(b, byte(len(data)-1))
	}
	for i, d := range data[:len(data)-1] {
		switch lacing {
		case 1:
			n := len(d)
			for ; n >= 255; n -= 255 {
				b = append(b, 255)
			}
			b = append(b, byte(n))
		case 3:
			v := len(d)
			if i > 0 {
				v = len(d) - len(data[i-1]) + 1<<13 - 1
			}
			b = append(b, 0x40|byte(v>>8), byte(v))
		}
	}
	for _, d := range data {
		b = append(b, d...)
	}
	return b
}

// packet is of n bytes told by seed.
func packet(seed, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(seed*31 + i*7)
	}
	return b
}

// ms is the time of packet n of AAC at 48 kHz in ticks, rounded.
func ms(n int) int { return (n*1024*1000 + 24_000) / 48_000 }

// aacFile has n packets, ten to a cluster.
func aacFile(n int) (b []byte, packets [][]byte) {
	var clusters [][]byte
	for i := 0; i < n; i += 10 {
		parts := [][]byte{el(idTime, num(int64(ms(i))))}
		for k := i; k < min(n, i+10); k++ {
			packets = append(packets, packet(k, 40+k*37%200))
			parts = append(parts, simple(1, int16(ms(k)-ms(i)), 0, packets[k]))
		}
		clusters = append(clusters, el(idCluster, parts...))
	}
	return file(audioTrack(1, "A_AAC", aacASC), clusters...), packets
}
