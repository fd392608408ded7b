package commit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// Annotation is one finding of a report.
type Annotation struct {
	ID         string
	ExternalID string // as its maker calls it; a report has one annotation of each
	Type       string // VULNERABILITY, CODE_SMELL or BUG
	Path       string // "" for none
	Line       int    // from 1; 0 for none
	Summary    string
	Details    string
	Result     string // PASSED, FAILED, SKIPPED or IGNORED; "" when not told
	Severity   string // CRITICAL, HIGH, MEDIUM or LOW; "" when not told
	Link       string
	Created    time.Time
	Updated    time.Time
}

// Limits of annotations, in characters, annotations of one request and of one report.
const (
	maxSummary     = 450
	maxBulk        = 100
	maxAnnotations = 1000
)

var (
	annotationTypes      = []string{"VULNERABILITY", "CODE_SMELL", "BUG"}
	annotationResults    = []string{"PASSED", "FAILED", "SKIPPED", "IGNORED"}
	annotationSeverities = []string{"CRITICAL", "HIGH", "MEDIUM", "LOW"}
)

// annotationJSON is an annotation as the API writes it (schema report_annotation).
type annotationJSON struct {
	Type           string               `json:"type"`
	UUID           string               `json:"uuid"`
	ExternalID     string               `json:"external_id"`
	AnnotationType string               `json:"annotation_type"`
	Path           string               `json:"path,omitempty"`
	Line           int                  `json:"line,omitempty"`
	Summary        string               `json:"summary"`
	Details        string               `json:"details,omitempty"`
	Result         string               `json:"result,omitempty"`
	Severity       string               `json:"severity,omitempty"`
	Link           string               `json:"link,omitempty"`
	CreatedOn      rest.Time            `json:"created_on"`
	UpdatedOn      rest.Time            `json:"updated_on"`
	Links          map[string]rest.Link `json:"links"`
}

func (room *Room) renderAnnotation(r *repository.Repository, hash gitstore.Hash, p *Report, a *Annotation) annotationJSON {
	return annotationJSON{Type: "report_annotation", UUID: rest.Braced(a.ID), ExternalID: a.ExternalID, AnnotationType: a.Type, Path: a.Path, Line: a.Line, Summary: a.Summary,
		Details: a.Details, Result: a.Result, Severity: a.Severity, Link: a.Link, CreatedOn: rest.Time(a.Created), UpdatedOn: rest.Time(a.Updated),
		Links: map[string]rest.Link{"self": room.link(r, hash, "reports", rest.Braced(p.ID), "annotations", rest.Braced(a.ID))}}
}

// annotationBody is what making and replacing an annotation reads.
type annotationBody struct {
	ExternalID     *string `json:"external_id"`
	AnnotationType *string `json:"annotation_type"`
	Path           *string `json:"path"`
	Line           *int    `json:"line"`
	Summary        *string `json:"summary"`
	Details        *string `json:"details"`
	Result         *string `json:"result"`
	Severity       *string `json:"severity"`
	Link           *string `json:"link"`
}

// read checks what a body says. at stands in front of the names of fields.
func (b annotationBody) read(at string) (a Annotation, err error) {
	check := func(to *string, value string, problem error) {
		if *to = value; err == nil {
			err = problem
		}
	}
	if b.AnnotationType == nil {
		return a, rest.MissingField(at + "annotation_type")
	}
	kind, problem := oneOf(at+"annotation_type", b.AnnotationType, "", annotationTypes...)
	check(&a.Type, kind, problem)
	summary, problem := rest.RequiredText(at+"summary", b.Summary, maxSummary)
	check(&a.Summary, summary, problem)
	details, problem := rest.Text(at+"details", b.Details, maxDetails)
	check(&a.Details, details, problem)
	path, problem := rest.Text(at+"path", b.Path, gitstore.MaxPath)
	check(&a.Path, path, problem)
	result, problem := oneOf(at+"result", b.Result, "", annotationResults...)
	check(&a.Result, result, problem)
	severity, problem := oneOf(at+"severity", b.Severity, "", annotationSeverities...)
	check(&a.Severity, severity, problem)
	link, problem := address(at+"link", b.Link)
	check(&a.Link, link, problem)
	if b.Line != nil {
		if a.Line = *b.Line; err == nil && (a.Line < 0 || a.Line > 1<<30) {
			err = rest.InvalidField(at+"line", "lines are counted from 1")
		}
	}
	return a, err
}

