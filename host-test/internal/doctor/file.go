package doctor

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"dingtalk-plugin/host-test/internal/config"
)

// ReadFile reads a configuration file of hyper-mcp, in JSON, as the runner does
// in this environment. An empty name is that of the only plugin that has keys
// of this one.
func ReadFile(file, name string) (*Case, error) {
	if extension := filepath.Ext(file); extension != ".json" {
		return nil, fmt.Errorf("the doctor reads JSON files, not %s; write the plugin's part of the file as JSON, or put its env_vars into the environment", extension)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	c := &Case{Source: filepath.Base(file), HostsKnown: true}
	plugins, err := c.parse(string(text), os.LookupEnv)
	if err != nil {
		return nil, err
	}
	name, err = choose(plugins, name)
	if err != nil {
		return nil, err
	}
	c.Source += ", plugin " + name
	c.Hosts = plugins[name].Runtime.Hosts
	c.take(plugins[name].Runtime.Values)
	return c, nil
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
func (c *Case) parse(text string, lookup func(string) (string, bool)) (map[string]plugin, error) {
	expanded := c.expand(text, lookup)
	var file struct {
		Plugins map[string]plugin `json:"plugins"`
	}
	switch err := json.Unmarshal([]byte(expanded), &file); {
	case err == nil:
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

// variable is ${NAME} and ${NAME:-default}.
var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)(:-[^}]*)?\}`)

// plainName is a variable's name that can be shown: what was put there by
// mistake, such as a token, does not look like it.
var plainName = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,40}$`)

// expand puts variables in like hyper-mcp, for which an empty one is none, and
// to which $${ is a written ${.
func (c *Case) expand(text string, lookup func(string) (string, bool)) string {
	const written = "\x00"
	var missing []string
	text = strings.ReplaceAll(text, "$${", written)
	text = variable.ReplaceAllStringFunc(text, func(match string) string {
		parts := variable.FindStringSubmatch(match)
		value, _ := lookup(parts[1])
		switch {
		case value != "":
			return value
		case parts[2] != "":
			return strings.TrimPrefix(parts[2], ":-")
		case !plainName.MatchString(parts[1]):
			parts[1] = "one whose name cannot be shown"
		}
		if !slices.Contains(missing, parts[1]) {
			missing = append(missing, parts[1])
		}
		return match
	})
	if len(missing) > 0 {
		c.Complaints = append(c.Complaints, Finding{Wrong, "variables", "not set here: " + strings.Join(missing, ", ") + "; hyper-mcp does not start without them",
			"Set them where the runner starts, and run the doctor in the same environment."})
	}
	return strings.ReplaceAll(text, written, "${")
}

// choose finds the plugin that is meant.
func choose(plugins map[string]plugin, name string) (string, error) {
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

// take keeps the values. The runner takes nothing but strings.
func (c *Case) take(values map[string]any) {
	c.Values = map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		text, isText := values[key].(string)
		if !isText {
			c.Complaints = append(c.Complaints, Finding{Wrong, key, "it is not a string, and hyper-mcp does not start with it", "Put its value into quotation marks."})
			text = fmt.Sprint(values[key])
		}
		c.Values[key] = text
	}
}
