package webui

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"
)

// TestContrast requires WCAG 2's contrast for small text, 4.5 to 1, of every pair of colors that the style combines.
func TestContrast(t *testing.T) {
	css, err := web.ReadFile("web/page.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, _ := strings.Cut(string(css), "prefers-color-scheme: dark")
	grounds := map[string][]string{
		"ink":  {"chat", "bar", "bubble", "sunk", "glow", "badglow", "warnglow"},
		"soft": {"chat", "bar", "bubble", "sunk", "glow", "badglow", "warnglow"},
		"link": {"chat", "bar", "bubble", "sunk", "glow"},
		"bad":  {"chat", "bubble", "sunk", "glow", "badglow"},
		"warn": {"chat", "bubble", "warnglow"},
		"bar":  {"link"}, // the button for new messages
	}
	for scheme, part := range map[string]string{"light": light, "dark": dark} {
		colors := palette(part)
		for ink, list := range grounds {
			for _, ground := range list {
				a, known := colors[ink]
				b, too := colors[ground]
				if got := contrast(a, b); got < 4.5 || !known || !too {
					t.Errorf("%s: %s on %s is %.2f to 1", scheme, ink, ground, got)
				}
			}
		}
	}
}

var colorRE = regexp.MustCompile(`--(\w+): #([0-9a-f]{3,6});`)

// palette returns the luminance of each variable of a scheme.
func palette(css string) map[string]float64 {
	colors := map[string]float64{}
	for _, m := range colorRE.FindAllStringSubmatch(css, -1) {
		hex := m[2]
		if len(hex) == 3 {
			hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
		}
		var r, g, b uint8
		_, _ = fmt.Sscanf(hex, "%02x%02x%02x", &r, &g, &b)
		colors[m[1]] = 0.2126*linear(r) + 0.7152*linear(g) + 0.0722*linear(b)
	}
	return colors
}

func linear(c uint8) float64 {
	v := float64(c) / 255
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

func contrast(a, b float64) float64 { return (max(a, b) + 0.05) / (min(a, b) + 0.05) }
