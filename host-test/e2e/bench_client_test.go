package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"dingtalk-plugin/host-test/dingtalktest"

	"github.com/tidwall/gjson"
)

// clientCalls is how many calls with each payload TestBenchClient makes in a round.
const clientCalls = 100

// payloads are what TestBenchClient sends. Only this plugin splits a message.
var payloads = []struct {
	name, text string
	posts      int64
}{
	{"short", mixed(0), 1}, {"2 KB", mixed(2 << 10), 1}, {"19 KB", mixed(19 << 10), 1}, {"55 KB in 3", mixed(55 << 10), 3},
}

// TestBenchClient prints what a client of `serve` and of other MCP servers over
// standard input and output experiences: from the start to the list of tools,
// from a call to its verified POST and to its answer, CPU time, and resident memory. `make
// bench` sets the flags; without them every server is started once. SERVERS has
// the others, as "name=command argument …; name=command …". Each gets the robot
// as the plugin's configuration and as dingtalk-alert-mcp's.
func TestBenchClient(t *testing.T) {
	b := newBench(t)
	servers := append([]*clientServer{serveServer(t)}, otherServers(os.Getenv("SERVERS"))...)
	for _, server := range servers {
		server.env = slices.Concat(os.Environ(), b.environment(t), server.env)
	}
	rounds, calls := 1, 1
	if *benchTime > 0 {
		rounds, calls = *benchRounds, clientCalls
	}
	for round := range rounds {
		for i := range servers { // in turns, so that other load affects all
			server := servers[(i+round)%len(servers)]
			if err := server.measure(b, calls); err != nil {
				t.Fatalf("%s: %v", server.name, err)
			}
		}
	}
	if *benchTime > 0 {
		printServers(os.Stdout, servers)
	}
}

// A clientServer is an MCP server and what was measured of it.
type clientServer struct {
	name    string
	command []string
	env     []string
	splits  bool
	times   map[string][]float64 // and memory, by the rows of the table
}

// The rows of the table; toPost, toAnswer and cpuPerCall follow the name of a payload.
const (
	firstStart = "first start to tools/list, ms"
	laterStart = "start to tools/list, ms"
	toPost     = ", call to verified POST, ms"
	toAnswer   = ", call to answer, ms"
	cpuPerCall = ", CPU time of a call, ms"
	resident   = "resident memory, MiB"
)

