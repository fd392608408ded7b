package docs_test

import (
	"encoding/json"
	"html"
	"slices"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/web/docs"
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

func TestEveryFamilyStandsInOneSection(t *testing.T) {
	count, ids := map[reason.Code]int{}, map[string]bool{}
	for _, s := range docs.Sections {
		if len(s.Reasons) == 0 || ids[s.ID] {
			t.Errorf("section %s is empty or there twice", s.ID)
		}
		ids[s.ID] = true
		for _, r := range s.Reasons {
			count[r.Code]++
		}
		for _, f := range s.Families {
			if !slices.ContainsFunc(s.Reasons, func(r reason.Reason) bool { return r.Code.Family() == f }) {
				t.Errorf("there is no family %s", f)
			}
		}
	}
	for _, r := range reason.All() {
		if count[r.Code] != 1 {
			t.Errorf("%s stands in %d sections", r.Code, count[r.Code])
		}
	}
}

func TestReasonsAsJSON(t *testing.T) {
	s := webtest.Open(pailtest.Start(t, pailtest.Options{}))
	var list struct {
		Values []docs.ReasonJSON `json:"values"`
		Size   int               `json:"size"`
	}
	r := s.Get("/docs/errors", "Accept", "application/json")
	if err := json.Unmarshal([]byte(r.Body), &list); err != nil || list.Size != len(reason.All()) || len(list.Values) != list.Size {
		t.Fatalf("%d values, size %d, %v", len(list.Values), list.Size, err)
	}
	for i, want := range reason.All() {
		var one docs.ReasonJSON
		r := s.Get(want.Code.DocPath(), "Accept", "application/json")
		if err := json.Unmarshal([]byte(r.Body), &one); err != nil || r.Header.Get("Content-Type") != "application/json; charset=utf-8" {
			t.Fatalf("%s: %v, %s", want.Code, err, r.Body)
		}
		if one.Code != want.Code || one.Status != want.Status || one.Title != want.Title || one.Why != want.Why ||
			!slices.Equal(one.Fix, want.Steps(s.URL)) || len(one.See) != len(want.See) || one.Doc != s.URL+want.Code.DocPath() {
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

func status(code int) string { return page.StatusText(code) }
