package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/config"
	"github.com/pailforge/pail/internal/server"
)

// result is what a command did.
type result struct {
	code     int
	out, err string
}

// command runs pail in-process with no settings but those given.
func command(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(t.Context(), args, strings.NewReader(stdin), &out, &errs, []string{"PATH=" + os.Getenv("PATH")})
	return result{code, out.String(), errs.String()}
}

// shell runs commands on one store.
type shell struct {
	*testing.T
	data string
}

func store(t *testing.T) *shell { return &shell{t, filepath.Join(t.TempDir(), "data")} }

// in is the same store for a subtest.
func (s *shell) in(t *testing.T) *shell { return &shell{t, s.data} }

func (s *shell) try(args ...string) result {
	s.Helper()
	return command(s.T, "", append(args, "--data", s.data)...)
}

// do runs a command that works, and returns its output.
func (s *shell) do(args ...string) string {
	s.Helper()
	r := s.try(args...)
	if r.code != 0 {
		s.Fatalf("pail %s: exit code %d\n%s", strings.Join(args, " "), r.code, r.err)
	}
	return r.out
}

// team makes accounts ada and bob, the workspace acme with project FTO and the group developers.
func (s *shell) team() *shell {
	s.Helper()
	for _, args := range [][]string{
		{"admin", "user", "create", "--email", "ada@example.com", "--username", "ada", "--name", "Ada", "--admin"},
		{"admin", "user", "create", "--email", "bob@example.com", "--username", "bob"},
		{"admin", "workspace", "create", "acme", "--name", "Acme Inc.", "--owner", "ada@example.com"},
		{"admin", "workspace", "add-member", "acme", "--email", "bob@example.com"},
		{"admin", "group", "create", "acme/developers", "--name", "Developers"},
		{"admin", "group", "add", "acme/developers", "--email", "bob"},
		{"admin", "project", "create", "acme/FTO", "--name", "For the Others"},
		{"admin", "grant", "write", "--on", "acme/FTO", "--group", "developers"},
	} {
		s.do(args...)
	}
	return s
}

// server opens the store, for what no command shows.
func (s *shell) server(f func(context.Context, *server.Server)) {
	s.Helper()
	cfg, err := config.Load(config.Source{Env: []string{"PAIL_DATA=" + s.data}})
	if err != nil {
		s.Fatal(err)
	}
	log, _ := server.NewLog(cfg.Log, io.Discard)
	open, err := server.Open(s.Context(), cfg, log)
	if err != nil {
		s.Fatal(err)
	}
	f(s.Context(), open)
	if err := open.Close(s.Context()); err != nil {
		s.Fatal(err)
	}
}

// oneLine is what every error must be.
var oneLine = regexp.MustCompile(`^pail: [^\n]+\n$`)

