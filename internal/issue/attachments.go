package issue

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/filestore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// Attachment is a file of an issue.
type Attachment struct {
	ID      string
	Number  int64 // of the issue
	Name    string
	Size    int64  // bytes
	Hash    string // SHA-256 in hex
	ByID    string // the account that brought it, "" for none
	Created time.Time
}

// maxAttachments bounds the files of one issue.
const maxAttachments = 100

// attachmentJSON is an attachment as the API writes it (schema issue_attachment).
type attachmentJSON struct {
	Type  string               `json:"type"`
	Name  string               `json:"name"`
	Size  int64                `json:"size"`
	Links map[string]rest.Link `json:"links"`
}

// attachedJSON is what an upload answers.
type attachedJSON struct {
	Values []attachmentJSON `json:"values"`
}

func (room *Room) renderAttachment(r *repository.Repository, a *Attachment) attachmentJSON {
	return attachmentJSON{"issue_attachment", a.Name, a.Size, map[string]rest.Link{"self": room.linkTo(r, a.Number, "attachments", a.Name)}}
}

const (
	attachmentColumns = `f.id, f.number, f.name, f.size, f.hash, COALESCE(f.account_id, ''), f.created_on`
	fromAttachments   = ` FROM issue_attachment f WHERE f.repository_id = $1 AND f.number = $2`
)

func scanAttachment(row func(...any) error) (a Attachment, err error) {
	var created int64
	err = row(&a.ID, &a.Number, &a.Name, &a.Size, &a.Hash, &a.ByID, &created)
	a.Created = database.Time(created)
	return a, err
}

// attachmentFields are what filters and orders of attachments may name.
var attachmentFields = bbql.Fields{
	"name": {Column: "f.name", Kind: bbql.String},
	"size": {Column: "f.size", Kind: bbql.Number},
}

func (room *Room) listAttachments(c *access.Call, r *repository.Repository, i *Issue) (any, error) {
	l := rest.Listing[Attachment]{Columns: attachmentColumns, From: fromAttachments, Args: []any{r.ID, i.Number}, Order: `f.created_on, f.id`, Fields: attachmentFields, Scan: scanAttachment}
	return l.Answer(c.Context(), room.DB, c.Request, func(a *Attachment) any { return room.renderAttachment(r, a) })
}

func (room *Room) findAttachment(ctx context.Context, i *Issue, name string) (a Attachment, err error) {
	if storable(name) {
		a, err = scanAttachment(room.DB.Row(ctx, `SELECT `+attachmentColumns+fromAttachments+` AND f.name = $3`, i.RepositoryID, i.Number, name).Scan)
	}
	if a.ID == "" && err == nil || errors.Is(err, database.ErrNoRows) {
		return a, rest.Refuse(reason.ResourceNotFound, "The issue has no file of this name.")
	}
	return a, err
}

// getAttachment delivers a file (GET .../attachments/{path}).
func (room *Room) getAttachment(c *access.Call, _ *repository.Repository, i *Issue) (any, error) {
	content, err := room.File(c.Context(), i, c.Param("path"))
	if err != nil {
		return nil, err
	}
	return content, nil
}

// File is a file of an issue, to be read until ctx ends. Bitbucket Cloud answers with the address at which it keeps the file; here the answer is the file
// itself, so that nobody has to send a credential anywhere else. A *rest.Error says that there is no such file.
func (room *Room) File(ctx context.Context, i *Issue, name string) (rest.Content, error) {
	a, err := room.findAttachment(ctx, i, name)
	if err != nil {
		return rest.Content{}, err
	}
	file, err := room.Store.Open(i.RepositoryID, a.ID)
	if err != nil {
		return rest.Content{}, err
	}
	context.AfterFunc(ctx, func() { _ = file.Close() }) // also when nothing of it is read
	return rest.Content{Type: filestore.Type(a.Name), Tag: a.Hash, Name: a.Name, Size: a.Size, Open: func() (io.ReadCloser, error) { return file, nil }}, nil
}

