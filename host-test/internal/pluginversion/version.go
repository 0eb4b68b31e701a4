// Package pluginversion writes into a module what it was built from, and reads it.
package pluginversion

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
)

// versionSection is the custom section of a module that holds its Version.
// Runtimes ignore custom sections that they do not know.
const versionSection = "dingtalk-plugin.version"

// metaKey is the version's name in a tool's _meta: the name of the server in the
// MCP registry, which begins with a domain in reverse. make rename completes it.
const metaKey = "io.github.OWNER/NAME"

// Unknown is the version of a module whose source has none.
const Unknown = "unknown"

// Version tells what a module was built from. It is part of the module, so that
// a file without its name or its registry still has it.
type Version struct {
	Version  string `json:"version"`          // as git describes the commit
	Commit   string `json:"commit,omitempty"` // not abbreviated; "" without git
	Compiler string `json:"compiler"`         // as release.Compiler names it
}

// String returns the version on one line, for people.
func (v Version) String() string {
	if v.Commit == "" {
		return fmt.Sprintf("%s, %s", v.Version, v.Compiler)
	}
	return fmt.Sprintf("%s, commit %s, %s", v.Version, v.Commit, v.Compiler)
}

// Set writes the version into the module twice: into its data, which the
// guest shows as the _meta of its tools, because a guest cannot read its own
// custom sections; and into a custom section, which Read reads. It
// replaces the version of a module that has one.
//
// placeholder is what was compiled in: white space, which stays if the version is
// Unknown.
func Set(module []byte, placeholder string, v Version) ([]byte, error) {
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
	if before, ok := Read(module); ok && !bytes.Contains(module, old) {
		var err error
		if old, err = metaMember(before, placeholder); err != nil {
			return nil, err
		}
	}
	text, err := metaMember(v, placeholder)
	if err != nil {
		return nil, err
	}
	if n := bytes.Count(module, old); n != 1 {
		return nil, fmt.Errorf("the module has %d placeholders for its version, want 1", n)
	}
	return bytes.Replace(module, old, text, 1), nil
}

// metaMember returns the member _meta of a JSON object, after a comma, as wide as
// the placeholder; an unknown version has none.
func metaMember(v Version, placeholder string) ([]byte, error) {
	if v.Version == Unknown {
		return []byte(placeholder), nil
	}
	text, err := json.Marshal(map[string]Version{metaKey: v})
	if err != nil {
		return nil, err
	}
	text = append([]byte(`,"_meta":`), text...)
	if len(text) > len(placeholder) {
		return nil, fmt.Errorf("the version takes %d bytes, but the module has only %d for it", len(text), len(placeholder))
	}
	return append(text, bytes.Repeat([]byte(" "), len(placeholder)-len(text))...), nil
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

// Read returns the version in a module. A module that was compiled but not
// released has none.
func Read(module []byte) (v Version, ok bool) {
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
