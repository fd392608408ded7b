package download

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/filestore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// Room serves downloads. Its fields are what it stands on.
type Room struct {
	DB           *database.DB
	Repositories *repository.Room
	Store        *filestore.Store
	URLs         rest.URLs
	Log          *slog.Logger
	Now          func() time.Time
}

// Operations lists what this room serves.
func (room *Room) Operations() []access.Operation {
	const downloads = "/repositories/{workspace}/{repo_slug}/downloads"
	repositories := room.Repositories.Repositories()
	return []access.Operation{
		access.On("GET "+downloads, repositories.Reads(), room.list).Lists(fileJSON{}).Filters(fields),
		access.On("POST "+downloads, repositories.Needs(access.Write), room.post).Answers(uploadedJSON{}, http.StatusCreated),
		access.On("GET "+downloads+"/{filename}", repositories.Reads(), room.get).Answers(nil, http.StatusOK).Delivers(),
		access.On("DELETE "+downloads+"/{filename}", repositories.Needs(access.Write), room.delete).Answers(nil),
	}
}

// File is a file that a repository offers.
type File struct {
	ID        string
	Name      string
	Size      int64  // bytes
	Hash      string // SHA-256 in hex
	Downloads int64  // how often it was fetched
	Created   time.Time
	ByID      string // the account that brought it, "" for none
}

// maxFiles bounds the files of one repository.
const maxFiles = 10_000

// fileJSON is a download as the API writes it.
type fileJSON struct {
	Type      string               `json:"type"`
	Name      string               `json:"name"`
	Size      int64                `json:"size"`
	Downloads int64                `json:"downloads"`
	CreatedOn rest.Time            `json:"created_on"`
	User      *account.JSON        `json:"user" api:"nullable"`
	Links     map[string]rest.Link `json:"links"`
}

// uploadedJSON is what an upload answers.
type uploadedJSON struct {
	Values []fileJSON `json:"values"`
}

func (room *Room) link(r *repository.Repository, below ...string) rest.Link {
	return room.URLs.API(append([]string{"repositories", r.Workspace.Slug, r.Slug, "downloads"}, below...)...)
}

// By is the account that brought a file; nil when it is not there.
func (room *Room) By(ctx context.Context, f File) (*access.Account, error) {
	return room.Repositories.Accounts.Who(ctx, room.DB, f.ByID)
}

// render is files as the API writes them.
func (room *Room) render(ctx context.Context, r *repository.Repository, files []File) ([]fileJSON, error) {
	known := map[string]*account.JSON{}
	values := make([]fileJSON, len(files))
	for i, f := range files {
		who, ok := known[f.ByID]
		if !ok {
			var err error
			if who, err = room.Repositories.Accounts.Shown(ctx, room.DB, f.ByID); err != nil {
				return nil, err
			}
			known[f.ByID] = who
		}
		values[i] = fileJSON{"download", f.Name, f.Size, f.Downloads, rest.Time(f.Created), who, map[string]rest.Link{"self": room.link(r, f.Name)}}
	}
	return values, nil
}

// fields are what filters and orders of downloads may name.
var fields = bbql.Fields{
	"name":       {Column: "name", Kind: bbql.String},
	"size":       {Column: "size", Kind: bbql.Number},
	"downloads":  {Column: "downloads", Kind: bbql.Number},
	"created_on": {Column: "created_on", Kind: bbql.Time},
}

const columns = `id, name, size, hash, downloads, created_on, COALESCE(account_id, '')`

func scan(row func(...any) error) (f File, err error) {
	var created int64
	err = row(&f.ID, &f.Name, &f.Size, &f.Hash, &f.Downloads, &created, &f.ByID)
	f.Created = database.Time(created)
	return f, err
}

func (room *Room) list(c *access.Call, r *repository.Repository) (any, error) {
	l := rest.Listing[File]{Columns: columns, From: ` FROM download WHERE repository_id = $1`, Args: []any{r.ID}, Order: `created_on DESC, id`, Fields: fields, Scan: scan}
	p, rows, size, err := l.Page(c.Context(), room.DB, c.Request)
	if err != nil {
		return nil, err
	}
	values, err := room.render(c.Context(), r, rows)
	return rest.Counted(c.Request, p, values, size), err
}