const annotationColumns = `id, external_id, annotation_type, path, line, summary, details, result, severity, link, created_on, updated_on`

func scanAnnotation(row func(...any) error) (a Annotation, err error) {
	var created, updated int64
	err = row(&a.ID, &a.ExternalID, &a.Type, &a.Path, &a.Line, &a.Summary, &a.Details, &a.Result, &a.Severity, &a.Link, &created, &updated)
	a.Created, a.Updated = database.Time(created), database.Time(updated)
	return a, err
}

// annotationFields are what filters and orders of annotations may name.
var annotationFields = bbql.Fields{
	"uuid":            {Column: "id", Kind: bbql.UUID},
	"external_id":     {Column: "external_id", Kind: bbql.String},
	"annotation_type": {Column: "annotation_type", Kind: bbql.Enum, Values: annotationTypes},
	"path":            {Column: "path", Kind: bbql.String},
	"line":            {Column: "line", Kind: bbql.Number},
	"summary":         {Column: "summary", Kind: bbql.String},
	"result":          {Column: "result", Kind: bbql.Enum, Values: annotationResults},
	"severity":        {Column: "severity", Kind: bbql.Enum, Values: annotationSeverities},
	"created_on":      {Column: "created_on", Kind: bbql.Time},
	"updated_on":      {Column: "updated_on", Kind: bbql.Time},
}

func (room *Room) listAnnotations(c *access.Call, r *repository.Repository, hash gitstore.Hash, report *Report) (any, error) {
	l := rest.Listing[Annotation]{Columns: annotationColumns, From: ` FROM commit_annotation WHERE report_id = $1`, Args: []any{report.ID},
		Order: `created_on, id`, Fields: annotationFields, Scan: scanAnnotation}
	return l.Answer(c.Context(), room.DB, c.Request, func(row *Annotation) any { return room.renderAnnotation(r, hash, report, row) })
}

// Annotations are at most limit of a report, in the order of path and line.
func (room *Room) Annotations(ctx context.Context, reportID string, limit int) ([]Annotation, error) {
	return database.Collect(ctx, room.DB, scanAnnotation, `SELECT `+annotationColumns+` FROM commit_annotation WHERE report_id = $1 ORDER BY path, line, id LIMIT $2`, reportID, limit)
}

func findAnnotation(c *access.Call, q database.Queryer, report *Report) (Annotation, error) {
	is, name := named(c.Param("annotationId"), "$2")
	a, err := scanAnnotation(q.Row(c.Context(), `SELECT `+annotationColumns+` FROM commit_annotation WHERE report_id = $1 AND `+is, report.ID, name).Scan)
	if errors.Is(err, database.ErrNoRows) {
		return a, rest.Refuse(reason.ResourceNotFound, "The report has no such annotation.")
	}
	return a, err
}

func (room *Room) getAnnotation(c *access.Call, r *repository.Repository, hash gitstore.Hash, report *Report) (any, error) {
	a, err := findAnnotation(c, room.DB, report)
	if err != nil {
		return nil, err
	}
	return room.renderAnnotation(r, hash, report, &a), nil
}

