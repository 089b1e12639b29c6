// Package aes128 takes whole media segments in and out of AES-128-CBC with PKCS #7 padding, as HLS
// encrypts them with METHOD=AES-128 (RFC 8216, 4.3.2.4 and 5.2).
//
// It knows nothing of playlists, key servers or licences: whoever calls it brings the key and the IV.
// CBC authenticates nothing. A wrong key or IV, or a damaged segment, can only be noticed by the padding
// at the very end, and about one wrong key in 256 passes even that; whoever needs more must check the
// plaintext, as a demuxer does when it finds no frame in it.
package aes128

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
)

// Sizes in bytes.
const (
	KeySize   = 16
	BlockSize = aes.BlockSize
)

// Errors of Decrypt and Encrypt. None of them gets better by trying again with the same arguments.
var (
	// ErrKeySize: the key has not 16 bytes. What a key server gave may be an error page.
	ErrKeySize = errors.New("aes128: key is not 16 bytes")
	// ErrCiphertext: no whole number of blocks, or none: most likely the segment was cut off.
	ErrCiphertext = errors.New("aes128: ciphertext is not a whole number of blocks")
	// ErrPadding: the last block does not end in PKCS #7 padding: wrong key, or a damaged segment.
	ErrPadding = errors.New("aes128: bad padding (wrong key or damaged data)")
)

// Decrypt returns the plaintext of src. It writes over dst's storage where the capacity suffices for
// len(src) bytes, else allocates; whatever dst held is lost, and nothing is appended to it. dst may be
// nil, or share src's first byte, which decrypts in place. After ErrPadding the storage holds rubbish.
func Decrypt(dst, src, key []byte, iv [16]byte) ([]byte, error) {
	block, err := newBlock(key)
	if err != nil {
		return nil, err
	}
	if len(src) == 0 || len(src)%BlockSize != 0 {
		return nil, fmt.Errorf("%w: %d bytes", ErrCiphertext, len(src))
	}
	out := storage(dst, src, len(src))
	cipher.NewCBCDecrypter(block, iv[:]).CryptBlocks(out, src)
	n := int(out[len(out)-1])
	if n == 0 || n > BlockSize {
		return nil, ErrPadding
	}
	for _, b := range out[len(out)-n:] {
		if int(b) != n {
			return nil, ErrPadding
		}
	}
	return out[:len(out)-n], nil
}

// DecryptPart returns the plaintext of src's whole blocks, for the beginning of a segment whose rest is
// still on its way: there is no padding to be checked. dst is used as Decrypt does. Its error is ErrKeySize.
func DecryptPart(dst, src, key []byte, iv [16]byte) ([]byte, error) {
	block, err := newBlock(key)
	if err != nil {
		return nil, err
	}
	src = src[:len(src)-len(src)%BlockSize]
	out := storage(dst, src, len(src))
	cipher.NewCBCDecrypter(block, iv[:]).CryptBlocks(out, src)
	return out, nil
}

// Encrypt returns the ciphertext of src, which is 1 to 16 bytes longer. It uses dst as Decrypt does:
// dst may share src's first byte, and then src is overwritten where dst's capacity suffices.
func Encrypt(dst, src, key []byte, iv [16]byte) ([]byte, error) {
	block, err := newBlock(key)
	if err != nil {
		return nil, err
	}
	whole := len(src) - len(src)%BlockSize
	var last [BlockSize]byte
	n := copy(last[:], src[whole:])
	for i := n; i < BlockSize; i++ {
		last[i] = byte(BlockSize - n)
	}
	out := storage(dst, src, whole+BlockSize)
	mode := cipher.NewCBCEncrypter(block, iv[:])
	mode.CryptBlocks(out[:whole], src[:whole])
	mode.CryptBlocks(out[whole:], last[:])
	return out, nil
}

func newBlock(key []byte) (cipher.Block, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("%w: %d bytes", ErrKeySize, len(key))
	}
	return aes.NewCipher(key)
}

// storage gives n bytes, dst's where they serve. The standard library panics when source and
// destination overlap in any way but from the same first byte, so such a dst is passed over.
func storage(dst, src []byte, n int) []byte {
	if cap(dst) < n {
		return make([]byte, n)
	}
	out := dst[:n]
	if cap(src) > 0 && &out[0] != &src[:1][0] && sameArray(dst, src) {
		return make([]byte, n)
	}
	return out
}

// sameArray tells whether two slices end in the same array, the only sharing that slicing without a
// third index can make.
func sameArray(a, b []byte) bool {
	return &a[:cap(a)][cap(a)-1] == &b[:cap(b)][cap(b)-1]
}
