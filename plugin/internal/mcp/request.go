package mcp

import (
	"strconv"

	"dingtalk-plugin/plugin/internal/dingtalk"
	"dingtalk-plugin/plugin/internal/strictjson"

	"github.com/tidwall/gjson"
)

// MaxInput is the size limit of a request in bytes: twice a message of the most
// parts, because of escapes.
const MaxInput = 512 << 10

// maxArguments is how many arguments are read. No tool has as many, so a larger
// object has one that is unknown or given twice.
const maxArguments = 64

// A request is the input of call.
type request struct {
	name      string            // of the tool
	arguments gjson.Result      // an object, unless the request is invalid
	members   strictjson.Object // of arguments
}

// readRequest reads {"params":{"name":…,"arguments":{…}}}. It ignores what else
// runners add (method, _meta, task); absent or null arguments are empty.
func readRequest(input []byte) (r request, e *dingtalk.Error) {
	if len(input) > MaxInput {
		return r, requestError("it is longer than " + strconv.Itoa(MaxInput) + " bytes")
	}
	envelope, reason := strictjson.Parse(input)
	if reason != "" {
		return r, requestError(reason)
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
	r.members = strictjson.Members(r.arguments, maxArguments)
	return r, nil
}

func requestError(reason string) *dingtalk.Error {
	return &dingtalk.Error{
		Reason:  reasonRequest,
		Message: "The call cannot be read: " + reason + ".",
		Advice:  `Send JSON of the form {"params":{"name":"send_text_message","arguments":{"text":"…"}}}.`,
	}
}
