package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/reason"
)

const base = "https://pail.example"

// request is a request to path with this body, limited to 1000 bytes.
func request(method, path, mediaType, body string) *Request {
	hr := httptest.NewRequest(method, base+path, strings.NewReader(body))
	hr.Body = http.MaxBytesReader(httptest.NewRecorder(), hr.Body, 1000)
	if mediaType != "" {
		hr.Header.Set("Content-Type", mediaType)
	}
	return Outside(hr, URLs{Base: base}, "test", nil)
}

// refused is the reason of err, which must be nil or a refusal.
func refused(t *testing.T, err error) reason.Code {
	t.Helper()
	if err == nil {
		return ""
	}
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("%v is no *Error", err)
	}
	return e.Reason
}

func TestDecode(t *testing.T) {
	type thing struct {
		Name    *string  `json:"name"`
		Days    int      `json:"days"`
		Private bool     `json:"is_private"`
		Scopes  []string `json:"scopes"`
		Project struct {
			Key string `json:"key"`
		} `json:"project"`
	}
	for _, c := range []struct {
		name, media, body string
		want              reason.Code
		field             string // named in error.fields
		says              string // in error.detail
	}{
		{name: "all", body: `{"name":"x","days":3,"is_private":true,"scopes":["a"],"project":{"key":"K"}}`},
		{name: "unknown fields", body: `{"nothing":{"of":["this"]},"name":"x"}`},
		{name: "nulls", body: `{"name":null,"days":null,"project":null}`},
		{name: "null", body: `null`},
		{name: "space around", body: " \n{} \t"},
		{name: "charset", media: "application/json; charset=utf-8", body: `{}`},
		{name: "capital letters", media: "Application/JSON", body: `{}`},
		{name: "a suffix", media: "application/vnd.api+json", body: `{}`},
		{name: "curl -d", media: "application/x-www-form-urlencoded", body: `{}`},
		{name: "text", media: "text/plain", body: `{}`},
		{name: "XML", media: "application/xml", body: `<a/>`, want: reason.MediaTypeUnsupported, says: `"application/xml"`},
		{name: "multipart", media: "multipart/form-data; boundary=x", body: `{}`, want: reason.MediaTypeUnsupported},
		{name: "empty", body: "", want: reason.BodyMalformed, says: "empty"},
		{name: "only space", body: " \r\n ", want: reason.BodyMalformed, says: "empty"},
		{name: "broken", body: `{"name":`, want: reason.BodyMalformed, says: "8 bytes"},
		{name: "no JSON", body: `name=x`, want: reason.BodyMalformed},
		{name: "two objects", body: `{} {}`, want: reason.BodyMalformed},
		{name: "a list", body: `[]`, want: reason.BodyWrongType, says: "array"},
		{name: "a string", body: `"x"`, want: reason.BodyWrongType, says: "string"},
		{name: "a number for text", body: `{"name":1}`, want: reason.BodyWrongType, field: "name", says: "expected a string, got number"},
		{name: "text for a number", body: `{"days":"1"}`, want: reason.BodyWrongType, field: "days", says: "a number"},
		{name: "a fraction", body: `{"days":1.5}`, want: reason.BodyWrongType, field: "days", says: "a number"},
		{name: "too great a number", body: `{"days":1e30}`, want: reason.BodyWrongType, field: "days"},
		{name: "text for a boolean", body: `{"is_private":"true"}`, want: reason.BodyWrongType, field: "is_private", says: "a boolean"},
		{name: "text for a list", body: `{"scopes":"a"}`, want: reason.BodyWrongType, field: "scopes", says: "a list"},
		{name: "a number in a list", body: `{"scopes":["a",1]}`, want: reason.BodyWrongType, field: "scopes", says: "a string"},
		{name: "text for an object", body: `{"project":"K"}`, want: reason.BodyWrongType, field: "project", says: "an object"},
		{name: "deep", body: `{"project":{"key":[]}}`, want: reason.BodyWrongType, field: "project.key", says: "a string"},
		{name: "too large", body: `{"name":"` + strings.Repeat("x", 1000) + `"}`, want: reason.BodyTooLarge, says: "1000 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var v thing
			err := request("POST", "/", c.media, c.body).Decode(&v)
			if got := refused(t, err); got != c.want {
				t.Fatalf("%v, want %q", err, c.want)
			}
			if err == nil {
				return
			}
			e := err.(*Error)
			if c.field != "" && len(e.Fields[c.field]) != 1 || c.field == "" && len(e.Fields) > 0 {
				t.Errorf("error.fields is %v, want %q in it", e.Fields, c.field)
			}
			if detail := fmt.Sprint(e.Detail); !strings.Contains(detail, c.says) {
				t.Errorf("%q does not say %q", detail, c.says)
			}
			if want := reason.Of(c.want).Status; e.Status != want {
				t.Errorf("status %d, want %d", e.Status, want)
			}
		})
	}
}