// putAnnotation makes an annotation, or replaces the one of this name.
func (room *Room) putAnnotation(c *access.Call, r *repository.Repository, hash gitstore.Hash, report *Report) (any, error) {
	var b annotationBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	a, err := b.read("")
	if err != nil {
		return nil, err
	}
	name := c.Param("annotationId")
	if a.ExternalID, err = rest.RequiredText("annotationId", &name, maxExternalID); err != nil {
		return nil, err
	}
	err = room.DB.Update(c.Context(), func(tx *database.Tx) error {
		old, err := findAnnotation(c, tx, report)
		switch absent, isAbsent := errors.AsType[*rest.Error](err); {
		case err == nil:
			a.ExternalID = old.ExternalID
		case !isAbsent:
			return err
		case name[0] == '{':
			return absent // who names a uuid means one that is there
		}
		return room.annotate(c.Context(), tx, report, []*Annotation{&a})
	})
	if err != nil {
		return nil, err
	}
	return room.renderAnnotation(r, hash, report, &a), nil
}

// postAnnotations makes or replaces up to 100 annotations, all or none (POST .../annotations).
func (room *Room) postAnnotations(c *access.Call, r *repository.Repository, hash gitstore.Hash, report *Report) (any, error) {
	var bodies []annotationBody
	if err := c.Decode(&bodies); err != nil {
		return nil, err
	}
	if len(bodies) > maxBulk {
		return nil, rest.Refusef(reason.ValueInvalid, "One request takes at most %d annotations.", maxBulk).WithMessage("Too many annotations")
	}
	list, seen := make([]*Annotation, len(bodies)), map[string]bool{}
	for i, b := range bodies {
		at := fmt.Sprintf("[%d].", i)
		a, err := b.read(at)
		if err != nil {
			return nil, err
		}
		if a.ExternalID, err = rest.RequiredText(at+"external_id", b.ExternalID, maxExternalID); err != nil {
			return nil, err
		}
		if seen[a.ExternalID] {
			return nil, rest.InvalidField(at+"external_id", "it was sent twice")
		}
		list[i], seen[a.ExternalID] = &a, true
	}
	if err := room.DB.Update(c.Context(), func(tx *database.Tx) error { return room.annotate(c.Context(), tx, report, list) }); err != nil {
		return nil, err
	}
	values := make([]annotationJSON, len(list))
	for i, a := range list {
		values[i] = room.renderAnnotation(r, hash, report, a)
	}
	return values, nil
}

// annotate writes annotations; of one that is there its id and the time of its making stay.
func (room *Room) annotate(ctx context.Context, tx *database.Tx, report *Report, list []*Annotation) error {
	now := room.Now()
	for _, a := range list {
		id, err := uuid.NewV7()
		if err != nil {
			return err
		}
		var created int64
		err = tx.Row(ctx, `INSERT INTO commit_annotation (report_id, `+annotationColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
			ON CONFLICT (report_id, external_id) DO UPDATE SET annotation_type = excluded.annotation_type, path = excluded.path, line = excluded.line,
			summary = excluded.summary, details = excluded.details, result = excluded.result, severity = excluded.severity, link = excluded.link,
			updated_on = excluded.updated_on RETURNING id, created_on`,
			report.ID, id.String(), a.ExternalID, a.Type, a.Path, a.Line, a.Summary, a.Details, a.Result, a.Severity, a.Link, database.Micros(now), database.Micros(now)).Scan(&a.ID, &created)
		if database.IsReference(err) {
			return rest.Refuse(reason.ResourceNotFound, "The report was removed while the request ran.")
		}
		if err != nil {
			return err
		}
		a.Created, a.Updated = database.Time(created), now
	}
	var all int
	if err := tx.Row(ctx, `SELECT COUNT(*) FROM commit_annotation WHERE report_id = $1`, report.ID).Scan(&all); err != nil {
		return err
	}
	if all > maxAnnotations {
		return rest.Refusef(reason.ValueInvalid, "A report has at most %d annotations.", maxAnnotations).WithMessage("Too many annotations")
	}
	return nil
}

// deleteAnnotation deletes the annotation, if it is there: 204 either way.
func (room *Room) deleteAnnotation(c *access.Call, _ *repository.Repository, _ gitstore.Hash, report *Report) (any, error) {
	is, name := named(c.Param("annotationId"), "$2")
	return nil, room.DB.Update(c.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(c.Context(), `DELETE FROM commit_annotation WHERE report_id = $1 AND `+is, report.ID, name)
		return err
	})
}
