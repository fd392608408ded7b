package access

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// Found is what a path names and how far the principal's privilege on it reaches.
type Found[T any] struct {
	Value  T
	Level  Level
	Public bool // anyone may read it
	// WorkspaceID is the workspace that it is in, "" for what is in none: an API token that is limited to another one has
	// no level on it, whatever Level says.
	WorkspaceID string
	// Moved are the two names that it has now, where it was found by one that it had before: who may have it is sent there.
	Moved *[2]string
}

// Resource says how a room finds what a request's path names. Values are shared between requests for a moment: nobody
// changes them.
type Resource[T any] struct {
	Name   string    // "project", for refusals
	Params [2]string // the parameters of the path that name it; the second may be ""
	// Find looks the resource up and computes the principal's level on it. ErrAbsent when there is none.
	Find func(ctx context.Context, p *Principal, first, second string) (Found[T], error)
	// NotFound is the answer to whoever may not see the resource, the same whether it exists or not.
	NotFound func(first, second string) *rest.Error
}

// ByScopes is the resource, under a name of its own, as those operations see it that a credential of the resource, or of what it is in,
// may do as soon as it has their scopes: nobody's account is behind it, so that nothing else could decide. within is the level that such
// a credential has (Principal.Within), None for others.
func (r Resource[T]) ByScopes(name string, within func(*Principal, T) Level) *Resource[T] {
	find := r.Find
	r.Name = name
	r.Find = func(ctx context.Context, p *Principal, first, second string) (Found[T], error) {
		found, err := find(ctx, p, first, second)
		if err == nil && within(p, found.Value) > None {
			found.Level = Admin
		}
		return found, err
	}
	return &r
}

// ErrAbsent says that nothing has the name asked for.
var ErrAbsent = errors.New("absent")

// Need is a privilege that an operation asks for.
type Need[T any] struct {
	resource *Resource[T]
	level    Level
	public   bool
	any      func(*Principal) (T, bool)
	name     string
}

// Needs is the privilege of level on the resource. Anonymous callers never have it.
func (r *Resource[T]) Needs(level Level) Need[T] {
	return Need[T]{resource: r, level: level, name: r.Name + " " + level.String()}
}

// Reads is the privilege to read the resource, which everybody has on a public one.
func (r *Resource[T]) Reads() Need[T] {
	return Need[T]{resource: r, level: Read, public: true, name: r.Name + " read"}
}

// Self is the need of the operations on the caller's own account: that there is one.
var Self = Need[*Account]{name: "own account", any: func(p *Principal) (*Account, bool) { return p.Account, p.Account != nil }}

// Anyone is the need of operations that are open to everybody, with or without a credential.
var Anyone = Need[struct{}]{name: "none", any: func(*Principal) (struct{}, bool) { return struct{}{}, true }}

// String names the privilege, as `pail operations` lists it.
func (n Need[T]) String() string { return n.name }

type resourceKey struct{ who, resource, first, second string }

// resolve decides the last step for the resource that the path names. Its errors are *rest.Error, or faults of the
// store.
func (n Need[T]) resolve(g *Gate, ctx context.Context, p *Principal, param func(string) string) (T, *Principal, error) {
	if n.any != nil {
		v, ok := n.any(p)
		switch {
		case ok:
			return v, p, nil
		case p.OfResource():
			return v, p, p.NoPerson()
		}
		return v, p, unauthenticated(p)
	}
	first, second := param(n.resource.Params[0]), ""
	if name := n.resource.Params[1]; name != "" {
		second = param(name)
	}
	return n.of(g, ctx, p, first, second)
}

// of decides about the resource with these names. The principal that comes back is p, as far as it reaches there.
func (n Need[T]) of(g *Gate, ctx context.Context, p *Principal, first, second string) (T, *Principal, error) {
	var none T
	if p.Anonymous() && !n.public {
		return none, p, unauthenticated(p)
	}
	found, err := lookup(g, ctx, n.resource, p, first, second)
	if err != nil && !errors.Is(err, ErrAbsent) {
		return none, p, err
	}
	outside := err == nil && !p.Reaches(found.WorkspaceID)
	if outside {
		p = p.beyond()
		if found, err = lookup(g, ctx, n.resource, p, first, second); err != nil && !errors.Is(err, ErrAbsent) {
			return none, p, err
		}
		found.Level = None
	}
	visible := err == nil && (found.Level >= Read || found.Public && !p.Kind.machine())
	switch {
	case !visible:
		e := n.resource.NotFound(first, second)
		if p.limited() && !n.resource.within(p, first) {
			return none, p, beyondLimit(p, e)
		}
		return none, p, invisible(p, e)
	case found.Level >= n.level, found.Public && n.public && n.level <= Read:
		if found.Moved != nil {
			return found.Value, p, &Moved{resource: n.resource.Name, from: [2]string{first, second}, to: *found.Moved}
		}
		return found.Value, p, nil
	case p.Anonymous():
		return none, p, unauthenticated(p)
	case outside:
		return none, p, beyondLimit(p, n.lacking(None))
	}
	return none, p, n.lacking(found.Level)
}

