package e2e

import (
	"bufio"
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
	rounds := 1
	if *benchTime > 0 {
		rounds = *benchRounds
	}
	for round := range rounds {
		for i := range servers { // in turns, so that other load affects all
			server := servers[(i+round)%len(servers)]
			if err := server.measure(b, *benchTime > 0); err != nil {
				t.Fatalf("%s: %v", server.name, err)
			}
		}
	}
	if n := b.refused.Load(); n > 0 {
		t.Errorf("%d signatures were wrong", n)
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

	first, cold  []float64 // start to tools/list, for the first time and later, in ns
	posts, calls map[string][]float64
	cpu          map[string][]float64 // CPU time of a call, mean of a round, in ns
	memory       []float64            // bytes
}

func newClientServer(name string, command ...string) *clientServer {
	return &clientServer{name: name, command: command, posts: map[string][]float64{}, calls: map[string][]float64{}, cpu: map[string][]float64{}}
}

// serveServer builds the command. Its cache is empty at first.
func serveServer(t *testing.T) *clientServer {
	binary := filepath.Join(t.TempDir(), "host-test")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, root+"host-test").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s := newClientServer("serve", binary, "serve", "--plugin", builds[0].file)
	s.env, s.splits = []string{"XDG_CACHE_HOME=" + t.TempDir(), "HOME=" + t.TempDir()}, true
	return s
}

func otherServers(list string) (servers []*clientServer) {
	for entry := range strings.SplitSeq(list, ";") {
		if name, command, ok := strings.Cut(strings.TrimSpace(entry), "="); ok {
			servers = append(servers, newClientServer(name, strings.Fields(command)...))
		}
	}
	return servers
}

// environment configures the robot.
func (b *bench) environment() []string {
	groups, err := json.Marshal(map[string]any{"group": map[string]string{
		"webhook": b.url + "?access_token=" + dingtalktest.DefaultToken, "secret": benchSecret,
	}})
	if err != nil {
		panic(err) // strings always marshal
	}
	env := []string{"DINGTALK_GROUPS=" + string(groups)}
	for key, value := range b.options().Config {
		env = append(env, key+"="+value)
	}
	return env
}

// measure starts the server once and, if all is true, makes every kind of call.
func (s *clientServer) measure(b *bench, all bool) error {
	start := time.Now()
	client, err := startClient(b, s)
	if err != nil {
		return err
	}
	defer client.close()
	took := float64(time.Since(start))
	if len(s.first) == 0 {
		s.first = append(s.first, took)
	} else {
		s.cold = append(s.cold, took)
	}
	for _, payload := range payloads {
		if payload.posts > 1 && !s.splits {
			continue
		}
		n := 1
		if all {
			n = clientCalls
		}
		before := cpuTime(client.command.Process.Pid)
		for range n {
			post, answer, err := client.call(b, payload.text, payload.posts)
			if err != nil {
				return fmt.Errorf("%s: %w", payload.name, err)
			}
			s.posts[payload.name] = append(s.posts[payload.name], post)
			s.calls[payload.name] = append(s.calls[payload.name], answer)
		}
		s.cpu[payload.name] = append(s.cpu[payload.name], (cpuTime(client.command.Process.Pid)-before)/float64(n))
	}
	s.memory = append(s.memory, residentMemory(client.command.Process.Pid))
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
func startClient(b *bench, s *clientServer) (*benchClient, error) {
	c := &benchClient{command: exec.CommandContext(b.ctx, s.command[0], s.command[1:]...)}
	c.command.Env = slices.Concat(os.Environ(), b.environment(), s.env)
	var err error
	if c.stdin, err = c.command.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := c.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.stdout = bufio.NewReaderSize(stdout, 1<<20)
	if err := c.command.Start(); err != nil {
		return nil, err
	}
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
func (c *benchClient) call(b *bench, text string, posts int64) (post, answer float64, err error) {
	params, err := json.Marshal(map[string]any{"name": c.tool, "arguments": map[string]string{c.argument: text}})
	if err != nil {
		return 0, 0, err
	}
	before, start := b.verified.Load(), time.Now()
	result, err := c.request("tools/call", string(params))
	if err != nil {
		return 0, 0, err
	}
	answer, post = float64(time.Since(start)), float64(b.lastPost.Load()-start.UnixNano())
	if got := b.verified.Load() - before; got != posts || result.Get("result.isError").Bool() {
		return 0, 0, fmt.Errorf("%d verified messages instead of %d: %s", got, posts, result.Raw)
	}
	return post, answer, nil
}

// residentMemory returns the bytes of a process, and 0 where there is no /proc.
func residentMemory(pid int) float64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		var kib float64
		if _, err := fmt.Sscanf(line, "VmRSS: %f kB", &kib); err == nil {
			return kib * 1024
		}
	}
	return 0
}

// cpuTime returns the nanoseconds for which a process ran, which depend less on the
// load of the machine than how long it took, and 0 where there is no /proc.
func cpuTime(pid int) (total float64) {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	for _, file := range threads {
		stat, _ := os.ReadFile(file)
		var ran float64
		_, _ = fmt.Sscan(string(stat), &ran)
		total += ran
	}
	return total
}

// printServers prints the medians and, in parentheses, their ratio to the last
// server's.
func printServers(out io.Writer, servers []*clientServer) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer table.Flush()
	row := func(name string, unit float64, values func(*clientServer) []float64) {
		fmt.Fprint(table, name)
		base := values(servers[len(servers)-1])
		for _, s := range servers {
			switch list := values(s); {
			case len(list) == 0:
				fmt.Fprint(table, "\t-")
			case len(base) == 0:
				fmt.Fprintf(table, "\t%.2f", median(list)/unit)
			default:
				fmt.Fprintf(table, "\t%.2f (%.2f)", median(list)/unit, median(list)/median(base))
			}
		}
		fmt.Fprintln(table)
	}
	fmt.Fprint(table, "seen by a client")
	for _, s := range servers {
		fmt.Fprint(table, "\t"+s.name)
	}
	fmt.Fprintln(table)
	const ms, mib = 1e6, 1 << 20
	row("first start to tools/list, ms", ms, func(s *clientServer) []float64 { return s.first })
	row("start to tools/list, ms", ms, func(s *clientServer) []float64 { return s.cold })
	for _, p := range payloads {
		row(p.name+", call to verified POST, ms", ms, func(s *clientServer) []float64 { return s.posts[p.name] })
		row(p.name+", call to answer, ms", ms, func(s *clientServer) []float64 { return s.calls[p.name] })
		row(p.name+", CPU time of a call, ms", ms, func(s *clientServer) []float64 { return s.cpu[p.name] })
	}
	row("resident memory, MiB", mib, func(s *clientServer) []float64 { return s.memory })
}
