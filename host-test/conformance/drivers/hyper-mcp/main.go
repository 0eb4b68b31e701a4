// Command hyper-mcp runs the plugin in hyper-mcp, with which it speaks MCP over
// stdio by the official SDK's client:
//
//	driver plugin.wasm path/to/hyper-mcp folder
//
// Configuration and log go into the folder. A call of describe is tools/list.
package main

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"os/exec"
	"strings"
	"time"

	"dingtalk-plugin/host-test/conformance/internal/protocol"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const prefix = "dingtalk-" // of tool names: what the configuration calls the plugin

func main() {
	d := &driver{runner: runner{wasm: os.Args[1], program: os.Args[2], folder: os.Args[3]}}
	version, err := exec.Command(d.program, "--version").Output()
	if err != nil {
		log.Fatal(err)
	}
	protocol.Serve(strings.TrimPrefix(strings.TrimSpace(string(version)), "hyper-mcp "), d.run)
	d.stop()
}

type driver struct{ runner }

func (d *driver) run(order *protocol.Order, answer *protocol.Answer) (err error) {
	defer func() { answer.Log = d.log(err != nil) }()
	ctx := context.Background()
	if order.Fresh != nil {
		d.stop()
		start := time.Now()
		if err := d.start(ctx, order.Fresh); err != nil {
			return err
		}
		answer.Load = time.Since(start).Microseconds()
	}
	start := time.Now()
	result, err := d.ask(ctx, order)
	answer.Call = time.Since(start).Microseconds()
	if err != nil {
		return err
	}
	output, err := json.Marshal(result)
	answer.Output = string(output)
	return err
}

func (d *driver) ask(ctx context.Context, order *protocol.Order) (any, error) {
	if order.Export == "describe" {
		return d.list(ctx)
	}
	var request struct{ Params mcp.CallToolParams }
	if err := json.Unmarshal([]byte(order.Input), &request); err != nil {
		return nil, err
	}
	request.Params.Name = prefix + request.Params.Name
	return d.session.CallTool(ctx, &request.Params)
}

// list returns the plugin's tools without those that the runner adds.
func (d *driver) list(ctx context.Context) (*mcp.ListToolsResult, error) {
	list, err := d.session.ListTools(ctx, nil)
	if err != nil {
		return nil, err
	}
	own := &mcp.ListToolsResult{}
	for _, tool := range list.Tools {
		if name, ok := strings.CutPrefix(tool.Name, prefix); ok {
			tool.Name = name
			own.Tools = append(own.Tools, tool)
		}
	}
	return own, nil
}
