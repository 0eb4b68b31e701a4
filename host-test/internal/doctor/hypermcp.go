package doctor

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
)

const (
	maxFile   = 16 << 20 // Claude Code keeps a history in its file
	maxValues = 4 << 20  // of all variables in the file
)

// readRegular rejects pipes and devices, which may block or never end.
func readRegular(name string) ([]byte, error) {
	base := filepath.Base(name)
	if extension := filepath.Ext(name); extension != ".json" {
		return nil, errorf("the doctor reads files that end in .json, not in %q; write the plugin's part of the file as JSON, or put its variables into the environment", extension)
	}
	// Opening a pipe without O_NONBLOCK waits for a writer.
	file, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	var reason *fs.PathError
	if errors.As(err, &reason) {
		err = reason.Err
	}
	if err != nil {
		return nil, errorf("%s cannot be read: %v", base, err)
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errorf("%s is not a regular file: name the runner's configuration file", base)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	switch {
	case err != nil:
		return nil, errorf("%s cannot be read", base)
	case len(text) > maxFile:
		return nil, errorf("%s is longer than 16 MiB: name the runner's configuration file", base)
	}
	return text, nil
}

// A plugin is an entry of the file.
type plugin struct {
	Runtime struct {
		Hosts  []string       `json:"allowed_hosts"`
		Values map[string]any `json:"env_vars"`
	} `json:"runtime_config"`
}

// parseHyperMCP expands variables before it parses JSON, as the runner does. Its
// errors quote only the plugins' names.
func parseHyperMCP(text, name string, getenv func(string) string) ([]*Target, error) {
	common := &Target{HostsKnown: true}
	expanded, err := common.expandEnv(text, getenv)
	if err != nil {
		return nil, err
	}
	var file struct {
		Plugins map[string]plugin `json:"plugins"`
	}
	decoder := json.NewDecoder(strings.NewReader(expanded))
	decoder.UseNumber() // a rounded token of digits could not be redacted
	err = decoder.Decode(&file)
	switch valid := json.Valid([]byte(expanded)); {
	case !valid && json.Valid([]byte(text)):
		return nil, errorf("a variable's value breaks the file's JSON: it contains a quotation mark or a backslash")
	case !valid:
		return nil, syntaxError([]byte(expanded))
	case err != nil:
		return nil, errorf("the file is not one of hyper-mcp: a member has the wrong type")
	case file.Plugins == nil:
		return nil, &Error{say("the file has neither plugins, as one of hyper-mcp, nor mcpServers or servers, as one of an MCP client"), true}
	}
	var targets []*Target
	names := slices.Sorted(maps.Keys(file.Plugins))
	for _, entry := range names {
		runtime := file.Plugins[entry].Runtime
		if !isSelected(entry, runtime.Values, name) {
			continue
		}
		t := *common
		t.Source, t.Hosts, t.Problems = say("plugin %s", entry), runtime.Hosts, slices.Clone(common.Problems)
		t.setValues(runtime.Values)
		targets = append(targets, &t)
	}
	if targets == nil {
		return nil, notOurs(say("plugins"), names, name)
	}
	return targets, nil
}

var (
	// variable matches ${NAME}, ${NAME:-default}, and $${, which stands for ${.
	variable = regexp.MustCompile(`\$\$\{|\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}`)
	// plainName does not match a token pasted in place of a variable's name.
	plainName = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,40}$`)
)

// expandEnv expands variables like hyper-mcp, which treats an empty one as unset
// and does not expand values again.
func (t *Target) expandEnv(text string, getenv func(string) string) (string, error) {
	size := 0
	missing := map[string]bool{}
	t.unset = map[string]bool{}
	expanded := variable.ReplaceAllStringFunc(text, func(match string) string {
		value := match
		if match == "$${" {
			value = "${"
		} else {
			name, fallback, hasFallback := strings.Cut(match[len("${"):len(match)-len("}")], ":-")
			if set := getenv(name); set != "" || hasFallback {
				value = cmp.Or(set, fallback)
			} else {
				missing[shownName(name)] = true
				t.unset[match] = true
			}
		}
		if size += len(value); size > maxValues {
			return ""
		}
		return value
	})
	if size > maxValues {
		return "", errorf("the values of the variables in the file are longer than 4 MiB")
	}
	t.missingVariables(missing, say("hyper-mcp does not start without them"))
	return expanded, nil
}

// shownName replaces a name that may be a credential, as Redact does.
func shownName(name string) string {
	if plainName.MatchString(name) {
		return name
	}
	return "***"
}

func firstTen(names []string) *Text {
	if more := len(names) - 10; more > 0 {
		return say("%s and %d more", names[:10], more)
	}
	return say("%s", names)
}

// setValues reports values that are not strings, which the runner rejects.
func (t *Target) setValues(values map[string]any) {
	t.Values, t.Causes = map[string]string{}, map[string]*Text{}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		text, isString := values[key].(string)
		if !isString {
			t.problem(Fail, verbatim(key), say("it is not a string, and hyper-mcp does not start with it"), say(quoteValue))
			text = fmt.Sprint(values[key])
		}
		t.Values[key] = text
		if slices.ContainsFunc(variable.FindAllString(text, -1), func(match string) bool { return t.unset[match] }) {
			t.Causes[key] = say("the %s", say("variables"))
		}
	}
}
