package deploykey

import (
	"strings"
	"testing"
)

// Whatever is taken for a key is one line of a type and a key, and is the same key when it is read again.
func FuzzParse(f *testing.F) {
	f.Add("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDBTONfT/zbobRbmR1QtGQBK/0D6Y/OhKxhU6kC9Jz41 builder@ci")
	f.Add(`command="sh" ssh-rsa AAAA`)
	f.Add("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n")
	f.Fuzz(func(t *testing.T, text string) {
		k, err := parse(text)
		if err != nil {
			return
		}
		if fields := strings.Fields(k.Text); len(fields) != 2 || strings.ContainsAny(k.Text, "\r\n") {
			t.Errorf("%q is kept as %q", text, k.Text)
		}
		if again, err := parse(k.Text); err != nil || again.Fingerprint != k.Fingerprint {
			t.Errorf("%q is read again as %v, %v", k.Text, again, err)
		}
	})
}
