package bench

import (
	"archive/zip"
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/pailtest/heap"
)

const (
	archivedIssues = 5_000
	fewArchived    = 500
	archivedFile   = 16 << 10 // bytes of the file of each issue
	limitArchive   = 2 * time.Minute
	limitHeap      = 16 << 20 // bytes by which the heap grows, at most
)

// BenchmarkIssueArchive measures an import of 5,000 issues with comments, a log and files, an export of them, and an import and an export
// of that, over HTTP: how long all of it takes, and by how much the heap grows at most, beside 500 issues.
func BenchmarkIssueArchive(b *testing.B) {
	for _, n := range []int{fewArchived, archivedIssues} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w := pailtest.Start(b, pailtest.Options{}).World()
			for _, slug := range []string{"there", "elsewhere"} {
				r := w.NewRepository(slug)
				w.Exec(`UPDATE repository SET has_issues = TRUE WHERE id = $1`, r.ID)
			}
			dir := b.TempDir()
			made, first, second := filepath.Join(dir, "made.zip"), filepath.Join(dir, "first.zip"), filepath.Join(dir, "second.zip")
			makeArchive(b, made, n, w)
			t := &traffic{b, w, w.Token(w.Admin, "read:issue", "write:issue", "admin:repository")}
			for b.Loop() {
				var in, out time.Duration
				began := time.Now()
				grown := heap.Grown(func() {
					t.imports("there", made)
					in = time.Since(began)
					t.exports("there", first)
					out = time.Since(began) - in
					t.imports("elsewhere", first)
					t.exports("elsewhere", second)
				})
				took := time.Since(began)
				b.ReportMetric(in.Seconds(), "import-s")
				b.ReportMetric(out.Seconds(), "export-s")
				b.ReportMetric(float64(grown)/(1<<20), "heap-MiB")
				b.ReportMetric(float64(grown)/limitHeap, "of-limit-heap")
				against(b, took, limitArchive)
			}
		})
	}
}

// makeArchive writes an archive of n issues, each with two comments, an entry of the log and a file.
func makeArchive(b *testing.B, path string, n int, w *pailtest.World) {
	b.Helper()
	file, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	out := bufio.NewWriter(file)
	z := zip.NewWriter(out)
	random := rand.NewChaCha8([32]byte{})
	for i := 1; i <= n; i++ {
		to, err := z.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("attachments/%d.bin", i)})
		if err == nil {
			_, err = io.CopyN(to, random, archivedFile)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	to, err := z.Create("db-2.0.json")
	if err != nil {
		b.Fatal(err)
	}
	const at = "2020-01-02T03:04:05.000006+00:00"
	admin, member := map[string]any{"display_name": "A", "account_id": w.Admin.AccountID}, map[string]any{"display_name": "M", "account_id": w.Member.AccountID}
	list := func(key string, each int, one func(i int) any) {
		_, err := fmt.Fprintf(to, `,%q:[`, key)
		for i := 0; i < each*n && err == nil; i++ {
			var text []byte
			if i > 0 {
				text = []byte{','}
			}
			v, wrong := json.Marshal(one(i))
			if wrong != nil {
				b.Fatal(wrong)
			}
			_, err = to.Write(append(text, v...))
		}
		if err == nil {
			_, err = io.WriteString(to, "]")
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	if _, err := io.WriteString(to, `{"meta":{"default_kind":"bug"}`); err != nil {
		b.Fatal(err)
	}
	list("comments", 2, func(i int) any {
		return map[string]any{"id": i + 1, "issue": i/2 + 1, "content": fmt.Sprintf("What I *think* of it, number %d.", i), "created_on": at, "user": member}
	})
	list("issues", 1, func(i int) any {
		return map[string]any{"id": i + 1, "title": fmt.Sprintf("Number %d", i), "content": "What *happens*, and what **should**.", "status": "new", "kind": "bug", "priority": "major", "created_on": at, "updated_on": at,
			"reporter": admin, "assignee": member, "watchers": []any{admin, member}, "voters": []any{member}}
	})
	list("logs", 1, func(i int) any {
		return map[string]any{"comment": 2*i + 1, "issue": i + 1, "field": "status", "changed_from": "open", "changed_to": "new", "created_on": at, "user": member}
	})
	list("attachments", 1, func(i int) any {
		return map[string]any{"path": fmt.Sprintf("attachments/%d.bin", i+1), "filename": "trace.bin", "issue": i + 1, "user": admin}
	})
	if _, err := io.WriteString(to, "}"); err != nil {
		b.Fatal(err)
	}
	for _, end := range []func() error{z.Close, out.Flush, file.Close} {
		if err := end(); err != nil {
			b.Fatal(err)
		}
	}
}

// traffic calls a server without holding the body of a request, or of an answer, in memory.
type traffic struct {
	b     *testing.B
	w     *pailtest.World
	token pailtest.Credential
}

func (t *traffic) send(method, address, media string, body io.Reader, status ...int) *http.Response {
	t.b.Helper()
	r, err := http.NewRequest(method, address, body)
	if err != nil {
		t.b.Fatal(err)
	}
	t.token(r)
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	a, err := t.w.Client.Do(r)
	if err != nil {
		t.b.Fatal(err)
	}
	if !slices.Contains(status, a.StatusCode) {
		t.b.Fatal(a.Status)
	}
	return a
}

// finished asks until what goes on in the background is done, and gives the answer.
func (t *traffic) finished(address string) io.ReadCloser {
	t.b.Helper()
	for {
		a := t.send("GET", address, "", nil, http.StatusOK, http.StatusAccepted)
		if a.StatusCode == http.StatusOK {
			return a.Body
		}
		_, _ = io.Copy(io.Discard, a.Body)
		_ = a.Body.Close()
		time.Sleep(20 * time.Millisecond)
	}
}

func (t *traffic) imports(repository, path string) {
	t.b.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.b.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	from, to := io.Pipe()
	form := multipart.NewWriter(to)
	go func() {
		part, err := form.CreateFormFile("archive", "issues.zip")
		if err == nil {
			_, err = io.Copy(part, file)
		}
		if err == nil {
			err = form.Close()
		}
		_ = to.CloseWithError(err)
	}()
	address := t.w.URL + "/2.0/repositories/acme/" + repository + "/issues/import"
	_ = t.send("POST", address, form.FormDataContentType(), from, http.StatusAccepted).Body.Close()
	body := t.finished(address)
	defer func() { _ = body.Close() }()
	var said struct{ Status, Phase string }
	if err := json.NewDecoder(body).Decode(&said); err != nil || said.Status != "SUCCESS" {
		t.b.Fatal(said, err)
	}
}

func (t *traffic) exports(repository, path string) {
	t.b.Helper()
	a := t.send("POST", t.w.URL+"/2.0/repositories/acme/"+repository+"/issues/export", "", nil, http.StatusAccepted)
	_ = a.Body.Close()
	body := t.finished(a.Header.Get("Location"))
	defer func() { _ = body.Close() }()
	file, err := os.Create(path)
	if err == nil {
		_, err = io.Copy(file, body)
	}
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		t.b.Fatal(err)
	}
}
