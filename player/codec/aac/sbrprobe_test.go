package aac

import "testing"

func TestSBRProbe(t *testing.T) {
	e := replicatedEncoding(29, 22050, 2, "-b", "16000")
	f, packets := e.encode(t)
	f = Inspect(f, packets[0].Data)
	d, _ := New(f)
	decodeAll(t, d, packets)
}
