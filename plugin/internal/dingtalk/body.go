package dingtalk

import (
	"strconv"
	"strings"

	"dingtalk-plugin/plugin/internal/strictjson"
	"dingtalk-plugin/schema"
)

// MaxBody is the maximum size of a request body, in bytes
// (https://open.dingtalk.com/document/development/custom-robots-send-group-messages).
const MaxBody = 20000

// uuidLen is the length of a msgUuid, in bytes.
const uuidLen = 32

// uuidPlaceholder is the msgUuid of a body that is only measured.
const uuidPlaceholder = "00000000000000000000000000000000"

// A part is one request: the whole message, or a numbered piece of it. It refers
// to its pieces and writes them straight into the body, because copying a long
// text is what costs a guest most.
type part struct {
	message         *Message
	keyword         string // that must be added, or ""
	index, count    int    // count is that of all parts
	chunk           chunk
	mentions        *Mentions // whom this part notifies
	missingMentions []Mention // those of them whose token the text lacks
}

// noMentions are those of all parts but the first.
var noMentions = &Mentions{}

// newPart makes part index of count out of a chunk of the text.
func (r *Robot) newPart(m *Message, c chunk, index, count int) part {
	p := part{message: m, index: index, count: count, chunk: c, mentions: noMentions}
	if keyword, found := findKeyword(r.Keywords, m, c.text); !found {
		p.keyword = keyword
	}
	if index == 0 {
		p.mentions = &m.Mentions
		p.missingMentions = m.Mentions.missing(c.text)
	}
	return p
}

// fillRatios are how full a chunk must be, in eighths, to end at a boundary;
// each is tried in order until the message fits.
var fillRatios = [...]int{4, 7, 8}

// split makes the parts of a message: one if it fits, otherwise several.
func (r *Robot) split(m *Message) ([]part, *Error) {
	if len(m.Text) <= MaxBody {
		only := r.newPart(m, chunk{text: m.Text}, 0, 1)
		if r.size(only) <= MaxBody {
			return []part{only}, nil
		}
	}
	if m.Type.NoSplit {
		return nil, r.sizeError(m)
	}
	first, other := MaxBody-r.overhead(m, 0, 99), MaxBody-r.overhead(m, 98, 99) // with the longest numbers
	text := newSplitter(m.Text, m.Type.Markdown)
	for _, fill := range fillRatios {
		chunks := text.split(r.MaxParts, fill, first, other)
		if len(chunks) == 0 {
			continue
		}
		parts := make([]part, len(chunks))
		for i, c := range chunks {
			parts[i] = r.newPart(m, c, i, len(chunks))
		}
		return parts, nil
	}
	return nil, r.sizeError(m)
}

// overhead returns the size of a part without its text, assuming that keyword
// and mentions must be added.
func (r *Robot) overhead(m *Message, index, count int) int {
	return r.size(r.newPart(m, chunk{}, index, count))
}

// size returns the size of a part's body with a msgUuid. It measures the text
// without copying it.
func (r *Robot) size(p part) int {
	text := p.chunk.text
	p.chunk.text = ""
	return len(r.body(&p, uuidPlaceholder)) + strictjson.EscapedLen(text)
}

// body returns the body of a part, valid until the next call. It releases the
// memory of a body that was far too long.
func (r *Robot) body(p *part, uuid string) []byte {
	if r.Buffer == nil {
		r.Buffer = new(strictjson.Writer)
	}
	w := r.Buffer
	if size := cap(w.Bytes); size < MaxBody || size > 4*MaxBody {
		w.Bytes = make([]byte, 0, MaxBody)
	}
	w.Bytes = w.Bytes[:0]
	p.writeBody(w, uuid)
	return w.Bytes
}

// writeBody writes the members in the order of DingTalk's reference server.
func (p *part) writeBody(w *strictjson.Writer, uuid string) {
	kind := p.message.Type
	w.Raw("{")
	w.Member("msgtype")
	w.Quote(kind.Type)
	w.Member(kind.Type)
	kind.write(p, w)
	if !kind.NoMentions {
		w.Member("at")
		p.mentions.write(w)
	}
	if uuid != "" {
		w.Member("msgUuid")
		w.Quote(uuid)
	}
	w.Raw("}")
}

// writeTitle writes the title with a missing keyword before it and the part's
// number behind it.
func (p *part) writeTitle(w *strictjson.Writer) {
	w.Raw(`"`)
	if p.keyword != "" {
		w.Fragment(p.keyword)
		w.Raw(" ")
	}
	w.Fragment(p.message.Title)
	if p.count > 1 {
		w.Raw(" ")
		p.writeNumber(w)
	}
	w.Raw(`"`)
}

