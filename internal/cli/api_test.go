package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pailforge/pail/internal/profile"
	"github.com/pailforge/pail/internal/token"
)

func TestFields(t *testing.T) {
	for _, c := range []struct {
		raw, typed []string
		want       string
		fault      string
	}{
		{[]string{"a=b=c", "n=1"}, []string{"t=true", "f=false", "z=null", "i=-12", "x=1.5e3", "s=01", "v=1.2.3", "e="}, `{"a":"b=c","n":"1","t":true,"f":false,"z":null,"i":-12,"x":1.5e3,"s":"01","v":"1.2.3","e":""}`, ""},
		{[]string{"project[key]=FTO", "project[name]=x", "a[b][c]=d"}, nil, `{"project":{"key":"FTO","name":"x"},"a":{"b":{"c":"d"}}}`, ""},
		{[]string{"scopes[]=a", "scopes[]=b"}, nil, `{"scopes":["a","b"]}`, ""},
		{[]string{"reviewers[][uuid]={1}", "reviewers[][name]=x", "reviewers[][uuid]={2}"}, nil, `{"reviewers":[{"uuid":"{1}","name":"x"},{"uuid":"{2}"}]}`, ""},
		{nil, []string{"big=123456789012345678901234567890"}, `{"big":123456789012345678901234567890}`, ""},
		{[]string{"=x"}, nil, "", "key=value"},
		{[]string{"x"}, nil, "", "key=value"},
		{[]string{"a[=x"}, nil, "", "not closed"},
		{[]string{"[]=x"}, nil, "", "a key is"},
		{[]string{"a[[b]]=x"}, nil, "", "inside each other"},
		{[]string{"a=1", "a=2"}, nil, "", "not two of them"},
		{[]string{"a[]=1", "a[b]=2"}, nil, "", "not two of them"},
		{[]string{"a[b]=1", "a[]=2"}, nil, "", "not two of them"},
		{nil, []string{"a=@/nowhere/at/all"}, "", "nowhere"},
	} {
		o := &apiOptions{app: &app{in: strings.NewReader("")}, raw: c.raw, typed: c.typed}
		got, err := o.fields()
		if (err != nil) != (c.fault != "") || err != nil && !strings.Contains(err.Error(), c.fault) {
			t.Errorf("%q %q: %v", c.raw, c.typed, err)
			continue
		}
		if c.fault != "" {
			continue
		}
		text, _ := json.Marshal(got)
		var a, b any
		if json.Unmarshal(text, &a) != nil || json.Unmarshal([]byte(c.want), &b) != nil || !cmp.Equal(a, b) || strings.Contains(string(text), "big") && string(text) != c.want {
			t.Errorf("%q %q: %s", c.raw, c.typed, text)
		}
	}
}

func FuzzFieldPath(f *testing.F) {
	for _, s := range []string{"a", "a[b]", "a[]", "a[][b][]", "[", "a]", "a[b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, key string) {
		path, err := fieldPath(key)
		if err != nil {
			return
		}
		object := map[string]any{}
		if err := setField(object, path, "x"); err != nil {
			t.Fatalf("%q: %v", key, err)
		}
		if _, err := json.Marshal(object); err != nil {
			t.Errorf("%q: %v", key, err)
		}
	})
}

// reply is a service that answers everything with one function, and a run of pail that talks to it by variables.
func reply(t *testing.T, answer http.HandlerFunc) (url string, pail func(args ...string) result) {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	dir := t.TempDir()
	return s.URL, func(args ...string) result {
		var out, errs bytes.Buffer
		code := run(t.Context(), args, strings.NewReader(""), &out, &errs, []string{"PAIL_CONFIG_DIR=" + dir, "PAIL_TOKEN=" + token.Mint(token.AccessToken), "PAIL_API_URL=" + s.URL})
		return result{code, out.String(), errs.String()}
	}
}

