package pipeline

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/cron"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/pipefile"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// Schedule starts a pipeline of a branch by the clock.
type Schedule struct {
	ID       string
	Enabled  bool
	Branch   string
	Selector pipefile.Selector
	Pattern  string    // see package cron
	Next     time.Time // when it comes due; zero: never again
	Created  time.Time
	Updated  time.Time
}

// Limits: of the schedules of one repository, of what is kept about one, and of those that are started before the clock is looked at again.
const (
	maxSchedules  = 50
	maxExecutions = 100
	dueAtOnce     = 100
)

const schedules = settings + "/schedules"

// scheduleJSON is a schedule as the API writes it (schema pipeline_schedule).
type scheduleJSON struct {
	Type      string             `json:"type"`
	UUID      string             `json:"uuid"`
	Enabled   bool               `json:"enabled"`
	Target    scheduleTargetJSON `json:"target"`
	Pattern   string             `json:"cron_pattern"`
	CreatedOn rest.Time          `json:"created_on"`
	UpdatedOn rest.Time          `json:"updated_on"`
}

// scheduleTargetJSON is what a schedule starts (schema pipeline_ref_target, without a commit: that is the head of the branch at the time).
type scheduleTargetJSON struct {
	Type     string       `json:"type"`
	RefType  string       `json:"ref_type"`
	RefName  string       `json:"ref_name"`
	Selector selectorJSON `json:"selector"`
}

type scheduleBody struct {
	Target  *scheduleTargetBody `json:"target"`
	Enabled *bool               `json:"enabled"` // without: true
	Pattern *string             `json:"cron_pattern"`
}

type scheduleTargetBody struct {
	RefType  *string       `json:"ref_type"`
	RefName  *string       `json:"ref_name"`
	Selector *selectorBody `json:"selector"`
}

type scheduleChangeBody struct {
	Enabled *bool `json:"enabled"`
}

func (s *Schedule) render() scheduleJSON {
	return scheduleJSON{"pipeline_schedule", rest.Braced(s.ID), s.Enabled,
		scheduleTargetJSON{"pipeline_ref_target", "branch", s.Branch, selectorJSON{string(s.Selector.Type), s.Selector.Pattern}}, s.Pattern, rest.Time(s.Created), rest.Time(s.Updated)}
}

const (
	scheduleColumns = `s.id, s.enabled, s.ref_name, s.selector_type, s.selector_pattern, s.pattern, s.next_on, s.created_on, s.updated_on`
	fromSchedules   = ` FROM pipeline_schedule s WHERE s.repository_id = $1`
)

func scanSchedule(row func(...any) error) (s Schedule, err error) {
	var next, created, updated int64
	err = row(&s.ID, &s.Enabled, &s.Branch, &s.Selector.Type, &s.Selector.Pattern, &s.Pattern, &next, &created, &updated)
	s.Next, s.Created, s.Updated = database.Time(next), database.Time(created), database.Time(updated)
	return s, err
}

var scheduleFields = bbql.Fields{
	"uuid":            {Column: "s.id", Kind: bbql.UUID},
	"enabled":         {Column: "s.enabled", Kind: bbql.Bool},
	"cron_pattern":    {Column: "s.pattern", Kind: bbql.String},
	"target.ref_name": {Column: "s.ref_name", Kind: bbql.String},
	"created_on":      {Column: "s.created_on", Kind: bbql.Time},
	"updated_on":      {Column: "s.updated_on", Kind: bbql.Time},
}

func (room *Room) schedules(reads, writes access.Need[*repository.Repository]) []access.Operation {
	one := schedules + "/{schedule_uuid}"
	return []access.Operation{
		access.On("GET "+schedules, reads, room.listSchedules).Lists(scheduleJSON{}).Filters(scheduleFields),
		access.On("POST "+schedules, writes, room.postSchedule).Takes(scheduleBody{}).Answers(scheduleJSON{}, 201),
		access.On("GET "+one, reads, room.getSchedule).Answers(scheduleJSON{}),
		access.On("PUT "+one, writes, room.putSchedule).Takes(scheduleChangeBody{}).Answers(scheduleJSON{}),
		access.On("DELETE "+one, writes, room.deleteSchedule).Answers(nil),
		access.On("GET "+one+"/executions", reads, room.listExecutions).Lists(executionJSON{}),
	}
}

