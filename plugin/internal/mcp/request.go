package mcp

import (
	"strconv"

	"dingtalk-plugin/plugin/internal/dingtalk"
	"dingtalk-plugin/plugin/internal/strictjson"

	"github.com/tidwall/gjson"
)

// MaxInput is the longest request that is read, in bytes: a message of as many
// parts as can be allowed, and as much again for escapes.
const MaxInput = 512 << 10

// maxArguments is how many arguments are looked at. No tool has as many, so the
// first ones of more hold one that is unknown or given twice, which is an error.
const maxArguments = 64

// A request is what a runner asks of call.
type request struct {
	name      string
	arguments gjson.Result      // an object, or whatever was given in its place
	fields    strictjson.Object // the object taken apart
}

// readRequest reads {"params":{"name":…,"arguments":{…}}}. What else a runner
// adds (method, _meta, task) is passed over; absent or null arguments are none.
func readRequest(input []byte) (r request, e *dingtalk.Error) {
	if len(input) > MaxInput {
		return r, requestError("it is longer than " + strconv.Itoa(MaxInput) + " bytes")
	}
	envelope, fault := strictjson.Parse(input)
	if fault != "" {
		return r, requestError(fault)
	}
	params, twice := strictjson.Once(envelope, "params")
	if twice {
		return r, requestError(`it has "params" twice`)
	}
	name, twice := strictjson.Once(params, "name")
	if twice {
		return r, requestError(`its "params" have "name" twice`)
	}
	if name.Type != gjson.String {
		return r, requestError(`it has no "params" object with the tool's "name"`)
	}
	r.name = strictjson.String(name)
	if r.arguments, twice = strictjson.Once(params, "arguments"); twice {
		return r, requestError(`its "params" have "arguments" twice`)
	}
	if r.arguments.Type == gjson.Null {
		r.arguments = gjson.Parse("{}")
	}
	r.fields = strictjson.Members(r.arguments, maxArguments)
	return r, nil
}

func requestError(fault string) *dingtalk.Error {
	return &dingtalk.Error{
		Reason:  reasonRequest,
		Message: "The call cannot be read: " + fault + ".",
		Advice:  `Send JSON of the form {"params":{"name":"send_text_message","arguments":{"text":"…"}}}.`,
	}
}
