package release

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
)

// versionSection is the custom section of a module that holds its Version.
// Runtimes ignore custom sections that they do not know.
const versionSection = "dingtalk-plugin.version"

// metaKey is the version's name in a tool's _meta.
const metaKey = "dingtalk-plugin/version"

// Version tells what a module was built from. It is part of the module, so that
// a file without its name or its registry still has it.
type Version struct {
	Version  string `json:"version"`          // as git describes the commit
	Commit   string `json:"commit,omitempty"` // not abbreviated; "" without git
	Compiler string `json:"compiler"`         // see Compiler
}

// String returns the version on one line, for people.
func (v Version) String() string {
	if v.Commit == "" {
		return fmt.Sprintf("%s, %s", v.Version, v.Compiler)
	}
	return fmt.Sprintf("%s, commit %s, %s", v.Version, v.Commit, v.Compiler)
}

// SetVersion writes the version into the module twice: into its data, which the
// guest shows as the _meta of its tools, because a guest cannot read its own
// custom sections; and into a custom section, which ReadVersion reads. It
// replaces the version of a module that has one.
//
// placeholder is what was compiled in, a JSON object with spaces before its last
// brace.
func SetVersion(module []byte, placeholder string, v Version) ([]byte, error) {
	module, err := patchVersion(module, placeholder, v)
	if err != nil {
		return nil, err
	}
	return addVersionSection(module, v)
}

// patchVersion replaces the placeholder, or an earlier version, by the version
// at the same width, so that nothing else in the module moves and what was tested
// is what is released.
func patchVersion(module []byte, placeholder string, v Version) ([]byte, error) {
	old := []byte(placeholder)
	if before, ok := ReadVersion(module); ok && !bytes.Contains(module, old) {
		var err error
		if old, err = versionBytes(before, len(placeholder)); err != nil {
			return nil, err
		}
	}
	text, err := versionBytes(v, len(placeholder))
	if err != nil {
		return nil, err
	}
	if n := bytes.Count(module, old); n != 1 {
		return nil, fmt.Errorf("the module has %d placeholders for its version, want 1", n)
	}
	return bytes.Replace(module, old, text, 1), nil
}

func versionBytes(v Version, width int) ([]byte, error) {
	text, err := json.Marshal(map[string]Version{metaKey: v})
	if err != nil {
		return nil, err
	}
	if len(text) > width {
		return nil, fmt.Errorf("the version takes %d bytes, but the module has only %d for it", len(text), width)
	}
	padding := bytes.Repeat([]byte(" "), width-len(text))
	return append(append(text[:len(text)-1], padding...), '}'), nil
}

// addVersionSection appends the version's custom section, or replaces an earlier
// one. Other sections stay as they are.
func addVersionSection(module []byte, v Version) ([]byte, error) {
	payload, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	list, err := sections(module)
	if err != nil {
		return nil, err
	}
	out := []byte(header)
	for _, s := range list {
		if s.name != versionSection {
			out = append(out, s.raw...)
		}
	}
	return appendVec(append(out, 0), append(appendVec(nil, []byte(versionSection)), payload...)), nil
}

// ReadVersion returns the version in a module. A module that was compiled but not
// released has none.
func ReadVersion(module []byte) (v Version, ok bool) {
	list, err := sections(module)
	if err != nil {
		return v, false
	}
	for _, s := range list {
		if s.name == versionSection {
			return v, json.Unmarshal(s.payload, &v) == nil
		}
	}
	return v, false
}

// header begins every module: the magic number and version 1 of the format. A
// component has another version and is refused.
const header = "\x00asm\x01\x00\x00\x00"

// A section of a module. Only custom sections have a name and a payload.
type section struct {
	raw     []byte // with its id and size
	name    string
	payload []byte
}

func sections(module []byte) ([]section, error) {
	rest, found := bytes.CutPrefix(module, []byte(header))
	if !found {
		return nil, errors.New("not a WebAssembly module")
	}
	var list []section
	for len(rest) > 0 {
		content, after, err := readVec(rest[1:])
		s := section{raw: rest[:len(rest)-len(after)]}
		if err == nil && rest[0] == 0 {
			var name []byte
			name, s.payload, err = readVec(content)
			s.name = string(name)
		}
		if err != nil {
			return nil, fmt.Errorf("section at byte %d: %w", len(module)-len(rest), err)
		}
		list = append(list, s)
		rest = after
	}
	return list, nil
}

// readVec cuts off a vector of bytes, which begins with its length. WebAssembly's
// LEB128 is what encoding/binary calls a varint.
func readVec(data []byte) (content, rest []byte, err error) {
	length, digits := binary.Uvarint(data)
	if digits <= 0 || length > uint64(len(data)-digits) {
		return nil, nil, errors.New("its length exceeds the module")
	}
	data = data[digits:]
	return data[:length], data[length:], nil
}

func appendVec(dst, content []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(content))), content...)
}

// A Compiler is what turns the source into the module.
type Compiler struct {
	TinyGo string // such as "0.41.1"
	LLVM   string // its major version
	Go     string // the Go whose standard library is compiled in, such as "1.26.8"
}

// String omits where the compiler came from: the same version builds the same
// module, whether it was bootstrapped or found on PATH.
func (c Compiler) String() string {
	return fmt.Sprintf("tinygo %s (LLVM %s, go%s)", c.TinyGo, c.LLVM, c.Go)
}

var compilerForm = regexp.MustCompile(`^tinygo (\S+) \((?:.*, )?LLVM (\d+), go(\S+)\)\s*$`)

// ParseCompiler reads what `plugin/build/build.sh --version` prints, or what
// String returns.
func ParseCompiler(line string) (Compiler, error) {
	found := compilerForm.FindStringSubmatch(line)
	if found == nil {
		return Compiler{}, fmt.Errorf("cannot read the compiler's version from %q", line)
	}
	return Compiler{found[1], found[2], found[3]}, nil
}

// ReadCompiler asks the build script of the repository at root which compiler it
// uses.
func ReadCompiler(ctx context.Context, root string) (Compiler, error) {
	out, err := run(exec.CommandContext(ctx, "plugin/build/build.sh", "--version"), root)
	if err != nil {
		return Compiler{}, err
	}
	return ParseCompiler(out)
}
