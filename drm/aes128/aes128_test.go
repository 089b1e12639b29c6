package aes128

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"testing"
)

// specimen gives a key, an IV and n bytes, the same every time.
func specimen(n int) (key []byte, iv [16]byte, data []byte) {
	r := rand.NewChaCha8([32]byte{byte(n)})
	key, data = make([]byte, KeySize), make([]byte, n)
	r.Read(key)
	r.Read(iv[:])
	r.Read(data)
	return key, iv, data
}

// TestKnownAnswer is NIST SP 800-38A, F.2.1, with the block of padding that PKCS #7 adds.
func TestKnownAnswer(t *testing.T) {
	key := unhex(t, "2b7e151628aed2a6abf7158809cf4f3c")
	iv := [16]byte(unhex(t, "000102030405060708090a0b0c0d0e0f"))
	clear := unhex(t, "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51")
	want := unhex(t, "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2")
	got, err := Encrypt(nil, clear, key, iv)
	if err != nil || len(got) != 48 || !bytes.Equal(got[:32], want) {
		t.Fatalf("%x, %v", got, err)
	}
	back, err := Decrypt(nil, got, key, iv)
	if err != nil || !bytes.Equal(back, clear) {
		t.Fatalf("%x, %v", back, err)
	}
}

// TestOpenSSL goes both ways with another implementation.
func TestOpenSSL(t *testing.T) {
	path, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	run := func(in []byte, args ...string) []byte {
		t.Helper()
		cmd := exec.Command(path, args...)
		cmd.Stdin = bytes.NewReader(in)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("openssl %v: %v", args, err)
		}
		return out
	}
	for _, n := range []int{0, 1, 15, 16, 17, 160_001} {
		key, iv, clear := specimen(n)
		args := []string{"enc", "-aes-128-cbc", "-K", hex.EncodeToString(key), "-iv", hex.EncodeToString(iv[:])}
		theirs := run(clear, args...)
		ours, err := Encrypt(nil, clear, key, iv)
		if err != nil || !bytes.Equal(ours, theirs) {
			t.Errorf("%d bytes: ciphertexts differ (%v)", n, err)
		}
		if back, err := Decrypt(nil, theirs, key, iv); err != nil || !bytes.Equal(back, clear) {
			t.Errorf("%d bytes: plaintext differs (%v)", n, err)
		}
		if back := run(ours, append(args, "-d")...); !bytes.Equal(back, clear) {
			t.Errorf("%d bytes: openssl reads ours differently", n)
		}
	}
}

// TestStorage: where the result lies, for every way that dst and src can lie to each other.
func TestStorage(t *testing.T) {
	key, iv, clear := specimen(100)
	sealed, err := Encrypt(nil, clear, key, iv)
	if err != nil {
		t.Fatal(err)
	}
	for name, arrange := range map[string]func() (dst, src []byte){
		"none":      func() (dst, src []byte) { return nil, bytes.Clone(sealed) },
		"too small": func() (dst, src []byte) { return make([]byte, 20), bytes.Clone(sealed) },
		"apart":     func() (dst, src []byte) { return make([]byte, 5, 200), bytes.Clone(sealed) },
		"in place":  func() (dst, src []byte) { b := bytes.Clone(sealed); return b[:0], b },
		"behind":    func() (dst, src []byte) { b := append(make([]byte, 8), sealed...); return b, b[8:] },
		"ahead": func() (dst, src []byte) {
			b := append(bytes.Clone(sealed), make([]byte, 200)...)
			return b[8:], b[:len(sealed)]
		},
	} {
		dst, src := arrange()
		got, err := Decrypt(dst, src, key, iv)
		if err != nil || !bytes.Equal(got, clear) {
			t.Errorf("%s: %x, %v", name, got, err)
			continue
		}
		used := cap(dst) > 0 && &got[0] == &dst[:1][0]
		if want := name == "apart" || name == "in place"; used != want {
			t.Errorf("%s: dst's storage used: %v", name, used)
		}
	}
	b := append(make([]byte, 0, 200), clear...)
	if got, err := Encrypt(b[:0], b, key, iv); err != nil || !bytes.Equal(got, sealed) || &got[0] != &b[0] {
		t.Errorf("encrypted in place: %x, %v", got, err)
	}
}

