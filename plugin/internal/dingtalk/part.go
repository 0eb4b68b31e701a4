package dingtalk

import (
	"strconv"

	"dingtalk-plugin/plugin/internal/jsontext"
)

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

// appendBody appends the request body, as the reference server writes it, with
// msgUuid behind.
func (p *part) appendBody(dst []byte, uuid string) []byte {
	dst = append(dst, `{"msgtype":"`...)
	kind := p.message.Kind
	dst = append(dst, kind.Type...)
	dst = append(dst, `","`...)
	dst = append(dst, kind.Type...)
	dst = append(dst, `":`...)
	dst = kind.append(dst, p)
	if !kind.Silent {
		dst = append(dst, `,"at":`...)
		dst = p.mentions.appendAt(dst)
	}
	dst = append(dst, `,"msgUuid":"`...)
	dst = append(dst, uuid...)
	return append(dst, `"}`...)
}

// appendTitle appends the title as a JSON string, with what must be added: the
// keyword before it and the number, "(2/3)", behind.
func (p *part) appendTitle(dst []byte) []byte {
	dst = append(dst, '"')
	if p.keyword != "" {
		dst = jsontext.AppendPiece(dst, p.keyword)
		dst = append(dst, ' ')
	}
	dst = jsontext.AppendPiece(dst, p.message.Title)
	if p.count > 1 {
		dst = p.appendNumber(append(dst, ' '))
	}
	return append(dst, '"')
}

// appendText appends the text as a JSON string, with what must be added: a
// first line where there is no title for it, the fence that was cut, and the
// missing mentions on a last line.
func (p *part) appendText(dst []byte) []byte {
	dst = append(dst, '"')
	if !p.message.Kind.Titled {
		dst = p.appendHead(dst)
	}
	for _, piece := range [...]string{p.chunk.open, p.chunk.text, p.chunk.close} {
		dst = jsontext.AppendPiece(dst, piece)
	}
	if len(p.tokens) > 0 {
		dst = jsontext.AppendPiece(dst, p.message.Kind.newline())
		dst = appendTokens(dst, p.tokens)
	}
	return append(dst, '"')
}

func (p *part) appendHead(dst []byte) []byte {
	if p.keyword != "" {
		dst = jsontext.AppendPiece(dst, p.keyword)
		if p.count > 1 {
			dst = append(dst, ' ')
		}
	}
	if p.count > 1 {
		dst = p.appendNumber(dst)
	}
	if p.keyword != "" || p.count > 1 {
		dst = append(dst, `\n`...)
	}
	return dst
}

func (p *part) appendNumber(dst []byte) []byte {
	dst = strconv.AppendInt(append(dst, '('), int64(p.index+1), 10)
	dst = strconv.AppendInt(append(dst, '/'), int64(p.count), 10)
	return append(dst, ')')
}
