package dingtalktest

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Everyone stands in Message.Mentions for isAtAll. No mobile and no user id begins with @.
const Everyone = "@all"

// maxMentions is the most people that one message can mention, see
// https://open.dingtalk.com/document/development/robot-message-type.
const maxMentions = 50

// At is whom a sender wants to notify, as written in the message's at.
type At struct {
	Mobiles, UserIDs []string
	All              bool
}

// Unnotified is somebody in at who is not notified.
type Unnotified struct {
	Who    string // a mobile, a user id, Everyone, or the name of a field of at
	Reason string
}

// readMentions finds out who is notified. Being in at is not enough: the text must have the @token too, for which DingTalk
// then shows the name (https://open.dingtalk.com/document/development/robot-message-type). guess: so it is in a text message;
// older reports say that the list alone was enough there.
func (m *Message) readMentions(root object) {
	at, ok := root["at"].(object)
	if !ok && root["at"] != nil {
		m.miss("at", "it is not an object")
	}
	m.At.Mobiles = m.readNames(at, "atMobiles")
	m.At.UserIDs = m.readNames(at, "atUserIds")
	if m.At.All, ok = at["isAtAll"].(bool); !ok && at["isAtAll"] != nil {
		m.miss("isAtAll", "it is not a boolean")
	}

	done := map[string]bool{}
	for i, who := range slices.Concat(m.At.Mobiles, m.At.UserIDs) {
		if !done[who] {
			m.mention(who, i < len(m.At.Mobiles))
		}
		done[who] = true
	}
	switch {
	case m.At.All && (m.MsgType == "text" || m.MsgType == "markdown"):
		m.Mentions = append(m.Mentions, Everyone)
	case m.At.All:
		m.miss(Everyone, "only text and markdown can mention everyone")
	}
}

// readNames guesses that entries of another kind are ignored.
func (m *Message) readNames(at object, field string) (names []string) {
	list, ok := at[field].([]any)
	if !ok && at[field] != nil {
		m.miss(field, "it is not a list")
	}
	for _, entry := range list {
		if name, ok := entry.(string); ok {
			names = append(names, name)
		} else {
			m.miss(fmt.Sprint(entry), "its entry in "+field+" is not a string")
		}
	}
	return names
}

func (m *Message) mention(who string, mobile bool) {
	switch {
	case who == "":
		m.miss(who, "the entry is empty")
	case m.MsgType == "link" || m.MsgType == "feedCard":
		m.miss(who, "a "+m.MsgType+" cannot mention anyone")
	case m.MsgType == "actionCard" && mobile:
		m.miss(who, "an actionCard mentions by user id only")
	case !hasToken(m.Text, who):
		m.miss(who, "the text has no @"+who)
	case len(m.Mentions) >= maxMentions:
		m.miss(who, "one message mentions at most 50 people") // guess: the rest is sent nevertheless
	default:
		m.Mentions = append(m.Mentions, who)
	}
}

func (m *Message) miss(who, reason string) {
	m.Unnotified = append(m.Unnotified, Unnotified{who, reason})
}

// hasToken tells whether the text has @who and does not go on as a longer name: @138000000012 does not mention 13800000001.
func hasToken(text, who string) bool {
	token := "@" + who
	for {
		_, rest, found := strings.Cut(text, token)
		if !found {
			return false
		}
		if endsName(rest) {
			return true
		}
		text = rest
	}
}

// endsName tells whether a name that is followed by rest is over. guess: a Chinese character continues it like any letter; the
// pages only ask for separated tokens.
func endsName(rest string) bool {
	next, _ := utf8.DecodeRuneInString(rest)
	return rest == "" || !unicode.IsLetter(next) && !unicode.IsDigit(next) && next != '-' && next != '_'
}
