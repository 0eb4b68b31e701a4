package doctor

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"dingtalk-plugin/host-test/internal/config"
)

// canaries are what people paste: a token, a secret, and a number of a phone.
var canaries = map[string]string{
	"token":       "0a1b2c3d4e5f60718293a4b5c6d7e8f9a0b1c2d3e4f5061728394a5b6c7d8e9f",
	"short token": "CANARYtokenCANARYtoken0123456789",
	"secret":      "SEC0a1b2c3d4e5f60718293a4b5c6d7e8f9a0b1c2d3e4f5061728394a5b6c7d8e9f",
	"number":      "13800138000",
}

// An echoing address answers with what it was asked, in every form in which a reader could
// use it. It is as hostile as an address can be that somebody configured.
type echoing struct{ form func(string) string }

func (e echoing) RoundTrip(request *http.Request) (*http.Response, error) {
	said := request.URL.Host + request.URL.Path
	for _, values := range request.URL.Query() {
		said += " " + strings.Join(values, " ")
	}
	var forms []string
	for word := range strings.FieldsFuncSeq(said, func(c rune) bool { return strings.ContainsRune(" /:.", c) }) {
		forms = append(forms, e.form(word))
	}
	errmsg, _ := json.Marshal(strings.Join(forms, " "))
	code := 43002
	if request.Method == http.MethodPost {
		code = 310000
	}
	return &http.Response{
		StatusCode: 200, Request: request,
		Header: http.Header{"Content-Type": {"text/" + said}, "Location": {"https://" + said}},
		Body:   io.NopCloser(strings.NewReader(fmt.Sprintf(`{"errcode":%d,"errmsg":%s}`, code, errmsg))),
	}, nil
}

// A door answers with what it was asked, and is no robot.
type door struct{ status int }

func (d door) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := echoing{strings.ToUpper}.RoundTrip(request)
	response.StatusCode, response.Body = d.status, io.NopCloser(strings.NewReader("no robot"))
	return response, err
}

// A wire breaks with an error that holds what was asked.
type wire struct{}

func (wire) RoundTrip(request *http.Request) (*http.Response, error) {
	return nil, errors.New(request.URL.String())
}

func reversed(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

var far = map[string]http.RoundTripper{
	"plain": echoing{strings.Clone}, "upper": echoing{strings.ToUpper}, "reversed": echoing{reversed}, "query": echoing{url.QueryEscape},
	"hex":    echoing{func(s string) string { return hex.EncodeToString([]byte(s)) }},
	"base64": echoing{func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }},
	"door":   door{200}, "redirect": door{302}, "wire": wire{},
}

// leaked returns the first part of the text that gives the canary away. A number
// is known by all of its digits, the others by any twelve of their characters.
func leaked(text, canary string) string {
	folded := foldText(text)
	forms := []string{canary, reversed(canary)}
	if len(canary) > 11 {
		forms = append(forms, hex.EncodeToString([]byte(canary)), base64.StdEncoding.EncodeToString([]byte(canary)))
	}
	for _, form := range forms {
		form = foldText(form)
		for i := min(12, len(form)); i <= len(form); i++ {
			if part := form[i-min(12, len(form)) : i]; strings.Contains(folded, part) {
				return part
			}
		}
	}
	return ""
}

// foldText leaves lower-case letters and digits.
func foldText(text string) string {
	return strings.Map(func(c rune) rune {
		if strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789", c) {
			return c
		}
		return -1
	}, strings.ToLower(text))
}

// said is all that the doctor prints of a configuration file.
func said(ctx context.Context, file, name string, transport http.RoundTripper) string {
	c, err := ReadHyperMCP(file, name)
	if err != nil {
		return err.Error()
	}
	return examined(ctx, c, transport)
}

func examined(ctx context.Context, c *Target, transport http.RoundTripper) string {
	var printed bytes.Buffer
	Examine(ctx, c, &Options{Transport: transport, AskPlugin: repeat}).Print(&printed)
	return printed.String()
}

// repeat is a plugin that says all that it was told.
func repeat(_ context.Context, values map[string]string) (PluginVerdict, error) {
	return PluginVerdict{"not_configured", fmt.Sprint(values)}, nil
}

