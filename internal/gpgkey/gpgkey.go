// Package gpgkey is public keys of OpenPGP as people give them: reading one, and telling whether it signed something. Accounts keep
// them.
package gpgkey

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/pailforge/pail/internal/rest"
)

// Limits of a key: its text in bytes, what signs beside the first part of it, and whom it names.
const (
	maxText       = 128 << 10
	maxSubkeys    = 50
	maxIdentities = 50
	maxWords      = 255 // characters of a name or a comment; the rest is cut off
)

// Part is a key of its own: the primary one, or one of its subkeys.
type Part struct {
	Fingerprint string // hex digits in upper case, as gpg writes it
	ID          string // its last 16 digits, or the first ones of a key of version 6
	Created     time.Time
	Expires     time.Time // zero: never
}

// Key is a public key with what it says of itself.
type Key struct {
	Part
	Text    string // armored, as it was given
	Name    string // of the first person that it names
	Comment string
	Subkeys []Part
}

// Parse reads a public key as gpg --armor --export writes it. A *rest.Error says what is wrong with it.
func Parse(text string) (Key, error) {
	const want = "one public key as gpg --armor --export KEY writes it"
	text = strings.TrimSpace(text)
	switch {
	case strings.Contains(text, "PRIVATE KEY"):
		return Key{}, rest.InvalidField("key", "this is a private key. It must not leave its machine: send what gpg --armor --export KEY writes")
	case len(text) > maxText:
		return Key{}, rest.InvalidField("key", want+", without the signatures of others (--export-options export-minimal)")
	}
	entity, err := read(text)
	if err != nil {
		return Key{}, rest.InvalidField("key", want)
	}
	if len(entity.Subkeys) > maxSubkeys || len(entity.Identities) > maxIdentities {
		return Key{}, rest.InvalidField("key", "it has too many subkeys or names")
	}
	k := Key{Text: text, Part: part(entity.PrimaryKey)}
	if identity := entity.PrimaryIdentity(); identity != nil {
		if identity.SelfSignature != nil {
			k.Expires = expires(entity.PrimaryKey, identity.SelfSignature)
		}
		k.Name, k.Comment = words(identity.UserId.Name), words(identity.UserId.Comment)
	}
	for _, sub := range entity.Subkeys {
		one := part(sub.PublicKey)
		if sub.Sig != nil {
			one.Expires = expires(sub.PublicKey, sub.Sig)
		}
		k.Subkeys = append(k.Subkeys, one)
	}
	return k, nil
}

// read reads the one key that a text holds.
func read(text string) (*openpgp.Entity, error) {
	block, err := armor.Decode(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	if block.Type != openpgp.PublicKeyType {
		return nil, errors.New("no public key")
	}
	packets := packet.NewReader(block.Body)
	entity, err := openpgp.ReadEntity(packets)
	if err != nil {
		return nil, err
	}
	if _, err := packets.Next(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one key")
	}
	if entity.PrivateKey != nil || entity.PrimaryKey == nil {
		return nil, errors.New("no public key")
	}
	return entity, nil
}

func part(k *packet.PublicKey) Part {
	return Part{Fingerprint: strings.ToUpper(hex.EncodeToString(k.Fingerprint)), ID: k.KeyIdString(), Created: k.CreationTime.UTC()}
}

// expires is when a key ends, as the signature that binds it says.
func expires(k *packet.PublicKey, binding *packet.Signature) time.Time {
	if binding.KeyLifetimeSecs == nil || *binding.KeyLifetimeSecs == 0 {
		return time.Time{}
	}
	return k.CreationTime.Add(time.Duration(*binding.KeyLifetimeSecs) * time.Second).UTC()
}

// words is a text that somebody put into a key, as it may be kept and shown: one line, not too long.
func words(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\ufffd")), " ")
	if r := []rune(s); len(r) > maxWords {
		s = string(r[:maxWords])
	}
	return s
}

// Signature is an armored signature that was read. It says nothing by itself: see By.
type Signature struct {
	text    string
	Created time.Time // when the signer says that it was made
}

// ReadSignature reads an armored signature of up to 64 KiB. ok is false for what is none, or no signature of OpenPGP.
func ReadSignature(text string) (s Signature, ok bool) {
	const limit = 64 << 10
	if len(text) > limit {
		return s, false
	}
	block, err := armor.Decode(strings.NewReader(text))
	if err != nil || block.Type != openpgp.SignatureType {
		return s, false
	}
	p, err := packet.Read(block.Body)
	if err != nil {
		return s, false
	}
	signature, ok := p.(*packet.Signature)
	if !ok {
		return s, false
	}
	return Signature{text, signature.CreationTime.UTC()}, true
}

// By tells whether the signature is one of signed by a key, whose text Parse took, or by one of its subkeys. A key that had ended when
// the signature was made, or was revoked, signs nothing.
func (s Signature) By(key string, signed []byte) bool {
	entity, err := read(key)
	if err != nil {
		return false
	}
	_, err = openpgp.CheckArmoredDetachedSignature(openpgp.EntityList{entity}, bytes.NewReader(signed), strings.NewReader(s.text),
		&packet.Config{Time: func() time.Time { return s.Created }})
	return err == nil
}
