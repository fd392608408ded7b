package config

import "strings"

// nearestKey is the setting that was probably meant by key, "" when none is near.
func nearestKey(key string) string {
	return nearest(key, func(s *setting) string { return s.key }, ".")
}

func nearestEnv(name string) string {
	return nearest(name, (*setting).env, "_")
}

// nearest compares whole names, and the last parts, so that "cert" finds "tls.cert".
func nearest(asked string, name func(*setting) string, sep string) string {
	if len(asked) > 64 {
		return ""
	}
	best, found := max(2, len(asked)/4)+1, ""
	for i := range settings {
		candidate := name(&settings[i])
		d := distance(strings.ToLower(asked), strings.ToLower(candidate))
		if tail := strings.TrimPrefix(asked, envPrefix); strings.HasSuffix(candidate, sep+tail) {
			d = min(d, 1)
		}
		if d < best {
			best, found = d, candidate
		}
	}
	return found
}

// distance is how many characters must be inserted, deleted, replaced or swapped with their neighbour.
func distance(a, b string) int {
	var before, last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last = last, row
		row = make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