// places are where a person can paste a thing in a configuration file. § is the
// thing, and N the thing without quotation marks where it has digits alone.
func places() map[string]string {
	file := func(name, runtime string) string {
		return `{"plugins":{"` + name + `":{"url":"file:///plugin.wasm","runtime_config":{` + runtime + `}}}}`
	}
	env := func(values string) string {
		return file("ding", `"allowed_hosts":["oapi.dingtalk.com"],"env_vars":{`+values+`}`)
	}
	good := `"DINGTALK_BOT_ACCESS_TOKEN":"qwertzuiop"`
	list := map[string]string{
		"a file of nothing else":   `§`,
		"a string":                 `"§"`,
		"a top-level key":          `{"§":{},"plugins":{"§":{}}}`,
		"a plugin's name":          file("§", `"env_vars":{`+good+`}`),
		"two plugins' names":       `{"plugins":{"§":{},"a§":{}}}`,
		"a plugin":                 `{"plugins":{"ding":"§"}}`,
		"an address of the plugin": `{"plugins":{"ding":{"url":"https://§.example/§?t=§","runtime_config":{"env_vars":{` + good + `}}}}}`,
		"an unknown field":         file("ding", `"§":"§","env_vars":{`+good+`}`),
		"an allowed host":          file("ding", `"allowed_hosts":["§","https://§.example/§","https://oapi.dingtalk.com/§","*§*"],"env_vars":{`+good+`}`),
		"an allowed host of its":   file("ding", `"allowed_hosts":["§.example/§","https://§.example/"],"env_vars":{"DINGTALK_BOT_WEBHOOK_URL":"https://§.example/",`+good+`}`),
		"an unknown key":           env(`"§":"§","DINGTALK_BOT_§":"§",` + good),
		"a key that is a number":   env(`"DINGTALK_BOT_§":1,"§":true,` + good),
		"a variable":               env(`"DINGTALK_BOT_ACCESS_TOKEN":"${§}"`),
		"a variable's name":        env(`"DINGTALK_BOT_ACCESS_TOKEN":"${A_§}"`),
		"a variable's default":     env(`"DINGTALK_BOT_ACCESS_TOKEN":"${UNSET_HERE:-§}"`),
		"a variable in a key":      env(`"${§}":"x",` + good),
		"a duplicate":              env(`"DINGTALK_BOT_ACCESS_TOKEN":"§","DINGTALK_BOT_ACCESS_TOKEN":"qwertzuiop"`),
		"broken JSON":              `{"plugins":{"§":`,
		"trailing text":            file("ding", `"env_vars":{`+good+`}`) + "§",
	}
	for _, key := range append(slices.Clone(knownKeys), "UNKNOWN") {
		for shape, value := range map[string]string{
			"text": `"§"`, "number": `N`, "list": `["§"]`, "object": `{"§":"§"}`, "blanks": `" § "`, "quoted": `"\"§\""`,
			"path": `"https://oapi.dingtalk.com/robot/send/§"`, "host": `"https://§.example/robot/send?access_token=qwertzuiop"`,
			"bare host": `"https://§"`, "user": `"https://§:§@oapi.dingtalk.com/"`, "query": `"https://oapi.dingtalk.com/robot/send?access_token=§&other=§&§=1"`,
			"fragment": `"https://oapi.dingtalk.com/#§"`, "port": `"https://oapi.dingtalk.com:§/"`, "scheme": `"§://oapi.dingtalk.com/"`,
			"plain": `"http://§.example/§?access_token=§"`, "no address": `"§/§?§"`, "broken": `"https://%§/"`,
		} {
			list[key+" as "+shape] = env(`"DINGTALK_BOT_` + key + `":` + value + `,"DINGTALK_BOT_SECRET":"SECx"`)
		}
	}
	for place, robots := range map[string]string{
		"name": `{"§":{"accessToken":"qwertzuiop"}}`, "key": `{"a":{"accessToken":"qwertzuiop","§":"§"}}`, "name alone": `{"§":{}}`,
		"token": `{"a":{"accessToken":"§"},"b":{"accessToken":"https://§.example/§?access_token=§"}}`,
		"both":  `{"a":{"accessToken":"§","secret":"§","webhookUrl":"https://oapi.dingtalk.com/§?§=§","keywords":"§"}}`,
		"host":  `{"§":{"webhookUrl":"https://§.example/§"}}`, "number": `{"a":{"accessToken":N}}`, "list": `["§"]`, "text": `§`, "robot": `{"§":"§"}`, "nested": `{"a":{"b":{"§":"§"}}}`,
	} {
		quoted, _ := json.Marshal(robots)
		list["a robot's "+place] = env(`"DINGTALK_BOT_ROBOTS":` + string(quoted))
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

// Nothing that was pasted anywhere into a file comes out of the doctor again.
func TestNoLeakFromFile(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "config.json")
	for kind, canary := range canaries {
		for place, text := range places() {
			if err := os.WriteFile(file, []byte(fill(text, canary)), 0o600); err != nil {
				t.Fatal(err)
			}
			for form, transport := range far {
				if text := said(t.Context(), file, "", transport); leaked(text, canary) != "" {
					t.Errorf("%s in %s, far side %s: %q of %s stands in\n%s", kind, place, form, leaked(text, canary), canary, text)
				}
			}
		}
		for _, name := range []string{canary + ".json", "config." + canary, canary} {
			if err := os.WriteFile(filepath.Join(folder, name), []byte(twoPlugins), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, file := range []string{filepath.Join(folder, name), filepath.Join(folder, canary, name), folder} {
				for _, plugin := range []string{"dingtalk", canary} {
					if text := said(t.Context(), file, plugin, wire{}); leaked(text, canary) != "" {
						t.Errorf("%s as the file's name: %s", kind, text)
					}
				}
			}
		}
	}
}

// The same for the environment.
func TestNoLeakFromEnvironment(t *testing.T) {
	for kind, canary := range canaries {
		for _, key := range append(slices.Clone(knownKeys), "UNKNOWN", canary) {
			for _, value := range []string{
				"§", "https://oapi.dingtalk.com/§?access_token=§", "https://§.example/§", "https://§", "http://§:§@§.example/#§", `{"§":{"§":"§"}}`,
				`{"§":{"accessToken":"§","secret":"§","webhookUrl":"https://§.example/§"}}`, `"§"`, " §", "${§}", "SEC§",
			} {
				values := map[string]string{config.Token: "qwertzuiop", config.Secret: "SECx"}
				maps.Copy(values, map[string]string{config.Prefix + key: strings.ReplaceAll(value, "§", canary)})
				for form, transport := range far {
					c := &Target{Source: "the environment", Values: values}
					if text := examined(t.Context(), c, transport); leaked(text, canary) != "" {
						t.Errorf("%s in %s as %s, far side %s: %q stands in\n%s", kind, key, value, form, leaked(text, canary), text)
					}
				}
				if text := config.ShownHosts(values); leaked(text, canary) != "" {
					t.Errorf("%s in %s as %s: the server shows %s", kind, key, value, text)
				}
			}
		}
	}
}

// FuzzNoLeak has a token, a secret and a number wherever a file may have §, ¤
// and ¢.
func FuzzNoLeak(f *testing.F) {
	for _, text := range places() {
		f.Add(text)
	}
	f.Add(strings.ReplaceAll(twoPlugins, "$", "¤"))
	f.Fuzz(func(t *testing.T, text string) {
		paste := strings.NewReplacer("§", canaries["token"], "¤", canaries["secret"], "¢", canaries["number"])
		if len(text) > 4096 {
			return
		}
		c := &Target{Source: "config.json", HostsKnown: true}
		output := ""
		if plugins, err := c.parse(paste.Replace(text), func(string) (string, bool) { return "", false }); err != nil {
			output = config.NewRedactor(nil).Redact(err.Error())
		} else if name, err := selectPlugin(plugins, ""); err != nil {
			output = config.NewRedactor(nil).Redact(err.Error())
		} else {
			c.Source += ", plugin " + name
			c.Hosts = plugins[name].Runtime.Hosts
			c.setValues(plugins[name].Runtime.Values)
			output = examined(t.Context(), c, echoing{reversed}) + config.ShownHosts(c.Values)
		}
		for kind, canary := range canaries {
			if kind != "short token" && leaked(output, canary) != "" {
				t.Errorf("%s leaks %q from %q:\n%s", kind, leaked(output, canary), text, output)
			}
		}
	})
}
