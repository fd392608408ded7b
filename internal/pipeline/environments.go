package pipeline

import (
	"context"
	"strings"
	"time"
	"unicode"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// environment is something that is deployed to.
type environment struct {
	ID        string
	name      string
	slug      string // the name in lower case, with dashes: of a repository's, no two have the same
	kind      int    // index of kinds
	adminOnly bool   // only administrators deploy to it
	created   time.Time
}

// kinds are what environments are for, in the order in which something is deployed to them.
var kinds = []string{"Test", "Staging", "Production"}

// Limits: of names in characters, and of the environments of one repository.
const (
	maxEnvironmentName = 255
	maxEnvironments    = 100
)

// environmentJSON is an environment as the API writes it (schema deployment_environment, and what clients read beside it).
type environmentJSON struct {
	Type         string           `json:"type"`
	UUID         string           `json:"uuid"`
	Name         string           `json:"name"`
	Slug         string           `json:"slug"`
	Kind         kindJSON         `json:"environment_type"`
	Restrictions restrictionsJSON `json:"restrictions"`
}

type kindJSON struct {
	Type string `json:"type"`
	Name string `json:"name"`
	Rank int    `json:"rank"`
}

type restrictionsJSON struct {
	Type      string `json:"type"`
	AdminOnly bool   `json:"admin_only"`
}

type environmentBody struct {
	Name         *string           `json:"name"`
	Kind         *kindBody         `json:"environment_type"`
	Restrictions *restrictionsBody `json:"restrictions"`
}

type kindBody struct {
	Name *string `json:"name"`
}

type restrictionsBody struct {
	AdminOnly *bool `json:"admin_only"`
}

// changeBody is what changing an environment reads: the same, below change.
type changeBody struct {
	Change *environmentBody `json:"change"`
}

func (e *environment) render() environmentJSON {
	return environmentJSON{"deployment_environment", rest.Braced(e.ID), e.name, e.slug, kindJSON{"deployment_environment_type", kinds[e.kind], e.kind},
		restrictionsJSON{"deployment_restrictions_configuration", e.adminOnly}}
}

const (
	environmentColumns = `e.id, e.name, e.slug, e.kind, e.admin_only, e.created_on`
	fromEnvironments   = ` FROM deployment_environment e WHERE e.repository_id = $1`
)

func scanEnvironment(row func(...any) error) (e environment, err error) {
	var created int64
	err = row(&e.ID, &e.name, &e.slug, &e.kind, &e.adminOnly, &created)
	e.created = database.Time(created)
	return e, err
}

var environmentFields = bbql.Fields{
	"uuid":                  {Column: "e.id", Kind: bbql.UUID},
	"name":                  {Column: "e.name", Kind: bbql.String},
	"slug":                  {Column: "e.slug", Kind: bbql.String},
	"environment_type.rank": {Column: "e.kind", Kind: bbql.Number},
}

// slugOf is a name as a slug; "" for a name without a letter or a digit.
func slugOf(name string) string {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return strings.Join(words, "-")
}

// take makes an environment what a body says; what is not in it stays.
func (b environmentBody) take(e *environment) error {
	if b.Name != nil {
		name, err := rest.RequiredText("name", b.Name, maxEnvironmentName)
		if err != nil {
			return err
		}
		if strings.ContainsFunc(name, unicode.IsControl) || slugOf(name) == "" {
			return rest.InvalidField("name", "a name has letters or digits, and no control characters")
		}
		e.name, e.slug = strings.TrimSpace(name), slugOf(name)
	}
	if b.Kind != nil && b.Kind.Name != nil {
		kind := -1
		for i, k := range kinds {
			if strings.EqualFold(k, *b.Kind.Name) {
				kind = i
			}
		}
		if kind < 0 {
			return rest.InvalidField("environment_type.name", "one of "+strings.Join(kinds, ", "))
		}
		e.kind = kind
	}
	if b.Restrictions != nil && b.Restrictions.AdminOnly != nil {
		e.adminOnly = *b.Restrictions.AdminOnly
	}
	return nil
}

func (room *Room) listEnvironments(c *access.Call, r *repository.Repository) (any, error) {
	return rest.Listing[environment]{Columns: environmentColumns, From: fromEnvironments, Args: []any{r.ID}, Order: `e.kind, e.created_on, e.id`, Fields: environmentFields, Scan: scanEnvironment}.
		Answer(c.Context(), room.DB, c.Request, func(e *environment) any { return e.render() })
}

func (room *Room) findEnvironment(c *access.Call, q database.Queryer, r *repository.Repository) (environment, error) {
	return named(c, "environment_uuid", rest.Refuse(reason.ResourceNotFound, "The repository has no environment with this uuid."), func(ctx context.Context, id string) (environment, error) {
		return scanEnvironment(q.Row(ctx, `SELECT `+environmentColumns+fromEnvironments+` AND e.id = $2`, r.ID, id).Scan)
	})
}

func (room *Room) getEnvironment(c *access.Call, r *repository.Repository) (any, error) {
	e, err := room.findEnvironment(c, room.DB, r)
	if err != nil {
		return nil, err
	}
	return e.render(), nil
}

func sameName(err error) error {
	return exists(err, "name", "Environment name already exists", "The repository has an environment with this name.")
}

// createEnvironment makes an environment. A *rest.Error says what is wrong with it, or that there are too many.
func (room *Room) createEnvironment(ctx context.Context, r *repository.Repository, b environmentBody) (e environment, err error) {
	if b.Name == nil {
		return e, rest.MissingField("name")
	}
	if e.ID, err = newID(); err != nil {
		return e, err
	}
	e.created = room.Now()
	if err := b.take(&e); err != nil {
		return e, err
	}
	return e, room.add(ctx, place{what: "repository", id: r.ID}, "environments", fromEnvironments, maxEnvironments, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO deployment_environment (id, repository_id, name, slug, kind, admin_only, created_on) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			e.ID, r.ID, e.name, e.slug, e.kind, e.adminOnly, database.Micros(e.created))
		return sameName(err)
	})
}