func TestForm(t *testing.T) {
	var parts bytes.Buffer
	m := multipart.NewWriter(&parts)
	_ = m.WriteField("include", "a")
	_ = m.WriteField("include", "b")
	_ = m.Close()
	for _, c := range []struct {
		name, query, media, body string
		want                     url.Values
		code                     reason.Code
		field                    string
	}{
		{name: "nothing", want: url.Values{}},
		{name: "only the query", query: "?include=a", want: url.Values{"include": {"a"}}},
		{name: "both", query: "?include=a", media: "application/x-www-form-urlencoded", body: "include=b&exclude=c%20d\r\n", want: url.Values{"include": {"a", "b"}, "exclude": {"c d"}}},
		{name: "no media type", body: "include=b", want: url.Values{"include": {"b"}}},
		{name: "multipart", media: m.FormDataContentType(), body: parts.String(), want: url.Values{"include": {"a", "b"}}},
		{name: "JSON", query: "?path=p", media: "application/json", body: `{"include":["a","b"],"exclude":"c","path":null}`, want: url.Values{"path": {"p"}, "include": {"a", "b"}, "exclude": {"c"}}},
		{name: "null in a list", media: "application/json", body: `{"include":["a",null]}`, want: url.Values{"include": {"a"}}},
		{name: "a number", media: "application/json", body: `{"include":5}`, code: reason.BodyWrongType, field: "include"},
		{name: "a number in a list", media: "application/json", body: `{"include":["a",5]}`, code: reason.BodyWrongType, field: "include"},
		{name: "an object", media: "application/json", body: `{"exclude":{"a":"b"}}`, code: reason.BodyWrongType, field: "exclude"},
		{name: "a list", media: "application/json", body: `["a"]`, code: reason.BodyWrongType},
		{name: "broken JSON", media: "application/json", body: `{`, code: reason.BodyMalformed},
		{name: "empty JSON", media: "application/json", code: reason.BodyMalformed},
		{name: "a broken escape", media: "application/x-www-form-urlencoded", body: "include=%zz", code: reason.BodyMalformed},
		{name: "broken multipart", media: "multipart/form-data; boundary=x", body: "--y\r\n", code: reason.BodyMalformed},
		{name: "no boundary", media: "multipart/form-data", body: "x", code: reason.BodyMalformed},
		{name: "XML", media: "text/xml", body: "<a/>", code: reason.MediaTypeUnsupported},
		{name: "too large", body: "include=" + strings.Repeat("a", 1000), code: reason.BodyTooLarge},
		{name: "too large JSON", media: "application/json", body: `{"include":"` + strings.Repeat("a", 1000) + `"}`, code: reason.BodyTooLarge},
		{name: "too large multipart", media: m.FormDataContentType(), body: parts.String() + strings.Repeat("a", 1000), want: url.Values{"include": {"a", "b"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := request("POST", "/"+c.query, c.media, c.body).Form()
			if code := refused(t, err); code != c.code {
				t.Fatalf("%v, want %q", err, c.code)
			}
			if err == nil && !reflect.DeepEqual(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
			if c.field != "" && len(err.(*Error).Fields[c.field]) != 1 {
				t.Errorf("error.fields is %v, want %q in it", err.(*Error).Fields, c.field)
			}
		})
	}
}

// FuzzForm: whatever a body holds, the answer is a form or a refusal of the caller, never a fault or a panic.
func FuzzForm(f *testing.F) {
	for _, media := range []string{"", "application/json", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"} {
		for _, body := range []string{"", "include=a&exclude=b", `{"include":["a"],"exclude":"b","path":null}`, `{"a":1}`, "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--x--\r\n", "%", "null", `{"":""}`} {
			f.Add(media, body)
		}
	}
	f.Fuzz(func(t *testing.T, media, body string) {
		form, err := request("POST", "/?include=q", media, body).Form()
		if err == nil {
			if !slices.Contains(form["include"], "q") {
				t.Errorf("the query is not in %v", form)
			}
			return
		}
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Status < 400 || e.Status > 499 {
			t.Errorf("%v", err)
		}
	})
}

func TestPaging(t *testing.T) {
	for query, want := range map[string]Paging{
		"": {1, 30}, "?page=&pagelen=": {1, 30}, "?page=2": {2, 30}, "?pagelen=1": {1, 1}, "?page=7&pagelen=100": {7, 100}, "?page=10000000&pagelen=100": {10_000_000, 100},
	} {
		got, err := request("GET", "/"+query, "", "").Paging(30)
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v, want %+v", query, got, err, want)
		}
		if got.Offset() != (want.Page-1)*want.Pagelen {
			t.Errorf("%q begins at %d", query, got.Offset())
		}
	}
	for _, query := range []string{"?page=0", "?page=-1", "?page=x", "?page=1.0", "?page=10000001", "?page=99999999999999999999", "?pagelen=0", "?pagelen=101", "?pagelen=-5", "?pagelen=ten"} {
		_, err := request("GET", "/"+query, "", "").Paging(30)
		if got := refused(t, err); got != reason.PageInvalid {
			t.Errorf("%q: %v", query, err)
		}
	}
}

func TestListLinks(t *testing.T) {
	r := request("GET", `/2.0/repositories/acme%20x?q=name~"a%26b"&sort=-name&pagelen=2&page=2`, "", "")
	p, err := r.Paging(10)
	if err != nil {
		t.Fatal(err)
	}
	l := Slice(r, p, []string{"a", "b", "c", "d", "e"})
	if !reflect.DeepEqual(l.Values, []string{"c", "d"}) || *l.Size != 5 || l.Page != 2 || l.Pagelen != 2 {
		t.Errorf("the page is %+v", l)
	}
	for page, link := range map[string]string{"3": l.Next, "1": l.Previous} {
		u, err := url.Parse(link)
		if err != nil || u.Scheme+"://"+u.Host != base || u.EscapedPath() != "/2.0/repositories/acme%20x" {
			t.Errorf("%q leads elsewhere: %v", link, err)
			continue
		}
		if want := (url.Values{"q": {`name~"a&b"`}, "sort": {"-name"}, "pagelen": {"2"}, "page": {page}}); !reflect.DeepEqual(u.Query(), want) {
			t.Errorf("%q asks %v, want %v", link, u.Query(), want)
		}
	}
	for _, c := range []struct {
		page, n        int
		next, previous bool
		values         int
	}{{1, 0, false, false, 0}, {1, 2, false, false, 2}, {1, 3, true, false, 2}, {2, 3, false, true, 1}, {2, 4, false, true, 2}, {9, 4, false, true, 0}} {
		l := Slice(request("GET", "/", "", ""), Paging{c.page, 2}, make([]int, c.n))
		if (l.Next != "") != c.next || (l.Previous != "") != c.previous || len(l.Values.([]int)) != c.values || *l.Size != c.n {
			t.Errorf("page %d of %d: %+v", c.page, c.n, l)
		}
	}
	u := Uncounted[int](request("GET", "/x?ctx=old&path=p", "", ""), Paging{1, 2}, nil, true, url.Values{"ctx": {"new"}})
	if text, _ := json.Marshal(u); !strings.Contains(string(text), `"values":[]`) || strings.Contains(string(text), "size") {
		t.Errorf("a list without a size is %s", text)
	}
	if u.Next != base+"/x?ctx=new&page=2&path=p" {
		t.Errorf("next is %s", u.Next)
	}
}

// serve is the answer to a request whose handler returns value and err, and what was logged meanwhile.
func serve(hr *http.Request, value any, err error) (*httptest.ResponseRecorder, string) {
	var log bytes.Buffer
	api := &API{URLs: URLs{Base: base}, Log: slog.New(slog.NewTextHandler(&log, nil))}
	w := httptest.NewRecorder()
	hr = hr.WithContext(WithTrace(hr.Context(), &Trace{RequestID: "the-request"}))
	api.Serve(w, hr, strings.TrimPrefix(hr.URL.EscapedPath(), "/2.0"), func(*Request, catalog.Outcome) (any, error) { return value, err })
	return w, log.String()
}

func TestAnswers(t *testing.T) {
	get := func(query string) *http.Request { return httptest.NewRequest("GET", base+"/2.0/user"+query, nil) }
	thing := map[string]any{"a": 1, "b": "<&>"}
	w, _ := serve(get(""), thing, nil)
	if w.Code != 200 || w.Body.String() != `{"a":1,"b":"<&>"}` || w.Header().Get("Content-Type") != "application/json; charset=utf-8" || w.Header().Get("Content-Length") != "17" {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	tag := w.Header().Get("ETag")
	if !strings.HasPrefix(tag, `W/"`) {
		t.Fatalf("the tag is %q", tag)
	}
	for header, status := range map[string]int{
		tag: 304, strings.TrimPrefix(tag, "W/"): 304, "*": 304, `"other", ` + tag: 304, `"other",` + tag + `,"x"`: 304,
		`"other"`: 200, `W/"other"`: 200, strings.Trim(tag, `W/"`): 200, "": 200,
	} {
		hr := get("")
		hr.Header.Set("If-None-Match", header)
		w, _ := serve(hr, thing, nil)
		if w.Code != status || (w.Body.Len() == 0) != (status == 304) || w.Header().Get("ETag") != tag {
			t.Errorf("If-None-Match: %s: %d, ETag %s, %d bytes, want %d", header, w.Code, w.Header().Get("ETag"), w.Body.Len(), status)
		}
	}
	if w, _ := serve(get(""), map[string]any{"a": 2}, nil); w.Header().Get("ETag") == tag {
		t.Error("another body has the same tag")
	}
	post := httptest.NewRequest("POST", base+"/2.0/user", nil)
	post.Header.Set("If-None-Match", "*")
	if w, _ := serve(post, thing, nil); w.Code != 200 || w.Header().Get("ETag") != "" {
		t.Errorf("POST: %d, ETag %q", w.Code, w.Header().Get("ETag"))
	}
	if w, _ := serve(post, Created(thing, URLs{Base: base}.API("x")), nil); w.Code != 201 || w.Header().Get("Location") != base+"/2.0/x" || w.Body.Len() == 0 {
		t.Errorf("created: %d %v", w.Code, w.Header())
	}
	if w, _ := serve(post, nil, nil); w.Code != 204 || w.Body.Len() != 0 || w.Header().Get("Content-Type") == "" {
		t.Errorf("nothing: %d %v %s", w.Code, w.Header(), w.Body)
	}
	if w, _ := serve(post, Answer{Status: 202}, nil); w.Code != 202 || w.Body.Len() != 0 {
		t.Errorf("an answer without a body: %d %s", w.Code, w.Body)
	}
}

func TestFields(t *testing.T) {
	thing := map[string]any{"a": map[string]any{"b": 1, "c": 2}, "d": 3}
	for query, want := range map[string]string{"?fields=a.b": `{"a":{"b":1}}`, "?fields=-a": `{"d":3}`, "?fields=": `{"a":{"b":1,"c":2},"d":3}`, "?x=%zz": `{"a":{"b":1,"c":2},"d":3}`} {
		w, _ := serve(httptest.NewRequest("GET", base+"/2.0/user"+query, nil), thing, nil)
		if w.Code != 200 || w.Body.String() != want || w.Header().Get("Content-Length") != fmt.Sprint(len(want)) {
			t.Errorf("%s: %d %s, want %s", query, w.Code, w.Body, want)
		}
	}
	w, _ := serve(httptest.NewRequest("GET", base+"/2.0/user?fields=a..b", nil), thing, nil)
	if w.Code != 400 || w.Header().Get("X-Pail-Reason") != string(reason.FieldsInvalid) {
		t.Errorf("a..b: %d %s", w.Code, w.Body)
	}
	// One of Pail's own operations is refused before it does anything.
	api, w := &API{Log: slog.New(slog.DiscardHandler)}, httptest.NewRecorder()
	api.Own(w, httptest.NewRequest("POST", base+"/pail/v1/x?fields=a..b", nil), "POST /pail/v1/x", nil, func(*Request) (any, error) {
		t.Error("the operation ran")
		return nil, nil
	})
	if w.Code != 400 {
		t.Errorf("%d, want 400", w.Code)
	}
}

func TestErrors(t *testing.T) {
	get := httptest.NewRequest("GET", base+"/2.0/user", nil)
	for name, err := range map[string]error{
		"no *Error": errors.New("the disk is on fire"), "wrapped": fmt.Errorf("read: %w", errors.New("the disk is on fire")), "a fault": Fault(errors.New("the disk is on fire")),
	} {
		w, log := serve(get, nil, err)
		if w.Code != 500 || strings.Contains(w.Body.String(), "fire") || !strings.Contains(w.Body.String(), "the-request") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if !strings.Contains(log, "the disk is on fire") || !strings.Contains(log, "request_id=the-request") || !strings.Contains(log, `operation="GET /user"`) {
			t.Errorf("%s: the log says %q", name, log)
		}
	}
	if w, log := serve(get, make(chan int), nil); w.Code != 500 || log == "" {
		t.Errorf("a value that is no JSON: %d %s, log %q", w.Code, w.Body, log)
	}
	e := Refuse(reason.ScopeMissing, "because").With("missing", []string{"x"}).Field("name", "wrong").WithHeader("Retry-After", "3").WithMessage("no %s", "way")
	w, log := serve(get, nil, fmt.Errorf("somewhere: %w", e))
	var body struct {
		Type  string
		Error struct {
			Message, Detail string
			Fields          map[string][]string
			Data            map[string]any
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	if w.Code != 403 || body.Type != "error" || body.Error.Message != "no way" || body.Error.Detail != "because" || body.Error.Fields["name"][0] != "wrong" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if d := body.Error.Data; d["reason"] != string(reason.ScopeMissing) || d["request_id"] != "the-request" || !strings.HasPrefix(fmt.Sprint(d["doc"]), base+"/") || d["missing"] == nil || d["fix"] == nil {
		t.Errorf("error.data is %v", body.Error.Data)
	}
	if h := w.Header(); h.Get("Retry-After") != "3" || h.Get("X-Pail-Reason") != string(reason.ScopeMissing) || h.Get("Content-Length") != fmt.Sprint(w.Body.Len()) {
		t.Errorf("headers %v", h)
	}
	if log != "" {
		t.Errorf("a refusal is in the log: %s", log)
	}
	// Data that is no JSON must not leave the answer without a body.
	if w, _ := serve(get, nil, Refuse(reason.ScopeMissing, "").With("x", make(chan int))); w.Code != 403 || !json.Valid(w.Body.Bytes()) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestURLs(t *testing.T) {
	u := URLs{Base: "https://pail.example:8443/git"}
	for got, want := range map[string]string{
		u.API("repositories", "acme", "{0-1}").Href: "https://pail.example:8443/git/2.0/repositories/acme/%7B0-1%7D",
		u.API().Href:                         "https://pail.example:8443/git/2.0",
		u.Web("a b", "c/d", "é?").Href:       "https://pail.example:8443/git/a%20b/c%2Fd/%C3%A9%3F",
		u.Web("A-Z_0.9~", "..").Href:         "https://pail.example:8443/git/A-Z_0.9~/..",
		u.Host():                             "pail.example:8443",
		URLs{Base: "http://[::1]:80"}.Host(): "[::1]:80",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// The short form is for SSH's own port; any other needs an address that can name it.
func TestSSHRemote(t *testing.T) {
	for _, c := range []struct{ base, ssh, want string }{
		{"https://git.example.org:8443", "", "git@git.example.org:a/b.git"},
		{"https://git.example.org", "git.example.org:22", "git@git.example.org:a/b.git"},
		{"https://git.example.org", "ssh.example.org:2222", "ssh://git@ssh.example.org:2222/a/b.git"},
		{"http://[::1]:80", "", "git@[::1]:a/b.git"},
		{"http://[::1]:80", "[::1]:2222", "ssh://git@[::1]:2222/a/b.git"},
	} {
		if got := (URLs{Base: c.base, SSH: c.ssh}).SSHRemote("a/b"); got != c.want {
			t.Errorf("%s, %s: %s, want %s", c.base, c.ssh, got, c.want)
		}
	}
}

func TestTime(t *testing.T) {
	for want, at := range map[string]time.Time{
		`null`:                               {},
		`"2026-03-01T11:00:00.000000+00:00"`: time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("CET", 3600)),
		`"2026-12-31T23:59:59.123456+00:00"`: time.Date(2026, 12, 31, 23, 59, 59, 123456789, time.UTC),
		`"1970-01-01T00:00:00.000000+00:00"`: time.Unix(0, 0),
	} {
		got, err := json.Marshal(Time(at))
		if err != nil || string(got) != want {
			t.Errorf("%s is written %s, want %s", at, got, want)
		}
		if want != "null" {
			var back time.Time
			if err := json.Unmarshal(got, &back); err != nil || !back.Equal(at.Truncate(time.Microsecond)) {
				t.Errorf("%s reads as %s: %v", got, back, err)
			}
		}
	}
}

func TestUnbraced(t *testing.T) {
	const id = "0198c0de-0000-7000-8000-00000000abcd"
	for in, want := range map[string]string{
		id: id, "{" + id + "}": id, strings.ToUpper(id): id, "{" + strings.ToUpper(id) + "}": id,
		"": "", "{}": "", "{" + id: "", id + "}": "", "(" + id + ")": "", id[1:]: "", id + "0": "", "{{" + id[1:35] + "}}": "",
		strings.ReplaceAll(id, "-", "_"): "", strings.Replace(id, "a", "g", 1): "", "0198c0de00000-7000-8000-00000000abcd": "", strings.Replace(id, "ab", "é", 1): "",
	} {
		got, ok := Unbraced(in)
		if got != want || ok != (want != "") {
			t.Errorf("%q: %q, %t, want %q", in, got, ok, want)
		}
	}
}

// FuzzUnbraced: what is taken for a uuid is one in its only form, and stays one with braces.
func FuzzUnbraced(f *testing.F) {
	f.Add("0198c0de-0000-7000-8000-00000000abcd")
	f.Add("{0198C0DE-0000-7000-8000-00000000ABCD}")
	f.Add("{}")
	f.Fuzz(func(t *testing.T, s string) {
		id, ok := Unbraced(s)
		if !ok {
			if id != "" {
				t.Errorf("%q is no uuid and %q came back", s, id)
			}
			return
		}
		if !strings.EqualFold(strings.Trim(s, "{}"), id) || len(id) != 36 || strings.Trim(id, "0123456789abcdef-") != "" || strings.Count(id, "-") != 4 {
			t.Errorf("%q became %q", s, id)
		}
		if again, ok := Unbraced(Braced(id)); !ok || again != id {
			t.Errorf("%q with braces became %q", id, again)
		}
	})
}