// writeText writes the text with what it lacks: a first line with keyword and
// number if there is no title for them, the ends of a fence that was cut, and
// the missing mentions on a last line.
func (p *part) writeText(w *strictjson.Writer) {
	w.Raw(`"`)
	if !p.message.Type.HasTitle {
		p.writePrefixLine(w)
	}
	w.Fragment(p.chunk.prefix)
	w.Fragment(p.chunk.text)
	w.Fragment(p.chunk.suffix)
	if len(p.missingMentions) > 0 {
		w.Fragment(p.message.Type.newline())
		writeTokens(w, p.missingMentions)
	}
	w.Raw(`"`)
}

func (p *part) writePrefixLine(w *strictjson.Writer) {
	if p.keyword == "" && p.count == 1 {
		return
	}
	w.Fragment(p.keyword)
	if p.count > 1 {
		if p.keyword != "" {
			w.Raw(" ")
		}
		p.writeNumber(w)
	}
	w.Raw(`\n`)
}

// writeNumber writes "(2/3)".
func (p *part) writeNumber(w *strictjson.Writer) {
	w.Raw("(")
	w.Int(int64(p.index + 1))
	w.Raw("/")
	w.Int(int64(p.count))
	w.Raw(")")
}

// SplitList splits a list at its commas, Latin or Chinese ones.
func SplitList(s string) (keywords []string) {
	for _, part := range strings.Split(strings.ReplaceAll(s, "，", ","), ",") {
		if part = strings.TrimSpace(part); part != "" {
			keywords = append(keywords, part)
		}
	}
	return keywords
}

// findKeyword returns the keyword that a message with that text contains, or the
// one that must be added; "" if the robot has none. DingTalk searches title and
// text (https://open.dingtalk.com/document/dingstart/customize-robot-security-settings),
// and the titles of a feed card.
func findKeyword(keywords []string, m *Message, text string) (keyword string, found bool) {
	for _, keyword := range keywords {
		if strings.Contains(m.Title, keyword) || strings.Contains(text, keyword) {
			return keyword, true
		}
		for _, link := range m.Links {
			if m.Type == FeedCard && strings.Contains(link.Title, keyword) {
				return keyword, true
			}
		}
	}
	if len(keywords) == 0 {
		return "", true
	}
	return keywords[0], false
}

// maxEscape is how many bytes of JSON a byte of text can take: \u0041.
const maxEscape = 6

// checkLength refuses, before anything is decoded, what cannot fit however it is
// split: no character is shorter in a body than its bytes.
func (r *Robot) checkLength(k *MessageType, arguments strictjson.Object) *Error {
	rest := 0 // of the arguments, in bytes
	for i := range arguments {
		if arguments[i].Name != "text" {
			rest += len(arguments[i].Value.Raw)
		}
	}
	if n := rest / maxEscape; n > MaxBody {
		return overheadError("at least ", n)
	}
	if n, _ := strictjson.StringSize(arguments.Get("text")); n > MaxBody*r.maxParts(k) {
		return r.textError(k, "at least ", n)
	}
	return nil
}

// maxParts returns in how many parts a message of type k may be sent.
func (r *Robot) maxParts(k *MessageType) int {
	if k.NoSplit {
		return 1
	}
	return max(1, r.MaxParts)
}

// sizeError explains why a message does not fit.
func (r *Robot) sizeError(m *Message) *Error {
	overhead := r.overhead(m, 0, 1)
	if overhead > MaxBody/2 {
		return overheadError("", overhead)
	}
	return r.textError(m.Type, "", overhead+strictjson.EscapedLen(m.Text))
}

func overheadError(atLeast string, size int) *Error {
	return argumentError("title, links and mentions alone take "+atLeast+strconv.Itoa(size)+" bytes, and "+strconv.Itoa(MaxBody)+" are allowed", "Shorten them.")
}

func (r *Robot) textError(k *MessageType, atLeast string, size int) *Error {
	text := "it takes " + atLeast + strconv.Itoa(size) + " bytes, and " + strconv.Itoa(MaxBody) + " are allowed"
	if n := r.maxParts(k); n > 1 {
		text += " in each of at most " + strconv.Itoa(n) + " parts"
	}
	e := argumentError(text, "Shorten it, or send it in several calls.")
	if !k.NoSplit {
		e.ConfigKey = schema.KeyMaxParts
	}
	return e
}
