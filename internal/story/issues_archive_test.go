package story

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/issue"
	"github.com/pailforge/pail/internal/pailtest"
	"pgregory.net/rapid"
)

const exportedID = "01990000-0000-7000-8000-000000000003"

var exported = map[string]string{"repo_name": "widgets", "task_id": exportedID}

// archiveOf is a zip file with a document, and with files by name.
func archiveOf(document string, files ...string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		w, err := z.Create(files[i])
		if err == nil {
			_, err = w.Write([]byte(files[i+1]))
		}
		if err != nil {
			panic(err)
		}
	}
	w, err := z.Create("db-2.0.json")
	if err == nil {
		_, err = w.Write([]byte(document))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		panic(err)
	}
	return b.Bytes()
}

// uploaded is an archive as an import takes it.
func uploaded(archive []byte) pailtest.Multipart {
	return pailtest.Multipart("--b\r\nContent-Disposition: form-data; name=\"archive\"; filename=\"issues.zip\"\r\n\r\n" + string(archive) + "\r\n--b--\r\n")
}

var archiveForm = uploaded(archiveOf(`{"issues":[],"comments":[]}`))

// noJobs makes one issue, and waits for what goes on.
func noJobs(w *pailtest.World) {
	pailtest.Until(w.T, func() bool {
		var n int
		check(w, w.DB.Row(context.Background(), `SELECT COUNT(*) FROM issue_job WHERE status IN ('ACCEPTED', 'STARTED')`).Scan(&n))
		return n == 0
	})
	check(w, w.DB.Update(context.Background(), func(tx *database.Tx) error {
		_, err := tx.Exec(context.Background(), `DELETE FROM issue_job`)
		return err
	}))
	oneIssue(w)
}

// exportedIssues has an export with that id.
func exportedIssues(w *pailtest.World) {
	noJobs(w)
	token := w.Token(w.Admin, "read:issue")
	a := w.Want(w.Do(token, "POST", ofIssues+"/export", nil), http.StatusAccepted)
	location := strings.TrimPrefix(a.Header.Get("Location"), w.URL)
	pailtest.Until(w.T, func() bool { return w.Do(token, "GET", location, nil).Status == http.StatusOK })
	_, id, _ := strings.Cut(strings.TrimSuffix(location, ".zip"), "-issues-")
	file, err := w.Issues.Archives.Open(w.Repository.ID, id)
	check(w, err)
	_, _, err = w.Issues.Archives.Keep(w.Repository.ID, exportedID, file)
	check(w, err)
	check(w, file.Close())
	w.Exec(`UPDATE issue_job SET id = $1`, exportedID)
}

// importedIssues has an import that is done.
func importedIssues(w *pailtest.World) {
	noJobs(w)
	token := w.Token(w.Admin, "write:issue", "admin:repository")
	w.Want(w.Do(token, "POST", ofIssues+"/import", archiveForm), http.StatusAccepted)
	pailtest.Until(w.T, func() bool { return w.Do(token, "GET", ofIssues+"/import", nil).String("status") == "SUCCESS" })
}

// imported imports an archive into a repository, and gives what became of it.
func imported(w *pailtest.World, repository string, archive []byte) (a *pailtest.Answer) {
	w.T.Helper()
	token, path := w.Token(w.Admin, "write:issue", "admin:repository"), "/2.0/repositories/acme/"+repository+"/issues/import"
	w.Want(w.Do(token, "POST", path, uploaded(archive)), http.StatusAccepted)
	pailtest.Until(w.T, func() bool {
		a = w.Do(token, "GET", path, nil)
		return a.Status != http.StatusAccepted
	})
	return w.Want(a, http.StatusOK)
}

// exportOf exports the tracker of a repository: its document, and its files by the path in the archive.
func exportOf(w *pailtest.World, repository string) (archive []byte, document map[string]any, files map[string]string) {
	w.T.Helper()
	token := w.Token(w.Admin, "read:issue")
	a := w.Want(w.Do(token, "POST", "/2.0/repositories/acme/"+repository+"/issues/export", nil), http.StatusAccepted)
	location := strings.TrimPrefix(a.Header.Get("Location"), w.URL)
	pailtest.Until(w.T, func() bool {
		a = w.Do(token, "GET", location, nil)
		return a.Status != http.StatusAccepted
	})
	w.Want(a, http.StatusOK)
	z, err := zip.NewReader(bytes.NewReader(a.Body), int64(len(a.Body)))
	check(w, err)
	files = map[string]string{}
	for _, f := range z.File {
		from, err := f.Open()
		check(w, err)
		text, err := io.ReadAll(from)
		check(w, err)
		if f.Name != "db-2.0.json" {
			files[f.Name] = string(text)
			continue
		}
		check(w, json.Unmarshal(text, &document))
	}
	byPath(document)
	return a.Body, document, files
}

