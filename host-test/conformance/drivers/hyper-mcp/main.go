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

	"dingtalk-plugin/host-test/conformance/protocol"

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

func (d *driver) run(request *protocol.Request, response *protocol.Response) (err error) {
	defer func() { response.Log = d.log(err != nil) }()
	ctx := context.Background()
	if request.Load != nil {
		d.stop()
		start := time.Now()
		if err := d.start(ctx, request.Load); err != nil {
			return err
		}
		response.LoadMicros = time.Since(start).Microseconds()
	}
	start := time.Now()
	result, err := d.ask(ctx, request)
	response.CallMicros = time.Since(start).Microseconds()
	if err != nil {
		return err
	}
	output, err := json.Marshal(result)
	response.Output = string(output)
	return err
}

func (d *driver) ask(ctx context.Context, request *protocol.Request) (any, error) {
	if request.Export == "describe" {
		return d.list(ctx)
	}
	var call struct{ Params mcp.CallToolParams }
	if err := json.Unmarshal([]byte(request.Input), &call); err != nil {
		return nil, err
	}
	call.Params.Name = prefix + call.Params.Name
	return d.session.CallTool(ctx, &call.Params)
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
