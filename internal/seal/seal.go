// Package seal encrypts what the store keeps for others to use and nobody to read, such as secured variables. Whoever has the store
// without the key file has none of it.
package seal

import (
	"bytes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/pailforge/pail/internal/keyfile"
	"golang.org/x/crypto/chacha20poly1305"
)

// Keys are the keys of a server, the newest first: that one seals, and all of them open.
type Keys struct{ all []key }

type key struct {
	id   string // the beginning of the hash of its bytes: which of them sealed something
	aead cipher.AEAD
}

// ErrSealed says that a text cannot be opened: it is damaged, was sealed about something else, or the key is not here.
var ErrSealed = errors.New("it cannot be opened with the keys that are here")

// Load reads the keys from a file: a line for each with 32 bytes in base64, the newest first; lines that are empty or begin with #
// count for nothing. Where there is no file, one is made with one key. To change the key, put another line in front, and take the old
// ones away once the server has started with it.
func Load(file string) (*Keys, error) {
	text, err := keyfile.Read(file, newKey)
	if err != nil {
		return nil, fmt.Errorf("keys of secrets: %w", err)
	}
	keys, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("keys of secrets: %s: %w", file, err)
	}
	return keys, nil
}

// Parse reads what such a file holds. The error names the line that is wrong, and nothing of what it says.
func Parse(text []byte) (*Keys, error) {
	var keys Keys
	n := 0
	for line := range bytes.Lines(text) {
		n++
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		raw, err := base64.StdEncoding.AppendDecode(nil, line)
		if err != nil || len(raw) != chacha20poly1305.KeySize {
			return nil, fmt.Errorf("line %d: this is not 32 bytes in base64; openssl rand -base64 32 makes such a line", n)
		}
		aead, err := chacha20poly1305.NewX(raw)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		sum := sha256.Sum256(raw)
		keys.all = append(keys.all, key{hex.EncodeToString(sum[:4]), aead})
	}
	if len(keys.all) == 0 {
		return nil, errors.New("there is no key in it")
	}
	return &keys, nil
}

func newKey() ([]byte, error) {
	raw := make([]byte, chacha20poly1305.KeySize)
	_, _ = rand.Read(raw) // it never fails
	return []byte("# Keys that secrets are sealed with, the newest first. Without them the secrets are lost.\n" + base64.StdEncoding.EncodeToString(raw) + "\n"), nil
}

// Seal encrypts a text with the newest key. about says what it belongs to, such as the id of its row: it opens for nothing else.
func (k *Keys) Seal(text, about string) string {
	with := k.all[0]
	nonce := make([]byte, chacha20poly1305.NonceSizeX, chacha20poly1305.NonceSizeX+len(text)+chacha20poly1305.Overhead)
	_, _ = rand.Read(nonce)
	return with.id + ":" + base64.StdEncoding.EncodeToString(with.aead.Seal(nonce, nonce, []byte(text), []byte(about)))
}

// Open is the text that was sealed about this. The error is ErrSealed.
func (k *Keys) Open(sealed, about string) (string, error) {
	id, body, _ := strings.Cut(sealed, ":")
	raw, err := base64.StdEncoding.DecodeString(body)
	if err != nil || len(raw) < chacha20poly1305.NonceSizeX {
		return "", ErrSealed
	}
	for _, with := range k.all {
		if with.id != id {
			continue
		}
		if text, err := with.aead.Open(nil, raw[:chacha20poly1305.NonceSizeX], raw[chacha20poly1305.NonceSizeX:], []byte(about)); err == nil {
			return string(text), nil
		}
	}
	return "", ErrSealed
}

// Newest is what everything begins with that the newest key has sealed.
func (k *Keys) Newest() string { return k.all[0].id + ":" }
