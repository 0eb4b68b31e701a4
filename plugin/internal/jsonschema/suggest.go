package jsonschema

import "strings"

// suggest returns " (did you mean X?)" for the known name closest to name, or ""
// if none is close. Names are close if they differ only in case and separators,
// or by at most a third of their letters.
func suggest(name string, known []string) string {
	if len(name) > maxName {
		return ""
	}
	best, bestDistance := "", 0
	name = normalize(name)
	for _, candidate := range known {
		d := levenshtein(name, normalize(candidate))
		if d <= len(candidate)/3 && (best == "" || d < bestDistance) {
			best, bestDistance = candidate, d
		}
	}
	if best == "" {
		return ""
	}
	return " (did you mean " + best + "?)"
}

// normalize drops separators and the case of ASCII letters.
func normalize(name string) string {
	normalized := make([]byte, 0, len(name))
	for i := range len(name) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if strings.IndexByte("_- ", c) < 0 {
			normalized = append(normalized, c)
		}
	}
	return string(normalized)
}

// levenshtein returns the edit distance of two short names, in bytes.
func levenshtein(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
