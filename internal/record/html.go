package record

import (
	_ "embed" // for the page
	"html/template"
	"io"
)

//go:embed report.html
var reportPage string

var report = template.Must(template.New("report").Parse(reportPage))

// HTML writes the report as one page that needs nothing else: no script, no other file, light and dark.
func (r *Recording) HTML(w io.Writer) error {
	type table struct {
		Title string
		Head  []string
		Rows  [][]string
	}
	var tables []table
	for _, t := range []struct {
		title string
		rows  [][]string
	}{{"Operations", r.operationRows()}, {"Git", r.gitRows()}, {"Refused", r.refusedRows()},
		{"Deprecated or gone", r.deprecatedRows()}, {"No operation of the API", r.unmatchedRows()}} {
		if len(t.rows) > 1 {
			tables = append(tables, table{t.title, t.rows[0], t.rows[1:]})
		}
	}
	return report.Execute(w, map[string]any{
		"Recording": r, "Tables": tables, "Calls": r.calls(), "Requests": plural(r.calls(), "request"),
		"Took": took(r.Window), "Start": moment(r.Window.Start), "End": moment(r.Window.End), "Notes": r.Notes(),
	})
}