func (room *Room) listSchedules(c *access.Call, r *repository.Repository) (any, error) {
	return rest.Listing[Schedule]{Columns: scheduleColumns, From: fromSchedules, Args: []any{r.ID}, Order: `s.created_on, s.id`, Fields: scheduleFields, Scan: scanSchedule}.
		Answer(c.Context(), room.DB, c.Request, func(s *Schedule) any { return s.render() })
}

// Schedules are those of a repository, the oldest first.
func (room *Room) Schedules(ctx context.Context, r *repository.Repository) ([]Schedule, error) {
	return database.Collect(ctx, room.DB, scanSchedule, `SELECT `+scheduleColumns+fromSchedules+` ORDER BY s.created_on, s.id`, r.ID)
}

// Schedule finds one of a repository by its id. A *rest.Error says that there is none.
func (room *Room) Schedule(ctx context.Context, r *repository.Repository, id string) (Schedule, error) {
	s, err := scanSchedule(room.DB.Row(ctx, `SELECT `+scheduleColumns+fromSchedules+` AND s.id = $2`, r.ID, id).Scan)
	if errors.Is(err, database.ErrNoRows) {
		return s, noSchedule()
	}
	return s, err
}

func noSchedule() *rest.Error {
	return rest.Refuse(reason.ResourceNotFound, "The repository has no schedule with this uuid.")
}

func (room *Room) findSchedule(c *access.Call, r *repository.Repository) (Schedule, error) {
	return named(c, "schedule_uuid", noSchedule(), func(ctx context.Context, id string) (Schedule, error) { return room.Schedule(ctx, r, id) })
}

func (room *Room) getSchedule(c *access.Call, r *repository.Repository) (any, error) {
	s, err := room.findSchedule(c, r)
	if err != nil {
		return nil, err
	}
	return s.render(), nil
}

func (room *Room) postSchedule(c *access.Call, r *repository.Repository) (any, error) {
	var b scheduleBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	s, err := b.read()
	if err != nil {
		return nil, err
	}
	if s, err = room.CreateSchedule(c.Context(), account.PersonOf(c.Principal), r, s); err != nil {
		return nil, err
	}
	return rest.Created(s.render(), room.URLs.API("repositories", r.Workspace.Slug, r.Slug, "pipelines_config", "schedules", rest.Braced(s.ID))), nil
}

// read is the schedule that a body asks for. A *rest.Error says what is wrong with it.
func (b *scheduleBody) read() (s Schedule, err error) {
	switch t := b.Target; {
	case b.Pattern == nil:
		return s, rest.MissingField("cron_pattern")
	case t == nil:
		return s, rest.MissingField("target")
	case t.RefName == nil:
		return s, rest.MissingField("target.ref_name")
	case t.RefType != nil && *t.RefType != "branch":
		return s, rest.InvalidField("target.ref_type", "schedules run pipelines of a branch")
	case t.Selector == nil || t.Selector.Type == nil:
		return s, rest.MissingField("target.selector.type")
	}
	s = Schedule{Enabled: b.Enabled == nil || *b.Enabled, Branch: *b.Target.RefName, Pattern: *b.Pattern}
	s.Selector.Type = pipefile.SelectorType(selectorTypes[strings.ToUpper(*b.Target.Selector.Type)])
	if p := b.Target.Selector.Pattern; p != nil {
		s.Selector.Pattern = *p
	}
	return s, nil
}

// check refuses a schedule that nobody can mean, and says when one comes due first.
func (s *Schedule) check(now time.Time) error {
	if !gitstore.ValidRefName(gitstore.BranchPrefix + s.Branch) {
		return rest.InvalidField("target.ref_name", "the name of a branch")
	}
	switch s.Selector.Type {
	case pipefile.SelectDefault:
		s.Selector.Pattern = "" // there is one, whatever clients send
	case pipefile.SelectBranches, pipefile.SelectCustom:
		if s.Selector.Pattern == "" || len(s.Selector.Pattern) > maxSelector {
			return rest.InvalidField("target.selector.pattern", "the name of the pipeline as bitbucket-pipelines.yml has it")
		}
	default:
		return rest.InvalidField("target.selector.type", "one of default, branches, custom")
	}
	p, err := cron.Parse(s.Pattern)
	if err != nil {
		return rest.InvalidField("cron_pattern", err.Error())
	}
	if p.Often() {
		return rest.InvalidField("cron_pattern", "the seconds are one number: pipelines start once in a minute at most")
	}
	next, ok := p.Next(now)
	if !ok {
		return rest.InvalidField("cron_pattern", "it never comes due")
	}
	s.Next = next
	return nil
}

