package bench

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/pailtest"
)

// The queue: steps, runners, and how many of these are killed with -9 while it is worked off.
const (
	queueSteps   = 1000
	queueRunners = 20
	queueKilled  = 5
)

// BenchmarkQueue works off 1,000 steps with 20 runners, each a process of the real binary, of which five are killed on the way: every step
// runs once and none is lost. What a killed runner was at ends as step.runner_gone when its lease is over. Run it with -benchtime 1x.
func BenchmarkQueue(b *testing.B) {
	if runtime.GOOS != "linux" {
		pailtest.Skip(b, "linux", "the shell executor needs Linux")
	}
	dir := b.TempDir()
	pail := filepath.Join(dir, "pail")
	if out, err := exec.Command("go", "build", "-o", pail, "../cmd/pail").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	for b.Loop() {
		w := pailtest.Start(b, pailtest.Options{}).World()
		admin := w.Token(w.Admin, "read:runner", "write:runner", "admin:repository", "write:repository", "read:pipeline", "write:pipeline")
		w.Want(w.Do(admin, "PUT", "/2.0/repositories/acme/widgets/pipelines_config", `{"enabled":true}`), http.StatusOK)
		ran := filepath.Join(dir, "ran")
		var file strings.Builder
		file.WriteString("clone: {enabled: false}\npipelines:\n  custom:\n    many:\n      - parallel:\n")
		for range 100 {
			fmt.Fprintf(&file, "          - step: {script: ['echo $BITBUCKET_STEP_UUID >>%s']}\n", ran)
		}
		w.Want(w.Do(admin, "POST", "/2.0/repositories/acme/widgets/src", pailtest.Form("message=Begin&bitbucket-pipelines.yml="+strings.NewReplacer(" ", "+", "\n", "%0A").Replace(file.String()))), http.StatusCreated)
		for range queueSteps / 100 {
			w.Want(w.Do(admin, "POST", "/2.0/repositories/acme/widgets/pipelines", `{"target":{"type":"pipeline_ref_target","ref_type":"branch","ref_name":"main","selector":{"type":"custom","pattern":"many"}}}`), http.StatusCreated)
		}
		count := func(where string) (n int) {
			if err := w.DB.Row(context.Background(), `SELECT count(*) FROM pipeline_step WHERE `+where).Scan(&n); err != nil {
				b.Fatal(err)
			}
			return n
		}
		if n := count("state = 'READY'"); n != queueSteps {
			b.Fatalf("%d steps wait", n)
		}
		began := time.Now()
		var runners []*exec.Cmd
		for i := range queueRunners {
			made := w.Want(w.Do(admin, "POST", "/2.0/workspaces/acme/pipelines-config/runners", fmt.Sprintf(`{"name":"runner %d"}`, i)), http.StatusOK)
			cmd := exec.Command(pail, "runner", "--executor", "shell", "--url", w.URL, "--working-directory", filepath.Join(dir, fmt.Sprint(i)))
			cmd.Env = append(os.Environ(), "RUNNER_UUID="+made.String("uuid"), "OAUTH_CLIENT_ID="+made.String("oauth_client.id"), "OAUTH_CLIENT_SECRET="+made.String("oauth_client.secret"))
			if err := cmd.Start(); err != nil {
				b.Fatal(err)
			}
			runners = append(runners, cmd)
		}
		until := func(what string, holds func() bool) {
			for deadline := time.Now().Add(10 * time.Minute); !holds(); time.Sleep(50 * time.Millisecond) {
				if time.Now().After(deadline) {
					b.Fatalf("it does not come to hold that %s", what)
				}
			}
		}
		for i := range queueKilled {
			until("more steps are over", func() bool { return count("state = 'COMPLETED'") > (i+1)*queueSteps/10 })
			_ = runners[i].Process.Kill()
			_ = runners[i].Wait()
		}
		until("all steps are over", func() bool { return count("state = 'COMPLETED'") == queueSteps })
		b.ReportMetric(float64(queueSteps)/time.Since(began).Seconds(), "steps/s")
		for _, r := range runners[queueKilled:] {
			_ = r.Process.Signal(os.Interrupt)
			_ = r.Wait()
		}
		gone := count("result = 'ERROR' AND reason = 'step.runner_gone'")
		if well := count("result = 'SUCCESSFUL'"); gone > queueKilled || well+gone != queueSteps {
			b.Fatalf("%d steps went well, %d were lost with their runners", well, gone)
		}
		text, err := os.ReadFile(ran)
		if err != nil {
			b.Fatal(err)
		}
		times := map[string]int{}
		for _, id := range strings.Fields(string(text)) {
			if times[id]++; times[id] > 1 {
				b.Errorf("%s ran %d times", id, times[id])
			}
		}
		if len(times) < queueSteps-gone {
			b.Errorf("only %d steps ran", len(times))
		}
		b.ReportMetric(float64(gone), "lost-with-runners")
		_ = os.Remove(ran)
	}
}
