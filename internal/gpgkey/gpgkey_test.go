package gpgkey_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/pailforge/pail/internal/gpgkey"
)

var begin = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func at(t time.Time) *packet.Config {
	return &packet.Config{Time: func() time.Time { return t }, Algorithm: packet.PubKeyAlgoEdDSA}
}

// person is a pair that was made at begin and lives for a while; 0: for good.
func person(t testing.TB, name string, lives time.Duration) *openpgp.Entity {
	t.Helper()
	c := at(begin)
	c.KeyLifetimeSecs = uint32(lives / time.Second)
	e, err := openpgp.NewEntity(name, "work", "ada@acme.example", c)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// public is the public part of pairs, armored.
func public(t testing.TB, pairs ...*openpgp.Entity) string {
	t.Helper()
	var b bytes.Buffer
	w, err := armor.Encode(&b, openpgp.PublicKeyType, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range pairs {
		if err := e.Serialize(w); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func signed(t testing.TB, by *openpgp.Entity, text string, when time.Time) gpgkey.Signature {
	t.Helper()
	var b bytes.Buffer
	if err := openpgp.ArmoredDetachSign(&b, by, strings.NewReader(text), at(when)); err != nil {
		t.Fatal(err)
	}
	s, ok := gpgkey.ReadSignature(b.String())
	if !ok || !s.Created.Equal(when) {
		t.Fatalf("%v, %v", s, ok)
	}
	return s
}

func TestParse(t *testing.T) {
	ada := person(t, "Ada\tLovelace", 24*time.Hour)
	k, err := gpgkey.Parse("\n" + public(t, ada) + "\n")
	if err != nil {
		t.Fatal(err)
	}
	if k.Name != "Ada Lovelace" || k.Comment != "work" || !k.Created.Equal(begin) || !k.Expires.Equal(begin.Add(24*time.Hour)) || len(k.Subkeys) != 1 ||
		len(k.Fingerprint) != 40 || !strings.HasSuffix(k.Fingerprint, k.ID) || strings.ToUpper(k.Fingerprint) != k.Fingerprint {
		t.Errorf("%+v", k)
	}
	again, err := gpgkey.Parse(k.Text)
	if err != nil || again.Part != k.Part {
		t.Errorf("%+v, %v", again, err)
	}
	text := public(t, ada)
	for name, bad := range map[string]string{
		"nothing": "", "an SSH key": "ssh-ed25519 AAAA", "two keys": public(t, ada, person(t, "Eve", 0)), "a part": text[:len(text)/2], "more than fits": strings.Repeat("x", 1<<18),
		"a private key": strings.ReplaceAll(text, "PUBLIC", "PRIVATE"), "a signature": strings.ReplaceAll(text, "PUBLIC KEY BLOCK", "SIGNATURE"),
	} {
		if k, err := gpgkey.Parse(bad); err == nil {
			t.Errorf("%s: %+v", name, k)
		}
	}
}

func TestBy(t *testing.T) {
	const text = "tree 0\n"
	ada, eve, short := person(t, "Ada", 0), person(t, "Eve", 0), person(t, "Short", time.Hour)
	for _, c := range []struct {
		name string
		s    gpgkey.Signature
		key  *openpgp.Entity
		text string
		want bool
	}{
		{"hers", signed(t, ada, text, begin.Add(time.Hour)), ada, text, true},
		{"somebody else's", signed(t, eve, text, begin.Add(time.Hour)), ada, text, false},
		{"of another text", signed(t, ada, text, begin.Add(time.Hour)), ada, text + " ", false},
		{"while the key lived", signed(t, short, text, begin.Add(time.Minute)), short, text, true},
	} {
		if got := c.s.By(public(t, c.key), []byte(c.text)); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	// Who has the pair of a key that has ended can still sign with it, with another program.
	late := person(t, "Late", time.Hour)
	for _, identity := range late.Identities {
		*identity.SelfSignature.KeyLifetimeSecs = 0
	}
	s, early := signed(t, late, text, begin.Add(2*time.Hour)), signed(t, late, text, begin.Add(time.Minute))
	for _, identity := range late.Identities {
		*identity.SelfSignature.KeyLifetimeSecs = 3600
	}
	if s.By(public(t, late), []byte(text)) || !early.By(public(t, late), []byte(text)) {
		t.Error("a key that had ended signed, or one that had not did not")
	}
	before := signed(t, eve, text, begin.Add(time.Hour))
	if err := eve.RevokeKey(packet.KeyCompromised, "", at(begin.Add(2*time.Hour))); err != nil {
		t.Fatal(err)
	}
	if before.By(public(t, eve), []byte(text)) {
		t.Error("a key that others have counts")
	}
}

// FuzzParse: whatever is sent is a key or refused, and a key reads the same again.
func FuzzParse(f *testing.F) {
	f.Add(public(f, person(f, "Ada", time.Hour)))
	f.Add("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n=twTO\n-----END PGP PUBLIC KEY BLOCK-----")
	f.Fuzz(func(t *testing.T, text string) {
		gpgkey.ReadSignature(text)
		k, err := gpgkey.Parse(text)
		if err != nil {
			return
		}
		again, err := gpgkey.Parse(k.Text)
		if err != nil || again.Part != k.Part {
			t.Errorf("%+v, %v", again, err)
		}
	})
}