// maxSelector is the longest name of a pipeline, in bytes.
const maxSelector = 255

// CreateSchedule makes a schedule of what s says, in the name of who made it. A *rest.Error says what is wrong with it, or
// that there are too many.
func (room *Room) CreateSchedule(ctx context.Context, by account.Person, r *repository.Repository, s Schedule) (Schedule, error) {
	now := room.Now()
	if err := s.check(now); err != nil {
		return s, err
	}
	if _, err := room.Repositories.Git.Ref(ctx, r.ID, gitstore.BranchPrefix+s.Branch); errors.Is(err, gitstore.ErrNotFound) {
		return s, rest.InvalidField("target.ref_name", "the repository has no such branch")
	} else if err != nil {
		return s, err
	}
	id, err := newID()
	if err != nil {
		return s, err
	}
	s.ID, s.Created, s.Updated = id, now, now
	return s, room.add(ctx, place{what: "repository", id: r.ID}, "schedules", fromSchedules, maxSchedules, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO pipeline_schedule (id, repository_id, account_id, credential, credential_name, enabled, ref_name, selector_type, selector_pattern, pattern, next_on,
			created_on, updated_on) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)`,
			s.ID, r.ID, by.ID(), by.Credential, by.Name, s.Enabled, s.Branch, string(s.Selector.Type), s.Selector.Pattern, s.Pattern, database.Micros(s.Next), database.Micros(now))
		return err
	})
}

func (room *Room) putSchedule(c *access.Call, r *repository.Repository) (any, error) {
	var b scheduleChangeBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	s, err := room.findSchedule(c, r)
	if err != nil {
		return nil, err
	}
	if b.Enabled != nil {
		if s, err = room.EnableSchedule(c.Context(), r, s.ID, *b.Enabled); err != nil {
			return nil, err
		}
	}
	return s.render(), nil
}

// EnableSchedule switches a schedule on or off. Times that went by while it was off are not made up for. A *rest.Error says that there is
// no such schedule.
func (room *Room) EnableSchedule(ctx context.Context, r *repository.Repository, id string, enabled bool) (s Schedule, err error) {
	err = room.DB.Update(ctx, func(tx *database.Tx) error {
		// The row is held from here on, so that nobody starts it meanwhile.
		now := room.Now()
		n, err := tx.Exec(ctx, `UPDATE pipeline_schedule SET enabled = $3, updated_on = $4 WHERE repository_id = $1 AND id = $2`, r.ID, id, enabled, database.Micros(now))
		if err == nil && n == 0 {
			err = noSchedule()
		}
		if err != nil {
			return err
		}
		if s, err = scanSchedule(tx.Row(ctx, `SELECT `+scheduleColumns+fromSchedules+` AND s.id = $2`, r.ID, id).Scan); err != nil {
			return err
		}
		s.Next = next(s.Pattern, now)
		_, err = tx.Exec(ctx, `UPDATE pipeline_schedule SET next_on = $2 WHERE id = $1`, s.ID, database.Micros(s.Next))
		return err
	})
	return s, err
}

// next is when a pattern that is in the store comes due after now, zero for never again.
func next(pattern string, now time.Time) time.Time {
	p, err := cron.Parse(pattern)
	if err != nil {
		return time.Time{} // one that was taken once is
	}
	at, _ := p.Next(now)
	return at
}

func (room *Room) deleteSchedule(c *access.Call, r *repository.Repository) (any, error) {
	s, err := room.findSchedule(c, r)
	if err != nil {
		return nil, err
	}
	return nil, room.DeleteSchedule(c.Context(), r, s.ID)
}

// DeleteSchedule removes a schedule. What it has started stays.
func (room *Room) DeleteSchedule(ctx context.Context, r *repository.Repository, id string) error {
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM pipeline_schedule WHERE repository_id = $1 AND id = $2`, r.ID, id)
		return err
	})
}
