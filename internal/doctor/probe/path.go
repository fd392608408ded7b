package probe

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/reason"
)

// target is the whole address of the operation that is asked about, and its path below /2.0; "" when none is asked about
// or when it is an address elsewhere.
func (p *prober) target() (whole, below string) {
	path := p.Path
	if path == "" {
		return "", ""
	}
	for _, root := range []string{p.root + "/", p.root} {
		if rest, ok := strings.CutPrefix(path, root); ok {
			path = "/" + strings.TrimPrefix(rest, "/")
			break
		}
	}
	if !strings.HasPrefix(path, "/") {
		if strings.Contains(path, "://") {
			return "", ""
		}
		path = "/" + path
	}
	below, ok := strings.CutPrefix(path, "/2.0")
	if !ok {
		below = path
	}
	whole = p.root + "/2.0" + below
	below, _, _ = strings.Cut(below, "?")
	return whole, below
}

func (p *prober) method() string {
	if p.Method == "" {
		return http.MethodGet
	}
	return strings.ToUpper(p.Method)
}

// match finds the operation in the catalogue.
func (p *prober) match() (m catalog.Match, ok bool) {
	_, below := p.target()
	m, outcome := catalog.Find(p.method(), below)
	return m, outcome == catalog.Found
}

// filled puts what a path names into a template.
func filled(op *catalog.Operation, m *catalog.Match) (string, bool) {
	path := op.Template
	for _, name := range op.Params() {
		value := m.Param(name)
		if value == "" {
			return "", false
		}
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(value))
	}
	return path, true
}

// path looks at the operation that was asked about with a login that the service accepts. account is the answer about
// the account, which is the proof when no operation was asked about.
func (p *prober) path(ctx context.Context, l doctor.Login, account reply) error {
	whole, _ := p.target()
	m, found := p.match()
	switch {
	case whole == "":
		return p.proof(ctx, l, account)
	case !found || m.Operation.Removed != nil:
		// The address alone tells what is wrong with it; nothing is sent to find out. What will be missing once it is
		// mended is known all the same.
		c := p.operation(whole, l, reply{})
		if op := p.meant(); op != nil {
			if missing, known := p.lacking(op); known && !missing.Empty() {
				p.out.Missing = missing.Names()
				c.Notes = append(c.Notes, p.lacks(op))
			}
		}
		p.out.Cases = append(p.out.Cases, c)
		return nil
	}
	op := m.Operation
	if p.out.Scopes == nil && op.Method != http.MethodGet { // the answer to a read tells it by itself
		if err := p.try(ctx, op, &m, l); err != nil {
			return err
		}
	}
	missing, known := p.lacking(op)
	if known {
		p.out.Missing = missing.Names()
	}
	if op.Method == http.MethodGet {
		r, err := p.get(ctx, whole, l)
		if err != nil {
			return err
		}
		p.learn(r)
		p.out.Cases = append(p.out.Cases, p.operation(whole, l, r))
		if r.Answer != nil && r.Status == http.StatusNotFound {
			return p.visible(ctx, &m, l, whole)
		}
		p.sees(&m, r)
		return nil
	}
	c := p.operation(whole, l, reply{})
	if kind := kinds[p.out.Kind]; kind != 0 && !op.Accepts.Has(kind) {
		c.Notes = append(c.Notes, finding(reason.CredentialKindNotAccepted, doctor.Certain, "The published API lists what the operation takes, and the service said what this is.",
			op.Key+" takes "+op.Accepts.String()+"; this is "+kind.String()+".", "probe", "Use a credential of a kind that the operation takes.", ""))
	} else if len(p.out.Missing) > 0 {
		c.Notes = append(c.Notes, p.lacks(op))
	}
	p.out.Cases = append(p.out.Cases, c)
	return p.visible(ctx, &m, l, whole)
}

// meant is the operation of the Cloud that stands for a path of Data Center's; nil when there is none.
func (p *prober) meant() *catalog.Operation {
	_, below := p.target()
	for _, path := range []string{"/2.0" + below, below} {
		if hit, ok := catalog.DataCenter(p.method(), path); ok && hit.Operation != nil {
			return hit.Operation
		}
	}
	return nil
}

