package doctor_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/doctor/doctortest"
	"pgregory.net/rapid"
)

// checkAny is what holds for the report of any case at all.
func checkAny(t interface {
	Helper()
	Errorf(string, ...any)
}, r doctor.Report) {
	t.Helper()
	if r.Findings == nil || r.Verdict != doctor.Clean && r.Verdict != doctor.Faults && r.Verdict != doctor.Unknown {
		t.Errorf("verdict %q, findings %v", r.Verdict, r.Findings)
	}
	possible := false
	for _, x := range r.Findings {
		switch x.Certainty {
		case doctor.Possible:
			possible = true
		case doctor.Certain, doctor.Likely:
			if possible {
				t.Errorf("%s stands behind what is only possible", x.Reason)
			}
			if r.Verdict != doctor.Faults {
				t.Errorf("%s is %s, and the verdict %s", x.Reason, x.Certainty, r.Verdict)
			}
		default:
			t.Errorf("%s has the certainty %q", x.Reason, x.Certainty)
		}
	}
	if r.Verdict == doctor.Clean && len(r.Findings) > 0 {
		t.Errorf("clean, with findings")
	}
}

// shown is everything that a report prints.
func shown(t interface{ Fatal(...any) }, r doctor.Report) string {
	var b bytes.Buffer
	if err := r.WriteText(&b, true); err != nil {
		t.Fatal(err)
	}
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// leak finds a run of a secret that is longer than may be told.
func leak(text, secret string) string {
	for i := 0; i+13 <= len(secret); i++ {
		if strings.Contains(text, secret[i:i+13]) {
			return secret[i : i+13]
		}
	}
	return ""
}

// damages are what happens to secrets on their way.
var damages = []func(*rapid.T, string) string{
	func(t *rapid.T, s string) string { return s[:rapid.IntRange(0, len(s)).Draw(t, "cut")] },
	func(t *rapid.T, s string) string { return s[rapid.IntRange(0, len(s)).Draw(t, "begin"):] },
	func(t *rapid.T, s string) string {
		at := rapid.IntRange(0, len(s)).Draw(t, "at")
		return s[:at] + rapid.SampledFrom([]string{"\n", "\r\n", " ", "\t", `\`, `"`, "'", "\u200b", "%", "@", ":", "/", "#", "?", "=", "$", "…", "\x00", "–"}).Draw(t, "what") + s[at:]
	},
	func(*rapid.T, string) string { return "" },
	func(_ *rapid.T, s string) string { return `"` + s + `"` },
	func(_ *rapid.T, s string) string { return "Bearer " + s },
	func(_ *rapid.T, s string) string { return strings.ToLower(s) },
	func(_ *rapid.T, s string) string { return s + s },
	func(_ *rapid.T, s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	func(_ *rapid.T, s string) string { return strings.ReplaceAll(s, "=", "%3D") },
}

// TestNoSecretIsTold: whatever happens to a token, and wherever it ends up, no report shows more than 12 characters of it
// in a row; the order is always the same; and nothing panics.
func TestNoSecretIsTold(t *testing.T) {
	bitbucket, pail := doctortest.Bitbucket(), doctortest.PailServer("http://127.0.0.1:7990")
	rapid.Check(t, func(t *rapid.T) {
		kit := rapid.SampledFrom([]doctortest.Kit{bitbucket, pail}).Draw(t, "kit")
		secret := rapid.SampledFrom([]string{kit.APIToken, kit.AccessToken, kit.AppPassword, kit.OAuth}).Draw(t, "secret")
		sent := secret
		for range rapid.IntRange(0, 3).Draw(t, "damages") {
			sent = rapid.SampledFrom(damages).Draw(t, "damage")(t, sent)
		}
		user := rapid.SampledFrom([]string{kit.Email, kit.Username, "", "x-token-auth", sent, "$EMAIL"}).Draw(t, "user")
		path := rapid.SampledFrom([]string{"/2.0/user", "/user", "/rest/api/1.0/projects/X/repos", "/2.0/repositories/acme/" + strings.ReplaceAll(secret, "/", ""), "/2.0//x", ""}).Draw(t, "path")
		var c doctor.Case
		switch rapid.IntRange(0, 6).Draw(t, "way") {
		case 0:
			c = kit.Basic(user, sent, path)
		case 1:
			c = kit.Header("Bearer "+sent, path)
		case 2:
			c = kit.Header("Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+sent)), path)
		case 3:
			c = kit.Header("Basic "+user+":"+sent, path)
		case 4:
			c = kit.Clone(user, sent)
		case 5:
			c = kit.Clone("", "")
			c.URL.Text = strings.Replace(kit.Git, "://", "://"+user+":"+sent+"@", 1) + "/acme/widgets.git"
		case 6:
			c = kit.Basic(kit.Email, kit.APIToken, path+"?access_token="+sent)
		}
		if rapid.Bool().Draw(t, "printed") {
			c.Output = "fatal: unable to access 'https://" + user + ":" + sent + "@bitbucket.org/acme/widgets.git/': URL using bad/illegal format or missing URL\ncurl: (6) Could not resolve host: " + sent + "\n"
		}
		r := doctor.Examine(c)
		checkAny(t, r)
		text := shown(t, r)
		for _, s := range append(strings.Fields(sent), secret) { // white space is no part of a secret
			if run := leak(text, s); run != "" {
				t.Errorf("%q is told of a secret:\n%s", run, text)
			}
		}
		if again := shown(t, doctor.Examine(c)); again != text {
			t.Errorf("another report of the same case:\n%s\n%s", text, again)
		}
	})
}

// TestExamineTakesAnything: no case makes the judge panic.
func TestExamineTakesAnything(t *testing.T) {
	word := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "\n", "Basic ", "https://", "https://a@b@c:d/e?f#g", "git@x:y", "%", "$X", "{", "/2.0/", "Bearer eyJ..", "http://[::1", "https://a:b:c/d@e"}))
	rapid.Check(t, func(t *rapid.T) {
		value := func(name string) doctor.Value {
			return doctor.Value{Text: word.Draw(t, name), Source: word.Draw(t, name+" source"), Open: rapid.Bool().Draw(t, name+" open"), Place: "here"}
		}
		c := doctor.Case{
			Surface: rapid.SampledFrom([]doctor.Surface{"", doctor.SurfaceREST, doctor.SurfaceGit, doctor.SurfaceWebsite, doctor.SurfaceOther}).Draw(t, "surface"),
			Client:  rapid.SampledFrom([]string{"", "curl", "git", "renovate"}).Draw(t, "client"),
			Method:  rapid.SampledFrom([]string{"", "GET", "post", "?"}).Draw(t, "method"),
			URL:     value("URL"), API: word.Draw(t, "API"), Globs: rapid.Bool().Draw(t, "globs"), NoHelper: rapid.Bool().Draw(t, "no helper"),
			Output: word.Draw(t, "output"),
		}
		for range rapid.IntRange(0, 3).Draw(t, "headers") {
			c.Header = append(c.Header, doctor.Field{Name: rapid.SampledFrom([]string{"Authorization", "authorization ", "Accept", ""}).Draw(t, "name"), Value: value("header")})
		}
		if rapid.Bool().Draw(t, "login") {
			c.Login = &doctor.Login{User: value("user"), Secret: value("secret"), Bearer: rapid.Bool().Draw(t, "bearer")}
		}
		if rapid.Bool().Draw(t, "answer") {
			c.Answer = &doctor.Answer{Status: rapid.SampledFrom([]int{0, 200, 302, 400, 401, 403, 404, 407, 410, 500, 999}).Draw(t, "status"), Body: []byte(word.Draw(t, "body"))}
			if rapid.Bool().Draw(t, "seen") {
				c.Answer.Header = map[string][]string{rapid.SampledFrom([]string{"X-Oauth-Scopes", "Location", "Date", "Www-Authenticate"}).Draw(t, "header name"): {word.Draw(t, "header value")}, "Server": {"x"}}
			}
		}
		checkAny(t, doctor.ExamineAll([]doctor.Case{c}))
		all := doctor.ExamineAll([]doctor.Case{c, c})
		if one := doctor.Examine(c); len(all.Findings) != len(one.Findings) || all.Verdict != one.Verdict {
			t.Errorf("twice the same gives %d findings, once %d", len(all.Findings), len(one.Findings))
		}
	})
}