func (room *Room) find(ctx context.Context, r *repository.Repository, name string) (File, error) {
	f, err := scan(room.DB.Row(ctx, `SELECT `+columns+` FROM download WHERE repository_id = $1 AND name = $2`, r.ID, name).Scan)
	if errors.Is(err, database.ErrNoRows) {
		return f, rest.Refuse(reason.ResourceNotFound, "The repository offers no file of this name.")
	}
	return f, err
}

// Files lists a part of the files that a repository offers, the newest first. more tells whether others follow.
func (room *Room) Files(ctx context.Context, r *repository.Repository, offset, limit int) (files []File, more bool, err error) {
	files, err = database.Collect(ctx, room.DB, scan, `SELECT `+columns+` FROM download WHERE repository_id = $1 ORDER BY created_on DESC, id LIMIT $2 OFFSET $3`, r.ID, limit+1, offset)
	if err != nil || len(files) <= limit {
		return files, false, err
	}
	return files[:limit], true, nil
}

// get delivers a file. Bitbucket Cloud answers with the address at which it keeps the file; here the answer is the file itself,
// so that nobody has to send a credential anywhere else (GET .../downloads/{filename}).
func (room *Room) get(c *access.Call, r *repository.Repository) (any, error) {
	content, err := room.Content(c.HTTP, r, c.Param("filename"))
	if err != nil {
		return nil, err
	}
	return content, nil
}

