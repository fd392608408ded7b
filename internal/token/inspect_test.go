package token

import (
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/reason"
)

// Made up, in the form of Atlassian's.
var (
	cloudAPI    = "ATATT3xFfGF0" + strings.Repeat("aB3_-", 34) + "c=0123ABCD"
	cloudAccess = "ATCTT3xFfGN0" + strings.Repeat("aB3_-", 34) + "c="
	cloudApp    = "ATBB" + strings.Repeat("aB3d", 6) + "0123ABCD"
)

func TestInspect(t *testing.T) {
	good := Mint(APIToken)
	access := Mint(AccessToken)
	sum := appendCRC([]byte(cloudAccess))
	cases := map[string]struct {
		secret  string
		kind    Kind
		origin  Origin
		problem Problem
		code    reason.Code
		detail  string // a part of it
		trimmed string // when not the secret
	}{
		"good":               {secret: good, kind: APIToken, origin: OriginPail},
		"cut":                {secret: good[:40], kind: APIToken, origin: OriginPail, problem: Truncated, code: reason.TokenTruncated, detail: "40 of the 57"},
		"cut in front":       {secret: access[3:], kind: AccessToken, origin: OriginPail, problem: Truncated, code: reason.TokenTruncated, detail: "beginning"},
		"wrong character":    {secret: good[:20] + swap(good[20]) + good[21:], kind: APIToken, origin: OriginPail, problem: Mistyped, code: reason.TokenMistyped, detail: "a character is wrong"},
		"wrong prefix":       {secret: "ATXTP1" + good[6:], kind: APIToken, origin: OriginPail, problem: Mistyped, code: reason.TokenMistyped, detail: "first 6"},
		"something behind":   {secret: good + "xyz", kind: APIToken, origin: OriginPail, problem: Surplus, code: reason.TokenMistyped, detail: "3 more"},
		"longer and wrong":   {secret: good[:20] + "xyz" + good[20:], kind: APIToken, origin: OriginPail, problem: Mistyped, code: reason.TokenMistyped, detail: "60 characters"},
		"newline":            {secret: good + "\n", kind: APIToken, origin: OriginPail, problem: Whitespace, code: reason.TokenWhitespace, detail: "a newline (LF) at the end", trimmed: good},
		"windows line end":   {secret: good + "\r\n", kind: APIToken, origin: OriginPail, problem: Whitespace, code: reason.TokenWhitespace, detail: "CR LF", trimmed: good},
		"carriage return":    {secret: good + "\r", kind: APIToken, origin: OriginPail, problem: Whitespace, code: reason.TokenWhitespace, detail: "(CR) at the end", trimmed: good},
		"space in front":     {secret: " " + good, kind: APIToken, origin: OriginPail, problem: Whitespace, code: reason.TokenWhitespace, detail: "a space at the beginning", trimmed: good},
		"spaces around":      {secret: "  " + good + " ", kind: APIToken, origin: OriginPail, problem: Whitespace, code: reason.TokenWhitespace, detail: "spaces at both ends", trimmed: good},
		"byte order mark":    {secret: "\uFEFF" + good, kind: APIToken, origin: OriginPail, problem: Whitespace, code: reason.TokenWhitespace, detail: "invisible", trimmed: good},
		"escape":             {secret: good + `\n`, kind: APIToken, origin: OriginPail, problem: Whitespace, code: reason.TokenWhitespace, detail: `\n`, trimmed: good},
		"break inside":       {secret: good[:30] + "\n" + good[30:], kind: APIToken, origin: OriginPail, problem: Whitespace, code: reason.TokenWhitespace, detail: "inside", trimmed: good},
		"double quotes":      {secret: `"` + good + `"`, kind: APIToken, origin: OriginPail, problem: Quoted, code: reason.TokenWhitespace, detail: "Quotation", trimmed: good},
		"single quotes":      {secret: `'` + good + `'`, kind: APIToken, origin: OriginPail, problem: Quoted, code: reason.TokenWhitespace, trimmed: good},
		"typographic quotes": {secret: "“" + good + "”", kind: APIToken, origin: OriginPail, problem: Quoted, code: reason.TokenWhitespace, trimmed: good},
		"quotes and newline": {secret: "\"" + good + "\"\n", kind: APIToken, origin: OriginPail, problem: Whitespace, code: reason.TokenWhitespace, trimmed: good},
		"cut and newline":    {secret: good[:30] + "\n", kind: APIToken, origin: OriginPail, problem: Truncated, code: reason.TokenTruncated, detail: "newline", trimmed: good[:30]},
		"scheme in front":    {secret: "Bearer " + good, kind: APIToken, origin: OriginPail, problem: Prefixed, code: reason.HeaderSchemeTwice, trimmed: good},
		"empty":              {secret: "", problem: Empty, code: reason.TokenEmpty},
		"blank":              {secret: " \n", problem: Empty, code: reason.TokenEmpty, trimmed: "-"},
		"quotes only":        {secret: `""`, problem: Empty, code: reason.TokenEmpty, trimmed: "-"},
		"shell variable":     {secret: "$TOKEN", problem: NotExpanded, code: reason.TokenNotExpanded, detail: "shell variable"},
		"braces":             {secret: "${BITBUCKET_TOKEN}", problem: NotExpanded, code: reason.TokenNotExpanded},
		"pipeline":           {secret: "${{ secrets.TOKEN }}", problem: NotExpanded, code: reason.TokenNotExpanded, detail: "pipeline"},
		"command":            {secret: "$(cat token.txt)", problem: NotExpanded, code: reason.TokenNotExpanded},
		"windows variable":   {secret: "%TOKEN%", problem: NotExpanded, code: reason.TokenNotExpanded},
		"example":            {secret: "<token>", problem: NotExpanded, code: reason.TokenNotExpanded},
		"template":           {secret: "{{token}}", problem: NotExpanded, code: reason.TokenNotExpanded},
		"quoted variable":    {secret: `"$TOKEN"`, problem: NotExpanded, code: reason.TokenNotExpanded},
		"undefined":          {secret: "undefined", problem: NotExpanded, code: reason.TokenNotExpanded, detail: "JavaScript"},
		"null":               {secret: "null", problem: NotExpanded, code: reason.TokenNotExpanded},
		"None":               {secret: "None", problem: NotExpanded, code: reason.TokenNotExpanded},
		"object":             {secret: "[object Object]", problem: NotExpanded, code: reason.TokenNotExpanded},
		"stars":              {secret: "********", problem: Masked, code: reason.TokenNotExpanded},
		"stars inside":       {secret: good[:6] + "****" + good[50:], problem: Masked, code: reason.TokenNotExpanded},
		"password":           {secret: "correct horse battery", problem: Unrecognised, code: reason.CredentialPasswordNotAccepted},
		"short password":     {secret: "hunter2", problem: Unrecognised, code: reason.CredentialPasswordNotAccepted},
		"dollar in password": {secret: "pa$$word!", problem: Unrecognised, code: reason.CredentialPasswordNotAccepted},
		"cloud API token":    {secret: cloudAPI, kind: APIToken, origin: OriginAtlassian, code: reason.CredentialForeignProduct},
		"cloud access token": {secret: string(sum), kind: AccessToken, origin: OriginAtlassian, code: reason.CredentialForeignProduct},
		"cloud access wrong": {secret: cloudAccess + "00000000", kind: AccessToken, origin: OriginAtlassian, problem: Mistyped, code: reason.CredentialForeignProduct},
		"cloud API cut":      {secret: cloudAPI[:100], kind: APIToken, origin: OriginAtlassian, problem: Truncated, code: reason.CredentialForeignProduct, detail: "100 characters"},
		"cloud API surplus":  {secret: cloudAPI + "zz", kind: APIToken, origin: OriginAtlassian, problem: Surplus, code: reason.CredentialForeignProduct},
		"cloud app password": {secret: cloudApp, kind: AppPassword, origin: OriginAtlassian, code: reason.CredentialForeignProduct},
		"data center":        {secret: "BBDC-MDEyMzQ1Njc4OTAxOg", kind: AccessToken, origin: OriginDataCenter, code: reason.CredentialForeignProduct},
		"github":             {secret: "ghp_" + strings.Repeat("a", 36), kind: APIToken, origin: OriginGitHub, code: reason.CredentialForeignProduct},
		"gitlab":             {secret: "glpat-" + strings.Repeat("a", 20), kind: APIToken, origin: OriginGitLab, code: reason.CredentialForeignProduct},
		"web token":          {secret: "eyJhbGciOiJIUzI1NiJ9.e30.c2ln", kind: OAuthAccess, origin: OriginJWT, code: reason.CredentialForeignProduct},
		"foreign in quotes":  {secret: `"` + cloudAPI + `"`, kind: APIToken, origin: OriginAtlassian, problem: Quoted, code: reason.TokenWhitespace, trimmed: cloudAPI},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := Inspect(c.secret)
			code, refused := s.Reason()
			if s.Kind != c.kind || s.Origin != c.origin || s.Problem != c.problem || code != c.code || refused != (c.code != "") {
				t.Errorf("%v/%v/%v/%s, want %v/%v/%v/%s (%s)", s.Kind, s.Origin, s.Problem, code, c.kind, c.origin, c.problem, c.code, s.Detail)
			}
			if (s.Problem == None) != (s.Detail == "") || !strings.Contains(s.Detail, c.detail) {
				t.Errorf("detail %q", s.Detail)
			}
			want := c.trimmed
			switch want {
			case "":
				want = c.secret
			case "-":
				want = ""
			}
			if c.problem != NotExpanded && c.problem != Masked && s.Trimmed != want {
				t.Errorf("trimmed %q, want %q", s.Trimmed, want)
			}
		})
	}
}

