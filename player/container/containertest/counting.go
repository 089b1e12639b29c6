package containertest

import "io"

// Counting counts how often it is read from, and the bytes that came of it.
type Counting struct {
	R            io.ReaderAt
	Reads, Bytes int
}

// ReadAt reads.
func (c *Counting) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.R.ReadAt(p, off)
	c.Reads, c.Bytes = c.Reads+1, c.Bytes+n
	return n, err
}
