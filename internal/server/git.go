package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/gitserve"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/snippet"
)

// door lets git in: the same decision as for the API, answered in lines that git prints.
type door struct{ s *Server }

// Admit decides about one git request.
func (d *door) Admit(hr *http.Request, workspace, name string, write bool) (gitserve.Repository, error) {
	if w, ok := strings.CutPrefix(workspace, gitserve.SnippetPlace); ok {
		r, op, need := d.asksSnippet(hr, w, name, write)
		p, s, err := access.Decide(d.s.Gate, r, access.SurfaceGit, op, need)
		if err != nil {
			return gitserve.Repository{}, d.refusal(hr, r.Trace, err)
		}
		return d.admittedSnippet(p, s), nil
	}
	if of, ok := strings.CutSuffix(name, gitserve.WikiPlace); ok {
		r, op, need := d.asksWiki(hr, workspace, of, write)
		p, repo, err := access.Decide(d.s.Gate, r, access.SurfaceGit, op, need)
		admitted := gitserve.Repository{}
		if err == nil {
			admitted, err = d.admittedWiki(hr.Context(), p, repo)
		}
		if err != nil {
			return gitserve.Repository{}, d.refusal(hr, r.Trace, err)
		}
		return admitted, nil
	}
	r, op, need := d.asks(hr, workspace, name, write)
	p, repo, err := access.Decide(d.s.Gate, r, access.SurfaceGit, op, need)
	if err != nil {
		return gitserve.Repository{}, d.refusal(hr, r.Trace, err)
	}
	return d.admitted(p, repo), nil
}

// admitted is a repository for somebody who may have it: how a push to it is judged, and who hears of it.
func (d *door) admitted(p *access.Principal, repo *repository.Repository) gitserve.Repository {
	rooms := d.s.Repositories
	return gitserve.Repository{ID: repo.ID,
		Vet: func(ctx context.Context, updates []gitserve.RefUpdate) (gitserve.Verdict, error) {
			changes := make([]repository.RefChange, len(updates))
			for i, u := range updates {
				changes[i] = repository.RefChange{Ref: u.Name, Deleted: u.New.IsZero()}
			}
			said, err := rooms.Judge(ctx, p, repo, changes)
			return gitserve.Verdict{Refused: d.objections(said.Refused), Kept: d.objections(said.Kept)}, err
		},
		Pushed: func(ctx context.Context, updates []gitserve.RefUpdate) {
			if err := rooms.Pushed(access.As(ctx, p), repo.ID, updates...); err != nil {
				d.s.Log.Error("a push was not noted", "repository", repo.ID, "error", err)
			}
		}}
}

// objections are what is said of references to whoever pushes.
func (d *door) objections(of map[string]repository.Objection) map[string]string {
	said := map[string]string{}
	for ref, o := range of {
		if said[ref] = o.Why; !d.s.rest.Bare {
			said[ref] += " See " + d.s.rest.URLs.Base + reason.BranchRestricted.DocPath()
		}
	}
	return said
}

// asks is one git request in the terms of the decision.
func (d *door) asks(hr *http.Request, workspace, name string, write bool) (*rest.Request, *catalog.Operation, access.Need[*repository.Repository]) {
	rooms := d.s.Repositories
	op, need := access.GitRead, rooms.Repositories().Reads()
	if write {
		op, need = access.GitWrite, rooms.Repositories().Needs(access.Write)
	}
	return rest.Outside(hr, rooms.URLs, op.Key, map[string]string{"workspace": workspace, "repo_slug": name}), op, need
}

// asksSnippet is asks for a snippet.
func (d *door) asksSnippet(hr *http.Request, workspace, encoded string, write bool) (*rest.Request, *catalog.Operation, access.Need[*snippet.Snippet]) {
	op, need := catalog.GitSnippetRead, d.s.Snippets.Snippets().Reads()
	if write {
		op, need = catalog.GitSnippetWrite, d.s.Snippets.Snippets().Needs(access.Write)
	}
	return rest.Outside(hr, d.s.rest.URLs, op.Key, map[string]string{"workspace": workspace, "encoded_id": encoded}), op, need
}

