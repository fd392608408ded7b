package commit

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/event"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// Status is what one build says of a commit.
type Status struct {
	Key         string // of the build; a commit has one status of each
	State       string // SUCCESSFUL, FAILED, INPROGRESS or STOPPED
	Name        string
	URL         string // of the build, with templates such as {commit.hash} filled in
	Description string
	RefName     string // the branch or pull request that was built, "" for none
	Created     time.Time
	Updated     time.Time
}

// The states of a build.
const (
	Successful = "SUCCESSFUL"
	Failed     = "FAILED"
	InProgress = "INPROGRESS"
	Stopped    = "STOPPED"
)

// Limits of statuses, in characters and in statuses of one commit.
const (
	maxKey         = 40
	maxName        = 255
	maxDescription = 1000
	maxRefName     = gitstore.MaxRefName
	maxStatuses    = 1000
)

// StatusJSON is a status as the API writes it (schema commitstatus).
type StatusJSON struct {
	Type        string               `json:"type"`
	Key         string               `json:"key"`
	State       string               `json:"state"`
	Name        string               `json:"name"`
	URL         string               `json:"url"`
	Description string               `json:"description"`
	RefName     *string              `json:"refname"`
	Repository  repository.Summary   `json:"repository"`
	CreatedOn   rest.Time            `json:"created_on"`
	UpdatedOn   rest.Time            `json:"updated_on"`
	Links       map[string]rest.Link `json:"links"`
}

func (room *Room) renderStatus(r *repository.Repository, hash gitstore.Hash, s *Status) StatusJSON {
	j := StatusJSON{Type: "build", Key: s.Key, State: s.State, Name: s.Name, URL: fillIn(s.URL, r, hash), Description: s.Description,
		Repository: room.Repositories.Summarize(r), CreatedOn: rest.Time(s.Created), UpdatedOn: rest.Time(s.Updated),
		Links: map[string]rest.Link{"self": room.link(r, hash, "statuses", "build", s.Key), "commit": room.link(r, hash)}}
	if s.RefName != "" {
		j.RefName = &s.RefName
	}
	return j
}

// fillIn fills in the variables that the URL of a status may hold (POST .../statuses/build).
func fillIn(address string, r *repository.Repository, hash gitstore.Hash) string {
	if !strings.Contains(address, "{") {
		return address
	}
	return strings.NewReplacer(
		"{repository.full_name}", r.FullName(), "{repository.name}", url.PathEscape(r.Name), "{repository.uuid}", url.PathEscape(rest.Braced(r.ID)),
		"{repository.slug}", r.Slug, "{commit.hash}", string(hash)).Replace(address)
}

// statusBody is what making and changing a status read.
type statusBody struct {
	Key         *string `json:"key"`
	State       *string `json:"state"`
	Name        *string `json:"name"`
	URL         *string `json:"url"`
	Description *string `json:"description"`
	RefName     *string `json:"refname"`
}

// apply checks what a body says and writes it into s; what it does not say stays.
func (b statusBody) apply(s *Status) error {
	for _, field := range []struct {
		name  string
		value *string
		to    *string
		limit int
	}{{"name", b.Name, &s.Name, maxName}, {"description", b.Description, &s.Description, maxDescription}, {"refname", b.RefName, &s.RefName, maxRefName}} {
		if field.value == nil {
			continue
		}
		value, err := rest.Text(field.name, field.value, field.limit)
		if err != nil {
			return err
		}
		*field.to = value
	}
	if b.URL != nil {
		value, err := address("url", b.URL)
		if err != nil {
			return err
		}
		s.URL = value
	}
	state, err := oneOf("state", b.State, s.State, Successful, Failed, InProgress, Stopped)
	s.State = state
	return err
}

const statusColumns = `key, state, name, url, description, COALESCE(refname, ''), created_on, updated_on`

func scanStatus(row func(...any) error) (s Status, err error) {
	var created, updated int64
	err = row(&s.Key, &s.State, &s.Name, &s.URL, &s.Description, &s.RefName, &created, &updated)
	s.Created, s.Updated = database.Time(created), database.Time(updated)
	return s, err
}

