package release

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// room is where a version goes, as the guest would have it among its data.
var room = `{"dingtalk-plugin/version":{"version":"unknown"}` + strings.Repeat(" ", 150) + "}"

func moduleWithRoom(t *testing.T) []byte {
	t.Helper()
	content := append([]byte("\x01\x00\x41\x08\x0b"), appendSized(nil, []byte("before"+room+"after"))...)
	return appendSized([]byte(header+"\x0b"), content)
}

func TestInscribe(t *testing.T) {
	module := moduleWithRoom(t)
	for _, v := range []Version{someVersion, {Version: Unknown, Compiler: "tinygo"}, someVersion} {
		var err error
		if module, err = Inscribe(module, room, v); err != nil {
			t.Fatal(err)
		}
		if module, err = Stamp(module, v); err != nil {
			t.Fatal(err)
		}
		list, err := sections(module)
		if err != nil {
			t.Fatal(err)
		}
		_, text, _ := bytes.Cut(list[0].whole, []byte("before"))
		text, _, _ = bytes.Cut(text, []byte("after"))
		var meta map[string]Version
		if err := json.Unmarshal(text, &meta); err != nil || meta[metaKey] != v || len(text) != len(room) {
			t.Errorf("inscribed %q, %v", text, err)
		}
	}
}

func TestInscribeRefuses(t *testing.T) {
	module := moduleWithRoom(t)
	long := Version{Version: strings.Repeat("v", len(room))}
	if _, err := Inscribe(module, room, long); err == nil {
		t.Error("a version that is too long was taken")
	}
	if _, err := Inscribe([]byte(header), room, someVersion); err == nil {
		t.Error("a module without room was taken")
	}
	if _, err := Inscribe(append(module, room...), room, someVersion); err == nil {
		t.Error("a module with two rooms was taken")
	}
}
