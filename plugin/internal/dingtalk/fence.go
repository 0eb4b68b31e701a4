package dingtalk

import "strings"

// A fence is a fenced block of code
// (https://spec.commonmark.org/0.31.2/#fenced-code-blocks).
type fence struct {
	from, to int    // the code itself, without the lines that open and close it
	line     string // the line that opens it, "```go\n"
	marker   string // its backticks or tildes alone
}

// A fenceSpan is where a fence is. A text may have tens of thousands, so it holds
// no strings.
type fenceSpan struct {
	open, from, to int // open is where the line begins that opens it
}

// fences are the fences of a text, in order.
type fences struct {
	text         string
	list         []fenceSpan
	suffixBudget int // the most that suffix may take in JSON, in bytes
}

// findFences finds the fences of a Markdown text; other text has none. It counts
// them first, because a list that grows would take three times the memory.
func findFences(text string, markdown bool) fences {
	f := fences{text: text}
	if !markdown {
		return f
	}
	n := 0
	f.each(func(fence, int) { n++ })
	f.list = make([]fenceSpan, 0, n)
	f.each(func(found fence, open int) {
		f.list = append(f.list, fenceSpan{open, found.from, found.to})
		f.suffixBudget = max(f.suffixBudget, len(`\n`)+len(found.marker))
	})
	return f
}

// each calls do with each fence and where the line begins that opens it.
func (f *fences) each(do func(found fence, open int)) {
	for at := 0; at < len(f.text); {
		found, end := fenceAt(f.text, at)
		if found.marker == "" {
			_, end = nextLine(f.text, at)
		} else {
			do(found, at)
		}
		at = end
	}
}

// fenceAt returns the fence that the line at from opens, and the end of the line
// that closes it. Its marker is "" if there is none.
func fenceAt(text string, from int) (f fence, end int) {
	line, next := nextLine(text, from)
	marker, _ := fenceMarker(line)
	if marker == "" {
		return f, from
	}
	f = fence{from: next, to: len(text), line: text[from:next], marker: marker}
	for at := next; at < len(text); {
		line, next := nextLine(text, at)
		if again, rest := fenceMarker(line); strings.HasPrefix(again, marker) && strings.TrimSpace(rest) == "" {
			f.to = at
			return f, next
		}
		at = next
	}
	return f, len(text)
}

// fenceMarker returns the run of three or more backticks or tildes at the start
// of a line, and what follows it; or "".
func fenceMarker(line string) (marker, rest string) {
	trimmed := strings.TrimLeft(line, " ")
	if trimmed == "" || len(line)-len(trimmed) > 3 {
		return "", ""
	}
	n := runLen(trimmed)
	rest = trimmed[n:]
	if c := trimmed[0]; n < 3 || n > 16 || len(line) > 128 || c != '~' && (c != '`' || strings.Contains(rest, "`")) {
		return "", ""
	}
	return trimmed[:n], rest
}

// at returns the fence whose code a cut at p would divide, or nil.
func (f *fences) at(p int) *fence {
	first, end := 0, len(f.list) // the first that begins behind p
	for first < end {
		if middle := (first + end) / 2; f.list[middle].from <= p {
			first = middle + 1
		} else {
			end = middle
		}
	}
	if first == 0 || p > f.list[first-1].to || p >= len(f.text) {
		return nil
	}
	span := f.list[first-1]
	line := f.text[span.open:span.from]
	marker, _ := fenceMarker(strings.TrimSuffix(line, "\n"))
	return &fence{span.from, span.to, line, marker}
}

// skipClosing moves a cut from just before the line that closes a fence behind
// that line, which is as long as the suffix would be.
func (f *fences) skipClosing(p int) int {
	fence := f.at(p)
	if fence == nil || p != fence.to {
		return p
	}
	if line, next := nextLine(f.text, p); len(line)+len(`\n`) <= f.suffixBudget { // a marker and blanks need no escape
		return next
	}
	return p
}

// prefix returns the line that reopens the fence behind a cut at p, or "".
func (f *fences) prefix(p int) string {
	if fence := f.at(p); fence != nil && p > 0 {
		return fence.line
	}
	return ""
}

// suffix returns what closes the fence before a cut at p, or "".
func (f *fences) suffix(p int) string {
	fence := f.at(p)
	switch {
	case fence == nil:
		return ""
	case strings.HasSuffix(f.text[:p], "\n"):
		return fence.marker
	}
	return "\n" + fence.marker
}

// A code is a piece of a Markdown text that is code.
type code struct {
	from, to int // with the lines or backticks around it
	fenced   bool
}

// A codeScanner finds the code of a Markdown text: fences and code spans
// (https://spec.commonmark.org/0.31.2/#code-spans). guess: that DingTalk reads
// them so. Indented code does not count, because models indent text, too.
type codeScanner struct {
	text string
	at   int    // everything before is done
	end  int    // of the paragraph that holds at
	lone uint32 // bit n: there is no run of n backticks from at to end
}

// next returns the next piece of code, and at the end of the text an empty one.
func (s *codeScanner) next() code {
	for s.at < len(s.text) {
		if s.at == s.end {
			from := s.at
			if f, end := fenceAt(s.text, from); f.marker != "" {
				s.at, s.end = end, end
				return code{from, end, true}
			}
			s.end, s.lone = paragraphFrom(s.text, from), 0
		}
		from, to := nextTicks(s.text[:s.end], s.at)
		s.at = to
		if closed := s.closing(to - from); closed > 0 {
			s.at = closed
			return code{from, closed, false}
		}
	}
	return code{len(s.text), len(s.text), false}
}

// paragraphFrom returns where the paragraph at from ends: behind a blank line
// or before a fence.
func paragraphFrom(text string, from int) int {
	for at := from; at < len(text); {
		line, next := nextLine(text, at)
		if marker, _ := fenceMarker(line); marker != "" && at > from {
			return at
		}
		if IsBlank(line) {
			return next
		}
		at = next
	}
	return len(text)
}

// nextTicks returns where the next run of backticks begins and ends.
func nextTicks(text string, at int) (from, to int) {
	from = indexFrom(text, "`", at)
	return from, from + runLen(text[from:])
}

// closing returns the end of the next run of n backticks in the paragraph, or
// 0. It searches in vain only once for each n.
func (s *codeScanner) closing(n int) int {
	if n == 0 || n > 31 || s.lone>>n&1 == 1 {
		return 0
	}
	for at := s.at; at < s.end; {
		from, to := nextTicks(s.text[:s.end], at)
		if to-from == n {
			return to
		}
		at = to
	}
	s.lone |= 1 << n
	return 0
}
