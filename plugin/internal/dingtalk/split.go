package dingtalk

import (
	"strings"
	"unicode/utf8"

	"dingtalk-plugin/plugin/internal/strictjson"
)

// A chunk is a piece of a long text. The texts of all chunks make the text again,
// except for pieces of white space only. Prefix and suffix open and close a
// fence that was cut.
type chunk struct {
	prefix, text, suffix string
}

// maxSpan is the longest mention, address or link that is never cut, in bytes.
// It bounds how far back a cut may move.
const maxSpan = 2048

// A splitter cuts a text, but not inside a mention, an address, a Markdown link
// or a line that opens a fence. It finds these spans once.
type splitter struct {
	text      string
	fences    fences
	protected []byte // bit p: no cut before byte p. A list of spans could be longer than the text.
}

func newSplitter(text string, markdown bool) *splitter {
	s := &splitter{text: text, fences: findFences(text, markdown)}
	for at := 0; at < len(text); {
		line, next := nextLine(text, at)
		s.protectLine(line, at, next)
		at = next
	}
	return s
}

// split returns at most maxParts chunks, prefix and suffix included, of at most
// first bytes of JSON for the first and other for each other. It returns nil if
// there would be more chunks or one has no space for a character.
//
// A cut is at the end of a paragraph, else of a line, else of a sentence or word,
// if the chunk is then filled to fill eighths; else between two characters. It
// leaves out a chunk of white space only, because DingTalk might refuse it.
func (s *splitter) split(maxParts, fill, first, other int) (chunks []chunk) {
	for from := 0; from < len(s.text); {
		budget := other
		if len(chunks) == 0 {
			budget = first
		}
		to := s.next(from, fill, budget)
		switch text := s.text[from:to]; {
		case to == from:
			return nil
		case IsBlank(text):
		case len(chunks) == maxParts:
			return nil
		default:
			chunks = append(chunks, chunk{s.fences.prefix(from), text, s.fences.suffix(to)})
		}
		from = to
	}
	return chunks
}

// next returns where the chunk at from ends.
func (s *splitter) next(from, fill, budget int) int {
	budget -= strictjson.EscapedLen(s.fences.prefix(from))
	n := strictjson.TruncateEscaped(s.text[from:], budget)
	if from+n == len(s.text) {
		return len(s.text)
	}
	if n = strictjson.TruncateEscaped(s.text[from:], budget-s.fences.suffixBudget); n == 0 {
		return from
	}
	return s.fences.skipClosing(s.cut(from, from+n*fill/8, from+n))
}

// boundaries find the last good place to cut in a text, the best kind first.
var boundaries = []func(text string) int{paragraphEnd, lineEnd, sentenceEnd, wordEnd}

// cut returns the best place to cut at or before to, and not before minEnd
// unless a protected span leaves no choice.
func (s *splitter) cut(from, minEnd, to int) int {
	start := max(from, minEnd-len("。")) // no boundary before it can count
	for _, boundary := range boundaries {
		end := boundary(s.text[start:to])
		if p := s.snapToSpan(start + end); end > 0 && p > from && p >= minEnd {
			return p
		}
	}
	if p := s.snapToSpan(to); p > from {
		return p
	}
	return to
}

// snapToSpan returns the last place at or before p that is in no protected span.
func (s *splitter) snapToSpan(p int) int {
	for s.protected != nil && s.protected[p/8]>>(p%8)&1 == 1 {
		p--
	}
	return p
}

func (s *splitter) protect(from, to int) {
	if to-from < 2 || to-from > maxSpan {
		return
	}
	if s.protected == nil {
		s.protected = make([]byte, len(s.text)/8+1)
	}
	for p := from + 1; p < to; p++ {
		s.protected[p/8] |= 1 << (p % 8)
	}
}

// protectLine protects the spans of a line, which begins at from; the next line
// begins at next.
func (s *splitter) protectLine(line string, from, next int) {
	if marker, _ := fenceMarker(line); marker != "" {
		s.protect(from, next)
		return
	}
	links := linkFinder{line: line, middle: -1, end: -1}
	for i := 0; i < len(line); {
		begin, end := i, i+1
		switch line[i] {
		case '@':
			end = tokenEnd(line, i+1)
		case ':':
			begin, end = addressAt(line, i)
		case '[':
			begin, end = links.at(i)
		case '`', '~':
			begin, end = fenceRun(line, i)
		}
		s.protect(from+begin, from+end)
		i = end
	}
}

// A linkFinder finds the Markdown links of a line. It remembers what it found
// ahead, so that the time for many brackets is linear.
type linkFinder struct {
	line        string
	middle, end int // the next "](", and the next ")" behind it
}

// at returns the link or picture whose bracket is at i, if any.
func (f *linkFinder) at(i int) (begin, end int) {
	if f.middle < i {
		f.middle = indexFrom(f.line, "](", i)
	}
	if f.end < f.middle {
		f.end = indexFrom(f.line, ")", f.middle)
	}
	if f.end == len(f.line) || f.end-i >= maxSpan {
		return i, i + 1
	}
	if i > 0 && f.line[i-1] == '!' {
		return i - 1, f.end + 1
	}
	return i, f.end + 1
}

// fenceRun returns the run of backticks or tildes at i. If a cut before it would
// make it open or close a fence, so would one before the blanks that precede it,
// and the result includes these and the character before.
func fenceRun(line string, i int) (begin, end int) {
	begin, end = i, i+runLen(line[i:])
	if end-i > 16 { // too many for a fence, unless the cut leaves 16
		return end - 17, end
	}
	if marker, _ := fenceMarker(line[max(i, end-3):]); marker == "" {
		return i, end
	}
	for begin > 0 && i-begin < 3 && line[begin-1] == ' ' {
		begin--
	}
	_, size := utf8.DecodeLastRuneInString(line[:begin])
	return begin - size, end
}

func paragraphEnd(text string) int {
	if i := strings.LastIndex(text, "\n\n"); i >= 0 {
		return i + len("\n\n")
	}
	return 0
}

func lineEnd(text string) int { return strings.LastIndexByte(text, '\n') + 1 }

var sentenceMarks = []string{"。", "！", "？", "；", "…", ". ", "! ", "? ", "; "}

func sentenceEnd(text string) (end int) {
	for _, mark := range sentenceMarks {
		if i := strings.LastIndex(text, mark); i >= 0 {
			end = max(end, i+len(mark))
		}
	}
	return end
}

func wordEnd(text string) int { return strings.LastIndexByte(text, ' ') + 1 }
