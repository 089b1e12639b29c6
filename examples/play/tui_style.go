package main

import (
	"io"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

// theme is the look of the full-screen player. Colours follow the terminal: none with NO_COLOR,
// darker ones on a light background.
type theme struct {
	renderer                                      *lipgloss.Renderer
	plain, strong, dim, accent, good, warn, wrong lipgloss.Style
	selected, played                              lipgloss.Style
}

func newTheme(out io.Writer) theme { return themeFor(lipgloss.NewRenderer(out)) }

func themeFor(r *lipgloss.Renderer) theme {
	colour := func(light, dark string) lipgloss.Style {
		return r.NewStyle().Foreground(lipgloss.AdaptiveColor{Light: light, Dark: dark})
	}
	return theme{
		renderer: r,
		plain:    r.NewStyle(),
		strong:   r.NewStyle().Bold(true),
		dim:      colour("244", "243"),
		accent:   colour("25", "80").Bold(true),
		good:     colour("28", "114"),
		warn:     colour("130", "221"),
		wrong:    colour("160", "210"),
		selected: r.NewStyle().Reverse(true),
		played:   colour("25", "80"), // bold blocks are of another colour on many terminals
	}
}

// pictures tells whether the terminal has colours enough for a cover.
func (t theme) pictures() bool {
	p := t.renderer.ColorProfile()
	return p == termenv.TrueColor || p == termenv.ANSI256
}
