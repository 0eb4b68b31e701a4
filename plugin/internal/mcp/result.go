package mcp

import (
	"strconv"
	"strings"

	"dingtalk-plugin/plugin/internal/dingtalk"
	"dingtalk-plugin/plugin/internal/strictjson"
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
	return outcome(&dingtalk.Receipt{}, e)
}

// outcome is the result of a call (https://modelcontextprotocol.io/specification/2025-11-25/server/tools#tool-result).
func outcome(receipt *dingtalk.Receipt, e *dingtalk.Error) []byte {
	w := writer{strictjson.Writer{Bytes: make([]byte, 0, 1024)}}
	w.begin(text(receipt, e))
	w.structured(receipt, e)
	if e != nil {
		w.boolean("isError", true)
	}
	w.Raw("}")
	return w.Bytes
}

// begin begins a result with its text, up to the structured content.
func (w *writer) begin(text string) {
	w.Raw(`{"content":[{"type":"text","text":`)
	w.Quote(text)
	w.Raw(`}],"structuredContent":{`)
}

func text(receipt *dingtalk.Receipt, e *dingtalk.Error) string {
	if e != nil {
		return e.Message + arrived(receipt) + " " + e.Advice + resume(receipt, e)
	}
	s := "Message sent successfully"
	if receipt.Total > 1 {
		s += " in " + strconv.Itoa(receipt.Total) + " parts"
	}
	if receipt.AlreadySent {
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
func arrived(receipt *dingtalk.Receipt) string {
	if receipt.Sent == 0 {
		return ""
	}
	return " " + strconv.Itoa(receipt.Sent) + " of " + strconv.Itoa(receipt.Total) + " parts are in the group."
}

// resume says how what is missing can be sent, and only that.
func resume(receipt *dingtalk.Receipt, e *dingtalk.Error) string {
	switch {
	case receipt.Key == "" && receipt.Sent > 0:
		return " A repeat would send all parts."
	case receipt.Key == "":
		return ""
	case receipt.Sent > 0:
		return " To send only the rest, repeat the call unchanged with idempotencyKey " + receipt.Key + "."
	case e.Unknown():
		return " The key is " + receipt.Key + "."
	case receipt.MayBeDelivered:
		return " To repeat this message without a second copy, call unchanged with idempotencyKey " + receipt.Key + "."
	}
	return ""
}

// notified names those whom DingTalk notifies, ten of them at most.
func notified(receipt *dingtalk.Receipt) (list []string) {
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

// structured writes the members of the object that schema/output.json describes.
func (w *writer) structured(receipt *dingtalk.Receipt, e *dingtalk.Error) {
	w.boolean("ok", e == nil)
	if e == nil {
		e = &dingtalk.Error{Reason: dingtalk.ReasonSent}
		if receipt.AlreadySent {
			e.Reason = dingtalk.ReasonAlreadySent
		}
	}
	w.text("reason", string(e.Reason))
	w.boolean("retryable", e.Retryable)
	w.number("retryAfterSeconds", e.RetryAfter)
	if e.HasErrcode {
		w.Member("errcode")
		w.Int(int64(e.Code))
		w.text("errmsg", e.Msg)
	}
	w.text("configKey", e.Key)
	w.receipt(receipt)
	w.Raw("}")
}

// receipt writes how far the message got, if that is any way.
func (w *writer) receipt(receipt *dingtalk.Receipt) {
	if receipt.Sent == 0 && !receipt.MayBeDelivered {
		return
	}
	w.text("msgUuid", receipt.UUID)
	if receipt.Sent < receipt.Total {
		w.text("idempotencyKey", receipt.Key)
	}
	w.parts(receipt)
	w.number("bytes", receipt.Bytes)
	w.notified(receipt)
}

func (w *writer) parts(receipt *dingtalk.Receipt) {
	w.Member("parts")
	w.Raw(`{"sent":`)
	w.Int(int64(receipt.Sent))
	w.Raw(`,"total":`)
	w.Int(int64(receipt.Total))
	w.Raw("}")
}

func (w *writer) notified(receipt *dingtalk.Receipt) {
	if list := notified(receipt); len(list) > 0 {
		w.Member("notified")
		w.Strings(list)
	}
}

// A writer writes the members of a result; it leaves out empty texts and zero
// numbers.
type writer struct {
	strictjson.Writer
}

func (w *writer) text(name, value string) {
	if value != "" {
		w.Member(name)
		w.Quote(value)
	}
}

func (w *writer) number(name string, value int) {
	if value != 0 {
		w.Member(name)
		w.Int(int64(value))
	}
}

func (w *writer) boolean(name string, value bool) {
	w.Member(name)
	w.Bool(value)
}

const reasonDryRun dingtalk.Reason = "dry_run"

// preview is the result of a dry run: no failure, and yet the group has
// nothing. It is as long as the message.
func preview(v *dingtalk.Preview, receipt *dingtalk.Receipt) []byte {
	w := writer{strictjson.Writer{Bytes: make([]byte, 0, 1024+2*receipt.Bytes)}}
	w.begin(previewText(v, receipt))
	w.boolean("ok", false)
	w.text("reason", string(reasonDryRun))
	w.boolean("retryable", false)
	w.text("msgUuid", receipt.UUID)
	w.parts(receipt)
	w.notified(receipt)
	w.Member("dryRun")
	w.preview(v)
	w.Raw("}}")
	return w.Bytes
}

// preview writes the object that schema/dry_run.json describes.
func (w *writer) preview(v *dingtalk.Preview) {
	w.Raw("{")
	w.text("address", v.Address)
	w.Member("bodies")
	w.Strings(v.Bodies)
	w.Member("sizes")
	w.Raw("[")
	for _, size := range v.Sizes {
		w.Comma()
		w.Int(int64(size))
	}
	w.Raw("]")
	if v.Keyword != "" {
		w.text("keyword", v.Keyword)
		w.boolean("keywordAdded", v.KeywordAdded)
	}
	w.Raw("}")
}

func previewText(v *dingtalk.Preview, receipt *dingtalk.Receipt) string {
	s := "Dry run: nothing was sent. It would go to " + v.Address + " in " + strconv.Itoa(receipt.Total) + " request"
	if receipt.Total > 1 {
		s += "s"
	}
	s += " of " + strconv.Itoa(receipt.Bytes) + " bytes"
	switch {
	case v.KeywordAdded:
		s += "; the robot's keyword " + v.Keyword + " is added"
	case v.Keyword != "":
		s += "; it holds the robot's keyword " + v.Keyword
	}
	if list := notified(receipt); len(list) > 0 {
		s += "; DingTalk would notify " + strings.Join(list, ", ")
	}
	return s + "."
}
