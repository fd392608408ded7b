package pipeline

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/sshkey"
)

// Limits: of a private key in characters, and of the hosts that one repository's steps know.
const (
	maxPrivateKey = 16 << 10
	maxHosts      = 200
)

// keyPairJSON is the key pair as the API writes it (schema pipeline_ssh_key_pair): the private key is never told again.
type keyPairJSON struct {
	Type      string `json:"type"`
	PublicKey string `json:"public_key"`
}

type keyPairBody struct {
	PrivateKey *string `json:"private_key"`
	PublicKey  *string `json:"public_key"`
}

var noKeyPair = "The repository has no key pair for its pipelines. PUT one."

func (room *Room) getKeyPair(c *access.Call, r *repository.Repository) (any, error) {
	s, err := readConfig(c.Context(), room.DB, r.ID)
	if err == nil && s.publicKey == "" {
		err = rest.Refuse(reason.ResourceNotFound, noKeyPair)
	}
	if err != nil {
		return nil, err
	}
	return keyPairJSON{"pipeline_ssh_key_pair", s.publicKey}, nil
}

// read is the pair that a body holds: the private key as it was sent, and the public one that belongs to it. A *rest.Error says what is
// wrong with either, and nothing of what the private one is.
func (b keyPairBody) read() (private, public string, err error) {
	if private, err = rest.RequiredText("private_key", b.PrivateKey, maxPrivateKey); err != nil {
		return "", "", err
	}
	signer, err := ssh.ParsePrivateKey([]byte(private))
	if _, locked := errors.AsType[*ssh.PassphraseMissingError](err); locked {
		return "", "", rest.InvalidField("private_key", "it has a passphrase, which no step could type; ssh-keygen -p takes it away")
	}
	if err != nil {
		return "", "", rest.InvalidField("private_key", "a private key as ssh-keygen writes it, with its first and last line")
	}
	if why := sshkey.Weak(signer.PublicKey()); why != "" {
		return "", "", rest.InvalidField("private_key", why)
	}
	own := sshkey.Of(signer.PublicKey())
	if b.PublicKey != nil {
		given, err := sshkey.Parse(*b.PublicKey)
		if err != nil || given.Fingerprint != own.Fingerprint {
			return "", "", rest.InvalidField("public_key", "this is not the public key of that private key; it may be left out")
		}
	}
	return private, own.Text, nil
}

