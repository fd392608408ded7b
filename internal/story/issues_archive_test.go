package story

import (
	"archive/zip"
	"bytes"
	"context"
	"net/http"
	"strings"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/pailtest"
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
