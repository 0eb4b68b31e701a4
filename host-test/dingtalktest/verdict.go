package dingtalktest

import "fmt"

// The sentences of Request.Explanation are made here: what was found, then what a fault made of it.

// refuse notes down an answer other than ok.
func (v *visit) refuse(no *refusal) {
	v.seen.Code, v.seen.Text = no.code, no.text(v.opts.Wording, no.arg)
	v.remark("refused: " + no.why)
}

// praise says what an accepted message was checked for.
func (v *visit) praise() string {
	text := "accepted: token known"
	if v.message.Signed {
		text += ", signature verified"
	}
	if v.message.Keyword != "" {
		text += fmt.Sprintf(", keyword %q found", v.message.Keyword)
	}
	if limit := v.opts.perMinute(); limit > 0 {
		text += fmt.Sprintf(", message %d of %d in this minute", v.message.MinuteIndex, limit)
	}
	return text
}

// interrupt notes down that the sender does not get the answer that the checks gave.
func (v *visit) interrupt(how string) {
	if v.seen.Explanation == "" {
		v.remark("not looked at")
	}
	v.seen.Code, v.seen.Text = 0, ""
	v.remark("fault: " + how)
}

func (v *visit) remark(text string) {
	if v.seen.Explanation != "" {
		text = v.seen.Explanation + "; " + text
	}
	v.seen.Explanation = text
}
