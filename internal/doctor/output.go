package doctor

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/scope"
	"github.com/pailforge/pail/internal/token"
)

// maxOutput is how much of an output is read, in bytes; a log says what went wrong near its end.
const maxOutput = 256 << 10

// ReadOutput says what the lines that git, curl or another tool printed mean, without knowing anything else of the case.
// Findings stand in the order in which they are to be mended. It takes any text.
func ReadOutput(text string) []Finding {
	f := classify(&Case{Output: text})
	r := Report{Findings: settle(f, outputSays(f))}
	r.hide(f.secrets())
	return r.Findings
}

var (
	statusPrinted = regexp.MustCompile(`(?i)(?:requested url returned error: |response code |status code:? |"?statuscode"?: ?|http/[\d.]+ |http error |error code:? )([1-5]\d\d)\b|\b([45]\d\d) (?:client|server) error|\b(401) unauthorized|\b(403) forbidden`)
	urlPrinted    = regexp.MustCompile(`(?:unable to access|Authentication failed for|repository) '(https?://[^'\s]+)'`)
	hostPrinted   = regexp.MustCompile(`(?i)could not resolve host:? '?([^\s']+)|lookup ([^\s:]+)|getaddrinfo \w+ (\S+)`)
	plainHost     = regexp.MustCompile(`^[a-z0-9-]{1,40}(\.[a-z0-9-]{1,40})+$`)
	reasonPrinted = regexp.MustCompile(`(?m)^remote: Reason: ([a-z_]+\.[a-z0-9_]+), see `)
	scopesPrinted = regexp.MustCompile(`(?m)^remote: Missing: ([a-z:, -]+)\.`)
	answerPrinted = regexp.MustCompile(`(?m)^(< )?HTTP/[\d.]+ \d\d\d`)
)

func (c *Case) output() string {
	text := c.Output
	if len(text) > maxOutput {
		text = text[len(text)-maxOutput:]
	}
	return plainText(text)
}

// withOutput is the case with what an output tells beside its sentences: the answer, or its status alone, and the
// address.
func (c *Case) withOutput() *Case {
	if c.Output == "" {
		return c
	}
	copied, text := *c, c.output()
	if copied.URL.Text == "" {
		if m := urlPrinted.FindStringSubmatch(text); m != nil {
			copied.URL = Value{Text: m[1], Place: "output"}
		}
	}
	if copied.Surface == SurfaceUnknown && copied.Client == "" && isGitOutput(text) {
		copied.Surface = SurfaceGit
	}
	if copied.Answer == nil {
		copied.Answer = answerIn(text)
	}
	return &copied
}

func isGitOutput(text string) bool {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "remote: ") || strings.HasPrefix(line, "fatal: ") || strings.Contains(line, "git-receive-pack") || strings.Contains(line, "git-upload-pack") {
			return true
		}
	}
	return false
}

// answerIn finds an answer in an output, or its status alone.
func answerIn(text string) *Answer {
	if answerPrinted.MatchString(text) {
		if a, err := ReadResponse(strings.NewReader(text)); err == nil && a.Status != 0 {
			a.Place = "output"
			return &a
		}
	}
	n, status := 0, 0
	place := ""
	for line := range strings.Lines(text) {
		n++
		if m := statusPrinted.FindStringSubmatch(line); m != nil && !isOtherService(line) {
			status, _ = strconv.Atoi(strings.Join(m[1:], ""))
			place = fmt.Sprintf("output, line %d", n)
		}
	}
	if status < 400 {
		return nil
	}
	return &Answer{Status: status, Place: place}
}

func isOtherService(line string) bool { return strings.Contains(line, ".golang.org") }

