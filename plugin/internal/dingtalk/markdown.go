package dingtalk

import (
	"strings"

	"dingtalk-plugin/plugin/internal/strictjson"
)

// A markdownRule repairs one thing that DingTalk's clients show wrongly.
type markdownRule struct {
	what  string // that is shown wrongly
	phone bool   // on phones only
	fix   func(text string, limit int) string
}

// markdownRules are in the order in which they apply. Code is touched by none but
// the one for <, without which phones show nothing at all.
var markdownRules = [...]markdownRule{
	{"HTML comments", true, proseRule(dropComments)},
	{"strikethrough", true, proseRule(dropTildes)},
	{`a written \n`, false, proseRule(fixBackslashN)},
	{"HTML or <", false, fixAngles},
	{"task lists", true, fixTasks},
	{"tables", true, listTables},
	{"table rules other than :-:", false, fixTables},
	{"single line breaks", false, fixLineBreaks},
}

// FixMarkdown repairs what DingTalk's clients show wrongly, for phones also what
// only they do. It returns "" if the text would then take more than limit bytes,
// because a text can grow to several times its length.
func FixMarkdown(text string, limit int, phone bool) string {
	for i := range markdownRules {
		if rule := &markdownRules[i]; phone || !rule.phone {
			text = rule.fix(text, limit)
		}
	}
	return text
}

// shownWrongly returns what in a Markdown text some clients show wrongly.
func shownWrongly(text string) (list []string) {
	for i := range markdownRules {
		if rule := &markdownRules[i]; rule.fix(text, len(text)*8) != text {
			list = append(list, rule.what)
		}
	}
	return list
}

// proseRule applies change to all that is not code.
func proseRule(change func(b *fixedText, piece string)) func(text string, limit int) string {
	return func(text string, limit int) string { return mapMarkdown(text, limit, false, change) }
}

// dropComments drops HTML comments, which some phones show
// (https://github.com/AstrBotDevs/AstrBot/issues/4746).
func dropComments(b *fixedText, text string) {
	for {
		i := indexFrom(text, "<!--", 0)
		_, after, closed := strings.Cut(text[min(i+len("<!"), len(text)):], "-->") // <!--> is one, too
		if !closed {
			b.add(text)
			return
		}
		b.add(text[:i])
		text = after
	}
}

// dropTildes drops the tildes of ~~strikethrough~~, which phones show
// (https://github.com/NousResearch/hermes-agent/pull/37278).
func dropTildes(b *fixedText, text string) { b.add(strings.ReplaceAll(text, "~~", "")) }

