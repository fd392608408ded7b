package reason

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// declared reads the constants of codes.go, so that none can be left without words.
func declared(t *testing.T) map[Code]bool {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	codes := map[Code]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for _, v := range spec.Values {
			s, err := strconv.Unquote(v.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			codes[Code(s)] = true
		}
		return true
	})
	return codes
}

func TestEveryCodeHasItsWords(t *testing.T) {
	codes := declared(t)
	if len(codes) < 60 {
		t.Fatalf("only %d codes found in codes.go", len(codes))
	}
	seen := map[Code]bool{}
	for _, r := range All() {
		if seen[r.Code] {
			t.Errorf("%s stands in the table twice", r.Code)
		}
		seen[r.Code] = true
		if !codes[r.Code] {
			t.Errorf("%s is in the table, but is no constant", r.Code)
		}
	}
	for c := range codes {
		if !seen[c] {
			t.Errorf("%s has no words", c)
		}
		if r, ok := Lookup(c); !ok || r.Code != c {
			t.Errorf("Lookup(%s) = %v, %v", c, r.Code, ok)
		}
	}
}

func TestWords(t *testing.T) {
	form := regexp.MustCompile(`^[a-z]+(_[a-z]+)*\.[a-z0-9]+(_[a-z0-9]+)*$`)
	placeholder := regexp.MustCompile(`\{[a-z_]+\}`)
	for _, r := range All() {
		t.Run(string(r.Code), func(t *testing.T) {
			if !form.MatchString(string(r.Code)) {
				t.Errorf("the code has another form")
			}
			if r.Title == "" || len(r.Title) > 60 || strings.HasSuffix(r.Title, ".") {
				t.Errorf("title %q", r.Title)
			}
			if !r.Local() && (r.Status < 400 || r.Status > 599) && r.Code != RepositoryMoved {
				t.Errorf("status %d", r.Status)
			}
			if r.Local() != (r.Message == "") {
				t.Errorf("a status of %d with the message %q", r.Status, r.Message)
			}
			if r.Why == "" || len(r.Fix) == 0 || len(r.See) == 0 {
				t.Errorf("an empty part: %+v", r)
			}
			if n := len(regexp.MustCompile(`[.!?]( |$)`).FindAllString(r.Why, -1)); n < 1 || n > 3 {
				t.Errorf("Why has %d sentences", n)
			}
			for _, c := range r.See {
				if _, ok := Lookup(c); !ok || c == r.Code {
					t.Errorf("See names %q", c)
				}
			}
			for _, s := range r.Steps("https://pail.example.com") {
				if strings.Contains(s, "{base}") || strings.Count(s, "`")%2 != 0 {
					t.Errorf("step %q", s)
				}
			}
			for _, s := range []string{r.Why, r.Title, r.Message} {
				if strings.Contains(s, "{base}") {
					t.Errorf("%q would show {base}", s)
				}
			}
			for _, p := range placeholder.FindAllString(r.Message, -1) {
				name := strings.Trim(p, "{}")
				if got := r.MessageWith(name, "acme"); strings.Contains(got, p) || !strings.Contains(got, "acme") {
					t.Errorf("MessageWith(%q) = %q", name, got)
				}
			}
		})
	}
}

// The messages that clients match on are Bitbucket Cloud's own.
func TestMessagesOfBitbucketCloud(t *testing.T) {
	const token = "Token is invalid, expired, or not supported for this endpoint."
	for c, want := range map[Code]string{
		CredentialBearerNotAccepted: token,
		CredentialEmailRequired:     token,
		TokenExpired:                token,
		TokenRevoked:                token,
		CredentialUnknown:           token,
		ScopeMissing:                "Your credentials lack one or more required privilege scopes.",
		CredentialKindNotAccepted:   "This API is not accessible by this authentication mechanism",
		RateLimited:                 "Rate limit for this resource has been exceeded",
		PathVersionMissing:          "Forbidden",
		WorkspaceForbidden:          "You do not have access to view this workspace.",
		AppPasswordDisabled:         "App passwords are deprecated and must be replaced with API tokens.",
		PathRemoved:                 "CHANGE-2770 - Functionality has been deprecated",
	} {
		if got := Of(c).Message; got != want {
			t.Errorf("%s: %q, want %q", c, got, want)
		}
	}
	if got := Of(WorkspaceNotFound).MessageWith("workspace", "x"); got != "No workspace with identifier 'x'." {
		t.Errorf("workspace: %q", got)
	}
}

func TestLookupOfNothing(t *testing.T) {
	if _, ok := Lookup("no.such_code"); ok {
		t.Error("found a code that does not exist")
	}
	if got := Of("no.such_code").Code; got != ServerFault {
		t.Errorf("Of = %s", got)
	}
	if got := HeaderLineBreak.DocPath(); got != "/docs/errors/header.line_break" {
		t.Errorf("DocPath = %s", got)
	}
	if got := AppPasswordDisabled.Family(); got != "app_password" {
		t.Errorf("Family = %s", got)
	}
	all := All()
	all[0].Code = "changed"
	if All()[0].Code == "changed" {
		t.Error("All hands out the table itself")
	}
}