func (room *Room) postAttachments(c *access.Call, r *repository.Repository, i *Issue) (any, error) {
	parts, ok := c.Parts()
	if !ok {
		parts = nil
	}
	kept, err := room.Attach(c.Context(), c.Principal, r, i, parts)
	if err != nil {
		return nil, err
	}
	values := make([]attachmentJSON, len(kept))
	for k := range kept {
		values[k] = room.renderAttachment(r, &kept[k])
	}
	return rest.Created(attachedJSON{values}, room.linkTo(r, i.Number, "attachments")), nil
}

// Attach keeps the files of a form for who acts as p, each in place of the one with the same name, all or none. parts is nil where
// something else was sent. That may replace what somebody else brought, so it takes what changing the issue takes. A *rest.Error says
// who may do it, or what is wrong with the files.
func (room *Room) Attach(ctx context.Context, p *access.Principal, r *repository.Repository, i *Issue, parts *rest.Parts) ([]Attachment, error) {
	if err := room.MayChange(ctx, p, r, i); err != nil {
		return nil, err
	}
	if parts == nil {
		return nil, rest.Refuse(reason.MediaTypeUnsupported, "This operation takes multipart/form-data with files, as curl -F files=@NAME sends it.")
	}
	kept, err := room.keep(i, p.AccountID(), parts)
	var replaced []string
	if err == nil {
		replaced, err = room.land(ctx, r, i, kept)
	}
	if err != nil {
		room.remove(i.RepositoryID, ids(kept)...)
		return nil, err
	}
	room.remove(i.RepositoryID, replaced...)
	return kept, nil
}

func ids(files []Attachment) (all []string) {
	for k := range files {
		all = append(all, files[k].ID)
	}
	return all
}

// remove takes files away that no row names any more. What fails is swept later.
func (room *Room) remove(repositoryID string, ids ...string) {
	for _, id := range ids {
		if err := room.Store.Remove(repositoryID, id); err != nil {
			room.Log.Warn("an attachment that was removed is still there", "repository", repositoryID, "attachment", id, "error", err)
		}
	}
}

// keep writes the files of a form to disk. It gives those that are there also with an error: the caller takes them away. Whatever the
// fields are called, what has the name of a file is one.
func (room *Room) keep(i *Issue, by string, parts *rest.Parts) (kept []Attachment, err error) {
	sent := map[string]bool{}
	for {
		part, err := parts.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return kept, err
		}
		if part.File == "" {
			continue
		}
		name, ok := filestore.Name(part.File)
		switch {
		case !ok || name == "":
			return kept, rest.InvalidField("files", "this cannot be the name of a file")
		case sent[name]:
			return kept, rest.InvalidField("files", "a file of one name was sent twice")
		case len(kept) >= maxAttachments:
			return kept, tooMany("An issue has at most %d files.", maxAttachments)
		}
		sent[name] = true
		id, err := uuid.NewV7()
		if err != nil {
			return kept, err
		}
		a := Attachment{ID: id.String(), Number: i.Number, Name: name, ByID: by, Created: room.Now()}
		a.Size, a.Hash, err = room.Store.Keep(i.RepositoryID, a.ID, part)
		if broken, ok := errors.AsType[*filestore.ReadError](err); ok {
			return kept, rest.BodyError(broken.Err)
		}
		if err != nil {
			return kept, err
		}
		kept = append(kept, a)
	}
	if len(kept) == 0 {
		return nil, rest.MissingField("files")
	}
	return kept, nil
}

