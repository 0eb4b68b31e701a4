package release

import (
	"encoding/json"
	"fmt"
)

// versionSection names the custom section that a module carries its Version in.
// Runtimes skip custom sections that they do not know.
const versionSection = "dingtalk-plugin.version"

// Version says what a module was made of. It stands in the module itself, so
// that a file without its name or its registry still knows.
type Version struct {
	Version  string `json:"version"`          // as git describes the commit
	Commit   string `json:"commit,omitempty"` // whole; "" where there was no git
	Compiler string `json:"compiler"`         // see Compiler
}

// String returns the version as a person reads it, on one line.
func (v Version) String() string {
	if v.Commit == "" {
		return fmt.Sprintf("%s, %s", v.Version, v.Compiler)
	}
	return fmt.Sprintf("%s, commit %s, %s", v.Version, v.Commit, v.Compiler)
}

// Stamp returns the module with the version in a custom section, in place of one
// that it may have had. The code stays as it is, byte for byte.
func Stamp(module []byte, v Version) ([]byte, error) {
	payload, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return withSection(module, versionSection, payload)
}

// ReadVersion returns the version that a module was stamped with. A module that
// was only compiled has none.
func ReadVersion(module []byte) (v Version, ok bool) {
	list, err := sections(module)
	if err != nil {
		return v, false
	}
	for _, s := range list {
		if s.name == versionSection {
			return v, json.Unmarshal(s.payload, &v) == nil
		}
	}
	return v, false
}
