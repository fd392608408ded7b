package deploykey

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/sshkey"
	"github.com/pailforge/pail/internal/workspace"
)

// Room serves deploy keys. Its fields are what it stands on.
type Room struct {
	DB           *database.DB
	Repositories *repository.Room
	URLs         rest.URLs
	Now          func() time.Time
}

// Operations lists what this room serves. Those on repositories and on projects are documented alike; a project's keys cannot
// be changed.
func (room *Room) Operations() []access.Operation {
	const (
		ofRepository = "/repositories/{workspace}/{repo_slug}/deploy-keys"
		ofProject    = "/workspaces/{workspace}/projects/{project_key}/deploy-keys"
	)
	repositories := room.Repositories.Repositories().Needs(access.Admin)
	projects := room.Repositories.Workspaces.Projects().Needs(access.Admin)
	return []access.Operation{
		access.On("GET "+ofRepository, repositories, onRepository(room, room.list)).Lists(keyJSON{}).Filters(fields),
		access.On("POST "+ofRepository, repositories, onRepository(room, room.post)).Takes(Draft{}).Answers(keyJSON{}),
		access.On("GET "+ofRepository+"/{key_id}", repositories, onRepository(room, room.get)).Answers(keyJSON{}),
		access.On("PUT "+ofRepository+"/{key_id}", repositories, onRepository(room, room.put)).Takes(Draft{}).Answers(keyJSON{}),
		access.On("DELETE "+ofRepository+"/{key_id}", repositories, onRepository(room, room.delete)).Answers(nil),
		access.On("GET "+ofProject, projects, onProject(room, room.list)).Lists(projectKeyJSON{}).Filters(fields),
		access.On("POST "+ofProject, projects, onProject(room, room.post)).Takes(Draft{}).Answers(projectKeyJSON{}),
		access.On("GET "+ofProject+"/{key_id}", projects, onProject(room, room.get)).Answers(projectKeyJSON{}),
		access.On("DELETE "+ofProject+"/{key_id}", projects, onProject(room, room.delete)).Answers(nil),
	}
}

// target is what a key opens.
type target struct {
	column string // of the table
	id     string
	link   rest.Link
	render func(keyJSON, *account.JSON) any
}

type handler func(*access.Call, target) (any, error)

func onRepository(room *Room, h handler) func(*access.Call, *repository.Repository) (any, error) {
	return func(c *access.Call, r *repository.Repository) (any, error) {
		return h(c, room.target(r))
	}
}

// target is a repository as what a key opens.
func (room *Room) target(r *repository.Repository) target {
	of := room.Repositories.Summarize(r)
	return target{"repository_id", r.ID, room.URLs.API("repositories", r.Workspace.Slug, r.Slug, "deploy-keys"), func(j keyJSON, owner *account.JSON) any {
		j.Type, j.Repository, j.Owner = "deploy_key", &of, owner
		return j
	}}
}

func onProject(room *Room, h handler) func(*access.Call, workspace.Project) (any, error) {
	return func(c *access.Call, p workspace.Project) (any, error) {
		of := room.Repositories.Workspaces.RenderProject(&p)
		return h(c, target{"project_id", p.ID, room.URLs.API("workspaces", p.Workspace.Slug, "projects", p.Key, "deploy-keys"), func(j keyJSON, owner *account.JSON) any {
			j.Type = "project_deploy_key"
			return projectKeyJSON{j, &of, owner}
		}})
	}
}

// Key is a deploy key.
type Key struct {
	sshkey.Key
	ID    int64
	ByID  string // of the account that added it; "" when that is gone, or never was
	Added time.Time
	Used  time.Time // zero: never
}

// Limits: of the keys of one repository or project, and of the repositories and projects that have the same key.
const (
	maxKeys   = 200
	maxPlaces = 500
)

// keyJSON is a key as the API writes it (schema deploy_key).
type keyJSON struct {
	Type       string               `json:"type"`
	ID         int64                `json:"id"`
	Key        string               `json:"key"`
	Label      string               `json:"label"`
	Comment    string               `json:"comment"`
	AddedOn    rest.Time            `json:"added_on"`
	LastUsed   *rest.Time           `json:"last_used,omitempty"`
	Repository *repository.Summary  `json:"repository,omitempty"`
	Owner      *account.JSON        `json:"owner,omitempty"`
	Links      map[string]rest.Link `json:"links"`
}

