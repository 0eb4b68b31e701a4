package webui

import (
	"encoding/json"
	"strings"
)

// attempt is what can be told of a body that the robot may have refused.
type attempt struct {
	MsgType    string                   `json:"msgtype"`
	MsgUUID    string                   `json:"msgUuid"`
	Text       struct{ Content string } `json:"text"`
	Link       struct{ Title string }   `json:"link"`
	Markdown   struct{ Title string }   `json:"markdown"`
	ActionCard struct{ Title string }   `json:"actionCard"`
	FeedCard   struct {
		Links []struct{ Title string }
	} `json:"feedCard"`
}

// attempt keeps what fits of a body that is wrong somewhere.
func (e entry) attempt() (a attempt) {
	_ = json.Unmarshal(e.Body, &a)
	return a
}

// Attempt is a line about a message that did not get into the group: its type, and how it would have been announced.
func (e entry) Attempt() string {
	a := e.attempt()
	title := a.Text.Content + a.Link.Title + a.Markdown.Title + a.ActionCard.Title
	if title == "" && len(a.FeedCard.Links) > 0 {
		title = a.FeedCard.Links[0].Title
	}
	title, _, _ = strings.Cut(strings.TrimSpace(title), "\n")
	if title == "" {
		return visible(brief(a.MsgType))
	}
	return visible(brief(a.MsgType) + ": " + brief(title))
}

// brief keeps what fits into a line.
func brief(s string) string {
	const most = 80
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}
