package dingtalk

import "strings"

// FixMarkdown mends what DingTalk's clients show otherwise than it was meant.
// It is off by default: the text goes out byte for byte.
func FixMarkdown(text string) string {
	text = outsideCode(text, fixBackslashN)
	text = insideFences(text, fixAngles)
	text = fixTables(text)
	return fixLineBreaks(text)
}

// fixBackslashN makes a newline of a backslash and an n, which models write for
// one (https://github.com/CatchZeng/dingtalk/issues/8).
func fixBackslashN(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, `\r\n`, "\n"), `\n`, "\n")
}

// fixAngles escapes <, behind which phones show nothing more of a block of code
// (https://github.com/eryajf/chatgpt-dingtalk/pull/213).
func fixAngles(text string) string { return strings.ReplaceAll(text, "<", "&lt;") }

// outsideCode changes what is not code.
func outsideCode(text string, change func(string) string) string {
	var b strings.Builder
	b.Grow(len(text))
	codes := codeScanner{text: text}
	for from := 0; from < len(text); {
		code := codes.next()
		b.WriteString(change(text[from:code.from]))
		b.WriteString(text[code.from:code.to])
		from = code.to
	}
	return b.String()
}

// insideFences changes fences.
func insideFences(text string, change func(string) string) string {
	var b strings.Builder
	b.Grow(len(text))
	codes := codeScanner{text: text}
	for from := 0; from < len(text); {
		code := codes.next()
		b.WriteString(text[from:code.from])
		piece := text[code.from:code.to]
		if code.fenced {
			piece = change(piece)
		}
		b.WriteString(piece)
		from = code.to
	}
	return b.String()
}

// eachLine passes the lines outside of fences to change, with the one before
// and the one after; what it returns stands in the line's place.
func eachLine(text string, change func(before, line, after string) string) string {
	var b strings.Builder
	b.Grow(len(text))
	fenced, before := 0, "" // where the last fence ends
	for at := 0; at < len(text); {
		line, next := nextLine(text, at)
		after, _ := nextLine(text, next)
		if at >= fenced {
			_, fenced = fenceAt(text, at)
		}
		if at < fenced {
			b.WriteString(line)
		} else {
			b.WriteString(change(before, line, after))
		}
		if at+len(line) < next {
			b.WriteByte('\n')
		}
		before, at = line, next
	}
	return b.String()
}

// fixTables gives a table the row |:-:| that the newer renderer wants in the
// place of |---|, and adds it where there is none
// (https://github.com/soimy/openclaw-channel-dingtalk/issues/541).
func fixTables(text string) string {
	return eachLine(text, func(before, line, after string) string {
		switch {
		case isRow(before) && isRule(line):
			return alignment(line)
		case isRow(line) && !isRow(before) && isRow(after) && !isRule(after) && !isRule(line):
			return line + "\n" + alignment(line)
		}
		return line
	})
}

// isRow reports whether a line is a row of a table.
func isRow(line string) bool {
	line = strings.TrimSpace(line)
	return len(line) > 2 && line[0] == '|' && line[len(line)-1] == '|'
}

// isRule reports whether a row separates head and body.
func isRule(line string) bool {
	return isRow(line) && strings.Trim(line, "|-: ") == "" && strings.Contains(line, "-")
}

// alignment returns a rule with as many columns as the row.
func alignment(row string) string {
	return strings.Repeat("|:-:", strings.Count(strings.TrimSpace(row), "|")-1) + "|"
}

// fixLineBreaks ends a line that another follows with two blanks, without which
// some clients join them (https://github.com/blinkbean/dingtalk/issues/2).
func fixLineBreaks(text string) string {
	return eachLine(text, func(_, line, after string) string {
		marker, _ := fenceMarker(after)
		if strings.TrimSpace(line) == "" || strings.TrimSpace(after) == "" || marker != "" ||
			isRow(line) || strings.HasPrefix(line, "#") || strings.HasSuffix(line, "  ") {
			return line
		}
		return strings.TrimRight(line, " \r") + "  "
	})
}
