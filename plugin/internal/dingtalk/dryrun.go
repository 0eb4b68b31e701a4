package dingtalk

import "strings"

// A DryRun is what a message would be on the wire: the result of a dry run.
type DryRun struct {
	Address      string // redacted
	Bodies       []string
	Sizes        []int  // of the bodies as they would be sent, in bytes
	Keyword      string // that the message holds, or ""
	KeywordAdded bool

	Lines []string // the first and the last line of each part, shortened
	Wrong []string // what clients show wrongly
}

// DryRun does what Send does before the first request, and counts nothing. m must
// be made with HidePeople, so that the caller cannot learn the numbers and ids of
// those whom it mentions by name, nor confirm a guess.
func (r *Robot) DryRun(web Env, m Message, key string) (v DryRun, receipt Receipt, e *Error) {
	if e := r.check(&m); e != nil {
		return v, receipt, e
	}
	parts, e := r.split(&m)
	if e == nil {
		e = r.allow(web.Now(), len(parts))
	}
	if e != nil {
		return v, receipt, e
	}
	id, _ := r.identify(web, &m, len(parts), key)
	for i := range parts {
		body := string(r.body(&parts[i], r.uuid(&id, i, len(parts))))
		v.Sizes = append(v.Sizes, len(body))
		v.Bodies = append(v.Bodies, body)
		v.Lines = append(v.Lines, firstAndLast(parts[i].chunk.text))
		receipt.Bytes += len(body)
	}
	v.Address = r.Address.shown() + "?access_token=" + redacted
	if r.Secret != "" {
		v.Address += "&timestamp=" + redacted + "&sign=" + redacted
	}
	if r.Address.Query != "" {
		v.Address += "&" + redacted
	}
	keyword, found := findKeyword(r.Keywords, &m, m.Text)
	v.Keyword, v.KeywordAdded = keyword, !found
	if m.Type.Markdown {
		v.Wrong = shownWrongly(m.Text)
	}
	receipt.Total, receipt.IdempotencyKey, receipt.Mentions = len(parts), id.key, parts[0].mentions
	return v, receipt, nil
}

// shown returns the address without a path of its own: one may be a credential.
func (w *Webhook) shown() string {
	scheme, rest, _ := strings.Cut(w.Base, "://")
	host, path, _ := strings.Cut(rest, "/")
	if path == webhookPath {
		return w.Base
	}
	return scheme + "://" + host + "/" + redacted
}

// firstAndLast returns the first and the last line of a text, shortened.
func firstAndLast(text string) string {
	text = strings.TrimSpace(text)
	first, next := nextLine(text, 0)
	if next == len(text) {
		return shorten(first)
	}
	return shorten(first) + " … " + shorten(text[lineEnd(text):])
}

func shorten(line string) string {
	const maxLine = 80
	if len(line) <= maxLine {
		return line
	}
	return strings.ToValidUTF8(line[:maxLine], "") + "…"
}
