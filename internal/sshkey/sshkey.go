// Package sshkey is public SSH keys as people give them: reading one, what is too weak, and the words that come with it.
// Rooms keep them: accounts theirs, package deploykey those of machines.
package sshkey

import (
	"context"
	"crypto/rsa"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// Key is a public key and what its owner says of it.
type Key struct {
	Text        string // the type, and the key in base64
	Fingerprint string // SHA-256 as OpenSSH writes it
	Label       string
	Comment     string
}

// Limits: of a key in bytes, of label and comment in characters, of the bits of RSA.
const (
	maxKey     = 16 << 10
	maxWords   = 255
	minRSABits = 2048
)

// Host is the key by which clients know a server again.
type Host struct {
	Fingerprint string // SHA-256 as OpenSSH writes it
	Line        string // for a file of known hosts
}

// HostOf is the key of the server that is reached at host:port.
func HostOf(key ssh.PublicKey, address string) Host {
	return Host{ssh.FingerprintSHA256(key), knownhosts.Line([]string{address}, key)}
}

// Draft is what is asked of a key, as the API reads it; what is nil stays as it is.
type Draft struct {
	Key     *string `json:"key"`
	Label   *string `json:"label"`
	Comment *string `json:"comment"`
}

// New is the key of a draft. A *rest.Error names the field that is missing or wrong.
func (d Draft) New() (Key, error) {
	if d.Key == nil || *d.Key == "" {
		return Key{}, rest.MissingField("key")
	}
	k, err := Parse(*d.Key)
	if err == nil {
		err = d.Change(&k)
	}
	return k, err
}

// Change makes k what a draft says of it. The key itself stays: a draft may only repeat it. A *rest.Error names the field that
// is wrong.
func (d Draft) Change(k *Key) error {
	if d.Key != nil {
		same, err := Parse(*d.Key)
		if err != nil {
			return err
		}
		if same.Fingerprint != k.Fingerprint {
			return rest.InvalidField("key", "a key cannot become another one: add that, and delete this")
		}
	}
	if d.Comment != nil {
		k.Comment = *d.Comment
	}
	if d.Label != nil {
		k.Label = *d.Label
	}
	if err := words("label", k.Label); err != nil {
		return err
	}
	return words("comment", k.Comment)
}

// words checks a label or a comment.
func words(field, text string) error {
	if utf8.RuneCountInString(text) > maxWords || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return rest.InvalidField(field, fmt.Sprintf("one line of at most %d characters", maxWords))
	}
	return nil
}

// Parse reads a public key as OpenSSH writes it into a file: the type, the key, and perhaps a comment. A *rest.Error says
// what is wrong with it, or that it is too weak.
func Parse(text string) (k Key, err error) {
	const want = "a public key as in ~/.ssh/id_ed25519.pub: its type, a space, and the key in base64"
	text = strings.TrimSpace(text)
	if strings.Contains(text, "PRIVATE KEY") {
		return k, rest.InvalidField("key", "this is a private key. It must not leave its machine: make a new pair, and send the .pub file")
	}
	if len(text) > maxKey || strings.ContainsAny(text, "\r\n") {
		return k, rest.InvalidField("key", want+", in one line")
	}
	parsed, comment, options, left, err := ssh.ParseAuthorizedKey([]byte(text))
	if err != nil || len(options) > 0 || len(left) > 0 {
		return k, rest.InvalidField("key", want)
	}
	if why := Weak(parsed); why != "" {
		return k, rest.InvalidField("key", why)
	}
	k = Of(parsed)
	k.Comment = comment
	return k, nil
}

// Of is a key without words.
func Of(parsed ssh.PublicKey) Key {
	return Key{Text: strings.TrimSpace(string(ssh.MarshalAuthorizedKey(parsed))), Fingerprint: ssh.FingerprintSHA256(parsed)}
}

// Weak says why a key opens nothing, however it got here; "" for one that may.
func Weak(k ssh.PublicKey) string {
	if _, ok := k.(*ssh.Certificate); ok {
		return "this is a certificate; send the public key that it is for"
	}
	if k.Type() == "ssh-dss" {
		return "keys of type ssh-dss are too weak; make one of type ed25519"
	}
	if crypto, ok := k.(ssh.CryptoPublicKey); ok {
		if r, ok := crypto.CryptoPublicKey().(*rsa.PublicKey); ok && r.N.BitLen() < minRSABits {
			return fmt.Sprintf("an RSA key needs %d bits at least, and this one has %d; make one of type ed25519", minRSABits, r.N.BitLen())
		}
	}
	return ""
}

// Lock lets one key be added at a time, so that none becomes an account's and a deploy key at once. It holds until the
// transaction ends.
func Lock(ctx context.Context, tx *database.Tx) error {
	_, err := tx.Exec(ctx, `UPDATE counter SET value = value + 1 WHERE name = 'ssh_key'`)
	return err
}

// Taken refuses a key that is there already (400), in the words of Bitbucket Cloud.
func Taken(detail string) error {
	return rest.Refuse(reason.ConflictExists, detail).WithMessage("Someone has already registered that SSH key.").Field("key", "taken")
}
