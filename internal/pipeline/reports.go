package pipeline

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/bbql"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// TestReport is what the tests of a step came to.
type TestReport struct {
	Total, Successful, Failed, Errored, Skipped int
	kept                                        int // bytes that the cases say
}

// TestCase is one of them.
type TestCase struct {
	ID string
	testCase
}

// testReportJSON is a report as the API writes it. The description of the API has no schema for it; the names are those that Bitbucket
// Cloud answers with.
type testReportJSON struct {
	Type       string `json:"type"`
	Total      int    `json:"total_number_of_test_cases"`
	Successful int    `json:"number_of_successful_test_cases"`
	Failed     int    `json:"number_of_failed_test_cases"`
	Errored    int    `json:"number_of_error_test_cases"`
	Skipped    int    `json:"number_of_skipped_test_cases"`
}

type testCaseJSON struct {
	Type     string `json:"type"`
	UUID     string `json:"uuid"`
	StepUUID string `json:"step_uuid"`
	Suite    string `json:"test_suite_name"`
	Name     string `json:"name"`
	Full     string `json:"fully_qualified_name"`
	Package  string `json:"package_name"`
	Class    string `json:"class_name"`
	Status   string `json:"status"`
	Duration string `json:"duration"` // ISO 8601
}

type testReasonJSON struct {
	Type       string `json:"type"`
	Message    string `json:"message"`
	StackTrace string `json:"stack_trace"`
}

func (k *TestCase) render(stepID string) testCaseJSON {
	j := testCaseJSON{Type: "pipeline_test_case", UUID: rest.Braced(k.ID), StepUUID: rest.Braced(stepID), Suite: k.suite, Name: k.name, Full: k.name, Class: k.class, Status: k.status,
		Duration: "PT" + strconv.FormatFloat(k.duration.Seconds(), 'f', -1, 64) + "S"}
	if i := strings.LastIndexByte(k.class, '.'); i >= 0 {
		j.Package, j.Class = k.class[:i], k.class[i+1:]
	}
	if k.class != "" {
		j.Full = k.class + "." + k.name
	}
	return j
}

// Names are the suite of a test, its class and its own name; each may be "".
func (k *TestCase) Names() (suite, class, name string) { return k.suite, k.class, k.name }

// Outcome is what came of a test (SUCCESSFUL, FAILED, ERROR, SKIPPED), how long it took, why it did not succeed and what it said.
func (k *TestCase) Outcome() (status string, took time.Duration, message, output string) {
	return k.status, k.duration, k.message, k.output
}

const (
	caseColumns = `t.id, t.suite, t.class, t.name, t.status, t.duration, t.message, t.output`
	fromCases   = ` FROM pipeline_test_case t WHERE t.step_id = $1`
)

func scanCase(row func(...any) error) (k TestCase, err error) {
	var micros int64
	err = row(&k.ID, &k.suite, &k.class, &k.name, &k.status, &micros, &k.message, &k.output)
	k.duration = time.Duration(micros) * time.Microsecond
	return k, err
}

var caseFields = bbql.Fields{
	"uuid":            {Column: "t.id", Kind: bbql.UUID},
	"name":            {Column: "t.name", Kind: bbql.String},
	"class_name":      {Column: "t.class", Kind: bbql.String},
	"test_suite_name": {Column: "t.suite", Kind: bbql.String},
	"status":          {Column: "t.status", Kind: bbql.String},
}

// Report is what the tests of a step came to; ok is false when it has reported none.
func (room *Room) Report(ctx context.Context, stepID string) (t TestReport, ok bool, err error) {
	t, err = readTests(ctx, room.DB, stepID)
	if errors.Is(err, database.ErrNoRows) {
		return t, false, nil
	}
	return t, err == nil, err
}

// Unsuccessful are the first tests of a step that failed or could not run, in the order of the report.
func (room *Room) Unsuccessful(ctx context.Context, stepID string, limit int) ([]TestCase, error) {
	return database.Collect(ctx, room.DB, scanCase, `SELECT `+caseColumns+fromCases+` AND t.status IN ('`+testFailed+`', '`+testErrored+`') ORDER BY t.place LIMIT $2`, stepID, limit)
}

func readTests(ctx context.Context, q database.Queryer, stepID string) (t TestReport, err error) {
	return t, q.Row(ctx, `SELECT total, successful, failed, errored, skipped, kept FROM pipeline_test_report WHERE step_id = $1`, stepID).
		Scan(&t.Total, &t.Successful, &t.Failed, &t.Errored, &t.Skipped, &t.kept)
}

// testReports sums up the tests of a step (GET .../steps/{step_uuid}/test_reports).
func (room *Room) testReports(c *access.Call, r *repository.Repository) (any, error) {
	s, err := room.leftStep(c, r)
	if err != nil {
		return nil, err
	}
	t, ok, err := room.Report(c.Context(), s.ID)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, rest.Refuse(reason.ResourceNotFound, "The step has reported no tests.")
	}
	return testReportJSON{"pipeline_step_test_report", t.Total, t.Successful, t.Failed, t.Errored, t.Skipped}, nil
}

