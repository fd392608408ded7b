package bench

import (
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

// logOf is the log of the first step of a pipeline, nothing where there is none yet. It is read from the store itself: to ask over the
// API every few milliseconds would be most of what is measured.
func logOf(w *pailtest.World, number int) string {
	var id string
	err := w.DB.Row(context.Background(), `SELECT s.id FROM pipeline_step s JOIN pipeline p ON p.id = s.pipeline_id WHERE p.number = $1 AND s.position = 0`, number).Scan(&id)
	if err != nil {
		return ""
	}
	text, _ := os.ReadFile(filepath.Join(w.Config.Data, "pipelines", w.Repository.ID, id))
	return string(text)
}

// BenchmarkPushToFirstLine measures the time from a commit over the API to the first line that the step prints, with a clone by git before it.
func BenchmarkPushToFirstLine(b *testing.B) {
	w, reader := pipelineOf(b, "echo the-first-line")
	number := 1
	first := func() {
		for deadline := time.Now().Add(time.Minute); !strings.Contains(logOf(w, number), "\nthe-first-line\n"); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				b.Fatal("there is no first line")
			}
		}
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

// BenchmarkRunnerLog measures a log of 96 MiB from the pipe of a step, through the masking of five secrets, to the store.
func BenchmarkRunnerLog(b *testing.B) {
	w, reader := pipelineOf(b, fmt.Sprintf(`"yes compiling a package of the module with all that is in it for the hundredth time | head -c %d"`, logBytes))
	number := 1
	running := func() bool {
		var over bool
		err := w.DB.Row(context.Background(), `SELECT completed_on > 0 FROM pipeline WHERE number = $1`, number).Scan(&over)
		return err != nil || !over
	}
	over := func() {
		for deadline := time.Now().Add(5 * time.Minute); running(); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				b.Fatal("it does not end")
			}
		}
		number++
	}
	over()
	b.SetBytes(logBytes)
	for b.Loop() {
		began := time.Now()
		grown := heap.Grown(func() {
			w.Want(w.Do(reader, "POST", "/2.0/repositories/acme/widgets/src", pailtest.Form(fmt.Sprintf("message=Go+on&number=%d", number))), http.StatusCreated)
			over()
		})
		against(b, time.Since(began), limitLog)
		b.ReportMetric(float64(grown)/(1<<20), "heap-MiB")
	}
}
