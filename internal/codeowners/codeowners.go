package codeowners

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Paths are where the file may be, the place that counts first.
var Paths = []string{".bitbucket/CODEOWNERS", "CODEOWNERS"}

// Limits of a file: its bytes, its lines with a pattern, the owners of one of them, and the faults that are told.
const (
	MaxSize   = 256 << 10
	maxRules  = 500
	maxOwners = 50
	maxFaults = 20
)

// Kind is a kind of owner.
type Kind int

// The kinds of owners.
const (
	Email   Kind = iota // name@example.com
	Account             // @name, or @{account id}
	Group               // @workspace/group
	Team                // @teams/team
)

// Pick says which members of a group or of a team are asked.
type Pick int

// The ways to pick.
const (
	All       Pick = iota
	Random         // as many as Owner.Count, by chance
	LeastBusy      // those who review the fewest open pull requests
)

// Owner is one of those behind a pattern.
type Owner struct {
	Kind      Kind
	Name      string
	Workspace string // of a Group
	Pick      Pick
	Count     int // of Random and LeastBusy: at least 1
}

// Rule is a line of the file.
type Rule struct {
	Line    int // from 1
	Pattern string
	Owners  []Owner

	matches pattern
}

// Fault is what is wrong with a line. Nothing of the line counts, unless Why speaks of one of its owners: then that one does not.
type Fault struct {
	Line int    // from 1; 0: the whole file
	Why  string // a sentence
}

// File is a file that was read.
type File struct {
	Rules  []Rule
	Faults []Fault
}

// blame adds a fault, as long as there are few.
func (f *File) blame(line int, why string, args ...any) {
	if len(f.Faults) < maxFaults {
		f.Faults = append(f.Faults, Fault{line, fmt.Sprintf(why, args...)})
	}
}

// Parse reads a file.
func Parse(data []byte) *File {
	f := &File{}
	if len(data) > MaxSize {
		f.blame(0, "The file has more than %d KiB, and is not read.", MaxSize>>10)
		return f
	}
	number := 0
	for line := range strings.Lines(strings.TrimPrefix(string(data), "\ufeff")) {
		number++
		if !utf8.ValidString(line) || strings.ContainsRune(line, 0) {
			f.blame(number, "The line is not UTF-8.")
			continue
		}
		words := fields(strings.TrimRight(line, "\r\n"))
		if len(words) == 0 {
			continue
		}
		if len(f.Rules) == maxRules {
			f.blame(number, "There are more than %d lines with a pattern. From here on they are not read.", maxRules)
			break
		}
		f.rule(number, words)
	}
	return f
}

// fields are the words of a line, up to a comment. A backslash in front of a space makes it a part of the word.
func fields(line string) (words []string) {
	begin := -1
	end := func(i int) {
		if begin >= 0 {
			words = append(words, line[begin:i])
		}
		begin = -1
	}
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == ' ' || c == '\t':
			end(i)
		case c == '#' && begin < 0:
			return words
		default:
			if begin < 0 {
				begin = i
			}
			if c == '\\' && i+1 < len(line) {
				i++
			}
		}
	}
	end(len(line))
	return words
}

func (f *File) rule(number int, words []string) {
	r := Rule{Line: number, Pattern: words[0]}
	var why string
	if r.matches, why = compile(words[0]); why != "" {
		f.blame(number, "%s", why)
		return
	}
	if len(words) == 1 {
		f.blame(number, "The pattern has no owners behind it.")
		return
	}
	for _, word := range words[1:] {
		if len(r.Owners) == maxOwners {
			f.blame(number, "There are more than %d owners behind the pattern. The others do not count.", maxOwners)
			break
		}
		owner, why := parseOwner(word)
		if why != "" {
			f.blame(number, "%s", why)
			continue
		}
		r.Owners = append(r.Owners, owner)
	}
	if len(r.Owners) > 0 {
		f.Rules = append(f.Rules, r)
	}
}

var (
	email  = regexp.MustCompile(`^[^@\s<>()\\]{1,64}@[^@\s<>()\\]{1,190}$`)
	named  = regexp.MustCompile(`^@(?:\{([^{}\s]{1,128})\}|([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))$`)
	many   = regexp.MustCompile(`^@([A-Za-z0-9_-]{1,62})/((?:[^\s:\\/]|\\.){1,255})(?::(all|random|least_busy)(?:\(([0-9]{1,3})\))?)?$`)
	escape = regexp.MustCompile(`\\(.)`)
)

// parseOwner reads an owner. why is a sentence when it is none.
func parseOwner(word string) (o Owner, why string) {
	if m := named.FindStringSubmatch(word); m != nil {
		return Owner{Kind: Account, Name: m[1] + m[2]}, ""
	}
	if m := many.FindStringSubmatch(word); m != nil {
		o = Owner{Kind: Group, Workspace: m[1], Name: escape.ReplaceAllString(m[2], "$1")}
		if m[1] == "teams" {
			o.Kind, o.Workspace = Team, ""
		}
		switch m[3] {
		case "random":
			o.Pick, o.Count = Random, 1
		case "least_busy":
			o.Pick, o.Count = LeastBusy, 1
		}
		if m[4] != "" {
			n, _ := strconv.Atoi(m[4])
			if n < 1 || o.Pick == All {
				return o, fmt.Sprintf("%s: a number stands behind random or least_busy, and is 1 or more.", shown(word))
			}
			o.Count = n
		}
		return o, ""
	}
	if email.MatchString(word) {
		return Owner{Kind: Email, Name: strings.ToLower(word)}, ""
	}
	return o, fmt.Sprintf("%s is no owner: write an e-mail address, @name, @workspace/group or @teams/team.", shown(word))
}

// shown is a word in a sentence.
func shown(word string) string {
	const most = 60
	if r := []rune(word); len(r) > most {
		word = string(r[:most]) + "…"
	}
	return strconv.Quote(word)
}

// Of is the line that counts for a file, nil where there is none. path is relative to the root of the repository.
func (f *File) Of(path string) *Rule {
	parts := strings.Split(path, "/")
	for i := len(f.Rules) - 1; i >= 0; i-- {
		if f.Rules[i].matches.file(parts) {
			return &f.Rules[i]
		}
	}
	return nil
}