// admittedSnippet is a snippet for somebody who may have it.
func (d *door) admittedSnippet(p *access.Principal, s *snippet.Snippet) gitserve.Repository {
	most := int64(snippet.MaxBytes)
	if limit := d.s.Config.PushLimit(); limit > 0 {
		most = min(most, limit)
	}
	return gitserve.Repository{ID: s.ID, MaxPushBytes: most,
		Vet: func(_ context.Context, updates []gitserve.RefUpdate) (gitserve.Verdict, error) {
			return gitserve.Verdict{Refused: snippet.Refused(updates)}, nil
		},
		Pushed: func(ctx context.Context, _ []gitserve.RefUpdate) {
			if err := d.s.Snippets.Pushed(access.As(ctx, p), s.ID); err != nil {
				d.s.Log.Error("a push was not noted", "snippet", s.ID, "error", err)
			}
		}}
}

// asksWiki is asks for the wiki of a repository.
func (d *door) asksWiki(hr *http.Request, workspace, name string, write bool) (*rest.Request, *catalog.Operation, access.Need[*repository.Repository]) {
	op, need := catalog.GitWikiRead, d.s.Wikis.Wikis().Reads()
	if write {
		op, need = catalog.GitWikiWrite, d.s.Wikis.Wikis().Needs(access.Write)
	}
	return rest.Outside(hr, d.s.rest.URLs, op.Key, map[string]string{"workspace": workspace, "repo_slug": name}), op, need
}

// admittedWiki is the wiki of a repository for somebody who may have it. One that nobody has written to yet is made now: it is cloned
// as an empty repository.
func (d *door) admittedWiki(ctx context.Context, p *access.Principal, repo *repository.Repository) (gitserve.Repository, error) {
	w, err := d.s.Wikis.Open(ctx, repo)
	if err == nil {
		err = d.s.Wikis.Ensure(ctx, w)
	}
	if err != nil {
		return gitserve.Repository{}, err
	}
	return gitserve.Repository{ID: w.ID,
		Vet: func(_ context.Context, updates []gitserve.RefUpdate) (gitserve.Verdict, error) {
			return gitserve.Verdict{Refused: w.Refused(updates)}, nil
		},
		Pushed: func(ctx context.Context, updates []gitserve.RefUpdate) {
			if err := d.s.Wikis.Pushed(access.As(ctx, p), w, updates); err != nil {
				d.s.Log.Error("a push was not noted", "wiki of", repo.ID, "error", err)
			}
		}}, nil
}

// gitRefusal is a refusal in git's terms.
type gitRefusal struct {
	refused *rest.Error
	header  http.Header
	lines   []string
}

// Error is the text for the log.
func (g *gitRefusal) Error() string { return g.refused.Error() }

// GitAnswer is what the client gets.
func (g *gitRefusal) GitAnswer() (status int, header http.Header, lines []string) {
	return g.refused.Status, g.header, g.lines
}

// gitChallenge asks for Basic, the only scheme that git can answer with user and secret.
const gitChallenge = `Basic realm="Bitbucket.org HTTP"`

const gitMessage = "You may not have access to this repository or it no longer exists in this workspace. If you think this repository exists and you have access, make sure you are authenticated."

