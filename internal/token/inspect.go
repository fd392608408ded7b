package token

import (
	"fmt"
	"strings"

	"github.com/pailforge/pail/internal/reason"
)

// Origin is the service whose secrets have this form.
type Origin uint8

// Origins that a form can show. Forms of other services than Pail are observed,
// not promised by them.
const (
	OriginUnknown    Origin = iota
	OriginPail              // minted by a Pail server, not necessarily this one
	OriginAtlassian         // Bitbucket Cloud or another product of Atlassian's cloud
	OriginDataCenter        // Bitbucket Data Center
	OriginGitHub
	OriginGitLab
	OriginJWT // a JSON web token: OAuth of some service
)

// String names the service.
func (o Origin) String() string {
	return [...]string{"unknown", "Pail", "Atlassian cloud", "Bitbucket Data Center", "GitHub", "GitLab", "a service that issues JSON web tokens"}[min(o, OriginJWT)]
}

// Problem is the damage that the text of a secret shows.
type Problem uint8

// The problems, None when the secret looks whole.
const (
	None         Problem = iota
	Empty                // nothing there
	Truncated            // begins or ends like a token, but is shorter
	Mistyped             // right length, wrong checksum
	Surplus              // a token with something behind it
	Whitespace           // white space or a line break around or inside it
	Quoted               // quotation marks around it
	Prefixed             // "Bearer " or "Basic " in front of it
	NotExpanded          // a variable or a placeholder in its place
	Masked               // a masked display of a secret, such as ****
	Unrecognised         // has the form of no token that is known here
)

// String is the problem in one or two words.
func (p Problem) String() string {
	return [...]string{"none", "empty", "truncated", "mistyped", "surplus", "white space", "quoted", "prefixed", "not expanded", "masked", "unrecognised"}[min(p, Unrecognised)]
}

// Shape is what the text of a secret tells without asking any server.
type Shape struct {
	Kind    Kind
	Origin  Origin
	Problem Problem

	// Certain is false where the form is only observed (Atlassian's tokens) or
	// the finding is a guess from the form.
	Certain bool

	// Trimmed is the secret after repairing white space, quotes and a scheme in
	// front; the secret itself when there was nothing to repair. It is a secret.
	Trimmed string

	// Detail says what was found, as a sentence with facts such as lengths and
	// never with a part of the secret. Empty when there is no problem.
	Detail string
}

// Good tells that the secret is a whole secret of Pail. It may still be unknown,
// expired or revoked.
func (s Shape) Good() bool { return s.Origin == OriginPail && s.Problem == None }

// Reason is what a Pail server refuses the secret with, if the form alone is
// reason enough; ok is false for a good one.
func (s Shape) Reason() (code reason.Code, ok bool) {
	switch s.Problem {
	case Empty:
		return reason.TokenEmpty, true
	case NotExpanded, Masked:
		return reason.TokenNotExpanded, true
	case Prefixed:
		return reason.HeaderSchemeTwice, true
	case Whitespace, Quoted:
		return reason.TokenWhitespace, true
	}
	if s.Origin != OriginPail && s.Origin != OriginUnknown {
		return reason.CredentialForeignProduct, true
	}
	switch s.Problem {
	case Truncated:
		return reason.TokenTruncated, true
	case Mistyped, Surplus:
		return reason.TokenMistyped, true
	case Unrecognised:
		return reason.CredentialPasswordNotAccepted, true
	}
	return "", false
}

// Inspect tells the kind, the origin and the damage of a secret. It takes any
// text and does not allocate for a good one.
func Inspect(secret string) Shape {
	if whole(secret) {
		return Shape{Kind: formOf(secret).kind, Origin: OriginPail, Certain: true, Trimmed: secret}
	}
	return inspectDamaged(secret)
}

// whole tells whether nothing is wrong with the form of a secret of Pail.
func whole(secret string) bool {
	f := formOf(secret)
	return f != nil && len(secret) == f.length() && crcFits(secret) && isAlnum(secret)
}

// formOf finds the form by the prefix; nil when there is none.
func formOf(secret string) *form {
	if len(secret) < prefixLen {
		return nil
	}
	for i := 1; i < len(forms); i++ {
		if secret[:prefixLen] == forms[i].prefix {
			return &forms[i]
		}
	}
	return nil
}

func isAlnum(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !('0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z') {
			return false
		}
	}
	return true
}