// TestMistakes: exit codes and the one line that says what is wrong.
func TestMistakes(t *testing.T) {
	s := store(t).team()
	for _, c := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"unknown command", []string{"serv"}, 2, `did you mean "serve"?`},
		{"unknown command in a group", []string{"admin", "usr"}, 2, `did you mean "user"?`},
		{"nothing like it", []string{"frobnicate"}, 2, `unknown command "frobnicate"; see pail --help`},
		{"unknown flag", []string{"version", "--jsn"}, 2, "unknown flag: --jsn; see pail version --help"},
		{"required flag", []string{"token", "create", "--email", "ada"}, 2, `"name", "scope" not set`},
		{"argument missing", []string{"token", "revoke"}, 2, "usage: pail token revoke ID"},
		{"argument too many", []string{"version", "please"}, 2, "usage: pail version"},
		{"whose", []string{"token", "list"}, 2, "email for"},
		{"both", []string{"token", "list", "--email", "ada", "--for", "workspace:acme"}, 2, "none of the others can be"},
		{"served and missing", []string{"operations", "--served", "--missing"}, 2, "none of the others can be"},
		{"bad setting", []string{"serve", "--addr", "nonsense"}, 2, "flag --addr"},
		{"bad role", []string{"admin", "workspace", "add-member", "acme", "--email", "bob", "--role", "boss"}, 2, "use collaborator, member or owner"},
		{"bad permission", []string{"admin", "grant", "all", "--on", "acme/FTO", "--group", "developers"}, 2, "use read, write, create-repo, admin or none"},
		{"bad project", []string{"admin", "grant", "read", "--on", "FTO", "--group", "developers"}, 2, `"FTO" is no WORKSPACE/KEY`},
		{"to nobody", []string{"admin", "grant", "read", "--on", "acme/FTO"}, 2, "group email"},
		{"target", []string{"token", "create", "--for", "acme/widgets", "--name", "x", "--scope", "repository"}, 2, "repository:WORKSPACE/REPOSITORY"},
		{"app passwords have no days", []string{"token", "create", "--email", "ada", "--name", "x", "--scope", "repository", "--app-password", "--days", "3"}, 2, "app_passwords.until"},
		{"app password for a repository", []string{"token", "create", "--for", "workspace:acme", "--name", "x", "--scope", "repository", "--app-password"}, 2, "none of the others can be"},

		{"no store", []string{"token", "list", "--email", "ada", "--database", "sqlite:" + filepath.Join(t.TempDir(), "pail.db")}, 1, "there is no store at"},
		{"no account", []string{"token", "list", "--email", "eve@example.com"}, 1, `no account is called "eve@example.com"`},
		{"no workspace", []string{"admin", "group", "create", "nowhere/developers"}, 1, `there is no workspace "nowhere"`},
		{"no group", []string{"admin", "grant", "read", "--on", "acme/FTO", "--group", "chefs"}, 1, "there is no group acme/chefs"},
		{"no project", []string{"admin", "grant", "read", "--on", "acme/NIL", "--group", "developers"}, 1, "there is no project acme/NIL"},
		{"no repository", []string{"token", "list", "--for", "repository:acme/widgets"}, 1, "there is no repository acme/widgets"},
		{"no credential", []string{"token", "show", "0198a4c2-5d1e-7b3a-9c64-2f0e8d7a1b55"}, 1, "there is no credential with the id"},
		{"nothing to take away", []string{"admin", "grant", "none", "--on", "acme/FTO", "--email", "bob"}, 1, "has no permission on acme/FTO"},
		{"e-mail taken", []string{"admin", "user", "create", "--email", "ada@example.com", "--username", "other"}, 1, "--email: an account with this e-mail exists (conflict.exists)"},
		{"workspace taken", []string{"admin", "workspace", "create", "acme", "--owner", "bob"}, 1, "conflict.exists"},
		{"unknown scope", []string{"token", "create", "--email", "ada", "--name", "x", "--scope", "read:repositry"}, 1, `--scope: unknown scope "read:repositry"`},
		{"wrong kind of scope", []string{"token", "create", "--email", "ada", "--name", "x", "--scope", "repository"}, 1, "--scope: repository is no scope of a credential of this kind"},
		{"too long", []string{"token", "create", "--email", "ada", "--name", "x", "--scope", "read:user", "--days", "366"}, 1, "--days: a token lives 1 to 365 days"},
		{"no such answers", []string{"demo", "--answers", "short"}, 2, `--answers is explained or bare, not "short"`},
		{"no such answers of a server", []string{"serve", "--answers", "short", "--print-config"}, 2, "one of explained, bare"},
		{"address in use", []string{"demo", "--addr", "256.0.0.1:1"}, 1, "name another address with --addr"},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := c.args
			if (args[0] == "admin" || args[0] == "token") && len(args) > 2 && !strings.Contains(strings.Join(args, " "), "--database") {
				args = append(args, "--data", s.data)
			}
			r := command(t, "", args...)
			if r.code != c.code || !strings.Contains(r.err, c.says) {
				t.Errorf("pail %s\nexit code %d, want %d with %q:\n%s", strings.Join(args, " "), r.code, c.code, c.says, r.err)
			}
			if !oneLine.MatchString(r.err) {
				t.Errorf("want one line, got:\n%s", r.err)
			}
			if r.out != "" {
				t.Errorf("standard output is not empty:\n%s", r.out)
			}
		})
	}
}

// TestHelp: every command has a text and an example.
func TestHelp(t *testing.T) {
	a := &app{out: io.Discard, err: io.Discard}
	var walk func(path []string)
	walk = func(path []string) {
		c, rest, err := a.root().Find(path)
		if err != nil || len(rest) > 0 {
			t.Fatalf("%v: %v %v", path, rest, err)
		}
		if c.Short == "" || c.Long == "" || c.Example == "" {
			t.Errorf("%s lacks a help text or an example", c.CommandPath())
		}
		r := command(t, "", append(path, "--help")...)
		if r.code != 0 || !strings.Contains(r.out, "Examples:") {
			t.Errorf("%s --help: exit code %d\n%s%s", c.CommandPath(), r.code, r.out, r.err)
		}
		for _, sub := range c.Commands() {
			if sub.Name() != "help" && sub.Name() != "completion" {
				walk(append(path[:len(path):len(path)], sub.Name()))
			}
		}
	}
	walk(nil)
}

func TestVersion(t *testing.T) {
	if r := command(t, "", "version"); !strings.HasPrefix(r.out, "pail ") || r.code != 0 {
		t.Errorf("got %+v", r)
	}
	var v versionJSON
	if err := json.Unmarshal([]byte(command(t, "", "version", "--json").out), &v); err != nil || v.Version == "" || v.Go == "" {
		t.Errorf("got %+v, %v", v, err)
	}
}

