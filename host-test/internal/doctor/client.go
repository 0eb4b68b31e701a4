package doctor

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"dingtalk-plugin/host-test/internal/config"
	"dingtalk-plugin/schema"

	"github.com/tidwall/jsonc"
)

// A client is an MCP client that starts servers as commands, with an environment
// from its configuration file.
type client struct {
	name    *Text
	strict  bool     // it reads neither comments nor trailing commas
	expands []string // the prefixes of names in ${…} that it replaces; "" is ${NAME}
	advice  format   // for a value that it leaves as ${…}
}

// What clients expand: https://code.claude.com/docs/en/mcp, https://cursor.com/docs/context/mcp,
// https://code.visualstudio.com/docs/copilot/reference/mcp-configuration. Claude Desktop documents nothing, and passes
// ${…} on.
var (
	claudeDesktop = client{verbatim("Claude Desktop"), true, nil, "Replace it with its value: Claude Desktop expands no variables."}
	claudeCode    = client{verbatim("Claude Code"), true, []string{""}, "Write ${NAME} or ${NAME:-default}, which Claude Code expands, or its value."}
	cursor        = client{verbatim("Cursor"), false, []string{"env:"}, "Write ${env:NAME}, which Cursor expands, or its value."}
	vsCode        = client{verbatim("VS Code"), false, []string{"env:", "input:"}, "Write ${env:NAME} or ${input:ID}, which VS Code expands, or its value."}
	otherClient   = client{say("an MCP client"), false, []string{"", "env:"}, "Replace it with its value."}
)

// clientOf tells the client from the file's name and form.
func clientOf(file string, f *clientFile) client {
	switch base := filepath.Base(file); {
	case f.VSCode != nil:
		return vsCode
	case base == "claude_desktop_config.json":
		return claudeDesktop
	case base == ".mcp.json" || base == ".claude.json":
		return claudeCode
	case filepath.Base(filepath.Dir(file)) == ".cursor":
		return cursor
	}
	return otherClient
}

// usualFiles returns where clients keep their configuration, and hyper-mcp. The
// folders are those of os.UserHomeDir; os.UserConfigDir, which is
// ~/Library/Application Support on macOS, %AppData% on Windows and ~/.config on
// Linux; os.UserCacheDir, which is %LocalAppData% on Windows; and the current one.
func usualFiles(home, configDir, cacheDir, current string) []string {
	files := []string{
		filepath.Join(configDir, "Claude", "claude_desktop_config.json"),
		filepath.Join(home, ".claude.json"),
		filepath.Join(current, ".mcp.json"),
		filepath.Join(home, ".cursor", "mcp.json"),
		filepath.Join(current, ".cursor", "mcp.json"),
		filepath.Join(configDir, "Code", "User", "mcp.json"),
		filepath.Join(configDir, "Code - Insiders", "User", "mcp.json"),
		filepath.Join(current, ".vscode", "mcp.json"),
		filepath.Join(configDir, "hyper-mcp", "config.json"),
	}
	// Installed as an MSIX package, as on Windows since 2026, Claude Desktop sees
	// this file under the first name: https://github.com/anthropics/claude-code/issues/26073.
	packaged, _ := filepath.Glob(filepath.Join(cacheDir, "Packages", "Claude_*", "LocalCache", "Roaming", "Claude", "claude_desktop_config.json"))
	slices.Sort(files)
	return slices.Compact(append(files, packaged...)) // in the home folder, two of them are one
}

// Targets returns the entries of the file of that name. Without one it returns the
// environment if that has keys of the plugin, since call and serve use these, and
// otherwise what the usual files have. Its errors are of the type *Error.
func Targets(file, name string) ([]*Target, error) {
	if file != "" {
		return ReadConfig(file, name)
	}
	environment := &Target{Source: say("the environment"), Values: config.FromEnvironment()}
	if len(environment.Values) > 0 && name == "" {
		environment.problem(Info, say("files"), say("none was read, because the environment has keys of the plugin"), say("Name one with --config FILE to examine it instead."))
		return []*Target{environment}, nil
	}
	found := FindConfigs(name)
	if len(found) == 1 { // only what was read
		found = append(found, environment)
	}
	return found, nil
}

// FindConfigs reads the usual files of this user and of the current folder. The
// last target only says which were read.
func FindConfigs(name string) []*Target {
	home, _ := os.UserHomeDir() // without one, the files below it are not found
	configDir, _ := os.UserConfigDir()
	cacheDir, _ := os.UserCacheDir()
	current, _ := os.Getwd()
	return findConfigs(usualFiles(home, configDir, cacheDir, current), home, name)
}

