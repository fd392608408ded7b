package httphead

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/pailforge/pail/internal/doctor"
)

// Bounds of what is read.
const (
	maxHead    = 256 << 10 // bytes
	maxHeaders = 200
)

var (
	first = regexp.MustCompile(`(?i)^(GET|HEAD|POST|PUT|DELETE|PATCH|OPTIONS)[ \t]+(\S.*)$`)
	// The version of HTTP, which may be left out.
	version = regexp.MustCompile(`[ \t]+HTTP/[0-9.]+[ \t]*$`)
	// A header's name, also one with a space in or behind it, which the judge is to see.
	name = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_ \t-]{0,60}$`)
)

// Looks tells whether a text begins like a request.
func Looks(text string) bool {
	line, _, _ := strings.Cut(strings.TrimLeft(unmarked(text), " \t\r\n"), "\n")
	m := first.FindStringSubmatch(strings.TrimRight(line, " \t\r"))
	return m != nil && (strings.HasPrefix(m[2], "/") || strings.Contains(m[2], "://"))
}

// Read makes a case of a text that Looks like a request. The error says what it lacks, and holds nothing of it.
func Read(text string) (doctor.Case, error) {
	if len(text) > maxHead {
		return doctor.Case{}, fmt.Errorf("the request is longer than %d KiB", maxHead>>10)
	}
	lines := strings.Split(strings.ReplaceAll(unmarked(text), "\r\n", "\n"), "\n")
	at := 0
	for at < len(lines) && strings.TrimSpace(lines[at]) == "" {
		at++
	}
	if at == len(lines) || !Looks(text) {
		return doctor.Case{}, errors.New("the first line is not METHOD and address")
	}
	m := first.FindStringSubmatch(strings.Trim(lines[at], " \t\r"))
	if m == nil {
		return doctor.Case{}, errors.New("the first line is not METHOD and address")
	}
	c := doctor.Case{Method: strings.ToUpper(m[1])}
	target := version.ReplaceAllString(m[2], "")
	host := ""
	for n := at + 1; n < len(lines) && strings.TrimSpace(lines[n]) != "" && len(c.Header) < maxHeaders; n++ {
		before, value, colon := strings.Cut(lines[n], ":")
		switch {
		case colon && name.MatchString(before):
			value = strings.TrimLeft(value, " \t")
			c.Header = append(c.Header, doctor.Field{Name: before, Value: doctor.Value{Text: value, Place: fmt.Sprintf("line %d, %s", n+1, strings.TrimSpace(before))}})
			if strings.EqualFold(strings.TrimSpace(before), "Host") && host == "" {
				host = strings.TrimSpace(value)
			}
		case len(c.Header) > 0:
			c.Header[len(c.Header)-1].Value.Text += "\n" + lines[n]
		}
	}
	if strings.HasPrefix(target, "/") && host != "" {
		target = "https://" + host + target
	}
	c.URL = doctor.Value{Text: target, Place: fmt.Sprintf("line %d, the address", at+1)}
	return c, nil
}

// unmarked takes the marks off that "curl -v" puts in front of what it sends; what it prints beside goes with them.
func unmarked(text string) string {
	if !strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "> ") {
		return text
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(strings.TrimLeft(line, " \t"), ">"); ok {
			b.WriteString(strings.TrimPrefix(rest, " "))
		}
	}
	return b.String()
}
