package release

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// header begins every module: the magic number and version 1 of the format. What
// wraps a module (the component model) has another version and is refused.
const header = "\x00asm\x01\x00\x00\x00"

// A section of a module, as it stands there. Only custom sections have a name.
type section struct {
	whole   []byte // with its id and size
	id      byte
	name    string
	payload []byte // of a custom section: what follows the name
}

// sections takes a module apart.
func sections(module []byte) ([]section, error) {
	rest, found := bytes.CutPrefix(module, []byte(header))
	if !found {
		return nil, errors.New("not a WebAssembly module")
	}
	var list []section
	for len(rest) > 0 {
		s, size, err := firstSection(rest)
		if err != nil {
			return nil, fmt.Errorf("section at byte %d: %w", len(module)-len(rest), err)
		}
		list = append(list, s)
		rest = rest[size:]
	}
	return list, nil
}

func firstSection(data []byte) (s section, size int, err error) {
	content, after, err := sized(data[1:])
	if err != nil {
		return s, 0, err
	}
	size = len(data) - len(after)
	s = section{whole: data[:size], id: data[0]}
	if s.id == 0 {
		name, payload, err := sized(content)
		if err != nil {
			return s, 0, fmt.Errorf("its name: %w", err)
		}
		s.name, s.payload = string(name), payload
	}
	return s, size, nil
}

// sized cuts off what follows its own length. WebAssembly's numbers are LEB128,
// which is what encoding/binary calls a varint.
func sized(data []byte) (content, rest []byte, err error) {
	length, digits := binary.Uvarint(data)
	if digits <= 0 || length > uint64(len(data)-digits) {
		return nil, nil, errors.New("its length goes beyond the module")
	}
	data = data[digits:]
	return data[:length], data[length:], nil
}

func appendSized(dst, content []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(content))), content...)
}

// withSection returns the module with the custom section at its end, in place of
// any of the same name.
func withSection(module []byte, name string, payload []byte) ([]byte, error) {
	list, err := sections(module)
	if err != nil {
		return nil, err
	}
	out := append(make([]byte, 0, len(module)+len(name)+len(payload)+16), header...)
	for _, s := range list {
		if s.id != 0 || s.name != name {
			out = append(out, s.whole...)
		}
	}
	content := append(appendSized(nil, []byte(name)), payload...)
	return appendSized(append(out, 0), content), nil
}
