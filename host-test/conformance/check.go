package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"dingtalk-plugin/host-test/conformance/internal/protocol"
	"dingtalk-plugin/schema"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// signed is the query of every request to a robot with a secret.
const signed = "access_token=<token>&timestamp=<timestamp>&sign=<sign>"

// An output is what describe or call gives, as far as it must be alike.
type output struct {
	Content    []struct{ Type, Text string } `json:"content,omitempty"`
	Structured any                           `json:"structuredContent,omitempty"`
	IsError    bool                          `json:"isError,omitempty"`
	Tools      []tool                        `json:"tools,omitempty"`
}

type tool struct {
	Name, Title, Description               string
	InputSchema, OutputSchema, Annotations any
}

func (s *scene) checkAnswer(c *call, answer *protocol.Answer) {
	switch {
	case c.Fails != "" && answer.Error == "":
		s.fail("the host should have ended the call", answer.Output)
		return
	case c.Fails != "":
		return
	case answer.Error != "":
		s.fail("the host ended the call", answer.Error)
		return
	}
	var got output
	if err := json.Unmarshal([]byte(answer.Output), &got); err != nil {
		s.fail("the output", err.Error()+": "+answer.Output)
		return
	}
	if c.Result.Tools != nil {
		s.checkTools(c.Result.Tools, got.Tools)
		return
	}
	s.checkResult(c.Result, &got)
}

// checkTools does not look at the descriptions, which may change.
func (s *scene) checkTools(want []string, got []tool) {
	var names []string
	for _, tool := range got {
		names = append(names, tool.Name)
		_, input := tool.InputSchema.(map[string]any)
		_, hints := tool.Annotations.(map[string]any)
		if tool.Title == "" || tool.Description == "" || !input || !hints {
			s.fail("the tool", fmt.Sprintf("%+v", tool))
		}
		if d := cmp.Diff(decoded(schema.Output), tool.OutputSchema); d != "" {
			s.fail("the output schema of "+tool.Name, d)
		}
	}
	if !slices.Equal(names, want) {
		s.fail("the tools", fmt.Sprint(names))
	}
}

func (s *scene) checkResult(want *result, got *output) {
	structured, _ := got.Structured.(map[string]any)
	if err := outputSchema().Validate(got.Structured); err != nil {
		s.fail("structuredContent", err.Error())
	}
	if d := cmp.Diff(want.Structured, settle(want.Structured, got.Structured, s.settings)); d != "" {
		s.fail("structuredContent (-want +got)", d)
	}
	if structured["ok"] == got.IsError {
		s.fail("isError", fmt.Sprint(got.IsError, " and ok is ", structured["ok"]))
	}
	if len(got.Content) != 1 || got.Content[0].Type != "text" || !strings.HasPrefix(got.Content[0].Text, want.Text) {
		s.fail("the content", fmt.Sprintf("%+v", got.Content))
	}
}

func (s *scene) checkRequests(c *call, got []seen) {
	if len(got) != len(c.Requests) {
		s.fail("the requests", fmt.Sprintf("want %d, got %d", len(c.Requests), len(got)))
		return
	}
	for i, want := range c.Requests {
		want.fill()
		made := request{Method: got[i].method, Query: got[i].query, Fate: got[i].fate}
		made.Query, _ = settle(want.Query, made.Query, s.settings).(string)
		if got[i].body != "" {
			made.Body = settle(want.Body, decoded(got[i].body), s.settings)
		}
		if d := cmp.Diff(want, made); d != "" {
			s.fail(fmt.Sprintf("request %d (-want +got)", i+1), d)
		}
		if content := got[i].contentType; want.Method == "POST" && content != "application/json; charset=utf-8" {
			s.fail("the Content-Type", content)
		}
	}
}

// fill puts in what is not written down. A GET is the probe, which carries no
// credential.
func (r *request) fill() {
	if r.Method == "GET" {
		r.Fate = "refused 43002"
		return
	}
	if r.Query == "" {
		r.Query = signed
	}
	if r.Fate == "" {
		r.Fate = "shown"
	}
}

// decoded is JSON's value, or the text when it is none.
func decoded(text string) (value any) {
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return text
	}
	return value
}

var outputSchema = sync.OnceValue(func() *jsonschema.Schema {
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(schema.Output))
	if err != nil {
		panic(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("output.json", document); err != nil {
		panic(err)
	}
	return compiler.MustCompile("output.json")
})
