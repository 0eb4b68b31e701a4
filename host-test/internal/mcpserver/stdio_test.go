package mcpserver

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const initialize = `{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"%s","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}` + "\n" +
	`{"jsonrpc":"2.0","method":"notifications/initialized"}` + "\n"

// serveLines runs a server on input and returns the lines that it writes, but for
// the answer to initialize.
func serveLines(t *testing.T, g *guest, version string, input io.Reader) []string {
	t.Helper()
	server, err := New(t.Context(), &Options{Load: g.load, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	var out bytes.Buffer
	in := io.MultiReader(strings.NewReader(fmt.Sprintf(initialize, version)), input)
	if err := server.Run(t.Context(), &StdioTransport{Reader: in, Writer: &out}); err != nil {
		t.Errorf("Run: %v", err)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	return slices.DeleteFunc(lines, func(line string) bool { return strings.Contains(line, `"id":"init"`) })
}

// A line of which no request can be made is answered with an error, and the
// calls around it are answered as well.
func TestMalformedLines(t *testing.T) {
	ping := `{"jsonrpc":"2.0","id":7,"method":"ping"}`
	const pong = `{"jsonrpc":"2.0","id":7,"result":{}}`
	tests := []struct{ name, line, want string }{
		{"no JSON", "hello", "-32700"},
		{"cut", `{"jsonrpc":"2.0","id":7,`, "-32700"},
		{"two values", ping + ping, "-32700"},
		{"null", "null", "-32600"},
		{"a number", "7", "-32600"},
		{"a text", `"hello"`, "-32600"},
		{"an empty array", "[]", "-32600"},
		{"an empty object", "{}", "-32600"},
		{"another protocol", `{"jsonrpc":"1.0","id":7,"method":"ping"}`, "-32600"},
		{"no protocol", `{"id":7,"method":"ping"}`, "-32600"},
		{"a method that is no text", `{"jsonrpc":"2.0","id":7,"method":1}`, "-32600"},
		{"an id that is an object", `{"jsonrpc":"2.0","id":{},"method":"ping"}`, "-32600"},
		{"not UTF-8", "\xff\xfe{\x00", "-32700"},
		{"nothing", "", ""},
		{"blanks", " \t\r", ""},
		{"a byte order mark", "\xef\xbb\xbf" + ping, pong},
		{"blanks after it", ping + " \t", pong},
		{"CRLF", ping + "\r", pong},
		{"an answer to nothing", `{"jsonrpc":"2.0","id":7,"result":{}}`, ""},
	}
	for _, tt := range tests {
		call := `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"send","arguments":{}}}` + "\n"
		got := serveLines(t, answering(sent, nil), "2025-06-18", strings.NewReader(fmt.Sprintf(call, 1)+tt.line+"\n"+fmt.Sprintf(call, 2)))
		got = slices.DeleteFunc(got, func(line string) bool { return strings.Contains(line, `"text":"sent"`) })
		want := tt.want
		switch {
		case want == "" && len(got) == 0:
		case strings.HasPrefix(want, "-"):
			want = `{"jsonrpc":"2.0","id":null,"error":{"code":` + want + `,`
			fallthrough
		default:
			if len(got) != 1 || !strings.HasPrefix(got[0], want) {
				t.Errorf("%s: %q, want %s", tt.name, got, want)
			}
		}
	}
}

// What is too long is skipped without being held.
func TestLongLine(t *testing.T) {
	long := io.LimitReader(endless('x'), 64<<20)
	r := bufio.NewReaderSize(io.MultiReader(long, strings.NewReader("\nnext\n")), 64<<10)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := readLine(r); err != errLineTooLong {
		t.Errorf("error %v", err)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 8*maxLine {
		t.Errorf("%d bytes were allocated for a line of %d", got, 64<<20)
	}
	if text, err := readLine(r); string(text) != "next\n" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
}

type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

func TestReadLine(t *testing.T) {
	frame := strings.Repeat("x", maxLine)
	tests := []struct {
		input string
		want  []string // "!" is one that is too long
	}{
		{"", nil},
		{"a\nb", []string{"a\n", "b"}},
		{"\n\n", []string{"\n", "\n"}},
		{frame + "\na", []string{frame + "\n", "a"}},
		{frame + "xx\na", []string{"!", "a"}},
		{frame + "xx", []string{"!"}},
	}
	for _, tt := range tests {
		var got []string
		for r := bufio.NewReaderSize(strings.NewReader(tt.input), 16); ; {
			text, err := readLine(r)
			if err == errLineTooLong {
				text = []byte("!")
			} else if err != nil {
				break
			}
			got = append(got, string(text))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%.20q: %.40q, want %.40q", tt.input, got, tt.want)
		}
	}
}

// Batches are answered together where the protocol version has them.
func TestBatches(t *testing.T) {
	const ping, list = `{"jsonrpc":"2.0","id":1,"method":"ping"}`, `{"jsonrpc":"2.0","id":2,"method":"ping"}`
	const note = `{"jsonrpc":"2.0","method":"notifications/initialized"}`
	tests := []struct {
		version, line string
		codes         []int // of the elements of one array; 0 is a result, nil an error outside of one
		silent        bool
	}{
		{"2025-03-26", "[" + ping + "," + note + ", " + list + "]", []int{0, 0}, false},
		{"2024-11-05", "[" + ping + "]", []int{0}, false},
		{"2025-03-26", "[" + ping + ",7,null]", []int{-32600, -32600, 0}, false},
		{"2025-03-26", "[7]", []int{-32600}, false},
		{"2025-03-26", "[" + note + "]", nil, true},
		{"2025-03-26", "[" + ping + "," + ping + "]", []int{-32600, 0}, false},
		{"2025-03-26", "[]", nil, false},
		{"2025-06-18", "[" + ping + "]", nil, false},
	}
	for _, tt := range tests {
		got := serveLines(t, answering(sent, nil), tt.version, strings.NewReader(tt.line+"\n"))
		if tt.silent {
			if len(got) != 0 {
				t.Errorf("%s %s: %s", tt.version, tt.line, got)
			}
			continue
		}
		if len(got) != 1 {
			t.Fatalf("%s %s: %q", tt.version, tt.line, got)
		}
		var answers []struct{ Error struct{ Code int } }
		if tt.codes == nil {
			if !strings.Contains(got[0], `"id":null,"error":{"code":-32600`) {
				t.Errorf("%s %s: %s", tt.version, tt.line, got)
			}
			continue
		}
		if err := json.Unmarshal([]byte(got[0]), &answers); err != nil {
			t.Fatalf("%s: %v", got, err)
		}
		var codes []int
		for _, answer := range answers {
			codes = append(codes, answer.Error.Code)
		}
		if slices.Sort(codes); !slices.Equal(codes, tt.codes) {
			t.Errorf("%s %s: codes %v, want %v", tt.version, tt.line, codes, tt.codes)
		}
	}
}

// Calls are made in the order in which they were written.
func TestOrder(t *testing.T) {
	for range 20 {
		g := answering(sent, nil)
		var input strings.Builder
		var want []string
		for i := range 100 {
			fmt.Fprintf(&input, `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"send","arguments":{"text":"%d"}}}`+"\n", i, i)
			want = append(want, fmt.Sprintf(`{"params":{"name":"send","arguments":{"text":"%d"}}}`, i))
		}
		serveLines(t, g, "2025-06-18", strings.NewReader(input.String()))
		if !slices.Equal(g.inputs, want) {
			t.Fatalf("called in the order %s", g.inputs)
		}
	}
}

// A request whose parts are given twice takes the turn of the robot that it is
// for, and delays no other.
func TestArgumentsTwice(t *testing.T) {
	g := answering(sent, nil)
	server, err := New(t.Context(), &Options{Load: g.load, Robots: []string{"a", "b"}, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	var input strings.Builder
	fmt.Fprintf(&input, initialize, "2025-06-18")
	for i := range 100 {
		fmt.Fprintf(&input, `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"send","arguments":{"robot":"a"},"Arguments":{"robot":"b"}}}`+"\n", 2*i)
		fmt.Fprintf(&input, `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"send","arguments":{"robot":"a"}}}`+"\n", 2*i+1)
	}
	var out bytes.Buffer
	if err := server.Run(t.Context(), &StdioTransport{Reader: strings.NewReader(input.String()), Writer: &out}); err != nil {
		t.Error(err)
	}
	if got := strings.Count(out.String(), `"text":"sent"`); got != 200 || g.overlaps != 0 {
		t.Errorf("%d calls were answered, %d of them were made at once with another", got, g.overlaps)
	}
}

// An ID may be used again once its answer was read.
func TestIDsAgain(t *testing.T) {
	g := answering(sent, nil)
	server, err := New(t.Context(), &Options{Load: g.load, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	in, stdin := io.Pipe()
	stdout, out := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- server.Run(t.Context(), &StdioTransport{Reader: in, Writer: out}) }()
	answers := bufio.NewScanner(stdout)
	fmt.Fprintf(stdin, initialize, "2025-06-18")
	answers.Scan()
	for i := range 1000 {
		fmt.Fprintln(stdin, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"send","arguments":{}}}`)
		if !answers.Scan() || !strings.Contains(answers.Text(), `"text":"sent"`) {
			t.Fatalf("call %d: %s", i, answers.Text())
		}
	}
	stdin.Close()
	if err := <-done; err != nil || g.overlaps != 0 {
		t.Errorf("%v, %d calls at once with another", err, g.overlaps)
	}
}

// Of a client that writes and does not read, no more is read than a bound.
func TestBackPressure(t *testing.T) {
	g, release := blocking()
	server, err := New(t.Context(), &Options{Load: g.load, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	in, stdin := io.Pipe()
	var read atomic.Int64 // requests that were taken
	const all = 3 * maxPending
	go func() {
		defer stdin.Close()
		fmt.Fprintf(stdin, initialize, "2025-06-18")
		for i := range all {
			fmt.Fprintf(stdin, `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"send","arguments":{}}}`+"\n", i)
			read.Add(1)
		}
	}()
	var out bytes.Buffer
	done := make(chan error, 1)
	go func() { done <- server.Run(t.Context(), &StdioTransport{Reader: in, Writer: &out}) }()
	for last := int64(-1); last != read.Load(); time.Sleep(200 * time.Millisecond) {
		last = read.Load()
	}
	if got := read.Load(); got < maxPending || got > maxPending+2000 { // and what the reader has buffered
		t.Errorf("%d of %d requests were read, want about %d", got, all, maxPending)
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
	server.Close()
	if got := strings.Count(out.String(), `"text":"sent"`); got != all {
		t.Errorf("%d of %d requests were answered", got, all)
	}
}