func (room *Room) testCases(c *access.Call, r *repository.Repository) (any, error) {
	s, err := room.leftStep(c, r)
	if err != nil {
		return nil, err
	}
	return rest.Listing[TestCase]{Columns: caseColumns, From: fromCases, Args: []any{s.ID}, Order: `t.place`, Fields: caseFields, Scan: scanCase}.
		Answer(c.Context(), room.DB, c.Request, func(k *TestCase) any { return k.render(s.ID) })
}

// testReasons tells why a test did not succeed (GET .../test_cases/{test_case_uuid}/test_case_reasons). There is one reason at most.
func (room *Room) testReasons(c *access.Call, r *repository.Repository) (any, error) {
	s, err := room.leftStep(c, r)
	if err != nil {
		return nil, err
	}
	k, err := named(c, "test_case_uuid", rest.Refuse(reason.ResourceNotFound, "The step has no test case with this uuid."), func(ctx context.Context, id string) (TestCase, error) {
		return scanCase(room.DB.Row(ctx, `SELECT `+caseColumns+fromCases+` AND t.id = $2`, s.ID, id).Scan)
	})
	if err != nil {
		return nil, err
	}
	p, err := c.Paging(rest.DefaultPagelen)
	if err != nil {
		return nil, err
	}
	reasons := []testReasonJSON{}
	if (k.message != "" || k.output != "") && p.Offset() == 0 {
		reasons = append(reasons, testReasonJSON{"pipeline_test_case_reason", k.message, k.output})
	}
	return rest.Counted(c.Request, p, reasons, len(reasons)), nil
}

// noting remembers why the body of a request could not be read.
type noting struct {
	from io.Reader
	err  error
}

func (n *noting) Read(b []byte) (int, error) {
	read, err := n.from.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		n.err = err
	}
	return read, err
}

// readReport reads a test report of a step, and adds it to those before. What is no report is refused, and nothing of it is kept.
func (room *Room) readReport(c *access.Call, _ *Runner, s *Step) (any, error) {
	body, err := limited(c, maxReport)
	if err != nil {
		return nil, err
	}
	var sum TestReport
	var cases []testCase
	noted := &noting{from: body}
	err = junit(noted, func(k testCase) error {
		sum.Total++
		switch k.status {
		case testSuccessful:
			sum.Successful++
		case testFailed:
			sum.Failed++
		case testErrored:
			sum.Errored++
		default:
			sum.Skipped++
		}
		if len(cases) < maxCases {
			if sum.kept += len(k.message) + len(k.output); sum.kept > maxSaidAll {
				sum.kept -= len(k.message) + len(k.output)
				k.message, k.output = "", ""
			}
			cases = append(cases, k)
		}
		return nil
	})
	if noted.err != nil {
		return nil, rest.BodyError(noted.err)
	}
	if err != nil {
		return nil, rest.Refusef(reason.BodyMalformed, "It is no test report in the form of JUnit XML: %s.", cutText(err.Error(), 200))
	}
	return nil, room.addTests(c.Context(), s, sum, cases)
}

func (room *Room) addTests(ctx context.Context, s *Step, sum TestReport, cases []testCase) error {
	return room.DB.Update(ctx, func(tx *database.Tx) error {
		if err := room.hold(ctx, tx, s); err != nil {
			return err
		}
		before, err := readTests(ctx, tx, s.ID)
		if err != nil && !errors.Is(err, database.ErrNoRows) {
			return err
		}
		var there int
		if err := tx.Row(ctx, `SELECT COUNT(*)`+fromCases, s.ID).Scan(&there); err != nil {
			return err
		}
		insert, err := tx.Prepare(ctx, `INSERT INTO pipeline_test_case (id, step_id, place, suite, class, name, status, duration, message, output) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`)
		if err != nil {
			return err
		}
		defer func() { _ = insert.Close() }()
		kept := before.kept
		for i, k := range cases {
			if there+i >= maxCases {
				break
			}
			if kept += len(k.message) + len(k.output); kept > maxSaidAll {
				kept -= len(k.message) + len(k.output)
				k.message, k.output = "", ""
			}
			id, err := newID()
			if err != nil {
				return err
			}
			if _, err := insert.ExecContext(ctx, id, s.ID, there+i, k.suite, k.class, k.name, k.status, k.duration.Microseconds(), k.message, k.output); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, `INSERT INTO pipeline_test_report (step_id, total, successful, failed, errored, skipped, kept) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (step_id) DO UPDATE SET total = excluded.total, successful = excluded.successful, failed = excluded.failed, errored = excluded.errored,
			skipped = excluded.skipped, kept = excluded.kept`, s.ID, before.Total+sum.Total, before.Successful+sum.Successful, before.Failed+sum.Failed,
			before.Errored+sum.Errored, before.Skipped+sum.Skipped, kept)
		return err
	})
}
