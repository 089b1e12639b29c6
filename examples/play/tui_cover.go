package main

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"net/http"
	"strings"

	"github.com/charmbracelet/lipgloss"
)

// maxCoverPixels bounds what is decoded: a picture's header may claim any size.
const maxCoverPixels = 50_000_000

var errCoverFormat = errors.New("a cover that is neither a JPEG nor a PNG of sensible size")

// decodeCover reads a JPEG or PNG.
func decodeCover(data []byte) (image.Image, error) {
	size, decode := jpeg.DecodeConfig, jpeg.Decode
	switch http.DetectContentType(data) {
	case "image/jpeg":
	case "image/png":
		size, decode = png.DecodeConfig, png.Decode
	default:
		return nil, errCoverFormat
	}
	config, err := size(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if config.Width <= 0 || config.Height <= 0 || config.Width > maxCoverPixels/config.Height {
		return nil, errCoverFormat
	}
	return decode(bytes.NewReader(data))
}

// halfBlocks draws a picture in rows lines of 2 × rows cells. A cell is about twice as high as wide,
// so an upper half block in two colours makes two square pixels.
func halfBlocks(img image.Image, rows int, t theme) []string {
	side := 2 * rows
	pixels := shrink(img, side)
	lines := make([]string, rows)
	for y := range lines {
		var line strings.Builder
		for x := range side {
			style := t.renderer.NewStyle().
				Foreground(hexColour(pixels[2*y][x])).
				Background(hexColour(pixels[2*y+1][x]))
			line.WriteString(style.Render("▀"))
		}
		lines[y] = line.String()
	}
	return lines
}

func hexColour(c color.RGBA) lipgloss.Color {
	return lipgloss.Color(fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B))
}

// shrink averages the picture's middle square to side × side pixels.
func shrink(img image.Image, side int) [][]color.RGBA {
	b := img.Bounds()
	edge := min(b.Dx(), b.Dy())
	left, top := b.Min.X+(b.Dx()-edge)/2, b.Min.Y+(b.Dy()-edge)/2
	out := make([][]color.RGBA, side)
	for y := range out {
		out[y] = make([]color.RGBA, side)
		y0, y1 := top+y*edge/side, top+(y+1)*edge/side
		for x := range out[y] {
			x0, x1 := left+x*edge/side, left+(x+1)*edge/side
			out[y][x] = mean(img, image.Rect(x0, y0, max(x1, x0+1), max(y1, y0+1)))
		}
	}
	return out
}

// mean is the average colour of a part of a picture, from at most about 16 × 16 points of it.
func mean(img image.Image, r image.Rectangle) color.RGBA {
	var red, green, blue, n uint64
	for y := r.Min.Y; y < r.Max.Y; y += 1 + r.Dy()/16 {
		for x := r.Min.X; x < r.Max.X; x += 1 + r.Dx()/16 {
			pr, pg, pb, _ := img.At(x, y).RGBA()
			red, green, blue, n = red+uint64(pr), green+uint64(pg), blue+uint64(pb), n+1
		}
	}
	return color.RGBA{uint8(red / n >> 8), uint8(green / n >> 8), uint8(blue / n >> 8), 255}
}
