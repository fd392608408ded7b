package bench

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/pailtest/heap"
	"github.com/pailforge/pail/internal/runner"
	"github.com/pailforge/pail/internal/runnerapi"
)

// limitFirst is how long it takes from a push to the first line of a step, in a shell.
const limitFirst = 500 * time.Millisecond

// pipelineOf is a world with a runner that has a shell, and a repository whose pipeline has one step with that script.
func pipelineOf(b *testing.B, script string) (w *pailtest.World, reader pailtest.Credential) {
	if runtime.GOOS != "linux" {
		pailtest.Skip(b, "linux", "the shell executor needs Linux")
	}
	w = pailtest.Start(b, pailtest.Options{}).World()
	admin := w.Token(w.Admin, "read:runner", "write:runner", "admin:repository", "write:repository", "read:pipeline", "write:pipeline", "admin:pipeline")
	made := w.Want(w.Do(admin, "POST", "/2.0/repositories/acme/widgets/pipelines-config/runners", `{"name":"bench"}`), http.StatusOK)
	r, err := runner.New(b.Context(), runner.Config{Version: "bench", URL: w.URL, UUID: made.String("uuid"), ClientID: made.String("oauth_client.id"), ClientSecret: made.String("oauth_client.secret"),
		TokenURL: w.URL + runnerapi.TokenEndpoint, Executors: []string{runnerapi.Shell}, Slots: 1, Directory: b.TempDir(), Git: "git"})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx, ctx) }()
	b.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			b.Error(err)
		}
		_ = r.Close()
	})
	w.Want(w.Do(admin, "PUT", "/2.0/repositories/acme/widgets/pipelines_config", `{"enabled":true}`), http.StatusOK)
	for i := range 5 {
		w.Want(w.Do(admin, "POST", "/2.0/repositories/acme/widgets/pipelines_config/variables", fmt.Sprintf(`{"key":"SECRET_%d","value":"%d-a-secret-that-nobody-knows","secured":true}`, i, i)), http.StatusCreated)
	}
	w.Want(w.Do(admin, "POST", "/2.0/repositories/acme/widgets/src", pailtest.Form("message=Begin&bitbucket-pipelines.yml=pipelines:+{default:+[{step:+{script:+["+strings.ReplaceAll(script, " ", "+")+"]}}]}")), http.StatusCreated)
	return w, admin
}

// logOf is the file with the log of the first step of a pipeline, "" where there is no step yet. It is looked at in the store itself: to
// ask over the API every few milliseconds would be most of what is measured.
func logOf(w *pailtest.World, number int) string {
	var id string
	err := w.DB.Row(context.Background(), `SELECT s.id FROM pipeline_step s JOIN pipeline p ON p.id = s.pipeline_id WHERE p.number = $1 AND s.position = 0`, number).Scan(&id)
	if err != nil {
		return ""
	}
	return filepath.Join(w.Config.Data, "pipelines", w.Repository.ID, id)
}

// await waits until something holds.
func await(b *testing.B, what string, holds func() bool) {
	b.Helper()
	for deadline := time.Now().Add(5 * time.Minute); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.Fatal(what)
		}
	}
}

// BenchmarkPushToFirstLine measures the time from a commit over the API to the first line that the step prints, with a clone by git before it.
func BenchmarkPushToFirstLine(b *testing.B) {
	w, reader := pipelineOf(b, "echo the-first-line")
	number := 1
	first := func() {
		await(b, "there is no first line", func() bool {
			text, _ := os.ReadFile(logOf(w, number))
			return bytes.Contains(text, []byte("\nthe-first-line\n"))
		})
		number++
	}
	first()
	var all []time.Duration
	for b.Loop() {
		began := time.Now()
		w.Want(w.Do(reader, "POST", "/2.0/repositories/acme/widgets/src", pailtest.Form(fmt.Sprintf("message=Go+on&number=%d", number))), http.StatusCreated)
		first()
		all = append(all, time.Since(began))
	}
	slices.Sort(all)
	against(b, all[len(all)/2], limitFirst)
}

// BenchmarkRunnerLog measures a log of 96 MiB from the pipe of a step, through the masking of five secrets, to the store: from its first
// octet to the end of the pipeline.
func BenchmarkRunnerLog(b *testing.B) {
	w, reader := pipelineOf(b, fmt.Sprintf(`"yes compiling a package of the module with all that is in it for the hundredth time | head -c %d"`, logBytes))
	number := 1
	over := func() {
		await(b, "it does not end", func() bool {
			var over bool
			err := w.DB.Row(context.Background(), `SELECT completed_on > 0 FROM pipeline WHERE number = $1`, number).Scan(&over)
			return err == nil && over
		})
		number++
	}
	begin := func() {
		w.Want(w.Do(reader, "POST", "/2.0/repositories/acme/widgets/src", pailtest.Form(fmt.Sprintf("message=Go+on&number=%d", number))), http.StatusCreated)
		await(b, "there is no log", func() bool {
			info, err := os.Stat(logOf(w, number))
			return err == nil && info.Size() > 0
		})
	}
	over()
	grown := heap.Grown(func() { // it collects all the time: what takes time is measured without it
		begin()
		over()
	})
	b.SetBytes(logBytes)
	var all []time.Duration
	for b.Loop() {
		b.StopTimer()
		begin()
		b.StartTimer()
		began := time.Now()
		over()
		all = append(all, time.Since(began))
	}
	slices.Sort(all)
	against(b, all[len(all)/2], limitLog)
	b.ReportMetric(float64(grown)/(1<<20), "heap-MiB")
}
