package account

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/rest"
)

const columns = `a.id, a.account_id, a.email, a.username, a.display_name, a.is_admin, a.is_active, a.created_on`

// Columns are the columns of the table account, named a, in the order that Scan reads them: for rooms whose queries
// join it.
const Columns = columns

// Scan reads Columns through a row's Scan, behind the destinations in before.
func Scan(scan func(...any) error, before ...any) (Account, error) {
	var a Account
	var created int64
	err := scan(append(before, &a.ID, &a.AccountID, &a.Email, &a.Username, &a.DisplayName, &a.Admin, &a.Active, &created)...)
	a.Created = database.Time(created)
	return a, err
}

func one(ctx context.Context, q database.Queryer, where string, args ...any) (Account, error) {
	a, err := Scan(q.Row(ctx, `SELECT `+columns+` FROM account a WHERE `+where, args...).Scan)
	if errors.Is(err, database.ErrNoRows) {
		return a, ErrNotFound
	}
	return a, err
}

// ByAccountID looks an account up by its account id alone. ErrNotFound when there is none.
func (r *Room) ByAccountID(ctx context.Context, q database.Queryer, accountID string) (Account, error) {
	if !printable(accountID) || len(accountID) > maxEmail {
		return Account{}, ErrNotFound
	}
	return one(ctx, q, `a.account_id = $1`, accountID)
}

// ByIDs are accounts by their ids, in one query. Those that are not there are left out.
func ByIDs(ctx context.Context, q database.Queryer, ids []string) (map[string]*Account, error) {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	ids = slices.Compact(ids)
	found := make(map[string]*Account, len(ids))
	if len(ids) == 0 {
		return found, nil
	}
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	all, err := database.Collect(ctx, q, func(row func(...any) error) (Account, error) { return Scan(row) },
		`SELECT `+columns+` FROM account a WHERE a.id IN (`+database.Marks(1, len(ids))+`)`, args...)
	for i := range all {
		found[all[i].ID] = &all[i]
	}
	return found, err
}

// insert stores a new account with its e-mail. database.IsUnique tells that the e-mail or the username is somebody's.
func insert(ctx context.Context, tx *database.Tx, a Account, passwordHash string) error {
	created := database.Micros(a.Created)
	_, err := tx.Exec(ctx, `INSERT INTO account (id, account_id, email, username, display_name, password_hash, is_admin, is_active, created_on)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, a.ID, a.AccountID, a.Email, a.Username, a.DisplayName, passwordHash,
		a.Admin, a.Active, created)
	if err != nil {
		return err
	}
	return insertEmail(ctx, tx, a.Email, a.ID, created)
}

// Named are the accounts that have one of these names, by the name: an account id, a uuid or a username, each in whatever case it is
// taken in elsewhere. There are at most a few hundred, and one query.
func (r *Room) Named(ctx context.Context, q database.Queryer, names []string) (map[string]Account, error) {
	found, args := map[string]Account{}, []any{}
	for _, name := range names {
		if id, ok := rest.Unbraced(name); ok {
			name = id
		}
		if printable(name) {
			args = append(args, strings.ToLower(name), name)
		}
	}
	if len(args) == 0 {
		return found, nil
	}
	marks := [2][]string{}
	for i := range args {
		marks[i%2] = append(marks[i%2], "$"+strconv.Itoa(i+1))
	}
	lower, as := strings.Join(marks[0], ", "), strings.Join(marks[1], ", ")
	all, err := database.Collect(ctx, q, func(row func(...any) error) (Account, error) { return Scan(row) },
		`SELECT `+columns+` FROM account a WHERE a.id IN (`+lower+`) OR a.account_id IN (`+as+`) OR LOWER(a.username) IN (`+lower+`)`, args...)
	for _, name := range names {
		id, _ := rest.Unbraced(name)
		for _, a := range all {
			if a.ID == strings.ToLower(id) || a.AccountID == name || strings.EqualFold(a.Username, name) {
				found[name] = a
				break
			}
		}
	}
	return found, err
}

func passwordHash(ctx context.Context, q database.Queryer, email string) (id, hash string, err error) {
	err = q.Row(ctx, `SELECT id, password_hash FROM account WHERE email = $1 AND is_active`, email).Scan(&id, &hash)
	return id, hash, err
}

func count(ctx context.Context, q database.Queryer) (n int, err error) {
	err = q.Row(ctx, `SELECT COUNT(*) FROM account`).Scan(&n)
	return n, err
}

// memberWorkspace looks up a workspace that the account belongs to, by slug or uuid. It reads the tables of the room above,
// which knows more than is needed here. ErrNotFound when there is none.
func memberWorkspace(ctx context.Context, q database.Queryer, accountID, name string) (id, slug string, err error) {
	column, value := "w.slug", strings.ToLower(strings.TrimSpace(name))
	if unbraced, ok := rest.Unbraced(value); ok {
		column, value = "w.id", unbraced
	}
	if !printable(value) {
		return "", "", ErrNotFound
	}
	err = q.Row(ctx, `SELECT w.id, w.slug FROM workspace w JOIN workspace_member m ON m.workspace_id = w.id AND m.account_id = $1
		WHERE `+column+` = $2`, accountID, value).Scan(&id, &slug)
	if errors.Is(err, database.ErrNoRows) {
		return "", "", ErrNotFound
	}
	return id, slug, err
}

// limits lists the slugs of workspaces that the account belongs to, the first 100 by name.
func limits(ctx context.Context, q database.Queryer, accountID string) ([]string, error) {
	return database.Collect(ctx, q, func(scan func(...any) error) (slug string, err error) {
		err = scan(&slug)
		return slug, err
	}, `SELECT w.slug FROM workspace_member m JOIN workspace w ON w.id = m.workspace_id WHERE m.account_id = $1 ORDER BY w.slug LIMIT 100`, accountID)
}