func TestNames(t *testing.T) {
	for k := range Kind(20) {
		if k.String() == "" {
			t.Errorf("kind %d", k)
		}
	}
	for p := range Problem(20) {
		if p.String() == "" {
			t.Errorf("problem %d", p)
		}
	}
	for o := range Origin(20) {
		if o.String() == "" {
			t.Errorf("origin %d", o)
		}
	}
}

func swap(c byte) string {
	if c == 'x' {
		return "y"
	}
	return "x"
}

// leaks tells whether a text holds eight characters of the secret in a row.
func leaks(text, secret string) bool {
	for i := 0; i+8 <= len(secret); i++ {
		if strings.Contains(text, secret[i:i+8]) {
			return true
		}
	}
	return false
}

func FuzzInspect(f *testing.F) {
	good := Mint(APIToken)
	for _, s := range []string{
		"", good, good[:30], good + "\n", `"` + good + `"`, "Bearer " + good, good[:20] + " " + good[20:], good[2:],
		"$TOKEN", "${{ secrets.X }}", "undefined", "****", cloudAPI, cloudAccess, cloudApp, "BBDC-x", "ghp_x", "eyJ.a.b", "\"", "\\n", "\ufeff", "\x00\xff",
	} {
		f.Add(s, uint16(7))
	}
	f.Fuzz(func(t *testing.T, s string, at uint16) {
		shape := Inspect(s)
		if (shape.Problem == None) != (shape.Detail == "") {
			t.Errorf("problem %v with detail %q", shape.Problem, shape.Detail)
		}
		if code, refused := shape.Reason(); refused == shape.Good() {
			t.Errorf("good %v, refused %v with %s", shape.Good(), refused, code)
		} else if _, ok := reason.Lookup(code); refused && !ok {
			t.Errorf("no such reason: %q", code)
		}
		if shape.Problem != NotExpanded && shape.Problem != Masked {
			if again := Inspect(shape.Trimmed); again.Trimmed != shape.Trimmed {
				t.Errorf("trimming once gives %q, twice %q", shape.Trimmed, again.Trimmed)
			}
		}
		// A secret with any text put into it does not come back in the detail.
		cut := int(at) % len(good)
		if shape := Inspect(good[:cut] + s + good[cut:]); leaks(shape.Detail, good) {
			t.Errorf("the detail tells the secret: %q", shape.Detail)
		}
		Mask(s)
	})
}