func TestRefusals(t *testing.T) {
	key, iv, clear := specimen(100)
	sealed, err := Encrypt(nil, clear, key, iv)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 15, 17, 24, 32} {
		if _, err := Decrypt(nil, sealed, make([]byte, n), iv); !errors.Is(err, ErrKeySize) {
			t.Errorf("key of %d bytes: %v", n, err)
		}
		if _, err := Encrypt(nil, clear, make([]byte, n), iv); !errors.Is(err, ErrKeySize) {
			t.Errorf("key of %d bytes: %v", n, err)
		}
	}
	for n := range sealed {
		_, err := Decrypt(nil, sealed[:n], key, iv)
		if n%BlockSize != 0 || n == 0 {
			if !errors.Is(err, ErrCiphertext) {
				t.Errorf("%d bytes: %v", n, err)
			}
		} else if !errors.Is(err, ErrPadding) { // cut between blocks: the padding is gone
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	sealed[len(sealed)-1] ^= 1
	if out, err := Decrypt(nil, sealed, key, iv); !errors.Is(err, ErrPadding) || out != nil {
		t.Errorf("damaged: %x, %v", out, err)
	}
}

// TestPaddings tries every value of every byte of the last block of padding.
func TestPaddings(t *testing.T) {
	key, iv, _ := specimen(0)
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 256 {
		for spoilt := range BlockSize {
			clear := bytes.Repeat([]byte{byte(n)}, BlockSize)
			if spoilt > 0 {
				clear[BlockSize-1-spoilt] ^= 0x80
			}
			sealed := make([]byte, BlockSize)
			cipher.NewCBCEncrypter(block, iv[:]).CryptBlocks(sealed, clear)
			out, err := Decrypt(nil, sealed, key, iv)
			valid := n >= 1 && n <= BlockSize && (spoilt == 0 || spoilt >= n)
			if valid && (err != nil || !bytes.Equal(out, clear[:BlockSize-n])) || !valid && !errors.Is(err, ErrPadding) {
				t.Fatalf("padding of %d, byte %d spoilt: %x, %v", n, spoilt, out, err)
			}
		}
	}
}

// TestWrongKeys measures what the package comment says: how many wrong keys the padding lets pass.
func TestWrongKeys(t *testing.T) {
	key, iv, clear := specimen(1000)
	sealed, err := Encrypt(nil, clear, key, iv)
	if err != nil {
		t.Fatal(err)
	}
	const tries = 20_000
	passed := 0
	wrong := make([]byte, KeySize)
	r := rand.NewChaCha8([32]byte{9})
	for range tries {
		r.Read(wrong)
		if _, err := Decrypt(nil, sealed, wrong, iv); err == nil {
			passed++
		} else if !errors.Is(err, ErrPadding) {
			t.Fatal(err)
		}
	}
	if share := float64(passed) / tries; share < 1.0/400 || share > 1.0/170 {
		t.Errorf("%d of %d wrong keys passed", passed, tries)
	}
}

func TestDecryptInPlaceAllocates(t *testing.T) {
	key, iv, clear := specimen(160_000)
	sealed, err := Encrypt(nil, clear, key, iv)
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, len(sealed))
	n := testing.AllocsPerRun(20, func() {
		copy(buf, sealed)
		if _, err := Decrypt(buf, buf, key, iv); err != nil {
			t.Fatal(err)
		}
	})
	if n > 3 { // the cipher and its mode, whatever the segment's length
		t.Errorf("%v allocations a segment", n)
	}
}

func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("music"), []byte("0123456789abcdef"), []byte("iv"), 3)
	f.Add([]byte{}, []byte("short"), []byte{}, 0)
	f.Fuzz(func(t *testing.T, data, key, ivBytes []byte, room int) {
		var iv [16]byte
		copy(iv[:], ivBytes)
		// As ciphertext it may be anything, and must be an error or no longer than it was.
		if out, err := Decrypt(nil, bytes.Clone(data), key, iv); err == nil && len(out) >= len(data) {
			t.Fatalf("%d bytes of %d", len(out), len(data))
		}
		src := bytes.Clone(data)
		sealed, err := Encrypt(make([]byte, min(max(room, 0), 1<<16)), src, key, iv)
		if len(key) != KeySize {
			if !errors.Is(err, ErrKeySize) {
				t.Fatal(err)
			}
			return
		}
		if err != nil || len(sealed) <= len(data) || len(sealed) > len(data)+BlockSize {
			t.Fatalf("%d bytes of %d: %v", len(sealed), len(data), err)
		}
		back, err := Decrypt(sealed, sealed, key, iv)
		if err != nil || !bytes.Equal(back, data) {
			t.Fatalf("%x, want %x: %v", back, data, err)
		}
	})
}

// BenchmarkDecrypt stands beside the bare cipher, over one segment of 4 s at 320 kbps.
func BenchmarkDecrypt(b *testing.B) {
	key, iv, clear := specimen(160_000)
	sealed, err := Encrypt(nil, clear, key, iv)
	if err != nil {
		b.Fatal(err)
	}
	out := make([]byte, len(sealed))
	b.Run("segment", func(b *testing.B) {
		b.SetBytes(int64(len(sealed)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Decrypt(out, sealed, key, iv); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("bare cipher", func(b *testing.B) {
		block, err := aes.NewCipher(key)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(sealed)))
		for b.Loop() {
			cipher.NewCBCDecrypter(block, iv[:]).CryptBlocks(out, sealed)
		}
	})
}

func Example() {
	key := []byte("0123456789abcdef")
	var iv [16]byte
	sealed, _ := Encrypt(nil, []byte("four seconds of music"), key, iv)
	_, err := Decrypt(nil, sealed, []byte("another key, as!"), iv)
	fmt.Println(err)
	segment, _ := Decrypt(sealed, sealed, key, iv) // in place
	fmt.Printf("%s\n", segment)
	// Output:
	// aes128: bad padding (wrong key or damaged data)
	// four seconds of music
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
