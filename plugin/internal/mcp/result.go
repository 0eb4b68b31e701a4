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
func dryRunResult(p *dingtalk.DryRun, receipt *dingtalk.Receipt) []byte {
	w := newResult(dryRunText(p, receipt), 1024+2*receipt.Bytes)
	w.bool("ok", false)
	w.text("reason", string(reasonDryRun))
	w.bool("retryable", false)
	w.parts(receipt)
	w.strings("notified", notifiedNames(receipt))
	w.Member("dryRun")
	w.writePreview(p)
	w.Raw("}}")
	return w.Bytes
}

func resultText(receipt *dingtalk.Receipt, e *dingtalk.Error) string {
	if e != nil {
		return e.Message + deliveredText(receipt) + " " + e.Advice + resumeAdvice(receipt, e)
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
	if names := notifiedNames(receipt); len(names) > 0 {
		s += "; DingTalk notifies " + strings.Join(names, ", ")
	}
	return s + "."
}

// deliveredText tells how much of a message that failed is in the group.
func deliveredText(receipt *dingtalk.Receipt) string {
	if receipt.Delivered == 0 {
		return ""
	}
	return " " + strconv.Itoa(receipt.Delivered) + " of " + strconv.Itoa(receipt.Total) + " parts are in the group."
}

// resumeAdvice tells how to send only what is missing.
func resumeAdvice(receipt *dingtalk.Receipt, e *dingtalk.Error) string {
	switch {
	case receipt.IdempotencyKey == "" && receipt.Delivered > 0:
		return " A repeat would send all parts."
	case receipt.IdempotencyKey == "":
		return ""
	case receipt.Delivered > 0:
		return " To send only the rest, repeat the call unchanged with idempotencyKey " + receipt.IdempotencyKey + "."
	case e.Unknown():
		return " The key is " + receipt.IdempotencyKey + "."
	case receipt.MayBeDelivered:
		return " To repeat this message without a second copy, call unchanged with idempotencyKey " + receipt.IdempotencyKey + "."
	}
	return ""
}

func dryRunText(p *dingtalk.DryRun, receipt *dingtalk.Receipt) string {
	s := "Dry run: nothing was sent. It would go to " + p.Address + " in " + strconv.Itoa(receipt.Total) + " request"
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
	if names := notifiedNames(receipt); len(names) > 0 {
		s += "; DingTalk would notify " + strings.Join(names, ", ")
	}
	return s + "."
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

// writePreview writes the object that schema/dry_run.json describes.
func (w *resultWriter) writePreview(p *dingtalk.DryRun) {
	w.Raw("{")
	w.text("address", p.Address)
	w.strings("bodies", p.Bodies)
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
