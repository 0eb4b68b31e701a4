package mcpserver

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

// serveLines serves the input and returns the lines of output, except the answer to
// initialize.
func serveLines(t *testing.T, p *fakePlugin, version, input string) []string {
	t.Helper()
	out := runStdio(t, Options{Load: p.load, Timeout: time.Minute}, strings.NewReader(initializeLines(version)+input))
	lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n")
	return slices.DeleteFunc(lines, func(line string) bool { return strings.Contains(line, `"id":"init"`) })
}

// An invalid line is answered with an error, and the calls around it are answered
// as well.
func TestMalformedLines(t *testing.T) {
	ping := `{"jsonrpc":"2.0","id":7,"method":"ping"}`
	const pong = `{"jsonrpc":"2.0","id":7,"result":{}}`
	tests := []struct{ name, line, want string }{
		{"no JSON", "hello", "-32700"},
		{"truncated", `{"jsonrpc":"2.0","id":7,`, "-32700"},
		{"two values", ping + ping, "-32700"},
		{"null", "null", "-32600"},
		{"number", "7", "-32600"},
		{"string", `"hello"`, "-32600"},
		{"empty array", "[]", "-32600"},
		{"empty object", "{}", "-32600"},
		{"other protocol", `{"jsonrpc":"1.0","id":7,"method":"ping"}`, "-32600"},
		{"no protocol", `{"id":7,"method":"ping"}`, "-32600"},
		{"method is a number", `{"jsonrpc":"2.0","id":7,"method":1}`, "-32600"},
		{"id is an object", `{"jsonrpc":"2.0","id":{},"method":"ping"}`, "-32600"},
		{"not UTF-8", "\xff\xfe{\x00", "-32700"},
		{"empty", "", ""},
		{"blanks", " \t\r", ""},
		{"byte order mark", "\xef\xbb\xbf" + ping, pong},
		{"trailing blanks", ping + " \t", pong},
		{"CRLF", ping + "\r", pong},
		{"unsolicited response", `{"jsonrpc":"2.0","id":7,"result":{}}`, ""},
	}
	for _, tt := range tests {
		lines := serveLines(t, answering(sent, nil), "2025-06-18", callLine(1, "{}")+tt.line+"\n"+callLine(2, "{}"))
		others := slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return strings.Contains(line, `"text":"sent"`) })
		if len(lines)-len(others) != 2 {
			t.Errorf("%s: calls around it: %q", tt.name, lines)
		}
		want := tt.want
		if strings.HasPrefix(want, "-") {
			want = `{"jsonrpc":"2.0","id":null,"error":{"code":` + want + `,`
		}
		if got := strings.Join(others, "\n"); !strings.HasPrefix(got, want) || (got == "") != (want == "") || len(others) > 1 {
			t.Errorf("%s: %q, want %s", tt.name, got, want)
		}
	}
}

// A line that is too long is skipped without being kept in memory.
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
		want  []string // "!" is a line that is too long
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

