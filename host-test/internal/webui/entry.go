package webui

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"
)

// entry is one request as it stands in the group.
type entry struct {
	dingtalktest.Request
	Pause   bool // the time is shown above it
	Part    part
	painter *painter
}

// paused tells whether the group was silent for so long that DingTalk shows the time again.
func paused(before, now time.Time) bool {
	return now.Sub(before).Abs() > 5*time.Minute || before.YearDay() != now.YearDay()
}

// Mark names the request in an address.
func (e entry) Mark() mark { return newMark(e.Request.Cursor()) }

// Kind says what became of the request: message, repeat, refused or fault; or
// that it was only asked whether anybody is there, which a careful sender does
// before it shows its token.
func (e entry) Kind() string {
	switch {
	case e.Method == http.MethodGet:
		return "asked"
	case e.Message != nil:
		return "message"
	case e.Duplicate:
		return "repeat"
	case e.Code != 0 && !e.faulty():
		return "refused"
	}
	return "fault"
}

// Headline names the kinds other than message.
func (e entry) Headline() string {
	switch e.Kind() {
	case "repeat":
		return "Repeated"
	case "asked":
		return "Asked whether anybody is there"
	case "refused":
		return "Refused"
	}
	return "Not delivered"
}

// Doubtful tells that the sender of a message was told something else than ok.
func (e entry) Doubtful() bool {
	return e.Status != http.StatusOK || e.Code != 0 || e.Text == "" || e.faulty()
}

// faulty finds the word with which the robot notes that a fault was scripted.
func (e entry) faulty() bool {
	return strings.HasPrefix(e.Explanation, "fault: ") || strings.Contains(e.Explanation, "; fault: ")
}

// Told is the answer that the sender got.
func (e entry) Told() string {
	switch {
	case e.Status == 0:
		return "nothing: the connection was closed"
	case e.Text == "":
		return fmt.Sprintf("HTTP %d, an answer that is not the robot's", e.Status)
	case e.Code == 0 && e.faulty():
		return fmt.Sprintf("HTTP %d, errcode 0 %s, cut short", e.Status, visible(e.Text))
	}
	return fmt.Sprintf("HTTP %d, errcode %d %s", e.Status, e.Code, visible(e.Text))
}

// Why is the robot's explanation. It can quote the sender.
func (e entry) Why() string { return visible(e.Explanation) }

// Size is that of the body, in bytes.
func (e entry) Size() int { return len(e.Body) }

// Bubble is what the group sees. It takes a while to make: ask once.
func (e entry) Bubble() bubble { return newBubble(e.Message, e.painter) }