// byPath puts the files of a document in the order of their paths.
func byPath(document map[string]any) {
	slices.SortFunc(document["attachments"].([]any), func(a, b any) int {
		return strings.Compare(a.(map[string]any)["path"].(string), b.(map[string]any)["path"].(string))
	})
}

// otherTracker makes a public repository with a tracker.
func otherTracker(w *pailtest.World, slug string) {
	r := w.NewRepository(slug)
	w.Exec(`UPDATE repository SET has_issues = TRUE, is_private = FALSE WHERE id = $1`, r.ID)
}

// drawArchive makes up a document in the form in which exports have it, with files.
func drawArchive(t *rapid.T, w *pailtest.World) (document map[string]any, files map[string]string) {
	person := func(a account.Account) map[string]any {
		return map[string]any{"display_name": a.DisplayName, "account_id": a.AccountID}
	}
	known := []any{person(w.Admin), person(w.Member), person(w.Outsider)}
	slices.SortFunc(known, func(a, b any) int {
		return strings.Compare(a.(map[string]any)["account_id"].(string), b.(map[string]any)["account_id"].(string))
	})
	anybody := append([]any{nil, map[string]any{"display_name": "Grace", "account_id": "557058:grace"}, map[string]any{"display_name": "Ünbekannt", "account_id": nil}}, known...)
	somebody := func() any { return rapid.SampledFrom(anybody).Draw(t, "who") }
	some := func() []any {
		all := []any{}
		for _, p := range known {
			if rapid.Bool().Draw(t, "one of them") {
				all = append(all, p)
			}
		}
		return all
	}
	moment := func() string {
		return time.UnixMicro(rapid.Int64Range(1, 4e15).Draw(t, "moment")).UTC().Format("2006-01-02T15:04:05.000000+00:00")
	}
	maybe := func(v any) any {
		if rapid.Bool().Draw(t, "there") {
			return v
		}
		return nil
	}
	text := func() string {
		return rapid.SampledFrom([]string{"x", "Ünïcode 🎉", "a\r\nb\n", "\"quoted\" <b>&amp;</b> \\u0000", " spaces ", strings.Repeat("long ", 500), "`code`\t"}).Draw(t, "text")
	}
	one := func(values ...string) string { return rapid.SampledFrom(values).Draw(t, "value") }
	list := func(names ...string) []any {
		all := []any{}
		for _, name := range names {
			all = append(all, map[string]any{"name": name})
		}
		return all
	}
	document = map[string]any{"components": list("core", "ünd"), "milestones": list("M2", "M1"), "versions": list(), "issues": []any{}, "comments": []any{}, "logs": []any{}, "attachments": []any{},
		"meta": map[string]any{"default_assignee": maybe(known[0]), "default_component": maybe("core"), "default_kind": maybe("task"), "default_milestone": nil, "default_version": nil}}
	files = map[string]string{}
	add := func(key string, v map[string]any) { document[key] = append(document[key].([]any), v) }
	number, entry := 0, 0
	for range rapid.IntRange(0, 4).Draw(t, "issues") {
		number += rapid.IntRange(1, 3).Draw(t, "step")
		created, edited := moment(), maybe(moment())
		updated := edited
		if edited == nil {
			updated = created
		}
		add("issues", map[string]any{"id": number, "title": strings.TrimSpace(one("It", "\"Ünï\" <b>", strings.Repeat("ü", 255))), "content": rapid.SampledFrom([]string{"", text()}).Draw(t, "content"),
			"status": one(issue.States...), "kind": one(issue.Kinds...), "priority": one(issue.Priorities...), "component": maybe(one("core", "ünd")), "milestone": maybe("M1"), "version": nil,
			"created_on": created, "updated_on": moment(), "edited_on": edited, "content_updated_on": updated, "reporter": somebody(), "assignee": maybe(known[rapid.IntRange(0, 2).Draw(t, "assignee")]),
			"voters": some(), "watchers": some()})
		for range rapid.IntRange(0, 3).Draw(t, "comments") {
			entry += rapid.IntRange(1, 1000).Draw(t, "step")
			who, at := somebody(), moment()
			comment := map[string]any{"id": entry, "issue": number, "content": maybe(text()), "created_on": at, "updated_on": nil, "user": who}
			if comment["content"] != nil {
				if later := moment(); later != at {
					comment["updated_on"] = maybe(later)
				}
			}
			fields := 0
			for _, field := range []string{"assignee", "attachment", "status", "title"} {
				if !rapid.Bool().Draw(t, field) {
					continue
				}
				fields++
				from, to := text(), ""
				if field == "assignee" {
					from, to = "Somebody else", w.Member.AccountID
				}
				add("logs", map[string]any{"comment": entry, "issue": number, "field": field, "changed_from": from, "changed_to": to, "created_on": at, "user": who})
			}
			if fields == 0 && (comment["content"] == nil || rapid.Bool().Draw(t, "an edit of nothing")) {
				comment["change"] = true
			}
			add("comments", comment)
		}
		for _, name := range []string{"a.txt", "ü 🎉.png"} {
			if path := fmt.Sprintf("attachments/%d/%s", number, name); rapid.Bool().Draw(t, name) {
				files[path] = text()
				add("attachments", map[string]any{"path": path, "filename": name, "issue": number, "user": maybe(known[0]), "created_on": moment()})
			}
		}
	}
	return document, files
}

