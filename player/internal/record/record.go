// Package record is a small format for what a player keeps between two runs: a magic, numbered fields
// and a checksum. A reader passes over fields that it doesn't know, so that an old program reads what
// a newer one wrote. It has no nesting but that a field may hold fields, no compression and no schema.
//
//	record = magic, *field, CRC-32C of all before it (4 bytes, little-endian)
//	field  = number, length, that many bytes                (number and length as in encoding/binary's uvarint)
package record

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"iter"
	"math"
)

// Errors of reading.
var (
	ErrForeign   = errors.New("not a record of this kind")
	ErrChecksum  = errors.New("record is damaged: its checksum is wrong")
	ErrMalformed = errors.New("record is malformed")
)

func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// Seal ends a record that begins with its magic at dst[from:].
func Seal(dst []byte, from int) []byte {
	return binary.LittleEndian.AppendUint32(dst, checksum(dst[from:]))
}

// Open checks a whole record and gives its fields' bytes, which share data's memory.
func Open(data []byte, magic string) ([]byte, error) {
	if !bytes.HasPrefix(data, []byte(magic)) {
		return nil, ErrForeign
	}
	end := len(data) - 4
	if end < len(magic) || binary.LittleEndian.Uint32(data[end:]) != checksum(data[:end]) {
		return nil, ErrChecksum
	}
	return data[len(magic):end], nil
}

// AppendBytes appends a field.
func AppendBytes(dst []byte, field uint64, value []byte) []byte {
	dst = binary.AppendUvarint(dst, field)
	dst = binary.AppendUvarint(dst, uint64(len(value)))
	return append(dst, value...)
}

// AppendString appends a field; an empty one is left out.
func AppendString(dst []byte, field uint64, value string) []byte {
	if value == "" {
		return dst
	}
	dst = binary.AppendUvarint(dst, field)
	dst = binary.AppendUvarint(dst, uint64(len(value)))
	return append(dst, value...)
}

// AppendInt appends a field that holds one number; zero is left out.
func AppendInt(dst []byte, field uint64, value int64) []byte {
	if value == 0 {
		return dst
	}
	var b [binary.MaxVarintLen64]byte
	return AppendBytes(dst, field, binary.AppendVarint(b[:0], value))
}

// AppendFloat appends a field that holds one number; zero is not left out.
func AppendFloat(dst []byte, field uint64, value float64) []byte {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], math.Float64bits(value))
	return AppendBytes(dst, field, b[:])
}

// Fields iterates over fields up to the first that doesn't fit; that one is reported through err, which
// must not be nil.
func Fields(data []byte, err *error) iter.Seq2[uint64, Value] {
	return func(yield func(uint64, Value) bool) {
		for r := Of(data); len(r.data) > 0; {
			field := r.Uint()
			value := r.Bytes(r.Length())
			if r.err != nil {
				*err = r.err
				return
			}
			if !yield(field, Value(value)) {
				return
			}
		}
	}
}

// Value is the bytes of a field. Methods that don't find what they are for give zero.
type Value []byte

// Int is the number of a field that AppendInt wrote.
func (v Value) Int() int64 {
	n, used := binary.Varint(v)
	if used <= 0 {
		return 0
	}
	return n
}

// Float is the number of a field that AppendFloat wrote.
func (v Value) Float() float64 {
	if len(v) < 8 {
		return 0
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(v))
}

// String is a copy of the field's bytes as text.
func (v Value) String() string { return string(v) }

// Reader reads what stands in one field's value. After the first thing that isn't there, it gives zeros
// and Err says so.
type Reader struct {
	data []byte
	err  error
}

// Of reads data.
func Of(data []byte) *Reader { return &Reader{data: data} }

// Err is nil as long as everything was there.
func (r *Reader) Err() error { return r.err }

// Left is how many bytes are left.
func (r *Reader) Left() int { return len(r.data) }

func (r *Reader) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", ErrMalformed, what)
	}
	r.data = nil
}

// Uint reads a uvarint.
func (r *Reader) Uint() uint64 {
	n, used := binary.Uvarint(r.data)
	if used <= 0 {
		r.fail("a number is cut off")
		return 0
	}
	r.data = r.data[used:]
	return n
}

// Length reads a uvarint that counts what takes at least one byte each, and so can't be more than is
// left.
func (r *Reader) Length() int {
	n := r.Uint()
	if n > uint64(len(r.data)) {
		r.fail("a length goes beyond the end")
		return 0
	}
	return int(n)
}

// Int reads a varint.
func (r *Reader) Int() int64 {
	n, used := binary.Varint(r.data)
	if used <= 0 {
		r.fail("a number is cut off")
		return 0
	}
	r.data = r.data[used:]
	return n
}

// Bytes reads n bytes, which share the record's memory.
func (r *Reader) Bytes(n int) []byte {
	if n < 0 || n > len(r.data) {
		r.fail("bytes are missing")
		return nil
	}
	b := r.data[:n:n]
	r.data = r.data[n:]
	return b
}
