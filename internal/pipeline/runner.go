package pipeline

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/runnerapi"
	"github.com/pailforge/pail/internal/token"
	"github.com/pailforge/pail/internal/workspace"
)

// Runner is a program that runs steps: of all repositories of a workspace, or of one repository.
type Runner struct {
	ID           string
	WorkspaceID  string // "" of a repository's
	RepositoryID string // "" of a workspace's
	Name         string
	Labels       []string // selfHosted first
	ClientID     string
	Disabled     bool // it is given no step, because somebody says so
	Cordoned     bool // the same, for maintenance
	Version      string
	Seen         time.Time // zero: never
	Created      time.Time
	Updated      time.Time
}

// selfHosted is the label that every runner has.
const selfHosted = "self.hosted"

// Limits of runners: of those in one place, of a name in characters, of the labels that one has.
const (
	maxRunners    = 100
	maxRunnerName = 50
	maxLabels     = 20
)

// runnerGone is how long a runner may be silent before it counts as offline: it asks, or is at a step, far more often.
const runnerGone = 2*runnerapi.Wait + 5*time.Second

// label is what one may be called.
var label = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$`)

// The states that a runner may have.
const (
	Unregistered = "UNREGISTERED"
	Online       = "ONLINE"
	Offline      = "OFFLINE"
	Disabled     = "DISABLED"
	enabled      = "ENABLED" // only asked for
)

// Status is the state of a runner as the API names it: UNREGISTERED until it first asks for a step, then ONLINE or OFFLINE; DISABLED when
// somebody says so.
func (w *Runner) Status(now time.Time) string {
	switch {
	case w.Disabled:
		return Disabled
	case w.Seen.IsZero():
		return Unregistered
	case now.Sub(w.Seen) > runnerGone:
		return Offline
	}
	return Online
}

// runnerJSON is a runner as the API writes it (schema pipeline_runner).
type runnerJSON struct {
	Type        string          `json:"type"`
	UUID        string          `json:"uuid"`
	Name        string          `json:"name"`
	Labels      []string        `json:"labels"`
	State       runnerStateJSON `json:"state"`
	CreatedOn   rest.Time       `json:"created_on"`
	UpdatedOn   rest.Time       `json:"updated_on"`
	OAuthClient oauthClientJSON `json:"oauth_client"`
}

type runnerStateJSON struct {
	Type      string             `json:"type"`
	Status    string             `json:"status"`
	Version   *runnerVersionJSON `json:"version,omitempty"`
	UpdatedOn rest.Time          `json:"updated_on"`
	Cordoned  bool               `json:"cordoned"`
}

type runnerVersionJSON struct {
	Type    string `json:"type"`
	Version string `json:"version"`
}

// oauthClientJSON is what a runner buys its tokens with. The secret is told once, to whoever registers it.
type oauthClientJSON struct {
	Type          string `json:"type"`
	ID            string `json:"id"`
	Secret        string `json:"secret,omitempty"`
	TokenEndpoint string `json:"token_endpoint"`
	Audience      string `json:"audience"`
}

type runnerBody struct {
	Name   *string          `json:"name"`
	Labels *[]string        `json:"labels"`
	State  *runnerStateBody `json:"state"`
}

type runnerStateBody struct {
	Status   *string `json:"status"`
	Cordoned *bool   `json:"cordoned"`
}

// TokenEndpoint is where runners buy their tokens, below the external URL.
const TokenEndpoint = runnerapi.TokenEndpoint

func (room *Room) renderRunner(w *Runner) runnerJSON {
	j := runnerJSON{
		Type: "pipeline_runner", UUID: rest.Braced(w.ID), Name: w.Name, Labels: w.Labels, CreatedOn: rest.Time(w.Created), UpdatedOn: rest.Time(w.Updated),
		State:       runnerStateJSON{Type: "pipeline_runner_state", Status: w.Status(room.Now()), UpdatedOn: rest.Time(w.Updated), Cordoned: w.Cordoned},
		OAuthClient: oauthClientJSON{Type: "pipeline_runner_oauth_client", ID: w.ClientID, TokenEndpoint: room.URLs.Base + TokenEndpoint, Audience: room.URLs.Base},
	}
	if w.Seen.After(w.Updated) {
		j.State.UpdatedOn = rest.Time(w.Seen)
	}
	if w.Version != "" {
		j.State.Version = &runnerVersionJSON{"pipeline_runner_version", w.Version}
	}
	return j
}

const runnerColumns = `u.id, COALESCE(u.workspace_id, ''), COALESCE(u.repository_id, ''), u.name, u.labels, u.client_id, u.disabled, u.cordoned, u.version, u.seen_on, u.created_on, u.updated_on`

func scanRunner(row func(...any) error) (w Runner, err error) {
	var labels string
	var seen, created, updated int64
	err = row(&w.ID, &w.WorkspaceID, &w.RepositoryID, &w.Name, &labels, &w.ClientID, &w.Disabled, &w.Cordoned, &w.Version, &seen, &created, &updated)
	w.Labels, w.Seen, w.Created, w.Updated = strings.Fields(labels), database.Time(seen), database.Time(created), database.Time(updated)
	return w, err
}

func (p place) runners() string { return ` FROM pipeline_runner u WHERE u.` + p.what + `_id = $1` }

var runnerFields = bbql.Fields{
	"uuid":       {Column: "u.id", Kind: bbql.UUID},
	"name":       {Column: "u.name", Kind: bbql.String},
	"created_on": {Column: "u.created_on", Kind: bbql.Time},
	"updated_on": {Column: "u.updated_on", Kind: bbql.Time},
}

// runners are the operations on the runners of a place below a path.
func runners[T any](room *Room, path string, need access.Need[T], of func(T) place) []access.Operation {
	on := func(h func(*access.Call, place) (any, error)) func(*access.Call, T) (any, error) {
		return func(c *access.Call, t T) (any, error) { return h(c, of(t)) }
	}
	path += "/pipelines-config/runners"
	one := path + "/{runner_uuid}"
	return []access.Operation{
		access.On("GET "+path, need, on(room.listRunners)).Lists(runnerJSON{}).Filters(runnerFields),
		access.On("POST "+path, need, on(room.postRunner)).Takes(runnerBody{}).Answers(runnerJSON{}),
		access.On("GET "+one, need, on(room.getRunner)).Answers(runnerJSON{}),
		access.On("PUT "+one, need, on(room.putRunner)).Takes(runnerBody{}).Answers(runnerJSON{}),
		access.On("DELETE "+one, need, on(room.deleteRunner)).Answers(nil),
	}
}

func runnersOfRepository(r *repository.Repository) place {
	return place{what: "repository", id: r.ID}
}

func runnersOfWorkspace(w workspace.Workspace) place { return place{what: "workspace", id: w.ID} }

func (room *Room) listRunners(c *access.Call, p place) (any, error) {
	return rest.Listing[Runner]{Columns: runnerColumns, From: p.runners(), Args: []any{p.id}, Order: `u.created_on, u.id`, Fields: runnerFields, Scan: scanRunner}.
		Answer(c.Context(), room.DB, c.Request, func(w *Runner) any { return room.renderRunner(w) })
}

func findRunner(c *access.Call, q database.Queryer, p place) (Runner, error) {
	return named(c, "runner_uuid", rest.Refuse(reason.ResourceNotFound, "There is no runner with this uuid here."), func(ctx context.Context, id string) (Runner, error) {
		return scanRunner(q.Row(ctx, `SELECT `+runnerColumns+p.runners()+` AND u.id = $2`, p.id, id).Scan)
	})
}

func (room *Room) getRunner(c *access.Call, p place) (any, error) {
	w, err := findRunner(c, room.DB, p)
	if err != nil {
		return nil, err
	}
	return room.renderRunner(&w), nil
}

// take makes a runner what a body says; what is not in it stays.
func (b runnerBody) take(w *Runner) error {
	if b.Name != nil {
		name, err := rest.RequiredText("name", b.Name, maxRunnerName)
		if err != nil {
			return err
		}
		if strings.ContainsFunc(name, unicode.IsControl) {
			return rest.InvalidField("name", "a name has no control characters")
		}
		w.Name = strings.TrimSpace(name)
	}
	if b.Labels != nil {
		w.Labels = []string{selfHosted}
		for _, l := range *b.Labels {
			l = strings.ToLower(l)
			if !label.MatchString(l) {
				return rest.InvalidField("labels", "a label has letters, digits, dots, dashes and underscores, up to 50, and begins with a letter or a digit")
			}
			if !slices.Contains(w.Labels, l) {
				w.Labels = append(w.Labels, l)
			}
		}
		if len(w.Labels) > maxLabels {
			return rest.InvalidField("labels", fmt.Sprintf("a runner has up to %d labels, %s among them", maxLabels, selfHosted))
		}
	}
	if b.State != nil {
		if b.State.Status != nil {
			switch *b.State.Status {
			case Disabled:
				w.Disabled = true
			case enabled, Online, Offline, Unregistered:
				w.Disabled = false
			default:
				return rest.InvalidField("state.status", "one of "+enabled+" and "+Disabled)
			}
		}
		if b.State.Cordoned != nil {
			w.Cordoned = *b.State.Cordoned
		}
	}
	return nil
}

// AddRunner makes a runner of a workspace, or of a repository where repositoryID is not "". The secret is told this once and kept nowhere.
// A *rest.Error says what is wrong with the name or the labels, or that there are too many.
func (room *Room) AddRunner(ctx context.Context, workspaceID, repositoryID, name string, labels []string) (Runner, string, error) {
	p := place{what: "workspace", id: workspaceID}
	if repositoryID != "" {
		p = place{what: "repository", id: repositoryID}
	}
	return room.addRunner(ctx, p, runnerBody{Name: &name, Labels: &labels})
}

func (room *Room) addRunner(ctx context.Context, p place, b runnerBody) (Runner, string, error) {
	id, err := newID()
	if err != nil {
		return Runner{}, "", err
	}
	now := room.Now().UTC().Truncate(time.Microsecond)
	w := Runner{ID: id, Labels: []string{selfHosted}, ClientID: rand.Text(), Created: now, Updated: now}
	if p.what == "workspace" {
		w.WorkspaceID = p.id
	} else {
		w.RepositoryID = p.id
	}
	if b.Name == nil {
		return w, "", rest.MissingField("name")
	}
	if err := b.take(&w); err != nil {
		return w, "", err
	}
	secret := token.Mint(token.RunnerSecret)
	return w, secret, room.add(ctx, p, "runners", p.runners(), maxRunners, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO pipeline_runner (id, `+p.what+`_id, name, labels, client_id, secret_hash, Disabled, cordoned, version, seen_on, created_on, updated_on)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', 0, $9, $9)`,
			w.ID, p.id, w.Name, strings.Join(w.Labels, " "), w.ClientID, hashOf(secret), w.Disabled, w.Cordoned, database.Micros(now))
		return err
	})
}

