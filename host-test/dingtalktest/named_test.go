package dingtalktest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestNamedFaults sends one message into each fault over a real connection, and then one that must find none.
func TestNamedFaults(t *testing.T) {
	const natural = `{"errcode":0,"errmsg":"ok"}`
	tests := []struct {
		name    string
		want    string // status, content type and body; or the error
		stored  int
		explain string
	}{
		{"busy", `200 application/json {"errcode":-1,"errmsg":"系统繁忙"}`, 0, "not looked at; fault: a scripted error"},
		{"error", `200 application/json {"errcode":500100,"errmsg":"description:系统异常，请稍后再试;"}`, 0, "not looked at; fault: a scripted error"},
		{"gateway", `502 text/html; charset=utf-8 ` + gatewayPage, 0, "not looked at; fault: an answer that is not the robot's"},
		{"punish", `200 application/json ` + punished, 0, "not looked at; fault: an answer that is not the robot's"},
		{"empty", `200 application/json `, 0, "not looked at; fault: an answer that is not the robot's"},
		{"cut", `unexpected EOF after ` + natural[:12], 1, "accepted: token known, message 1 of 20 in this minute; fault: the answer was cut short"},
		{"html", "200 text/html; charset=utf-8 <!DOCTYPE html>\n<html><body>please log in</body></html>\n", 0, "not looked at; fault: an answer that is not the robot's"},
		{"binary", "200 application/octet-stream \x00\xff\xfe\x80\x1b[2J\x00\xc3(", 0, "not looked at; fault: an answer that is not the robot's"},
		{"megabyte", `200 application/json ` + megabyte(), 0, "not looked at; fault: an answer that is not the robot's"},
		{"nocode", `200 application/json {}`, 0, "not looked at; fault: an answer that is not the robot's"},
		{"drop-before", "EOF", 0, "not looked at; fault: the connection was closed without an answer"},
		{"drop-after", "EOF", 1, "accepted: token known, message 1 of 20 in this minute; fault: the connection was closed without an answer"},
		{"accept-then-busy", `200 application/json {"errcode":-1,"errmsg":"系统繁忙"}`, 1, "accepted: token known, message 1 of 20 in this minute; fault: a scripted error"},
		{"accept-then-502", `502 text/html; charset=utf-8 ` + gatewayPage, 1, "accepted: token known, message 1 of 20 in this minute; fault: an answer that is not the robot's"},
		{"slow", `200 application/json ` + natural, 1, "accepted: token known, message 1 of 20 in this minute"},
	}
	var names []string
	for _, tt := range tests {
		names = append(names, tt.name)
		fault, found := FaultByName(tt.name)
		if !found {
			t.Fatalf("no fault %q", tt.name)
		}
		fault.Delay /= 100 // a test has no two seconds
		r := newRobot(Options{})
		r.InjectFaults(fault)
		if got := exchange(t, r, hello); got != tt.want {
			t.Errorf("%s: %.200q, want %.200q", tt.name, got, tt.want)
		}
		seen := r.Requests()
		if len(seen) != 1 || seen[0].Explanation != tt.explain || len(r.Messages()) != tt.stored || (seen[0].Message != nil) != (tt.stored == 1) {
			t.Errorf("%s: %d messages, requests %+v", tt.name, len(r.Messages()), seen)
		}
		if got := post(t, r, hello); got != ok || len(r.Messages()) != tt.stored+1 {
			t.Errorf("%s: the message after it got %v", tt.name, got)
		}
	}
	if diff := cmp.Diff(names, FaultNames()); diff != "" {
		t.Errorf("names (-tested +known):\n%s", diff)
	}
	if _, found := FaultByName("nonsense"); found {
		t.Error("Named knows nonsense")
	}
}
