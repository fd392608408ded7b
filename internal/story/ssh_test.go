package story

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/deploykey"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/sshkey"
)

// keyPair is an SSH key of somebody's, whose private half lies in a file.
type keyPair struct{ file, public string }

func newKeyPair(t *testing.T) keyPair {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	known, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	k := keyPair{filepath.Join(t.TempDir(), "key"), string(ssh.MarshalAuthorizedKey(known))}
	if err := os.WriteFile(k.file, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return k
}

// over is the setting with which git takes the key.
func (k keyPair) over(w *pailtest.World) string {
	w.T.Helper()
	known := filepath.Join(filepath.Dir(k.file), "known_hosts")
	check(w, os.WriteFile(known, []byte(w.SSHHost().Line+"\n"), 0o600))
	return "core.sshCommand=ssh -F none -o BatchMode=yes -o IdentitiesOnly=yes -o IdentityAgent=none -o UserKnownHostsFile=" + known + " -i " + k.file
}

func needsSSH(t *testing.T) {
	if _, err := exec.LookPath("ssh"); err != nil {
		pailtest.Skip(t, "ssh", "no ssh on this machine")
	}
}

// TestSSHKeys: what a key opens, when it was used, and that it opens nothing any more once it is over, on both databases.
func TestSSHKeys(t *testing.T) {
	needsSSH(t)
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		w.Push(1)
		ctx := context.Background()
		remote := w.Config.SSHAddress()
		widgets, gadgets := "ssh://git@"+remote+"/acme/widgets.git", "ssh://git@"+remote+"/acme/gadgets.git"
		other := w.NewRepository("gadgets")
		machine, person := newKeyPair(t), newKeyPair(t)
		deployed, err := w.DeployKeys.Add(ctx, w.Repository, deploykey.Draft{Key: &machine.public}, w.Admin.ID)
		check(w, err)
		own, err := w.Accounts.AddSSHKey(ctx, w.Member.ID, sshkey.Draft{Key: &person.public}, time.Time{})
		check(w, err)

		list := func(k keyPair, url string) (string, error) { return w.TryGit("", "-c", k.over(w), "ls-remote", url) }
		opens := func(k keyPair, url string) {
			t.Helper()
			if out, err := list(k, url); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		}
		refuses := func(k keyPair, url, says string) {
			t.Helper()
			if out, err := list(k, url); err == nil || !strings.Contains(out, says) {
				t.Errorf("%v, want %q in\n%s", err, says, out)
			}
		}
		opens(machine, widgets)
		refuses(machine, gadgets, "Reason: repository.not_found")
		opens(person, widgets)
		opens(person, gadgets)
		check(w, w.Gate.Recorder.Flush(ctx))
		keys, err := w.DeployKeys.Keys(ctx, w.Repository)
		check(w, err)
		if keys[0].Used.IsZero() {
			t.Error("the deploy key was used, and does not say so")
		}
		if keys, err := w.Accounts.SSHKeys(ctx, w.Member.ID); err != nil || keys[0].Used.IsZero() {
			t.Errorf("the account's key was used, and does not say so: %v", err)
		}

		// The same key on another repository opens both, and is used there by itself.
		again, err := w.DeployKeys.Add(ctx, other, deploykey.Draft{Key: &machine.public}, w.Admin.ID)
		check(w, err)
		opens(machine, gadgets)
		opens(machine, widgets)
		// Everybody may read it now, but the key does not belong to it any more.
		check(w, w.DeployKeys.Remove(ctx, other, strconv.FormatInt(again.ID, 10)))
		check(w, w.DB.Update(ctx, func(tx *database.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE repository SET is_private = FALSE WHERE id = $1`, other.ID)
			return err
		}))
		refuses(machine, gadgets, "Reason: repository.not_found")

		// Whoever holds a key learns why it opens nothing.
		check(w, w.DB.Update(ctx, func(tx *database.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE ssh_key SET expires_on = 1 WHERE id = $1`, own.ID)
			return err
		}))
		refuses(person, widgets, "Reason: token.expired")
		check(w, w.DB.Update(ctx, func(tx *database.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE account SET is_active = FALSE WHERE id = $1`, w.Member.ID)
			return err
		}))
		refuses(person, widgets, "Reason: account.deactivated")
		check(w, w.DeployKeys.Remove(ctx, w.Repository, strconv.FormatInt(deployed.ID, 10)))
		refuses(machine, widgets, "Permission denied")
	})
}

// TestSSHConnectionOutlivesKey: a connection that is open already serves a key no longer than a new one.
func TestSSHConnectionOutlivesKey(t *testing.T) {
	w := pailtest.Start(t, pailtest.Options{}).World()
	w.Push(1)
	k := newKeyPair(t)
	own, err := w.Accounts.AddSSHKey(t.Context(), w.Member.ID, sshkey.Draft{Key: &k.public}, time.Time{})
	check(w, err)
	text, err := os.ReadFile(k.file)
	check(w, err)
	signer, err := ssh.ParsePrivateKey(text)
	check(w, err)
	client, err := ssh.Dial("tcp", w.Config.SSHAddress(), &ssh.ClientConfig{User: "git", Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, HostKeyCallback: ssh.InsecureIgnoreHostKey()})
	check(w, err)
	defer client.Close()
	run := func() (string, error) {
		session, err := client.NewSession()
		check(w, err)
		defer session.Close()
		session.Stdin = strings.NewReader("0000")
		out, err := session.CombinedOutput("git-upload-pack 'acme/widgets.git'")
		return string(out), err
	}
	if out, err := run(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	check(w, w.Accounts.RemoveSSHKey(t.Context(), w.Member.ID, own.ID))
	if out, err := run(); err == nil || !strings.Contains(out, "This SSH key is not known here.") {
		t.Errorf("%v\n%s", err, out)
	}
}

// overSSH makes a server for docs/ssh.md, and gives what runs a line there: as it is, but for host, port and the home directory.
func overSSH(t *testing.T) func(*testing.T, string) {
	path, err := exec.LookPath("ssh")
	if err != nil {
		pailtest.Skip(t, "ssh", "no ssh on this machine")
	}
	w := pailtest.Start(t, pailtest.Options{}).World()
	w.Push(1)
	home := t.TempDir()
	check(w, os.Mkdir(filepath.Join(home, ".ssh"), 0o700))
	check(w, os.WriteFile(filepath.Join(home, "known_hosts"), []byte(w.SSHHost().Line+"\n"), 0o600))
	// ssh looks for known hosts where the machine says that its user lives, whatever HOME says.
	check(w, os.WriteFile(filepath.Join(home, "ssh"), []byte("#!/bin/sh\nexec "+path+" -F none -o BatchMode=yes -o IdentityAgent=none -o UserKnownHostsFile="+home+"/known_hosts \"$@\"\n"), 0o700))
	_, port, _ := strings.Cut(w.Config.SSH.Listen, ":")
	token := w.Secret(w.Admin, "read:ssh-key", "write:ssh-key", "admin:repository")
	return func(t *testing.T, line string) {
		line = strings.NewReplacer("git.example.com", "127.0.0.1", "2222", port, "~", home, "curl ", "curl -sSf ").Replace(line)
		cmd := command(home, "bash", "-c", line)
		cmd.Env = append(os.Environ(), "HOME="+home, "PATH="+home+string(os.PathListSeparator)+os.Getenv("PATH"), "API="+w.URL+"/2.0", "EMAIL="+w.Admin.Email, "USERNAME="+w.Admin.Username, "TOKEN="+token)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
}
