package mcpserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// readTools reads what describe answers. The schemas stay the bytes that they
// are: decoded into maps they would lose the order of their arguments, which is
// the order in which a model reads them.
func readTools(output []byte) (tools []*mcp.Tool, err error) {
	var list struct {
		Tools []struct {
			mcp.Tool
			InputSchema  json.RawMessage `json:"inputSchema"`
			OutputSchema json.RawMessage `json:"outputSchema"`
		} `json:"tools"`
	}
	if err := json.Unmarshal(output, &list); err != nil {
		return nil, fmt.Errorf("describe: %w", err)
	}
	if len(list.Tools) == 0 {
		return nil, errors.New("describe: the plugin has no tools")
	}
	for i := range list.Tools {
		tool := &list.Tools[i].Tool
		if err := checkSchema(list.Tools[i].InputSchema); err != nil {
			return nil, fmt.Errorf("describe: tool %q: %w", tool.Name, err)
		}
		tool.InputSchema = list.Tools[i].InputSchema
		if list.Tools[i].OutputSchema != nil {
			tool.OutputSchema = list.Tools[i].OutputSchema
		}
		tools = append(tools, tool)
	}
	return tools, nil
}

// checkSchema finds what AddTool would panic at.
func checkSchema(input json.RawMessage) error {
	var schema struct {
		Type any `json:"type"`
	}
	if json.Unmarshal(input, &schema) != nil || schema.Type != "object" {
		return errors.New(`the input schema is not one of type "object"`)
	}
	return nil
}

// envelope makes the plugin's input. The arguments are passed on unread.
func envelope(params *mcp.CallToolParamsRaw) ([]byte, error) {
	type call struct {
		Name      string          `json:"name"`
		Arguments json.RawMessage `json:"arguments,omitempty"`
	}
	return json.Marshal(map[string]call{"params": {params.Name, params.Arguments}})
}

// robotName returns the argument robot, or "". Of several it is the first, which
// is the one that the plugin reads.
func robotName(arguments json.RawMessage) string {
	decoder := json.NewDecoder(bytes.NewReader(arguments))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return ""
	}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return ""
		}
		var value json.RawMessage
		if decoder.Decode(&value) != nil {
			return ""
		}
		if key == "robot" {
			var name string
			_ = json.Unmarshal(value, &name) // what is no text names no robot
			return name
		}
	}
	return ""
}
