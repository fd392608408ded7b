package issue

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// Label is something that issues can be of: a component, a milestone or a version.
type Label struct {
	ID   int64 // from 1, in the repository
	Name string
}

// Labels is a kind of label.
type Labels struct {
	kind  string // as the API calls one
	table string
	param string // of the path
}

// The kinds of labels. Bitbucket's API lists them and makes none: they come from the settings of a repository, or with an import.
var (
	Components = Labels{"component", "issue_component", "component_id"}
	Milestones = Labels{"milestone", "issue_milestone", "milestone_id"}
	Versions   = Labels{"version", "issue_version", "version_id"}
)

// Limits of labels: of a name in characters, and of one kind in a repository.
const (
	MaxLabel  = 128
	maxLabels = 1000
)

// labelJSON is a label as the API writes it (schemas component, milestone and version).
type labelJSON struct {
	Type  string               `json:"type"`
	ID    int64                `json:"id"`
	Name  string               `json:"name"`
	Links map[string]rest.Link `json:"links"`
}

// renderLabel is nil for the zero Label.
func (room *Room) renderLabel(r *repository.Repository, kind Labels, l Label) *labelJSON {
	if l.Name == "" {
		return nil
	}
	return &labelJSON{kind.kind, l.ID, l.Name, map[string]rest.Link{"self": room.link(r, kind.kind+"s", strconv.FormatInt(l.ID, 10))}}
}

// labelFields are what filters and orders of labels may name.
var labelFields = bbql.Fields{
	"id":   {Column: "l.id", Kind: bbql.Number},
	"name": {Column: "l.name", Kind: bbql.String},
}

func scanLabel(row func(...any) error) (l Label, err error) {
	return l, row(&l.ID, &l.Name)
}

func (room *Room) listLabels(kind Labels) handler {
	return func(c *access.Call, r *repository.Repository) (any, error) {
		l := rest.Listing[Label]{Columns: `l.id, l.name`, From: ` FROM ` + kind.table + ` l WHERE l.repository_id = $1`, Args: []any{r.ID}, Order: `l.id`, Fields: labelFields, Scan: scanLabel}
		return l.Answer(c.Context(), room.DB, c.Request, func(l *Label) any { return room.renderLabel(r, kind, *l) })
	}
}

func (room *Room) getLabel(kind Labels) handler {
	return func(c *access.Call, r *repository.Repository) (any, error) {
		id, err := strconv.ParseInt(c.Param(kind.param), 10, 64)
		var l Label
		if err == nil {
			l, err = scanLabel(room.DB.Row(c.Context(), `SELECT l.id, l.name FROM `+kind.table+` l WHERE l.repository_id = $1 AND l.id = $2`, r.ID, id).Scan)
		}
		if errors.Is(err, database.ErrNoRows) || errors.Is(err, strconv.ErrSyntax) || errors.Is(err, strconv.ErrRange) {
			return nil, rest.Refusef(reason.ResourceNotFound, "The repository has no %s with this id.", kind.kind)
		}
		return room.renderLabel(r, kind, l), err
	}
}

// AddLabel makes a label of a kind. A *rest.Error says what is wrong with the name, that it is taken, or that there are too many.
func (room *Room) AddLabel(ctx context.Context, r *repository.Repository, kind Labels, name string) (Label, error) {
	l := Label{Name: name}
	err := room.DB.Update(ctx, func(tx *database.Tx) (err error) {
		if err := lock(ctx, tx, r.ID); err != nil {
			return err
		}
		l.ID, err = addLabel(ctx, tx, r.ID, kind, name)
		return err
	})
	return l, kind.taken(err)
}

// checkLabel refuses what can be no name of a label.
func checkLabel(name string) error {
	if _, err := rest.RequiredText("name", &name, MaxLabel); err != nil {
		return err
	}
	if oneLine(name) != nil || strings.TrimSpace(name) != name {
		return rest.InvalidField("name", "it is one line, without spaces around it")
	}
	return nil
}

