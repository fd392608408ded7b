package tokens

import (
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/web/page"
)

// row is a credential in the list.
type row struct {
	access.Credential
	standing
	Href    string
	Limit   string // the workspace that an API token is limited to
	Refused *reason.Reason
	Use     *account.UsageJSON // of an app password
	Calls   []calls
}

// recently is how far back the list shows what has ended, and endedRows how much of it.
const (
	recently  = 30 * 24 * time.Hour
	endedRows = 10
)

func (p *Pages) row(at place, c access.Credential) row {
	r := row{Credential: c, standing: p.standing(c), Href: at.of(c)}
	if at.APIToken() {
		r.Limit = c.Workspace
	}
	if c.LastRefusedReason != "" {
		why := reason.Of(c.LastRefusedReason)
		r.Refused = &why
	}
	return r
}

func (p *Pages) rows(at place, all []access.Credential) []row {
	rows := make([]row, len(all))
	for i, c := range all {
		rows[i] = p.row(at, c)
	}
	return rows
}

func (p *Pages) list(r *page.Request, at place) (page.Answer, error) {
	ctx := r.Context()
	if err := p.flush(ctx); err != nil {
		return page.Answer{}, err
	}
	alive, err := p.Accounts.Credentials.Alive(ctx, at.Shelf, page.PageLength+1, (r.Page()-1)*page.PageLength)
	if err != nil {
		return page.Answer{}, err
	}
	more := len(alive) > page.PageLength
	rows := p.rows(at, alive[:min(len(alive), page.PageLength)])
	var ended []access.Credential
	if r.Page() == 1 {
		if ended, err = p.Accounts.Credentials.Ended(ctx, at.Shelf, p.Now().Add(-recently), endedRows); err != nil {
			return page.Answer{}, err
		}
	}
	used := 0
	if at.AppPassword() {
		usage, err := p.Accounts.Gate.Recorder.UsageOf(ctx, at.Shelf)
		if err != nil {
			return page.Answer{}, err
		}
		for i := range rows {
			u := account.Usage(rows[i].Credential, usage[rows[i].ID])
			rows[i].Use, rows[i].Calls = &u, callsOf(u)
			if !rows[i].LastAccessed.IsZero() {
				used++
			}
		}
	}
	return r.Render(templates, at.view("list", at.Title, false, struct {
		At    place
		Rows  []row
		Ended []row
		Used  int
		Pager page.Pager
		New   string
	}{at, rows, p.rows(at, ended), used, r.Pager(more), at.Path + "/new"}))
}
