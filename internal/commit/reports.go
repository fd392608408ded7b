package commit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
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

// Report is what one analysis found in a commit.
type Report struct {
	ID         string
	ExternalID string // as its maker calls it; a commit has one report of each
	Title      string
	Details    string
	Reporter   string
	Link       string
	RemoteLink bool // whoever shows the report leads to Link
	LogoURL    string
	Type       string // SECURITY, COVERAGE, TEST or BUG; "" when not told
	Result     string // PASSED, FAILED or PENDING; "" when not told
	Data       []Datum
	Created    time.Time
	Updated    time.Time
}

// Datum is one value that a report shows (schema report_data). Value is what JSON decodes into: a bool, a float64, a string, or
// a map of text and href, as Type wants it.
type Datum struct {
	Type  string `json:"type"`
	Title string `json:"title"`
	Value any    `json:"value"`
}

// Shown is the value in words.
func (d Datum) Shown() string {
	switch v := d.Value.(type) {
	case bool:
		return map[bool]string{true: "yes", false: "no"}[v]
	case float64:
		switch text := strconv.FormatFloat(v, 'f', -1, 64); d.Type {
		case "PERCENTAGE":
			return text + " %"
		case "DURATION":
			return time.Duration(v * float64(time.Millisecond)).String()
		case "DATE":
			return time.UnixMilli(int64(v)).UTC().Format(time.DateTime) + " UTC"
		default:
			return text
		}
	case map[string]any:
		words, _ := v["text"].(string)
		return words
	case string:
		return v
	}
	return ""
}

// Href is the address of a value that is a link, "" for others.
func (d Datum) Href() string {
	link, _ := d.Value.(map[string]any)
	href, _ := link["href"].(string)
	return href
}

// Limits of reports, in characters, data and reports of one commit.
const (
	maxExternalID = 450
	maxTitle      = 450
	maxDetails    = 2000
	maxReporter   = 450
	maxData       = 10
	maxReports    = 1000
)

var (
	reportTypes   = []string{"SECURITY", "COVERAGE", "TEST", "BUG"}
	reportResults = []string{"PASSED", "FAILED", "PENDING"}
)

// reportJSON is a report as the API writes it (schema report).
type reportJSON struct {
	Type              string               `json:"type"`
	UUID              string               `json:"uuid"`
	ExternalID        string               `json:"external_id"`
	Title             string               `json:"title"`
	Details           string               `json:"details"`
	Reporter          string               `json:"reporter,omitempty"`
	Link              string               `json:"link,omitempty"`
	RemoteLinkEnabled bool                 `json:"remote_link_enabled"`
	LogoURL           string               `json:"logo_url,omitempty"`
	ReportType        string               `json:"report_type,omitempty"`
	Result            string               `json:"result,omitempty"`
	Data              []Datum              `json:"data"`
	CreatedOn         rest.Time            `json:"created_on"`
	UpdatedOn         rest.Time            `json:"updated_on"`
	Links             map[string]rest.Link `json:"links"`
}

func (room *Room) renderReport(r *repository.Repository, hash gitstore.Hash, p *Report) reportJSON {
	self := room.link(r, hash, "reports", rest.Braced(p.ID))
	return reportJSON{Type: "report", UUID: rest.Braced(p.ID), ExternalID: p.ExternalID, Title: p.Title, Details: p.Details, Reporter: p.Reporter, Link: p.Link,
		RemoteLinkEnabled: p.RemoteLink, LogoURL: p.LogoURL, ReportType: p.Type, Result: p.Result, Data: p.Data, CreatedOn: rest.Time(p.Created), UpdatedOn: rest.Time(p.Updated),
		Links: map[string]rest.Link{"self": self, "annotations": {Href: self.Href + "/annotations"}, "commit": room.link(r, hash)}}
}

// reportBody is what making and replacing a report reads.
type reportBody struct {
	Title             *string  `json:"title"`
	Details           *string  `json:"details"`
	Reporter          *string  `json:"reporter"`
	Link              *string  `json:"link"`
	RemoteLinkEnabled *bool    `json:"remote_link_enabled"`
	LogoURL           *string  `json:"logo_url"`
	ReportType        *string  `json:"report_type"`
	Result            *string  `json:"result"`
	Data              *[]Datum `json:"data"`
}

