package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/host-test/internal/pluginversion"

	extism "github.com/extism/go-sdk"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// folder is filled by dist, for this machine and for containers, whose image all
// machines make.
var folder string

func TestMain(m *testing.M) {
	var err error
	if folder, err = os.MkdirTemp("", "dist"); err != nil {
		panic(err)
	}
	status := m.Run()
	os.RemoveAll(folder)
	os.Exit(status)
}

var runDist = sync.OnceValue(func() error {
	command := exec.Command("go", "run", "./host-test/release", "dist", "--out", folder, "--platform", runtime.GOOS+"/"+runtime.GOARCH)
	if runtime.GOOS != "linux" {
		command.Args = append(command.Args, "--platform", "linux/"+runtime.GOARCH)
	}
	command.Dir = "../.."
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
})

// dist returns the file that dist made.
func dist(t *testing.T, name string) string {
	t.Helper()
	if err := runDist(); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(folder, filepath.FromSlash(name))
}

// Runners load what make dist made: over HTTP, and the layer of the plugin's image.
func TestDistLoads(t *testing.T) {
	server := httptest.NewServer(http.FileServer(http.Dir(dist(t, "."))))
	defer server.Close()
	layout := dist(t, "oci")
	index := readImage(t, filepath.Join(layout, "index.json"))
	manifest := readImage(t, blobFile(layout, index.Manifests[0].Digest))
	blob := blobFile(layout, manifest.Layers[0].Digest)
	for name, wasm := range map[string]extism.Wasm{
		"http": extism.WasmUrl{Url: server.URL + "/plugin.wasm"},
		"blob": extism.WasmFile{Path: blob},
	} {
		plugin, err := extism.NewPlugin(t.Context(), extism.Manifest{Wasm: []extism.Wasm{wasm}}, extism.PluginConfig{EnableWasi: true}, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		defer plugin.Close(t.Context())
		_, output, err := plugin.Call("describe", nil)
		if err != nil || strings.Count(string(output), `,"_meta":{"io.github.`) != 2 {
			t.Errorf("%s: %v, and describe answers without the version: %s", name, err, output)
		}
	}
	if version, ok := pluginversion.Read(readFile(t, blob)); !ok || version.Compiler == "" {
		t.Errorf("the image's module has the version %v", version)
	}
}

// An image is what an index or a manifest in an image layout refers to.
type image struct {
	Manifests, Layers []struct{ Digest string }
}

// readImage reads the index or manifest in the file of a layout.
func readImage(t *testing.T, file string) (read image) {
	t.Helper()
	readJSON(t, file, &read)
	return read
}

func blobFile(layout, digest string) string {
	return filepath.Join(layout, "blobs", strings.Replace(digest, ":", "/", 1))
}

func readJSON(t *testing.T, file string, into any) {
	t.Helper()
	if err := json.Unmarshal(readFile(t, file), into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func readFile(t *testing.T, elements ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(elements...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The command from the archive works in an empty folder with nothing but the two
// variables, for the official client.
func TestArchiveServes(t *testing.T) {
	program := unpackArchive(t)
	fake, address := startFake(t)
	session := connect(t, command(t, address, program, "serve"))
	if version := session.InitializeResult().ServerInfo.Version; version == "" || version == "(devel)" {
		t.Errorf("the server calls its version %q", version)
	}
	send(t, session, fake)
}

// Its other commands need no file either: the fake, the doctor and a call, and
// what they say when --plugin names nothing.
func TestArchiveCommands(t *testing.T) {
	program := unpackArchive(t)
	_, address := startFake(t)
	for _, tt := range []struct{ line, want string }{
		{"call --fake send_text_message {\"text\":\"hello\"}", "hello"},
		{"call --list", "send_markdown_message"},
		{"call --version", ", commit "},
		{"demo", "What the group sees"},
		{"doctor", "access token"},
		{"call --list --plugin missing.wasm", "leave out --plugin"},
	} {
		if out, _ := command(t, address, program, strings.Fields(tt.line)...).CombinedOutput(); !strings.Contains(string(out), tt.want) {
			t.Errorf("%s printed %s", tt.line, out)
		}
	}
}

// The bundle starts as its manifest says, with both settings and with none.
func TestBundleServes(t *testing.T) {
	bundle := t.TempDir()
	unzip(t, dist(t, platformFile(".mcpb")), bundle)
	var manifest struct {
		Server struct {
			MCPConfig struct {
				Command string
				Args    []string
				Env     map[string]string
			} `json:"mcp_config"`
		}
	}
	readJSON(t, filepath.Join(bundle, "manifest.json"), &manifest)
	config := manifest.Server.MCPConfig
	start := func(token, secret string) *mcp.ClientSession {
		fill := strings.NewReplacer("${__dirname}", bundle, "${user_config.access_token}", token, "${user_config.secret}", secret)
		serve := command(t, "", fill.Replace(config.Command), config.Args...)
		serve.Env = nil // only what the manifest names
		for name, value := range config.Env {
			serve.Env = append(serve.Env, name+"="+fill.Replace(value))
		}
		return connect(t, serve)
	}
	fake, address := startFake(t)
	send(t, start(address, secret), fake)

	result, err := start("", "").CallTool(t.Context(), &mcp.CallToolParams{Name: "send_text_message", Arguments: json.RawMessage(`{"text":"hello"}`)})
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(result.Content)
	if !result.IsError || !strings.Contains(string(text), "DINGTALK_BOT_ACCESS_TOKEN") {
		t.Errorf("without settings: %s", text)
	}
}

// The image has the same program as the archive, so what was tested is in it.
func TestImageHasProgram(t *testing.T) {
	layout := dist(t, "oci-server")
	next := readImage(t, filepath.Join(layout, "index.json"))
	for len(next.Manifests) > 0 {
		next = readImage(t, blobFile(layout, next.Manifests[0].Digest))
	}
	inImage, inArchive := t.TempDir(), t.TempDir()
	untar(t, blobFile(layout, next.Layers[0].Digest), inImage)
	untar(t, dist(t, "dingtalk-mcp_linux_"+runtime.GOARCH+".tar.gz"), inArchive)
	if !bytes.Equal(readFile(t, inImage, "dingtalk-mcp"), readFile(t, inArchive, "dingtalk-mcp")) {
		t.Error("the programs differ")
	}
}

// secret is what the fake signs with.
const secret = "SECexample"

// startFake starts a fake robot, and returns its address with the token, which is
// what DingTalk gives people to copy.
func startFake(t *testing.T) (*dingtalktest.Server, string) {
	t.Helper()
	fake := dingtalktest.New(&dingtalktest.Options{Secret: secret})
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	return fake, server.URL + "/robot/send?access_token=" + dingtalktest.DefaultToken
}

// command runs a program in an empty folder, with the robot's address and secret.
func command(t *testing.T, address, program string, arguments ...string) *exec.Cmd {
	t.Helper()
	run := exec.CommandContext(t.Context(), program, arguments...)
	run.Dir, run.Env = t.TempDir(), []string{"DINGTALK_BOT_ACCESS_TOKEN=" + address, "DINGTALK_BOT_SECRET=" + secret}
	return run
}

func connect(t *testing.T, serve *exec.Cmd) *mcp.ClientSession {
	t.Helper()
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test"}, nil).Connect(t.Context(), &mcp.CommandTransport{Command: serve}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { session.Close() })
	return session
}

// send lists the tools and sends a message with each, which must arrive signed.
func send(t *testing.T, session *mcp.ClientSession, fake *dingtalktest.Server) {
	t.Helper()
	tools, err := session.ListTools(t.Context(), nil)
	if err != nil || len(tools.Tools) != 2 {
		t.Fatalf("%v, %v", tools, err)
	}
	for _, tool := range tools.Tools {
		arguments := map[string]any{"text": "hello"}
		if tool.Name == "send_markdown_message" {
			arguments["title"] = "greeting"
		}
		result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: tool.Name, Arguments: arguments})
		if err != nil || result.IsError {
			text, _ := json.Marshal(result)
			t.Errorf("%s: %v, %s", tool.Name, err, text)
		}
	}
	messages := fake.Messages()
	if len(messages) != 2 || !messages[0].Signed || !messages[1].Signed {
		t.Errorf("the group has %+v", messages)
	}
}

func platformFile(suffix string) string {
	return "dingtalk-mcp_" + runtime.GOOS + "_" + runtime.GOARCH + suffix
}

// unpackArchive returns the program in this machine's archive.
func unpackArchive(t *testing.T) string {
	t.Helper()
	into := t.TempDir()
	if runtime.GOOS == "windows" {
		unzip(t, dist(t, platformFile(".zip")), into)
		return filepath.Join(into, "dingtalk-mcp.exe")
	}
	untar(t, dist(t, platformFile(".tar.gz")), into)
	return filepath.Join(into, "dingtalk-mcp")
}

// untar unpacks an archive as people do.
func untar(t *testing.T, archive, into string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "tar", "-xzf", archive, "-C", into).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", archive, err, out)
	}
}

func unzip(t *testing.T, archive, into string) {
	t.Helper()
	reader, err := zip.OpenReader(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := os.CopyFS(into, reader); err != nil {
		t.Fatal(err)
	}
}
