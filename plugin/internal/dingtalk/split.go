package dingtalk

import (
	"strings"
	"unicode/utf8"

	"dingtalk-plugin/plugin/internal/strictjson"
)

// A chunk is a piece of a long text. The texts of all chunks, one after the
// other, are the whole but for pieces of blanks alone; open and close only keep
// a code fence alive across a cut.
type chunk struct {
	open, text, close string
}

// maxSpan is the longest mention, address or link that is kept whole, in
// bytes. It bounds how far back a cut may move.
const maxSpan = 2048

// A splitter cuts one text. It knows from one pass where a cut would tear a
// mention, an address, a Markdown link or a fence apart.
type splitter struct {
	text      string
	fences    fences
	protected []byte // bit p: not before byte p; nil for nowhere. A list of spans could be longer than the text.
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

// split returns chunks whose JSON form takes at most room(i) bytes each, open
// and close included. It prefers to cut at the end of a paragraph, then of a
// line, then of a sentence or word, as long as the chunk is filled to a share
// of fill/8; otherwise, and with fill 8, it cuts between two characters. A chunk
// of blanks alone is left out: DingTalk might refuse it, and nobody misses it.
// It returns nil when a room is too small or more than most chunks are needed.
func (s *splitter) split(most, fill int, room func(i int) int) (chunks []chunk) {
	for from := 0; from < len(s.text); {
		to := s.next(from, fill, room(len(chunks)))
		switch text := s.text[from:to]; {
		case to == from:
			return nil
		case IsBlank(text):
		case len(chunks) == most:
			return nil
		default:
			chunks = append(chunks, chunk{s.fences.open(from), text, s.fences.close(to)})
		}
		from = to
	}
	return chunks
}

// next returns where the chunk ends that begins at from and has this room.
func (s *splitter) next(from, fill, room int) int {
	room -= strictjson.EscapedLen(s.fences.open(from))
	n := strictjson.TruncateEscaped(s.text[from:], room)
	if from+n == len(s.text) {
		return len(s.text)
	}
	if n = strictjson.TruncateEscaped(s.text[from:], room-s.fences.suffixBudget); n == 0 {
		return from
	}
	return s.fences.skipClosing(s.cut(from, from+n*fill/8, from+n))
}

// boundaries find the last good place to cut in a text, the best kind first.
var boundaries = []func(text string) int{paragraphEnd, lineEnd, sentenceEnd, wordEnd}

// cut returns the best place to cut at or before to, but not before least
// unless what would be torn apart there leaves no choice.
func (s *splitter) cut(from, least, to int) int {
	start := max(from, least-len("。")) // no boundary before it can count
	for _, boundary := range boundaries {
		end := boundary(s.text[start:to])
		if p := s.snapToSpan(start + end); end > 0 && p > from && p >= least {
			return p
		}
	}
	if p := s.snapToSpan(to); p > from {
		return p
	}
	return to
}

// snapToSpan returns the last place at or before p where a cut tears nothing apart.
func (s *splitter) snapToSpan(p int) int {
	for s.protected != nil && s.protected[p/8]>>(p%8)&1 == 1 {
		p--
	}
	return p
}

// protect keeps cuts out of what stands from from to to.
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

// protectLine protects what stands in a line, which begins at from and with its
// newline ends at next.
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
			begin, end = fenceTail(line, i)
		}
		s.protect(from+begin, from+end)
		i = end
	}
}

// addressAt returns the bare address whose scheme ends at i, if one does.
func addressAt(line string, i int) (begin, end int) {
	if !strings.HasPrefix(line[i:], "://") {
		return i, i + 1
	}
	for begin = i; begin > 0 && isLetter(line[begin-1]); {
		begin--
	}
	return begin, addressEnd(line, i)
}

func addressEnd(line string, i int) int {
	for i < len(line) && inAddress(line[i]) {
		i++
	}
	return i
}

func inAddress(c byte) bool {
	return c > ' ' && c < 0x7f && strings.IndexByte("\"<>()[]", c) < 0
}

// A linkFinder finds the Markdown links of one line. It remembers what stands
// ahead, so that many brackets do not look for it again and again.
type linkFinder struct {
	line        string
	middle, end int // the next "](", and the next ")" behind it
}

// at returns the link or picture whose bracket stands at i, if one does.
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

// indexFrom returns where what next stands at or behind from, or len(s).
func indexFrom(s, what string, from int) int {
	if i := strings.Index(s[from:], what); i >= 0 {
		return from + i
	}
	return len(s)
}

// fenceTail returns the run of backticks or tildes at i. Behind a cut it would
// stand at the start of a line; where it would open or close a fence there, so
// does what else keeps it in the middle: blanks and the character before them.
func fenceTail(line string, i int) (begin, end int) {
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

// sentenceEnd returns the end of the last sentence: behind a Chinese full stop,
// or behind a Latin one and its blank.
func sentenceEnd(text string) (end int) {
	for _, mark := range sentenceMarks {
		if i := strings.LastIndex(text, mark); i >= 0 {
			end = max(end, i+len(mark))
		}
	}
	return end
}

// wordEnd keeps words whole.
func wordEnd(text string) int { return strings.LastIndexByte(text, ' ') + 1 }
