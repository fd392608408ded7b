package issue

import (
	"context"
	"strings"

	"github.com/google/uuid"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// Filter is what somebody looks for again and again among the issues of a repository. It is theirs alone.
type Filter struct {
	ID    string
	Name  string
	Query string // of the address of the list, as the pages write it
}

// Limits of filters: of a name in characters, of a query in bytes, and of those that one account has in one repository.
const (
	MaxFilterName = 100
	maxQuery      = 2000
	maxFilters    = 50
)

const fromFilters = ` FROM issue_filter f WHERE f.repository_id = $1 AND f.account_id = $2`

// Filters are those of an account in a repository, in order of their names.
func (room *Room) Filters(ctx context.Context, r *repository.Repository, accountID string) ([]Filter, error) {
	return database.Collect(ctx, room.DB, func(row func(...any) error) (f Filter, err error) { return f, row(&f.ID, &f.Name, &f.Query) },
		`SELECT f.id, f.name, f.query`+fromFilters+` ORDER BY LOWER(f.name), f.id`, r.ID, accountID)
}

// filterName is a name that a filter may have.
func filterName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if _, err := rest.RequiredText("name", &name, MaxFilterName); err != nil {
		return "", err
	}
	if err := oneLine(name); err != nil {
		return "", rest.InvalidField("name", err.Error())
	}
	return name, nil
}

// SaveFilter keeps a filter of an account in a repository, in place of the one that has its name. A *rest.Error says what is wrong with
// the name, that it looks for too much, or that there are too many.
func (room *Room) SaveFilter(ctx context.Context, r *repository.Repository, accountID, name, query string) error {
	name, err := filterName(name)
	if err != nil {
		return err
	}
	if len(query) > maxQuery || !storable(query) {
		return rest.Refusef(reason.ValueInvalid, "What a filter looks for has at most %d characters.", maxQuery)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		if err := lock(ctx, tx, r.ID); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO issue_filter (id, repository_id, account_id, name, query, created_on) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (repository_id, account_id, name) DO UPDATE SET query = excluded.query`, id.String(), r.ID, accountID, name, query, database.Micros(room.Now())); err != nil {
			return err
		}
		var there int
		if err := tx.Row(ctx, `SELECT COUNT(*)`+fromFilters, r.ID, accountID).Scan(&there); err != nil {
			return err
		}
		if there > maxFilters {
			return tooMany("An account has at most %d filters in a repository. Delete one that you do not need.", maxFilters)
		}
		return nil
	})
}

// RenameFilter gives a filter of an account another name. A *rest.Error says what is wrong with it, or that there is no such filter.
func (room *Room) RenameFilter(ctx context.Context, r *repository.Repository, accountID, id, name string) error {
	name, err := filterName(name)
	if err != nil {
		return err
	}
	err = room.changeFilter(ctx, `UPDATE issue_filter SET name = $4`, r, accountID, id, name)
	if database.IsUnique(err) {
		return rest.InvalidField("name", "another filter of yours has this name")
	}
	return err
}

// RemoveFilter takes a filter of an account away. A *rest.Error says that there is none.
func (room *Room) RemoveFilter(ctx context.Context, r *repository.Repository, accountID, id string) error {
	return room.changeFilter(ctx, `DELETE FROM issue_filter`, r, accountID, id)
}

func (room *Room) changeFilter(ctx context.Context, change string, r *repository.Repository, accountID, id string, more ...any) error {
	if !storable(id) {
		return noFilter()
	}
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		n, err := tx.Exec(ctx, change+` WHERE repository_id = $1 AND account_id = $2 AND id = $3`, append([]any{r.ID, accountID, id}, more...)...)
		if err == nil && n == 0 {
			err = noFilter()
		}
		return err
	})
}

func noFilter() error {
	return rest.Refuse(reason.ResourceNotFound, "You have no such filter.")
}
