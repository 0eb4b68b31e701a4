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
	// Unmarshal rejects what Token accepts, such as data after the value and unlimited nesting.
	if err := json.Unmarshal(body, new(json.RawMessage)); err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	value, err := parseValue(dec)
	if err != nil {
		return nil, err
	}
	root, ok := value.(object)
	if !ok {
		return nil, errors.New("it is another kind of value")
	}
	return root, nil
}

func parseValue(dec *json.Decoder) (any, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		return parseMembers(dec)
	case json.Delim('['):
		return parseElements(dec)
	}
	return token, nil
}

func parseMembers(dec *json.Decoder) (object, error) {
	members := object{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		name := key.(string) // Unmarshal accepted the text, so a key is a string
		if _, ok := members[name]; ok {
			return nil, fmt.Errorf("the key %q is duplicated", name)
		}
		if members[name], err = parseValue(dec); err != nil {
			return nil, err
		}
	}
	_, err := dec.Token() // the closing brace
	return members, err
}

func parseElements(dec *json.Decoder) ([]any, error) {
	elements := []any{}
	for dec.More() {
		element, err := parseValue(dec)
		if err != nil {
			return nil, err
		}
		elements = append(elements, element)
	}
	_, err := dec.Token() // the closing bracket
	return elements, err
}
