package release

import (
	"bytes"
	"testing"

	"github.com/tetratelabs/wazero"
)

var someVersion = Version{"v0.1.0", "0123456789abcdef0123456789abcdef01234567", "tinygo 0.41.1 (LLVM 19, go1.26.8)"}

// A stamped module says its version, and is otherwise the module it was: runtimes
// take it and it answers the same.
func TestStamp(t *testing.T) {
	module := compiled(t)
	stamped, err := Stamp(module, someVersion)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := ReadVersion(stamped); !ok || got != someVersion {
		t.Errorf("ReadVersion = %v, %v", got, ok)
	}
	runtime := wazero.NewRuntime(t.Context())
	defer runtime.Close(t.Context())
	if _, err := runtime.CompileModule(t.Context(), stamped); err != nil {
		t.Error(err)
	}
	if !bytes.Equal(described(t, stamped), described(t, module)) {
		t.Error("the stamped module describes itself differently")
	}
}

// A second stamp takes the first one's place.
func TestStampTwice(t *testing.T) {
	empty := []byte(header)
	other := Version{Version: Unknown, Compiler: "tinygo"}
	once, _ := Stamp(empty, someVersion)
	first, _ := Stamp(empty, other)
	twice, err := Stamp(once, other)
	if err != nil || !bytes.Equal(twice, first) {
		t.Errorf("stamped twice: %q, %v, want %q", twice, err, first)
	}
}

// Other sections stay as they are, in their order, with the customs among them.
func TestStampKeepsSections(t *testing.T) {
	module := []byte(header + "\x00\x05\x04name" + "\x01\x01\x00" + "\x00\x03\x01ab" + "\x05\x03\x01\x00\x01")
	stamped, err := Stamp(module, someVersion)
	if err != nil || !bytes.HasPrefix(stamped, module) {
		t.Errorf("Stamp = %q, %v", stamped, err)
	}
}

func TestReadVersionOfOthers(t *testing.T) {
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
		if v, ok := ReadVersion([]byte(module)); ok {
			t.Errorf("%s has version %v", name, v)
		}
	}
}

func TestVersionString(t *testing.T) {
	if got, want := someVersion.String(), "v0.1.0, commit 0123456789abcdef0123456789abcdef01234567, tinygo 0.41.1 (LLVM 19, go1.26.8)"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := (Version{Version: Unknown, Compiler: "tinygo 0.41.1"}).String(), "unknown, tinygo 0.41.1"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Whatever the bytes are, they are refused, or take a stamp and keep everything
// else.
func FuzzStamp(f *testing.F) {
	f.Add([]byte(header))
	f.Add([]byte(header + "\x00\x05\x04name\x01\x01\x00"))
	f.Add([]byte(header + "\x00\x19\x17dingtalk-plugin.version{"))
	f.Fuzz(func(t *testing.T, module []byte) {
		stamped, err := Stamp(module, someVersion)
		if err != nil {
			if _, ok := ReadVersion(module); ok {
				t.Fatalf("%q has a version and takes none: %v", module, err)
			}
			return
		}
		if got, ok := ReadVersion(stamped); !ok || got != someVersion {
			t.Fatalf("%q stamped reads %v, %v", module, got, ok)
		}
		again, err := Stamp(stamped, someVersion)
		if err != nil || !bytes.Equal(again, stamped) {
			t.Fatalf("%q stamped again differs: %v", module, err)
		}
		if _, had := ReadVersion(module); !had && !bytes.Contains(module, []byte(versionSection)) && !bytes.HasPrefix(stamped, module) {
			t.Fatalf("%q lost something", module)
		}
	})
}