func (d *door) refusal(hr *http.Request, trace *rest.Trace, err error) error {
	e := d.fault(trace, err)
	refusal := *e
	g := &gitRefusal{refused: &refusal, header: http.Header{"X-Pail-Reason": {string(e.Reason)}}}
	// git first asks without a credential, and sends one only when it is challenged: also for what is not there.
	// Who hears that a wiki is off may see the repository.
	if _, sent := hr.Header["Authorization"]; !sent && (e.Status == http.StatusNotFound && e.Reason != reason.WikiOff || e.Status == http.StatusUnauthorized) {
		refusal.Status, refusal.Reason = http.StatusUnauthorized, reason.CredentialMissing
		g.header.Set("X-Pail-Reason", string(reason.CredentialMissing))
		g.lines = []string{gitMessage}
	}
	trace.Reason = refusal.Reason
	if to := e.Header.Get("Location"); to != "" { // git follows it, and goes on there
		g.header.Set("Location", to)
	}
	if d.s.rest.Bare {
		return bareRefusal(&refusal, trace.CredentialKind == "")
	}
	if refusal.Status == http.StatusUnauthorized {
		g.header.Set("WWW-Authenticate", gitChallenge)
	}
	if g.lines != nil {
		return g
	}
	message := e.Message
	if refusal.Status == http.StatusUnauthorized && e.Reason != reason.CredentialPasswordNotAccepted || refusal.Status == http.StatusNotFound && e.Reason != reason.WikiOff {
		message = gitMessage
	}
	g.lines = d.lines(e, message)
	return g
}

// fault is err as a refusal. What is no refusal goes to the log.
func (d *door) fault(trace *rest.Trace, err error) *rest.Error {
	e, ok := errors.AsType[*rest.Error](err)
	if !ok {
		e = rest.Fault(err)
	}
	if e.Cause != nil {
		d.s.Log.Error("git request failed", "request_id", trace.RequestID, "error", e.Cause)
	}
	return e
}

// lines tell the person at the client of a refusal: what is wrong, the way out, and the reason.
func (d *door) lines(e *rest.Error, message string) []string {
	lines := []string{message}
	if detail, ok := e.Detail.(string); ok {
		lines = append(lines, detail)
	}
	if e.Reason == reason.AppPasswordDisabled {
		lines = deprecated(e.Message)
	}
	if missing, ok := e.Data["missing"].([]string); ok {
		lines = append(lines, fmt.Sprintf("Missing: %s.", strings.Join(missing, ", ")))
	}
	return append(lines, fmt.Sprintf("Reason: %s, see %s%s", e.Reason, d.s.rest.URLs.Base, e.Reason.DocPath()))
}

// bareRefusal is e in the lines that Bitbucket Cloud's git has. Observed: gitMessage with 401 for every credential that
// is refused, the three lines of CHANGE-3222 with 410 for an app password, 403 with a sentence of its own for a missing
// scope, and 403 for a good credential whose account does not get in. Inferred: that git, without a credential, is
// challenged with the same gitMessage, and that it is Basic which it is challenged for.
func bareRefusal(e *rest.Error, anonymous bool) *gitRefusal {
	plain := e.Bare()
	absent := plain.Status == http.StatusNotFound
	switch {
	case anonymous && absent, plain == rest.BadToken:
		plain = rest.Plain{Status: http.StatusUnauthorized, Message: gitMessage}
	case absent, e.Reason == reason.PrivilegeMissing, e.Reason == reason.TokenOutOfBounds:
		plain = rest.Plain{Status: http.StatusForbidden, Message: "The requested repository either does not exist or you do not have access."}
	}
	refusal := *e
	refusal.Status = plain.Status
	g := &gitRefusal{refused: &refusal, header: http.Header{}, lines: []string{plain.Message}}
	switch {
	case plain.Status == http.StatusUnauthorized:
		g.header.Set("WWW-Authenticate", gitChallenge)
	case plain.Status == http.StatusGone:
		g.lines = deprecated(plain.Message)
	case plain.Message == "":
		g.lines = []string{}
	}
	return g
}

// deprecated is CHANGE-3222 in three lines, the sentence in the middle.
func deprecated(message string) []string {
	return []string{"CHANGE-3222 - Functionality has been deprecated", message, "https://developer.atlassian.com/cloud/bitbucket/changelog#CHANGE-3222"}
}
