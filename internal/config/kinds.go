package config

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/outbound"
)

// Duration is time.Duration; it is named here only to keep the table's lines short.
type Duration = time.Duration

// kind is one sort of value.
type kind[T any] struct {
	name     string // as the flag's help shows it
	expected string // "a size such as 64KiB"
	parse    func(string) (T, error)
	format   func(T) string // parse(format(v)) gives v
	isList   bool           // the file may hold a sequence, and the flag may be given more than once
}

// value is one field of one Config, seen as text.
type value interface {
	set(text string) error
	text() string
	kind() string
	want() string
	list() bool
}

// at ties a kind to a field.
func at[T any](k kind[T], field func(*Config) *T) func(*Config) value {
	return func(c *Config) value { return &bound[T]{&k, field(c)} }
}

type bound[T any] struct {
	k *kind[T]
	p *T
}

func (b *bound[T]) text() string { return b.k.format(*b.p) }
func (b *bound[T]) kind() string { return b.k.name }
func (b *bound[T]) want() string { return b.k.expected }
func (b *bound[T]) list() bool   { return b.k.isList }
func (b *bound[T]) set(text string) error {
	if !utf8.ValidString(text) {
		return errors.New("not UTF-8")
	}
	if strings.ContainsFunc(text, unicode.IsControl) {
		return errors.New("control characters are not allowed")
	}
	v, err := b.k.parse(text)
	if err == nil {
		*b.p = v
	}
	return err
}

func same(s string) string { return s }

var (
	address = kind[string]{name: "host:port", expected: "host:port, such as 127.0.0.1:7990 or :443", parse: parseAddress, format: same}

	optionalAddress = kind[string]{name: "host:port", expected: "host:port, such as 127.0.0.1:7991, or nothing", format: same,
		parse: func(s string) (string, error) {
			if s == "" {
				return "", nil
			}
			return parseAddress(s)
		}}

	path = kind[string]{name: "path", expected: "a path", format: same,
		parse: func(s string) (string, error) { return s, nil }}

	requiredPath = kind[string]{name: "path", expected: "a path", format: same,
		parse: func(s string) (string, error) {
			if s == "" {
				return "", errEmpty
			}
			return s, nil
		}}

	baseURL = kind[string]{name: "url", expected: "an absolute URL without a path, such as https://git.example.org", parse: parseBaseURL, format: same}

	directoryURL = kind[string]{name: "url", expected: "an absolute https URL, or nothing", format: same,
		parse: func(s string) (string, error) {
			if u, err := url.Parse(s); s != "" && (err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil) {
				return "", errors.New("not an https URL")
			}
			return s, nil
		}}

	dsn = kind[string]{name: "dsn", expected: "sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME", parse: parseDSN, format: same}

	domains = kind[[]string]{name: "names", expected: "host names, separated by commas", parse: parseDomains, isList: true,
		format: func(list []string) string { return strings.Join(list, ",") }}

	executors = kind[[]string]{name: "names", expected: "docker, shell, or both, separated by commas, or nothing", parse: parseExecutors, isList: true,
		format: func(list []string) string { return strings.Join(list, ",") }}

	reachable = kind[[]string]{name: "networks", expected: "networks, addresses and host names, such as 10.1.2.0/24,ci.internal", parse: parseReachable, isList: true,
		format: func(list []string) string { return strings.Join(list, ",") }}

	email = kind[string]{name: "email", expected: "an e-mail address", format: same,
		parse: func(s string) (string, error) {
			if at := strings.IndexByte(s, '@'); s != "" && (at < 1 || at == len(s)-1 || strings.ContainsAny(s, " ,<>")) {
				return "", errors.New("not an e-mail address")
			}
			return s, nil
		}}

	// issuer is an OpenID provider. What it says decides who gets in, so it is reached over TLS, unless it runs on this
	// machine.
	issuer = kind[string]{name: "url", expected: "an https URL, such as https://id.example.org, or nothing", parse: parseIssuer, format: same}

	word = kind[string]{name: "text", expected: "text without spaces, or nothing", format: same,
		parse: func(s string) (string, error) {
			if strings.ContainsFunc(s, unicode.IsSpace) {
				return "", errors.New("there is a space in it")
			}
			return s, nil
		}}

	hostName = kind[string]{name: "host", expected: "a host name or an address without a port, or nothing", format: same,
		parse: func(s string) (string, error) {
			if s != "" && net.ParseIP(s) == nil && !validHost(s) {
				return "", errors.New("not a host name")
			}
			return s, nil
		}}

	secretText = kind[string]{name: "secret", expected: "a secret, or nothing", format: same,
		parse: func(s string) (string, error) {
			if s == masked {
				return "", errors.New("the secret is masked, as --print-config shows it; put the real one here, or in PAIL_OIDC_CLIENT_SECRET")
			}
			return s, nil
		}}

	label = kind[string]{name: "text", expected: "1 to 60 characters", format: same,
		parse: func(s string) (string, error) {
			if n := utf8.RuneCountInString(s); strings.TrimSpace(s) == "" || n > 60 {
				return "", errors.New("empty or too long")
			}
			return s, nil
		}}

	oidcScopes = kind[[]string]{name: "names", expected: "scopes, separated by commas, openid among them", parse: parseOIDCScopes, isList: true,
		format: func(list []string) string { return strings.Join(list, ",") }}

	yesNo = kind[bool]{name: "true|false", expected: "true or false", format: strconv.FormatBool,
		parse: func(s string) (bool, error) {
			if s != "true" && s != "false" {
				return false, errors.New("not known")
			}
			return s == "true", nil
		}}

	duration = kind[Duration]{name: "duration", expected: "a duration above zero, such as 30s or 1m30s", parse: parseDuration,
		format: Duration.String}

	until = kind[Until]{name: "date", expected: "a date as YYYY-MM-DD, or on, or off", parse: parseUntil, format: Until.String}
)

