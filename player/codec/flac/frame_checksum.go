package flac

// crc8Table serves the polynomial x⁸+x²+x+1 of frame headers (section 9.1.8).
var crc8Table = func() (t [256]byte) {
	for i := range t {
		crc := byte(i)
		for range 8 {
			crc = crc<<1 ^ crc>>7*0x07
		}
		t[i] = crc
	}
	return t
}()

// crc8 over a header with its checksum is zero.
func crc8(b []byte) (crc byte) {
	for _, c := range b {
		crc = crc8Table[crc^c]
	}
	return crc
}

// crc16Table serves the polynomial x¹⁶+x¹⁵+x²+1 of whole frames (section 9.3), eight bytes at a time:
// [k][b] is what byte b does to the checksum when k bytes follow it.
var crc16Table = func() (t [8][256]uint16) {
	for i := range t[0] {
		crc := uint16(i) << 8
		for range 8 {
			crc = crc<<1 ^ crc>>15*0x8005
		}
		t[0][i] = crc
	}
	for k := 1; k < len(t); k++ {
		for i, crc := range t[k-1] {
			t[k][i] = crc<<8 ^ t[0][crc>>8]
		}
	}
	return t
}()

// crc16 over a frame with its checksum is zero.
func crc16(b []byte) (crc uint16) {
	t := &crc16Table
	for ; len(b) >= 8; b = b[8:] {
		crc = t[7][b[0]^byte(crc>>8)] ^ t[6][b[1]^byte(crc)] ^ t[5][b[2]] ^ t[4][b[3]] ^
			t[3][b[4]] ^ t[2][b[5]] ^ t[1][b[6]] ^ t[0][b[7]]
	}
	for _, c := range b {
		crc = crc<<8 ^ t[0][byte(crc>>8)^c]
	}
	return crc
}

// Sound reports whether a packet's frame checksum agrees with it (RFC 9639, 9.3): the cheapest way to tell
// that bytes were damaged on their way.
func Sound(packet []byte) bool { return len(packet) > 2 && crc16(packet) == 0 }
