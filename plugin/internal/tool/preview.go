package tool

import (
	"strconv"
	"strings"

	"dingtalk-plugin/plugin/internal/dingtalk"
	"dingtalk-plugin/plugin/internal/jsontext"
)

const reasonDryRun dingtalk.Reason = "dry_run"

// preview is the result of a dry run: no failure, and yet the group has
// nothing. It is as long as the message.
func preview(v dingtalk.Preview, receipt dingtalk.Receipt, e *dingtalk.Error) []byte {
	if e != nil {
		return failure(e)
	}
	out := append(make([]byte, 0, 1024+2*receipt.Bytes), `{"content":[{"type":"text","text":`...)
	out = jsontext.AppendString(out, previewText(v, receipt))
	out = append(out, `}],"structuredContent":`...)
	o := object{dst: append(out, '{')}
	o.boolean("ok", false)
	o.text("reason", string(reasonDryRun))
	o.boolean("retryable", false)
	o.text("msgUuid", receipt.UUID)
	o.parts(receipt)
	o.notified(receipt)
	o.member("dryRun")
	o.dst = appendPreview(o.dst, v)
	return append(o.dst, "}}"...)
}

// appendPreview appends the object that schema/dry_run.json describes.
func appendPreview(dst []byte, v dingtalk.Preview) []byte {
	o := object{dst: append(dst, '{')}
	o.text("address", v.Address)
	o.member("bodies")
	o.dst = jsontext.AppendStrings(o.dst, v.Bodies)
	o.member("sizes")
	o.dst = append(o.dst, '[')
	for i, size := range v.Sizes {
		if i > 0 {
			o.dst = append(o.dst, ',')
		}
		o.dst = jsontext.AppendInt(o.dst, size)
	}
	o.dst = append(o.dst, ']')
	if v.Keyword != "" {
		o.text("keyword", v.Keyword)
		o.boolean("keywordAdded", v.KeywordAdded)
	}
	return append(o.dst, '}')
}

func previewText(v dingtalk.Preview, receipt dingtalk.Receipt) string {
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
