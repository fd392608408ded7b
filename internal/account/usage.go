package account

import (
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/scope"
)

// UsageJSON is what a credential was used for, and what it could do without, as Pail's own API and commands write it.
// Its names are those of a recording of pail record.
type UsageJSON struct {
	Window     UsageWindow     `json:"window"` // from the first to the last counted request; null where there was none
	Operations []OperationJSON `json:"operations"`
	Git        []OperationJSON `json:"git"`
	Scopes     UsageScopes     `json:"scopes"`
}

// UsageWindow is the time that the counts rest on.
type UsageWindow struct {
	Start rest.Time `json:"start"`
	End   rest.Time `json:"end"`
}

// OperationJSON is one operation that a credential was let in to, and how often.
type OperationJSON struct {
	Method string    `json:"method"` // "git fetch" and "git push" for git
	Path   string    `json:"path,omitempty"`
	Count  int64     `json:"count"` // requests; a fetch or a push is several
	First  rest.Time `json:"first_used"`
	Last   rest.Time `json:"last_used"`
	Scopes scope.Set `json:"scopes"` // of the credential's kind

	op *catalog.Operation
}

// UsageScopes compares what was used with what is granted.
type UsageScopes struct {
	Least   scope.Set `json:"least"` // of the credential's kind
	Granted scope.Set `json:"granted"`
	Unused  scope.Set `json:"unused"`
	// APIToken is what an API token needs for the same.
	APIToken scope.Set `json:"api_token"`
}

// Usage renders what a credential was used for.
func Usage(c access.Credential, used []access.Usage) UsageJSON {
	u := UsageJSON{Operations: []OperationJSON{}, Git: []OperationJSON{}, Scopes: UsageScopes{Least: c.Kind.LeastScopes(used), Granted: c.Scopes}}
	u.Scopes.Unused = c.Scopes.Without(c.Scopes.Serving(u.Scopes.Least))
	var start, end time.Time
	var taken []access.Usage
	for _, one := range used {
		if start.IsZero() || one.First.Before(start) {
			start = one.First
		}
		if one.Last.After(end) {
			end = one.Last
		}
		if one.Operation.Accepts.Has(catalog.APIToken) {
			taken = append(taken, one)
		}
		o := OperationJSON{Method: one.Operation.Method, Count: one.Count, First: rest.Time(one.First), Last: rest.Time(one.Last),
			Scopes: c.Kind.LeastScopes([]access.Usage{one}), op: one.Operation}
		if name := one.Operation.GitName(); name != "" {
			o.Method = name
			u.Git = append(u.Git, o)
		} else {
			o.Path = "/2.0" + one.Operation.Template
			u.Operations = append(u.Operations, o)
		}
	}
	u.Window = UsageWindow{rest.Time(start), rest.Time(end)}
	u.Scopes.APIToken = access.APIToken.LeastScopes(taken)
	return u
}

// Count is how many requests were counted.
func (u *UsageJSON) Count() (n int64) {
	for _, o := range append(u.Operations[:len(u.Operations):len(u.Operations)], u.Git...) {
		n += o.Count
	}
	return n
}

// NoAPIToken lists the operations that were used and take no API token at all.
func (u *UsageJSON) NoAPIToken() (keys []string) {
	for _, o := range u.Operations {
		if !o.op.Accepts.Has(catalog.APIToken) {
			keys = append(keys, o.Method+" "+o.Path)
		}
	}
	return keys
}

func (r *Room) tokenUsage(q *rest.Request, self *access.Account) (any, error) {
	c, err := r.token(q, self)
	if err != nil {
		return nil, err
	}
	used, err := r.Gate.Recorder.Usage(q.HTTP.Context(), c.ID)
	if err != nil {
		return nil, err
	}
	return Usage(c, used), nil
}
