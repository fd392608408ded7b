package netrc

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []Entry
	}{
		{"empty", "", nil},
		{"one line", "machine bitbucket.org login jane password x", []Entry{{Machine: "bitbucket.org", Login: "jane", Password: "x", Line: 1, LoginLine: 1, PasswordLine: 1}}},
		{"many lines", "# mine\nmachine a.example\n\tlogin jane\n\tpassword x\n\nmachine b.example login bob\n  password y # z\n", []Entry{
			{Machine: "a.example", Login: "jane", Password: "x", Line: 2, LoginLine: 3, PasswordLine: 4}, {Machine: "b.example", Login: "bob", Password: "y", Line: 6, LoginLine: 6, PasswordLine: 7}}},
		{"default", "default login jane password x", []Entry{{Login: "jane", Password: "x", Line: 1, LoginLine: 1, PasswordLine: 1}}},
		{"quoted", `machine a login "ja\"ne x" password "p\tq"`, []Entry{{Machine: "a", Login: `ja"ne x`, Password: "p\tq", Line: 1, LoginLine: 1, PasswordLine: 1}}},
		{"a quotation mark is missing", "machine a password \"x y\nlogin z", []Entry{{Machine: "a", Login: "z", Password: "x y", Line: 1, LoginLine: 2, PasswordLine: 1, Unfinished: true}}},
		{"nothing follows", "machine a password", []Entry{{Machine: "a", Line: 1, PasswordLine: 1, Unfinished: true}}},
		{"Windows", "machine a\r\nlogin b\r\npassword c\r\n", []Entry{{Machine: "a", Login: "b", Password: "c", Line: 1, LoginLine: 2, PasswordLine: 3}}},
		{"a macro", "macdef init\nmachine no login no password no\n\nmachine a login b password c", []Entry{{Machine: "a", Login: "b", Password: "c", Line: 4, LoginLine: 4, PasswordLine: 4}}},
		{"words before any machine", "login a password b machine c", []Entry{{Machine: "c", Line: 1}}},
		{"a sign inside of a word is no comment", "machine a login b password #c", []Entry{{Machine: "a", Login: "b", Password: "#c", Line: 1, LoginLine: 1, PasswordLine: 1}}},
		{"an account", "machine a login b account c password d", []Entry{{Machine: "a", Login: "b", Password: "d", Line: 1, LoginLine: 1, PasswordLine: 1}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, Parse(c.text)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFind(t *testing.T) {
	list := Parse("machine a login jane password 1\nmachine A login bob password 2\nmachine b login x password 3\ndefault login anon password 4")
	for _, c := range []struct{ host, login, want string }{
		{"a", "", "1"}, {"a", "bob", "2"}, {"A", "jane", "1"}, {"b", "", "3"}, {"c", "", "4"}, {"c", "anon", "4"}, {"c", "other", ""},
	} {
		got := ""
		if e := Find(list, c.host, c.login); e != nil {
			got = e.Password
		}
		if got != c.want {
			t.Errorf("%s %s: %q, want %q", c.host, c.login, got, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"machine a login b password c", "default\n", "# x\nmacdef y\n\n", `machine "a\`, "machine a password \"x\n#"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, e := range Parse(text) {
			if e.Line < 1 || e.PasswordLine != 0 && e.PasswordLine < e.Line {
				t.Errorf("%+v", e)
			}
		}
	})
}
