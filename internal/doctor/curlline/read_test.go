package curlline

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/reason"
)

// show writes cases so that a table can hold them: one line each, with what is not a default, and the notes behind it.
func show(cases []doctor.Case) string {
	var b strings.Builder
	value := func(v doctor.Value) string {
		s := fmt.Sprintf("%q", v.Text)
		if v.Open {
			s += "?"
		}
		return s
	}
	for _, c := range cases {
		fmt.Fprintf(&b, "%s %s", c.Method, value(c.URL))
		for _, h := range c.Header {
			fmt.Fprintf(&b, " %s=%s", h.Name, value(h.Value))
		}
		if l := c.Login; l != nil {
			fmt.Fprintf(&b, " %s(%s,%s)", l.From, value(l.User), value(l.Secret))
			if l.Bearer {
				b.WriteString("bearer")
			}
		}
		for _, flag := range []struct {
			is   bool
			name string
		}{{c.Redirects && !c.Trusts, " follows"}, {c.Trusts, " trusts"}, {!c.Globs, " noglob"}, {!c.HTTP2, " h1"}} {
			if flag.is {
				b.WriteString(flag.name)
			}
		}
		for _, n := range c.Notes {
			fmt.Fprintf(&b, " [%s %s @%s]", n.Reason, n.Certainty, n.Place)
		}
		b.WriteString("\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

const api = "https://api.bitbucket.org/2.0"

// TestLine is what people paste, and what it means.
func TestLine(t *testing.T) {
	files := map[string]string{
		"/home/a/.netrc":   "machine api.bitbucket.org login me@example.com password s3cret\n",
		"/home/b/.curlrc":  "user = a:b\n",
		"/home/c/.netrc":   "machine https://api.bitbucket.org login a password b\n",
		"ci.curlrc":        "# login\nuser = \"me@example.com:s3cret\"\nheader = \"X-A: 1\"\nnosuch = 1\n",
		"self":             "config = self\nurl = " + api + "/user\n",
		"/home/d/.netrc":   "",
		"/home/none/token": "no",
	}
	for _, c := range []struct {
		name, env, line, want string
	}{
		{"known", "EMAIL=a@b.c TOKEN=t", `curl -u "$EMAIL:$TOKEN" API/user`, `GET "API/user" -u("a@b.c","t")`},
		{"not set", "EMAIL=a@b.c", `curl -u "$EMAIL:$TOKEN" API/user`, `GET "API/user" -u("a@b.c","$TOKEN"?) [value.not_expanded possible @$TOKEN]`},
		{"set, but empty", "EMAIL=a@b.c TOKEN=", `curl -u "$EMAIL:$TOKEN" API/user`, `GET "API/user" -u("a@b.c","")`},
		{"one variable", "", `curl -u "$LOGIN" API/user`, `GET "API/user" -u("$LOGIN"?,""?) [value.not_expanded possible @$LOGIN]`},
		{"single quotes", "EMAIL=a@b.c", `curl -u '$EMAIL:x' API/user`, `GET "API/user" -u("$EMAIL","x")`},
		{"part of the address", "", `curl -u a:b API/repositories/$WS/${REPO}/x`, `GET "API/repositories/$WS/$REPO/x"? -u("a","b") [value.not_expanded possible @$WS, $REPO]`},
		{"base address", "", `curl -u a:b "$BASE/user"`, `GET "$BASE/user"? -u("a","b") [value.not_expanded possible @$BASE]`},
		{"a default", "", `curl -u "a:${T:-none}" API/user`, `GET "API/user" -u("a","none")`},
		{"set too late", "", `TOKEN=x curl -u "a:$TOKEN" API/user`, `GET "API/user" -u("a","$TOKEN"?) [value.not_expanded likely @$TOKEN]`},
		{"the recipe, open", "", `curl -H "Authorization: Basic $(echo -n "$E:$T" | base64)" API/user`, `GET "API/user" Authorization="Basic $(…)"? [value.not_expanded possible @$E, $T]`},
		{"the recipe, known", "E=a T=b", `curl -H "Authorization: Basic $(echo -n "$E:$T" | base64)" API/user`, `GET "API/user" Authorization="Basic YTpi"`},
		{"the recipe without quotes", "E=a T=" + strings.Repeat("x", 60), `curl -H "Authorization: Basic "$(echo -n "$E:$T" | base64) API/user`,
			`GET "API/user" Authorization="Basic YTp4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4\neHh4eHg="`},
		{"openssl", "E=a T=" + strings.Repeat("x", 60), `curl -H "Authorization: Basic $(printf '%s:%s' $E $T | openssl base64 -A)" API/user`,
			`GET "API/user" Authorization="Basic YTp4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg="`},
		{"another command", "", `curl -u "a:$(pass show bitbucket)" API/user`, `GET "API/user" -u("a","$(…)"?) [value.not_evaluated possible @$(…)]`},
		{"a file", "", `curl -H "Authorization: Bearer $(cat token)" API/user`, `GET "API/user" Authorization="Bearer $(…)"? [value.not_evaluated possible @$(…)]`},
		{"a header in a variable", "", `curl -H "$AUTH" API/user`, `GET "API/user" Authorization="$AUTH"? [value.not_expanded possible @$AUTH]`},
		{"data is not kept", "", `curl -u a:b -d "$(cat body)" API/user`, `POST "API/user" -u("a","b")`},
		{"read", "T=x", `read -r T; curl -u a:$T API/user`, `GET "API/user" -u("a","$T"?) [value.not_expanded possible @$T]`},
		{"a loop", "", `for r in a b; do curl -u a:b API/repositories/x/$r; done`, `GET "API/repositories/x/$r"? -u("a","b") [value.not_expanded possible @$r]`},
		{"curl inside", "", `ID=$(curl -su a:b API/user | jq -r .uuid); curl -u a:b API/users/$ID`, "GET \"API/user\" -u(\"a\",\"b\")\nGET \"API/users/$(…)\"? -u(\"a\",\"b\")"},
		{"two requests", "", `curl -u a:b API/user --next -X DELETE API/x`, "GET \"API/user\" -u(\"a\",\"b\")\nDELETE \"API/x\""},
		{"the flags", "", `curl -gL --http1.1 -u a:b API/user`, `GET "API/user" -u("a","b") follows noglob h1`},
		{"trusted", "", `curl --location-trusted -u a:b API/user`, `GET "API/user" -u("a","b") trusts`},

		{"no quotes", "", `curl -H Authorization: Basic YTpi API/user`, `GET "API/user" Authorization="Basic YTpi" [client.command_line certain @the words]`},
		{"long dash", "", `curl –u a:b API/user`, `GET "API/user" -u("a","b") [client.command_line certain @the words]`},
		{"long dashes", "", `curl —user a:b API/user`, `GET "API/user" -u("a","b") [client.command_line certain @the words]`},
		{"typographic quotes", "", `curl -H “Authorization: Basic YTpi” API/user`, `GET "API/user" Authorization="Basic YTpi" [client.command_line certain @the quotes]`},
		{"no backslash", "", "curl API/user\n  -u a:b", `GET "API/user" -u("a","b") [client.command_line certain @line 2, the end of curl's words]`},
		{"a blank after it", "", "curl API/user \\ \n  -u a:b", `GET "API/user" -u("a","b") [client.command_line certain @line 2, the end of curl's words]`},
		{"ampersand", "", `curl API/x?a=1&b=2 -u a:b`, `GET "API/x?a=1" -u("a","b") [client.command_line certain @the end of curl's words]`},
		{"unknown option", "", `curl --token x -u a:b API/user`, `GET "API/user" -u("a","b") [client.command_line certain @--token]`},
		{"equals", "", `curl --user=a:b API/user`, `GET "API/user" --user("a","b") [client.command_line likely @--user]`},
		{"help in place of header", "", `curl -h "Authorization: Basic YTpi" API/user`, `GET "API/user" Authorization="Basic YTpi" [client.command_line certain @-h]`},
		{"no value", "", `curl API/user -u`, `GET "API/user" [client.command_line certain @-u]`},
		{"no secret", "", `curl -u me@example.com API/user`, `GET "API/user" -u("me@example.com",""?) [credential.missing possible @-u]`},
		{"proxy's login", "", `curl -U a:b API/user`, `GET "API/user" [credential.missing likely @-U]`},
		{"no colon", "", `curl -H "Authorization Basic YTpi" API/user`, `GET "API/user" [header.malformed certain @-H]`},
		{"digest", "", `curl --digest -u a:b API/user`, `GET "API/user" -u("a","b") [credential.missing certain @--digest]`},

		{".netrc", "HOME=/home/a", `curl -n API/user`, `GET "API/user" .netrc("me@example.com","s3cret")`},
		{".netrc not asked for", "HOME=/home/a", `curl API/user`, `GET "API/user" [credential.missing likely @the address]`},
		{".netrc not there", "HOME=/home/nobody", `curl -n API/user`, `GET "API/user" .netrc(""?,""?) [value.not_evaluated possible @/home/nobody/.netrc]`},
		{".netrc of another form", "HOME=/home/c", `curl -n API/user`, `GET "API/user" [credential.missing certain @/home/c/.netrc]`},
		{".curlrc", "HOME=/home/b", `curl API/user`, `GET "API/user" ~/.curlrc(""?,""?) [value.not_evaluated possible @~/.curlrc]`},
		{"options in a file", "", `curl -K ci.curlrc API/user`, `GET "API/user" X-A="1" --user("me@example.com","s3cret") [client.command_line certain @line 4 of ci.curlrc]`},
		{"a file that is not there", "", `curl -K none API/user`, `GET "API/user" -K none(""?,""?) [value.not_evaluated possible @-K]`},
		{"a file of itself", "", `curl -u a:b -K self`, strings.TrimSuffix(strings.Repeat("GET \"API/user\" -u(\"a\",\"b\")\n", maxDepth), "\n")},
		{"curl's variables", "T=tok", `curl --variable %T --variable e=me --expand-user '{{e}}:{{T:trim}}' API/user`, `GET "API/user" --expand-user("me","tok")`},
		{"curl's base64", "", `curl --variable x=a:b --expand-header 'Authorization: Basic {{x:b64}}' API/user`, `GET "API/user" Authorization="Basic YTpi"`},

		{"prompts", "", "$ curl -u a:b \\\n> API/user", `GET "API/user" -u("a","b")`},
		{"root's prompt", "", "# curl -u a:b API/user", `GET "API/user" -u("a","b")`},
		{"PowerShell's prompt", "", `PS C:\Users\me> curl.exe -u a:b API/user`, `GET "API/user" -u("a","b")`},
		{"cmd.exe", "", "C:\\>curl -u a:%T% ^\r\n  API/user", `GET "API/user" -u("a","%T%") [client.command_line possible @line ends]`},
		{"single quotes in cmd.exe", "", "curl -H 'Authorization: Basic YTpi' ^\n  API/user", `GET "API/user" Authorization="Basic YTpi" [client.command_line likely @the quotes]`},
		{"percent signs", "", `curl -H 'Authorization: Basic YTpi' 'API/x?q=%E2%80%9C'`, `GET "API/x?q=%E2%80%9C" Authorization="Basic YTpi"`},
		{"PowerShell goes on", "", "curl.exe -u a:b `\n  API/user", `GET "API/user" -u("a","b")`},
		{"from JSON", "", `curl -H \"Authorization: Basic YTpi\" API/user`, `GET "API/user" Authorization="Basic YTpi" [client.command_line possible @the quotes]`},
		{"YAML's quotes", "", `- "curl -H \"Authorization: Basic YTpi\" API/user"`, `GET "API/user" Authorization="Basic YTpi"`},
		{"YAML", "", `- run: curl -u a:b API/user`, `GET "API/user" -u("a","b")`},
		{"Dockerfile", "", `RUN apk add git && curl -u a:b API/user`, `GET "API/user" -u("a","b")`},
		{"Jenkinsfile", "", `sh 'curl -u a:b API/user'`, `GET "API/user" -u("a","b")`},
		{"in a container", "", `docker run --rm curlimages/curl -su a:b API/user`, `GET "API/user" -u("a","b")`},
		{"sudo", "", `sudo -u x /usr/bin/curl -u a:b API/user`, `GET "API/user" -u("a","b")`},
		{"installed first", "", `apt-get install -y curl jq; curl -u a:b API/user`, `GET "API/user" -u("a","b")`},
		{"spoken of", "", `echo "run curl API/x"; which curl; command -v curl; curl -u a:b API/user`, `GET "API/user" -u("a","b")`},
		{"Windows line ends", "", "T=x\r\ncurl -u a:$T API/user\r\n", `GET "API/user" -u("a","x") [client.command_line possible @line ends]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			cases, err := Line(t.Context(), strings.ReplaceAll(c.line, "API", api), Options{Env: strings.Fields(c.env), ReadFile: func(name string) ([]byte, error) {
				if text, ok := files[name]; ok {
					return []byte(text), nil
				}
				return nil, os.ErrNotExist
			}})
			if err != nil {
				t.Fatal(err)
			}
			if got := show(cases); got != strings.ReplaceAll(c.want, "API", api) {
				t.Errorf("%s\n got %s\nwant %s", c.line, got, strings.ReplaceAll(c.want, "API", api))
			}
		})
	}
}

func TestPlaces(t *testing.T) {
	cases, err := Line(t.Context(), "E=me@example.com\nA=$(echo -n \"$E:$T\" | base64)\ncurl -X GET \\\n -H \"Authorization: Basic $A\" \\\n "+api+"/user\n", Options{})
	if err != nil || len(cases) != 1 {
		t.Fatal(cases, err)
	}
	h := cases[0].Header[0].Value
	if h.Place != "line 4, -H Authorization" || h.Source != "\"Authorization: Basic $A\" with $(echo -n \"$E:$T\" | base64)" || !h.Open {
		t.Errorf("%+v", h)
	}
	if u := cases[0].URL; u.Place != "line 5, the address" || u.Source != "" {
		t.Errorf("%+v", u)
	}
}

// TestRefused: what cannot be read says why, and repeats nothing of the line.
func TestRefused(t *testing.T) {
	const secret = "ATATT3xFfGF0secret"
	for line, want := range map[string]string{
		``:                                     "no curl command",
		`ls ` + secret:                         "no curl command",
		`curl -u a:` + secret:                  "no address",
		`wget --user a ` + secret:              "wget is not read",
		`http -a a:` + secret + ` https://x`:   "http is not read",
		`git clone https://x:` + secret + `@y`: "git is not read",
		`Invoke-WebRequest -Uri https://x`:     "PowerShell",
		`curl -Uri https://x -Headers @{Authorization=` + secret: "Invoke-WebRequest",
		`curl -Uri https://x -Method GET ` + secret:              "Invoke-WebRequest",
		`curl -u "a:` + secret + ` https://x`:                    "a shell cannot read this: line 1, column 9",
		`curl ` + secret + `) https://x`:                         "a shell cannot read this",
		strings.Repeat("(", maxNesting+1):                        "too many brackets",
		strings.Repeat("x", maxInput+1):                          "longer than",
	} {
		_, err := Line(t.Context(), line, Options{})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "FfGF0") {
			t.Errorf("%.60q: %v, want %q", line, err, want)
		}
	}
}

// TestExec: nothing is run unless it is asked for, curl never, and what takes too long is ended.
func TestExec(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("skipped: the commands are those of a Unix system")
	}
	env := []string{"PATH=" + os.Getenv("PATH"), "T=tok"}
	for _, c := range []struct {
		line string
		exec bool
		want string
	}{
		{`curl -u "a:$(cat /dev/null; echo $T)" API`, false, `GET "API" -u("a","$(…)"?) h1 [value.not_evaluated possible @$(…)]`},
		{`curl -u "a:$(cat /dev/null; echo $T)" API`, true, `GET "API" -u("a","tok") h1`},
		{`curl -u "a:$(echo x | rev | tr x y)" API`, true, `GET "API" -u("a","y") h1`},
		{`curl -u "a:$(false)" API`, true, `GET "API" -u("a","$(…)"?) h1 [value.not_evaluated possible @$(…)]`},
		{`curl -u "a:$(sleep 60)" API`, true, `GET "API" -u("a","$(…)"?) h1 [value.not_evaluated possible @$(…)]`},
		{`curl -u "a:$(yes)" API`, true, `GET "API" -u("a","$(…)"?) h1 [value.not_evaluated possible @$(…)]`},
		{`curl -u "a:$(curl http://127.0.0.1:1/x; echo y)" API`, true, "GET \"http://127.0.0.1:1/x\" h1\nGET \"API\" -u(\"a\",\"$(…)\"?) h1"},
	} {
		cases, err := Line(t.Context(), strings.ReplaceAll(c.line, "API", "http://x/"), Options{Env: env, Exec: c.exec, ExecTime: 200 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		if got := show(cases); got != strings.ReplaceAll(c.want, "API", "http://x/") {
			t.Errorf("%s\n got %s\nwant %s", c.line, got, c.want)
		}
	}
}

// TestNotesHoldNoSecret feeds a secret into every place that has a note.
func TestNotesHoldNoSecret(t *testing.T) {
	const secret = "ATATT3xFfGF0abcdefsecret"
	for _, line := range []string{
		`curl --SECRET https://x/`, `curl --user=a:SECRET https://x/`, `curl -SECRET https://x/`, `curl --tokenSECRET=1 https://x/`, `curl -h "A: SECRET" https://x/`,
		`curl -u SECRET https://x/`, `curl -H SECRET https://x/`, `curl -H "Authorization Basic SECRET" https://x/`, `curl -H Authorization: SECRET https://x/`,
		`curl -H "SECRET SECRET: x" https://x/`, `curl -K SECRETSECRETSECRET https://x/`, `curl –u a:SECRET https://x/`, `curl -u "a:$(SECRET)" https://x/`,
		`curl -u "a:$(pass SECRET)" https://x/`, `curl -U a:SECRET https://x/`, `curl --oauth2-bearer SECRET -u a:SECRET --digest https://x/`,
		"curl https://x/\n-H SECRET", `curl --SECRET`, `curl -H “Authorization: SECRET” https://x/`,
	} {
		cases, err := Line(t.Context(), strings.ReplaceAll(line, "SECRET", secret), Options{})
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", line, err)
		}
		for _, c := range cases {
			for _, n := range c.Notes {
				if strings.Contains(fmt.Sprint(n), "abcdefsecret") {
					t.Errorf("%s: %+v", line, n)
				}
				if _, ok := reason.Lookup(n.Reason); !ok || n.Title == "" || n.Evidence == "" || n.Because == "" || n.Fix.Text == "" || n.Place == "" {
					t.Errorf("%s: an incomplete note %+v", line, n)
				}
			}
		}
	}
	if _, err := Words(t.Context(), []string{"curl", "--no-" + secret}, Options{}); !errors.Is(err, nil) && strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
}
