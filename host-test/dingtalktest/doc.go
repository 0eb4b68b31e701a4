// Package robot is a fake of DingTalk's custom-robot webhook, for tests and demonstrations.
//
// A Robot is an http.Handler and answers on every path, so that it can be served with httptest or mounted wherever a page
// wants it. It checks what the real robot checks and answers with the real robot's words:
//
//	r := dingtalktest.New(&dingtalktest.Options{Secret: "SECexample"})
//	srv := httptest.NewServer(r)
//	// post to srv.URL + "/robot/send?access_token=" + dingtalktest.DefaultToken + "&timestamp=…&sign=…"
//	for _, m := range r.Messages() {
//		fmt.Print(dingtalktest.RenderText(m))
//	}
//
// # What it supports
//
//   - the message types text, link, markdown, actionCard (single and several buttons) and feedCard, with their field names in
//     their exact case (link.messageUrl, but feedCard.links[].messageURL)
//   - the security settings keyword, signature and IP list, alone or together
//   - at.atMobiles, at.atUserIds and at.isAtAll, and who of them is really notified
//   - msgUuid: a repeated one is answered with ok and stored once
//   - the 20000 bytes of a body, the 20 messages of a minute and the ten minutes of silence after them
//   - a robot that is disabled or removed, and a group that is dissolved
//   - the literal error texts of three generations, and errcode as a number or a string
//   - scripted faults: bad answers, slow answers, cut answers, closed connections, each before or after accepting
//
// # What bounds it
//
// What it remembers, reads of a body and waits for has limits, the last fields of Options, so that it can be left running. It
// answers under any host name, since it is mounted behind any, and tells nothing of its group: that is for methods. Who shows
// those to a browser must check the Host header.
//
// The facts come from these pages, and from the threads that the comments name:
//
//   - https://open.dingtalk.com/document/development/custom-robots-send-group-messages
//   - https://open.dingtalk.com/document/development/robot-message-type
//   - https://open.dingtalk.com/document/dingstart/customize-robot-security-settings
//   - https://open.dingtalk.com/document/development/how-to-process-api-throttling-on-the-dingtalk-server
//
// # What it guesses
//
// DingTalk documents none of these; the code marks each with the word "guess".
//
//   - the order of the checks, except that method and token come first
//   - that the minute slides, that refused messages do not count, and that knocking during the silence does not prolong it
//   - that exactly 20000 bytes pass, and that an hour sharp is not yet too old
//   - that a keyword is matched as a plain substring of title and text, in its exact case
//   - that a msgUuid is remembered for 24 hours, whatever the body, and that a repeat does not count for the rate (the fake
//     knows the last 10000, or fewer long ones)
//   - that a text or title of blanks alone counts as missing
//   - the codes of most missing fields of link, actionCard and feedCard, and some texts of the generations (see texts.go)
//   - which addresses are unsafe: all but http, https, dingtalk and dtmd
//   - that a mention needs its @token in the body of a text message too, and ends where a letter or digit would continue it
//   - that people beyond the fiftieth are left out silently
//
// # Where it is stricter than the real robot
//
// It refuses duplicate keys, text after the JSON, bytes that are no UTF-8 and raw line breaks inside strings; the real robot
// has been seen to take the last (https://github.com/zcong1993/actions-ding/issues/5). It demands the title and the buttons
// of an actionCard, as the pages do. A sender that pleases the fake pleases both.
//
// # What it leaves out
//
// The monthly quota, the content filter (4301xx, except the addresses), the throttling of apps and of source addresses (as a
// scripted fault only), and whether a mentioned person is in the group.
package dingtalktest
