package web

import (
	"encoding/json"
	"html"
	"slices"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

func TestEveryReasonHasItsPage(t *testing.T) {
	s := newSite(t)
	list := s.get("/docs/reasons")
	for _, r := range reason.All() {
		t.Run(string(r.Code), func(t *testing.T) {
			path := r.Code.DocPath()
			if !strings.Contains(list.body, `href="`+path+`"`) {
				t.Error("the list does not lead here")
			}
			page := s.get(path)
			checkPage(t, page)
			if page.StatusCode != 200 {
				t.Fatalf("status %d", page.StatusCode)
			}
			text := html.UnescapeString(page.body)
			plain := strings.NewReplacer("<code>", "`", "</code>", "`", `<span class="whole">`, "", "</span>", "").Replace(text)
			parts := append([]string{r.Title, r.Message, r.Detail, r.Why}, r.Steps(s.URL)...)
			if r.Local() != !strings.Contains(page.body, "<dt>Status</dt>") {
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
				if !strings.Contains(page.body, `href="`+c.DocPath()+`"`) {
					t.Errorf("no link to %s", c)
				}
			}
		})
	}
}

func TestEveryFamilyStandsInOneSection(t *testing.T) {
	count, ids := map[reason.Code]int{}, map[string]bool{}
	for _, s := range sections {
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
	s := newSite(t)
	var list struct {
		Values []reasonJSON `json:"values"`
		Size   int          `json:"size"`
	}
	r := s.get("/docs/reasons", "Accept", "application/json")
	if err := json.Unmarshal([]byte(r.body), &list); err != nil || list.Size != len(reason.All()) || len(list.Values) != list.Size {
		t.Fatalf("%d values, size %d, %v", len(list.Values), list.Size, err)
	}
	for i, want := range reason.All() {
		var one reasonJSON
		r := s.get(want.Code.DocPath(), "Accept", "application/json")
		if err := json.Unmarshal([]byte(r.body), &one); err != nil || r.Header.Get("Content-Type") != "application/json; charset=utf-8" {
			t.Fatalf("%s: %v, %s", want.Code, err, r.body)
		}
		if one.Code != want.Code || one.Status != want.Status || one.Title != want.Title || one.Why != want.Why ||
			!slices.Equal(one.Fix, want.Steps(s.URL)) || len(one.See) != len(want.See) || one.Doc != s.URL+want.Code.DocPath() {
			t.Errorf("%s: %+v", want.Code, one)
		}
		if list.Values[i].Code != one.Code {
			t.Errorf("the list has %s at %d", list.Values[i].Code, i)
		}
	}
	r = s.get("/docs/reasons/no.such", "Accept", "application/json")
	var refused struct {
		Error struct {
			Data struct {
				Reason reason.Code
				Fix    []string
			}
		}
	}
	if err := json.Unmarshal([]byte(r.body), &refused); err != nil || r.StatusCode != 404 || refused.Error.Data.Reason != reason.ResourceNotFound ||
		r.Header.Get("X-Pail-Reason") != "resource.not_found" || !strings.Contains(strings.Join(refused.Error.Data.Fix, ""), "/docs/reasons") {
		t.Errorf("%d, %v: %s", r.StatusCode, err, r.body)
	}
}

func TestWantsJSON(t *testing.T) {
	for _, tc := range []struct {
		accept []string
		want   bool
	}{
		{nil, false},
		{[]string{""}, false},
		{[]string{"*/*"}, false},
		{[]string{"application/json"}, true},
		{[]string{"Application/JSON; charset=utf-8"}, true},
		{[]string{"application/json, text/plain, */*"}, true},
		{[]string{"application/json, */*;q=0.5"}, true},
		{[]string{"application/json;q=0.4, */*;q=0.5"}, false},
		{[]string{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}, false},
		{[]string{"text/html, application/json"}, false},
		{[]string{"text/html;q=0.5, application/json"}, true},
		{[]string{"text/html;q=0.5", "application/json"}, true},
		{[]string{"application/json;q=0"}, false},
		{[]string{"application/json;q=2"}, false},
		{[]string{"application/json;q=NaN"}, false},
		{[]string{"application/*"}, false},
		{[]string{"application/json;q=0.3, text/*;q=0.2"}, true},
		{[]string{",;,q=1,/"}, false},
	} {
		if got := wantsJSON(tc.accept); got != tc.want {
			t.Errorf("%q: %v", tc.accept, got)
		}
	}
}

func FuzzMediaRange(f *testing.F) {
	for _, seed := range []string{"", "*/*", "text/html;q=0.5", "application/json ; Q = 1", "a/b;q=;q=1e9", ";;;=", "x;q=-0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, part string) {
		media, q := mediaRange(part)
		if !(q >= 0 && q <= 1) || media != strings.ToLower(strings.TrimSpace(media)) || strings.Contains(media, ";") {
			t.Errorf("%q, %v", media, q)
		}
		if wantsJSON([]string{part}) && media != "application/json" {
			t.Errorf("%q asks for JSON", part)
		}
	})
}

func TestSpans(t *testing.T) {
	for text, want := range map[string][]span{
		"":            nil,
		"plain":       {{"plain", false}},
		"`a`":         {{"a", true}},
		"x `a` y `b`": {{"x ", false}, {"a", true}, {" y ", false}, {"b", true}},
		"one ` left":  {{"one ` left", false}},
		"`a` and `":   {{"a", true}, {" and `", false}},
		"``":          nil,
	} {
		if got := spans(text); !slices.Equal(got, want) {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func FuzzSpans(f *testing.F) {
	for _, seed := range []string{"", "a", "`", "``", "x `a` y", "`a` `b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		joined := ""
		for _, s := range spans(text) {
			if s.Text == "" || s.Code && strings.Contains(s.Text, "`") {
				t.Errorf("%q has the part %+v", text, s)
			}
			joined += s.Text
		}
		// Nothing is lost but the backquotes, and of those one remains when their number is odd.
		if strings.ReplaceAll(joined, "`", "") != strings.ReplaceAll(text, "`", "") || strings.Count(joined, "`") != strings.Count(text, "`")%2 {
			t.Errorf("%q became %q", text, joined)
		}
	})
}

// A refusal whose detail is an object has its reason's words on the page.
func TestDetailThatIsNoText(t *testing.T) {
	if got := sentence("use 1 to 62 letters"); got != "Use 1 to 62 letters." {
		t.Error(got)
	}
	if got := sentence("é."); got != "É." || sentence("") != "" {
		t.Error(got)
	}
	e := rest.Refuse(reason.ScopeMissing, "")
	if got := ways(e, "https://pail.example.com"); !slices.Equal(got, reason.Of(reason.ScopeMissing).Steps("https://pail.example.com")) {
		t.Error(got)
	}
	if got := ways(instead(e, "this"), ""); !slices.Equal(got, []string{"this"}) {
		t.Error(got)
	}
}
