package mcp

import (
	"strconv"
	"strings"

	"dingtalk-plugin/plugin/internal/dingtalk"
)

// prefix is how all configuration keys begin.
const prefix = dingtalk.KeyPrefix

// The configuration keys. README's table is held against Keys.
const (
	keyToken     = dingtalk.KeyToken
	keySecret    = dingtalk.KeySecret
	keyWebhook   = dingtalk.KeyWebhook
	keyKeywords  = dingtalk.KeyKeywords
	keyAllowAll  = dingtalk.KeyAllowAll
	keyPerMinute = dingtalk.KeyPerMinute
	keyMaxParts  = dingtalk.KeyMaxParts
	keyRetries   = prefix + "RETRIES"
	keyTools     = prefix + "TOOLS"
	keyUserIDs   = prefix + "AT_USER_IDS"
	keyPeople    = prefix + "PEOPLE"
	keyRobots    = prefix + "ROBOTS"
	keyLinks     = prefix + "LINKS"
	keyMarkdown  = prefix + "MARKDOWN"
	keyDryRun    = prefix + "DRY_RUN"
)

// Keys are all configuration keys, in README's order.
var Keys = []string{
	keyToken, keySecret, keyWebhook, keyKeywords, keyAllowAll, keyPerMinute, keyMaxParts, keyRetries,
	keyTools, keyUserIDs, keyPeople, keyRobots, keyLinks, keyMarkdown, keyDryRun,
}

// robotKeys is how many of Keys, the first ones, each robot has of its own.
const robotKeys = 8

// A reader reads configuration values and keeps the first fault it finds: what
// is wrong, under which key, never the value.
type reader struct {
	config func(key string) (string, bool)
	fault  *dingtalk.Error
	what   string // is wrong, without the key
}

// text returns a value, or "" when there is none. One that reads ${…} was never
// expanded by the runner and counts as none.
func (r *reader) text(key string) string {
	value, _ := r.config(key)
	return given(value)
}

func given(value string) string {
	value = strings.TrimSpace(value)
	if strings.HasPrefix(value, "${") && strings.HasSuffix(value, "}") {
		return ""
	}
	return value
}

func (r *reader) number(key string, fallback, least, most int) int {
	value := r.text(key)
	if value == "" {
		return fallback
	}
	n, ok := dingtalk.ParseNumber(value)
	if !ok || n < least || n > most {
		r.fail(key, "is not a whole number from "+strconv.Itoa(least)+" to "+strconv.Itoa(most))
		return fallback
	}
	return n
}

func (r *reader) flag(key string, fallback bool) bool {
	switch r.text(key) {
	case "":
		return fallback
	case "true", "True", "TRUE":
		return true
	case "false", "False", "FALSE":
		return false
	}
	r.fail(key, "is neither true nor false")
	return fallback
}

// choice returns the index of the value among the choices, the first of which
// is the default.
func (r *reader) choice(key string, choices ...string) int {
	value := r.text(key)
	for i, choice := range choices {
		if value == choice {
			return i
		}
	}
	if value != "" {
		r.fail(key, "is none of "+strings.Join(choices, ", "))
	}
	return 0
}

func (r *reader) fail(key, what string) {
	if r.fault != nil {
		return
	}
	r.what = what
	r.fault = &dingtalk.Error{
		Reason:  dingtalk.ReasonConfigured,
		Message: "The message was not sent: the configuration value " + key + " " + what + ".",
		Advice:  "Have the operator correct " + key + " in the runner's configuration.",
		Key:     key,
	}
}