func findConfigs(files []string, home, name string) (targets []*Target) {
	looked := &Target{Source: say("Files")}
	for _, file := range files {
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		shown := file
		if path, err := filepath.Rel(home, file); err == nil && filepath.IsLocal(path) {
			shown = filepath.Join("~", path)
		}
		found, err := readConfig(file, shown, name)
		var unreadable *Error
		switch {
		case !errors.As(err, &unreadable):
			looked.problem(Info, verbatim(shown), say("read; entries examined: %d", len(found)), nil)
		case unreadable.notOurs:
			looked.problem(Info, verbatim(shown), say("read; no entry was examined"), nil)
		default:
			looked.problem(Fail, verbatim(shown), unreadable.text, say("Correct the file: its program cannot read it, either."))
		}
		targets = append(targets, found...)
	}
	if looked.Problems == nil {
		looked.problem(Info, say("files"), say("there is none in the usual places of Claude Desktop, Claude Code, Cursor, VS Code and hyper-mcp"),
			say("Name one with --config FILE, or set "+schema.KeyAccessToken+" in the environment."))
	}
	return append(targets, looked)
}

// ReadConfig reads the configuration file of a client or of hyper-mcp as its
// program does in this environment: the entry of that name, or all with keys of
// this plugin. Its errors are of the type *Error.
func ReadConfig(file, name string) ([]*Target, error) {
	return readConfig(file, filepath.Base(file), name)
}

func readConfig(file, shown, name string) ([]*Target, error) {
	text, err := readRegular(file)
	var targets []*Target
	if err == nil {
		targets, err = parseConfig(file, text, name, os.Getenv)
	}
	for _, t := range targets {
		t.Source = say("%s, %s", shown, t.Source)
	}
	return targets, err
}

// An Error says why nothing in a file can be examined. It contains no credential,
// whatever was pasted into the file or its name.
type Error struct {
	text    *Text
	notOurs bool // the file is valid, but has no entry to examine
}

func errorf(f format, values ...any) *Error { return &Error{text: say(f, values...)} }

// Error returns the English text.
func (e *Error) Error() string { return e.In(nil) }

// In returns the text in a language.
func (e *Error) In(l Language) string { return config.NewRedactor(nil).Redact(e.text.in(l)) }

// notOurs describes a file that has only entries with these names. Their kind is
// "servers" or "plugins", and name is the one that was asked for, or "".
func notOurs(kind *Text, names []string, name string) *Error {
	slices.Sort(names)
	text := say("the file has no entry with keys of this plugin")
	if name != "" {
		text = say("the file has no entry of the name given with --name")
	}
	if len(names) == 0 {
		return &Error{say("%s; it has no %s", text, kind), true}
	}
	return &Error{say("%s; it has the %s %s", text, kind, firstTen(slices.Compact(names))), true}
}

// A clientFile is the part of a client's file that concerns servers. Claude Code
// has servers of single projects, too.
type clientFile struct {
	Servers  map[string]server `json:"mcpServers"`
	VSCode   map[string]server `json:"servers"`
	Projects map[string]struct {
		Servers map[string]server `json:"mcpServers"`
	} `json:"projects"`
}

type server struct {
	Command  string         `json:"command"`
	Values   map[string]any `json:"env"`
	Disabled bool           `json:"disabled"`
}

// parseConfig tells a client's file from one of hyper-mcp by its members.
func parseConfig(file string, text []byte, name string, getenv func(string) string) ([]*Target, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, &Error{say("the file is empty"), true}
	}
	clean := jsonc.ToJSON(text)
	var f clientFile
	decoder := json.NewDecoder(bytes.NewReader(clean))
	decoder.UseNumber() // a rounded token of digits could not be redacted
	err := decoder.Decode(&f)
	if !json.Valid(clean) || f.Servers == nil && f.VSCode == nil && f.Projects == nil {
		return parseHyperMCP(string(text), name, getenv)
	}
	if err != nil {
		return nil, errorf("a member of the file has the wrong type: compare it with README")
	}
	c := clientOf(file, &f)
	if c.strict && !json.Valid(text) {
		return nil, errorf("%s; %s reads no comments and no trailing commas", syntaxError(text).text, c.name)
	}
	return f.targets(c, name, getenv)
}

// syntaxError names the line where JSON is invalid.
func syntaxError(text []byte) *Error {
	var syntax *json.SyntaxError
	if !errors.As(json.Unmarshal(text, new(any)), &syntax) {
		return errorf("the file is not JSON")
	}
	line := 1 + bytes.Count(text[:min(int(syntax.Offset), len(text))], []byte("\n"))
	return errorf("the file is not JSON: look at line %d and the one before it", line)
}