// TestIssueArchives: what is in an archive is in the export of the tracker into which it was imported, field by field, and so it is
// where that export is imported.
func TestIssueArchives(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		otherTracker(w, "there")
		otherTracker(w, "elsewhere")
		rapid.Check(t, func(rt *rapid.T) {
			forgetTokens(w)
			made, files := drawArchive(rt, w)
			text, err := json.Marshal(made)
			check(w, err)
			var entries []string
			for name, content := range files {
				entries = append(entries, name, content)
			}
			var want map[string]any
			check(w, json.Unmarshal(text, &want))
			byPath(want)
			if a := imported(w, "there", archiveOf(string(text), entries...)); a.String("status") != "SUCCESS" || a.String("pct") != "100" {
				rt.Fatalf("%s\n%s", a.Body, text)
			}
			archive, got, content := exportOf(w, "there")
			if !reflect.DeepEqual(got, want) || !maps.Equal(content, files) {
				now, _ := json.Marshal(got)
				rt.Fatalf("imported:\n%s\nexported:\n%s", text, now)
			}
			if a := imported(w, "elsewhere", archive); a.String("status") != "SUCCESS" {
				rt.Fatalf("%s", a.Body)
			}
			if _, again, content := exportOf(w, "elsewhere"); !reflect.DeepEqual(again, want) || !maps.Equal(content, files) {
				now, _ := json.Marshal(again)
				rt.Fatalf("exported:\n%s\nand from there:\n%s", text, now)
			}
		})
	})
}

// archivedIssues is the lists of a document: issues with these numbers, and more behind them.
func archivedIssues(more string, numbers ...int) string {
	var all []string
	for _, n := range numbers {
		all = append(all, fmt.Sprintf(`{"id":%d,"title":"Imported","status":"new","kind":"bug","priority":"major","created_on":"2020-01-02T03:04:05+00:00","updated_on":"2020-01-02T03:04:05+00:00"}`, n))
	}
	return `{"issues":[` + strings.Join(all, ",") + `]` + more + `}`
}

