package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/doctor/doctortest"
)

// diagnosis is a report as a program reads it.
type diagnosis struct {
	Verdict  string
	Findings []struct {
		Reason, Certainty, Title, Evidence, Doc string
		Fix                                     struct{ Text, Command string }
	}
}

func diagnose(t *testing.T, out string) diagnosis {
	t.Helper()
	var d diagnosis
	if err := json.Unmarshal([]byte(out), &d); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return d
}

func saved(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "seen.txt")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestDoctor: every form that needs no reader of its own, with its exit code and its first finding.
func TestDoctor(t *testing.T) {
	kit := doctortest.Bitbucket()
	const refused = "HTTP/2 401\r\nserver: AtlassianEdge\r\n\r\n{\"type\": \"error\", \"error\": {\"message\": \"Token is invalid, expired, or not supported for this endpoint.\"}}\n"
	const good = "HTTP/2 200\r\nserver: AtlassianEdge\r\nx-oauth-scopes: read:user:bitbucket\r\n\r\n{}\n"
	const cloned = "fatal: could not read Username for 'https://bitbucket.org': terminal prompts disabled\n"
	for _, test := range []struct {
		name, stdin string
		args        []string
		code        int
		first       string
	}{
		{"right", kit.APIToken, []string{"--email", kit.Email, "--token-stdin", "GET", "/2.0/user"}, 0, ""},
		{"right, a newline from the shell", kit.APIToken + "\n", []string{"--email", kit.Email, "--token-stdin"}, 0, ""},
		{"small letters", kit.APIToken, []string{"--email", kit.Email, "--token-stdin", "get", "/2.0/user"}, 0, ""},
		{"username", kit.APIToken, []string{"--email", "janedoe", "--token-stdin", "GET", "/2.0/user"}, 1, "credential.email_required"},
		{"a newline in the file", kit.APIToken + "\r\n", []string{"--email", kit.Email, "--token-stdin"}, 1, "token.whitespace"},
		{"no token", "", []string{"--email", kit.Email, "--token-stdin"}, 1, "token.empty"},
		{"Data Center", kit.APIToken, []string{"--email", kit.Email, "--token-stdin", "GET", "/2.0/workspaces/acme/projects/FTO/permissions/groups"}, 1, "path.data_center"},
		{"whole address", kit.APIToken, []string{"--email", kit.Email, "--token-stdin", "GET", "https://bitbucket.org/2.0/user"}, 1, "host.website"},
		{"Pail's token, no API named", doctortest.PailToken, []string{"--email", kit.Email, "--token-stdin", "GET", "/2.0/user"}, 0, ""},
		{"Pail's token, its API", doctortest.PailToken, []string{"--email", kit.Email, "--token-stdin", "--api", "https://pail.example.com/2.0", "GET", "/user"}, 0, ""},
		{"Atlassian's token at a Pail", kit.APIToken, []string{"--email", kit.Email, "--token-stdin", "--api", "https://pail.example.com/2.0"}, 1, "credential.foreign_product"},
		{"path alone", "", []string{"GET", "/2.0/workspaces"}, 1, "path.removed"},
		{"answer, right before it", kit.APIToken, []string{"--email", kit.Email, "--token-stdin", "GET", "/2.0/user", "--response", saved(t, refused)}, 2, "token.refused"},
		{"answer explains nothing new", kit.APIToken, []string{"--email", "janedoe", "--token-stdin", "GET", "/2.0/user", "--response", saved(t, refused)}, 1, "credential.email_required"},
		{"answer alone", refused, []string{"response"}, 2, "token.refused"},
		{"answer in a file", "", []string{"response", saved(t, "HTTP/1.1 400 Bad Request\r\nserver: envoy\r\ncontent-length: 0\r\n\r\n")}, 1, "header.line_break"},
		{"a good answer", good, []string{"response"}, 0, ""},
		{"a good answer by flag", good, []string{"--response", "-"}, 0, ""},
		{"output", cloned, []string{"--output", "-"}, 1, "credential.missing"},
		{"output in a file", "", []string{"--output", saved(t, cloned)}, 1, "credential.missing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := command(t, test.stdin, append([]string{"doctor", "--json"}, test.args...)...)
			d := diagnose(t, r.out)
			first := ""
			if len(d.Findings) > 0 {
				first = d.Findings[0].Reason
			}
			if r.code != test.code || first != test.first || r.err != "" {
				t.Errorf("exit code %d, %q first, want %d, %q\n%s%s", r.code, first, test.code, test.first, r.out, r.err)
			}
			if want := []string{"clean", "faults", "unknown"}[test.code]; d.Verdict != want {
				t.Errorf("verdict %s, want %s", d.Verdict, want)
			}
			words := command(t, test.stdin, append([]string{"doctor"}, test.args...)...)
			if words.code != r.code || !strings.Contains(words.out, first) || strings.Contains(words.out, "\x1b") {
				t.Errorf("as text: exit code %d\n%s", words.code, words.out)
			}
			for _, out := range []string{r.out, words.out} {
				for _, secret := range []string{kit.APIToken, doctortest.PailToken} {
					if strings.Contains(out, secret[:13]) || strings.Contains(out, secret[30:43]) {
						t.Errorf("the secret is told:\n%s", out)
					}
				}
			}
		})
	}
}

// TestDoctorJSON: the shape that is promised.
func TestDoctorJSON(t *testing.T) {
	kit := doctortest.Bitbucket()
	r := command(t, kit.APIToken, "doctor", "--json", "--email", "janedoe", "--token-stdin", "GET", "/2.0/user")
	d := diagnose(t, r.out)
	x := d.Findings[0]
	if d.Verdict != "faults" || x.Certainty != "certain" || x.Title == "" || x.Evidence == "" || x.Fix.Text == "" ||
		x.Fix.Command != `curl --user "$EMAIL:$TOKEN" 'https://api.bitbucket.org/2.0/user'` || x.Doc != "/docs/errors/credential.email_required" {
		t.Errorf("%+v", d)
	}
	r = command(t, kit.APIToken, "doctor", "--json", "--email", kit.Email, "--token-stdin")
	if !strings.Contains(r.out, `"findings": []`) {
		t.Errorf("no findings are %s", r.out)
	}
}

// TestDoctorMisused: a mistake in the call ends with 2, and says so on standard error.
func TestDoctorMisused(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		says string
	}{
		"one word":           {[]string{"frobnicate"}, "no form \"frobnicate\""},
		"a secret as a word": {[]string{doctortest.PailToken}, "no form"},
		"method alone":       {[]string{"--email", "x", "--token-stdin", "GET"}, "a method and a path"},
		"no such file":       {[]string{"--response", filepath.Join(t.TempDir(), "none")}, "none"},
		"empty answer":       {[]string{"response"}, "nothing was read"},
		"standard input":     {[]string{"--email", "x", "--token-stdin", "--response", "-"}, "standard input holds the token"},
		"twice":              {[]string{"--output", "-", "--response", "-"}, "cannot both be standard input"},
		"two answers":        {[]string{"response", "--response", "x"}, "leave one out"},
		"unknown flag":       {[]string{"--frob"}, "unknown flag"},
	} {
		t.Run(name, func(t *testing.T) {
			r := command(t, "", append([]string{"doctor"}, test.args...)...)
			if r.code != 2 || !strings.Contains(r.err, test.says) || r.out != "" || strings.Contains(r.err, doctortest.PailToken[:13]) {
				t.Errorf("exit code %d\n%s%s", r.code, r.out, r.err)
			}
		})
	}
}