// TestPages: only the service itself is asked for further pages, and one that goes in circles ends.
func TestPages(t *testing.T) {
	asked := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer other.Close()
	var url string
	url, pail := reply(t, func(w http.ResponseWriter, r *http.Request) {
		switch n := r.URL.Query().Get("page"); {
		case r.URL.Path == "/2.0/elsewhere":
			fmt.Fprintf(w, `{"values":[1],"next":"%s/2.0/elsewhere?page=2"}`, other.URL)
		case r.URL.Path == "/2.0/circle":
			fmt.Fprintf(w, `{"values":[1],"next":"%s/2.0/circle?page=1"}`, url)
		case r.URL.Path == "/2.0/breaks" && n == "2":
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"error":{"message":"No","detail":{"required":["read:user:bitbucket","read:workspace:bitbucket"],"granted":["read:user:bitbucket"]}}}`)
		case n == "3":
			fmt.Fprint(w, `{"values":[],"page":3}`)
		case n == "2":
			fmt.Fprintf(w, `{"values":["<b>",12345678901234567890],"next":"%s/2.0/list?page=3"}`, url)
		default:
			fmt.Fprintf(w, `{"size":3,"page":1,"pagelen":1,"values":[{"a":1}],"next":"%s?page=2"}`, url+r.URL.Path)
		}
	})
	if r := pail("api", "list", "--paginate"); r.code != 0 || r.out != `{"size":3,"values":[{"a":1},"<b>",12345678901234567890]}`+"\n" {
		t.Errorf("%+v", r)
	}
	if r := pail("api", "list", "--paginate", "--jq", ".values[2]"); r.out != "12345678901234567890\n" {
		t.Errorf("%+v", r)
	}
	if r := pail("api", "elsewhere", "--paginate"); r.code != 1 || asked != 0 || r.out != "" || !strings.Contains(r.err, "it is not fetched") {
		t.Errorf("%d %+v", asked, r)
	}
	if r := pail("api", "circle", "--paginate"); r.code != 1 || !strings.Contains(r.err, "one before it") {
		t.Errorf("%+v", r)
	}
	if r := pail("api", "breaks", "--paginate"); r.code != 1 || !strings.Contains(r.out, `"No"`) || !strings.Contains(r.err, "Missing: read:workspace:bitbucket.") {
		t.Errorf("%+v", r)
	}
}

// TestExplainBare: what is said where the answer itself explains nothing.
func TestExplainBare(t *testing.T) {
	p := profile.Profile{Name: "bitbucket.org", API: profile.Cloud.API, Git: profile.Cloud.Git, Kind: profile.APIToken, Email: "ada@example.com"}
	for _, c := range []struct {
		name         string
		method, path string
		status       int
		body         string
		says         []string
	}{
		{"bad credential", "GET", "/2.0/user", 401, `{"type":"error","error":{"message":"Token is invalid, expired, or not supported for this endpoint."}}`, []string{"(token.refused, possible)", "expired or revoked"}},
		{"scopes", "GET", "/2.0/user", 403, `{"error":{"message":"x","detail":{"required":["read:user:bitbucket","read:workspace:bitbucket"],"granted":["read:workspace:bitbucket"]}}}`, []string{"(scope.missing, certain)", "Missing: read:user:bitbucket."}},
		{"access", "GET", "/2.0/workspaces/acme", 403, `{"error":{"message":"You do not have access to view this workspace."}}`, []string{"(workspace.forbidden"}},
		{"Data Center", "GET", "/2.0/workspaces/acme/projects/FTO/permissions/groups", 404, `{"error":{"message":"Resource not found"}}`, []string{"(path.data_center, certain)", "permissions-config/groups", "read:project:bitbucket"}},
		{"removed", "GET", "/2.0/workspaces", 410, `{"error":{"message":"CHANGE-2770 - Functionality has been deprecated"}}`, []string{"(path.removed, certain)", "/user/workspaces"}},
		{"not there", "GET", "/2.0/repositories/acme/x", 404, `{"error":{"message":"Repository acme/x not found"}}`, []string{"(repository.not_found"}},
		{"HTML", "GET", "/2.0/repositories/acme/x/commits", 404, "<html>\x1b[31m", []string{"404"}},
		{"nothing", "GET", "/2.0/user", 400, "", []string{"400"}},
		{"a terminal's controls and a secret", "GET", "/2.0/user", 418, `{"error":{"message":"a\u001b[2Jb\n` + "ATATT3xFfGF0" + strings.Repeat("aB3_", 20) + `"}}`, []string{"418"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Join(explainCall(refusedCall{Profile: p, Method: c.method, Path: c.path, Status: c.status, Body: []byte(c.body)}), "\n")
			for _, want := range c.says {
				if !strings.Contains(text, want) {
					t.Errorf("lacks %q:\n%s", want, text)
				}
			}
			if strings.ContainsRune(text, '\x1b') {
				t.Errorf("it steers the terminal: %q", text)
			}
		})
	}
}

// TestCompletion: paths are completed from the catalogue, a segment at a time.
func TestCompletion(t *testing.T) {
	for _, c := range []struct {
		args       []string
		has, lacks []string
	}{
		{[]string{"api", ""}, []string{"GET\n", "DELETE\n", "/repositories/\n", "/user\tShows"}, []string{"/addon"}},
		{[]string{"api", "/2.0/us"}, []string{"/2.0/user\tShows", "/2.0/user/\n", "/2.0/users/\n"}, []string{"repositories"}},
		{[]string{"api", "2.0/us"}, []string{"2.0/user/\n"}, []string{"/2.0/"}},
		{[]string{"api", "DELETE", "/repositories/acme/widgets/pu"}, []string{"/repositories/acme/widgets/pullrequests/\n"}, []string{"pullrequests\t", "pullrequests\n"}},
		{[]string{"api", "GET", "/repositories/acme/widgets/pullrequests/7/di"}, []string{"/7/diff\t", "/7/diffstat\t"}, nil},
		{[]string{"api", "/repositories/"}, []string{"_activeHelp_ a value for {workspace}\n"}, []string{"/{workspace}"}},
		{[]string{"scopes", "for", "/repositories/"}, []string{"/repositories/{workspace}\t", "/repositories/{workspace}/\n"}, nil},
		{[]string{"scopes", "of", "read:pr"}, []string{"read:project:bitbucket\tSee projects"}, nil},
		{[]string{"git-credential", ""}, []string{"get\n", "store\n", "erase\n"}, nil},
	} {
		r := command(t, "", append([]string{"__complete"}, c.args...)...)
		for _, want := range c.has {
			if !strings.Contains(r.out, want) {
				t.Errorf("%q lacks %q:\n%s", c.args, want, r.out)
			}
		}
		for _, not := range c.lacks {
			if strings.Contains(r.out, not) {
				t.Errorf("%q has %q:\n%s", c.args, not, r.out)
			}
		}
	}
}