// TestBrokenIssueArchives: of an archive that does not hold together nothing is imported, and it is said where it broke; what
// somebody names that is not known here is kept by name, and nobody is given what they may not see.
func TestBrokenIssueArchives(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		attachedIssue(w)
		const at = `"created_on":"2020-01-02T03:04:05+00:00"`
		comments := func(last string) string {
			var all []string
			for i := 1; i <= 150; i++ {
				all = append(all, fmt.Sprintf(`{"id":%d,"issue":1,"content":"x",%s}`, i, at))
			}
			return `,"comments":[` + strings.Join(append(all, last), ",") + `]`
		}
		good := comments(fmt.Sprintf(`{"id":151,"issue":2,"content":"x",%s}`, at))
		damaged := archiveOf(archivedIssues(good+`,"attachments":[{"path":"a","filename":"a","issue":1},{"path":"b","filename":"b","issue":1}]`, 1, 2), "a", "whole", "b", "mark of this file")
		first := bytes.Index(damaged[1:], []byte("PK\x03\x04")) // where the second file begins
		damaged[first+1+30+1+2] ^= 0x10
		imported(w, "widgets", archiveOf(`{}`)) // makes the folder
		for name, c := range map[string]struct {
			archive []byte
			where   string
		}{
			"an issue twice":        {archiveOf(archivedIssues(`,"comments":[]`, 1, 2, 1)), "issues[2].id"},
			"a comment twice":       {archiveOf(archivedIssues(comments(`{"id":20,"issue":2,"content":"x",`+at+`}`), 1, 2)), "comments[150].id"},
			"a comment of nothing":  {archiveOf(archivedIssues(comments(`{"id":200,"issue":3,"content":"x",`+at+`}`), 1, 2)), "comments[150].issue"},
			"a change of nothing":   {archiveOf(archivedIssues(good+`,"logs":[{"field":"status","issue":1,`+at+`},{"field":"status","issue":9,`+at+`}]`, 1, 2)), "logs[1].issue"},
			"a change of another":   {archiveOf(archivedIssues(good+`,"logs":[{"comment":151,"field":"status","issue":1,`+at+`}]`, 1, 2)), "logs[0].comment"},
			"a change of two":       {archiveOf(archivedIssues(good+`,"logs":[{"comment":500,"field":"status","issue":1,`+at+`},{"comment":500,"field":"kind","issue":2,`+at+`}]`, 1, 2)), "logs[1].comment"},
			"a file of nothing":     {archiveOf(archivedIssues(good+`,"attachments":[{"path":"a","filename":"a","issue":1},{"path":"a","filename":"a","issue":3}]`, 1, 2), "a", "x"), "attachments[1].issue"},
			"a file twice":          {archiveOf(archivedIssues(good+`,"attachments":[{"path":"a","filename":"a","issue":1},{"path":"b","filename":"a","issue":1}]`, 1, 2), "a", "x", "b", "y"), "attachments[1].filename"},
			"a file that is broken": {damaged, "b: the entry cannot be unpacked"},
		} {
			t.Run(name, func(t *testing.T) {
				s.T = t
				defer func() { s.T = t }()
				tracker := func() string {
					var kept []string
					for line := range strings.Lines(w.Store()) {
						if strings.HasPrefix(line, "issue") && !strings.HasPrefix(line, "issue_job ") {
							kept = append(kept, line)
						}
					}
					return strings.Join(kept, "") + w.Files()
				}
				before := tracker()
				a := imported(w, "widgets", c.archive)
				if a.String("status") != "FAILURE" || a.Header.Get("X-Pail-Reason") != "issue.archive_broken" || !strings.Contains(a.String("phase"), c.where) {
					t.Errorf("%s", a.Body)
				}
				if after := tracker(); after != before {
					t.Errorf("before\n%s\nafter\n%s", before, after)
				}
			})
		}
		// Widgets is private: who may not read it gets nothing of it, and an e-mail tells of nobody else.
		person := func(key, value string) string { return fmt.Sprintf(`{"display_name":"*Ada* Else",%q:%q}`, key, value) }
		document := strings.Replace(archivedIssues(`,"comments":[],"logs":[{"field":"kind","issue":1,`+at+`,"user":`+person("email", w.Member.Email)+`},{"field":"status","issue":1,`+at+`},{"comment":7,"field":"title","issue":1,`+at+`},
			{"field":"kind","issue":1,"created_on":"2021-01-02T03:04:05+00:00"},{"comment":7,"field":"version","issue":1,`+at+`}]`, 1),
			`"title"`, `"reporter":`+person("email", w.Outsider.Email)+`,"assignee":`+person("account_id", w.Outsider.AccountID)+`,"watchers":[`+person("uuid", "{"+w.Member.ID+"}")+`,`+person("account_id", "nobody")+`,`+person("email", strings.ToUpper(w.Member.Email))+`],"voters":["ada"],
			"content":"As it was","component":"made up","title"`, 1)
		if a := imported(w, "widgets", archiveOf(document)); a.String("status") != "SUCCESS" {
			t.Fatalf("%s", a.Body)
		}
		token := issueToken(w)
		a := w.Want(w.Do(token, "GET", ofIssues+"/1", nil), http.StatusOK)
		for path, want := range map[string]string{"reporter.display_name": "*Ada* Else", "reporter.type": "app_user", "assignee.uuid": "", "watches": "1", "votes": "0", "component.name": "made up",
			"content.raw": "As it was\n\n*Assignee:  Ada  Else. Voters: ada. Watchers:  Ada  Else.*"} {
			if got := a.String(path); got != want {
				t.Errorf("%s is %q, want %q", path, got, want)
			}
		}
		log := w.Want(w.Do(token, "GET", ofIssues+"/1/changes", nil), http.StatusOK)
		if log.String("size") != "3" || log.String("values.0.id") != "7" || log.Get("values.0.changes.version") == nil || log.Get("values.0.changes.title") == nil || log.Get("values.1.changes.state") == nil || log.Get("values.1.changes.kind") == nil ||
			log.String("values.1.user.uuid") != "{"+w.Member.ID+"}" {
			t.Errorf("%s", log.Body)
		}
	})
}

