package issue

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// packed is a zip file of names and contents, in turn.
func packed(t testing.TB, entries ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(entries); i += 2 {
		w, err := z.CreateHeader(&zip.FileHeader{Name: entries[i], Method: method(entries[i+1])})
		if err == nil {
			_, err = io.WriteString(w, entries[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func method(content string) uint16 {
	if content == "" {
		return zip.Store
	}
	return zip.Deflate
}

func checked(zipped []byte) (*summary, error) {
	a, err := openArchive(bytes.NewReader(zipped), int64(len(zipped)))
	if err != nil {
		return nil, err
	}
	return a.check(context.Background())
}

const (
	oneArchived = `{"id":7,"title":"It","content":"x","status":"new","kind":"bug","priority":"major","created_on":"2013-01-22T15:55:13.573339+00:00","updated_on":"2013-01-22T15:55:13.573339+00:00",
		"reporter":{"display_name":"Ada","account_id":"5"},"assignee":null,"component":"api","milestone":null,"version":null,"edited_on":null,"content_updated_on":null,"watchers":[],"voters":[]}`
	wholeArchive = `{"meta":{"default_kind":"bug"},"components":[{"name":"api"}],"issues":[` + oneArchived + `],
		"comments":[{"id":3,"issue":7,"content":"Yes","created_on":"2013-01-22T15:55:13+00:00","updated_on":null,"user":"ada"}],
		"logs":[{"comment":3,"field":"status","changed_from":"new","changed_to":"open","created_on":"2013-01-22T15:55:13","issue":7,"user":null}],
		"attachments":[{"path":"attachments/a","filename":"a.png","issue":7,"user":null}],"unknown":{"deep":[[{}]]},"versions":null}`
)

// TestArchives: what an archive holds is read, whatever the order of its lists is, and what is wrong with one is said with its place.
func TestArchives(t *testing.T) {
	t.Parallel()
	sum, err := checked(packed(t, "db-2.0.json", wholeArchive, "attachments/", "", "attachments/a", "png", "__MACOSX/x", ""))
	if err != nil {
		t.Fatal(err)
	}
	if sum.issues != 1 || sum.comments != 1 || sum.logs != 1 || sum.files != 1 || sum.last != 7 || sum.lastEntry != 3 || fmt.Sprint(sum.labels[Components]) != "[api]" || *sum.meta.DefaultKind != "bug" {
		t.Errorf("%+v", sum)
	}
	if sum, err := checked(packed(t, "db-1.0.json", `{"comments":[],"issues":[`+strings.Replace(oneArchived, `{"display_name":"Ada","account_id":"5"}`, `"ada"`, 1)+`]}`)); err != nil || len(sum.labels[Components]) != 1 {
		t.Errorf("the former format: %v", err)
	}
	in := func(old, now string) string {
		if !strings.Contains(wholeArchive, old) {
			t.Fatalf("there is no %s", old)
		}
		return strings.Replace(wholeArchive, old, now, 1)
	}
	for name, c := range map[string]struct{ document, field, problem string }{
		"no JSON":            {`{"issues":[nothing]}`, "issues[0]", "no JSON"},
		"cut":                {`{"issues":[` + oneArchived, "issues[1]", "ends in the middle"},
		"a list":             {`[]`, "", "no object"},
		"nothing":            {``, "", "ends in the middle"},
		"no issues":          {`{"comments":[]}`, "issues", "no such list"},
		"no comments":        {`{"issues":[]}`, "comments", "no such list"},
		"behind it":          {`{"issues":[],"comments":[]} {}`, "", "follows the end"},
		"twice":              {`{"issues":[],"comments":[],"issues":[]}`, "issues", "twice"},
		"an object":          {`{"issues":{},"comments":[]}`, "issues", "no list"},
		"status":             {in(`"new","kind"`, `"odd","kind"`), "issues[0].status", `"odd" is none of`},
		"kind":               {in(`"kind":"bug","p`, `"kind":"","p`), "issues[0].kind", "none of"},
		"priority":           {in(`"major"`, `"urgent"`), "issues[0].priority", "none of"},
		"number":             {in(`"id":7`, `"id":0`), "issues[0].id", "number from 1"},
		"a text as number":   {in(`"id":7`, `"id":"7"`), "issues[0].id", "something else"},
		"title":              {in(`"title":"It"`, `"title":" "`), "issues[0].title", "missing"},
		"long title":         {in(`"title":"It"`, `"title":"`+strings.Repeat("x", 256)+`"`), "issues[0].title", "256 characters"},
		"NUL":                {in(`"content":"x"`, `"content":"\u0000"`), "issues[0].content", "not valid text"},
		"no time":            {in(`"updated_on":"2013-01-22T15:55:13.573339+00:00"`, `"updated_on":"yesterday"`), "issues[0]", `"yesterday" is no date`},
		"before all":         {in(`"created_on":"2013`, `"created_on":"1812`), "issues[0]", "is no date"},
		"never":              {in(`"updated_on":"2013-01-22T15:55:13.573339+00:00"`, `"updated_on":null`), "issues[0].updated_on", "missing"},
		"a name in lines":    {in(`"Ada"`, `"Ada\nB"`), "issues[0].reporter", "one line"},
		"component":          {in(`[{"name":"api"}]`, `[{"name":" api"}]`), "components[0].name", "one line"},
		"a component nobody": {in(`"component":"api"`, `"component":"a\tb"`), "issues[0].component", "one line"},
		"comment":            {in(`"id":3,"issue":7`, `"id":3,"issue":-7`), "comments[0].issue", "number from 1"},
		"a high comment":     {in(`"id":3,`, `"id":9007199254740993,`), "comments[0].id", "number from 1"},
		"log":                {in(`"field":"status"`, `"field":""`), "logs[0].field", "missing"},
		"filename":           {in(`"a.png"`, `"../a.png"`), "attachments[0].filename", "cannot be the name"},
		"path":               {in(`"attachments/a"`, `"attachments/b"`), "attachments[0].path", "no entry"},
		"a folder":           {in(`"attachments/a"`, `"attachments"`), "attachments[0].path", "no entry"},
		"outside":            {in(`"attachments/a"`, `"../../etc/passwd"`), "attachments[0].path", "no entry"},
		"the document":       {in(`"attachments/a"`, `"db-2.0.json"`), "attachments[0].path", "no entry"},
		"large":              {in(`"content":"x"`, `"content":"`+strings.Repeat("x", maxValue)+`"`), "issues[0]", "larger than"},
		"large and unknown":  {in(`"deep":[[{}]]`, `"deep":"`+strings.Repeat("x", maxValue)+`"`), "unknown", "larger than"},
		"deep":               {in(`[[{}]]`, strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000)), "unknown", "no JSON"},
		"spaces":             {in(`"components"`, strings.Repeat(" ", maxValue+1)+`"components"`), "", "larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := checked(packed(t, "db-2.0.json", c.document, "attachments/", "", "attachments/a", "png"))
			broken, ok := errors.AsType[*Broken](err)
			if !ok || broken.Entry != "db-2.0.json" || broken.Field != c.field || !strings.Contains(broken.Problem, c.problem) || broken.Offset < 0 {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestZipFiles: what is wrong with the zip file around a document is said too, before anything of it is unpacked.
func TestZipFiles(t *testing.T) {
	t.Parallel()
	whole := packed(t, "db-2.0.json", wholeArchive, "attachments/a", "png")
	damaged := bytes.Clone(whole)
	damaged[60] ^= 0x55
	header := func(h zip.FileHeader) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		w, err := z.CreateRaw(&h)
		if err == nil {
			_, err = w.Write([]byte("x"))
		}
		if err == nil {
			err = z.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	many := func() []byte {
		var entries []string
		for i := range 60_000 {
			entries = append(entries, fmt.Sprintf("attachments/%0100d", i), "")
		}
		return packed(t, entries...)
	}
	for name, c := range map[string]struct {
		zipped         []byte
		entry, problem string
	}{
		"nothing":                    {nil, "", "no zip file"},
		"text":                       {[]byte("PK is how it begins"), "", "no zip file"},
		"cut":                        {whole[:len(whole)-10], "", "no zip file"},
		"damaged":                    {damaged, "db-2.0.json", "damaged"},
		"no document":                {packed(t, "issues/db-2.0.json", wholeArchive), "db-2.0.json", "no such entry"},
		"upwards":                    {packed(t, "attachments/../../x", ""), "attachments/../../x", "without . and .."},
		"root":                       {packed(t, "/etc/passwd", ""), "/etc/passwd", "below the archive"},
		"backwards":                  {packed(t, `attachments\..\x`, ""), `attachments\..\x`, "below the archive"},
		"twice":                      {packed(t, "a", "", "a", ""), "a", "two entries"},
		"encrypted":                  {header(zip.FileHeader{Name: "a", Flags: 1}), "a", "encrypted"},
		"compressed":                 {header(zip.FileHeader{Name: "a", Method: 12}), "a", "(12)"},
		"a bomb":                     {header(zip.FileHeader{Name: "a", UncompressedSize64: 1 << 40}), "a", "times its size"},
		"a bomb of the largest size": {header(zip.FileHeader{Name: "a", UncompressedSize64: 1<<64 - 1}), "a", "times its size"},
		"many":                       {many(), "", "too many files"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := checked(c.zipped)
			broken, ok := errors.AsType[*Broken](err)
			if !ok || broken.Entry != c.entry || !strings.Contains(broken.Problem, c.problem) {
				t.Errorf("%v", err)
			}
		})
	}
}

// FuzzArchive: whatever comes, it is an archive or broken, and a broken one says so with a place.
func FuzzArchive(f *testing.F) {
	whole := packed(f, "db-2.0.json", wholeArchive, "attachments/a", "png")
	f.Add(whole, "")
	f.Add(whole[:len(whole)/2], "")
	f.Add([]byte{}, wholeArchive)
	for _, document := range []string{`{"issues":[],"comments":[]}`, `{"issues":[{}]}`, `{"issues":[`, `null`, `{"issues":null,"comments":null,"logs":[{"comment":null}]}`, `{"meta":"x"}`} {
		f.Add([]byte{}, document)
	}
	f.Fuzz(func(t *testing.T, zipped []byte, document string) {
		if document != "" {
			zipped = packed(t, "db-2.0.json", document, "attachments/a", "png")
		}
		sum, err := checked(zipped)
		if broken, ok := errors.AsType[*Broken](err); err != nil && (!ok || broken.Problem == "" || broken.Offset < -1 || broken.refusal().Reason == "") {
			t.Fatalf("%v", err)
		}
		if err == nil && (sum.issues < 0 || sum.last < 0 || sum.issues > 0 && sum.last == 0) {
			t.Fatalf("%+v", sum)
		}
	})
}
