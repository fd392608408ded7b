package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/pailtest/heap"
	"github.com/pailforge/pail/internal/runnerapi"
)

const (
	logBytes  = 96 << 20                                                                  // of the log, just below what is kept of one
	logPart   = 256 << 10                                                                 // of what is sent at once
	limitLog  = time.Duration(float64(logBytes)/float64(100<<20)*1000) * time.Millisecond // 100 MiB/s
	limitGrow = 16 << 20                                                                  // bytes by which the heap grows, at most
)

// BenchmarkStepLog measures a log of 96 MiB on its way from a runner to the store, over HTTP, in parts of 256 KiB: how long that takes,
// and by how much the heap grows at most.
func BenchmarkStepLog(b *testing.B) {
	w := pailtest.Start(b, pailtest.Options{}).World()
	admin := w.Token(w.Admin, "read:runner", "write:runner", "admin:repository", "write:repository")
	made := w.Want(w.Do(admin, "POST", "/2.0/repositories/acme/widgets/pipelines-config/runners", `{"name":"bench"}`), http.StatusOK)
	bought := w.Want(w.Do(pailtest.Basic(made.String("oauth_client.id"), made.String("oauth_client.secret")), "POST", "/site/oauth2/access_token", pailtest.Form("grant_type=client_credentials")), http.StatusOK)
	w.Want(w.Do(admin, "PUT", "/2.0/repositories/acme/widgets/pipelines_config", `{"enabled":true}`), http.StatusOK)
	w.Want(w.Do(admin, "POST", "/2.0/repositories/acme/widgets/src", pailtest.Form("message=Begin&bitbucket-pipelines.yml=pipelines:+{default:+[{step:+{script:+[make]}}]}")), http.StatusCreated)
	auth, steps := pailtest.Bearer(bought.String("access_token")), "/2.0/runners/"+strings.Trim(made.String("uuid"), "{}")+"/steps"
	a := w.Want(w.Do(auth, "POST", steps, runnerapi.Ask{Executors: []string{runnerapi.Shell}}), http.StatusOK)
	var step runnerapi.Step
	if err := json.Unmarshal(a.Body, &step); err != nil {
		b.Fatal(err)
	}
	part := bytes.Repeat([]byte("What a step prints, a line at a time, and much of it, for a while. \n"), logPart/68+1)[:logPart]
	file := filepath.Join(w.Config.Data, "pipelines", w.Repository.ID, step.UUID)
	send := func(offset int) {
		r, err := http.NewRequest("POST", fmt.Sprintf("%s%s/%s/logs/%s?offset=%d", w.URL, steps, step.UUID, step.UUID, offset), bytes.NewReader(part))
		if err != nil {
			b.Fatal(err)
		}
		auth(r)
		answer, err := w.Client.Do(r)
		if err != nil {
			b.Fatal(err)
		}
		defer answer.Body.Close()
		var written runnerapi.Written
		if err := json.NewDecoder(answer.Body).Decode(&written); err != nil || int(written.Next) != offset+len(part) {
			b.Fatal(answer.Status, written, err)
		}
	}
	b.SetBytes(logBytes)
	for b.Loop() {
		began := time.Now()
		grown := heap.Grown(func() {
			for offset := 0; offset < logBytes; offset += len(part) {
				send(offset)
			}
		})
		against(b, time.Since(began), limitLog)
		b.ReportMetric(float64(grown)/(1<<20), "heap-MiB")
		b.ReportMetric(float64(grown)/limitGrow, "of-limit-heap")
		if err := os.Remove(file); err != nil {
			b.Fatal(err)
		}
	}
}