func hashOf(secret string) string {
	h := token.Hash(secret)
	return hex.EncodeToString(h[:])
}

// postRunner registers a runner, and tells its secret (POST .../pipelines-config/runners).
func (room *Room) postRunner(c *access.Call, p place) (any, error) {
	var b runnerBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	w, secret, err := room.addRunner(c.Context(), p, b)
	if err != nil {
		return nil, err
	}
	j := room.renderRunner(&w)
	j.OAuthClient.Secret = secret
	return j, nil
}

func (room *Room) putRunner(c *access.Call, p place) (any, error) {
	var b runnerBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	ctx := c.Context()
	var w Runner
	err := room.DB.Update(ctx, func(tx *database.Tx) (err error) {
		if err := p.lock(ctx, tx); err != nil {
			return err
		}
		if w, err = findRunner(c, tx, p); err != nil {
			return err
		}
		if err := b.take(&w); err != nil {
			return err
		}
		w.Updated = room.Now().UTC().Truncate(time.Microsecond)
		_, err = tx.Exec(ctx, `UPDATE pipeline_runner SET name = $2, labels = $3, Disabled = $4, cordoned = $5, updated_on = $6 WHERE id = $1`,
			w.ID, w.Name, strings.Join(w.Labels, " "), w.Disabled, w.Cordoned, database.Micros(w.Updated))
		return err
	})
	if err != nil {
		return nil, err
	}
	return room.renderRunner(&w), nil
}