// inspectDamaged looks for what hides the secret first (a placeholder, white
// space, quotes) and then at what is inside.
func inspectDamaged(secret string) Shape {
	if d := placeholder(secret); d.problem != None {
		return Shape{Problem: d.problem, Trimmed: secret, Detail: d.detail, Certain: true}
	}
	inner, d := unwrap(secret)
	if inner == "" {
		s := Shape{Problem: Empty, Certain: true, Detail: "The secret is empty."}
		if secret != "" {
			s.Detail = "The secret holds nothing but white space and quotation marks."
		}
		return s
	}
	if d.problem != None {
		if p := placeholder(inner); p.problem != None {
			return Shape{Problem: p.problem, Trimmed: inner, Detail: p.detail, Certain: true}
		}
	}
	s := identify(inner)
	s.Trimmed = inner
	if d.problem == None {
		return s
	}
	// A damage inside weighs more: to remove the white space would not help.
	if s.Problem == None || s.Problem == Unrecognised {
		s.Problem, s.Detail, s.Certain = d.problem, d.detail, true
	} else {
		s.Detail += " " + d.detail
	}
	return s
}

// identify looks at a text without anything around it.
func identify(secret string) Shape {
	if f := formOf(secret); f != nil {
		return identifyPail(secret, f)
	}
	// By the checksum first: an app password of Pail with one wrong character at
	// its beginning could pass for one of Bitbucket Cloud's.
	if s, ok := identifyByTail(secret); ok {
		return s
	}
	if s, ok := identifyForeign(secret); ok {
		return s
	}
	return Shape{
		Problem: Unrecognised,
		Detail:  fmt.Sprintf("A text of %s that has the form of no token: a password, or the name of a token.", count(secret)),
	}
}

// identifyPail judges a secret that begins like one of Pail's.
func identifyPail(secret string, f *form) Shape {
	s := Shape{Kind: f.kind, Origin: OriginPail, Certain: true}
	want := f.length()
	switch {
	case len(secret) < want:
		s.Problem = Truncated
		s.Detail = fmt.Sprintf("%d of the %d characters of %s arrived: the end is missing.", len(secret), want, article(f.name))
	case len(secret) > want && crcFits(secret[:want]):
		s.Problem = Surplus
		s.Detail = fmt.Sprintf("A whole %s is there, and %d more behind it.", f.name, len(secret)-want)
	case len(secret) > want:
		s.Problem = Mistyped
		s.Detail = fmt.Sprintf("There are %d characters; %s has %d, and the checksum does not fit.", len(secret), article(f.name), want)
	case !crcFits(secret) || !isAlnum(secret):
		s.Problem = Mistyped
		s.Detail = fmt.Sprintf("The length of %d is right, but the checksum does not fit: a character is wrong.", want)
		if crcFits(secret[:want-crcLen] + strings.ToUpper(secret[want-crcLen:])) {
			s.Detail = "Capital letters were made small: the checksum at the end is in small letters."
		}
	}
	return s
}

// identifyByTail finds a secret of Pail's whose first characters are lost or
// wrong: with the right prefix the checksum fits.
func identifyByTail(secret string) (Shape, bool) {
	if len(secret) <= crcLen || !isAlnum(secret) {
		return Shape{}, false
	}
	for i := 1; i < len(forms); i++ {
		f := &forms[i]
		lost := f.length() - len(secret)
		switch {
		case lost >= 1 && lost <= prefixLen && strings.HasPrefix(secret, f.prefix[lost:]) && crcFits(f.prefix[:lost]+secret):
			return Shape{
				Kind: f.kind, Origin: OriginPail, Problem: Truncated, Certain: true,
				Detail: fmt.Sprintf("%d of %d characters arrived: the beginning is missing.", len(secret), f.length()),
			}, true
		case lost == 0 && crcFits(f.prefix+secret[prefixLen:]):
			return Shape{
				Kind: f.kind, Origin: OriginPail, Problem: Mistyped, Certain: true,
				Detail: fmt.Sprintf("The first %d characters are not those of any kind of token, but the rest is whole.", prefixLen),
			}, true
		}
	}
	return Shape{}, false
}

func count(s string) string {
	if n := len(s); n != 1 {
		return fmt.Sprintf("%d characters", n)
	}
	return "1 character"
}

func article(name string) string {
	if strings.IndexByte("aeiouAEIO", name[0]) >= 0 {
		return "an " + name
	}
	return "a " + name
}
