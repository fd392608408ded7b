package config

import (
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
)

// masked stands for a password. Load refuses it.
const masked = "MASKED"

// Print writes the effective configuration as YAML, each value with where it came from. The output can be loaded
// again, but for secrets, which are masked.
func (c Config) Print(w io.Writer) error {
	var b strings.Builder
	var open []string // the sections that the last line stands in
	for i := range settings {
		s := &settings[i]
		parts := strings.Split(s.key, ".")
		sections, name := parts[:len(parts)-1], parts[len(parts)-1]
		shared := 0
		for shared < min(len(open), len(sections)) && open[shared] == sections[shared] {
			shared++
		}
		for depth := shared; depth < len(sections); depth++ {
			fmt.Fprintf(&b, "%s%s:\n", strings.Repeat("  ", depth), sections[depth])
		}
		open = sections
		v := s.value(&c)
		text := quoted(v.text())
		switch {
		case s.secret:
			text = quoted(s.mask(v.text()))
		case v.list():
			text = "[]"
			if v.text() != "" {
				var items []string
				for item := range strings.SplitSeq(v.text(), ",") {
					items = append(items, quoted(item))
				}
				text = "[" + strings.Join(items, ", ") + "]"
			}
		}
		fmt.Fprintf(&b, "%s%s: %s # %s\n", strings.Repeat("  ", len(sections)), name, text, oneLine(c.origins[s.key].where))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// quoted is s as a YAML scalar that is read back as s, whatever s looks like.
func quoted(s string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./_-:"
	if s != "" && strings.Trim(s, plain) == "" && s[0] != '-' && s[0] != ':' && s[0] != '.' && s[len(s)-1] != ':' {
		return s
	}
	return strconv.Quote(s)
}

// oneLine keeps an odd file name from leaving its comment.
func oneLine(s string) string {
	q := strconv.Quote(s)
	return q[1 : len(q)-1]
}

// maskText is what stands for a secret, "" when there is none.
func maskText(s string) string {
	if s == "" {
		return ""
	}
	return masked
}

// maskDSN is a data source name without its password.
func maskDSN(s string) string {
	if !isPostgres(s) {
		return s
	}
	u, err := url.Parse(s)
	if err != nil {
		return "postgres://" + masked
	}
	if len(passwords(u)) == 0 {
		return s
	}
	if _, set := u.User.Password(); set {
		u.User = url.UserPassword(u.User.Username(), masked)
	}
	q := u.Query()
	for key := range q {
		if isPasswordKey(key) {
			q.Set(key, masked)
		}
	}
	u.RawQuery = q.Encode()
	return u.String()
}

func isPostgres(s string) bool {
	return strings.HasPrefix(s, "postgres://") || strings.HasPrefix(s, "postgresql://")
}

// isPasswordKey says whether a parameter of a PostgreSQL URL holds a password.
func isPasswordKey(key string) bool { return strings.HasSuffix(strings.ToLower(key), "password") }

// passwords lists every password in a PostgreSQL URL.
func passwords(u *url.URL) []string {
	var list []string
	if p, set := u.User.Password(); set {
		list = append(list, p)
	}
	for key, values := range u.Query() {
		if isPasswordKey(key) {
			list = append(list, values...)
		}
	}
	return list
}
