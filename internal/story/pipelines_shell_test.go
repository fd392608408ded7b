package story

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/runnerapi"
)

// startRunner runs a runner of widgets that has a shell, until the test ends.
func startRunner(w *pailtest.World) {
	w.T.Helper()
	made, secret, err := w.Pipelines.AddRunner(context.Background(), "", w.Repository.ID, "shell", []string{"linux"})
	check(w, err)
	runRunner(w.T, w, made.ID, made.ClientID, secret, 2, runnerapi.Shell)
}

// TestPushRunsShell: what is pushed is cloned and run by a runner's shell, with the variables that people set and those that Pail sets,
// and everybody who may can read what it printed; a secured value stands nowhere in it.
func TestPushRunsShell(t *testing.T) {
	t.Parallel()
	w := pailtest.Start(t, pailtest.Options{}).World()
	startRunner(w)
	admin := w.Token(w.Admin, "read:pipeline", "admin:pipeline", "write:pipeline")
	for _, v := range []string{`{"key":"SIZE","value":"workspace"}`, `{"key":"COLOUR","value":"green"}`} {
		w.Want(w.Do(admin, "POST", "/2.0/workspaces/acme/pipelines-config/variables", v), http.StatusCreated)
	}
	w.Want(w.Do(admin, "POST", pipelines+"/variables", `{"key":"SIZE","value":"repository"}`), http.StatusCreated)
	w.Want(w.Do(admin, "POST", pipelines+"/variables", `{"key":"PASSPHRASE","value":"correct-horse-battery","secured":true}`), http.StatusCreated)
	pushPipeline(w, "widgets", `pipelines:
  default:
    - step:
        script:
          - echo "size $SIZE, colour $COLOUR, build $BITBUCKET_BUILD_NUMBER of $BITBUCKET_REPO_FULL_NAME on $BITBUCKET_BRANCH"
          - echo "pass $PASSPHRASE"
          - ls
          - test "$(git rev-parse HEAD)" = "$BITBUCKET_COMMIT"
`)
	const one = "/2.0/repositories/acme/widgets/pipelines/1"
	pailtest.Until(t, func() bool { return w.Do(admin, "GET", one, nil).String("state.name") == "COMPLETED" })
	step := w.Want(w.Do(admin, "GET", one+"/steps", nil), http.StatusOK).String("values.0.uuid")
	log := string(w.Want(w.Do(admin, "GET", one+"/steps/"+strings.NewReplacer("{", "%7B", "}", "%7D").Replace(step)+"/log", nil), http.StatusOK).Body)
	for _, line := range []string{"size repository, colour green, build 1 of acme/widgets on main\n", "\nbitbucket-pipelines.yml\n"} {
		if !strings.Contains(log, line) {
			t.Errorf("%q is not in the log", line)
		}
	}
	if strings.Contains(log, "correct-horse") {
		t.Error("a secured value is in the log")
	}
	if a := w.Do(admin, "GET", one, nil); a.String("state.result.name") != "SUCCESSFUL" || t.Failed() {
		t.Errorf("%s\n%s", a.Body, log)
	}
}