// StatusFields are what filters and orders of statuses may name.
var StatusFields = bbql.Fields{
	"key":         {Column: "key", Kind: bbql.String},
	"state":       {Column: "state", Kind: bbql.Enum, Values: []string{Successful, Failed, InProgress, Stopped}},
	"name":        {Column: "name", Kind: bbql.String},
	"url":         {Column: "url", Kind: bbql.String},
	"description": {Column: "description", Kind: bbql.String},
	"refname":     {Column: "refname", Kind: bbql.String},
	"created_on":  {Column: "created_on", Kind: bbql.Time},
	"updated_on":  {Column: "updated_on", Kind: bbql.Time},
}

// ListStatuses is the page of the statuses of a commit that the request asks for.
func (room *Room) ListStatuses(c *access.Call, r *repository.Repository, hash gitstore.Hash) (any, error) {
	l := rest.Listing[Status]{Columns: statusColumns, From: ` FROM commit_status WHERE repository_id = $1 AND hash = $2`, Args: []any{r.ID, string(hash)},
		Order: `created_on, key`, Fields: StatusFields, Scan: scanStatus}
	if name := c.Query().Get("refname"); name != "" {
		l.From += ` AND (refname IS NULL OR refname = $3)`
		l.Args = append(l.Args, strings.ToValidUTF8(strings.ReplaceAll(name, "\x00", "�"), "�"))
	}
	return l.Answer(c.Context(), room.DB, c.Request, func(row *Status) any { return room.renderStatus(r, hash, row) })
}

// Statuses are all of a commit, the oldest first.
func (room *Room) Statuses(ctx context.Context, r *repository.Repository, hash gitstore.Hash) ([]Status, error) {
	all, err := database.Collect(ctx, room.DB, scanStatus, `SELECT `+statusColumns+` FROM commit_status WHERE repository_id = $1 AND hash = $2 ORDER BY created_on, key`, r.ID, string(hash))
	for i := range all {
		all[i].URL = fillIn(all[i].URL, r, hash)
	}
	return all, err
}

// Verdict is what all builds together say of a commit.
type Verdict struct {
	State string // the gravest: Failed, then InProgress, then Stopped, then Successful
	Count int    // of statuses, at least 1
}

// Verdicts are those of the commits that any build has given a status, in one query.
func (room *Room) Verdicts(ctx context.Context, r *repository.Repository, hashes []gitstore.Hash) (map[gitstore.Hash]Verdict, error) {
	found := map[gitstore.Hash]Verdict{}
	if len(hashes) == 0 {
		return found, nil
	}
	args, marks := []any{r.ID}, make([]string, len(hashes))
	for i, hash := range hashes {
		args = append(args, string(hash))
		marks[i] = "$" + strconv.Itoa(i+2)
	}
	_, err := database.Collect(ctx, room.DB, func(row func(...any) error) (struct{}, error) {
		var hash, state string
		var count int
		err := row(&hash, &state, &count)
		v := found[gitstore.Hash(hash)]
		if v.Count += count; gravity[state] > gravity[v.State] {
			v.State = state
		}
		found[gitstore.Hash(hash)] = v
		return struct{}{}, err
	}, `SELECT hash, state, COUNT(*) FROM commit_status WHERE repository_id = $1 AND hash IN (`+strings.Join(marks, ", ")+`) GROUP BY hash, state`, args...)
	return found, err
}

var gravity = map[string]int{Successful: 1, Stopped: 2, InProgress: 3, Failed: 4}

func find(ctx context.Context, q database.Queryer, r *repository.Repository, hash gitstore.Hash, key string) (Status, error) {
	return scanStatus(q.Row(ctx, `SELECT `+statusColumns+` FROM commit_status WHERE repository_id = $1 AND hash = $2 AND key = $3`, r.ID, string(hash), key).Scan)
}

func (room *Room) getStatus(c *access.Call, r *repository.Repository, hash gitstore.Hash) (any, error) {
	s, err := find(c.Context(), room.DB, r, hash, c.Param("key"))
	if err != nil {
		return nil, noStatus(err)
	}
	return room.renderStatus(r, hash, &s), nil
}

func noStatus(err error) error {
	if errors.Is(err, database.ErrNoRows) {
		return rest.Refuse(reason.ResourceNotFound, "No build has given the commit a status with this key.")
	}
	return err
}

