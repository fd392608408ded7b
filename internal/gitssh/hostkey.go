package gitssh

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"

	"github.com/pailforge/pail/internal/keyfile"
	"golang.org/x/crypto/ssh"
)

// HostKey is the key by which clients know the server again, in a file that only its owner may read. Where there is none one
// is made, Ed25519; of several processes that do so at once, all get the same. Another one every client will notice.
func HostKey(file string) (ssh.Signer, error) {
	text, err := keyfile.Read(file, newHostKey)
	if err != nil {
		return nil, fmt.Errorf("SSH host key: %w", err)
	}
	key, err := ssh.ParsePrivateKey(text)
	if err != nil {
		return nil, fmt.Errorf("SSH host key: %s: %w", file, err)
	}
	return key, nil
}

func newHostKey() ([]byte, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(block), nil
}