// lacks is the finding for scopes that are missing, without the operation having been sent.
func (p *prober) lacks(op *catalog.Operation) doctor.Finding {
	needs := op.Scopes
	if _, legacy := p.granted(); legacy {
		needs = op.OAuthScopes
	}
	return finding(reason.ScopeMissing, doctor.Certain,
		"The service told the scopes of the credential, and the published API what the operation takes. The operation itself was not sent.",
		"Missing: "+strings.Join(p.out.Missing, ", ")+". "+op.Key+" takes "+needs.String()+".", "probe",
		"Scopes cannot be added to a token: make a new one with "+strings.Join(append(slices.Clone(p.out.Scopes), p.out.Missing...), ", ")+".", "")
}

// operation is the case of the operation that was asked about, with its answer if it was sent.
func (p *prober) operation(whole string, l doctor.Login, r reply) doctor.Case {
	c := p.case1(doctor.SurfaceREST, whole, "PATH", &l, r)
	c.Method = p.method()
	return c
}

// proof gives a case in which the credential is seen to be accepted. The account is not to be seen without
// read:user:bitbucket, which is no fault when nobody asks for the account: then something is read that the scopes allow.
func (p *prober) proof(ctx context.Context, l doctor.Login, account reply) error {
	if account.Answer == nil || account.Status == http.StatusOK {
		if account.Answer != nil {
			p.out.Cases = append(p.out.Cases, p.case1(doctor.SurfaceREST, p.root+"/2.0/user", "probe", &l, account))
		}
		return nil
	}
	op, _ := catalog.Lookup("GET /user/workspaces")
	if missing, known := p.lacking(op); known && missing.Empty() {
		target := p.root + "/2.0/user/workspaces"
		r, err := p.get(ctx, target, l)
		if err != nil {
			return err
		}
		p.out.Cases = append(p.out.Cases, p.case1(doctor.SurfaceREST, target, "probe", &l, r))
		return nil
	}
	p.out.Cases = append(p.out.Cases, p.case1(doctor.SurfaceREST, "", "probe", &l, reply{}))
	return nil
}

// resources are what a path may name, from the inside out.
var resources = []struct{ name, template string }{
	{"repository", "/repositories/{workspace}/{repo_slug}"},
	{"project", "/workspaces/{workspace}/projects/{project_key}"},
	{"workspace", "/workspaces/{workspace}"},
}

// visible asks for what the path speaks of, from the inside out, until something can be seen: the first that cannot be is
// the one that is missing. The answers for it become a case.
func (p *prober) visible(ctx context.Context, m *catalog.Match, l doctor.Login, asked string) error {
	hidden := false
	for _, one := range resources {
		op, _ := catalog.Lookup("GET " + one.template)
		path, ok := filled(op, m)
		if !ok || p.left() == 0 {
			continue
		}
		target := p.root + "/2.0" + path
		if target == strings.TrimRight(asked, "/") && p.method() == http.MethodGet {
			hidden = true
			p.out.Seen = append(p.out.Seen, Seen{resourceName(one.name, m), No})
			continue
		}
		if missing, known := p.lacking(op); known && !missing.Empty() {
			p.out.Seen = append(p.out.Seen, Seen{resourceName(one.name, m), Unknown})
			continue // the scopes do not let it be asked
		}
		r, err := p.get(ctx, target, l)
		if err != nil {
			return err
		}
		state := stateOf(r)
		p.out.Seen = append(p.out.Seen, Seen{resourceName(one.name, m), state})
		switch state {
		case Yes:
			return nil
		case No:
			if !hidden && p.method() != http.MethodGet {
				p.out.Cases = append(p.out.Cases, p.case1(doctor.SurfaceREST, target, "PATH", &l, r))
			}
			hidden = true
		}
	}
	return nil
}

// sees notes what the answer to the operation itself tells about what the path names.
func (p *prober) sees(m *catalog.Match, r reply) {
	for _, one := range resources {
		op, _ := catalog.Lookup("GET " + one.template)
		if _, ok := filled(op, m); ok {
			p.out.Seen = append(p.out.Seen, Seen{resourceName(one.name, m), stateOf(r)})
			return
		}
	}
}

func stateOf(r reply) State {
	switch {
	case r.Answer == nil:
		return Unknown
	case r.Status < 300:
		return Yes
	case r.Status == http.StatusNotFound:
		return No
	case r.Status == http.StatusForbidden && strings.Contains(readError(r.Body).Message, "do not have access"):
		return No
	}
	return Unknown
}

func resourceName(kind string, m *catalog.Match) string {
	name := m.Param("workspace")
	for _, param := range []string{"repo_slug", "project_key"} {
		if value := m.Param(param); value != "" && kind != "workspace" {
			name += "/" + value
			break
		}
	}
	return kind + " " + doctor.Shown(name)
}
