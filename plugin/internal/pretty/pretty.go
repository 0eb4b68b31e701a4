// Package pretty stands in for github.com/tidwall/pretty in this module's
// builds (see the replace directive in go.mod).
//
// gjson imports the original for its @pretty and @ugly modifiers, which the
// plugin never uses; the original imports encoding/json, which is most of a
// small module. RATIONALE.md has the figures.
package pretty

// Options is the part of the original's options that gjson names.
type Options struct {
	Width    int
	Prefix   string
	Indent   string
	SortKeys bool
}

// DefaultOptions is unused, as everything here.
var DefaultOptions = &Options{}

// Pretty returns json as it is.
func Pretty(json []byte) []byte { return json }

// PrettyOptions returns json as it is.
func PrettyOptions(json []byte, _ *Options) []byte { return json }

// Ugly returns json as it is.
func Ugly(json []byte) []byte { return json }
