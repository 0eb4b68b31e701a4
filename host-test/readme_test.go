package main

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/internal/host"
)

func readREADME(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// The session at README's top is what the commands print.
func TestREADMESession(t *testing.T) {
	block := regexp.MustCompile("(?s)```console\n(.*?)```").FindStringSubmatch(readREADME(t))
	if block == nil {
		t.Fatal("README has no session")
	}
	for command, want := range session(block[1]) {
		cmd := exec.CommandContext(t.Context(), "bash", "-c", command)
		cmd.Dir = ".."
		var got, complaint bytes.Buffer
		cmd.Stdout, cmd.Stderr = &got, &complaint
		if err := cmd.Run(); err != nil {
			t.Fatalf("%s: %v\n%s", command, err, complaint.String())
		}
		if !strings.HasPrefix(got.String(), want) {
			t.Errorf("%s prints\n%s, want\n%s", command, got.String(), want)
		}
	}
}

// session takes a terminal's text apart into commands and what they print.
func session(text string) map[string]string {
	commands := map[string]string{}
	for _, piece := range strings.Split(text, "$ ")[1:] {
		command, output, _ := strings.Cut(piece, "\n")
		commands[command] = output
	}
	return commands
}

// README's table of tools names the arguments that describe lists, in their
// order, the optional ones with a question mark.
func TestREADMETools(t *testing.T) {
	plugin, err := host.Load(t.Context(), module(t, 0), &host.Options{Cache: cache, Config: map[string]string{"DINGTALK_BOT_TOOLS": "all"}})
	if err != nil {
		t.Fatal(err)
	}
	defer plugin.Close(t.Context())
	for _, tool := range describedTools(t, plugin) {
		row := "| `" + tool.Name + "` | " + strings.Join(tool.arguments(), ", ") + " |"
		if !strings.Contains(readREADME(t), row) {
			t.Errorf("README misses %s", row)
		}
	}
}

// README's table of limits has the numbers of the code, which says them in its
// refusals; the scenarios hold those.
func TestREADMELimits(t *testing.T) {
	text := readREADME(t)
	for limit, value := range map[string]int{"size of a message": 20000, "people mentioned": 50, "size of a request to the plugin": 512 << 10} {
		if !strings.Contains(text, "| "+limit+" | "+strconv.Itoa(value)) {
			t.Errorf("README: %s is not %d", limit, value)
		}
	}
}
