package sshkey

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

const good = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDBTONfT/zbobRbmR1QtGQBK/0D6Y/OhKxhU6kC9Jz41"

// line is a public key as OpenSSH writes it.
func line(t *testing.T, key any) string {
	t.Helper()
	public, err := ssh.NewPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(ssh.MarshalAuthorizedKey(public))
}

func TestParse(t *testing.T) {
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	large, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert := &ssh.Certificate{Key: plain, CertType: ssh.UserCert, ValidBefore: ssh.CertTimeInfinity}
	if err := cert.SignCert(rand.Reader, signer); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, text, comment, wrong string }{
		{"ed25519", good + " builder@ci", "builder@ci", ""},
		{"with space around it", "\n " + good + "\n", "", ""},
		{"RSA of 2048 bits", line(t, &large.PublicKey), "", ""},
		{"RSA of 1024 bits", line(t, &small.PublicKey), "", "this one has 1024"},
		{"a certificate", string(ssh.MarshalAuthorizedKey(cert)), "", "certificate"},
		{"DSA", "ssh-dss AAAAB3NzaC1kc3MAAACBAP1/U4EddRIpUt9KnC7s5Of2EbdSPO9EAMMeP4C2USZpRV1AIlH7WT2NWPq/xfW6MPbLm1Vs14E7gB00b/JmYLdrmVClpJ+f6AR7ECLCT7up1/63xhv4O1fnxqimFQ8E+4P208UewwI1VBNaFpEy9nXzrith1yrv8iIDGZ3RSAHHAAAAFQCXYFCPFSMLzLKSuYKi64QL8Fgc9QAAAIEA9+GghdabPd7LvKtcNrhXuXmUr7v6OuqC+VdMCz0HgmdRWVeOutRZT+ZxBxCBgLRJFnEj6EwoFhO3zwkyjMim4TwWeotUfI0o4KOuHiuzpnWRbqN/C/ohNWLx+2J6ASQ7zKTxvqhRkImog9/hWuWfBpKLZl6Ae1UlZAFMO/7PSSoAAACBAJVp4Y0WMVsLPbvj8wGYTsrrYqvhEVHD5jJ8a4hQjW1l5uL8n2sIY0D2mVFTUhkxOAtzqlXlXO4rRbRHxyXRYDSWxI0Q5XSmtGkKhjCEvTpZ7tYm7u9GXl2UZLnk3lZDyQvWQ4fF0rJHRvG6jFZdkRvkd3D8wRRFsu0kB6lqv4Vw", "", "ssh-dss"},
		{"options", `command="sh" ` + good, "", "its type, a space"},
		{"two keys", good + "\n" + good, "", "in one line"},
		{"a private key", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n", "", "must not leave"},
		{"nothing", "", "", "its type, a space"},
		{"no key", "ssh-rsa nothing", "", "its type, a space"},
		{"long", good + " " + strings.Repeat("x", maxKey), "", "in one line"},
	} {
		k, err := Parse(c.text)
		switch {
		case c.wrong == "" && (err != nil || k.Comment != c.comment || !strings.HasPrefix(k.Fingerprint, "SHA256:")):
			t.Errorf("%s: %+v, %v", c.name, k, err)
		case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)):
			t.Errorf("%s: %v, want %q", c.name, err, c.wrong)
		}
	}
}

// Whatever is taken for a key is one line of a type and a key, and is the same key when it is read again.
func FuzzParse(f *testing.F) {
	f.Add(good + " builder@ci")
	f.Add(`command="sh" ssh-rsa AAAA`)
	f.Add("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n")
	f.Fuzz(func(t *testing.T, text string) {
		k, err := Parse(text)
		if err != nil {
			return
		}
		if fields := strings.Fields(k.Text); len(fields) != 2 || strings.ContainsAny(k.Text, "\r\n") {
			t.Errorf("%q is kept as %q", text, k.Text)
		}
		if again, err := Parse(k.Text); err != nil || again.Fingerprint != k.Fingerprint {
			t.Errorf("%q is read again as %v, %v", k.Text, again, err)
		}
	})
}