func (room *Room) postEnvironment(c *access.Call, r *repository.Repository) (any, error) {
	var b environmentBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	e, err := room.createEnvironment(c.Context(), r, b)
	if err != nil {
		return nil, err
	}
	return rest.Created(e.render(), room.URLs.API("repositories", r.Workspace.Slug, r.Slug, "environments", rest.Braced(e.ID))), nil
}

// changeEnvironment changes an environment, and answers with what it is then
// (POST /repositories/{workspace}/{repo_slug}/environments/{environment_uuid}/changes).
func (room *Room) changeEnvironment(c *access.Call, r *repository.Repository) (any, error) {
	var b changeBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	if b.Change == nil {
		return nil, rest.MissingField("change")
	}
	e, err := room.alterEnvironment(c.Context(), r, *b.Change, func(tx *database.Tx) (environment, error) { return room.findEnvironment(c, tx, r) })
	if err != nil {
		return nil, err
	}
	return rest.Answer{Status: 202, Body: e.render()}, nil
}

// alterEnvironment makes the environment that find finds what b says.
func (room *Room) alterEnvironment(ctx context.Context, r *repository.Repository, b environmentBody, find func(*database.Tx) (environment, error)) (e environment, err error) {
	err = room.DB.Update(ctx, func(tx *database.Tx) error {
		if err := (place{what: "repository", id: r.ID}).lock(ctx, tx); err != nil {
			return err
		}
		if e, err = find(tx); err != nil {
			return err
		}
		before := e.slug
		if err := b.take(&e); err != nil {
			return err
		}
		if e.slug != before { // what was deployed to it goes on to be what was
			if _, err := tx.Exec(ctx, `UPDATE pipeline_step SET environment = $3 WHERE repository_id = $1 AND environment = $2`, r.ID, before, e.slug); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `UPDATE deployment_environment SET name = $2, slug = $3, kind = $4, admin_only = $5 WHERE id = $1`, e.ID, e.name, e.slug, e.kind, e.adminOnly)
		return sameName(err)
	})
	return e, err
}

func (room *Room) deleteEnvironment(c *access.Call, r *repository.Repository) (any, error) {
	e, err := room.findEnvironment(c, room.DB, r)
	if err != nil {
		return nil, err
	}
	return nil, room.DB.Update(c.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(c.Context(), `DELETE FROM deployment_environment WHERE id = $1`, e.ID)
		return err
	})
}
