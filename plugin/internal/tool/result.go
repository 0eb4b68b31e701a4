package tool

import (
	"strconv"
	"strings"

	"dingtalk-plugin/plugin/internal/dingtalk"
	"dingtalk-plugin/plugin/internal/jsontext"
)

// Rules of the text, which a model reads: a success begins with "Message sent
// successfully", as the reference server says it. A failure says in one
// sentence what failed, with DingTalk's code and words where it spoke, then how
// much arrived, then what to do next. All of it stays under 4 KB, so lists are
// cut short.

// The reasons that this package adds to dingtalk's.
const (
	reasonRequest dingtalk.Reason = "invalid_request"
	reasonTool    dingtalk.Reason = "unknown_tool"
)

// maxNotified is how many people a result names.
const maxNotified = 10

// failure is the result of a call that did not get as far as a robot.
func failure(e *dingtalk.Error) []byte {
	return outcome(dingtalk.Receipt{}, e)
}

// outcome is the result of a call (https://modelcontextprotocol.io/specification/2025-11-25/server/tools#tool-result).
func outcome(receipt dingtalk.Receipt, e *dingtalk.Error) []byte {
	out := append(make([]byte, 0, 1024), `{"content":[{"type":"text","text":`...)
	out = jsontext.AppendString(out, text(receipt, e))
	out = append(out, `}],"structuredContent":`...)
	out = appendStructured(out, receipt, e)
	if e != nil {
		out = append(out, `,"isError":true`...)
	}
	return append(out, '}')
}

func text(receipt dingtalk.Receipt, e *dingtalk.Error) string {
	if e != nil {
		return e.Text + arrived(receipt) + " " + e.Next + resume(receipt, e)
	}
	s := "Message sent successfully"
	if receipt.Total > 1 {
		s += " in " + strconv.Itoa(receipt.Total) + " parts"
	}
	if receipt.Again {
		return s + " by an earlier call with this idempotencyKey; nothing was sent again."
	}
	if receipt.Keyword != "" {
		s += "; the robot's keyword " + receipt.Keyword + " was added"
	}
	if list := notified(receipt); len(list) > 0 {
		s += "; DingTalk notifies " + strings.Join(list, ", ")
	}
	return s + "."
}

// arrived says how much of a message of several parts is in the group.
func arrived(receipt dingtalk.Receipt) string {
	if receipt.Sent == 0 {
		return ""
	}
	return " " + strconv.Itoa(receipt.Sent) + " of " + strconv.Itoa(receipt.Total) + " parts are in the group."
}

// resume says how what is missing can be sent, and only that.
func resume(receipt dingtalk.Receipt, e *dingtalk.Error) string {
	switch {
	case receipt.Sent > 0:
		return " To send only the rest, repeat the call unchanged with idempotencyKey " + receipt.Key + "."
	case e.Unknown():
		return " The key is " + receipt.Key + "."
	}
	return ""
}

// notified names those whom DingTalk notifies, ten of them at most.
func notified(receipt dingtalk.Receipt) (list []string) {
	if receipt.Mentions == nil {
		return nil
	}
	if receipt.Mentions.All {
		list = append(list, "all")
	}
	for i, mention := range receipt.Mentions.People {
		if i == maxNotified {
			return append(list, strconv.Itoa(len(receipt.Mentions.People)-i)+" more")
		}
		list = append(list, mention.Label())
	}
	return list
}

// appendStructured appends the object that schema/output.json describes.
func appendStructured(dst []byte, receipt dingtalk.Receipt, e *dingtalk.Error) []byte {
	o := object{dst: append(dst, '{')}
	if e == nil {
		reason := dingtalk.ReasonSent
		if receipt.Again {
			reason = dingtalk.ReasonAlreadySent
		}
		e = &dingtalk.Error{Reason: reason}
		o.boolean("ok", true)
	} else {
		o.boolean("ok", false)
	}
	o.text("reason", string(e.Reason))
	o.boolean("retryable", e.Retryable)
	o.number("retryAfterSeconds", e.RetryAfter)
	if e.Spoke {
		o.member("errcode")
		o.dst = jsontext.AppendInt(o.dst, e.Code)
		o.text("errmsg", e.Msg)
	}
	o.text("configKey", e.Key)
	o.receipt(receipt, e)
	return append(o.dst, '}')
}

// receipt adds how far the message got, if that is any way.
func (o *object) receipt(receipt dingtalk.Receipt, e *dingtalk.Error) {
	if receipt.Sent == 0 && !e.Unknown() {
		return
	}
	o.text("msgUuid", receipt.UUID)
	if receipt.Sent < receipt.Total {
		o.text("idempotencyKey", receipt.Key)
	}
	o.parts(receipt)
	o.number("bytes", receipt.Bytes)
	o.notified(receipt)
}

func (o *object) parts(receipt dingtalk.Receipt) {
	o.member("parts")
	parts := object{dst: append(o.dst, '{')}
	parts.member("sent")
	parts.dst = jsontext.AppendInt(parts.dst, receipt.Sent)
	parts.member("total")
	parts.dst = jsontext.AppendInt(parts.dst, receipt.Total)
	o.dst = append(parts.dst, '}')
}

func (o *object) notified(receipt dingtalk.Receipt) {
	if list := notified(receipt); len(list) > 0 {
		o.member("notified")
		o.dst = jsontext.AppendStrings(o.dst, list)
	}
}

// An object writes the members of a JSON object; it leaves out empty texts and
// zero numbers.
type object struct {
	dst []byte
}

func (o *object) member(name string) {
	if o.dst[len(o.dst)-1] != '{' {
		o.dst = append(o.dst, ',')
	}
	o.dst = append(jsontext.AppendString(o.dst, name), ':')
}

func (o *object) text(name, value string) {
	if value != "" {
		o.member(name)
		o.dst = jsontext.AppendString(o.dst, value)
	}
}

func (o *object) number(name string, value int) {
	if value != 0 {
		o.member(name)
		o.dst = jsontext.AppendInt(o.dst, value)
	}
}

func (o *object) boolean(name string, value bool) {
	o.member(name)
	o.dst = strconv.AppendBool(o.dst, value)
}
