package profile

import (
	"errors"
	"fmt"
	"time"

	"github.com/zalando/go-keyring"
)

// Place is where a secret is kept.
type Place string

// The places.
const (
	Keyring     Place = "keyring"     // of the operating system
	File        Place = "file"        // secrets.yml, mode 0600
	Environment Place = "environment" // a variable, kept nowhere
)

// keyringWait bounds how long the keyring may take: one that waits for a dialog on a screen that nobody sees would stop
// git for ever.
const keyringWait = 20 * time.Second

// errNoAnswer is a keyring that does not answer.
var errNoAnswer = fmt.Errorf("the keyring did not answer within %v", keyringWait)

// ring runs a call to the keyring. The goroutine of one that hangs ends with the process.
func ring(call func() error) error {
	done := make(chan error, 1)
	go func() { done <- call() }()
	select {
	case err := <-done:
		return err
	case <-time.After(keyringWait):
		return errNoAnswer
	}
}

// service is the name under which the keyring shows a secret.
func (p *Profile) service() string { return "pail: " + p.API }

// keep stores a secret: in the keyring, else in the file. lack is why not in the keyring, where it should have been.
func (s *Store) keep(p Profile, secret string) (place Place, lack, err error) {
	if s.Apart {
		return File, nil, s.withSecrets(func(m map[string]string) { m[p.Name] = secret })
	}
	lack = ring(func() error { return keyring.Set(p.service(), p.Name, secret) })
	if lack == nil {
		return Keyring, nil, s.withSecrets(func(m map[string]string) { delete(m, p.Name) })
	}
	return File, lack, s.withSecrets(func(m map[string]string) { m[p.Name] = secret })
}

// forget removes a secret from where it is kept; one that is not there any more is no error.
func (s *Store) forget(p Profile) error {
	if p.Stored == Keyring {
		err := ring(func() error { return keyring.Delete(p.service(), p.Name) })
		if err != nil && !errors.Is(err, keyring.ErrNotFound) {
			return fmt.Errorf("the keyring keeps the secret of %s: %w", p.Name, err)
		}
	}
	return s.withSecrets(func(m map[string]string) { delete(m, p.Name) })
}

// Secret fetches the secret of a profile.
func (s *Store) Secret(p Profile) (string, error) {
	if p.Stored == Keyring {
		var secret string
		err := ring(func() (err error) { secret, err = keyring.Get(p.service(), p.Name); return err })
		if errors.Is(err, errNoAnswer) {
			return "", err // the goroutine may still write secret
		}
		if err != nil {
			return "", fmt.Errorf("the keyring does not give the secret of %s: %w", p.Name, err)
		}
		return secret, nil
	}
	m, err := s.secrets()
	if err != nil {
		return "", err
	}
	if m[p.Name] == "" {
		return "", fmt.Errorf("%s has no secret of %s", s.SecretsPath(), p.Name)
	}
	return m[p.Name], nil
}

// SecretsPath is the file that keeps secrets where there is no keyring.
func (s *Store) SecretsPath() string { return s.path(secretsFile) }

func (s *Store) secrets() (map[string]string, error) {
	m := map[string]string{}
	err := readYAML(s.SecretsPath(), &m)
	return m, err
}

// withSecrets changes the file of secrets. It is not made for nothing.
func (s *Store) withSecrets(change func(map[string]string)) error {
	m, err := s.secrets()
	if err != nil {
		return err
	}
	before := len(m)
	change(m)
	if len(m) == 0 && before == 0 {
		return nil
	}
	return writeYAML(s.SecretsPath(), "# Secrets of pail, which found no keyring. Show this file to nobody.\n", m)
}
