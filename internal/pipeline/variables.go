package pipeline

import (
	"context"
	"fmt"
	"regexp"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// place is what variables belong to.
type place struct {
	what     string // workspace, repository, environment or account, as in the columns
	id       string
	typeName string // of its variables in the API
}

// variable is a variable of steps.
type variable struct {
	id      string
	name    string
	value   string // sealed, when it is secured
	secured bool
}

// Limits of variables: of names and values in characters, and of those in one place.
const (
	maxVariableName  = 255
	maxVariableValue = 32 << 10
	maxVariables     = 500
)

// variableName is what a shell takes for a name. Names that begin with BITBUCKET_ are the server's own: it sets them last.
var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// variableJSON is a variable as the API writes it (schemas pipeline_variable and deployment_variable). The value of a secured one
// is never told again.
type variableJSON struct {
	Type    string  `json:"type"`
	UUID    string  `json:"uuid"`
	Key     string  `json:"key"`
	Value   *string `json:"value,omitempty"`
	Secured bool    `json:"secured"`
}

type variableBody struct {
	Key     *string `json:"key"`
	Value   *string `json:"value"`
	Secured *bool   `json:"secured"`
}

func (v *variable) render(p place) variableJSON {
	j := variableJSON{Type: p.typeName, UUID: rest.Braced(v.id), Key: v.name, Secured: v.secured}
	if !v.secured {
		j.Value = &v.value
	}
	return j
}

const variableColumns = `v.id, v.name, v.value, v.secured`

func scanVariable(row func(...any) error) (v variable, err error) {
	return v, row(&v.id, &v.name, &v.value, &v.secured)
}

func (p place) from() string { return ` FROM pipeline_variable v WHERE v.` + p.what + `_id = $1` }

// variableFields are what filters and orders of variables may name. No value: a filter would tell what is secured.
var variableFields = bbql.Fields{
	"uuid":    {Column: "v.id", Kind: bbql.UUID},
	"key":     {Column: "v.name", Kind: bbql.String},
	"secured": {Column: "v.secured", Kind: bbql.Bool},
}

// variables are the operations on variables below a path. of says where the path leads, for who passes the need. Those of an environment
// cannot be read one by one, as documented.
func variables[T any](room *Room, path string, need access.Need[T], of func(*access.Call, T) (place, error)) []access.Operation {
	on := func(h func(*access.Call, place) (any, error)) func(*access.Call, T) (any, error) {
		return func(c *access.Call, t T) (any, error) {
			p, err := of(c, t)
			if err != nil {
				return nil, err
			}
			return h(c, p)
		}
	}
	one := path + "/{variable_uuid}"
	all := []access.Operation{
		access.On("GET "+path, need, on(room.listVariables)).Lists(variableJSON{}).Filters(variableFields),
		access.On("POST "+path, need, on(room.postVariable)).Takes(variableBody{}).Answers(variableJSON{}, 201),
		access.On("PUT "+one, need, on(room.putVariable)).Takes(variableBody{}).Answers(variableJSON{}),
		access.On("DELETE "+one, need, on(room.deleteVariable)).Answers(nil),
	}
	if key := "GET " + one; known(key) {
		all = append(all, access.On(key, need, on(room.getVariable)).Answers(variableJSON{}))
	}
	return all
}

func (room *Room) listVariables(c *access.Call, p place) (any, error) {
	return rest.Listing[variable]{Columns: variableColumns, From: p.from(), Args: []any{p.id}, Order: `v.created_on, v.id`, Fields: variableFields, Scan: scanVariable}.
		Answer(c.Context(), room.DB, c.Request, func(v *variable) any { return v.render(p) })
}

func findVariable(c *access.Call, q database.Queryer, p place) (variable, error) {
	return named(c, "variable_uuid", rest.Refuse(reason.ResourceNotFound, "There is no variable with this uuid here."), func(ctx context.Context, id string) (variable, error) {
		return scanVariable(q.Row(ctx, `SELECT `+variableColumns+p.from()+` AND v.id = $2`, p.id, id).Scan)
	})
}

func (room *Room) getVariable(c *access.Call, p place) (any, error) {
	v, err := findVariable(c, room.DB, p)
	if err != nil {
		return nil, err
	}
	return v.render(p), nil
}

// take makes a variable what a body says; what is not in it stays. The value of one that was secured is never shown, not even by
// taking that away from it.
func (b variableBody) take(v *variable, keys interface {
	Seal(text, about string) string
}) error {
	if b.Key != nil {
		if len(*b.Key) > maxVariableName || !variableName.MatchString(*b.Key) {
			return rest.InvalidField("key", fmt.Sprintf("a name has letters, digits and underscores, up to %d, and no digit in front", maxVariableName))
		}
		v.name = *b.Key
	}
	was := v.secured
	if b.Secured != nil {
		v.secured = *b.Secured
	}
	switch {
	case b.Value != nil:
		text, err := rest.Text("value", b.Value, maxVariableValue)
		if err != nil {
			return err
		}
		if v.value = text; v.secured {
			v.value = keys.Seal(text, v.id)
		}
	case was && !v.secured:
		return rest.InvalidField("secured", "the value of a secured variable is not shown again; send a value with it")
	case !was && v.secured:
		v.value = keys.Seal(v.value, v.id)
	}
	return nil
}

func (room *Room) postVariable(c *access.Call, p place) (any, error) {
	var b variableBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	if b.Key == nil {
		return nil, rest.MissingField("key")
	}
	if b.Value == nil {
		return nil, rest.MissingField("value")
	}
	id, err := newID()
	if err != nil {
		return nil, err
	}
	v := variable{id: id}
	if err := b.take(&v, room.Keys); err != nil {
		return nil, err
	}
	ctx := c.Context()
	if err := room.DB.Update(ctx, func(tx *database.Tx) error {
		if err := p.lock(ctx, tx); err != nil {
			return err
		}
		return room.insertVariable(ctx, tx, p, &v)
	}); err != nil {
		return nil, err
	}
	return rest.Created(v.render(p), rest.Link{Href: room.URLs.Base + c.HTTP.URL.EscapedPath() + "/" + rest.Braced(v.id)}), nil
}

// insertVariable adds a variable to a place, which the caller has locked. A *rest.Error says that there are too many, or one of this name.
func (room *Room) insertVariable(ctx context.Context, tx *database.Tx, p place, v *variable) error {
	if err := p.room(ctx, tx, "variables", p.from(), maxVariables); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO pipeline_variable (id, `+p.what+`_id, name, value, secured, created_on) VALUES ($1, $2, $3, $4, $5, $6)`,
		v.id, p.id, v.name, v.value, v.secured, database.Micros(room.Now()))
	return exists(err, "key", "Variable key already exists", "There is a variable "+v.name+" here already. Change that one with a PUT.")
}

// known tells whether an operation is documented.
func known(key string) bool {
	_, ok := catalog.Lookup(key)
	return ok
}

// locks hold the row of what variables belong to.
var locks = map[string]string{"workspace": `UPDATE workspace SET name = name`, "repository": `UPDATE repository SET name = name`,
	"environment": `UPDATE deployment_environment SET name = name`, "account": `UPDATE account SET display_name = display_name`}

// lock lets one change after the other happen in a place. A *rest.Error says that it is gone.
func (p place) lock(ctx context.Context, tx *database.Tx) error {
	n, err := tx.Exec(ctx, locks[p.what]+` WHERE id = $1`, p.id)
	if err == nil && n == 0 {
		return rest.Refuse(reason.ResourceNotFound, "What the variables belong to was deleted meanwhile.")
	}
	return err
}

// room refuses where a place has as many of something as it may.
func (p place) room(ctx context.Context, tx *database.Tx, what, from string, most int) error {
	var there int
	if err := tx.Row(ctx, `SELECT COUNT(*)`+from, p.id).Scan(&there); err != nil {
		return err
	}
	if there >= most {
		return rest.Refusef(reason.ValueInvalid, "There may be %d %s here. Delete one that is not needed any more.", most, what).WithMessage("Too many %s", what)
	}
	return nil
}

// add inserts one more of what is in a place, where from finds the others. A *rest.Error says that the place is gone, or that it has as
// many as it may.
func (room *Room) add(ctx context.Context, p place, what, from string, most int, insert func(*database.Tx) error) error {
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		if err := p.lock(ctx, tx); err != nil {
			return err
		}
		if err := p.room(ctx, tx, what, from, most); err != nil {
			return err
		}
		return insert(tx)
	})
}

func (room *Room) putVariable(c *access.Call, p place) (any, error) {
	var b variableBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	ctx := c.Context()
	var v variable
	err := room.DB.Update(ctx, func(tx *database.Tx) (err error) {
		if err := p.lock(ctx, tx); err != nil {
			return err
		}
		if v, err = findVariable(c, tx, p); err != nil {
			return err
		}
		if err := b.take(&v, room.Keys); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE pipeline_variable SET name = $2, value = $3, secured = $4 WHERE id = $1`, v.id, v.name, v.value, v.secured)
		return exists(err, "key", "Variable key already exists", "There is a variable "+v.name+" here already. Change that one with a PUT.")
	})
	if err != nil {
		return nil, err
	}
	return v.render(p), nil
}

func (room *Room) deleteVariable(c *access.Call, p place) (any, error) {
	v, err := findVariable(c, room.DB, p)
	if err != nil {
		return nil, err
	}
	return nil, room.DB.Update(c.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(c.Context(), `DELETE FROM pipeline_variable WHERE id = $1`, v.id)
		return err
	})
}
