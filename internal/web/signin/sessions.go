package signin

import (
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/web/page"
)

// sessionRow is one line of the list.
type sessionRow struct {
	access.SessionInfo
	This bool
}

func (p *Pages) sessions(r *page.Request, self *access.Account) (page.Answer, error) {
	all, err := p.Accounts.Gate.Sessions(r.Context(), self.ID)
	if err != nil {
		return page.Answer{}, err
	}
	rows := make([]sessionRow, len(all))
	for i, s := range all {
		rows[i] = sessionRow{s, s.ID == r.SessionID()}
	}
	return r.Render(templates, page.View{Template: "sessions", Title: "Sessions", Tabs: page.AccountTabs("/account/sessions"), Content: struct {
		Sessions []sessionRow
		Days     int
	}{rows, int(access.SessionLength / (24 * time.Hour))}})
}

// endSessions ends the session that the form names, or all others than this one.
func (p *Pages) endSessions(r *page.Request, self *access.Account) (page.Answer, error) {
	id := r.Form.Get("id")
	if err := p.Accounts.Gate.EndSessions(r.Context(), self.ID, id, r.SessionID()); err != nil {
		return page.Answer{}, err
	}
	if id == "" {
		return r.Done("/account/sessions", "All other sessions have ended.")
	}
	return r.Done("/account/sessions", "The session has ended.")
}
