package webui

import (
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// fact is one line behind a message.
type fact struct{ Name, Value string }

// Facts are what was checked, in the order of the checks.
func (e entry) Facts() []fact {
	facts := []fact{
		{"Answer", e.Told()},
		{"Explanation", e.Why()},
		{"Access token", map[bool]string{true: "the robot's", false: "not the robot's"}[e.TokenKnown]},
		{"Signature", e.signature()},
		{"Timestamp", e.timestamp()},
	}
	if m := e.Message; m != nil {
		facts = append(facts,
			fact{"Keyword", orElse(visible(m.Keyword), "none asked for")},
			fact{"Minute", fmt.Sprintf("message %d within a minute; DingTalk takes 20", m.MinuteIndex)})
	}
	return append(facts, fact{"msgUuid", orElse(visible(e.attempt().MsgUUID), "none")})
}

func (e entry) signature() string {
	switch {
	case e.SignVerified:
		return "verified"
	case e.Message != nil:
		return "none asked for"
	}
	return "not verified"
}

// timestamp compares what was signed with the robot's clock.
func (e entry) timestamp() string {
	query, _ := url.ParseQuery(e.Query) // what can be read of a mangled one
	sent := query.Get("timestamp")
	if sent == "" {
		return "none"
	}
	ms, err := strconv.ParseInt(sent, 10, 64)
	if err != nil {
		return fmt.Sprintf("%s: not a number of milliseconds", visible(sent))
	}
	off := time.UnixMilli(ms).Sub(e.Time).Round(time.Millisecond)
	return fmt.Sprintf("%d, %v off the robot's clock; an hour is allowed", ms, off)
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
