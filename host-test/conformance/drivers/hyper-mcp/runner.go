package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"dingtalk-plugin/host-test/conformance/protocol"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// A runner is one hyper-mcp after the other, with one plugin.
type runner struct {
	wasm, program, folder string
	session               *mcp.ClientSession
	read                  int // bytes of the log
}

// start starts the runner, which loads the plugin before it answers.
func (r *runner) start(ctx context.Context, s *protocol.Load) error {
	limits := map[string]any{"allowed_hosts": s.AllowedHosts, "env_vars": s.Config}
	if s.MaxPages > 0 {
		limits["memory_limit"] = fmt.Sprint(s.MaxPages*64, "KiB")
	}
	plugin := map[string]any{"url": "file://" + filepath.ToSlash(r.wasm), "runtime_config": limits}
	config, err := json.Marshal(map[string]any{"plugins": map[string]any{strings.Trim(prefix, "-"): plugin}})
	if err != nil {
		return err
	}
	// ${…} is expanded in the whole file, and an unset variable ends the runner.
	escaped := strings.ReplaceAll(string(config), "${", "$${")
	file := filepath.Join(r.folder, "config.json")
	if err := os.WriteFile(file, []byte(escaped), 0o600); err != nil {
		return err
	}
	command := exec.Command(r.program, "--config-file", file)
	command.Env = append(os.Environ(), "HYPER_MCP_LOG_PATH="+r.folder)
	client := mcp.NewClient(&mcp.Implementation{Name: "conformance", Version: "1"}, nil)
	r.session, err = client.Connect(ctx, &mcp.CommandTransport{Command: command}, nil)
	return err
}

func (r *runner) stop() {
	if r.session != nil {
		r.session.Close()
	}
}

// log returns what is new in it. That a call failed is always logged, but late.
func (r *runner) log(failed bool) (news string) {
	for range 100 {
		files, _ := filepath.Glob(filepath.Join(r.folder, "mcp-server.log*"))
		for news = ""; len(files) > 0; files = files[1:] {
			content, _ := os.ReadFile(files[0])
			news += string(content)
		}
		if news = news[r.read:]; !failed || strings.Contains(news, "ERROR") {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	r.read += len(news)
	return news
}
