package mcp

import (
	"strconv"
	"strings"

	"dingtalk-plugin/plugin/internal/dingtalk"
	"dingtalk-plugin/plugin/internal/strictjson"
)

// The text of a result, which a model reads, begins with "Message sent
// successfully", as in the reference server, or tells what failed, how much was
// delivered, and what to do next. It stays under 4 KB, so lists are cut short.

// The reasons that this package adds to those of dingtalk.
const (
	reasonRequest dingtalk.Reason = "invalid_request"
	reasonTool    dingtalk.Reason = "unknown_tool"
	reasonDryRun  dingtalk.Reason = "dry_run"
)

// errorResult is the result of a call that failed before it reached a robot.
func errorResult(e *dingtalk.Error) []byte { return callResult(&dingtalk.Receipt{}, e) }

// callResult is the result of a call
// (https://modelcontextprotocol.io/specification/2025-11-25/server/tools#tool-result).
func callResult(receipt *dingtalk.Receipt, e *dingtalk.Error) []byte {
	w := newResult(resultText(receipt, e), 1024)
	w.writeStructured(receipt, e)
	if e != nil {
		w.bool("isError", true)
	}
	w.Raw("}")
	return w.Bytes
}

// dryRunResult is the result of a dry run. It is not an error, but not ok either,
// because the group has no message.
func dryRunResult(p *dingtalk.DryRun, receipt *dingtalk.Receipt, preview bool) []byte {
	w := newResult(dryRunText(p, receipt, preview), 1024+2*receipt.Bytes)
	w.bool("ok", false)
	w.text("reason", string(reasonDryRun))
	w.bool("retryable", false)
	w.parts(receipt)
	w.strings("notified", notifiedNames(receipt))
	w.writePreview(p, preview)
	w.Raw("}}")
	return w.Bytes
}

func resultText(receipt *dingtalk.Receipt, e *dingtalk.Error) string {
	if e != nil {
		text := e.Message + deliveredText(receipt)
		if receipt.Repeat {
			text += " It was " + aRepeat + "."
		}
		return text + " " + e.Advice
	}
	s := "Message sent successfully"
	if receipt.Total > 1 {
		s += " in " + strconv.Itoa(receipt.Total) + " parts"
	}
	if receipt.AlreadySent {
		return s + " by an earlier call with this idempotencyKey; nothing was sent again."
	}
	if receipt.Repeat {
		s += ", as " + aRepeat + ": the group sees it once"
	}
	if receipt.Keyword != "" {
		s += "; the robot's keyword " + receipt.Keyword + " was added"
	}
	if names := notifiedText(receipt); names != "" {
		s += "; DingTalk notifies " + names
	}
	return s + "."
}

// aRepeat is what a message without a key was that equals an unfinished one.
const aRepeat = "a repeat of an unfinished call with the same message"

// deliveredText tells how much of a message that failed is in the group.
func deliveredText(receipt *dingtalk.Receipt) string {
	if receipt.Delivered == 0 {
		return ""
	}
	return " " + strconv.Itoa(receipt.Delivered) + " of " + strconv.Itoa(receipt.Total) + " parts are in the group."
}

func dryRunText(p *dingtalk.DryRun, receipt *dingtalk.Receipt, preview bool) string {
	s := "Dry run: nothing was sent. It would go to " + p.Address
	if preview {
		s = "Preview: nothing was sent. It would go"
	}
	s += " in " + strconv.Itoa(receipt.Total) + " request"
	if receipt.Total > 1 {
		s += "s"
	}
	s += " of " + strconv.Itoa(receipt.Bytes) + " bytes"
	switch {
	case p.KeywordAdded:
		s += "; the robot's keyword " + p.Keyword + " is added"
	case p.Keyword != "":
		s += "; it holds the robot's keyword " + p.Keyword
	}
	if names := notifiedText(receipt); names != "" {
		s += "; DingTalk would notify " + names
	}
	s += "."
	if !preview {
		return s
	}
	if p.Wrong != nil {
		s += " Some phones show wrongly: " + strings.Join(p.Wrong, ", ") + "."
	}
	return s + "\n" + strings.Join(p.Lines, "\n")
}

