package dingtalk

import (
	"strconv"
	"strings"

	"dingtalk-plugin/plugin/internal/strictjson"
)

// MaxBody is the most bytes a request body may take
// (https://open.dingtalk.com/document/development/custom-robots-send-group-messages).
const MaxBody = 20000

// uuidPlaceholder stands for any msgUuid where a body is measured.
const uuidPlaceholder = "00000000000000000000000000000000"

// split turns a message into parts that the robot takes: mentions and a keyword
// added where they are missing, cut where it is too long.
func (r *Robot) split(m *Message) ([]part, *Error) {
	if len(m.Text) <= MaxBody {
		whole := r.newPart(m, chunk{text: m.Text}, 0, 1)
		if r.size(whole) <= MaxBody {
			return []part{whole}, nil
		}
	}
	text := newSplitter(m.Text, m.Kind.Markdown)
	for _, fill := range m.Kind.fillRatios() {
		chunks := text.split(r.MaxParts, fill, r.textBudget(m))
		if len(chunks) == 0 {
			continue
		}
		parts := make([]part, len(chunks))
		for i, c := range chunks {
			parts[i] = r.newPart(m, c, i, len(chunks))
		}
		return parts, nil
	}
	return nil, r.unfit(m)
}

// fillRatios are how full the chunks of a text must be, in eighths, from the nicest
// to the tightest; none for a kind that cannot be split.
func (k *MessageType) fillRatios() []int {
	if k.NoSplit {
		return nil
	}
	return []int{4, 7, 8}
}

// textBudget returns how many bytes are left for the text of part i in JSON, once
// all that may have to stand beside it is there, with the longest number.
func (r *Robot) textBudget(m *Message) func(i int) int {
	first, other := MaxBody-r.overhead(m, 0, 99), MaxBody-r.overhead(m, 98, 99)
	return func(i int) int {
		if i == 0 {
			return first
		}
		return other
	}
}

// overhead returns how many bytes a part takes without its text, if that holds
// neither keyword nor mention.
func (r *Robot) overhead(m *Message, index, count int) int {
	return r.size(r.newPart(m, chunk{}, index, count))
}

// size returns how many bytes the body of a part takes, with a msgUuid. The
// text is measured without being copied.
func (r *Robot) size(p part) int {
	text := p.chunk.text
	p.chunk.text = ""
	return len(r.body(&p, uuidPlaceholder)) + strictjson.EscapedLen(text)
}

// body returns the body of a part; it is good until the next. What a body far
// too long took is let go.
func (r *Robot) body(p *part, uuid string) []byte {
	if r.Buffer == nil {
		r.Buffer = new(strictjson.Writer)
	}
	w := r.Buffer
	if room := cap(w.Bytes); room < MaxBody || room > 4*MaxBody {
		w.Bytes = make([]byte, 0, MaxBody)
	}
	w.Bytes = w.Bytes[:0]
	p.writeBody(w, uuid)
	return w.Bytes
}

// maxEscape is how many bytes of JSON a byte of text can take: \u0041.
const maxEscape = 6

// checkLength refuses what cannot fit, however it is split, before anything is
// decoded: no character takes less in a body than it has bytes.
func (r *Robot) checkLength(k *MessageType, arguments strictjson.Object) *Error {
	beside := 0
	for i := range arguments {
		if arguments[i].Name != "text" {
			beside += len(arguments[i].Value.Raw)
		}
	}
	if n := beside / maxEscape; n > MaxBody {
		return tooMuchBeside("at least ", n)
	}
	if n, _ := strictjson.StringSize(arguments.Get("text")); n > MaxBody*r.maxParts(k) {
		return r.tooLong(k, "at least ", n)
	}
	return nil
}

// maxParts is in how many parts a message of kind k may go out.
func (r *Robot) maxParts(k *MessageType) int {
	if k.NoSplit {
		return 1
	}
	return max(1, r.MaxParts)
}

// unfit says why a message of that length fits in no way.
func (r *Robot) unfit(m *Message) *Error {
	beside := r.overhead(m, 0, 1)
	if beside > MaxBody/2 {
		return tooMuchBeside("", beside)
	}
	return r.tooLong(m.Kind, "", beside+strictjson.EscapedLen(m.Text))
}

