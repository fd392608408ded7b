package page

import "time"

// Style adds the page that shows every part that pages are made of.
func Style(s *Site) {
	Open(s, "GET /docs/style", func(r *Request) (Answer, error) {
		form := r.NewForm("/docs/style", "Save",
			Field{Name: "name", Label: "Name", Required: true, Max: 100, Value: "deploy", Help: "What it is for."},
			Field{Name: "email", Label: "E-mail", Type: "email", Direction: "ltr", Required: true, Value: "ada", Problems: []string{"this is no e-mail address"}},
			Field{Name: "days", Label: "Expires", Type: "select", Options: []Option{{"30", "in 30 days", false}, {"90", "in 90 days", true}}},
			Field{Name: "text", Label: "Description", Type: "textarea", Rows: 3},
			Field{Name: "private", Label: "Private", Type: "checkbox", Value: "yes", Checked: true, Help: "Only those who have a permission see it."})
		return r.Render(own, View{Template: "style", Title: "Parts of the pages", Section: "docs", Narrow: true, Trail: []Link{{Name: "Docs", Href: "/docs"}}, Content: struct {
			Time   time.Time
			Search Search
			Pager  Pager
			Form   *Form
		}{time.Now().Add(-3 * time.Hour), r.Search("Find a token"), Pager{Previous: "#list", Next: "#list"}, form}})
	})
}
