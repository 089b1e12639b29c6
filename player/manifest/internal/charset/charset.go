// Package charset reads the encodings beside UTF-8 that manifests in XML come in.
package charset

import (
	"fmt"
	"io"
	"strings"

	"github.com/segue-audio/segue/player/manifest"
)

// Reader is for encoding/xml's CharsetReader: it takes ASCII and ISO 8859-1, whose characters are the first
// ones of Unicode. Windows-1252 is read as ISO 8859-1, which differs in 27 rare characters. The error wraps
// manifest.ErrUnsupported.
func Reader(label string, in io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "utf-8", "us-ascii", "ascii", "":
		return in, nil
	case "iso-8859-1", "latin1", "windows-1252":
		data, err := io.ReadAll(in)
		if err != nil {
			return nil, err
		}
		var b strings.Builder
		for _, c := range data {
			b.WriteRune(rune(c))
		}
		return strings.NewReader(b.String()), nil
	}
	return nil, fmt.Errorf("%w: encoding %.32q", manifest.ErrUnsupported, label)
}