func (room *Room) putKeyPair(c *access.Call, r *repository.Repository) (any, error) {
	var b keyPairBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	private, public, err := b.read()
	if err != nil {
		return nil, err
	}
	_, err = room.change(c.Context(), r, func(s *config) error {
		s.publicKey, s.privateKey = public, room.Keys.Seal(private, r.ID)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return keyPairJSON{"pipeline_ssh_key_pair", public}, nil
}

func (room *Room) deleteKeyPair(c *access.Call, r *repository.Repository) (any, error) {
	_, err := room.change(c.Context(), r, func(s *config) error {
		if s.publicKey == "" {
			return rest.Refuse(reason.ResourceNotFound, noKeyPair)
		}
		s.publicKey, s.privateKey = "", ""
		return nil
	})
	return nil, err
}

// host is a host that steps know by its key.
type host struct {
	id, hostname, keyType, key string
}

// hostJSON is a known host as the API writes it (schema pipeline_known_host).
type hostJSON struct {
	Type     string        `json:"type"`
	UUID     string        `json:"uuid"`
	Hostname string        `json:"hostname"`
	Key      publicKeyJSON `json:"public_key"`
}

// publicKeyJSON is a public key in parts (schema pipeline_ssh_public_key).
type publicKeyJSON struct {
	Type    string `json:"type"`
	KeyType string `json:"key_type"`
	Key     string `json:"key"`
	MD5     string `json:"md5_fingerprint"`
	SHA256  string `json:"sha256_fingerprint"`
}

type hostBody struct {
	Hostname *string        `json:"hostname"`
	Key      *publicKeyBody `json:"public_key"`
}

type publicKeyBody struct {
	KeyType *string `json:"key_type"`
	Key     *string `json:"key"`
}

func (h *host) render() (hostJSON, error) {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(h.keyType + " " + h.key))
	if err != nil {
		return hostJSON{}, fmt.Errorf("pipeline: known host %s: %w", h.id, err)
	}
	return hostJSON{"pipeline_known_host", rest.Braced(h.id), h.hostname,
		publicKeyJSON{"pipeline_ssh_public_key", h.keyType, h.key, ssh.FingerprintLegacyMD5(key), ssh.FingerprintSHA256(key)}}, nil
}

// hostname is a name or an address as OpenSSH writes it into known_hosts: with another port than 22 in brackets.
var hostname = regexp.MustCompile(`^(?:[0-9A-Za-z._:-]{1,253}|\[[0-9A-Za-z._:-]{1,253}\]:[0-9]{1,5})$`)

// take makes a host what a body says; what is not in it stays.
func (b hostBody) take(h *host) error {
	if b.Hostname != nil {
		if !hostname.MatchString(*b.Hostname) {
			return rest.InvalidField("hostname", "a host name, an address, or [host]:port")
		}
		h.hostname = strings.ToLower(*b.Hostname)
	}
	if b.Key == nil {
		return nil
	}
	if b.Key.KeyType == nil {
		return rest.MissingField("public_key.key_type")
	}
	if b.Key.Key == nil {
		return rest.MissingField("public_key.key")
	}
	key, err := sshkey.Parse(*b.Key.KeyType + " " + *b.Key.Key)
	if err != nil {
		return rest.InvalidField("public_key", "a host key as ssh-keyscan prints it: its type, such as ssh-ed25519, and the key in base64")
	}
	h.keyType, h.key, _ = strings.Cut(key.Text, " ")
	return nil
}

const (
	hostColumns = `k.id, k.hostname, k.key_type, k.key`
	fromHosts   = ` FROM pipeline_known_host k WHERE k.repository_id = $1`
)

func scanHost(row func(...any) error) (h host, err error) {
	return h, row(&h.id, &h.hostname, &h.keyType, &h.key)
}

var hostFields = bbql.Fields{
	"uuid":                {Column: "k.id", Kind: bbql.UUID},
	"hostname":            {Column: "k.hostname", Kind: bbql.String},
	"public_key.key_type": {Column: "k.key_type", Kind: bbql.String},
}

func (room *Room) listHosts(c *access.Call, r *repository.Repository) (any, error) {
	l := rest.Listing[host]{Columns: hostColumns, From: fromHosts, Args: []any{r.ID}, Order: `k.created_on, k.id`, Fields: hostFields, Scan: scanHost}
	p, rows, size, err := l.Page(c.Context(), room.DB, c.Request)
	if err != nil {
		return nil, err
	}
	values := make([]hostJSON, len(rows))
	for i := range rows {
		if values[i], err = rows[i].render(); err != nil {
			return nil, err
		}
	}
	return rest.Counted(c.Request, p, values, size), nil
}

func findHost(c *access.Call, q database.Queryer, r *repository.Repository) (host, error) {
	return named(c, "known_host_uuid", rest.Refuse(reason.ResourceNotFound, "The repository's pipelines know no host with this uuid."), func(ctx context.Context, id string) (host, error) {
		return scanHost(q.Row(ctx, `SELECT `+hostColumns+fromHosts+` AND k.id = $2`, r.ID, id).Scan)
	})
}

func (room *Room) getHost(c *access.Call, r *repository.Repository) (any, error) {
	h, err := findHost(c, room.DB, r)
	if err != nil {
		return nil, err
	}
	return h.render()
}

func sameHost(err error) error {
	return exists(err, "hostname", "Known host already exists", "A key of this type is known of the host already. Change that one with a PUT.")
}

func (room *Room) postHost(c *access.Call, r *repository.Repository) (any, error) {
	var b hostBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	if b.Hostname == nil {
		return nil, rest.MissingField("hostname")
	}
	if b.Key == nil {
		return nil, rest.MissingField("public_key")
	}
	id, err := newID()
	if err != nil {
		return nil, err
	}
	h := host{id: id}
	if err := b.take(&h); err != nil {
		return nil, err
	}
	ctx := c.Context()
	err = room.add(ctx, place{what: "repository", id: r.ID}, "known hosts", fromHosts, maxHosts, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO pipeline_known_host (id, repository_id, hostname, key_type, key, created_on) VALUES ($1, $2, $3, $4, $5, $6)`,
			h.id, r.ID, h.hostname, h.keyType, h.key, database.Micros(room.Now()))
		return sameHost(err)
	})
	if err != nil {
		return nil, err
	}
	j, err := h.render()
	return rest.Created(j, room.URLs.API("repositories", r.Workspace.Slug, r.Slug, "pipelines_config", "ssh", "known_hosts", j.UUID)), err
}

func (room *Room) putHost(c *access.Call, r *repository.Repository) (any, error) {
	var b hostBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	ctx := c.Context()
	var h host
	err := room.DB.Update(ctx, func(tx *database.Tx) (err error) {
		if err := (place{what: "repository", id: r.ID}).lock(ctx, tx); err != nil {
			return err
		}
		if h, err = findHost(c, tx, r); err != nil {
			return err
		}
		if err := b.take(&h); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE pipeline_known_host SET hostname = $2, key_type = $3, key = $4 WHERE id = $1`, h.id, h.hostname, h.keyType, h.key)
		return sameHost(err)
	})
	if err != nil {
		return nil, err
	}
	return h.render()
}

func (room *Room) deleteHost(c *access.Call, r *repository.Repository) (any, error) {
	h, err := findHost(c, room.DB, r)
	if err != nil {
		return nil, err
	}
	return nil, room.DB.Update(c.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(c.Context(), `DELETE FROM pipeline_known_host WHERE id = $1`, h.id)
		return err
	})
}
