// Package config takes the plugin's configuration from the environment, as the
// Node server that the plugin replaces takes it.
package config

import (
	"net/url"
	"os"
	"slices"
	"strings"
)

// Prefix is how the names of all configuration keys begin.
const Prefix = "DINGTALK_BOT_"

// The keys that decide where messages go.
const (
	Token   = Prefix + "ACCESS_TOKEN"
	Secret  = Prefix + "SECRET"
	Webhook = Prefix + "WEBHOOK_URL"
)

// defaultHost is DingTalk's own.
const defaultHost = "oapi.dingtalk.com"

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

// AllowedHosts returns the hosts of the configured addresses and no others.
func AllowedHosts(values map[string]string) (hosts []string) {
	for _, key := range []string{Webhook, Token} {
		u, err := url.Parse(strings.TrimSpace(values[key]))
		if err == nil && u.Hostname() != "" && !slices.Contains(hosts, u.Hostname()) {
			hosts = append(hosts, u.Hostname())
		}
	}
	if len(hosts) == 0 {
		hosts = []string{defaultHost}
	}
	return hosts
}