func (f *clientFile) targets(c client, name string, getenv func(string) string) (targets []*Target, err error) {
	var names []string
	add := func(servers map[string]server, project string) {
		for _, server := range slices.Sorted(maps.Keys(servers)) {
			names = append(names, server)
			entry := servers[server]
			if !isSelected(server, entry.Values, name) {
				continue
			}
			t := &Target{Source: say("server %s", server), AllowsConfigured: true, server: server}
			t.setServer(&entry, c, getenv)
			same := func(other *Target) bool { return other.server == server && maps.Equal(other.Values, t.Values) }
			if i := slices.IndexFunc(targets, same); i >= 0 { // in another project
				t = targets[i]
			} else {
				targets = append(targets, t)
			}
			if project != "" {
				t.Source = say("%s, project %s", t.Source, filepath.Base(project))
			}
		}
	}
	add(f.Servers, "")
	add(f.VSCode, "")
	for _, project := range slices.Sorted(maps.Keys(f.Projects)) {
		add(f.Projects[project].Servers, project)
	}
	if len(targets) == 0 {
		return nil, &Error{say("%s (if one starts hyper-mcp, name hyper-mcp's own file)", notOurs(say("servers"), names, name).text), true}
	}
	return targets, nil
}

// isSelected reports whether an entry has the name, or with none, keys of this plugin.
func isSelected(entry string, values map[string]any, name string) bool {
	if name != "" {
		return entry == name
	}
	return slices.ContainsFunc(slices.Collect(maps.Keys(values)), isOurs)
}

// isOurs reports whether a variable is meant for this plugin.
func isOurs(key string) bool {
	return strings.HasPrefix(key, schema.KeyPrefix) || nearestKey(key) != ""
}

// setServer sets the values and problems of a server.
func (t *Target) setServer(s *server, c client, getenv func(string) string) {
	t.Values, t.Causes, t.Advice = map[string]string{}, map[string]*Text{}, c.advice
	if s.Disabled {
		t.problem(Fail, say("server"), say("it is switched off in the file"), say(`Remove "disabled" from it.`))
	}
	if strings.ContainsAny(s.Command, `/\`) && !strings.Contains(s.Command, "${") {
		if _, err := os.Stat(s.Command); errors.Is(err, fs.ErrNotExist) {
			t.problem(Fail, say("command"), say("the file that it names does not exist here"), say(`Write the full path of the executable into "command".`))
		}
	}
	unset, asked := map[string]bool{}, []string{}
	for _, key := range slices.Sorted(maps.Keys(s.Values)) {
		if !isOurs(key) {
			continue
		}
		value, isString := s.Values[key].(string)
		if !isString {
			t.problem(Fail, verbatim(key), say("it is not a string, and %s passes on only strings", c.name), say(quoteValue))
			value = fmt.Sprint(s.Values[key])
		}
		value, missing, input := c.expand(value, getenv)
		if input && getenv(key) != "" {
			value, input = getenv(key), false
		}
		switch {
		case input:
			t.Causes[key] = say("the %s", say("inputs"))
			asked = append(asked, key)
		case len(missing) > 0:
			t.Causes[key] = say("the %s", say("variables"))
			maps.Copy(unset, missing)
		}
		t.Values[key] = value
	}
	t.missingVariables(unset, say("%s starts the server without its values, or not at all", c.name))
	if len(asked) > 0 {
		t.problem(Unknown, say("inputs"), say("%s asks for %s, and the doctor cannot read what was typed", c.name, asked),
			say("Set the same in the environment of the doctor, to test it."))
	}
}

// reference is a variable in a value: ${NAME}, ${NAME:-default}, ${env:NAME} or ${input:ID}.
var reference = regexp.MustCompile(`\$\{(env:|input:)?([^}:]*)(:-[^}]*)?\}`)

// expand replaces the variables that the client replaces. It returns the names of
// those that are not set, as people may see them, and whether the client asks its
// user for one; these remain in the value.
func (c *client) expand(value string, getenv func(string) string) (expanded string, missing map[string]bool, input bool) {
	missing = map[string]bool{}
	expanded = reference.ReplaceAllStringFunc(value, func(match string) string {
		part := reference.FindStringSubmatch(match)
		kind, name, fallback := part[1], part[2], part[3]
		if !slices.Contains(c.expands, kind) {
			return match
		}
		set := getenv(name)
		switch {
		case kind == "input:":
			input = true
			return match
		case set == "" && fallback == "":
			missing[shownName(name)] = true
			return match
		}
		return cmp.Or(set, strings.TrimPrefix(fallback, ":-"))
	})
	return expanded, missing, input
}

const quoteValue format = "Put its value into quotation marks."

func (t *Target) problem(status Status, name, detail, fix *Text) {
	t.Problems = append(t.Problems, Check{status, name, detail, fix})
}

// missingVariables reports all variables that are not set, on one line.
func (t *Target) missingVariables(names map[string]bool, consequence *Text) {
	if len(names) > 0 {
		t.problem(Fail, say("variables"), say("not set here: %s; %s", firstTen(slices.Sorted(maps.Keys(names))), consequence),
			say("Set them where the runner starts, and run the doctor in the same environment."))
	}
}
