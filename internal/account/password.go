package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// argon2id with the second of the parameter sets that RFC 9106 and OWASP recommend for servers: 19 MiB, 2 passes.
const (
	argonMemory  = 19 * 1024 // KiB
	argonPasses  = 2
	argonThreads = 1
	argonKey     = 32
	argonSalt    = 16
)

// hashing bounds how many passwords are hashed at a time, and with it the memory that sign-ins can take.
var hashing = make(chan struct{}, 2)

func withHashing(ctx context.Context, f func()) error {
	select {
	case hashing <- struct{}{}:
		defer func() { <-hashing }()
		f()
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *Room) hash(ctx context.Context, password string) (string, error) {
	if r.Hash != nil {
		return r.Hash(ctx, password)
	}
	return HashPassword(ctx, password)
}

// HashPassword returns the password's argon2id hash in the PHC string format, with a fresh salt. It fails only when ctx
// ends before its turn.
func HashPassword(ctx context.Context, password string) (string, error) {
	salt := make([]byte, argonSalt)
	_, _ = rand.Read(salt) // never fails
	var key []byte
	if err := withHashing(ctx, func() {
		key = argon2.IDKey([]byte(password), salt, argonPasses, argonMemory, argonThreads, argonKey)
	}); err != nil {
		return "", err
	}
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonThreads,
		b64.EncodeToString(salt), b64.EncodeToString(key)), nil
}

// nobody is a hash that no password has. Checking against it takes as long as against a real one, so that the time of
// a refused sign-in does not tell whether the account exists.
var nobody = fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonThreads,
	base64.RawStdEncoding.EncodeToString(make([]byte, argonSalt)), base64.RawStdEncoding.EncodeToString(make([]byte, argonKey)))

// checkHash reports whether password has the hash. An empty or unreadable hash fits no password, after the same time.
func checkHash(ctx context.Context, hash, password string) (bool, error) {
	var memory, passes uint32
	var threads uint8
	var version int
	parts := strings.Split(hash, "$")
	readable := len(parts) == 6 && parts[1] == "argon2id"
	if readable {
		_, err1 := fmt.Sscanf(parts[2], "v=%d", &version)
		_, err2 := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &threads)
		readable = err1 == nil && err2 == nil && version == argon2.Version && memory <= 1<<20 && passes >= 1 && passes <= 100 && threads >= 1
	}
	if !readable {
		ok, err := checkHash(ctx, nobody, password)
		return ok && false, err
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(want) == 0 {
		ok, err := checkHash(ctx, nobody, password)
		return ok && false, err
	}
	var got []byte
	if err := withHashing(ctx, func() {
		got = argon2.IDKey([]byte(password), salt, passes, memory, threads, uint32(len(want)))
	}); err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}
