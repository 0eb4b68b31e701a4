package mcpserver

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/tidwall/gjson"
)

// readTools parses the output of the export describe. It keeps the bytes of the
// schemas: decoded into maps, they would lose the order of the arguments, in
// which a model reads them.
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

// checkSchema rejects schemas that would make AddTool panic.
func checkSchema(input json.RawMessage) error {
	var schema struct {
		Type any `json:"type"`
	}
	if json.Unmarshal(input, &schema) != nil || schema.Type != "object" {
		return errors.New(`the input schema is not one of type "object"`)
	}
	return nil
}

// encodeCall encodes the plugin's input. It keeps the bytes of the arguments.
func encodeCall(params *mcp.CallToolParamsRaw) ([]byte, error) {
	type call struct {
		Name      string          `json:"name"`
		Arguments json.RawMessage `json:"arguments,omitempty"`
	}
	return json.Marshal(map[string]call{"params": {params.Name, params.Arguments}})
}

// robotName returns the argument robot, or "". It reads it as the plugin does:
// the first of several counts.
func robotName(arguments json.RawMessage) string {
	if robot := gjson.GetBytes(arguments, "robot"); robot.Type == gjson.String {
		return robot.Str
	}
	return ""
}
