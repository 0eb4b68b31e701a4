package dingtalktest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// object is a JSON object. Its fields are looked up in their exact case, which encoding/json's structs would not do: messageUrl
// and messageURL are two names to DingTalk.
type object = map[string]any

// parseObject is stricter than encoding/json: each key once, valid UTF-8, nothing but an object.
func parseObject(body []byte) (object, error) {
	if len(body) == 0 {
		return nil, errors.New("it is empty")
	}
	if !utf8.Valid(body) {
		return nil, errors.New("it is not UTF-8")
	}
	// Unmarshal goes first: it refuses what Token would let pass, trailing text and bottomless nesting among it.
	var whole json.RawMessage
	if err := json.Unmarshal(body, &whole); err != nil {
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
		name := key.(string) // the whole was valid JSON: a key is a string
		if _, twice := members[name]; twice {
			return nil, fmt.Errorf("the key %q comes twice", name)
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