// projectKeyJSON is a key of a project (schema project_deploy_key).
type projectKeyJSON struct {
	keyJSON
	Project   *workspace.ProjectJSON `json:"project"`
	CreatedBy *account.JSON          `json:"created_by,omitempty"`
}

func (room *Room) render(c *access.Call, t target, k *Key) (any, error) {
	j := keyJSON{ID: k.ID, Key: k.Text, Label: k.Label, Comment: k.Comment, AddedOn: rest.Time(k.Added),
		Links: map[string]rest.Link{"self": {Href: t.link.Href + "/" + strconv.FormatInt(k.ID, 10)}}}
	if !k.Used.IsZero() {
		used := rest.Time(k.Used)
		j.LastUsed = &used
	}
	owner, err := room.Repositories.Accounts.Shown(c.Context(), room.DB, k.ByID)
	return t.render(j, owner), err
}

// Draft is what is asked of a key, as the API reads it; what is nil stays as it is.
type Draft = sshkey.Draft

const columns = `k.id, k.key, k.fingerprint, k.label, k.comment, k.added_on, k.last_used_on, COALESCE(k.account_id, '')`

func scan(row func(...any) error) (k Key, err error) {
	var added, used int64
	err = row(&k.ID, &k.Text, &k.Fingerprint, &k.Label, &k.Comment, &added, &used, &k.ByID)
	if k.Added = database.Time(added); used > 0 {
		k.Used = database.Time(used)
	}
	return k, err
}

// fields are what filters and orders of keys may name.
var fields = bbql.Fields{
	"id":       {Column: "k.id", Kind: bbql.Number},
	"label":    {Column: "k.label", Kind: bbql.String},
	"comment":  {Column: "k.comment", Kind: bbql.String},
	"key":      {Column: "k.key", Kind: bbql.String},
	"added_on": {Column: "k.added_on", Kind: bbql.Time},
}

func (t target) from() string { return ` FROM deploy_key k WHERE k.` + t.column + ` = $1` }

func (room *Room) list(c *access.Call, t target) (any, error) {
	l := rest.Listing[Key]{Columns: columns, From: t.from(), Args: []any{t.id}, Order: `k.id`, Fields: fields, Scan: scan}
	p, rows, size, err := l.Page(c.Context(), room.DB, c.Request)
	if err != nil {
		return nil, err
	}
	values := make([]any, len(rows))
	for i := range rows {
		if values[i], err = room.render(c, t, &rows[i]); err != nil {
			return nil, err
		}
	}
	return rest.Counted(c.Request, p, values, size), nil
}

// Keys are the keys of a repository itself, in the order in which they were added.
func (room *Room) Keys(ctx context.Context, r *repository.Repository) ([]Key, error) {
	t := room.target(r)
	return database.Collect(ctx, room.DB, scan, `SELECT `+columns+t.from()+` ORDER BY k.id`, t.id)
}

// find finds the key with an id as a path names it. A *rest.Error says that there is none.
func find(ctx context.Context, q database.Queryer, t target, name string) (Key, error) {
	absent := rest.Refuse(reason.ResourceNotFound, "There is no deploy key with this id.")
	id, err := strconv.ParseInt(name, 10, 64)
	if err != nil {
		return Key{}, absent
	}
	k, err := scan(q.Row(ctx, `SELECT `+columns+t.from()+` AND k.id = $2`, t.id, id).Scan)
	if errors.Is(err, database.ErrNoRows) {
		return k, absent
	}
	return k, err
}

func (room *Room) get(c *access.Call, t target) (any, error) {
	k, err := find(c.Context(), room.DB, t, c.Param("key_id"))
	if err != nil {
		return nil, err
	}
	return room.render(c, t, &k)
}