// read checks what a body says.
func (b reportBody) read() (p Report, err error) {
	check := func(to *string, value string, problem error) {
		if *to = value; err == nil {
			err = problem
		}
	}
	title, problem := rest.RequiredText("title", b.Title, maxTitle)
	check(&p.Title, title, problem)
	details, problem := rest.Text("details", b.Details, maxDetails)
	check(&p.Details, details, problem)
	reporter, problem := rest.Text("reporter", b.Reporter, maxReporter)
	check(&p.Reporter, reporter, problem)
	link, problem := address("link", b.Link)
	check(&p.Link, link, problem)
	logo, problem := address("logo_url", b.LogoURL)
	check(&p.LogoURL, logo, problem)
	kind, problem := oneOf("report_type", b.ReportType, "", reportTypes...)
	check(&p.Type, kind, problem)
	result, problem := oneOf("result", b.Result, "", reportResults...)
	check(&p.Result, result, problem)
	if b.RemoteLinkEnabled != nil {
		p.RemoteLink = *b.RemoteLinkEnabled
	}
	if p.Data = []Datum{}; err == nil && b.Data != nil {
		p.Data, err = readData(*b.Data)
	}
	return p, err
}

// readData checks the values of a report (schema report_data).
func readData(data []Datum) ([]Datum, error) {
	if len(data) > maxData {
		return nil, rest.InvalidField("data", fmt.Sprintf("a report has at most %d", maxData))
	}
	kept := make([]Datum, len(data))
	for i, d := range data {
		field := fmt.Sprintf("data[%d]", i)
		title, err := rest.RequiredText(field+".title", &d.Title, maxTitle)
		if err != nil {
			return nil, err
		}
		if d.Type == "" {
			d.Type = typeOf(d.Value)
		}
		if _, err := oneOf(field+".type", &d.Type, "", "BOOLEAN", "DATE", "DURATION", "LINK", "NUMBER", "PERCENTAGE", "TEXT"); err != nil {
			return nil, err
		}
		if problem := wrongValue(d.Type, d.Value); problem != "" {
			return nil, rest.InvalidField(field+".value", problem)
		}
		kept[i] = Datum{Type: d.Type, Title: title, Value: d.Value}
	}
	return kept, nil
}

// typeOf is the type of a value that comes without one.
func typeOf(value any) string {
	switch value.(type) {
	case bool:
		return "BOOLEAN"
	case float64:
		return "NUMBER"
	case map[string]any:
		return "LINK"
	}
	return "TEXT"
}

// wrongValue says what is wrong with a value of a type, "" when nothing is.
func wrongValue(kind string, v any) string {
	switch kind {
	case "BOOLEAN":
		if _, ok := v.(bool); !ok {
			return "true or false is needed"
		}
	case "DATE", "DURATION", "NUMBER", "PERCENTAGE":
		n, ok := v.(float64)
		switch {
		case !ok:
			return "a number is needed"
		case kind == "PERCENTAGE" && (n < 0 || n > 100):
			return "a number from 0 to 100 is needed"
		}
	case "LINK":
		link, _ := v.(map[string]any)
		words, ok := link["text"].(string)
		href, _ := link["href"].(string)
		if _, err := rest.Text("", &words, maxTitle); !ok || err != nil || len(link) != 2 {
			return "an object with text and href is needed"
		}
		if to, err := address("", &href); err != nil || to == "" {
			return "href is an absolute http or https URL"
		}
	case "TEXT":
		words, ok := v.(string)
		if _, err := rest.Text("", &words, maxDetails); !ok || err != nil {
			return fmt.Sprintf("text of at most %d characters is needed", maxDetails)
		}
	}
	return ""
}

const reportColumns = `id, external_id, title, details, reporter, link, remote_link_enabled, logo_url, report_type, result, data, created_on, updated_on`

func scanReport(row func(...any) error) (p Report, err error) {
	var data string
	var created, updated int64
	if err := row(&p.ID, &p.ExternalID, &p.Title, &p.Details, &p.Reporter, &p.Link, &p.RemoteLink, &p.LogoURL, &p.Type, &p.Result, &data, &created, &updated); err != nil {
		return p, err
	}
	p.Created, p.Updated = database.Time(created), database.Time(updated)
	return p, json.Unmarshal([]byte(data), &p.Data)
}

// reportFields are what filters and orders of reports may name.
var reportFields = bbql.Fields{
	"uuid":        {Column: "id", Kind: bbql.UUID},
	"external_id": {Column: "external_id", Kind: bbql.String},
	"title":       {Column: "title", Kind: bbql.String},
	"reporter":    {Column: "reporter", Kind: bbql.String},
	"report_type": {Column: "report_type", Kind: bbql.Enum, Values: reportTypes},
	"result":      {Column: "result", Kind: bbql.Enum, Values: reportResults},
	"created_on":  {Column: "created_on", Kind: bbql.Time},
	"updated_on":  {Column: "updated_on", Kind: bbql.Time},
}

func (room *Room) listReports(c *access.Call, r *repository.Repository, hash gitstore.Hash) (any, error) {
	l := rest.Listing[Report]{Columns: reportColumns, From: ` FROM commit_report WHERE repository_id = $1 AND hash = $2`, Args: []any{r.ID, string(hash)},
		Order: `created_on, id`, Fields: reportFields, Scan: scanReport}
	return l.Answer(c.Context(), room.DB, c.Request, func(row *Report) any { return room.renderReport(r, hash, row) })
}

