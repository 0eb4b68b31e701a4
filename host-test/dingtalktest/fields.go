package dingtalktest

import "strings"

// field is a required string of a message type, and the code that its absence has.
type field struct {
	code int
	name string
}

// msgType checks that the type is one of the five. guess: none at all is refused like an unknown one.
func (v *visit) msgType() *refusal {
	name := str(v.root, "msgtype")
	switch name {
	case "text", "link", "markdown", "actionCard", "feedCard":
		return nil
	}
	no := refuse(badMsgType, "msgtype is not text, link, markdown, actionCard or feedCard")
	no.arg = name
	return no
}

// fields checks what each type requires, see https://open.dingtalk.com/document/development/robot-message-type. The order
// within a type is that of the codes. Codes without a guess were seen in the threads that missing names, or noted down by a
// public client beside each of its calls; the others follow their pattern.
func (v *visit) fields() *refusal {
	name := str(v.root, "msgtype")
	body, _ := v.root[name].(object)
	switch name {
	case "text":
		return require(body, name, 400201, field{400202, "content"})
	case "link":
		// guess: 400301
		return require(body, name, 400301, field{400302, "text"}, field{400303, "title"}, field{400304, "messageUrl"})
	case "markdown":
		return require(body, name, 400401, field{400402, "title"}, field{400403, "text"})
	case "actionCard":
		return requireCard(body)
	default:
		return requireFeed(body)
	}
}

// require checks that the type's own object is there, and strings that are not empty in it
// (https://github.com/feiyu563/PrometheusAlert/issues/63 shows that an empty one is refused). guess: so is one of blanks.
func require(body object, name string, code int, fields ...field) *refusal {
	if body == nil {
		return lacking(code, name)
	}
	for _, f := range fields {
		if !shows(body, f.name) {
			return lacking(f.code, name, f.name)
		}
	}
	return nil
}

// requireCard checks an actionCard. A complete pair of singleTitle and singleURL makes btns irrelevant, right or wrong.
// guess: all its codes but 400503.
func requireCard(card object) *refusal {
	no := require(card, "actionCard", 400501, field{400502, "title"}, field{400503, "text"})
	if no == nil {
		no = requireButtons(card)
	}
	if no != nil {
		return no
	}
	for _, f := range []field{{400509, "btnOrientation"}, {400510, "hideAvatar"}} {
		value, given := card[f.name]
		if given && value != "0" && value != "1" {
			no := lacking(f.code, "actionCard", f.name)
			no.why = f.name + ` is neither the string "0" nor "1"`
			return no
		}
	}
	return nil
}

func requireButtons(card object) *refusal {
	title, address := strings.TrimSpace(str(card, "singleTitle")), str(card, "singleURL")
	if title != "" && address != "" {
		return nil
	}
	buttons, _ := card["btns"].([]any)
	switch {
	case len(buttons) > 0:
		return requireEach(buttons, []string{"actionCard", "btns"}, field{400507, "title"}, field{400508, "actionURL"})
	case title != "":
		return lacking(400506, "actionCard", "singleURL")
	case address != "":
		return lacking(400505, "actionCard", "singleTitle")
	}
	return lacking(400504, "actionCard", "btns")
}

// requireFeed checks a feedCard. guess: all its codes but 400602.
func requireFeed(feed object) *refusal {
	if feed == nil {
		return lacking(400601, "feedCard")
	}
	links, _ := feed["links"].([]any)
	if len(links) == 0 {
		return lacking(400602, "feedCard", "links")
	}
	return requireEach(links, []string{"feedCard", "links"},
		field{400603, "title"}, field{400604, "messageURL"}, field{400605, "picURL"})
}

// requireEach guesses that the answer does not tell which entry it means.
func requireEach(list []any, path []string, fields ...field) *refusal {
	for _, item := range list {
		entry, _ := item.(object)
		for _, f := range fields {
			if !shows(entry, f.name) {
				return lacking(f.code, append(path, f.name)...)
			}
		}
	}
	return nil
}

// shows tells whether a field is a string with more than blanks in it.
func shows(o object, name string) bool { return strings.TrimSpace(str(o, name)) != "" }

func lacking(code int, path ...string) *refusal {
	return refuse(missing(code, path...), strings.Join(path, ".")+" is missing, empty or of another kind")
}