func notifiedText(receipt *dingtalk.Receipt) string {
	names := notifiedNames(receipt)
	if len(names) > 0 && receipt.Mentions.All {
		names[0] = "everyone in the group"
	}
	if names == nil && receipt.Mentions != nil && receipt.Mentions.Unlisted != "" {
		return "nobody, not even " + receipt.Mentions.Unlisted
	}
	return strings.Join(names, ", ")
}

// notifiedNames names those whom DingTalk notifies, ten of them at most.
func notifiedNames(receipt *dingtalk.Receipt) (names []string) {
	const maxNotified = 10
	if receipt.Mentions == nil {
		return nil
	}
	if receipt.Mentions.All {
		names = append(names, "all")
	}
	for i, mention := range receipt.Mentions.People {
		if i == maxNotified {
			return append(names, strconv.Itoa(len(receipt.Mentions.People)-i)+" more")
		}
		names = append(names, mention.Label())
	}
	return names
}

// A resultWriter writes the members of a result. It omits empty texts and lists
// and zero numbers.
type resultWriter struct {
	strictjson.Writer
}

// newResult begins a result with its text and the structured content.
func newResult(text string, size int) *resultWriter {
	w := &resultWriter{strictjson.Writer{Bytes: make([]byte, 0, size)}}
	w.Raw(`{"content":[{"type":"text","text":`)
	w.Quote(text)
	w.Raw(`}],"structuredContent":{`)
	return w
}

// writeStructured writes the members that schema/output.json describes.
func (w *resultWriter) writeStructured(receipt *dingtalk.Receipt, e *dingtalk.Error) {
	w.bool("ok", e == nil)
	if e == nil {
		e = &dingtalk.Error{Reason: dingtalk.ReasonSent}
		if receipt.AlreadySent {
			e.Reason = dingtalk.ReasonAlreadySent
		}
	}
	w.text("reason", string(e.Reason))
	w.bool("retryable", e.Retryable)
	w.int("retryAfterSeconds", e.RetryAfter)
	if e.HasErrcode {
		w.Member("errcode")
		w.Int(int64(e.Code))
		w.text("errmsg", e.Msg)
	}
	w.text("configKey", e.ConfigKey)
	if receipt.Delivered > 0 || receipt.MayBeDelivered {
		if receipt.Delivered < receipt.Total {
			w.text("idempotencyKey", receipt.IdempotencyKey)
		}
		w.parts(receipt)
		w.strings("notified", notifiedNames(receipt))
	}
	w.Raw("}")
}

// writePreview writes the member that schema/dry_run.json describes, or for a
// preview schema/preview.json.
func (w *resultWriter) writePreview(p *dingtalk.DryRun, preview bool) {
	if preview {
		w.Member("preview")
		w.Raw("{")
		w.strings("lines", p.Lines)
		w.strings("shownWrongly", p.Wrong)
	} else {
		w.Member("dryRun")
		w.Raw("{")
		w.text("address", p.Address)
		w.strings("bodies", p.Bodies)
	}
	w.Member("sizes")
	w.Raw("[")
	for _, size := range p.Sizes {
		w.Comma()
		w.Int(int64(size))
	}
	w.Raw("]")
	if p.Keyword != "" {
		w.text("keyword", p.Keyword)
		w.bool("keywordAdded", p.KeywordAdded)
	}
	w.Raw("}")
}

// parts writes how much of a long message arrived.
func (w *resultWriter) parts(receipt *dingtalk.Receipt) {
	if receipt.Total < 2 {
		return
	}
	w.Member("parts")
	w.Raw(`{"sent":`)
	w.Int(int64(receipt.Delivered))
	w.Raw(`,"total":`)
	w.Int(int64(receipt.Total))
	w.Raw("}")
}

func (w *resultWriter) text(name, value string) {
	if value != "" {
		w.Member(name)
		w.Quote(value)
	}
}

func (w *resultWriter) strings(name string, list []string) {
	if len(list) > 0 {
		w.Member(name)
		w.Strings(list)
	}
}

func (w *resultWriter) int(name string, value int) {
	if value != 0 {
		w.Member(name)
		w.Int(int64(value))
	}
}

func (w *resultWriter) bool(name string, value bool) {
	w.Member(name)
	w.Bool(value)
}