func (room *Room) post(c *access.Call, t target) (any, error) {
	var b Draft
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	k, err := room.add(c.Context(), t, b, c.Principal.AccountID())
	if err != nil {
		return nil, err
	}
	return room.render(c, t, &k)
}

// Add adds a key to a repository. A *rest.Error names what is wrong with it, or says that it is there already.
func (room *Room) Add(ctx context.Context, r *repository.Repository, b Draft, accountID string) (Key, error) {
	return room.add(ctx, room.target(r), b, accountID)
}

func (room *Room) add(ctx context.Context, t target, b Draft, accountID string) (k Key, err error) {
	if k.Key, err = b.New(); err != nil {
		return k, err
	}
	k.ByID, k.Added = accountID, room.Now()
	err = room.DB.Update(ctx, func(tx *database.Tx) error {
		if err := tx.Row(ctx, `UPDATE counter SET value = value + 1 WHERE name = 'deploy_key' RETURNING value`).Scan(&k.ID); err != nil {
			return err
		}
		if err := sshkey.Lock(ctx, tx); err != nil {
			return err
		}
		var persons, places, others int
		if err := tx.Row(ctx, `SELECT (SELECT COUNT(*) FROM ssh_key WHERE fingerprint = $1), (SELECT COUNT(*) FROM deploy_key WHERE fingerprint = $1)`, k.Fingerprint).
			Scan(&persons, &places); err != nil {
			return err
		}
		switch {
		case persons > 0:
			return sshkey.Taken("This is the key of an account, and with it that person's rights would come. Make a pair for the machine alone.")
		case places >= maxPlaces:
			return rest.InvalidField("key", fmt.Sprintf("this key is on %d repositories and projects; add it to the project in place of its repositories, or make another pair", maxPlaces))
		}
		if err := tx.Row(ctx, `SELECT COUNT(*)`+t.from(), t.id).Scan(&others); err != nil {
			return err
		}
		if others >= maxKeys {
			return rest.Refusef(reason.ValueInvalid, "There may be %d deploy keys here.", maxKeys).WithMessage("Too many deploy keys")
		}
		_, err := tx.Exec(ctx, `INSERT INTO deploy_key (id, `+t.column+`, key, fingerprint, label, comment, account_id, added_on, last_used_on)
			VALUES ($1, $2, $3, $4, $5, $6, NULLIF($7, ''), $8, 0)`, k.ID, t.id, k.Text, k.Fingerprint, k.Label, k.Comment, k.ByID, database.Micros(k.Added))
		if database.IsUnique(err) {
			return sshkey.Taken("This key is here already.")
		}
		return err
	})
	return k, err
}

// put changes label and comment. The body repeats the key, which cannot be changed
// (PUT /repositories/{workspace}/{repo_slug}/deploy-keys/{key_id}).
func (room *Room) put(c *access.Call, t target) (any, error) {
	var b Draft
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	var k Key
	err := room.DB.Update(c.Context(), func(tx *database.Tx) (err error) {
		// One change after the other: what the body leaves out stays as the one before made it.
		if _, err := tx.Exec(c.Context(), `UPDATE deploy_key SET label = label WHERE `+t.column+` = $1`, t.id); err != nil {
			return err
		}
		if k, err = find(c.Context(), tx, t, c.Param("key_id")); err != nil {
			return err
		}
		if err := b.Change(&k.Key); err != nil {
			return err
		}
		_, err = tx.Exec(c.Context(), `UPDATE deploy_key SET label = $2, comment = $3 WHERE id = $1`, k.ID, k.Label, k.Comment)
		return err
	})
	if err != nil {
		return nil, err
	}
	return room.render(c, t, &k)
}

func (room *Room) delete(c *access.Call, t target) (any, error) {
	return nil, room.remove(c.Context(), t, c.Param("key_id"))
}

// Remove takes a key away from a repository. A *rest.Error says that there is none with this id.
func (room *Room) Remove(ctx context.Context, r *repository.Repository, id string) error {
	return room.remove(ctx, room.target(r), id)
}

func (room *Room) remove(ctx context.Context, t target, id string) error {
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		k, err := find(ctx, tx, t, id)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM deploy_key WHERE id = $1`, k.ID)
		return err
	})
}
