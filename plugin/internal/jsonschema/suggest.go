package jsonschema

// suggestion returns " (did you mean X?)" for the known name nearest to name, or
// "" when none is near: alike but for case and separators, or at most a third
// of its letters away.
func suggestion(name string, known []string) string {
	if len(name) > maxName {
		return ""
	}
	best, least := "", 0
	folded := fold(name)
	for _, candidate := range known {
		d := distance(folded, fold(candidate))
		if d <= len(candidate)/3 && (best == "" || d < least) {
			best, least = candidate, d
		}
	}
	if best == "" {
		return ""
	}
	return " (did you mean " + best + "?)"
}

// fold drops what names of the same thing differ in: case and separators.
func fold(name string) string {
	folded := make([]byte, 0, len(name))
	for i := range len(name) {
		switch c := name[i]; {
		case c == '_' || c == '-' || c == ' ':
		case 'A' <= c && c <= 'Z':
			folded = append(folded, c|0x20)
		default:
			folded = append(folded, c)
		}
	}
	return string(folded)
}

// distance is the Levenshtein distance of two short names, in bytes.
func distance(a, b string) int {
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
