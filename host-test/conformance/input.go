package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"dingtalk-plugin/host-test/conformance/internal/protocol"
)

// order is the call as a driver is told it.
func (c *call) order() (*protocol.Order, error) {
	switch {
	case c.Export != "":
		return &protocol.Order{Export: c.Export}, nil
	case c.Input != nil:
		return &protocol.Order{Export: "call", Input: *c.Input}, nil
	}
	params := map[string]any{"name": c.Tool}
	if c.Arguments != nil {
		params["arguments"] = repeated(c.Arguments)
	}
	input, err := json.Marshal(map[string]any{"params": params})
	if err != nil {
		return nil, fmt.Errorf("arguments of %s: %w", c.Tool, err)
	}
	return &protocol.Order{Export: "call", Input: string(input)}, nil
}

// repeated replaces {"repeat": text, "times": n} by the text n times over, for
// messages too long to be written down.
func repeated(value any) any {
	object, ok := value.(map[string]any)
	if !ok {
		return value
	}
	text, isText := object["repeat"].(string)
	times, isNumber := object["times"].(float64)
	if isText && isNumber && len(object) == 2 {
		return strings.Repeat(text, int(times))
	}
	whole := map[string]any{}
	for name, member := range object {
		whole[name] = repeated(member)
	}
	return whole
}
