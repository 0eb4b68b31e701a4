package dingtalk

import (
	"strings"

	"dingtalk-plugin/plugin/internal/jsontext"
)

// A chunk is a piece of a long text. The texts of all chunks, one after the
// other, are the whole; open and close only keep a code fence alive across a
// cut.
type chunk struct {
	open, text, close string
}

// split cuts text into chunks whose JSON form takes at most room(i) bytes each,
// open and close included. It prefers the end of a paragraph, then of a line,
// then of a sentence or word, as long as the chunk is filled to a share of fill/8;
// otherwise, and with fill 8, it cuts between two characters. It returns nil
// when a room is too small or more than most chunks are needed.
func split(text string, markdown bool, most, fill int, room func(i int) int) (chunks []chunk) {
	fences := findFences(text, markdown)
	for from := 0; from < len(text); {
		if len(chunks) == most {
			return nil
		}
		budget := room(len(chunks)) - jsontext.Len(fences.open(from))
		n := jsontext.Fit(text[from:], budget)
		if from+n < len(text) {
			n = jsontext.Fit(text[from:], budget-fences.reserve())
			n = breakBefore(text[from:], n, n*fill/8)
			n = fences.past(from+n) - from
		}
		if n <= 0 {
			return nil
		}
		chunks = append(chunks, chunk{fences.open(from), text[from : from+n], fences.close(from + n)})
		from += n
	}
	return chunks
}

// breakBefore returns the best place to cut text at or before n, but not before
// least unless what would be torn apart there leaves no choice.
func breakBefore(text string, n, least int) int {
	for _, boundary := range []func(string) int{paragraphEnd, lineEnd, sentenceEnd, blankEnd} {
		if p := untorn(text, boundary(text[:n])); p > 0 && p >= least && p <= n {
			return p
		}
	}
	if p := untorn(text, n); p > 0 {
		return p
	}
	return n
}

func paragraphEnd(text string) int {
	if i := strings.LastIndex(text, "\n\n"); i >= 0 {
		return i + len("\n\n")
	}
	return 0
}

// blankEnd keeps words whole.
func blankEnd(text string) int { return strings.LastIndexByte(text, ' ') + 1 }

func lineEnd(text string) int { return strings.LastIndexByte(text, '\n') + 1 }

// sentenceEnd returns the end of the last sentence: behind a Chinese full stop,
// or behind a Latin one and its blank.
func sentenceEnd(text string) (end int) {
	for _, mark := range []string{"。", "！", "？", "；", "…", ". ", "! ", "? ", "; "} {
		if i := strings.LastIndex(text, mark); i >= 0 {
			end = max(end, i+len(mark))
		}
	}
	return end
}