// deleteRunner takes a runner away, with its tokens. What it was at ends as if it had died.
func (room *Room) deleteRunner(c *access.Call, p place) (any, error) {
	w, err := findRunner(c, room.DB, p)
	if err != nil {
		return nil, err
	}
	return nil, room.RemoveRunner(c.Context(), w.ID)
}

// RemoveRunner takes a runner away, with its tokens.
func (room *Room) RemoveRunner(ctx context.Context, id string) error {
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM pipeline_runner WHERE id = $1`, id)
		return err
	})
}

// RunnersOf lists the runners of a workspace, or of a repository where repositoryID is not "": at most maxRunners.
func (room *Room) RunnersOf(ctx context.Context, workspaceID, repositoryID string) ([]Runner, error) {
	p := place{what: "workspace", id: workspaceID}
	if repositoryID != "" {
		p = place{what: "repository", id: repositoryID}
	}
	return database.Collect(ctx, room.DB, scanRunner, `SELECT `+runnerColumns+p.runners()+` ORDER BY u.created_on, u.id`, p.id)
}

// Sell sells an access token to a runner that proves with its secret who it is (RFC 6749, 4.4). runnerID is "" when no runner has the
// client id; a *rest.Error says that the secret does not fit.
func (room *Room) Sell(ctx context.Context, clientID, secret string) (bought, runnerID string, err error) {
	var id, hash string
	err = room.DB.Row(ctx, `SELECT id, secret_hash FROM pipeline_runner WHERE client_id = $1`, clientID).Scan(&id, &hash)
	switch {
	case errors.Is(err, database.ErrNoRows):
		return "", "", nil
	case err != nil:
		return "", "", err
	case subtle.ConstantTimeCompare([]byte(hashOf(secret)), []byte(hash)) != 1:
		return "", id, rest.Refuse(reason.OAuthClientSecret, "The id is that of a runner, but the secret does not fit.")
	}
	err = room.DB.Update(ctx, func(tx *database.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE pipeline_runner SET name = name WHERE id = $1`, id)
		if err == nil && n == 0 {
			return rest.Refuse(reason.OAuthClientUnknown, "")
		}
		if err != nil {
			return err
		}
		bought, err = room.Credentials.IssueRunner(ctx, tx, id, room.Now().Add(access.RunnerTokenLength))
		return err
	})
	return bought, id, err
}
