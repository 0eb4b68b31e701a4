// Package dingtalktest provides a fake of DingTalk's custom-robot webhook, for tests and demonstrations.
//
// A Server is an http.Handler that answers on every path, so it can be served by httptest or mounted in another handler.
// It makes the checks that the real robot makes and answers with the real robot's texts:
//
//	s := dingtalktest.New(&dingtalktest.Options{Secret: "SECexample"})
//	srv := httptest.NewServer(s)
//	// post to srv.URL + "/robot/send?access_token=" + dingtalktest.DefaultToken + "&timestamp=…&sign=…"
//	for _, m := range s.Messages() {
//		fmt.Print(dingtalktest.RenderText(m))
//	}
//
// # What it supports
//
//   - the message types text, link, markdown, actionCard (one button or several) and feedCard, with the exact case of
//     their field names (link.messageUrl, but feedCard.links[].messageURL)
//   - the security settings keyword, signature and IP list, alone or together
//   - at.atMobiles, at.atUserIds and at.isAtAll, and which of these people are notified
//   - msgUuid: a repeated one is answered with ok and stored once
//   - the limits: 20000 bytes a body, 20 messages a minute, and a lock of ten minutes for exceeding them
//   - a robot that is disabled or removed, and a group that is dissolved
//   - the literal errmsg of three generations, and errcode as a number or a string
//   - injected faults: bad, slow and truncated answers and closed connections, before or after the message is accepted
//
// The memory, the bodies and the waiting of a Server are bounded, see the last fields of Options, so it can be left running.
// It answers under any host name and reveals nothing of its group over HTTP. A handler that shows Messages or Requests to a
// browser must check the Host header.
//
// The facts come from these pages, and from the threads that the comments cite:
//
//   - https://open.dingtalk.com/document/development/custom-robots-send-group-messages
//   - https://open.dingtalk.com/document/development/robot-message-type
//   - https://open.dingtalk.com/document/dingstart/customize-robot-security-settings
//   - https://open.dingtalk.com/document/development/how-to-process-api-throttling-on-the-dingtalk-server
//
// # What it guesses
//
// DingTalk documents none of the following. The code marks each with the word "guess".
//
//   - the order of the checks, except that method and token come first
//   - that the minute is a sliding window, that refused messages do not count, and that messages sent during the lock do
//     not prolong it
//   - that a body of exactly 20000 bytes and a signature of exactly one hour pass
//   - that a keyword is a plain, case-sensitive substring of title or text
//   - that a msgUuid is remembered for 24 hours, whatever the body, and that a repeat does not count toward the rate (the
//     fake remembers the last 10000, or fewer if they are long)
//   - that a text or title of only blanks counts as missing
//   - the errcodes of most missing fields of link, actionCard and feedCard, and some errmsgs (see errmsg.go)
//   - that any URL other than http, https, dingtalk and dtmd is unsafe
//   - that a mention requires its @token in a text message, too, and that a letter or digit after the token continues it
//   - that people after the fiftieth are silently not notified
//
// # Where it is stricter than the real robot
//
// It refuses duplicate keys, data after the JSON object, invalid UTF-8 and raw line breaks in strings; the real robot was
// seen to accept the last (https://github.com/zcong1993/actions-ding/issues/5). It requires the title and the buttons of an
// actionCard, as the documentation does. A sender that passes the fake should pass the real robot.
//
// # What it leaves out
//
// The monthly quota, the content filter (4301xx, except for URLs), the throttling of apps and IP addresses (available as an
// injected fault), and whether a mentioned person is in the group.
package dingtalktest
