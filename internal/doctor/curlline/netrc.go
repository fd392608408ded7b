package curlline

import (
	"fmt"
	"strings"

	"github.com/pailforge/pail/internal/doctor"
)

// netrcLogin finds what curl takes from a .netrc file for a host: the first machine of that name that has a password, or
// the default. With a user it looks for that user's password.
func netrcLogin(text, file, host, user string) (login *doctor.Login, ok bool) {
	tokens := netrcTokens(text)
	at := func(i int) doctor.Value {
		return doctor.Value{Text: tokens[i].text, Place: fmt.Sprintf("line %d of %s", tokens[i].line, file)}
	}
	for i := 0; i < len(tokens); i++ {
		ours := false
		switch strings.ToLower(tokens[i].text) {
		case "machine":
			if i++; i >= len(tokens) {
				return nil, false
			}
			ours = strings.EqualFold(tokens[i].text, host)
		case "default":
			ours = true
		}
		if !ours {
			continue
		}
		found := &doctor.Login{From: ".netrc"}
		place := at(i).Place
		password := false
	entry:
		for i+1 < len(tokens) {
			switch strings.ToLower(tokens[i+1].text) {
			case "machine", "default":
				break entry
			case "login":
				if i += 2; i < len(tokens) {
					found.User = at(i)
				}
			case "password":
				if i += 2; i < len(tokens) {
					found.Secret, password = at(i), true
				}
			case "account":
				i += 2
			default:
				i++
			}
		}
		if user != "" && found.User.Text != user {
			continue
		}
		if !password && found.User.Text == "" {
			continue
		}
		if found.Secret.Place == "" {
			found.Secret.Place = place
		}
		return found, true
	}
	return nil, false
}

type netrcToken struct {
	text string
	line int
}

// netrcTokens cuts a file into words. Words may stand in double quotes, # begins a comment at the beginning of a line,
// and a macro, up to an empty line, is left out.
func netrcTokens(text string) []netrcToken {
	var tokens []netrcToken
	macro, n := false, 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if macro {
			macro = strings.TrimSpace(line) != ""
			continue
		}
		rest := strings.TrimLeft(line, " \t")
		if strings.HasPrefix(rest, "#") {
			continue
		}
		for rest != "" {
			var word string
			if rest[0] == '"' {
				word, rest = netrcQuoted(rest[1:])
			} else {
				end := strings.IndexAny(rest, " \t")
				if end < 0 {
					end = len(rest)
				}
				word, rest = rest[:end], rest[end:]
			}
			if strings.EqualFold(word, "macdef") {
				macro = true
				break
			}
			tokens = append(tokens, netrcToken{word, n})
			rest = strings.TrimLeft(rest, " \t")
		}
	}
	return tokens
}

func netrcQuoted(s string) (word, rest string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '"':
			return b.String(), s[i+1:]
		case '\\':
			if i++; i < len(s) {
				switch s[i] {
				case 'n':
					b.WriteByte('\n')
				case 'r':
					b.WriteByte('\r')
				case 't':
					b.WriteByte('\t')
				default:
					b.WriteByte(s[i])
				}
			}
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), ""
}
