package access

import (
	"errors"
	"net/http"
	"strings"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// Step is one step of the decision about a request.
type Step uint8

// The steps, in their order.
const (
	StepHeader     Step = iota // the credential can be read
	StepCredential             // it is known here, and alive
	StepScheme                 // it came with the scheme and the user of its kind
	StepOperation              // the path is an operation that is served and takes this kind of credential
	StepScopes                 // every scope is there
	StepPrivilege              // the account may do this on the resource
	steps
)

// String is the step in one word.
func (s Step) String() string {
	return [...]string{"header", "credential", "scheme", "operation", "scopes", "privilege"}[s]
}

// Tried is how one step ends.
type Tried struct {
	Step    Step
	Reached bool
	Refusal *rest.Error // nil: passed, if it was reached
}

// Passed tells that the step was reached and let the request on.
func (t Tried) Passed() bool { return t.Reached && t.Refusal == nil }

// Trial is the decision about a request that is not carried out.
type Trial struct {
	Steps     []Tried    // all steps, in order; behind the first refusal none is reached
	Principal *Principal // nil unless the credential is accepted or none was sent
	Operation *catalog.Operation
	Privilege string // that the operation needs; "" where there is no operation

	unknown bool
}

// Refusal is what the request would be answered with; nil when it would be let in.
func (t Trial) Refusal() *rest.Error {
	for _, s := range t.Steps {
		if s.Refusal != nil {
			return s.Refusal
		}
	}
	return nil
}

// Unknown tells that a secret was tried that this server does not know.
func (t Trial) Unknown() bool { return t.unknown }

// Try decides about a request for the operation, in the same steps as for one that is carried out, and says how each
// ends. Nothing is recorded: no credential was accessed and none refused.
func (o Operation) Try(g *Gate, r *rest.Request) Trial {
	t := try(g, r, SurfaceREST, r.Operation, nil, func(p *Principal) error { return o.resolve(g, r, p) })
	t.Privilege = o.privilege
	return t
}

// Try is the same for a request that is no operation of the API, as Decide is for one that is carried out.
func Try[T any](g *Gate, r *rest.Request, surface Surface, op *catalog.Operation, need Need[T]) Trial {
	t := try(g, r, surface, op, nil, func(p *Principal) error {
		_, _, err := need.resolve(g, r.HTTP.Context(), p, r.Param)
		return err
	})
	t.Privilege = need.String()
	return t
}

// TryStray is the same for a request that names nothing that is served, which misdirected explains.
func (g *Gate) TryStray(r *rest.Request, misdirected *rest.Error) Trial {
	return try(g, r, SurfaceREST, r.Operation, misdirected, nil)
}

// TryBroken is the trial of a request whose header no server can read.
func TryBroken(e *rest.Error) Trial { return Trial{}.ends(StepHeader, e) }

// ends is the trial in which all steps up to this one were reached, and this one ends with e.
func (t Trial) ends(at Step, e *rest.Error) Trial {
	t.Steps = make([]Tried, steps)
	for i := range t.Steps {
		t.Steps[i] = Tried{Step: Step(i), Reached: Step(i) <= at}
	}
	t.Steps[at].Refusal = e
	return t
}

func try(g *Gate, r *rest.Request, surface Surface, op *catalog.Operation, misdirected *rest.Error, privilege func(*Principal) error) Trial {
	t := Trial{Operation: op}
	p, away := g.identify(r, surface)
	if away.why != nil {
		t.unknown = away.at == StepCredential && away.whose == nil && away.why.Status == http.StatusUnauthorized
		return t.ends(away.at, away.why)
	}
	t.Principal = p
	if misdirected != nil {
		return t.ends(StepOperation, misdirected)
	}
	if e := g.authorize(r, surface, op, p); e != nil {
		if e.Reason == reason.ScopeMissing {
			return t.ends(StepScopes, e)
		}
		return t.ends(StepOperation, e)
	}
	err := privilege(p)
	e, ok := errors.AsType[*rest.Error](err)
	if err != nil && !ok {
		e = rest.Fault(err)
	}
	return t.ends(StepPrivilege, e)
}

// Needs is the scopes that the operation takes of the principal's kind of credential, in words; "" for none.
func (t Trial) Needs() string {
	if t.Operation == nil || t.Principal == nil || t.Principal.Anonymous() {
		return ""
	}
	return strings.Join(t.Principal.required(t.Operation).Nearest(t.Principal.permits).Names(), ", ")
}
