package tool

import (
	"strings"

	"dingtalk-plugin/plugin/internal/jsontext"
)

// extend adds an element to the array, or a member to the object, that stands
// as raw in a JSON document.
func extend(document, raw, addition string) string {
	end := strings.LastIndexAny(raw, "}]")
	inside := strings.TrimRight(raw[:end], " \n")
	separator := ", "
	if inside == "{" || inside == "[" {
		separator = ""
	}
	return strings.Replace(document, raw, inside+separator+addition+raw[end:], 1)
}

// quote writes s as JSON.
func quote(s string) string {
	var w jsontext.Writer
	w.Quote(s)
	return string(w.Bytes)
}

// enumeration fills the empty enumeration of an argument's schema.
func enumeration(argument string, names []string) string {
	var list jsontext.Writer
	list.Strings(names)
	return strings.Replace(argument, "[]", string(list.Bytes), 1)
}