var errEmpty = errors.New("must not be empty")

func oneOf(words ...string) kind[string] {
	return kind[string]{name: strings.Join(words, "|"), expected: "one of " + strings.Join(words, ", "), format: same,
		parse: func(s string) (string, error) {
			if !slices.Contains(words, s) {
				return "", errors.New("not known")
			}
			return s, nil
		}}
}

// count is a whole number in [low, high].
func count(low, high int) kind[int] {
	return kind[int]{name: "count", expected: fmt.Sprintf("a number from %d to %d", low, high), format: strconv.Itoa,
		parse: func(s string) (int, error) {
			n, err := strconv.Atoi(s)
			switch {
			case err != nil:
				return 0, errors.New("not a number")
			case n < low || n > high:
				return 0, errors.New("out of range")
			}
			return n, nil
		}}
}

// size is a number of bytes in [low, high].
func size(low, high int64) kind[int64] {
	return kind[int64]{name: "size", expected: fmt.Sprintf("a size from %s to %s, such as 64KiB", formatSize(low), formatSize(high)), format: formatSize,
		parse: func(s string) (int64, error) {
			n, err := parseSize(s)
			if err == nil && (n < low || n > high) {
				return 0, errors.New("out of range")
			}
			return n, err
		}}
}

// units are those of IEC; decimal ones are left out, as hardly anyone who writes 64KB means 64000.
var units = []struct {
	name string
	size int64
}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}, {"", 1}}

// parseSize reads a whole number of bytes with an optional unit: 65536, 64KiB, 1 GiB.
func parseSize(s string) (int64, error) {
	digits := strings.TrimLeft(s, "0123456789")
	number, unit := s[:len(s)-len(digits)], strings.TrimPrefix(digits, " ")
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0, errors.New("not a size")
	}
	for _, u := range units {
		if strings.EqualFold(u.name, unit) {
			if n > math.MaxInt64/u.size {
				return 0, errors.New("out of range")
			}
			return n * u.size, nil
		}
	}
	return 0, fmt.Errorf("%q is not one of the units B, KiB, MiB, GiB and TiB", unit)
}

// formatSize takes the largest unit that leaves a whole number.
func formatSize(n int64) string {
	for _, u := range units {
		if n != 0 && u.size > 1 && n%u.size == 0 {
			return strconv.FormatInt(n/u.size, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}

func parseDuration(s string) (Duration, error) {
	d, err := time.ParseDuration(s)
	switch {
	case err != nil:
		return 0, errors.New("not a duration")
	case d <= 0:
		return 0, errors.New("out of range")
	}
	return d, nil
}

// parseUntil reads on, off or a day. YAML 1.1's other words for a boolean are not accepted, to keep one spelling.
func parseUntil(s string) (Until, error) {
	switch s {
	case "on":
		return Until{}, nil
	case "off":
		return Until{off: true}, nil
	}
	day, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Until{}, errors.New("not a date")
	}
	if day.IsZero() {
		return Until{}, errors.New("out of range")
	}
	return Until{last: day}, nil
}

func parseAddress(s string) (string, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return "", errors.New("not host:port")
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", errors.New("the port is not a number from 0 to 65535")
	}
	if host != "" && net.ParseIP(host) == nil && !validHost(host) {
		if ip, _, zoned := strings.Cut(host, "%"); !zoned || net.ParseIP(ip) == nil {
			return "", errors.New("the host is neither an address nor a name")
		}
	}
	return s, nil
}

// parseBaseURL reads an absolute http(s) URL of a host alone. A single slash at the end is dropped.
func parseBaseURL(s string) (string, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return "", errors.New("not a URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return "", errors.New("does not begin with http:// or https://")
	case u.User != nil:
		return "", errors.New("must not hold a user name or password")
	case strings.ContainsAny(s, "?#"):
		return "", errors.New("must not have a query or a fragment")
	case u.Path != "" && u.Path != "/":
		return "", errors.New("must not have a path")
	case net.ParseIP(u.Hostname()) == nil && !validHost(u.Hostname()):
		return "", errors.New("has no valid host")
	}
	if port := u.Port(); port != "" {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return "", errors.New("the port is not a number from 0 to 65535")
		}
	} else if strings.HasSuffix(u.Host, ":") {
		return "", errors.New("has a colon but no port")
	}
	return u.Scheme + "://" + u.Host, nil
}

