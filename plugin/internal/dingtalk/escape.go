package dingtalk

import (
	"strings"

	"dingtalk-plugin/plugin/internal/strictjson"
)

// escaped returns s as encodeURIComponent does
// (https://tc39.es/ecma262/#sec-encodeuricomponent-uricomponent).
func escaped(s string) string {
	const digits = "0123456789ABCDEF"
	w := strictjson.Writer{Bytes: make([]byte, 0, 2*len(s))}
	start := 0
	for i := range len(s) {
		c := s[i]
		if isDigit(c) || isLetter(c) || strings.IndexByte("-_.!~*'()", c) >= 0 {
			continue
		}
		w.Raw(s[start:i])
		w.Bytes = append(w.Bytes, '%', digits[c>>4], digits[c&15])
		start = i + 1
	}
	w.Raw(s[start:])
	return string(w.Bytes)
}
