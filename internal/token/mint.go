package token

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"hash/crc32"
	"strings"
)

// Kind is what a secret is for.
type Kind uint8

// The kinds that Pail mints. Unknown is the kind of a secret whose form says
// nothing.
const (
	Unknown           Kind = iota
	APIToken               // a person's, scoped, expires
	AccessToken            // of a repository, a project or a workspace
	AppPassword            // a person's, legacy
	OAuthAccess            // what an OAuth consumer works with
	OAuthRefresh           // buys the next OAuthAccess
	OAuthCode              // the authorization code, good once
	OAuthClientSecret      // the consumer's own secret
	Session                // the browser's cookie
	SetupLink              // sets the first password of an account
	Invitation             // lets somebody join a workspace
	RunnerSecret           // buys RunnerAccess, for a runner of pipelines
	RunnerAccess           // what a runner works with
	StepAccess             // what a step of a pipeline clones with
)

const (
	alphabet  = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	prefixLen = 6
	crcLen    = 8

	longBody  = 43 // of 62 characters: 256 bits
	shortBody = 27 // 160 bits, short enough for the fields that app passwords are typed into
)

type form struct {
	kind   Kind
	name   string
	prefix string
	body   int
}

func (f *form) length() int { return prefixLen + f.body + crcLen }

// forms is indexed by Kind.
var forms = [...]form{
	{Unknown, "secret", "", 0},
	{APIToken, "API token", "ATATP1", longBody},
	{AccessToken, "access token", "ATCTP1", longBody},
	{AppPassword, "app password", "ATBBP1", shortBody},
	{OAuthAccess, "OAuth access token", "PAILA1", longBody},
	{OAuthRefresh, "OAuth refresh token", "PAILR1", longBody},
	{OAuthCode, "OAuth authorization code", "PAILC1", longBody},
	{OAuthClientSecret, "OAuth consumer secret", "PAILK1", longBody},
	{Session, "session", "PAILS1", longBody},
	{SetupLink, "set-up link", "PAILL1", longBody},
	{Invitation, "invitation", "PAILI1", longBody},
	{RunnerSecret, "runner secret", "PAILU1", longBody},
	{RunnerAccess, "runner access token", "PAILV1", longBody},
	{StepAccess, "step credential", "PAILE1", longBody},
}

func (k Kind) form() *form {
	if int(k) >= len(forms) {
		return &forms[Unknown]
	}
	return &forms[k]
}

// String is the kind in plain words, for example "API token".
func (k Kind) String() string { return k.form().name }

// Prefix is how every secret of the kind begins; empty for Unknown.
func (k Kind) Prefix() string { return k.form().prefix }

// Len is the number of characters of every secret of the kind; 0 for Unknown.
func (k Kind) Len() int {
	if k.form().kind == Unknown {
		return 0
	}
	return k.form().length()
}

// Kinds lists the kinds that can be minted.
func Kinds() []Kind {
	kinds := make([]Kind, 0, len(forms)-1)
	for _, f := range forms[1:] {
		kinds = append(kinds, f.kind)
	}
	return kinds
}

// Mint makes a new secret of the kind from the operating system's random
// source. It panics for Unknown, which is a mistake in the program that calls.
func Mint(k Kind) string {
	f := k.form()
	if f.kind == Unknown {
		panic(fmt.Sprintf("token: no secret of kind %d can be minted", k))
	}
	var buf [prefixLen + longBody + crcLen]byte
	secret := append(buf[:0], f.prefix...)
	// 248 is the largest multiple of 62 in a byte: bytes above it are thrown
	// away, so that every character is equally likely.
	var random [64]byte
	for len(secret) < prefixLen+f.body {
		rand.Read(random[:]) // cannot fail: crypto/rand ends the program instead
		for _, b := range random {
			if b < 248 && len(secret) < prefixLen+f.body {
				secret = append(secret, alphabet[b%62])
			}
		}
	}
	return string(appendCRC(secret))
}

func appendCRC(secret []byte) []byte {
	sum := crc32.ChecksumIEEE(secret)
	for shift := 28; shift >= 0; shift -= 4 {
		secret = append(secret, "0123456789ABCDEF"[sum>>shift&0xF])
	}
	return secret
}

// crcFits tells whether the last eight characters are the checksum of the rest.
func crcFits(secret string) bool {
	body := len(secret) - crcLen
	if body <= 0 {
		return false
	}
	var want uint32
	for i := body; i < len(secret); i++ {
		c := secret[i]
		switch {
		case '0' <= c && c <= '9':
			want = want<<4 | uint32(c-'0')
		case 'A' <= c && c <= 'F':
			want = want<<4 | uint32(c-'A'+10)
		default:
			return false
		}
	}
	// Written out, because converting the string for hash/crc32 would allocate.
	sum := ^uint32(0)
	for i := range body {
		sum = crc32.IEEETable[byte(sum)^secret[i]] ^ sum>>8
	}
	return ^sum == want
}

// Hash is what the store keeps of a secret: SHA-256. A slow hash is for
// passwords that people make up; these secrets are random with 160 bits and
// more, so there is nothing to guess, and a fast hash costs no safety.
func Hash(secret string) [sha256.Size]byte { return sha256.Sum256([]byte(secret)) }

// Equal compares two hashes in a time that does not tell where they differ.
func Equal(a, b [sha256.Size]byte) bool { return subtle.ConstantTimeCompare(a[:], b[:]) == 1 }

// maskLen is the most that may be shown of any secret.
const maskLen = 12

// Mask is a form of the secret that may be shown and logged: how it begins, at
// most 12 characters and never more than a third of it, and its length, for
// example "ATATP1sVq3cG… (57 characters)". Characters that are not printable
// ASCII are shown as a dot.
func Mask(secret string) string {
	n := min(maskLen, len(secret)/3)
	var b strings.Builder
	for i := range n {
		if c := secret[i]; c > ' ' && c < 0x7F {
			b.WriteByte(c)
		} else {
			b.WriteByte('.')
		}
	}
	unit := "characters"
	if len(secret) == 1 {
		unit = "character"
	}
	fmt.Fprintf(&b, "… (%d %s)", len(secret), unit)
	return b.String()
}
