package webui

import "dingtalk-plugin/host-test/dingtalktest"

// fault is one that can be queued with a switch.
type fault struct{ Name, About string }

// faults are all that the robot knows, in its order. A test demands words for each.
func faults() (list []fault) {
	about := map[string]string{
		"busy":             "errcode -1, nothing posted",
		"error":            "errcode 500100, nothing posted",
		"gateway":          "502 with an HTML page",
		"punish":           "address blocked: status 1111",
		"empty":            "200 without a body",
		"cut":              "the answer ends early",
		"html":             "200 with a login page",
		"binary":           "bytes that are no text",
		"megabyte":         "an answer of 1 MiB",
		"nocode":           "{} without errcode",
		"drop-before":      "closed, nothing posted",
		"drop-after":       "posted, then closed",
		"accept-then-busy": "posted, then errcode -1",
		"accept-then-502":  "posted, then 502",
		"slow":             "answers after 2 seconds",
	}
	for _, name := range dingtalktest.FaultNames() {
		list = append(list, fault{name, about[name]})
	}
	return list
}
