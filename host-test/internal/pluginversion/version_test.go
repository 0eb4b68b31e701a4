package pluginversion

import (
	"bytes"
	"encoding/json"
	"maps"
	"strings"
	"testing"
)

var someVersion = Version{"v0.1.0", "0123456789abcdef0123456789abcdef01234567", "tinygo 0.41.1 (LLVM 19, go1.26.8)"}

var placeholder = "\n" + strings.Repeat(" ", 200) + "\n"

// moduleWithPlaceholder is a module with one data section.
func moduleWithPlaceholder() []byte {
	content := append([]byte("\x01\x00\x41\x08\x0b"), appendVec(nil, []byte("before"+placeholder+"after"))...)
	return appendVec([]byte(header+"\x0b"), content)
}

func TestPatchVersion(t *testing.T) {
	module := moduleWithPlaceholder()
	for _, v := range []Version{someVersion, {Version: Unknown, Compiler: "tinygo"}, someVersion} {
		var err error
		if module, err = Set(module, placeholder, v); err != nil {
			t.Fatal(err)
		}
		_, text, _ := bytes.Cut(module, []byte("before"))
		text, _, _ = bytes.Cut(text, []byte("after"))
		var object struct {
			Meta map[string]Version `json:"_meta"`
		}
		want := map[string]Version{metaKey: v}
		if v.Version == Unknown {
			want = nil
		}
		if err := json.Unmarshal([]byte(`{"name":"tool"`+string(text)+`}`), &object); err != nil || !maps.Equal(object.Meta, want) || len(text) != len(placeholder) {
			t.Errorf("patched %q, %v", text, err)
		}
	}
}

func TestSetRefuses(t *testing.T) {
	module := moduleWithPlaceholder()
	for name, tt := range map[string]struct {
		module  []byte
		version string
	}{
		"a version that is too long": {module, strings.Repeat("v", len(placeholder))},
		"no placeholder":             {[]byte(header), "v1"},
		"two placeholders":           {append(module, placeholder...), "v1"},
		"not a module":               {[]byte(placeholder), "v1"},
	} {
		if _, err := Set(tt.module, placeholder, Version{Version: tt.version}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// Other sections stay as they are and in their order.
func TestAddVersionSection(t *testing.T) {
	module := []byte(header + "\x00\x05\x04name" + "\x01\x01\x00" + "\x00\x03\x01ab" + "\x05\x03\x01\x00\x01")
	versioned, err := addVersionSection(module, someVersion)
	if err != nil || !bytes.HasPrefix(versioned, module) {
		t.Errorf("addVersionSection = %q, %v", versioned, err)
	}
}

func TestReadForeign(t *testing.T) {
	for name, module := range map[string]string{
		"nothing":           "",
		"text":              "not a module",
		"a component":       "\x00asm\x0d\x00\x01\x00",
		"an empty module":   header,
		"an empty section":  header + "\x00\x18\x17dingtalk-plugin.version",
		"a length too long": header + "\x00\x7f\x17dingtalk-plugin.version{}",
		"a name too long":   header + "\x00\x03\x09ab",
		"an endless length": header + "\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
		"an id alone":       header + "\x00",
	} {
		if v, ok := Read([]byte(module)); ok {
			t.Errorf("%s has version %v", name, v)
		}
	}
}

func TestVersionString(t *testing.T) {
	for want, v := range map[string]Version{
		"v0.1.0, commit 0123456789abcdef0123456789abcdef01234567, tinygo 0.41.1 (LLVM 19, go1.26.8)": someVersion,
		"unknown, tinygo 0.41.1": {Version: "unknown", Compiler: "tinygo 0.41.1"},
	} {
		if got := v.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// Any bytes are either refused or get a version and keep everything else.
func FuzzAddVersionSection(f *testing.F) {
	f.Add([]byte(header))
	f.Add([]byte(header + "\x00\x05\x04name\x01\x01\x00"))
	f.Add([]byte(header + "\x00\x19\x17dingtalk-plugin.version{"))
	f.Fuzz(func(t *testing.T, module []byte) {
		versioned, err := addVersionSection(module, someVersion)
		if err != nil {
			if _, ok := Read(module); ok {
				t.Fatalf("%q has a version but cannot get one: %v", module, err)
			}
			return
		}
		if got, ok := Read(versioned); !ok || got != someVersion {
			t.Fatalf("%q then reads %v, %v", module, got, ok)
		}
		again, err := addVersionSection(versioned, someVersion)
		if err != nil || !bytes.Equal(again, versioned) {
			t.Fatalf("%q differs after a second time: %v", module, err)
		}
		if _, had := Read(module); !had && !bytes.Contains(module, []byte(versionSection)) && !bytes.HasPrefix(versioned, module) {
			t.Fatalf("%q lost something", module)
		}
	})
}
