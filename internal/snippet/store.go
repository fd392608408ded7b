package snippet

import (
	"context"
	"crypto/rand"
	"errors"
	"math/big"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/workspace"
)

var columns = database.Packed("s.id", "s.encoded_id", "COALESCE(s.creator_id, '')", "s.title", "s.is_private", "s.created_on", "s.updated_on", workspace.WorkspaceColumn)

const from = ` FROM snippet s JOIN workspace w ON w.id = s.workspace_id`

func unpack(row *database.Unpacked) *Snippet {
	return &Snippet{ID: row.Text(), Encoded: row.Text(), CreatorID: row.Text(), Title: row.Text(), Private: row.Bool(),
		Created: row.Time(), Updated: row.Time(), Workspace: workspace.WorkspaceOf(row)}
}

func scan(row func(...any) error) (*Snippet, error) {
	var packed string
	if err := row(&packed); err != nil {
		return nil, err
	}
	return unpack(database.Unpack(packed)), nil
}

// find looks a snippet of a workspace up. access.ErrAbsent when there is none.
func find(ctx context.Context, db *database.DB, workspaceID, encoded string) (*Snippet, error) {
	s, err := scan(db.Row(ctx, `SELECT `+columns+from+` WHERE s.workspace_id = $1 AND s.encoded_id = $2`, workspaceID, encoded).Scan)
	if errors.Is(err, database.ErrNoRows) {
		return nil, access.ErrAbsent
	}
	return s, err
}

// holdsPublic reports whether a workspace has a snippet that everybody may see.
func holdsPublic(ctx context.Context, db *database.DB, workspaceID string) (public bool, err error) {
	err = db.Row(ctx, `SELECT EXISTS (SELECT 1 FROM snippet WHERE workspace_id = $1 AND NOT is_private)`, workspaceID).Scan(&public)
	return public, err
}

// alphabet holds no letters and digits that are taken for others.
const (
	alphabet      = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	encodedLength = 8
)

// newEncoded is the encoded id of a new snippet: 8 of 57 letters and digits at random, one of 10^14.
func newEncoded() (string, error) {
	var b strings.Builder
	for range encodedLength {
		i, err := rand.Int(rand.Reader, big.NewInt(int64(len(alphabet))))
		if err != nil {
			return "", err
		}
		b.WriteByte(alphabet[i.Int64()])
	}
	return b.String(), nil
}

// validEncoded reports whether s can be an encoded id: what cannot is not there, and the store is not asked.
func validEncoded(s string) bool {
	return len(s) == encodedLength && strings.Trim(s, alphabet) == ""
}

// lockWorkspace takes the row of a workspace: what it holds is counted, and its rule of privacy read, by one at a time.
// A *rest.Error says that a public snippet may not be there.
func lockWorkspace(ctx context.Context, tx *database.Tx, id string, private bool) error {
	n, err := tx.Exec(ctx, `UPDATE workspace SET name = name WHERE id = $1`, id)
	if err != nil {
		return err
	}
	if n == 0 {
		return workspace.NotFound(rest.Braced(id), "")
	}
	var enforced bool
	if err := tx.Row(ctx, `SELECT is_privacy_enforced FROM workspace WHERE id = $1`, id).Scan(&enforced); err != nil {
		return err
	}
	if enforced && !private {
		return rest.InvalidField("is_private", "the workspace keeps everything in it private")
	}
	return nil
}

// insert writes the row of a new snippet, and makes its creator a watcher.
func insert(ctx context.Context, tx *database.Tx, s *Snippet) error {
	_, err := tx.Exec(ctx, `INSERT INTO snippet (id, encoded_id, workspace_id, creator_id, title, is_private, created_on, updated_on)
		VALUES ($1, $2, $3, NULLIF($4, ''), $5, $6, $7, $8)`,
		s.ID, s.Encoded, s.Workspace.ID, s.CreatorID, s.Title, s.Private, database.Micros(s.Created), database.Micros(s.Updated))
	if err != nil || s.CreatorID == "" {
		return err
	}
	return watch(ctx, tx, s.ID, s.CreatorID, s.Created)
}

// lock reads a snippet to change it, and keeps others from doing so until the transaction ends. A *rest.Error: it is gone.
func lock(ctx context.Context, tx *database.Tx, id string) (*Snippet, error) {
	n, err := tx.Exec(ctx, `UPDATE snippet SET title = title WHERE id = $1`, id)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, notFound("", "")
	}
	return scan(tx.Row(ctx, `SELECT `+columns+from+` WHERE s.id = $1`, id).Scan)
}

func update(ctx context.Context, tx *database.Tx, s *Snippet) error {
	_, err := tx.Exec(ctx, `UPDATE snippet SET title = $2, is_private = $3, updated_on = $4 WHERE id = $1`, s.ID, s.Title, s.Private, database.Micros(s.Updated))
	return err
}

// IDs lists the ids of all snippets, for sweeping what a crash left behind.
func (room *Room) IDs(ctx context.Context) ([]string, error) {
	return database.Collect(ctx, room.DB, func(row func(...any) error) (id string, err error) { return id, row(&id) }, `SELECT id FROM snippet`)
}
