// Package config reads the plugin's configuration from the environment, under
// the names that the Node server used which the plugin replaces.
package config

import (
	"encoding/json"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"

	"dingtalk-plugin/schema"
)

// DefaultWebhook is DingTalk's own address.
const DefaultWebhook = "https://oapi.dingtalk.com/robot/send"

// FromEnvironment returns the configuration keys that are set.
func FromEnvironment() map[string]string {
	values := map[string]string{}
	for _, pair := range os.Environ() {
		if name, value, _ := strings.Cut(pair, "="); strings.HasPrefix(name, schema.KeyPrefix) {
			values[name] = value
		}
	}
	return values
}

// A Robot is one robot's configuration, unchecked.
type Robot struct {
	Name     string // "" if schema.KeyRobots is not used
	Webhook  string // DefaultWebhook if none is configured
	Token    string // a token, an address that contains one, or ""
	Secret   string
	Keywords string
}

// ReadRobots returns the single robot, or the named ones sorted by name. It
// returns none if their list is malformed: the plugin rejects that.
func ReadRobots(values map[string]string) (robots []Robot) {
	if Get(values, schema.KeyRobots) == "" {
		return []Robot{newRobot("", Get(values, schema.KeyWebhookURL), Get(values, schema.KeyAccessToken), Get(values, schema.KeySecret), Get(values, schema.KeyKeywords))}
	}
	named := namedRobots(values)
	for _, name := range slices.Sorted(maps.Keys(named)) {
		own := map[string]string{"webhookUrl": Get(values, schema.KeyWebhookURL)}
		for key, value := range named[name] {
			own[key], _ = value.(string)
		}
		robots = append(robots, newRobot(name, Get(own, "webhookUrl"), Get(own, "accessToken"), Get(own, "secret"), Get(own, "keywords")))
	}
	return robots
}

// newRobot accepts an address for the token, because that is what DingTalk gives
// people to copy.
func newRobot(name, webhook, token, secret, keywords string) Robot {
	if webhook == "" && strings.Contains(token, "://") {
		webhook, token = token, ""
	}
	if webhook == "" {
		webhook = DefaultWebhook
	}
	return Robot{name, webhook, token, secret, keywords}
}

// namedRobots parses the value of schema.KeyRobots. It returns nil if it is empty or malformed.
func namedRobots(values map[string]string) (named map[string]map[string]any) {
	if json.Unmarshal([]byte(Get(values, schema.KeyRobots)), &named) != nil {
		return nil
	}
	return named
}

// RobotNames returns the valid values of the argument robot, and its default: ""
// if a call must name a robot, or if there is only one without a name.
func RobotNames(values map[string]string) (names []string, defaultName string) {
	named := namedRobots(values)
	names = slices.Sorted(maps.Keys(named))
	for _, name := range names {
		if named[name]["default"] == true || len(names) == 1 {
			defaultName = name
		}
	}
	return names, defaultName
}

// Get returns a value, or "" if it is missing, blank or still reads ${…} because
// the runner did not expand it.
func Get(values map[string]string, key string) string {
	value := strings.TrimSpace(values[key])
	if strings.HasPrefix(value, "${") && strings.HasSuffix(value, "}") {
		return ""
	}
	return value
}

// Missing says, in sentences for the operator, why calls will be refused: which
// robots have no token. A robot without a secret may be secured otherwise.
func Missing(values map[string]string) (problems []string) {
	robots := ReadRobots(values)
	if len(robots) == 0 {
		problems = append(problems, schema.KeyRobots+" is no JSON object with robots in it, and every call will be refused: run doctor")
	}
	for _, robot := range robots {
		if robot.Token != "" || strings.Contains(robot.Webhook, "access_token=") {
			continue
		}
		problem := "there is no access token, and every call will be refused: set " + schema.KeyAccessToken + " to the robot's token or webhook address"
		if robot.Name != "" {
			problem = "the robot " + robot.Name + " has no access token, and its calls will be refused: set its accessToken in " + schema.KeyRobots
		}
		problems = append(problems, NewRedactor(values).Redact(problem))
	}
	return problems
}

// AllowedHosts returns the hosts of the configured webhooks.
func AllowedHosts(values map[string]string) (hosts []string) {
	for _, robot := range ReadRobots(values) {
		address, err := url.Parse(robot.Webhook)
		if err == nil && address.Hostname() != "" && !slices.Contains(hosts, address.Hostname()) {
			hosts = append(hosts, address.Hostname())
		}
	}
	return hosts
}

// ShownHosts returns AllowedHosts for people and logs, without credentials that
// were pasted there by mistake.
func ShownHosts(values map[string]string) string {
	return NewRedactor(values).Redact(strings.Join(AllowedHosts(values), ","))
}

// PointAllAt returns the configuration with the webhook, token and secret of
// every robot replaced, so that no message goes elsewhere.
func PointAllAt(values map[string]string, to Robot) map[string]string {
	redirected := maps.Clone(values)
	redirected[schema.KeyWebhookURL], redirected[schema.KeyAccessToken], redirected[schema.KeySecret] = to.Webhook, to.Token, to.Secret
	named := namedRobots(values)
	if named == nil {
		return redirected
	}
	for _, own := range named {
		if own == nil {
			return redirected // {"a":null}, which the plugin rejects
		}
		own["webhookUrl"], own["accessToken"], own["secret"] = to.Webhook, to.Token, to.Secret
	}
	list, err := json.Marshal(named)
	if err != nil {
		panic(err) // impossible: it was unmarshaled above
	}
	redirected[schema.KeyRobots] = string(list)
	return redirected
}