// TestInterruptedIssueArchives: what nobody is at any more has failed, and another may begin; what is too old is gone.
func TestInterruptedIssueArchives(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		noJobs(w)
		token := w.Token(w.Admin, "read:issue", "write:issue", "admin:repository")
		insert := func(kind string, due int64) {
			w.Exec(`INSERT INTO issue_job (id, repository_id, kind, status, phase, done, total, refusal, size, hash, created_on, due_on) VALUES ($1, $2, $3, 'STARTED', 'Issues', 1, 2, '', 0, '', $4, $5)`,
				exportedID, w.Repository.ID, kind, database.Micros(time.Now()), due)
		}
		insert("import", database.Micros(time.Now().Add(time.Minute))) // another server's
		a := w.Want(w.Do(token, "GET", ofIssues+"/import", nil), http.StatusAccepted)
		if a.String("status") != "STARTED" || a.String("phase") != "Issues" || a.String("pct") != "50" {
			t.Errorf("%s", a.Body)
		}
		w.Want(w.Do(token, "POST", ofIssues+"/import", archiveForm), http.StatusConflict, "issue.job_running")
		w.Want(w.Do(token, "POST", ofIssues+"/export", nil), http.StatusConflict, "issue.job_running")
		w.Exec(`UPDATE issue_job SET due_on = 1`)
		if a := w.Want(w.Do(token, "GET", ofIssues+"/import", nil), http.StatusOK); a.String("status") != "FAILURE" || !strings.HasPrefix(a.String("phase"), "server.stopping: ") {
			t.Errorf("%s", a.Body)
		}
		w.Exec(`UPDATE issue_job SET kind = 'export'`)
		w.Want(w.Do(token, "GET", ofIssues+"/export/widgets-issues-"+exportedID+".zip", nil), http.StatusServiceUnavailable, "server.stopping")
		if a := imported(w, "widgets", archiveOf(archivedIssues(`,"comments":[]`, 5))); a.String("status") != "SUCCESS" {
			t.Fatalf("%s", a.Body)
		}
		w.Want(w.Do(token, "GET", ofIssues+"/export/widgets-issues-"+exportedID+".zip", nil), http.StatusServiceUnavailable, "server.stopping")

		a = w.Want(w.Do(token, "POST", ofIssues+"/export", `{"type":"export_options","include_attachments":false}`), http.StatusAccepted)
		location := strings.TrimPrefix(a.Header.Get("Location"), w.URL)
		pailtest.Until(t, func() bool { return w.Do(token, "GET", location, nil).Status == http.StatusOK })
		if !strings.Contains(w.Files(), "issue-archives/"+w.Repository.ID+"/") {
			t.Error("there is no archive")
		}
		check(w, w.Issues.Sweep(context.Background(), 0))
		w.Want(w.Do(token, "GET", location, nil), http.StatusOK)
		w.Exec(`UPDATE issue_job SET created_on = 1`)
		w.Want(w.Do(token, "GET", location, nil), http.StatusNotFound, "resource.not_found")
		exportOf(w, "widgets")
		if n := strings.Count(w.Files(), "issue-archives/"+w.Repository.ID+"/"); n != 1 {
			t.Errorf("%d archives are there", n)
		}
	})
}