// within reports whether the first name of a resource is that of the workspace which p is limited to, or is no
// workspace's at all. It looks at the names only: whether there is such a workspace, the answer must not tell.
func (r *Resource[T]) within(p *Principal, first string) bool {
	if r.Params[0] != "workspace" {
		return true
	}
	id, ok := rest.Unbraced(first)
	return ok && id == p.Bounds.WorkspaceID || strings.EqualFold(first, p.workspace)
}

// beyondLimit is the answer e, with the status and the message of whoever has no permission, to an API token that is
// limited to another workspace. Who holds the token learns the cause.
func beyondLimit(p *Principal, e *rest.Error) *rest.Error {
	e.Reason = reason.TokenOutOfBounds
	e.Detail = fmt.Sprintf("The API token %q is limited to the workspace %s. Anywhere else it may do what everybody may: what is private is not there for it.", p.Name, p.workspace)
	return e.With("workspace", p.workspace)
}

// NoPerson is the answer to a principal of a resource that asks for what is a person's.
func (p *Principal) NoPerson() *rest.Error {
	return rest.Refusef(reason.CredentialKindNotAccepted, "This %s belongs to a workspace, and to no person whose account could be shown or changed.", p.Kind.Title()).
		With("credential", p.Kind)
}

// lacking is the answer to a caller who sees the resource and may not do this to it.
func (n Need[T]) lacking(held Level) *rest.Error {
	return rest.Refusef(reason.PrivilegeMissing, "The credential is fine and its scopes suffice. The account behind it has %s on this %s, and this operation takes %s.",
		privilegeWords(held), n.resource.Name, privilegeWords(n.level)).
		With("resource", n.resource.Name).With("required", n.level.String()).With("held", held.String())
}

func privilegeWords(l Level) string {
	switch l {
	case Admin:
		return "admin permission"
	case None:
		return "no permission"
	}
	return l.String() + " permission"
}

func lookup[T any](g *Gate, ctx context.Context, res *Resource[T], p *Principal, first, second string) (Found[T], error) {
	key := resourceKey{who: p.reach(), resource: res.Name, first: first, second: second}
	version, now := g.DB.Version(), g.Now()
	if v, ok := g.resolved.get(key, version, now); ok {
		if found, ok := v.(Found[T]); ok { // two resources may share a name, and never a type
			return found, nil
		}
	}
	// The store answers in microseconds: not to be interrupted is cheaper than to watch for it.
	found, err := res.Find(context.WithoutCancel(ctx), p, first, second)
	if err != nil {
		return found, err
	}
	g.resolved.put(key, found, version, now)
	return found, nil
}

// invisible is the answer for what is not there or may not be seen. It adds only what the caller knows anyway.
func invisible(p *Principal, e *rest.Error) *rest.Error {
	switch {
	case p.Anonymous() && p == anonymousWithoutScheme:
		return e.With("credential", reason.HeaderSchemeMissing).
			With("hint", reason.Of(reason.HeaderSchemeMissing).Why)
	case p.Anonymous():
		return e.With("credential", reason.CredentialMissing).
			With("hint", "No Authorization header arrived with this request. What is private answers 404 to anonymous callers.")
	case p.OfResource():
		return e.With("credential", reason.TokenOutOfBounds).
			With("hint", "This "+p.Kind.Title()+" reaches only "+p.bound()+". Anything else answers 404.")
	}
	return e
}

// unauthenticated is the answer to an anonymous caller of what takes a credential. A secret without a scheme makes the
// caller no less anonymous, so the status and the sentence are the same; the reason tells what is wrong.
func unauthenticated(p *Principal) *rest.Error {
	if p == anonymousWithoutScheme {
		e := rest.Refuse(reason.HeaderSchemeMissing, "")
		missing := reason.Of(reason.CredentialMissing)
		e.Status, e.Message = missing.Status, missing.Message
		return challenge(e)
	}
	return challenge(rest.Refuse(reason.CredentialMissing, ""))
}

// challenge adds the header that a 401 carries (RFC 9110, 11.6.1).
func challenge(e *rest.Error) *rest.Error {
	if e.Status == 401 {
		e.WithHeader("WWW-Authenticate", `Basic realm="Bitbucket.org HTTP"`)
	}
	return e
}

// Visit decides for a page, whose visitor has no scopes but a session or nothing: whether p has the privilege on the
// resource that the parameters of the path name. Its errors are those of an operation.
func Visit[T any](g *Gate, ctx context.Context, p *Principal, need Need[T], param func(string) string) (T, error) {
	resource, _, err := need.resolve(g, ctx, p, param)
	return resource, err
}