func (s *clientServer) add(row string, value float64) {
	if s.times == nil {
		s.times = map[string][]float64{}
	}
	s.times[row] = append(s.times[row], value)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// serveServer builds the command. Its cache is empty at first.
func serveServer(t *testing.T) *clientServer {
	return &clientServer{
		name: "serve", command: []string{buildCommand(t), "serve", "--plugin", builds[0].file}, splits: true,
		env: []string{"XDG_CACHE_HOME=" + t.TempDir(), "HOME=" + t.TempDir()},
	}
}

func otherServers(list string) (servers []*clientServer) {
	for entry := range strings.SplitSeq(list, ";") {
		if name, command, ok := strings.Cut(strings.TrimSpace(entry), "="); ok {
			servers = append(servers, &clientServer{name: name, command: strings.Fields(command)})
		}
	}
	return servers
}

// environment configures the robot.
func (b *bench) environment(t *testing.T) []string {
	env := []string{"DINGTALK_GROUPS=" + toJSON(t, map[string]any{"group": map[string]string{
		"webhook": b.url + "?access_token=" + dingtalktest.DefaultToken, "secret": benchSecret,
	}})}
	for key, value := range b.options().Config {
		env = append(env, key+"="+value)
	}
	return env
}

// measure starts the server once, and makes so many calls of every kind.
func (s *clientServer) measure(b *bench, calls int) error {
	began := time.Now()
	client, err := startClient(b.ctx, s)
	if err != nil {
		return err
	}
	defer client.close()
	row := firstStart
	if len(s.times[firstStart]) > 0 {
		row = laterStart
	}
	s.add(row, milliseconds(time.Since(began)))
	pid := client.command.Process.Pid
	for _, payload := range payloads {
		if payload.posts > 1 && !s.splits {
			continue
		}
		before := cpuTime(pid)
		for range calls {
			post, answer, err := client.call(b, payload.text, payload.posts)
			if err != nil {
				return fmt.Errorf("%s: %w", payload.name, err)
			}
			s.add(payload.name+toPost, milliseconds(post))
			s.add(payload.name+toAnswer, milliseconds(answer))
		}
		s.add(payload.name+cpuPerCall, milliseconds(cpuTime(pid)-before)/float64(calls))
	}
	s.add(resident, residentMemory(pid))
	return nil
}

// A benchClient talks to a server in lines of JSON. The official client would add
// its own time to every call.
type benchClient struct {
	command        *exec.Cmd
	stdin          io.WriteCloser
	stdout         *bufio.Reader
	id             int
	tool, argument string
}

// startClient starts a server and lists its tools. It calls the one that needs a
// text alone.
func startClient(ctx context.Context, s *clientServer) (*benchClient, error) {
	c := &benchClient{command: exec.CommandContext(ctx, s.command[0], s.command[1:]...)}
	c.command.Env = s.env
	stdin, inErr := c.command.StdinPipe()
	stdout, outErr := c.command.StdoutPipe()
	if err := errors.Join(inErr, outErr, c.command.Start()); err != nil {
		return nil, err
	}
	c.stdin, c.stdout = stdin, bufio.NewReaderSize(stdout, 1<<20)
	if _, err := c.request("initialize", `{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}`); err != nil {
		return nil, err
	}
	io.WriteString(c.stdin, `{"jsonrpc":"2.0","method":"notifications/initialized"}`+"\n")
	list, err := c.request("tools/list", `{}`)
	if err != nil {
		return nil, err
	}
	for _, tool := range list.Get("result.tools").Array() {
		if required := tool.Get("inputSchema.required").Array(); len(required) == 1 && strings.HasPrefix(tool.Get("name").Str, "send_") {
			c.tool, c.argument = tool.Get("name").Str, required[0].Str
		}
	}
	return c, nil
}

func (c *benchClient) close() {
	c.stdin.Close()
	c.command.Wait() // its status is no part of the measurement
}

// request waits for the answer and skips notifications.
func (c *benchClient) request(method, params string) (gjson.Result, error) {
	c.id++
	if _, err := fmt.Fprintf(c.stdin, `{"jsonrpc":"2.0","id":%d,"method":"%s","params":%s}`+"\n", c.id, method, params); err != nil {
		return gjson.Result{}, err
	}
	for {
		line, err := c.stdout.ReadString('\n')
		if err != nil {
			return gjson.Result{}, err
		}
		if answer := gjson.Parse(line); answer.Get("id").Int() == int64(c.id) {
			if e := answer.Get("error"); e.Exists() {
				return answer, errors.New(e.Raw)
			}
			return answer, nil
		}
	}
}

// call sends a message, and returns how long its last verified POST and the answer
// took.
func (c *benchClient) call(b *bench, text string, posts int64) (post, answer time.Duration, err error) {
	params, err := json.Marshal(map[string]any{"name": c.tool, "arguments": map[string]string{c.argument: text}})
	if err != nil {
		return 0, 0, err
	}
	before, began := b.verified.Load(), time.Now()
	result, err := c.request("tools/call", string(params))
	if err != nil {
		return 0, 0, err
	}
	answer, post = time.Since(began), time.Duration(b.lastPost.Load()-began.UnixNano())
	if got := b.verified.Load() - before; got != posts || result.Get("result.isError").Bool() {
		return 0, 0, fmt.Errorf("%d verified messages instead of %d: %s", got, posts, result.Raw)
	}
	return post, answer, nil
}

// residentMemory returns the MiB of a process, and 0 where there is no /proc.
func residentMemory(pid int) float64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		var kib float64
		if _, err := fmt.Sscanf(line, "VmRSS: %f kB", &kib); err == nil {
			return kib / 1024
		}
	}
	return 0
}

// cpuTime returns for how long a process ran, which depends less on the load of the
// machine than how long it took, and 0 where there is no /proc.
func cpuTime(pid int) (total time.Duration) {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	for _, file := range threads {
		stat, _ := os.ReadFile(file)
		var ran time.Duration // in nanoseconds
		_, _ = fmt.Sscan(string(stat), (*int64)(&ran))
		total += ran
	}
	return total
}

// printServers prints the medians and, in parentheses, their ratio to the last
// server's.
func printServers(out io.Writer, servers []*clientServer) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer table.Flush()
	fmt.Fprint(table, "seen by a client")
	for _, s := range servers {
		fmt.Fprint(table, "\t"+s.name)
	}
	rows := []string{firstStart, laterStart}
	for _, p := range payloads {
		rows = append(rows, p.name+toPost, p.name+toAnswer, p.name+cpuPerCall)
	}
	for _, row := range append(rows, resident) {
		fmt.Fprint(table, "\n"+row)
		base := servers[len(servers)-1].times[row]
		for _, s := range servers {
			switch list := s.times[row]; {
			case len(list) == 0:
				fmt.Fprint(table, "\t-")
			case len(base) == 0:
				fmt.Fprintf(table, "\t%.2f", median(list))
			default:
				fmt.Fprintf(table, "\t%.2f (%.2f)", median(list), median(list)/median(base))
			}
		}
	}
	fmt.Fprintln(table)
}
