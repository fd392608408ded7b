package pipeline

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/pipefile"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// pipelines are the operations on pipelines and their steps.
func (room *Room) pipelines(repositories *access.Resource[*repository.Repository]) []access.Operation {
	const (
		all   = "/repositories/{workspace}/{repo_slug}/pipelines"
		one   = all + "/{pipeline_uuid}"
		steps = one + "/steps"
		step  = steps + "/{step_uuid}"
	)
	reads, writes := repositories.Reads(), repositories.Needs(access.Write)
	return []access.Operation{
		access.On("GET "+all, reads, room.list).Lists(pipelineJSON{}).Filters(pipelineFields).Asks(filterParameters()...),
		access.On("POST "+all, writes, room.post).Takes(startBody{}).Answers(pipelineJSON{}, http.StatusCreated),
		access.On("GET "+one, reads, room.one(room.get)).Answers(pipelineJSON{}),
		access.On("POST "+one+"/stopPipeline", writes, room.one(room.postStop)).Answers(nil),
		access.On("GET "+steps, reads, room.one(room.listSteps)).Lists(stepJSON{}),
		access.On("GET "+step, reads, room.one(room.getStep)).Answers(stepJSON{}),
		access.On("POST "+one+"/rerun", writes, room.one(room.postRerun)).Answers(pipelineJSON{}),
		access.On("POST "+step+"/start", writes, room.one(room.postRelease)).Answers(stepJSON{}),
	}
}

// one finds the pipeline that a path names, by its uuid or by its number.
func (room *Room) one(h func(*access.Call, *repository.Repository, *Pipeline) (any, error)) func(*access.Call, *repository.Repository) (any, error) {
	return func(c *access.Call, r *repository.Repository) (any, error) {
		p, err := room.Find(c.Context(), r, c.Param("pipeline_uuid"))
		if err != nil {
			return nil, err
		}
		return h(c, r, p)
	}
}

// Find is the pipeline of a repository with a uuid, with or without braces, or with a number. A *rest.Error says that there is none.
func (room *Room) Find(ctx context.Context, r *repository.Repository, name string) (*Pipeline, error) {
	column, value := "id", any(nil)
	if id, ok := rest.Unbraced(name); ok {
		value = id
	} else if n, err := strconv.ParseInt(name, 10, 64); err == nil {
		column, value = "number", n
	} else {
		return nil, noPipeline()
	}
	p, err := scanPipeline(room.DB.Row(ctx, `SELECT `+pipelineColumns+fromPipelines+` AND p.`+column+` = $2`, r.ID, value).Scan)
	if errors.Is(err, database.ErrNoRows) {
		return nil, noPipeline()
	}
	if err != nil {
		return nil, err
	}
	return &p, fillCreators(ctx, room.DB, &p)
}

// shown is a pipeline as the API shows it.
func (room *Room) shown(ctx context.Context, q database.Queryer, r *repository.Repository, p *Pipeline) (pipelineJSON, error) {
	given, err := database.Collect(ctx, q, scanInput, `SELECT id, name, value, secured FROM pipeline_input WHERE pipeline_id = $1 ORDER BY position`, p.ID)
	return room.render(r, p, given), err
}

func (room *Room) get(c *access.Call, r *repository.Repository, p *Pipeline) (any, error) {
	return room.shown(c.Context(), room.DB, r, p)
}

var statusNames = []string{Pending, Running, Paused, Successful, Failed, Errored, Stopped, Expired}

// pipelineFields are what filters and orders of pipelines may name.
var pipelineFields = bbql.Fields{
	"uuid":                    {Column: "p.id", Kind: bbql.UUID},
	"build_number":            {Column: "p.number", Kind: bbql.Number},
	"creator.uuid":            {Column: "p.creator_id", Kind: bbql.UUID},
	"created_on":              {Column: "p.created_on", Kind: bbql.Time},
	"completed_on":            {Column: "NULLIF(p.completed_on, 0)", Kind: bbql.Time},
	"run_creation_date":       {Column: "p.created_on", Kind: bbql.Time},
	"target.ref_type":         {Column: "p.ref_type", Kind: bbql.String},
	"target.ref_name":         {Column: "p.ref_name", Kind: bbql.String},
	"target.commit.hash":      {Column: "p.commit_hash", Kind: bbql.String},
	"target.selector.type":    {Column: "p.selector_type", Kind: bbql.String},
	"target.selector.pattern": {Column: "p.selector_pattern", Kind: bbql.String},
	"trigger_type":            {Column: "p.trigger_type", Kind: bbql.String},
	"status":                  {Column: "p.status", Kind: bbql.Enum, Values: statusNames},
}

