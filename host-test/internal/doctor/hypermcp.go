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

	"dingtalk-plugin/host-test/internal/config"
	"dingtalk-plugin/schema"
)

const (
	maxFile   = 1 << 20
	maxValues = 4 << 20 // of all variables in the file
)

// ReadHyperMCP reads a JSON configuration file of hyper-mcp, as the runner does in
// this environment. If name is empty, the file must have one plugin with keys of
// this one. Its errors contain no credential, whatever was pasted into the file
// or its name.
func ReadHyperMCP(file, name string) (*Target, error) {
	text, err := readRegular(file)
	var t *Target
	if err == nil {
		t, err = parseHyperMCP(string(text), name, os.Getenv)
	}
	if err != nil {
		return nil, errors.New(config.NewRedactor(nil).Redact(err.Error()))
	}
	t.Source = filepath.Base(file) + t.Source
	return t, nil
}

// readRegular rejects pipes and devices, which may block or never end.
func readRegular(name string) ([]byte, error) {
	base := filepath.Base(name)
	if extension := filepath.Ext(name); extension != ".json" {
		return nil, fmt.Errorf("the doctor reads files that end in .json, not in %q; write the plugin's part of the file as JSON, or put its env_vars into the environment", extension)
	}
	// Opening a pipe without O_NONBLOCK waits for a writer.
	file, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	var reason *fs.PathError
	if errors.As(err, &reason) {
		err = reason.Err
	}
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", base, err)
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file: name the runner's configuration file", base)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s cannot be read", base)
	case len(text) > maxFile:
		return nil, fmt.Errorf("%s is longer than 1 MiB: name the runner's configuration file", base)
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
func parseHyperMCP(text, name string, getenv func(string) string) (*Target, error) {
	t := &Target{HostsKnown: true}
	expanded, err := t.expandEnv(text, getenv)
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
		return nil, errors.New("a variable's value breaks the file's JSON: it contains a quotation mark or a backslash")
	case !valid:
		return nil, errors.New("the file is not JSON")
	case err != nil:
		return nil, errors.New("the file is not one of hyper-mcp: a member has the wrong type")
	case len(file.Plugins) == 0:
		return nil, errors.New("the file names no plugins")
	}
	if name, err = selectPlugin(file.Plugins, name); err != nil {
		return nil, err
	}
	t.Source = ", plugin " + name
	t.Hosts = file.Plugins[name].Runtime.Hosts
	t.setValues(file.Plugins[name].Runtime.Values)
	return t, nil
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
		return "", errors.New("the values of the variables in the file are longer than 4 MiB")
	}
	if len(missing) > 0 {
		t.Problems = append(t.Problems, Check{Fail, "variables", "not set here: " + joinTen(slices.Sorted(maps.Keys(missing))) + "; hyper-mcp does not start without them",
			"Set them where the runner starts, and run the doctor in the same environment."})
	}
	return expanded, nil
}

func shownName(name string) string {
	if plainName.MatchString(name) {
		return name
	}
	return "one whose name cannot be shown"
}

func joinTen(names []string) string {
	if more := len(names) - 10; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:10], ", "), more)
	}
	return strings.Join(names, ", ")
}

// selectPlugin returns name, or the only plugin with keys of this one.
func selectPlugin(plugins map[string]plugin, name string) (string, error) {
	if _, found := plugins[name]; found {
		return name, nil
	}
	names := slices.Sorted(maps.Keys(plugins))
	var ours []string
	for _, candidate := range names {
		for key := range plugins[candidate].Runtime.Values {
			if strings.HasPrefix(key, schema.KeyPrefix) {
				ours = append(ours, candidate)
				break
			}
		}
	}
	if name == "" && len(ours) == 1 {
		return ours[0], nil
	}
	return "", fmt.Errorf("name the plugin with --plugin-name; the file has %s", strings.Join(names, ", "))
}

// setValues reports values that are not strings, which the runner rejects.
func (t *Target) setValues(values map[string]any) {
	t.Values, t.Causes = map[string]string{}, map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		text, isString := values[key].(string)
		if !isString {
			t.Problems = append(t.Problems, Check{Fail, key, "it is not a string, and hyper-mcp does not start with it", "Put its value into quotation marks."})
			text = fmt.Sprint(values[key])
		}
		t.Values[key] = text
		if slices.ContainsFunc(variable.FindAllString(text, -1), func(match string) bool { return t.unset[match] }) {
			t.Causes[key] = "the variables"
		}
	}
}
