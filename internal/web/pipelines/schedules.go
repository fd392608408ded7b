package pipelines

import (
	"errors"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/pipefile"
	"github.com/pailforge/pail/internal/pipeline"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/web/page"
)

// schedulesPage is what the page of schedules shows.
type schedulesPage struct {
	within
	Rows []*scheduleRow
	Add  *page.Form // nil: the visitor may not
}

type scheduleRow struct {
	pipeline.Schedule
	What   string
	Next   time.Time // zero: never
	Last   time.Time // zero: never
	Made   *page.Link
	Why    string // the last time made no pipeline
	Turn   *page.Form
	Delete *page.Form
}

func (p *Pages) schedulesContent(r *page.Request, repo *repository.Repository) (*schedulesPage, error) {
	content := &schedulesPage{within: p.about(r, repo, "pipelines", "schedules")}
	all, err := p.Pipelines.Schedules(r.Context(), repo)
	if err != nil {
		return nil, err
	}
	last, err := p.Pipelines.LastExecution(r.Context(), repo)
	if err != nil {
		return nil, err
	}
	writes := page.May(r, p.Repositories.Repositories().Needs(access.Write))
	for _, s := range all {
		row := &scheduleRow{Schedule: s, What: shown(s.Selector)}
		if s.Enabled {
			row.Next = s.Next
		}
		if x, ok := last[s.ID]; ok {
			row.Last, row.Why = x.Due, x.ErrorMessage
			if x.Pipeline != nil {
				row.Made = &page.Link{Name: "#" + decimal(int(x.Pipeline.Number)), Href: at(repo, x.Pipeline)}
			}
		}
		if writes {
			to := address(repo, "pipelines", "schedules", s.ID)
			row.Turn = r.NewForm(to, map[bool]string{true: "Switch off", false: "Switch on"}[s.Enabled], page.Field{Name: "do", Type: "hidden", Value: map[bool]string{true: "disable", false: "enable"}[s.Enabled]})
			row.Delete = r.NewForm(to, "Delete", page.Field{Name: "do", Type: "hidden", Value: "delete"})
			row.Delete.Danger = true
		}
		content.Rows = append(content.Rows, row)
	}
	if writes {
		content.Add = r.NewForm(address(repo, "pipelines", "schedules"), "Add the schedule",
			page.Field{Name: "target.ref_name", Label: "Branch", Value: repo.MainBranch, Required: true, Max: 255},
			page.Field{Name: "target.selector.pattern", Label: "Custom pipeline", Max: 255, Help: "Its name in bitbucket-pipelines.yml. Without one the default pipeline runs."},
			page.Field{Name: "cron_pattern", Label: "When", Required: true, Max: 255, Direction: "ltr", Placeholder: "0 30 2 * * ? *",
				Help: "Second, minute, hour, day of the month, month, day of the week and year, in UTC: 0 30 2 * * ? * is every day at 2:30, 0 0 6 ? * MON-FRI * every working day at 6:00."})
	}
	return content, nil
}

func (p *Pages) schedules(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	content, err := p.schedulesContent(r, repo)
	if err != nil {
		return page.Answer{}, err
	}
	return p.render(r, repo, "schedules", "pipelines", "Schedules", content)
}

func (p *Pages) addSchedule(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	s := pipeline.Schedule{Enabled: true, Branch: strings.TrimSpace(r.Form.Get("target.ref_name")), Pattern: strings.TrimSpace(r.Form.Get("cron_pattern")), Selector: pipefile.Selector{Type: pipefile.SelectDefault}}
	if name := strings.TrimSpace(r.Form.Get("target.selector.pattern")); name != "" {
		s.Selector = pipefile.Selector{Type: pipefile.SelectCustom, Pattern: name}
	}
	_, err := p.Pipelines.CreateSchedule(r.Context(), account.PersonOf(r.Principal), repo, s)
	if _, refused := errors.AsType[*rest.Error](err); refused {
		content, fault := p.schedulesContent(r, repo)
		if fault != nil {
			return page.Answer{}, fault
		}
		r.As(address(repo, "pipelines", "schedules"), nil)
		return r.Again(content.Add, err, func() (page.Answer, error) { return p.render(r, repo, "schedules", "pipelines", "Schedules", content) })
	}
	if err != nil {
		return page.Answer{}, err
	}
	return r.Done(address(repo, "pipelines", "schedules"), "The schedule is there.")
}

// onSchedule does with a schedule what its form says.
func (p *Pages) onSchedule(r *page.Request, repo *repository.Repository) (page.Answer, error) {
	s, err := p.Pipelines.Schedule(r.Context(), repo, r.PathValue("schedule"))
	if err != nil {
		return page.Answer{}, err
	}
	said := ""
	switch r.Form.Get("do") {
	case "enable":
		_, err = p.Pipelines.EnableSchedule(r.Context(), repo, s.ID, true)
		said = "The schedule is on."
	case "disable":
		_, err = p.Pipelines.EnableSchedule(r.Context(), repo, s.ID, false)
		said = "The schedule is off."
	case "delete":
		err = p.Pipelines.DeleteSchedule(r.Context(), repo, s.ID)
		said = "The schedule is deleted."
	default:
		err = rest.InvalidField("do", "enable, disable or delete it")
	}
	if err != nil {
		return page.Answer{}, err
	}
	return r.Done(address(repo, "pipelines", "schedules"), said)
}