// filter is a parameter of the query that narrows the list of pipelines (GET /repositories/{workspace}/{repo_slug}/pipelines).
type filter struct {
	name, does string
	values     []string // that it may have, in any case; nil: any
	where      func(value string) (sql string, arg any, err error)
}

// column compares a column with the value.
func column(name string) func(string) (string, any, error) {
	return func(value string) (string, any, error) { return name + ` = ?`, value, nil }
}

// words compares a column with what the value stands for.
func words(name string, of map[string]string) func(string) (string, any, error) {
	return func(value string) (string, any, error) { return name + ` = ?`, of[strings.ToUpper(value)], nil }
}

var (
	refTypes      = map[string]string{"BRANCH": "branch", "TAG": "tag", "ANNOTATED_TAG": "tag", "NAMED_BRANCH": "branch"}
	selectorTypes = map[string]string{"BRANCH": "branches", "BRANCHES": "branches", "TAG": "tags", "TAGS": "tags", "CUSTOM": "custom", "DEFAULT": "default",
		"PULLREQUESTS": "pull-requests", "PULL-REQUESTS": "pull-requests"}
	triggers = map[string]string{"PUSH": Push, "MANUAL": Manual, "SCHEDULED": Scheduled, "SCHEDULE": Scheduled, "PARENT_STEP": ParentStep}
	statuses = map[string]string{"PARSING": Pending, "PENDING": Pending, "PAUSED": Paused, "HALTED": Paused, "BUILDING": Running, "RUNNING": Running, "IN_PROGRESS": Running,
		"PASSED": Successful, "SUCCESSFUL": Successful, "FAILED": Failed, "ERROR": Errored, "STOPPED": Stopped, "EXPIRED": Expired}
)