// addLabel is AddLabel in a transaction in which the tracker is locked. database.IsUnique tells that the name is taken.
func addLabel(ctx context.Context, tx *database.Tx, repositoryID string, kind Labels, name string) (id int64, err error) {
	if err := checkLabel(name); err != nil {
		return 0, err
	}
	var there int
	if err := tx.Row(ctx, `SELECT COUNT(*) FROM `+kind.table+` WHERE repository_id = $1`, repositoryID).Scan(&there); err != nil {
		return 0, err
	}
	if there >= maxLabels {
		return 0, rest.Refusef(reason.ValueInvalid, "A repository has at most %d %ss.", maxLabels, kind.kind)
	}
	if id, err = next(ctx, tx, repositoryID, "last_label"); err != nil {
		return 0, err
	}
	_, err = tx.Exec(ctx, `INSERT INTO `+kind.table+` (repository_id, id, name) VALUES ($1, $2, $3)`, repositoryID, id, name)
	return id, err
}

// RemoveLabel takes a label away, also from the issues that are of it. A *rest.Error says that there is none.
func (room *Room) RemoveLabel(ctx context.Context, r *repository.Repository, kind Labels, id int64) error {
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		if err := lock(ctx, tx, r.ID); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE issue SET `+kind.kind+` = NULL WHERE repository_id = $1 AND `+kind.kind+` = (SELECT name FROM `+kind.table+` WHERE repository_id = $1 AND id = $2)`, r.ID, id); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `DELETE FROM `+kind.table+` WHERE repository_id = $1 AND id = $2`, r.ID, id)
		if err == nil && n == 0 {
			err = rest.Refusef(reason.ResourceNotFound, "The repository has no %s with this id.", kind.kind)
		}
		return err
	})
}

// RenameLabel gives a label another name, also on the issues that are of it. A *rest.Error says what is wrong with the name, that it is
// taken, or that there is no such label.
func (room *Room) RenameLabel(ctx context.Context, r *repository.Repository, kind Labels, id int64, name string) error {
	if err := checkLabel(name); err != nil {
		return err
	}
	err := room.DB.Update(ctx, func(tx *database.Tx) error {
		if err := lock(ctx, tx, r.ID); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `UPDATE `+kind.table+` SET name = $3 WHERE repository_id = $1 AND id = $2`, r.ID, id, name)
		if err == nil && n == 0 {
			err = rest.Refusef(reason.ResourceNotFound, "The repository has no %s with this id.", kind.kind)
		}
		return err
	})
	return kind.taken(err)
}

// Labels are those of a kind, in order of their names.
func (room *Room) Labels(ctx context.Context, r *repository.Repository, kind Labels) ([]Label, error) {
	return database.Collect(ctx, room.DB, scanLabel, `SELECT l.id, l.name FROM `+kind.table+` l WHERE l.repository_id = $1 ORDER BY LOWER(l.name), l.id`, r.ID)
}

// String is the kind as the API calls it: component.
func (kind Labels) String() string { return kind.kind }

// taken turns the error of a name that is taken into an answer; others pass.
func (kind Labels) taken(err error) error {
	if database.IsUnique(err) {
		return rest.Refusef(reason.ConflictExists, "There is a %s of this name.", kind.kind)
	}
	return err
}

// labelNamed is the label that a body names. A *rest.Error says that the repository has none of that name, and which it has.
func labelNamed(ctx context.Context, q database.Queryer, repositoryID string, kind Labels, name string) (Label, error) {
	if !storable(name) {
		return Label{}, rest.InvalidField(kind.kind+".name", "this is not valid text")
	}
	l, err := scanLabel(q.Row(ctx, `SELECT l.id, l.name FROM `+kind.table+` l WHERE l.repository_id = $1 AND l.name = $2`, repositoryID, name).Scan)
	if errors.Is(err, database.ErrNoRows) {
		return l, rest.InvalidField(kind.kind+".name", "the repository has no "+kind.kind+" of this name; GET .../"+kind.kind+"s lists them")
	}
	return l, err
}
