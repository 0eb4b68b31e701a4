// Package config takes the plugin's configuration from the environment, as the
// Node server that the plugin replaces takes it.
package config

import (
	"encoding/json"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
)

// Prefix is how the names of all configuration keys begin.
const Prefix = "DINGTALK_BOT_"

// The keys that decide where messages go and whether they are taken.
const (
	Token    = Prefix + "ACCESS_TOKEN"
	Secret   = Prefix + "SECRET"
	Webhook  = Prefix + "WEBHOOK_URL"
	Keywords = Prefix + "KEYWORDS"
	Robots   = Prefix + "ROBOTS"
)

// DefaultWebhook is DingTalk's own address.
const DefaultWebhook = "https://oapi.dingtalk.com/robot/send"

// FromEnvironment returns the configuration keys that are set.
func FromEnvironment() map[string]string {
	values := map[string]string{}
	for _, pair := range os.Environ() {
		if name, value, _ := strings.Cut(pair, "="); strings.HasPrefix(name, Prefix) {
			values[name] = value
		}
	}
	return values
}

// A Robot is where one robot posts, as it is configured: nothing is checked.
type Robot struct {
	Name     string // "" for the one robot
	Webhook  string // as the plugin finds it, DefaultWebhook where nothing else is said
	Token    string // a token, an address that holds one, or ""
	Secret   string
	Keywords string
}

// ReadRobots returns the one robot, or the named ones in the order of their
// names. A list of robots that cannot be read is none: the plugin refuses it.
func ReadRobots(values map[string]string) (robots []Robot) {
	list := Get(values, Robots)
	if list == "" {
		one := Robot{
			Webhook: Get(values, Webhook), Token: Get(values, Token),
			Secret: Get(values, Secret), Keywords: Get(values, Keywords),
		}
		return []Robot{one.resolveWebhook()}
	}
	var named map[string]map[string]any
	if json.Unmarshal([]byte(list), &named) != nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		own := map[string]string{}
		for key, value := range named[name] {
			own[key], _ = value.(string)
		}
		if _, set := own["webhookUrl"]; !set {
			own["webhookUrl"] = Get(values, Webhook)
		}
		robots = append(robots, Robot{
			Name: name, Webhook: Get(own, "webhookUrl"), Token: Get(own, "accessToken"),
			Secret: Get(own, "secret"), Keywords: Get(own, "keywords"),
		}.resolveWebhook())
	}
	return robots
}

// RobotNames returns the names that the argument robot may have, and the one that
// counts where it is left out: "" where a call must name one, or where there is
// but the one robot without a name.
func RobotNames(values map[string]string) (names []string, standard string) {
	var named map[string]struct {
		Default bool `json:"default"`
	}
	if json.Unmarshal([]byte(Get(values, Robots)), &named) != nil {
		return nil, ""
	}
	names = slices.Sorted(maps.Keys(named))
	for _, name := range names {
		if named[name].Default || len(names) == 1 {
			standard = name
		}
	}
	return names, standard
}

// resolveWebhook decides which address counts: a whole one may stand in the token's
// place, because that is what DingTalk gives people to copy.
func (r Robot) resolveWebhook() Robot {
	if r.Webhook == "" && strings.Contains(r.Token, "://") {
		r.Webhook, r.Token = r.Token, ""
	}
	if r.Webhook == "" {
		r.Webhook = DefaultWebhook
	}
	return r
}

// Get returns a value, or "" when there is none. One that reads ${…} was never
// expanded by the runner and counts as none.
func Get(values map[string]string, key string) string {
	value := strings.TrimSpace(values[key])
	if strings.HasPrefix(value, "${") && strings.HasSuffix(value, "}") {
		return ""
	}
	return value
}

// AllowedHosts returns the hosts of the addresses that are posted to, and no
// others.
func AllowedHosts(values map[string]string) (hosts []string) {
	for _, robot := range ReadRobots(values) {
		address, err := url.Parse(robot.Webhook)
		if err == nil && address.Hostname() != "" && !slices.Contains(hosts, address.Hostname()) {
			hosts = append(hosts, address.Hostname())
		}
	}
	return hosts
}

// PointAllAt returns the configuration with every robot's address, token and
// secret replaced: whatever it held, messages go to one place.
func PointAllAt(values map[string]string, to Robot) map[string]string {
	redirected := maps.Clone(values)
	redirected[Webhook], redirected[Token], redirected[Secret] = to.Webhook, to.Token, to.Secret
	var named map[string]map[string]any
	if json.Unmarshal([]byte(Get(values, Robots)), &named) != nil {
		return redirected
	}
	for _, own := range named {
		if own == nil {
			return redirected // {"a":null}, which the plugin refuses
		}
		own["webhookUrl"], own["accessToken"], own["secret"] = to.Webhook, to.Token, to.Secret
	}
	list, err := json.Marshal(named)
	if err != nil {
		panic(err) // what was unmarshalled always marshals
	}
	redirected[Robots] = string(list)
	return redirected
}