// parseDSN checks the form and keeps the text. Its errors never quote it.
func parseDSN(s string) (string, error) {
	if file, ok := strings.CutPrefix(s, "sqlite:"); ok {
		if file == "" {
			return "", errors.New("no path after sqlite:")
		}
		return s, nil
	}
	if !isPostgres(s) {
		return "", errors.New("not a database that is known here")
	}
	u, err := url.Parse(s)
	if err == nil {
		_, err = url.ParseQuery(u.RawQuery)
	}
	if err != nil {
		return "", errors.New("not a URL; special characters of a password are written as %XX")
	}
	if slices.Contains(passwords(u), masked) {
		return "", errors.New("the password is masked, as --print-config shows it; put the real one here, or in PAIL_DATABASE")
	}
	return s, nil
}

func parseIssuer(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return "", errors.New("not a URL")
	case u.User != nil:
		return "", errors.New("must not hold a user name or password")
	case strings.ContainsAny(s, "?#"):
		return "", errors.New("must not have a query or a fragment")
	case net.ParseIP(u.Hostname()) == nil && !validHost(u.Hostname()):
		return "", errors.New("has no valid host")
	case u.Scheme == "https":
		return s, nil
	case u.Scheme == "http" && isLoopback(u.Hostname()):
		return s, nil
	}
	return "", errors.New("does not begin with https://")
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func parseExecutors(s string) ([]string, error) {
	var list []string
	for name := range strings.SplitSeq(s, ",") {
		switch name = strings.TrimSpace(name); {
		case name == "" && s == "":
			return nil, nil
		case name != "docker" && name != "shell":
			return nil, fmt.Errorf("%q is no executor", shortened(name))
		case slices.Contains(list, name):
			return nil, fmt.Errorf("%s: given twice", name)
		}
		list = append(list, name)
	}
	return list, nil
}

// parseOIDCScopes reads scope tokens (RFC 6749, 3.3).
func parseOIDCScopes(s string) ([]string, error) {
	var list []string
	for name := range strings.SplitSeq(s, ",") {
		name = strings.TrimSpace(name)
		if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '"' || r == '\\' }) {
			return nil, fmt.Errorf("%q is no scope", shortened(name))
		}
		if slices.Contains(list, name) {
			return nil, fmt.Errorf("%s: given twice", shortened(name))
		}
		list = append(list, name)
	}
	if !slices.Contains(list, "openid") {
		return nil, errors.New("openid is missing")
	}
	return list, nil
}

// parseDomains reads host names for certificates: no wildcards, which ACME cannot prove here, and no addresses.
func parseReachable(s string) ([]string, error) {
	if s == "" {
		return nil, nil
	}
	var list []string
	for entry := range strings.SplitSeq(s, ",") {
		network, host, err := outbound.ParseAllowed(strings.TrimSpace(entry))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", shortened(entry), err)
		}
		if host == "" {
			host = network.String()
		}
		if slices.Contains(list, host) {
			return nil, fmt.Errorf("%s: given twice", host)
		}
		list = append(list, host)
	}
	return list, nil
}

func parseDomains(s string) ([]string, error) {
	var list []string
	for name := range strings.SplitSeq(s, ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		switch {
		case name == "" && s == "":
			return nil, nil
		case name == "":
			return nil, errors.New("an empty name")
		case strings.HasPrefix(name, "*"):
			return nil, fmt.Errorf("%s: wildcards are not possible", shortened(name))
		case !validHost(name) || net.ParseIP(name) != nil || !strings.Contains(name, "."):
			return nil, fmt.Errorf("%s: not a full host name", shortened(name))
		case slices.Contains(list, name):
			return nil, fmt.Errorf("%s: given twice", name)
		}
		list = append(list, name)
	}
	return list, nil
}

// validHost says whether s is a host name as in RFC 1123, ASCII only.
func validHost(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_') {
				return false
			}
		}
	}
	return true
}
