package release

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Inscribe writes the version into the module's data, where the guest shows it as
// the _meta of its tools: a guest cannot read its own custom sections.
//
// placeholder is what was compiled in, a JSON object with spaces before its last
// brace. The version takes its place at the same width, so that nothing else of
// the module moves and what was tested is what goes out. A module that was
// inscribed and stamped before is inscribed anew.
func Inscribe(module []byte, placeholder string, v Version) ([]byte, error) {
	from := []byte(placeholder)
	if before, ok := ReadVersion(module); ok && !bytes.Contains(module, from) {
		var err error
		if from, err = inscription(before, len(placeholder)); err != nil {
			return nil, err
		}
	}
	to, err := inscription(v, len(placeholder))
	if err != nil {
		return nil, err
	}
	if n := bytes.Count(module, from); n != 1 {
		return nil, fmt.Errorf("the module has %d places for its version, want 1", n)
	}
	return bytes.Replace(module, from, to, 1), nil
}

// metaKey is the version's name in a tool's _meta.
const metaKey = "dingtalk-plugin/version"

func inscription(v Version, width int) ([]byte, error) {
	text, err := json.Marshal(map[string]Version{metaKey: v})
	if err != nil {
		return nil, err
	}
	if len(text) > width {
		return nil, fmt.Errorf("the version takes %d bytes, and the module has %d for it", len(text), width)
	}
	padding := bytes.Repeat([]byte(" "), width-len(text))
	return append(append(text[:len(text)-1], padding...), '}'), nil
}