// outputSays judges the lines of an output, one by one.
func outputSays(f *facts) []Finding {
	if f.Output == "" {
		return nil
	}
	list := f.printedReason()
	n := 0
	said := map[*sentence]bool{}
	for line := range strings.Lines(f.output()) {
		n++
		s := say(served, line)
		if t := say(printed, line); s == nil || t != nil && s.how == Possible && t.how != Possible {
			s = t
		}
		if s == nil || said[s] {
			continue
		}
		said[s] = true
		list = append(list, f.printedLine(s, line, fmt.Sprintf("output, line %d", n)))
	}
	return list
}

// printedReason takes the word of a Pail server that explains itself to git.
func (f *facts) printedReason() []Finding {
	text := f.output()
	m := reasonPrinted.FindStringSubmatchIndex(text)
	if m == nil {
		return nil
	}
	code := reason.Code(text[m[2]:m[3]])
	if _, ok := reason.Lookup(code); !ok {
		return nil
	}
	// The line before says what this case has to do with it.
	detail := ""
	if before := strings.TrimRight(text[:m[0]], "\r\n"); before != "" {
		detail = before[strings.LastIndexByte(before, '\n')+1:]
		if detail = strings.TrimPrefix(detail, "remote: "); len(detail) > 400 {
			detail = ""
		}
	}
	x := f.find(code, Certain, "The server says so itself.", join("It explains itself.", detail)).at(fmt.Sprintf("output, line %d", 1+strings.Count(text[:m[0]], "\n")))
	if code.Family() == "privilege" || code.Family() == "repository" {
		x = x.fine()
	}
	if m := scopesPrinted.FindStringSubmatch(text); m != nil && code == reason.ScopeMissing {
		missing, _ := knownScopes(scopeNames(m[1]))
		x = x.mend(f.newToken(f.needed().Union(missing)))
	}
	return []Finding{x}
}

func (f *facts) printedLine(s *sentence, line, place string) Finding {
	x := f.find(s.code, s.how, s.because, fmt.Sprintf("It says: %q.", strings.TrimSpace(s.says))).at(place)
	x.Fine = s.fine
	switch s.code {
	case reason.NetworkName:
		if m := hostPrinted.FindStringSubmatch(line); m != nil {
			return f.unresolved(x, strings.Trim(m[1]+m[2]+m[3], ".,;:"))
		}
	case reason.ScopeMissing:
		if s.how == Certain || f.surface == SurfaceGit {
			x = x.mend(f.newToken(scope.NewSet(scope.ReadRepository, scope.WriteRepository)))
			x.Evidence = join(x.Evidence, "Git needs read:repository:bitbucket to fetch, and write:repository:bitbucket as well to push: neither includes the other.")
		}
	case reason.TokenRefused:
		if y := f.refused(x); len(y) > 0 {
			return y[0]
		}
	case reason.PathRemoved, reason.PathVersionGone:
		x.Evidence = join(x.Evidence, f.replacement())
	}
	return x
}

// unresolved looks at the name that was not found: it may be no name of a host at all.
func (f *facts) unresolved(x Finding, name string) Finding {
	name = strings.ToLower(name)
	switch {
	case name == "https" || name == "http":
		return f.find(reason.HostMalformed, Certain, "The name that was looked up is a scheme: the address begins with http twice.", x.Evidence).at(x.Place)
	case hole(name) != "" || strings.ContainsAny(name, "${}<>"):
		return f.find(reason.ValueNotExpanded, Certain, "The name that was looked up is no host.", "In place of the host stands the name of a variable or a program's word for nothing.").at(x.Place)
	case strings.ContainsAny(name, "@:/"):
		return f.find(reason.URLUserNotEncoded, Likely, "The name that was looked up is a part of the login: the address was cut in the wrong place.", x.Evidence).at(x.Place)
	case plainHost.MatchString(name) && token.Inspect(name).Origin == token.OriginUnknown:
		evidence := fmt.Sprintf("The name %s was not found.", name)
		if classOf(name) == misspelt {
			return f.find(reason.HostMalformed, Likely, "The name differs from one of Bitbucket's by a letter or two, or by its ending.", evidence).at(x.Place)
		}
		x.Evidence = evidence
	}
	return x
}
