package doctor

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/internal/config"
	"dingtalk-plugin/schema"

	"golang.org/x/tools/txtar"
)

// canaries are what people paste.
var canaries = map[string]string{
	"token":        "0a1b2c3d4e5f60718293a4b5c6d7e8f9a0b1c2d3e4f5061728394a5b6c7d8e9f",
	"short token":  "CANARYtokenCANARYtoken0123456789",
	"secret":       "SEC0a1b2c3d4e5f60718293a4b5c6d7e8f9a0b1c2d3e4f5061728394a5b6c7d8e9f",
	"phone number": "13800138000",
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

// echoing answers like a robot, with every word of the request encoded by encode.
func echoing(encode func(string) string) roundTripper {
	return func(request *http.Request) (*http.Response, error) {
		received := request.URL.Host + request.URL.Path
		for _, values := range request.URL.Query() {
			received += " " + strings.Join(values, " ")
		}
		var words []string
		for word := range strings.FieldsFuncSeq(received, func(c rune) bool { return strings.ContainsRune(" /:.", c) }) {
			words = append(words, encode(word))
		}
		errmsg, _ := json.Marshal(strings.Join(words, " "))
		code := 43002
		if request.Method == http.MethodPost {
			code = 310000
		}
		return &http.Response{
			StatusCode: 200, Request: request,
			Header: http.Header{"Content-Type": {"text/" + received}, "Location": {"https://" + received}},
			Body:   io.NopCloser(strings.NewReader(fmt.Sprintf(`{"errcode":%d,"errmsg":%s}`, code, errmsg))),
		}, nil
	}
}

// notRobot echoes the request in its headers only.
func notRobot(status int) roundTripper {
	return func(request *http.Request) (*http.Response, error) {
		response, err := echoing(strings.ToUpper)(request)
		response.StatusCode, response.Body = status, io.NopCloser(strings.NewReader("no robot"))
		return response, err
	}
}

func reversed(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

func toHex(s string) string { return hex.EncodeToString([]byte(s)) }

func toBase64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// transports leak whatever they receive.
var transports = map[string]roundTripper{
	"plain": echoing(strings.Clone), "upper": echoing(strings.ToUpper), "reversed": echoing(reversed), "query": echoing(url.QueryEscape),
	"hex": echoing(toHex), "base64": echoing(toBase64), "not a robot": notRobot(200), "redirect": notRobot(302),
	"error": func(request *http.Request) (*http.Response, error) { return nil, errors.New(request.URL.String()) },
}

// leaked returns a part of the canary that the text contains in some form: a phone
// number with all of its digits, or twelve letters and digits of the others.
func leaked(text, canary string) string {
	text = foldText(text)
	forms := []string{canary, reversed(canary)}
	if len(canary) > 11 {
		forms = append(forms, toHex(canary), toBase64(canary))
	}
	for _, form := range forms {
		form = foldText(form)
		for i := min(12, len(form)); i <= len(form); i++ {
			if part := form[i-min(12, len(form)) : i]; strings.Contains(text, part) {
				return part
			}
		}
	}
	return ""
}

func checkLeak(t *testing.T, what, output, canary string) {
	t.Helper()
	if part := leaked(output, canary); part != "" {
		t.Errorf("%s: %q of %s is in\n%s", what, part, canary, output)
	}
}

// foldText keeps ASCII letters, in lower case, and digits.
func foldText(text string) string {
	return strings.Map(func(c rune) rune {
		if strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789", c) {
			return c
		}
		return -1
	}, strings.ToLower(text))
}

// outputOf returns all that the command prints, in both languages. Its plugin
// quotes the whole configuration.
func outputOf(ctx context.Context, transport http.RoundTripper, err error, targets ...*Target) string {
	var unreadable *Error
	if errors.As(err, &unreadable) {
		return unreadable.Error() + "\n" + unreadable.In(zh)
	}
	quote := func(_ context.Context, values map[string]string) (PluginVerdict, error) {
		return PluginVerdict{Reason: "not_configured", Text: fmt.Sprint(values)}, nil
	}
	report := Examine(ctx, &Options{Transport: transport, AskPlugin: quote}, targets...)
	return printed(report) + printedIn(report, zh)
}

// places are configuration files with a credential pasted somewhere. § is the
// credential, and N the credential as a number if it has only digits.
func places(t testing.TB) map[string]string {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/leaks.txtar")
	if err != nil {
		t.Fatal(err)
	}
	env := func(values string) string {
		return `{"plugins":{"ding":{"url":"file:///plugin.wasm","runtime_config":{"allowed_hosts":["oapi.dingtalk.com"],` +
			`"env_vars":{` + values + `}}}}}`
	}
	list := map[string]string{}
	for _, f := range archive.Files {
		text := strings.TrimSpace(string(f.Data))
		switch kind, place, _ := strings.Cut(f.Name, "/"); kind {
		case "file":
			list[place] = text
		case "value":
			for _, key := range append(slices.Clone(schema.Keys), "DINGTALK_BOT_UNKNOWN") {
				list[key+" as "+place] = env(`"` + key + `":` + text + `,"DINGTALK_BOT_SECRET":"SECx"`)
			}
		case "robots":
			quoted, _ := json.Marshal(text)
			list["a robot's "+place] = env(`"DINGTALK_BOT_ROBOTS":` + string(quoted))
		default:
			t.Fatalf("leaks.txtar has a section of the unknown kind %q", kind)
		}
	}
	return list
}

func fill(text, canary string) string {
	digits := canary
	if strings.Trim(canary, "0123456789") != "" {
		digits = `"` + canary + `"`
	}
	return strings.NewReplacer("§", canary, `:N`, ":"+digits).Replace(text)
}

func TestNoLeakFromFile(t *testing.T) {
	folder := t.TempDir()
	check := func(what, file, plugin, canary string, transport http.RoundTripper) {
		targets, err := ReadConfig(file, plugin)
		checkLeak(t, what, outputOf(t.Context(), transport, err, targets...), canary)
	}
	create := func(name, text string) string {
		file := filepath.Join(folder, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	for kind, canary := range canaries {
		for place, text := range places(t) {
			file := create("config.json", fill(text, canary))
			for name, transport := range transports {
				check(kind+" in "+place+", "+name, file, "", canary, transport)
			}
		}
		for _, name := range []string{canary + ".json", "config." + canary, canary} {
			for _, file := range []string{create(name, twoPlugins), filepath.Join(folder, canary, name), folder} {
				check(kind+" as the file's name", file, "dingtalk", canary, transports["error"])
				check(kind+" as the plugin's name", file, canary, canary, transports["error"])
			}
		}
	}
}

func TestNoLeakFromEnvironment(t *testing.T) {
	for kind, canary := range canaries {
		for _, key := range append(slices.Clone(schema.Keys), "DINGTALK_BOT_UNKNOWN", "DINGTALK_BOT_"+canary) {
			for _, value := range []string{
				"§", "https://oapi.dingtalk.com/§?access_token=§", "https://§.example/§", "https://§", "http://§:§@§.example/#§", `{"§":{"§":"§"}}`,
				`{"§":{"accessToken":"§","secret":"§","webhookUrl":"https://§.example/§"}}`, `"§"`, " §", "${§}", "SEC§",
			} {
				values := map[string]string{schema.KeyAccessToken: "qwertzuiop", schema.KeySecret: "SECx"}
				values[key] = strings.ReplaceAll(value, "§", canary)
				what := kind + " in " + key + " as " + value
				checkLeak(t, what+", serve", config.ShownHosts(values), canary)
				for name, transport := range transports {
					checkLeak(t, what+", "+name, outputOf(t.Context(), transport, nil, &Target{Source: say("the environment"), Values: values}), canary)
				}
			}
		}
	}
}

// FuzzNoLeak replaces §, ¤ and ¢ in a file by a token, a secret and a phone number.
func FuzzNoLeak(f *testing.F) {
	for _, text := range places(f) {
		f.Add(text)
	}
	f.Add(strings.ReplaceAll(twoPlugins, "$", "¤"))
	paste := strings.NewReplacer("§", canaries["token"], "¤", canaries["secret"], "¢", canaries["phone number"])
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 4096 {
			return
		}
		targets, err := parseConfig("mcp.json", []byte(paste.Replace(text)), "", func(string) string { return "" })
		output := outputOf(t.Context(), echoing(reversed), err, targets...)
		for _, target := range targets {
			output += config.ShownHosts(target.Values)
		}
		for kind, canary := range canaries {
			if kind != "short token" {
				checkLeak(t, kind+" in "+text, output, canary)
			}
		}
	})
}