// TestImportCrashes kills a server in the middle of imports: the tracker then holds all of one archive and nothing of the other, the
// import says which, and no file is left that nothing names.
func TestImportCrashes(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		pailtest.Skip(t, "linux", "the processes of a dead server are found in /proc")
	}
	if testing.Short() {
		t.Skip("skipped: kills servers")
	}
	data, secret := t.TempDir(), ""
	t.Run("before", func(t *testing.T) {
		w := pailtest.Start(t, pailtest.Options{Data: data}).World()
		tracker(w)
		secret = w.Secret(w.Admin, "read:issue", "write:issue", "admin:repository")
	})
	if t.Failed() {
		return
	}
	const many = 300
	archive := func(round int) []byte {
		var issues, attached, files []string
		for i := 1; i <= many; i++ {
			issues = append(issues, fmt.Sprintf(`{"id":%d,"title":"Of %d","status":"new","kind":"bug","priority":"major","created_on":"2020-01-02T03:04:05+00:00","updated_on":"2020-01-02T03:04:05+00:00"}`, i, round))
			if i <= 20 {
				attached = append(attached, fmt.Sprintf(`{"path":"f%d","filename":"f","issue":%d}`, i, i))
				files = append(files, fmt.Sprintf("f%d", i), fmt.Sprint(round))
			}
		}
		return archiveOf(`{"issues":[`+strings.Join(issues, ",")+`],"comments":[],"attachments":[`+strings.Join(attached, ",")+`]}`, files...)
	}
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	holds := 0
	for round := 1; round <= 4; round++ {
		c := &crash{t: t, secret: secret, v: startVictim(t, data)}
		form := archive(round)
		r, err := http.NewRequest("POST", c.v.url+ofIssues+"/import", strings.NewReader(string(uploaded(form))))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
		r.SetBasicAuth("admin@acme.example", secret)
		a, err := http.DefaultClient.Do(r)
		if err != nil || a.StatusCode != http.StatusAccepted {
			t.Fatal(a, err)
		}
		_ = a.Body.Close()
		stage := random.IntN(3) // Attachments, Issues, or at once
		for status, said, ok := c.call("GET", ofIssues+"/import", nil); ok && status == http.StatusAccepted && stage < 2 && said["phase"] != []string{"Attachments", "Issues"}[stage]; status, said, ok = c.call("GET", ofIssues+"/import", nil) {
		}
		c.v.kill(true)

		db, err := database.Open(t.Context(), "sqlite:"+filepath.Join(data, "pail.db"))
		if err != nil {
			t.Fatal(err)
		}
		err = db.Update(t.Context(), func(tx *database.Tx) error { // as if half a minute had gone by
			_, err := tx.Exec(t.Context(), `UPDATE issue_job SET due_on = 1`)
			return err
		})
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		c.v = startVictim(t, data)
		said := c.must("GET", ofIssues+"/import", nil, http.StatusOK)
		if said["status"] == "SUCCESS" {
			holds = round
		} else if phase, _ := said["phase"].(string); said["status"] != "FAILURE" || !strings.HasPrefix(phase, "server.stopping: ") {
			t.Errorf("round %d: %v", round, said)
		}
		want, files := 0, 0
		if holds > 0 {
			want, files = many, 20
		}
		if got := c.must("GET", ofIssues+"?q="+url.QueryEscape(fmt.Sprintf(`title="Of %d"`, holds)), nil, http.StatusOK)["size"]; got != float64(want) {
			t.Errorf("round %d, stage %d: %v issues of round %d, want %d", round, stage, got, holds, want)
		}
		if got := c.must("GET", ofIssues, nil, http.StatusOK)["size"]; got != float64(want) {
			t.Errorf("round %d, stage %d: %v issues, want %d", round, stage, got, want)
		}
		if left, _ := filepath.Glob(filepath.Join(data, "attachments", "*", "*")); len(left) != files {
			t.Errorf("round %d, stage %d: %d files, want %d", round, stage, len(left), files)
		}
		if left, _ := filepath.Glob(filepath.Join(data, "issue-archives", "*", "*")); len(left) != 0 {
			t.Errorf("round %d, stage %d: archives are left: %v", round, stage, left)
		}
		c.v.kill(true)
	}
}
