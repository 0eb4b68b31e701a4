// Package page is a web page that shows what was posted to a fake DingTalk group, the way Mailpit shows mail. It reads the
// store that the tests read, and the robot does not know it:
//
//	r := dingtalktest.New(nil)
//	mux := http.NewServeMux()
//	mux.Handle("/robot/send", r)
//	mux.Handle("/", webui.Handler(r, nil))
//
// Each request stands in the group, oldest first: accepted messages as DingTalk draws them, refused ones with code, text and
// explanation. Behind each is the raw request without its credentials. The page works offline: what it needs is embedded, and
// pictures of a message are drawn as a box with their address.
//
// # Addresses
//
//	GET  /            the page, which works without its script, too
//	GET  /requests/…  what is behind one request: the checks, the raw request, a curl command
//	GET  /events      the same as server-sent events, until the client leaves or does not read; a server that shuts down must
//	                  close these
//	POST /mood/...    the robot's mood, as a form; the answer is 303, or 400 with a sentence
//
// The switches, each with curl -d and nothing else:
//
//	/mood/secret    on=true|false           demand signatures of another secret
//	/mood/keyword   on=true|false           demand a keyword that no message has
//	/mood/rate      on=true|false           one message a minute; the second locks the robot for ten minutes
//	/mood/texts     generation=new|mid|old  how errors are worded
//	/mood/fault     name=busy [times=3]     what happens to the next POSTs; the names are those of dingtalktest.FaultNames
//	/mood/advance   by=10m                  move the robot's clock, also backwards, but not behind the real one
//	/mood/clear                             forget messages, requests, the minute's window and the lock
//
// A switch that is turned off returns to the settings that the robot had when Handler was called.
//
// # What is foreign here
//
// Everything in a request is. Raw HTML in Markdown is text, as in the subset that DingTalk documents; goldmark's output goes
// through bluemonday; html/template escapes the rest; characters that cannot be seen or that turn the line around are spelled
// out; and a Content-Security-Policy keeps what slips through from running or loading anything.
//
// Other sites are foreign, too. A switch refuses requests that another site makes with the visitor's browser, and the page
// with all its addresses answers 421 under a host name that another site could have made to lead here: see Options.Hosts. The
// robot's own address is not the page's, answers under any name, and tells nothing of the group.
//
// Visitors are bounded in number and in what each takes of memory, see Options. Timeouts of requests are the server's.
package webui
