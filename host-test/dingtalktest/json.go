package dingtalktest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// object is a JSON object. A map is used because encoding/json matches struct fields in any case, and to DingTalk
// messageUrl and messageURL are different fields.
type object = map[string]any

// str returns the field if it is a string, and otherwise "".
func str(o object, name string) string {
	s, _ := o[name].(string)
	return s
}

// parseObject parses an object more strictly than encoding/json: keys must be unique and all text valid UTF-8.
func parseObject(body []byte) (object, error) {
	if len(body) == 0 {
		return nil, errors.New("it is empty")
	}
	if !utf8.Valid(body) {
		return nil, errors.New("it is not UTF-8")
	}
	// Unmarshal rejects what a decoder's tokens do not reveal, such as data after the value.
	if err := json.Unmarshal(body, new(json.RawMessage)); err != nil {
		return nil, err
	}
	p := parser{dec: json.NewDecoder(bytes.NewReader(body))}
	p.dec.UseNumber()
	root, ok := p.value().(object)
	switch {
	case p.duplicate != nil:
		return nil, fmt.Errorf("the key %q is duplicated", *p.duplicate)
	case !ok:
		return nil, errors.New("it is another kind of value")
	}
	return root, nil
}

// parser ignores the decoder's errors, because the text is known to be valid.
type parser struct {
	dec       *json.Decoder
	duplicate *string // a key that occurred twice in an object
}

func (p *parser) value() any {
	token, _ := p.dec.Token()
	switch token {
	case json.Delim('{'):
		members := object{}
		for p.dec.More() {
			key, _ := p.dec.Token()
			name := key.(string)
			if _, ok := members[name]; ok {
				p.duplicate = &name
			}
			members[name] = p.value()
		}
		_, _ = p.dec.Token() // the closing brace
		return members
	case json.Delim('['):
		elements := []any{}
		for p.dec.More() {
			elements = append(elements, p.value())
		}
		_, _ = p.dec.Token() // the closing bracket
		return elements
	}
	return token
}