// Reports are all of a commit, the oldest first.
func (room *Room) Reports(ctx context.Context, r *repository.Repository, hash gitstore.Hash) ([]Report, error) {
	return database.Collect(ctx, room.DB, scanReport, `SELECT `+reportColumns+` FROM commit_report WHERE repository_id = $1 AND hash = $2 ORDER BY created_on, id`, r.ID, string(hash))
}

// named is the condition on id or external_id for what a path names, as $N: a uuid in braces, or the name that its maker gave it.
func named(name, n string) (string, string) {
	if id, ok := rest.Unbraced(name); ok && strings.HasPrefix(name, "{") {
		return "id = " + n, id
	}
	return "external_id = " + n, name
}

// findReport finds the report that the path names. A *rest.Error says that there is none.
func findReport(c *access.Call, q database.Queryer, r *repository.Repository, hash gitstore.Hash) (Report, error) {
	is, name := named(c.Param("reportId"), "$3")
	p, err := scanReport(q.Row(c.Context(), `SELECT `+reportColumns+` FROM commit_report WHERE repository_id = $1 AND hash = $2 AND `+is, r.ID, string(hash), name).Scan)
	if errors.Is(err, database.ErrNoRows) {
		return p, rest.Refuse(reason.ResourceNotFound, "The commit has no such report.")
	}
	return p, err
}

func (room *Room) getReport(c *access.Call, r *repository.Repository, hash gitstore.Hash) (any, error) {
	p, err := findReport(c, room.DB, r, hash)
	if err != nil {
		return nil, err
	}
	return room.renderReport(r, hash, &p), nil
}

// putReport makes a report, or replaces the one of this name, whose annotations stay (PUT .../reports/{reportId}).
func (room *Room) putReport(c *access.Call, r *repository.Repository, hash gitstore.Hash) (any, error) {
	var b reportBody
	if err := c.Decode(&b); err != nil {
		return nil, err
	}
	p, err := b.read()
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(p.Data)
	if err != nil {
		return nil, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	p.ID, p.Created, p.Updated = id.String(), room.Now(), room.Now()
	name := c.Param("reportId")
	if p.ExternalID, err = rest.RequiredText("reportId", &name, maxExternalID); err != nil {
		return nil, err
	}
	err = room.DB.Update(c.Context(), func(tx *database.Tx) error {
		old, err := findReport(c, tx, r, hash)
		switch absent, isAbsent := errors.AsType[*rest.Error](err); {
		case err == nil:
			p.ID, p.ExternalID = old.ID, old.ExternalID
		case !isAbsent:
			return err
		case strings.HasPrefix(name, "{"):
			return absent // who names a uuid means one that is there
		}
		var others int
		if err := tx.Row(c.Context(), `SELECT COUNT(*) FROM commit_report WHERE repository_id = $1 AND hash = $2 AND id <> $3`, r.ID, string(hash), p.ID).Scan(&others); err != nil {
			return err
		}
		if others >= maxReports {
			return rest.Refusef(reason.ValueInvalid, "A commit has at most %d reports.", maxReports).WithMessage("Too many reports")
		}
		var created int64
		err = tx.Row(c.Context(), `INSERT INTO commit_report (repository_id, hash, `+reportColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
			ON CONFLICT (repository_id, hash, external_id) DO UPDATE SET title = excluded.title, details = excluded.details, reporter = excluded.reporter,
			link = excluded.link, remote_link_enabled = excluded.remote_link_enabled, logo_url = excluded.logo_url, report_type = excluded.report_type,
			result = excluded.result, data = excluded.data, updated_on = excluded.updated_on RETURNING id, created_on`,
			r.ID, string(hash), p.ID, p.ExternalID, p.Title, p.Details, p.Reporter, p.Link, p.RemoteLink, p.LogoURL, p.Type, p.Result, string(data),
			database.Micros(p.Created), database.Micros(p.Updated)).Scan(&p.ID, &created)
		p.Created = database.Time(created)
		return err
	})
	if err != nil {
		return nil, err
	}
	return room.renderReport(r, hash, &p), nil
}

// deleteReport deletes the report and its annotations, if it is there: 204 either way (DELETE .../reports/{reportId}).
func (room *Room) deleteReport(c *access.Call, r *repository.Repository, hash gitstore.Hash) (any, error) {
	is, name := named(c.Param("reportId"), "$3")
	return nil, room.DB.Update(c.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(c.Context(), `DELETE FROM commit_report WHERE repository_id = $1 AND hash = $2 AND `+is, r.ID, string(hash), name)
		return err
	})
}