func tooMuchBeside(atLeast string, size int) *Error {
	return argumentError("title, links and mentions alone take "+atLeast+strconv.Itoa(size)+" bytes, and "+strconv.Itoa(MaxBody)+" are allowed", "Shorten them.")
}

func (r *Robot) tooLong(k *MessageType, atLeast string, size int) *Error {
	text := "it takes " + atLeast + strconv.Itoa(size) + " bytes, and " + strconv.Itoa(MaxBody) + " are allowed"
	const shorten = "Shorten it, or send it in several calls."
	if n := r.maxParts(k); n > 1 {
		e := argumentError(text+" in each of at most "+strconv.Itoa(n)+" parts", shorten)
		e.Key = KeyMaxParts
		return e
	}
	return argumentError(text, shorten)
}

// A part is one request: the whole message, or a numbered piece of it. It holds
// pieces and writes them straight into the body, because a copy of a long text
// is what costs a guest most.
type part struct {
	message         *Message
	keyword         string // that must be added, or ""
	index           int
	count           int // of all parts
	chunk           chunk
	mentions        *Mentions // whom this part notifies
	missingMentions []Mention // those of them whose token the text misses
}

// noMentions is whom all parts but the first notify.
var noMentions = &Mentions{}

// newPart makes part index of count out of a chunk of the text. Only the first
// mentions; each has a keyword; of several each is numbered.
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

// uuidLen is the length of a msgUuid, in bytes.
const uuidLen = 32

// writeBody writes the request body, as the reference server writes it, with
// msgUuid behind unless it is "".
func (p *part) writeBody(w *strictjson.Writer, uuid string) {
	kind := p.message.Kind
	w.Raw("{")
	w.Member("msgtype")
	w.Quote(kind.Type)
	w.Member(kind.Type)
	kind.write(w, p)
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

// writeTitle writes the title as a JSON string, with what must be added: the
// keyword before it and the number, "(2/3)", behind.
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

// writeText writes the text as a JSON string, with what must be added: a first
// line where there is no title for it, the fence that was cut, and the missing
// mentions on a last line.
func (p *part) writeText(w *strictjson.Writer) {
	w.Raw(`"`)
	if !p.message.Kind.HasTitle {
		p.writePrefixLine(w)
	}
	w.Fragment(p.chunk.open)
	w.Fragment(p.chunk.text)
	w.Fragment(p.chunk.close)
	if len(p.missingMentions) > 0 {
		w.Fragment(p.message.Kind.newline())
		writeTokens(w, p.missingMentions)
	}
	w.Raw(`"`)
}

func (p *part) writePrefixLine(w *strictjson.Writer) {
	if p.keyword != "" {
		w.Fragment(p.keyword)
		if p.count > 1 {
			w.Raw(" ")
		}
	}
	if p.count > 1 {
		p.writeNumber(w)
	}
	if p.keyword != "" || p.count > 1 {
		w.Raw(`\n`)
	}
}

func (p *part) writeNumber(w *strictjson.Writer) {
	w.Raw("(")
	w.Int(int64(p.index + 1))
	w.Raw("/")
	w.Int(int64(p.count))
	w.Raw(")")
}

// ParseKeywords reads a list of keywords with commas between them, Latin or
// Chinese ones.
func ParseKeywords(s string) (keywords []string) {
	for _, part := range strings.Split(strings.ReplaceAll(s, "，", ","), ",") {
		if part = strings.TrimSpace(part); part != "" {
			keywords = append(keywords, part)
		}
	}
	return keywords
}

// findKeyword returns the keyword that a message of that text contains, or the
// one that must be added to it; "" when the robot has none. DingTalk looks for
// any of them in title and text
// (https://open.dingtalk.com/document/dingstart/customize-robot-security-settings);
// a feed card's entries have titles, too.
func findKeyword(keywords []string, m *Message, text string) (keyword string, found bool) {
	for _, keyword := range keywords {
		if strings.Contains(m.Title, keyword) || strings.Contains(text, keyword) {
			return keyword, true
		}
		for _, link := range m.Links {
			if m.Kind == FeedCard && strings.Contains(link.Title, keyword) {
				return keyword, true
			}
		}
	}
	if len(keywords) == 0 {
		return "", true
	}
	return keywords[0], false
}
