package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

var address = regexp.MustCompile(`http://[0-9.:]+/robot/send`)

// post is a fake runtime, which posts to the address in the snippet and signs.
func post(body, output string) func(context.Context, *snippetRun) (string, error) {
	return func(_ context.Context, r *snippetRun) (string, error) {
		timestamp := fmt.Sprint(time.Now().UnixMilli())
		mac := hmac.New(sha256.New, []byte(canarySecret))
		io.WriteString(mac, timestamp+"\n"+canarySecret)
		to := address.FindString(r.text) + "?access_token=" + canaryToken + "&timestamp=" + timestamp + "&sign=" +
			url.QueryEscape(base64.StdEncoding.EncodeToString(mac.Sum(nil)))
		response, err := http.Post(to, "application/json", strings.NewReader(body))
		if err != nil {
			return "", err
		}
		response.Body.Close()
		return output, nil
	}
}

const hello, sent = `{"msgtype":"text","text":{"content":"hello"}}`, "Message sent successfully"

// A snippet passes only if it posts the message and prints the result.
func TestRunSnippet(t *testing.T) {
	b := &suiteRun{readme: read(t, "../../README.md")}
	for name, one := range map[string]struct {
		language string
		run      func(context.Context, *snippetRun) (string, error)
		passes   bool
	}{
		"good":       {"js", post(hello, sent), true},
		"another":    {"js", post(strings.Replace(hello, "hello", "bye", 1), sent), false},
		"silent":     {"js", post(hello, ""), false},
		"idle":       {"js", func(context.Context, *snippetRun) (string, error) { return sent, nil }, false},
		"broken":     {"js", func(context.Context, *snippetRun) (string, error) { return sent, io.EOF }, false},
		"none there": {"cobol", post(hello, sent), false},
	} {
		err := b.runSnippet(t.Context(), &snippet{"Node.js", one.language, one.run}, nil, nil)
		if (err == nil) != one.passes {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// README has the snippets of all runtimes.
func TestSnippetsExist(t *testing.T) {
	b := &suiteRun{readme: read(t, "../../README.md")}
	for _, r := range append(sdks(), runners()...) {
		if r.snippet == nil {
			continue
		}
		if err := b.runSnippet(t.Context(), &snippet{r.snippet.heading, r.snippet.language, post(hello, sent)}, nil, nil); err != nil {
			t.Errorf("%s: %v", r.name, err)
		}
	}
}