// postStatus makes a status, or replaces the one that the build has given already (POST .../statuses/build).
func (room *Room) postStatus(c *access.Call, r *repository.Repository, hash gitstore.Hash) (any, error) {
	var b statusBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	key, err := rest.RequiredText("key", b.Key, maxKey)
	if err != nil {
		return nil, err
	}
	if b.State == nil {
		return nil, rest.MissingField("state")
	}
	s := Status{Key: key, Name: key, Created: room.Now(), Updated: room.Now()}
	if err := b.apply(&s); err != nil {
		return nil, err
	}
	if err := room.DB.Update(c.Context(), func(tx *database.Tx) error { return room.save(c.Context(), tx, r, hash, &s, event.CommitStatusCreated) }); err != nil {
		return nil, err
	}
	j := room.renderStatus(r, hash, &s)
	return rest.Created(j, j.Links["self"]), nil
}

// Report gives a commit the status of a build of the server's own, in a transaction in which more happens; its fields are in order.
func (room *Room) Report(ctx context.Context, tx *database.Tx, r *repository.Repository, hash gitstore.Hash, s *Status) error {
	return room.save(ctx, tx, r, hash, s, event.CommitStatusCreated)
}

// save writes s; of one that is there only the time of its making stays. It is told as the event
// key, or as a change when it was there.
func (room *Room) save(ctx context.Context, tx *database.Tx, r *repository.Repository, hash gitstore.Hash, s *Status, key event.Key) error {
	var others int
	if err := tx.Row(ctx, `SELECT COUNT(*) FROM commit_status WHERE repository_id = $1 AND hash = $2 AND key <> $3`, r.ID, string(hash), s.Key).Scan(&others); err != nil {
		return err
	}
	if others >= maxStatuses {
		return rest.Refusef(reason.ValueInvalid, "A commit has at most %d statuses. Use the key of one that is there.", maxStatuses).WithMessage("Too many statuses")
	}
	var ref any
	if s.RefName != "" {
		ref = s.RefName
	}
	var created int64
	err := tx.Row(ctx, `INSERT INTO commit_status (repository_id, hash, key, state, name, url, description, refname, created_on, updated_on)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (repository_id, hash, key) DO UPDATE SET state = excluded.state, name = excluded.name, url = excluded.url,
		description = excluded.description, refname = excluded.refname, updated_on = excluded.updated_on RETURNING created_on`,
		r.ID, string(hash), s.Key, s.State, s.Name, s.URL, s.Description, ref, database.Micros(s.Created), database.Micros(s.Updated)).Scan(&created)
	if err != nil {
		return err
	}
	if created != database.Micros(s.Created) {
		key = event.CommitStatusUpdated
	}
	s.Created = database.Time(created)
	return room.Repositories.Emit(ctx, tx, key, r, func() (event.Payload, error) {
		return event.Payload{"commit_status": room.renderStatus(r, hash, s)}, nil
	})
}

// putStatus changes what the body says of a status that is there (PUT .../statuses/build/{key}).
func (room *Room) putStatus(c *access.Call, r *repository.Repository, hash gitstore.Hash) (any, error) {
	var b statusBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	if b.Key != nil && *b.Key != c.Param("key") {
		return nil, rest.InvalidField("key", "it cannot be changed")
	}
	var s Status
	if err := room.DB.Update(c.Context(), func(tx *database.Tx) (err error) {
		// Written before it is read: who changes it at the same moment waits, and nothing of theirs is lost.
		if _, err := tx.Exec(c.Context(), `UPDATE commit_status SET updated_on = $4 WHERE repository_id = $1 AND hash = $2 AND key = $3`,
			r.ID, string(hash), c.Param("key"), database.Micros(room.Now())); err != nil {
			return err
		}
		if s, err = find(c.Context(), tx, r, hash, c.Param("key")); err != nil {
			return noStatus(err)
		}
		if err := b.apply(&s); err != nil {
			return err
		}
		s.Updated = room.Now()
		return room.save(c.Context(), tx, r, hash, &s, event.CommitStatusUpdated)
	}); err != nil {
		return nil, err
	}
	return room.renderStatus(r, hash, &s), nil
}
