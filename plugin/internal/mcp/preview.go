package mcp

import (
	"strconv"
	"strings"

	"dingtalk-plugin/plugin/internal/dingtalk"
	"dingtalk-plugin/plugin/internal/strictjson"
)

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
