package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"

	"dingtalk-plugin/host-test/dingtalktest"
	"dingtalk-plugin/host-test/internal/config"
)

// printInstructions prints all that is needed to use a fake robot, ready to copy. The page comes last: who reads this from a
// program then has it all.
func printInstructions(w io.Writer, options *dingtalktest.Options, host string) {
	webhook := "http://" + host + fakePath
	fmt.Fprintln(w, "Configure the plugin, or any other sender, with:")
	fmt.Fprintln(w)
	for _, setting := range []struct{ key, value string }{
		{config.Webhook, webhook},
		{config.Token, options.Token},
		{config.Secret, options.Secret},
		{config.Keywords, strings.Join(options.Keywords, ",")},
	} {
		if setting.value != "" {
			fmt.Fprintf(w, "  export %s=%s\n", setting.key, shellWord(setting.value))
		}
	}
	fmt.Fprintf(w, "\nPost a message without any of them:\n\n  %s\n", curlLine(options, webhook))
	fmt.Fprintf(w, "\nSee the group at:\n\n  http://%s\n", host)
}

// curlLine posts a message that the robot takes. It signs where the robot has a secret, each time with the time of then. Of the
// characters of Base64 only the plus means something else in a query.
func curlLine(options *dingtalktest.Options, webhook string) string {
	before, address := "", shellWord(webhook+"?access_token="+url.QueryEscape(options.Token))
	if options.Secret != "" {
		before = "S=" + shellWord(options.Secret) + `; T=$(date +%s)000; ` +
			`SIGN=$(printf '%s\n%s' "$T" "$S" | openssl dgst -sha256 -hmac "$S" -binary | openssl base64 -A | sed 's/+/%2B/g'); `
		address += `"&timestamp=$T&sign=$SIGN"`
	}
	return before + "curl -H 'Content-Type: application/json' -d " + shellWord(greeting(options.Keywords)) + " " + address
}

// greeting is a message that holds a keyword, where the robot has any.
func greeting(keywords []string) string {
	text := "hello"
	if len(keywords) > 0 {
		text += ", " + keywords[0]
	}
	body, err := json.Marshal(map[string]any{"msgtype": "text", "text": map[string]string{"content": text}})
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(body)
}

// shellWord is one word of a shell's command, in quotes only where it needs them.
func shellWord(s string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:,%"
	if s != "" && strings.Trim(s, plain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// localAddress is where a listener is reached from this machine, the only place from where the plugin takes plain http.
func localAddress(listening string) string {
	host, port, err := net.SplitHostPort(listening)
	if err == nil && net.ParseIP(host).IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return listening
}
