// Package godebug takes the place of the standard library's internal/godebug
// in the plugin: every setting has its default.
//
// A plugin has no environment, and so no GODEBUG. The library's own package
// finds that out at run time, in a map, which keeps TinyGo from running the
// initialisers of everything that depends on it at compile time: the self-tests
// of AES, SHA-3 and the rest of the FIPS module, and then gjson's modifiers, stay in
// the module. See RATIONALE.md, "Why is GODEBUG cut out?".
package godebug

// A Setting is one setting of $GODEBUG, of which a plugin has none.
type Setting struct{ name string }

// New returns the setting of that name.
func New(name string) *Setting { return &Setting{name} }

// Name returns the setting's name.
func (s *Setting) Name() string { return s.name }

// Undocumented reports whether the setting is missing in Go's documentation.
func (s *Setting) Undocumented() bool { return false }

// String returns name=value.
func (s *Setting) String() string { return s.name + "=" }

// Value returns the default, which is "" for every setting.
func (s *Setting) Value() string { return "" }

// IncNonDefault counts what no one reads.
func (s *Setting) IncNonDefault() {}