// The responses to a batch are sent together, if the protocol version has batches.
func TestBatches(t *testing.T) {
	const ping, ping2 = `{"jsonrpc":"2.0","id":1,"method":"ping"}`, `{"jsonrpc":"2.0","id":2,"method":"ping"}`
	const note = `{"jsonrpc":"2.0","method":"notifications/initialized"}`
	tests := []struct {
		version, line string
		want          string // error codes in one array, in order, 0 for a result; "error" is an error outside an array
	}{
		{"2025-03-26", "[" + ping + "," + note + ", " + ping2 + "]", "[0 0]"},
		{"2024-11-05", "[" + ping + "]", "[0]"},
		{"2025-03-26", "[" + ping + ",7,null]", "[-32600 -32600 0]"},
		{"2025-03-26", "[7]", "[-32600]"},
		{"2025-03-26", "[" + note + "]", ""},
		{"2025-03-26", "[" + ping + "," + ping + "]", "[-32600 0]"},
		{"2025-03-26", "[]", "error"},
		{"2025-06-18", "[" + ping + "]", "error"},
	}
	for _, tt := range tests {
		line := strings.Join(serveLines(t, answering(sent, nil), tt.version, tt.line+"\n"), "\n")
		got := line
		var responses []struct{ Error struct{ Code int } }
		if strings.HasPrefix(line, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600`) {
			got = "error"
		} else if json.Unmarshal([]byte(line), &responses) == nil {
			var codes []int
			for _, response := range responses {
				codes = append(codes, response.Error.Code)
			}
			slices.Sort(codes)
			got = fmt.Sprint(codes)
		}
		if got != tt.want {
			t.Errorf("%s %s: %s, want %s", tt.version, tt.line, line, tt.want)
		}
	}
}

// Calls reach the plugin in the order in which they were written.
func TestOrder(t *testing.T) {
	for range 20 {
		p := answering(sent, nil)
		var input strings.Builder
		var want []string
		for i := range 100 {
			arguments := fmt.Sprintf(`{"text":"%d"}`, i)
			input.WriteString(callLine(i, arguments))
			want = append(want, `{"params":{"name":"send","arguments":`+arguments+`}}`)
		}
		serveLines(t, p, "2025-06-18", input.String())
		if !slices.Equal(p.inputs, want) {
			t.Fatalf("called in the order %s", p.inputs)
		}
	}
}

// The plugin gets the arguments as they were written; of duplicates the last.
func TestArguments(t *testing.T) {
	for _, tt := range []struct{ written, want string }{
		{`{"text":"中文 \u4e2d \"x\"", "n": 1e2}`, `,"arguments":{"text":"中文 \u4e2d \"x\"", "n": 1e2}`},
		{` {} `, `,"arguments":{}`},
		{`[1, 2]`, `,"arguments":[1, 2]`},
		{`"text"`, `,"arguments":"text"`},
		{`null`, `,"arguments":null`},
		{`{"text":"a"},"arguments":{"text":"b"}`, `,"arguments":{"text":"b"}`},
		{`{"text":"a"},"_meta":{"arguments":{}}`, `,"arguments":{"text":"a"}`},
		{`{"text":"a"},"arguments":null`, `,"arguments":null`},
		{`{"text":"a"},"Arguments":{"text":"b"}`, `,"arguments":{"text":"a"}`},
	} {
		p := answering(sent, nil)
		serveLines(t, p, "2025-06-18", callLine(1, tt.written))
		if want := []string{`{"params":{"name":"send"` + tt.want + `}}`}; !slices.Equal(p.inputs, want) {
			t.Errorf("%s: the plugin got %s, want %s", tt.written, p.inputs, want)
		}
	}
}

// A call with duplicate keys waits for the robot that the plugin will use, and
// does not delay others.
func TestDuplicateKeys(t *testing.T) {
	p := slow()
	input := initializeLines("2025-06-18")
	for i := range 100 {
		input += callLine(2*i, `{"robot":"a"},"Arguments":{"robot":"b"}`)
		input += callLine(2*i+1, `{"robot":"a"}`)
	}
	out := runStdio(t, Options{Load: p.load, Robots: []string{"a", "b"}, Timeout: time.Minute}, strings.NewReader(input))
	if got := strings.Count(out, `"text":"sent"`); got != 200 || p.overlaps != 0 {
		t.Errorf("%d calls were answered, %d overlapped", got, p.overlaps)
	}
}

// A client may use an ID again after it has read the answer.
func TestIDReuse(t *testing.T) {
	p := answering(sent, nil)
	server := newServer(t, Options{Load: p.load, Timeout: time.Minute})
	in, stdin := io.Pipe()
	stdout, out := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- server.Run(t.Context(), &StdioTransport{Reader: in, Writer: out}) }()
	answers := bufio.NewScanner(stdout)
	io.WriteString(stdin, initializeLines("2025-06-18"))
	answers.Scan()
	for i := range 1000 {
		io.WriteString(stdin, callLine(1, "{}"))
		if !answers.Scan() || !strings.Contains(answers.Text(), `"text":"sent"`) {
			t.Fatalf("call %d: %s", i, answers.Text())
		}
	}
	stdin.Close()
	if err := <-done; err != nil || p.overlaps != 0 {
		t.Errorf("%v, %d calls overlapped", err, p.overlaps)
	}
}

// A request is decoded as the SDK's DecodeMessage decodes it.
func FuzzDecodeRequest(f *testing.F) {
	for _, seed := range []string{
		callLine(1, `{"text":"中文 \u4e2d \ud83d\ude00"}`),
		`{"jsonrpc":"2.0","id":7,"method":"ping"}`, `{"jsonrpc":"2.0","method":"ping","params":null}`,
		`{"jsonrpc":"2.0","id":null,"method":"ping"}`, `{"jsonrpc":"2.0","id":"\u0041\n","method":""}`,
		`{"jsonrpc":"2.0","id":1e2,"id":1.5,"method":"a","method":"b","params":{},"params":[]}`,
		`{"jsonrpc":"2.0","ID":1,"Method":"ping"}`, `{"jsonrpc":"2.0","id":true,"method":"ping"}`, `{"jsonrpc":2.0,"id":1,"method":"ping"}`,
		`{"jsonrpc":"2.0","id":1,"result":{}}`, ` { "jsonrpc" : "2.0" , "i\u0064" : 1 , "method" : "p" , "params" : { "a" : "}" } } `,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		text = bytes.TrimSpace(text)
		if !json.Valid(text) || !utf8.Valid(text) || text[0] != '{' {
			return
		}
		want, err := jsonrpc.DecodeMessage(text)
		wanted, isRequest := want.(*jsonrpc.Request)
		switch got := decodeRequest(text); {
		case err == nil && isRequest && !reflect.DeepEqual(got, wanted):
			t.Errorf("%s: %+v, want %+v", text, got, wanted)
		case (err != nil || !isRequest) && got != nil:
			t.Errorf("%s: %+v, want none: %v", text, got, err)
		}
	})
}
