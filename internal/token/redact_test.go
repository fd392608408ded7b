package token

import (
	"encoding/base64"
	"strings"
	"testing"
)

func TestRedact(t *testing.T) {
	pail := Mint(APIToken)
	atlassian := "ATATT3xFfGF0" + strings.Repeat("aZ9_-", 34) + "b=0A1B2C3D"
	old := "q8Zr3VtY6wPl0KxN5bJm2HcD"
	for _, c := range []struct{ text, want string }{
		{"GET /2.0/workspaces/acme/projects/FTO", "GET /2.0/workspaces/acme/projects/FTO"},
		{"commit 3f786850e387550fdab836ed7e6dc881de23001b", "commit 3f786850e387550fdab836ed7e6dc881de23001b"},
		{"{0198a4c2-5d1e-7b3a-9c64-2f0e8d7a1b55}", "{0198a4c2-5d1e-7b3a-9c64-2f0e8d7a1b55}"},
		{"/repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}", "/repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}"},
		{"https://api.bitbucket.org/2.0/user", "https://api.bitbucket.org/2.0/user"},
		{"environment PAIL_APP_PASSWORDS_UNTIL", "environment PAIL_APP_PASSWORDS_UNTIL"},
		{pail, Mask(pail)},
		{"TOKEN=" + pail + ";", "TOKEN=" + Mask(pail) + ";"},
		{"x" + atlassian + " y", "x" + Mask(atlassian) + " y"},
		{"--token=" + old, "--token=" + Mask(old)},
		{"A=" + old + "=x", "A=" + Mask(old+"=") + "x"},
		{"curl -u a@b.example:" + pail + " https://x", "curl -u a@b.example:" + Mask(pail) + " https://x"},
		{"https://ada:hunter2@host/acme/widgets.git", "https://ada:" + Mask("hunter2") + "@host/acme/widgets.git"},
		{"https://a%40b.example:" + pail + "@host", "https://a%40b.example:" + Mask(pail) + "@host"},
		{"Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("ada:hunter2hunter2")), "Authorization: Basic … (base64)"},
		{"Žluťoučký kůň", "Žluťoučký kůň"},
	} {
		if got := Redact(c.text); got != c.want {
			t.Errorf("%q\n got %q\nwant %q", c.text, got, c.want)
		}
	}
}

// FuzzRedact: no secret that is put into a text comes out of it.
func FuzzRedact(f *testing.F) {
	secret := Mint(AccessToken)
	for _, s := range []string{"", " ", "a:", "https://u:", "://", "x=", "\"", "é"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, before, after string) {
		if out := Redact(before + secret + after); strings.Contains(out, secret[:maskLen+1]) {
			t.Errorf("%q %q: %q", before, after, out)
		}
	})
}