func names(of map[string]string) []string {
	all := make([]string, 0, len(of))
	for name := range of {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

var filters = []filter{
	{"creator.uuid", "Only pipelines that this account has started.", nil, func(value string) (string, any, error) {
		id, ok := rest.Unbraced(value)
		if !ok {
			return "", nil, rest.InvalidField("creator.uuid", "a uuid, with or without braces")
		}
		return `p.creator_id = ?`, id, nil
	}},
	{"target.ref_type", "Only pipelines for references of this type.", names(refTypes), words("p.ref_type", refTypes)},
	{"target.ref_name", "Only pipelines for the branch or tag of this name.", nil, column("p.ref_name")},
	{"target.branch", "Only pipelines for the branch of this name.", nil, func(value string) (string, any, error) {
		return `p.ref_type = 'branch' AND p.ref_name = ?`, value, nil
	}},
	{"target.commit.hash", "Only pipelines for the commit whose hash begins so.", nil, func(value string) (string, any, error) {
		value = strings.ToLower(value)
		if strings.Trim(value, "0123456789abcdef") != "" || value == "" || len(value) > 40 {
			return "", nil, rest.InvalidField("target.commit.hash", "up to 40 hexadecimal digits")
		}
		return `p.commit_hash LIKE ?`, value + "%", nil
	}},
	{"target.selector.type", "Only pipelines that stand in this part of the file.", names(selectorTypes), words("p.selector_type", selectorTypes)},
	{"target.selector.pattern", "Only pipelines that are called so in the file.", nil, column("p.selector_pattern")},
	{"created_on", "Only pipelines that were made at this time, or on this day.", nil, nil},
	{"trigger_type", "Only pipelines that were started so.", names(triggers), words("p.trigger_type", triggers)},
	{"status", "Only pipelines that stand so.", names(statuses), words("p.status", statuses)},
}

func filterParameters() []access.Parameter {
	all := make([]access.Parameter, len(filters))
	for i, f := range filters {
		all[i] = access.Parameter{Name: f.name, Does: f.does, Values: f.values}
	}
	return all
}

// narrow adds to a list what the parameters of a request say.
func narrow(c *access.Call, l *rest.Listing[Pipeline]) error {
	for _, f := range filters {
		value := c.Query().Get(f.name)
		if value == "" {
			continue
		}
		if f.values != nil && !slices.Contains(f.values, strings.ToUpper(value)) {
			return rest.InvalidField(f.name, "one of "+strings.Join(f.values, ", "))
		}
		if f.where == nil {
			from, to, err := span(value)
			if err != nil {
				return err
			}
			n := len(l.Args)
			l.From += ` AND p.created_on >= $` + strconv.Itoa(n+1) + ` AND p.created_on < $` + strconv.Itoa(n+2)
			l.Args = append(l.Args, from, to)
			continue
		}
		sql, arg, err := f.where(strings.ToValidUTF8(strings.ReplaceAll(value, "\x00", "�"), "�"))
		if err != nil {
			return err
		}
		l.Args = append(l.Args, arg)
		l.From += ` AND ` + strings.Replace(sql, "?", "$"+strconv.Itoa(len(l.Args)), 1)
	}
	return nil
}

// span is the time that a day or a moment takes, in microseconds.
func span(value string) (from, to int64, err error) {
	for layout, length := range map[string]time.Duration{time.DateOnly: 24 * time.Hour, "2006-01-02T15:04:05": time.Second, time.RFC3339Nano: time.Microsecond} {
		if t, err := time.Parse(layout, value); err == nil {
			return database.Micros(t), database.Micros(t.Add(length)), nil
		}
	}
	return 0, 0, rest.InvalidField("created_on", "a day such as 2026-01-31, or a time such as 2026-01-31T12:00:00Z")
}

func (room *Room) list(c *access.Call, r *repository.Repository) (any, error) {
	ctx := c.Context()
	l := rest.Listing[Pipeline]{Columns: pipelineColumns, From: fromPipelines, Args: []any{r.ID}, Order: `p.number`, Fields: pipelineFields, Scan: scanPipeline}
	if err := narrow(c, &l); err != nil {
		return nil, err
	}
	paging, rows, size, err := l.Page(ctx, room.DB, c.Request)
	if err != nil {
		return nil, err
	}
	values, err := room.renderAll(ctx, r, rows)
	if err != nil {
		return nil, err
	}
	return rest.Counted(c.Request, paging, values, size), nil
}

// renderAll is render for many, in two queries.
func (room *Room) renderAll(ctx context.Context, r *repository.Repository, rows []Pipeline) ([]pipelineJSON, error) {
	all := make([]*Pipeline, len(rows))
	args := make([]any, len(rows))
	for i := range rows {
		all[i], args[i] = &rows[i], rows[i].ID
	}
	values := make([]pipelineJSON, len(rows))
	if len(rows) == 0 {
		return values, nil
	}
	if err := fillCreators(ctx, room.DB, all...); err != nil {
		return nil, err
	}
	given := map[string][]variable{}
	if _, err := database.Collect(ctx, room.DB, func(row func(...any) error) (struct{}, error) {
		var of string
		var v variable
		err := row(&of, &v.id, &v.name, &v.value, &v.secured)
		given[of] = append(given[of], v)
		return struct{}{}, err
	}, `SELECT pipeline_id, id, name, value, secured FROM pipeline_input WHERE pipeline_id IN (`+database.Marks(1, len(args))+`) ORDER BY pipeline_id, position`, args...); err != nil {
		return nil, err
	}
	for i := range rows {
		values[i] = room.render(r, &rows[i], given[rows[i].ID])
	}
	return values, nil
}

// startBody is what starting a pipeline reads (POST /repositories/{workspace}/{repo_slug}/pipelines).
type startBody struct {
	Target    *targetBody    `json:"target"`
	Variables []variableBody `json:"variables"`
}

type targetBody struct {
	Type        *string       `json:"type"`
	RefType     *string       `json:"ref_type"`
	RefName     *string       `json:"ref_name"`
	Commit      *hashBody     `json:"commit"`
	Selector    *selectorBody `json:"selector"`
	Source      *string       `json:"source"`
	Destination *string       `json:"destination"`
	IntoCommit  *hashBody     `json:"destination_commit"`
	PullRequest *requestBody  `json:"pullrequest"`
	Request     *requestBody  `json:"pull_request"`
}

type hashBody struct {
	Hash *string `json:"hash"`
}

type selectorBody struct {
	Type    *string `json:"type"`
	Pattern *string `json:"pattern"`
}

type requestBody struct {
	ID any `json:"id"` // a number, or one as text
}

// hash reads the name of a commit, which may be cut.
func (h *hashBody) hash(field string) (gitstore.Hash, error) {
	if h == nil || h.Hash == nil {
		return "", nil
	}
	hash := strings.ToLower(*h.Hash)
	if len(hash) < 4 || len(hash) > 40 || strings.Trim(hash, "0123456789abcdef") != "" {
		return "", rest.InvalidField(field+".hash", "4 to 40 hexadecimal digits")
	}
	return gitstore.Hash(hash), nil
}

// read checks what a body says.
func (b *targetBody) read() (t Target, err error) {
	if t.Commit, err = b.Commit.hash("target.commit"); err != nil {
		return t, err
	}
	if t.IntoCommit, err = b.IntoCommit.hash("target.destination_commit"); err != nil {
		return t, err
	}
	if s := b.Selector; s != nil && s.Type != nil {
		kind, ok := selectorTypes[strings.ToUpper(*s.Type)]
		if !ok {
			return t, rest.InvalidField("target.selector.type", "one of default, branches, tags, pull-requests, custom")
		}
		t.Selector.Type = pipefile.SelectorType(kind)
		if s.Pattern != nil && t.Selector.Type != pipefile.SelectDefault {
			t.Selector.Pattern = *s.Pattern
		}
	}
	kind := ""
	if b.Type != nil {
		kind = *b.Type
	}
	switch kind {
	case "", "pipeline_ref_target":
		if b.RefName == nil && kind == "" && t.Commit != "" {
			return t, nil
		}
		if b.RefName == nil {
			return t, rest.MissingField("target.ref_name")
		}
		t.RefType, t.RefName = "branch", *b.RefName
		if b.RefType != nil {
			if t.RefType = refTypes[strings.ToUpper(*b.RefType)]; t.RefType == "" {
				return t, rest.InvalidField("target.ref_type", "branch or tag")
			}
		}
	case "pipeline_commit_target":
		if t.Commit == "" {
			return t, rest.MissingField("target.commit.hash")
		}
	case "pipeline_pullrequest_target":
		id := b.PullRequest
		if id == nil {
			id = b.Request
		}
		if id == nil || id.ID == nil {
			return t, rest.MissingField("target.pullrequest.id")
		}
		switch value := id.ID.(type) {
		case float64:
			t.PullRequest = int64(value)
		case string:
			t.PullRequest, _ = strconv.ParseInt(value, 10, 64)
		}
		if t.PullRequest <= 0 {
			return t, rest.InvalidField("target.pullrequest.id", "the number of a pull request")
		}
	default:
		return t, rest.InvalidField("target.type", "one of pipeline_ref_target, pipeline_commit_target, pipeline_pullrequest_target")
	}
	return t, nil
}

// given reads variables that a pipeline is given.
func given(bodies []variableBody) ([]Given, error) {
	if len(bodies) > maxInputs {
		return nil, rest.InvalidField("variables", "at most "+strconv.Itoa(maxInputs))
	}
	all := make([]Given, len(bodies))
	for i, b := range bodies {
		if b.Key == nil {
			return nil, rest.MissingField("variables.key")
		}
		if len(*b.Key) > maxVariableName || !variableName.MatchString(*b.Key) {
			return nil, rest.InvalidField("variables.key", "a name has letters, digits and underscores, and no digit in front")
		}
		if slices.ContainsFunc(all[:i], func(v Given) bool { return v.Name == *b.Key }) {
			return nil, rest.InvalidField("variables.key", *b.Key+" is given twice")
		}
		value := ""
		if b.Value != nil {
			var err error
			if value, err = rest.Text("variables.value", b.Value, maxVariableValue); err != nil {
				return nil, err
			}
		}
		all[i] = Given{*b.Key, value, b.Secured != nil && *b.Secured}
	}
	return all, nil
}

// post starts a pipeline by hand.
func (room *Room) post(c *access.Call, r *repository.Repository) (any, error) {
	var b startBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	if b.Target == nil {
		return nil, rest.MissingField("target")
	}
	t, err := b.Target.read()
	if err != nil {
		return nil, err
	}
	if t.Variables, err = given(b.Variables); err != nil {
		return nil, err
	}
	ctx := c.Context()
	p, err := room.StartNow(ctx, r, t, Starter{Who: account.PersonOf(c.Principal), Trigger: Manual})
	if err != nil {
		return nil, err
	}
	j, err := room.shown(ctx, room.DB, r, &p)
	if err != nil {
		return nil, err
	}
	return rest.Created(j, rest.Link{Href: j.Links.Self.Href}), nil
}

// StartNow is Start in a transaction of its own.
func (room *Room) StartNow(ctx context.Context, r *repository.Repository, t Target, by Starter) (p Pipeline, err error) {
	settings, err := readConfig(ctx, room.DB, r.ID)
	if err != nil {
		return p, err
	}
	if !settings.enabled {
		return p, disabled(r)
	}
	if t.PullRequest != 0 {
		if err := room.ofRequest(ctx, r, &t); err != nil {
			return p, err
		}
	}
	plan, err := room.Plan(ctx, r, t)
	if err != nil {
		return p, err
	}
	err = room.DB.Update(ctx, func(tx *database.Tx) (err error) {
		p, err = room.Begin(ctx, tx, plan, by)
		return err
	})
	return p, err
}

// ofRequest fills in what a pull request says of a target.
func (room *Room) ofRequest(ctx context.Context, r *repository.Repository, t *Target) error {
	pr, err := room.PullRequests.Find(ctx, r, t.PullRequest)
	if err != nil {
		return err
	}
	if pr.SourceID != r.ID {
		return rest.Refuse(reason.ConflictState, "The pull request comes from another repository. Its code must not get at the variables of this one.")
	}
	t.RefType, t.RefName, t.Into = "branch", pr.SourceBranch, pr.DestinationBranch
	if t.Commit == "" {
		t.Commit = pr.SourceHash
	}
	if t.IntoCommit == "" {
		t.IntoCommit = pr.DestinationHash
	}
	return nil
}

func (room *Room) postStop(c *access.Call, _ *repository.Repository, p *Pipeline) (any, error) {
	err := room.Stop(c.Context(), p)
	if e, ok := errors.AsType[*rest.Error](err); ok && e.Reason == reason.ConflictState {
		e.Status = http.StatusBadRequest // as documented here
	}
	return nil, err
}

func (room *Room) listSteps(c *access.Call, _ *repository.Repository, p *Pipeline) (any, error) {
	ctx := c.Context()
	paging, err := c.Paging(rest.DefaultPagelen)
	if err != nil {
		return nil, err
	}
	steps, err := currentSteps(ctx, room.DB, p.ID)
	if err != nil {
		return nil, err
	}
	of, err := room.scriptOf(ctx, room.DB, p)
	if err != nil {
		return nil, err
	}
	all := make([]stepJSON, len(steps))
	for i := range steps {
		in := of.stepOf(steps[i].Position)
		all[i] = steps[i].render(&in)
	}
	return rest.Slice(c.Request, paging, all), nil
}

func (room *Room) getStep(c *access.Call, _ *repository.Repository, p *Pipeline) (any, error) {
	ctx := c.Context()
	s, err := room.stepNamed(c, p)
	if err != nil {
		return nil, err
	}
	of, err := room.scriptOf(ctx, room.DB, p)
	if err != nil {
		return nil, err
	}
	in := of.stepOf(s.Position)
	return s.render(&in), nil
}

func (room *Room) stepNamed(c *access.Call, p *Pipeline) (Step, error) {
	return named(c, "step_uuid", rest.Refuse(reason.ResourceNotFound, "The pipeline has no step with this uuid."), func(ctx context.Context, id string) (Step, error) {
		return stepByID(ctx, room.DB, p.ID, id)
	})
}

// postRerun runs what failed of a pipeline once more. It is Pail's own.
func (room *Room) postRerun(c *access.Call, r *repository.Repository, p *Pipeline) (any, error) {
	if err := room.Rerun(c.Context(), p); err != nil {
		return nil, err
	}
	p, err := room.Find(c.Context(), r, p.ID)
	if err != nil {
		return nil, err
	}
	return room.shown(c.Context(), room.DB, r, p)
}

// postRelease starts a step that waits for somebody. It is Pail's own.
func (room *Room) postRelease(c *access.Call, r *repository.Repository, p *Pipeline) (any, error) {
	s, err := room.stepNamed(c, p)
	if err != nil {
		return nil, err
	}
	if err := room.Release(c.Context(), p, s.ID, account.PersonOf(c.Principal)); err != nil {
		return nil, err
	}
	return room.getStep(c, r, p)
}