// land writes the rows of files, and gives the ids of those that they replace.
func (room *Room) land(ctx context.Context, r *repository.Repository, i *Issue, files []Attachment) (replaced []string, err error) {
	err = room.DB.Update(ctx, func(tx *database.Tx) error {
		replaced = nil
		if err := room.touch(ctx, tx, r, i); err != nil {
			return err
		}
		for k := range files {
			a := &files[k]
			var old string
			err := tx.Row(ctx, `SELECT f.id`+fromAttachments+` AND f.name = $3`, i.RepositoryID, i.Number, a.Name).Scan(&old)
			if err != nil && !errors.Is(err, database.ErrNoRows) {
				return err
			}
			if old != "" {
				replaced = append(replaced, old)
				if _, err := tx.Exec(ctx, `DELETE FROM issue_attachment WHERE id = $1`, old); err != nil {
					return err
				}
			}
			if err := insertAttachment(ctx, tx, i.RepositoryID, a); err != nil {
				return err
			}
		}
		var all int
		if err := tx.Row(ctx, `SELECT COUNT(*)`+fromAttachments, i.RepositoryID, i.Number).Scan(&all); err != nil {
			return err
		}
		if all > maxAttachments {
			return tooMany("An issue has at most %d files.", maxAttachments)
		}
		return nil
	})
	return replaced, err
}

func insertAttachment(ctx context.Context, tx *database.Tx, repositoryID string, a *Attachment) error {
	_, err := tx.Exec(ctx, `INSERT INTO issue_attachment (id, repository_id, number, name, size, hash, account_id, created_on) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		a.ID, repositoryID, a.Number, a.Name, a.Size, a.Hash, orNull(a.ByID), database.Micros(a.Created))
	return err
}

func (room *Room) deleteAttachment(c *access.Call, r *repository.Repository, i *Issue) (any, error) {
	return nil, room.Detach(c.Context(), c.Principal, r, i, c.Param("path"))
}

// Detach takes a file away, for who acts as p. A *rest.Error says who may do it, or that there is no such file.
func (room *Room) Detach(ctx context.Context, p *access.Principal, r *repository.Repository, i *Issue, name string) error {
	if err := room.MayChange(ctx, p, r, i); err != nil {
		return err
	}
	a, err := room.findAttachment(ctx, i, name)
	if err != nil {
		return err
	}
	err = room.DB.Update(ctx, func(tx *database.Tx) error {
		if err := room.touch(ctx, tx, r, i); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM issue_attachment WHERE id = $1`, a.ID)
		return err
	})
	if err == nil {
		room.remove(r.ID, a.ID)
	}
	return err
}

// Sweep removes the files that no row names: of issues, repositories and exports that are gone, of uploads and imports that a crash cut
// off. Files that are younger than age may be on their way in, and so may those of a repository into which an import goes on.
func (room *Room) Sweep(ctx context.Context, age time.Duration) error {
	for _, s := range []struct {
		store *filestore.Store
		query string
	}{{room.Store, `SELECT id FROM issue_attachment UNION SELECT repository_id FROM issue_job WHERE status IN ('ACCEPTED', 'STARTED') AND due_on > $1`},
		{room.Archives, `SELECT id FROM issue_job WHERE status = 'SUCCESS' OR status IN ('ACCEPTED', 'STARTED') AND due_on > $1`}} {
		known := map[string]bool{}
		if _, err := database.Collect(ctx, room.DB, func(row func(...any) error) (struct{}, error) {
			var id string
			err := row(&id)
			known[id] = true
			return struct{}{}, err
		}, s.query, database.Micros(room.Now())); err != nil {
			return err
		}
		if err := s.store.Sweep(known, age); err != nil {
			return err
		}
	}
	return nil
}

// attachments are the operations on files.
func (room *Room) attachments(one string, reads, takes access.Need[*repository.Repository]) []access.Operation {
	return []access.Operation{
		access.On("GET "+one+"/attachments", reads, room.one(room.listAttachments)).Lists(attachmentJSON{}).Filters(attachmentFields),
		access.On("POST "+one+"/attachments", takes, room.one(room.postAttachments)).Answers(attachedJSON{}, http.StatusCreated),
		access.On("GET "+one+"/attachments/{path}", reads, room.one(room.getAttachment)).Answers(nil, http.StatusOK).Delivers(),
		access.On("DELETE "+one+"/attachments/{path}", takes, room.one(room.deleteAttachment)).Answers(nil),
	}
}
