package doctor

import (
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
)

// ReadHyperMCP reads a configuration file of hyper-mcp, in JSON, as the runner does
// in this environment. An empty name is that of the only plugin that has keys
// of this one. Its errors hold no credential, whatever was pasted into the file
// or its name.
func ReadHyperMCP(file, name string) (*Target, error) {
	c, err := readFile(file, name)
	if err != nil {
		return nil, errors.New(config.NewRedactor(nil).Redact(err.Error()))
	}
	return c, nil
}

func readFile(file, name string) (*Target, error) {
	if extension := filepath.Ext(file); extension != ".json" {
		return nil, fmt.Errorf("the doctor reads files that end in .json, not in %q; write the plugin's part of the file as JSON, or put its env_vars into the environment", extension)
	}
	text, err := readRegular(file)
	if err != nil {
		return nil, err
	}
	c := &Target{Source: filepath.Base(file), HostsKnown: true}
	plugins, err := c.parse(string(text), os.LookupEnv)
	if err != nil {
		return nil, err
	}
	name, err = selectPlugin(plugins, name)
	if err != nil {
		return nil, err
	}
	c.Source += ", plugin " + name
	c.Hosts = plugins[name].Runtime.Hosts
	c.setValues(plugins[name].Runtime.Values)
	return c, nil
}

// maxFile and maxExpanded bound the file, before and after variables are put in.
const (
	maxFile     = 1 << 20
	maxExpanded = 4 << 20
)

// readRegular reads a file that is one: a pipe or a device may never end, or
// never begin.
func readRegular(name string) ([]byte, error) {
	// Without blocking, because opening a pipe waits for who writes to it.
	file, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	var reason *fs.PathError
	if errors.As(err, &reason) {
		err = reason.Err
	}
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", filepath.Base(name), err)
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file: name the runner's configuration file", filepath.Base(name))
	}
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s cannot be read", filepath.Base(name))
	case len(text) > maxFile:
		return nil, fmt.Errorf("%s is longer than 1 MiB: name the runner's configuration file", filepath.Base(name))
	}
	return text, nil
}

// A plugin is a runner's entry of one.
type plugin struct {
	Runtime struct {
		Hosts  []string       `json:"allowed_hosts"`
		Values map[string]any `json:"env_vars"`
	} `json:"runtime_config"`
}

// parse puts variables in before it looks for JSON, as the runner does. Its
// errors quote nothing of the file.
func (c *Target) parse(text string, lookup func(string) (string, bool)) (map[string]plugin, error) {
	expanded, err := c.expandEnv(text, lookup)
	if err != nil {
		return nil, err
	}
	var file struct {
		Plugins map[string]plugin `json:"plugins"`
	}
	decoder := json.NewDecoder(strings.NewReader(expanded))
	decoder.UseNumber() // a token of digits is not to be rounded, or it would not be known again
	switch err := decoder.Decode(&file); {
	case err == nil && json.Valid([]byte(expanded)):
	case json.Valid([]byte(text)) && !json.Valid([]byte(expanded)):
		return nil, errors.New("a variable's value breaks the file's JSON: a quotation mark or a backslash stands in it")
	case !json.Valid([]byte(text)):
		return nil, errors.New("the file is no JSON")
	default:
		return nil, errors.New("the file is not one of hyper-mcp: a part of it is of another kind")
	}
	if len(file.Plugins) == 0 {
		return nil, errors.New("the file names no plugins")
	}
	return file.Plugins, nil
}

// variable is ${NAME}, ${NAME:-default}, or $${ for a written ${.
var variable = regexp.MustCompile(`\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}`)

// plainName is a variable's name that can be shown: what was put there by
// mistake, such as a token, does not look like it.
var plainName = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,40}$`)

// expandEnv puts variables in like hyper-mcp, for which an empty one is none. What
// is put in is not looked at again.
func (c *Target) expandEnv(text string, lookup func(string) (string, bool)) (string, error) {
	var out strings.Builder
	missing := missingNames{}
	end := 0
	for _, found := range variable.FindAllStringSubmatchIndex(text, -1) {
		out.WriteString(text[end:found[0]])
		end = found[1]
		match, name := text[found[0]:end], ""
		if found[2] >= 0 {
			name = text[found[2]:found[3]]
		}
		value, _ := lookup(name)
		switch {
		case name == "":
			out.WriteString("${")
		case value != "":
			out.WriteString(value)
		case found[4] >= 0:
			out.WriteString(text[found[4]:found[5]])
		default:
			out.WriteString(match)
			missing.add(name)
		}
		if out.Len() > maxExpanded {
			return "", errors.New("the file is longer than 4 MiB once its variables are put in")
		}
	}
	out.WriteString(text[end:])
	if len(missing.shown) > 0 {
		c.Problems = append(c.Problems, Check{Fail, "variables", "not set here: " + missing.String() + "; hyper-mcp does not start without them",
			"Set them where the runner starts, and run the doctor in the same environment."})
	}
	return out.String(), nil
}

// missingNames are those of variables that are not set, each once.
type missingNames struct {
	seen  map[string]bool
	shown []string
}

func (m *missingNames) add(name string) {
	if !plainName.MatchString(name) {
		name = "one whose name cannot be shown"
	}
	if m.seen[name] {
		return
	}
	if m.seen == nil {
		m.seen = map[string]bool{}
	}
	m.seen[name] = true
	m.shown = append(m.shown, name)
}

// String names the first ten.
func (m *missingNames) String() string {
	const most = 10
	if more := len(m.shown) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(m.shown[:most], ", "), more)
	}
	return strings.Join(m.shown, ", ")
}

// selectPlugin finds the plugin that is meant.
func selectPlugin(plugins map[string]plugin, name string) (string, error) {
	names := slices.Sorted(maps.Keys(plugins))
	if _, found := plugins[name]; found {
		return name, nil
	}
	var ours []string
	for _, candidate := range names {
		for key := range plugins[candidate].Runtime.Values {
			if strings.HasPrefix(key, config.Prefix) {
				ours = append(ours, candidate)
				break
			}
		}
	}
	if name == "" && len(ours) == 1 {
		return ours[0], nil
	}
	return "", fmt.Errorf("say with --plugin-name which plugin is meant; the file has %s", strings.Join(names, ", "))
}

// setValues keeps the values. The runner takes nothing but strings.
func (c *Target) setValues(values map[string]any) {
	c.Values = map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		text, isText := values[key].(string)
		if !isText {
			c.Problems = append(c.Problems, Check{Fail, key, "it is not a string, and hyper-mcp does not start with it", "Put its value into quotation marks."})
			text = fmt.Sprint(values[key])
		}
		c.Values[key] = text
	}
}
