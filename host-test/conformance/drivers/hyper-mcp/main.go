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
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"dingtalk-plugin/host-test/conformance/protocol"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const prefix = "dingtalk-" // of tool names: what the configuration calls the plugin

func main() {
	d := &driver{wasm: os.Args[1], program: os.Args[2], folder: os.Args[3]}
	version, err := exec.Command(d.program, "--version").Output()
	if err != nil {
		log.Fatal(err)
	}
	protocol.Serve(strings.TrimPrefix(strings.TrimSpace(string(version)), "hyper-mcp "), d.run)
	d.stop()
}

// A driver runs one hyper-mcp after the other, with one plugin.
type driver struct {
	wasm, program, folder string
	session               *mcp.ClientSession
	read                  int // bytes of the log
}

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

// start starts the runner, which loads the plugin before it answers.
func (d *driver) start(ctx context.Context, s *protocol.Load) error {
	limits := map[string]any{"allowed_hosts": s.AllowedHosts, "env_vars": s.Config}
	if s.MaxPages > 0 {
		limits["memory_limit"] = fmt.Sprint(s.MaxPages*64, "KiB")
	}
	plugin := map[string]any{"url": "file://" + filepath.ToSlash(d.wasm), "runtime_config": limits}
	config, err := json.Marshal(map[string]any{"plugins": map[string]any{strings.Trim(prefix, "-"): plugin}})
	if err != nil {
		return err
	}
	// ${…} is expanded in the whole file, and an unset variable ends the runner.
	escaped := strings.ReplaceAll(string(config), "${", "$${")
	file := filepath.Join(d.folder, "config.json")
	if err := os.WriteFile(file, []byte(escaped), 0o600); err != nil {
		return err
	}
	command := exec.Command(d.program, "--config-file", file)
	command.Env = append(os.Environ(), "HYPER_MCP_LOG_PATH="+d.folder)
	client := mcp.NewClient(&mcp.Implementation{Name: "conformance", Version: "1"}, nil)
	d.session, err = client.Connect(ctx, &mcp.CommandTransport{Command: command}, nil)
	return err
}

func (d *driver) stop() {
	if d.session != nil {
		d.session.Close()
	}
}

// log returns what is new in it. That a call failed is always logged, but late.
func (d *driver) log(failed bool) (news string) {
	for range 100 {
		files, _ := filepath.Glob(filepath.Join(d.folder, "mcp-server.log*"))
		for news = ""; len(files) > 0; files = files[1:] {
			content, _ := os.ReadFile(files[0])
			news += string(content)
		}
		if news = news[d.read:]; !failed || strings.Contains(news, "ERROR") {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	d.read += len(news)
	return news
}
