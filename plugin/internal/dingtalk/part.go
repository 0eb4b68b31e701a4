package dingtalk

import "dingtalk-plugin/plugin/internal/strictjson"

// A part is one request: the whole message, or a numbered piece of it. It holds
// pieces and writes them straight into the body, because a copy of a long text
// is what costs a guest most.
type part struct {
	message  *Message
	keyword  string // that must be added, or ""
	index    int
	count    int // of all parts
	chunk    chunk
	mentions *Mentions // whom this part notifies
	tokens   []Mention // those of them whose token the text misses
}

// nobody is whom all parts but the first notify.
var nobody = &Mentions{}

// makePart makes part index of count out of a chunk of the text. Only the first
// mentions; each has a keyword; of several each is numbered.
func (r *Robot) makePart(m *Message, c chunk, index, count int) part {
	p := part{message: m, index: index, count: count, chunk: c, mentions: nobody}
	if keyword, found := findKeyword(r.Keywords, m, c.text); !found {
		p.keyword = keyword
	}
	if index == 0 {
		p.mentions = &m.Mentions
		p.tokens = m.Mentions.missing(c.text)
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
		p.writeHead(w)
	}
	w.Fragment(p.chunk.open)
	w.Fragment(p.chunk.text)
	w.Fragment(p.chunk.close)
	if len(p.tokens) > 0 {
		w.Fragment(p.message.Kind.newline())
		writeTokens(w, p.tokens)
	}
	w.Raw(`"`)
}

func (p *part) writeHead(w *strictjson.Writer) {
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