// Content is a file for whoever sent a request for it. A request for all of it is counted. A *rest.Error says that there is none.
func (room *Room) Content(hr *http.Request, r *repository.Repository, name string) (rest.Content, error) {
	ctx := hr.Context()
	f, err := room.find(ctx, r, name)
	if err != nil {
		return rest.Content{}, err
	}
	file, err := room.Store.Open(r.ID, f.ID)
	if err != nil {
		return rest.Content{}, err
	}
	if hr.Method == http.MethodGet && hr.Header.Get("Range") == "" && hr.Header.Get("If-None-Match") == "" {
		err := room.DB.Record(ctx, func(tx *database.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE download SET downloads = downloads + 1 WHERE id = $1`, f.ID)
			return err
		})
		if err != nil {
			return rest.Content{}, errors.Join(err, file.Close())
		}
	}
	context.AfterFunc(ctx, func() { _ = file.Close() }) // also when nothing of it is read
	return rest.Content{Type: filestore.Type(f.Name), Tag: f.Hash, Name: f.Name, Size: f.Size, Open: func() (io.ReadCloser, error) { return file, nil }}, nil
}

// post keeps the files of a form, each in place of the one with the same name (POST .../downloads).
func (room *Room) post(c *access.Call, r *repository.Repository) (any, error) {
	parts, ok := c.Parts()
	if !ok {
		return nil, rest.Refuse(reason.MediaTypeUnsupported, "This operation takes multipart/form-data with fields called files, as curl -F files=@NAME sends it.")
	}
	kept, err := room.Keep(c.Context(), r, c.Principal.AccountID(), parts)
	if err != nil {
		return nil, err
	}
	values, err := room.render(c.Context(), r, kept)
	return rest.Created(uploadedJSON{values}, room.link(r)), err
}

// Keep keeps the files in the fields called files of a form, each in place of the one with the same name, all or none. by is the
// account that brings them, "" for none. A *rest.Error says what is wrong with the form.
func (room *Room) Keep(ctx context.Context, r *repository.Repository, by string, parts *rest.Parts) ([]File, error) {
	var kept []File
	sent, landed := map[string]bool{}, false
	defer func() {
		for _, f := range kept {
			if !landed {
				_ = room.Store.Remove(r.ID, f.ID)
			}
		}
	}()
	for {
		part, err := parts.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		// Clients that name each field after its file are common (ktrysmt/go-bitbucket does): what has the name of a file is one.
		if part.Name != "files" && part.File == "" {
			continue
		}
		f, err := room.take(r, by, part)
		if err != nil {
			return nil, err
		}
		kept = append(kept, f)
		if sent[f.Name] {
			return nil, rest.InvalidField("files", "a file of one name was sent twice")
		}
		sent[f.Name] = true
	}
	if len(kept) == 0 {
		return nil, rest.MissingField("files")
	}
	replaced, err := room.land(ctx, r, kept)
	if err != nil {
		return nil, err
	}
	landed = true
	for _, id := range replaced {
		if err := room.Store.Remove(r.ID, id); err != nil {
			room.Log.Warn("a file that was replaced is still there", "repository", r.ID, "download", id, "error", err)
		}
	}
	return kept, nil
}

// take keeps the file of one part.
func (room *Room) take(r *repository.Repository, by string, part *rest.Part) (File, error) {
	name, ok := filestore.Name(part.File)
	switch {
	case name == "":
		return File{}, rest.InvalidField("files", "a file with a name is needed, as curl -F files=@NAME sends it")
	case !ok:
		return File{}, rest.InvalidField("files", "this cannot be the name of a file")
	}
	id, err := uuid.NewV7()
	if err != nil {
		return File{}, err
	}
	f := File{ID: id.String(), Name: name, Created: room.Now(), ByID: by}
	f.Size, f.Hash, err = room.Store.Keep(r.ID, f.ID, part)
	if broken, ok := errors.AsType[*filestore.ReadError](err); ok {
		return f, rest.BodyError(broken.Err)
	}
	return f, err
}

// land writes the rows of files, and gives the ids of those that they replace.
func (room *Room) land(ctx context.Context, r *repository.Repository, files []File) (replaced []string, err error) {
	err = room.DB.Update(ctx, func(tx *database.Tx) error {
		replaced = nil
		// The repository's row is taken first: uploads of one name come one after the other.
		n, err := tx.Exec(ctx, `UPDATE repository SET updated_on = updated_on WHERE id = $1`, r.ID)
		if err != nil {
			return err
		}
		if n == 0 {
			return rest.Refuse(reason.RepositoryNotFound, "The repository was removed while the request ran.")
		}
		for _, f := range files {
			var old string
			err := tx.Row(ctx, `SELECT id FROM download WHERE repository_id = $1 AND name = $2`, r.ID, f.Name).Scan(&old)
			if err != nil && !errors.Is(err, database.ErrNoRows) {
				return err
			}
			if old != "" {
				replaced = append(replaced, old)
				if _, err := tx.Exec(ctx, `DELETE FROM download WHERE id = $1`, old); err != nil {
					return err
				}
			}
			var by any
			if f.ByID != "" {
				by = f.ByID
			}
			_, err = tx.Exec(ctx, `INSERT INTO download (id, repository_id, name, size, hash, account_id, downloads, created_on) VALUES ($1, $2, $3, $4, $5, $6, 0, $7)`,
				f.ID, r.ID, f.Name, f.Size, f.Hash, by, database.Micros(f.Created))
			if err != nil {
				return err
			}
		}
		var all int
		if err := tx.Row(ctx, `SELECT COUNT(*) FROM download WHERE repository_id = $1`, r.ID).Scan(&all); err != nil {
			return err
		}
		if all > maxFiles {
			return rest.Refusef(reason.ValueInvalid, "A repository offers at most %d files.", maxFiles).WithMessage("Too many files")
		}
		return nil
	})
	return replaced, err
}

func (room *Room) delete(c *access.Call, r *repository.Repository) (any, error) {
	return nil, room.Remove(c.Context(), r, c.Param("filename"))
}

// Remove takes a file away. A *rest.Error says that there is none.
func (room *Room) Remove(ctx context.Context, r *repository.Repository, name string) error {
	f, err := room.find(ctx, r, name)
	if err != nil {
		return err
	}
	if err := room.DB.Update(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM download WHERE id = $1`, f.ID)
		return err
	}); err != nil {
		return err
	}
	if err := room.Store.Remove(r.ID, f.ID); err != nil {
		room.Log.Warn("a file that was deleted is still there", "repository", r.ID, "download", f.ID, "error", err)
	}
	return nil
}

// Sweep removes files that no row names. Files that are younger than age may be on their way in.
func (room *Room) Sweep(ctx context.Context, age time.Duration) error {
	known := map[string]bool{}
	if _, err := database.Collect(ctx, room.DB, func(row func(...any) error) (struct{}, error) {
		var id string
		err := row(&id)
		known[id] = true
		return struct{}{}, err
	}, `SELECT id FROM download`); err != nil {
		return err
	}
	return room.Store.Sweep(known, age)
}
