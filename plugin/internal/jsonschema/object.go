package jsonschema

import (
	"strings"

	"dingtalk-plugin/plugin/internal/strictjson"

	"github.com/tidwall/gjson"
)

func (s *Schema) checkObject(object strictjson.Object, path string) *Violation {
	if fault := s.checkNames(object, path); fault != nil {
		return fault
	}
	for _, name := range s.required {
		if !object.Get(name).Exists() {
			return &Violation{Path: pointer(path, name), Text: "missing, but required"}
		}
	}
	for _, p := range s.properties {
		value := object.Get(p.name)
		absent := !value.Exists() || value.Type == gjson.Null && !contains(s.required, p.name)
		if absent {
			continue
		}
		if fault := p.schema.check(value, pointer(path, p.name)); fault != nil {
			return fault
		}
	}
	return nil
}

// checkNames finds a member that the schema does not know, and one that stands
// there twice: JSON leaves open which of two counts.
func (s *Schema) checkNames(object strictjson.Object, path string) *Violation {
	for i, field := range object {
		if s.closed && s.find(field.Name) == nil {
			return &Violation{Path: pointer(path, field.Name), Text: s.unknown(field.Name), Unknown: true}
		}
		for _, before := range object[:i] {
			if before.Name == field.Name {
				return &Violation{Path: pointer(path, field.Name), Text: "given twice"}
			}
		}
	}
	return nil
}

func (s *Schema) unknown(name string) string {
	if near := suggestion(name, s.known()); near != "" {
		return "unknown" + near
	}
	return "unknown; known are " + list(s.known())
}

func contains(list []string, s string) bool {
	for _, each := range list {
		if each == s {
			return true
		}
	}
	return false
}

// maxName bounds what a foreign name may add to a fault, in bytes.
const maxName = 64

// pointer appends a reference token to a JSON Pointer
// (https://www.rfc-editor.org/rfc/rfc6901#section-3).
func pointer(path, name string) string {
	if len(name) > maxName {
		name = strings.ToValidUTF8(name[:maxName], "") + "…"
	}
	name = strings.ReplaceAll(name, "~", "~0")
	name = strings.ReplaceAll(name, "/", "~1")
	return path + "/" + name
}

// list joins names for a sentence, the first dozen of them.
func list(names []string) string {
	const most = 12
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}