// fixBackslashN replaces a backslash and an n, which models write for a newline
// (https://github.com/CatchZeng/dingtalk/issues/8), but not in C:\new or \nabla.
func fixBackslashN(b *fixedText, text string) {
	word := 0 // where the word begins that ends at i
	for at := 0; b.limit >= 0; {
		i := indexFrom(text, `\n`, at)
		if i == len(text) {
			b.add(text[at:])
			return
		}
		for from := i; from > at; from-- {
			if c := text[from-1]; !isTokenByte(c) && strings.IndexByte(`.:/\`, c) < 0 {
				word = from
				break
			}
		}
		end := i + len(`\n`)
		if isNewline(text[word:i], text[end:]) {
			b.add(strings.TrimSuffix(text[at:i], `\r`))
			b.add("\n")
			word = end
		} else {
			b.add(text[at:end])
		}
		at = end
	}
}

// isNewline reports whether a backslash and an n are a newline, given the word
// before them and what follows: not behind another backslash, in a path that begins
// with a drive, or as a command of TeX.
func isNewline(word, rest string) bool {
	if strings.HasSuffix(word, `\`) {
		return false
	}
	n := 0
	for n < len(rest) && 'a' <= rest[n] && rest[n] <= 'z' {
		n++
	}
	if n == 0 {
		return true
	}
	drive := len(word) > 1 && word[1] == ':' && isLetter(word[0]) && (len(word) == 2 || word[2] == '\\')
	return !drive && !strings.HasPrefix(word, `\\`) && (n > 10 || !strings.Contains(texCommands, " "+rest[:n]+" "))
}

// texCommands are TeX's commands that begin with n, without the n. None is a word.
const texCommands = " abla e eq eg ewline ewcommand exists less mid onumber ormalsize otin u "

// fixAngles escapes <, behind which phones show nothing more of the message, in
// code and outside it (https://github.com/eryajf/chatgpt-dingtalk/pull/213), and
// makes <br> a line break.
func fixAngles(text string, limit int) string {
	text = mapMarkdown(text, limit, false, fixTags)
	return mapMarkdown(text, limit, true, escapeAngles) // a fence may begin where <br> was
}

func escapeAngles(b *fixedText, text string) {
	for b.limit >= 0 {
		before, after, found := strings.Cut(text, "<")
		b.add(before)
		if !found {
			return
		}
		b.add("&lt;")
		text = after
	}
}

// fixTags replaces <br> and escapes every other < that begins neither <font> nor
// an address. In a table's row, <br> becomes a blank.
func fixTags(b *fixedText, text string) {
	lineEnd, lineBreak := 0, ""
	for at := 0; b.limit >= 0; {
		i := indexFrom(text, "<", at)
		b.add(text[at:i])
		if i == len(text) {
			return
		}
		rest := text[i:]
		kept, br := keptTag(rest), breakTag(rest)
		switch at = i + max(1, kept, br); {
		case kept > 0:
			b.add(rest[:kept])
		case br == 0:
			b.add("&lt;")
		default:
			if i >= lineEnd {
				line, _ := nextLine(text, i)
				lineEnd, lineBreak = i+len(line), "\n"
				if strings.HasSuffix(strings.TrimSpace(line), "|") {
					lineBreak = " "
				}
			}
			b.add(lineBreak)
		}
	}
}

// breakTag returns the length of the <br> that s begins with, or 0.
func breakTag(s string) int {
	for _, tag := range [...]string{"<br>", "<br/>", "<br />"} {
		if hasPrefixFold(s, tag) {
			return len(tag)
		}
	}
	return 0
}

// keptTag returns the length of the tag that s begins with, if clients show it as
// what it is, or 0.
func keptTag(s string) int {
	const maxTag = 128
	switch {
	case hasPrefixFold(s, "</font>"):
		return len("</font>")
	case hasPrefixFold(s, "<font "):
		if tag, _, found := strings.Cut(s[1:min(maxTag, len(s))], ">"); found && !strings.Contains(tag, "<") {
			return len(tag) + 2
		}
	case hasPrefixFold(s, "<http://"), hasPrefixFold(s, "<https://"):
		if end := addressEnd(s, 1); end < len(s) && s[end] == '>' {
			return end + 1
		}
	}
	return 0
}

// fixTasks replaces the box of a task, which phones show as brackets
// (https://github.com/DingTalk-Real-AI/dingtalk-workspace-cli/issues/577).
func fixTasks(text string, limit int) string {
	return mapLines(text, limit, func(_, line, _ string) string {
		item := strings.TrimLeft(line, " ")
		if len(item) < len("- [x] ") || strings.IndexByte("-*+", item[0]) < 0 || item[1:3] != " [" || item[4:6] != "] " {
			return line
		}
		box := "☐ "
		switch item[3] {
		case 'x', 'X':
			box = "☑ "
		case ' ':
		default:
			return line
		}
		return line[:len(line)-len(item)] + item[:2] + box + item[6:]
	})
}

// listTables makes a list of a table's row, which phones show as it is written
// (https://github.com/soimy/openclaw-channel-dingtalk/issues/533).
func listTables(text string, limit int) string {
	head, listed := "", false
	return mapLines(text, limit, func(_, line, after string) string {
		switch {
		case !isRow(line):
			head = ""
		case head == "" && isRow(after) && !isRule(line):
			head, listed = line, false
			return ""
		case head != "" && !isRule(line):
			first := !listed
			listed = true
			return listRow(head, line, first)
		case head != "" && !listed && !isRow(after): // a table of a head alone
			return head
		case head != "":
			return ""
		}
		return line
	})
}

// listRow makes a list of the cells of a row, each behind its head. The first row of
// a table shows every head, so that none is lost.
func listRow(head, row string, first bool) string {
	var w strictjson.Writer
	head, row = strings.TrimSpace(head)[1:], strings.TrimSpace(row)[1:]
	for row != "" || first && head != "" {
		var name, cell string
		name, head = cutCell(head)
		cell, row = cutCell(row)
		if cell == "" && name == "" {
			continue
		}
		w.Raw("- ")
		if name = strings.ReplaceAll(name, "**", ""); name != "" {
			w.Raw("**")
			w.Raw(name)
			w.Raw("**: ")
		}
		w.Raw(cell)
		w.Raw("\n")
	}
	return string(w.Bytes)
}

// cutCell returns the first cell of a row, and the rest. A backslash escapes a |.
func cutCell(row string) (cell, rest string) {
	n := 0
	for n < len(row) && row[n] != '|' {
		if row[n] == '\\' {
			n++
		}
		n++
	}
	n = min(n, len(row))
	return strings.TrimSpace(row[:n]), row[min(n+1, len(row)):]
}

// fixTables replaces a table's row |---| by |:-:|, which the newer renderer
// requires, and adds a missing one
// (https://github.com/soimy/openclaw-channel-dingtalk/issues/541).
func fixTables(text string, limit int) string {
	return mapLines(text, limit, func(before, line, after string) string {
		switch {
		case isRow(before) && isRule(line):
			return alignment(line)
		case isRow(line) && !isRow(before) && isRow(after) && !isRule(after) && !isRule(line):
			return line + "\n" + alignment(line)
		}
		return line
	})
}

// isRow reports whether a line is a row of a table. One that no body can hold is
// cut and then is none.
func isRow(line string) bool {
	line = strings.TrimSpace(line)
	return len(line) > 2 && len(line) <= MaxBody && line[0] == '|' && line[len(line)-1] == '|'
}

// isRule reports whether a row separates head and body.
func isRule(line string) bool {
	return isRow(line) && strings.Trim(line, "|-: ") == "" && strings.Contains(line, "-")
}

// alignment returns a rule with as many columns as the row.
func alignment(row string) string {
	return strings.Repeat("|:-:", strings.Count(strings.TrimSpace(row), "|")-1) + "|"
}

// fixLineBreaks ends a line with two blanks if another follows, because some
// clients join them otherwise (https://github.com/blinkbean/dingtalk/issues/2).
func fixLineBreaks(text string, limit int) string {
	return mapLines(text, limit, func(_, line, after string) string {
		marker, _ := fenceMarker(after)
		if strings.TrimSpace(line) == "" || strings.TrimSpace(after) == "" || marker != "" ||
			isRow(line) || strings.HasPrefix(line, "#") || strings.HasSuffix(line, "  ") {
			return line
		}
		return strings.TrimRight(line, " \r") + "  "
	})
}

// A fixedText is a text that is fixed, or "" once it exceeds its limit.
type fixedText struct {
	strings.Builder
	limit int
}

func (f *fixedText) add(s string) {
	if f.limit -= len(s); f.limit >= 0 {
		f.WriteString(s)
	}
}

func (f *fixedText) text() string {
	if f.limit < 0 {
		return ""
	}
	return f.String()
}

// mapMarkdown replaces each piece that is code, or each that is not, by what change
// adds.
func mapMarkdown(text string, limit int, isCode bool, change func(b *fixedText, piece string)) string {
	b := fixedText{limit: limit}
	b.Grow(len(text))
	write := func(piece string, code bool) {
		if code == isCode {
			change(&b, piece)
		} else {
			b.add(piece)
		}
	}
	codes := codeScanner{text: text}
	for from := 0; from < len(text) && b.limit >= 0; {
		code := codes.next()
		write(text[from:code.from], false)
		write(text[code.from:code.to], true)
		from = code.to
	}
	return b.text()
}

// mapLines replaces each line outside of fences by what change returns for it,
// the line before and the line after.
func mapLines(text string, limit int, change func(before, line, after string) string) string {
	b := fixedText{limit: limit}
	b.Grow(len(text))
	fenceEnd, before := 0, ""
	for at := 0; at < len(text) && b.limit >= 0; {
		line, next := nextLine(text, at)
		after, _ := nextLine(text, next)
		if at >= fenceEnd {
			_, fenceEnd = fenceAt(text, at)
		}
		if at < fenceEnd {
			b.add(line)
		} else {
			b.add(change(before, line, after))
		}
		if at+len(line) < next {
			b.add("\n")
		}
		before, at = line, next
	}
	return b.text()
}
