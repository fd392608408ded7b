package docs_test

import (
	"encoding/json"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/web/page"
	"github.com/pailforge/pail/internal/web/webtest"
)

func TestEveryReasonHasItsPage(t *testing.T) {
	s := webtest.Open(pailtest.Start(t, pailtest.Options{}))
	list := s.Get("/docs/errors")
	for _, r := range reason.All() {
		t.Run(string(r.Code), func(t *testing.T) {
			path := r.Code.DocPath()
			if !strings.Contains(list.Body, `href="`+path+`"`) {
				t.Error("the list does not lead here")
			}
			page := s.Get(path)
			if page.Status != 200 {
				t.Fatalf("status %d", page.Status)
			}
			text := html.UnescapeString(page.Body)
			plain := strings.NewReplacer("<code>", "`", "</code>", "`", `<span class="whole">`, "", "</span>", "").Replace(text)
			parts := append([]string{r.Title, r.Message, r.Detail, r.Why}, r.Steps(s.URL)...)
			if r.Local() != !strings.Contains(page.Body, "<dt>Status</dt>") {
				t.Error("a status stands where no server answers, or is missing")
			}
			if !r.Local() {
				parts = append(parts, status(r.Status))
			}
			for _, c := range slices.Concat(r.Show, r.Mend) {
				parts = append(parts, c.Says, c.Line(s.URL))
			}
			for _, part := range parts {
				if !strings.Contains(plain, part) {
					t.Errorf("%q is not there", part)
				}
			}
			for _, c := range r.See {
				if !strings.Contains(page.Body, `href="`+c.DocPath()+`"`) {
					t.Errorf("no link to %s", c)
				}
			}
		})
	}
}

// reasonJSON is a reason as those who ask for JSON see it.
type reasonJSON struct {
	Code   reason.Code
	Status int
	Title  string
	Why    string
	Fix    []string
	See    []struct{ Href, Name string }
	Show   []struct{ Tool, Command, Says string }
	Mend   []struct{ Tool, Command, Says string }
	Doc    string
}

func TestReasonsAsJSON(t *testing.T) {
	s := webtest.Open(pailtest.Start(t, pailtest.Options{}))
	var list struct {
		Values []reasonJSON `json:"values"`
		Size   int          `json:"size"`
	}
	r := s.Get("/docs/errors", "Accept", "application/json")
	if err := json.Unmarshal([]byte(r.Body), &list); err != nil || list.Size != len(reason.All()) || len(list.Values) != list.Size {
		t.Fatalf("%d values, size %d, %v", len(list.Values), list.Size, err)
	}
	for i, want := range reason.All() {
		var one reasonJSON
		r := s.Get(want.Code.DocPath(), "Accept", "application/json")
		if err := json.Unmarshal([]byte(r.Body), &one); err != nil || r.Header.Get("Content-Type") != "application/json; charset=utf-8" {
			t.Fatalf("%s: %v, %s", want.Code, err, r.Body)
		}
		if one.Code != want.Code || one.Status != want.Status || one.Title != want.Title || one.Why != want.Why ||
			!slices.Equal(one.Fix, want.Steps(s.URL)) || len(one.See) != len(want.See) || len(one.Show) != len(want.Show) || len(one.Mend) != len(want.Mend) || one.Doc != s.URL+want.Code.DocPath() {
			t.Errorf("%s: %+v", want.Code, one)
		}
		if list.Values[i].Code != one.Code {
			t.Errorf("the list has %s at %d", list.Values[i].Code, i)
		}
	}
	r = s.Get("/docs/errors/no.such", "Accept", "application/json")
	var refused struct {
		Error struct {
			Data struct {
				Reason reason.Code
				Fix    []string
			}
		}
	}
	if err := json.Unmarshal([]byte(r.Body), &refused); err != nil || r.Status != 404 || refused.Error.Data.Reason != reason.ResourceNotFound ||
		r.Header.Get("X-Pail-Reason") != "resource.not_found" || !strings.Contains(strings.Join(refused.Error.Data.Fix, ""), "/docs/errors") {
		t.Errorf("%d, %v: %s", r.Status, err, r.Body)
	}
}

// The list is searched without a script: what is not found is hidden.
func TestReasonsAreSearched(t *testing.T) {
	s := webtest.Open(pailtest.Start(t, pailtest.Options{}))
	shown := func(page webtest.Reply) (codes []string) {
		for _, m := range regexp.MustCompile(`<li data-item><a href="/docs/errors/([^"]+)"`).FindAllStringSubmatch(page.Body, -1) {
			codes = append(codes, m[1])
		}
		return codes
	}
	if got := shown(s.See("/docs/errors")); len(got) != len(reason.All()) {
		t.Errorf("%d are shown", len(got))
	}
	if got := shown(s.See("/docs/errors?q=Wraps+76")); !slices.Equal(got, []string{"header.line_break"}) {
		t.Errorf("%v", got)
	}
	page := s.See("/docs/errors?q=" + url.QueryEscape(`<script>"nothing`))
	if len(shown(page)) != 0 || !strings.Contains(page.Body, "No error has all") {
		t.Error("something is found for nothing")
	}
}

func status(code int) string { return page.StatusText(code) }