// TestAdmin: from nothing to a team, with what the store says at the end.
func TestAdmin(t *testing.T) {
	s := store(t).team()
	if list := s.do("admin", "user", "list"); !strings.Contains(list, "ada@example.com  ada       Ada   admin") {
		t.Errorf("list:\n%s", list)
	}
	var accounts []map[string]any
	if err := json.Unmarshal([]byte(s.do("admin", "user", "list", "--json")), &accounts); err != nil || len(accounts) != 2 || accounts[1]["username"] != "bob" {
		t.Errorf("list: %v %v", accounts, err)
	}
	if accounts[0]["password"] != nil {
		t.Error("the list shows a password")
	}
	level := func() (l access.Level) {
		s.server(func(ctx context.Context, srv *server.Server) {
			bob, err := person(ctx, srv, "bob")
			if err != nil {
				t.Fatal(err)
			}
			p := &access.Principal{Kind: access.Session, Account: &bob.Account}
			found, err := srv.Workspaces.Projects().Find(ctx, p, "acme", "FTO")
			if err != nil {
				t.Fatal(err)
			}
			l = found.Level
		})
		return l
	}
	if l := level(); l != access.Write {
		t.Errorf("bob has %s through the group, want write", l)
	}
	s.do("admin", "grant", "admin", "--on", "acme/FTO", "--email", "bob@example.com")
	if l := level(); l != access.Admin {
		t.Errorf("bob has %s of his own, want admin", l)
	}
	s.do("admin", "grant", "none", "--on", "acme/FTO", "--email", "bob@example.com")
	s.do("admin", "grant", "none", "--on", "acme/FTO", "--group", "developers")
	if l := level(); l != access.None {
		t.Errorf("bob has %s, want none", l)
	}
	s.do("admin", "user", "create", "--email", "eve@example.com", "--username", "eve")
	for _, args := range [][]string{
		{"admin", "group", "add", "acme/developers", "--email", "eve"},
		{"admin", "grant", "read", "--on", "acme/FTO", "--email", "eve"},
	} {
		if r := s.try(args...); r.code != 1 || !strings.Contains(r.err, "pail admin workspace add-member acme --email eve@example.com") {
			t.Errorf("somebody from outside: %+v", r)
		}
	}
}

// TestPasswords: a password that is made is printed alone; one that is read is not printed at all. Both open the account.
func TestPasswords(t *testing.T) {
	s := store(t)
	opens := func(email, password string) (ok bool) {
		s.server(func(ctx context.Context, srv *server.Server) {
			_, err := srv.Accounts.Authenticate(ctx, email, password, "192.0.2.1")
			ok = err == nil
		})
		return ok
	}
	made := strings.TrimSuffix(s.do("admin", "user", "create", "--email", "ada@example.com", "--username", "ada"), "\n")
	if len(made) < 20 || strings.ContainsAny(made, " \n") {
		t.Errorf("standard output is %q, want the password alone", made)
	}
	if !opens("ada@example.com", made) {
		t.Error("the password does not open the account")
	}
	const own = "tr0ub4dor und 3"
	r := command(t, own+"\r\n", "admin", "user", "create", "--email", "bob@example.com", "--username", "bob", "--password-stdin", "--data", s.data)
	if r.code != 0 || strings.Contains(r.out+r.err, own) {
		t.Errorf("got %+v", r)
	}
	if !opens("bob@example.com", own) {
		t.Error("the password from standard input does not open the account")
	}
	if r := command(t, "", "admin", "user", "create", "--email", "eve@example.com", "--username", "eve", "--password-stdin", "--data", s.data); r.code != 1 {
		t.Errorf("an empty standard input: %+v", r)
	}
	var j struct{ Email, Username, Password string }
	if err := json.Unmarshal([]byte(s.do("admin", "user", "create", "--email", "joe@example.com", "--username", "joe", "--json")), &j); err != nil || !opens(j.Email, j.Password) {
		t.Errorf("JSON: %+v, %v", j.Username, err)
	}
	sessions := func() (n int) {
		s.server(func(ctx context.Context, srv *server.Server) {
			if err := srv.DB.Row(ctx, `SELECT COUNT(*) FROM session`).Scan(&n); err != nil {
				t.Fatal(err)
			}
		})
		return n
	}
	s.server(func(ctx context.Context, srv *server.Server) {
		bob, err := person(ctx, srv, "bob")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := srv.Gate.StartSession(ctx, bob.ID, "192.0.2.1", "test"); err != nil {
			t.Fatal(err)
		}
	})
	if n := sessions(); n != 1 {
		t.Fatalf("%d sessions, want 1", n)
	}
	changed := strings.TrimSpace(s.do("admin", "user", "password", "--email", "bob@example.com"))
	if n := sessions(); n != 0 {
		t.Errorf("%d sessions outlive the password", n)
	}
	if opens("bob@example.com", own) || !opens("bob@example.com", changed) {
		t.Error("the password was not changed")
	}
	if r := command(t, "short\n", "admin", "user", "password", "--email", "bob", "--password-stdin", "--data", s.data); r.code != 1 || strings.Contains(r.err, "short\n") {
		t.Errorf("a short password: %+v", r)
	}
}
