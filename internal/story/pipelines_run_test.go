package story

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	docker "github.com/moby/moby/client"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/pailforge/pail/internal/pailtest"
	runs "github.com/pailforge/pail/internal/runner"
	"github.com/pailforge/pail/internal/runnerapi"
	"github.com/pailforge/pail/internal/web/webtest"
)

// runRunner runs a runner of the server until the end of the test.
func runRunner(t testing.TB, w *pailtest.World, id, client, secret string, slots int, executors ...string) {
	t.Helper()
	r, err := runs.New(t.Context(), runs.Config{Version: "test", URL: w.URL, UUID: id, ClientID: client, ClientSecret: secret, TokenURL: w.URL + runnerapi.TokenEndpoint,
		Executors: executors, Slots: slots, Directory: t.TempDir(), Git: "git", Engine: runs.Engine{Network: runs.EngineNetwork}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx, ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the runner: %v", err)
		}
		_ = r.Close()
	})
}

// runnerCommand runs the runner that $RUNNER, $CLIENT and $SECRET name, with these executors.
func runnerCommand(ts *testscript.TestScript, _ bool, args []string) {
	w := ts.Value(worldKey{}).(*pailtest.World)
	runRunner(w.T, w, ts.Getenv("RUNNER"), ts.Getenv("CLIENT"), ts.Getenv("SECRET"), 2, args...)
}

// awaitPipeline waits until the pipeline with a number is over.
func awaitPipeline(ts *testscript.TestScript, _ bool, args []string) {
	w := ts.Value(worldKey{}).(*pailtest.World)
	reader := w.Token(w.Admin, "read:pipeline")
	pailtest.Until(w.T, func() bool {
		return w.Do(reader, "GET", "/2.0/repositories/acme/widgets/pipelines/"+args[0], nil).String("state.name") == "COMPLETED"
	})
}

// needEngine skips where there is no container engine with the images that CI makes.
func needEngine(t testing.TB) *docker.Client {
	t.Helper()
	if os.Getenv("DOCKER_HOST") == "" {
		pailtest.Skip(t, "engine", "no container engine: DOCKER_HOST does not name one")
	}
	api, err := docker.New(docker.FromEnv)
	for _, name := range []string{"localhost/pail-busybox:1", "localhost/pail-web:1", "localhost/pail-debian:1"} {
		if err == nil {
			_, err = api.ImageInspect(t.Context(), name)
		}
	}
	if err != nil {
		pailtest.Skip(t, "engine", fmt.Sprintf("no container engine with the images of tests: %v", err))
	}
	return api
}

// twelveSteps use what steps have: a parallel group, a stage, a service, caches, artifacts, reports, variables for later steps, a step that
// waits for somebody, and a deployment.
const twelveSteps = `
image: localhost/pail-busybox:1
clone: {depth: full}
definitions:
  caches:
    tool: {key: {files: [lock.txt]}, path: ~/.cache/tool}
  services:
    web:
      image: localhost/pail-web:1
      memory: 128
      variables: {SAYS: 'hello from the service', PORT: '18098'}
pipelines:
  default:
    - step:
        name: 1 prepare
        caches: [tool]
        script:
          - echo "cache holds $(cat ~/.cache/tool/kept 2>/dev/null || echo nothing)"
          - mkdir -p ~/.cache/tool dist && echo something >~/.cache/tool/kept
          - echo "built for $BITBUCKET_COMMIT" >dist/app.txt
          - echo VERSION=1.2.3 >>"$BITBUCKET_PIPELINES_VARIABLES_PATH"
        artifacts: [dist/**]
        output-variables: [VERSION]
    - parallel:
        fail-fast: true
        steps:
          - step: {name: 2 unit, script: ['mkdir test-results', 'echo "<testsuite tests=\"1\"><testcase name=\"adds\" classname=\"Sum\"/></testsuite>" >test-results/unit.xml', 'cat dist/app.txt']}
          - step: {name: 3 lint, script: ['echo "step $BITBUCKET_PARALLEL_STEP of $BITBUCKET_PARALLEL_STEP_COUNT"']}
          - step: {name: 4 again, caches: [tool], script: ['echo "cache holds $(cat ~/.cache/tool/kept)"']}
          - step: {name: 5 version, script: ['echo "version is $VERSION"']}
    - step: {name: 6 git, image: 'localhost/pail-debian:1', script: ['git log --oneline | wc -l', 'git rev-parse HEAD', 'echo "$SECRET_WORD" | base64']}
    - step: {name: 7 service, services: [web], script: ['until wget -qO- http://127.0.0.1:18098/said; do sleep 0.1; done']}
    - stage:
        name: Staging
        deployment: staging
        steps:
          - step: {name: 8 deploy, script: ['echo "deploy to $BITBUCKET_DEPLOYMENT_ENVIRONMENT"']}
          - step: {name: 9 check, script: ['echo checked']}
    - step: {name: 10 release, trigger: manual, deployment: production, script: ['echo "release $VERSION to $BITBUCKET_DEPLOYMENT_ENVIRONMENT"']}
    - step: {name: 11 daemon, script: ['setsid sleep 98781 &', 'echo gone']}
    - step: {name: 12 end, script: ['cat dist/app.txt', 'echo done'], after-script: ['echo "after $BITBUCKET_EXIT_CODE"']}
`

// TestTwelveSteps: a push of a pipeline with everything is followed to its end, in containers.
func TestTwelveSteps(t *testing.T) {
	needEngine(t)
	w := pailtest.Start(t, pailtest.Options{}).World()
	a := w.Want(w.Do(w.Token(w.Admin, "read:runner", "write:runner"), "POST", runnersOfWorkspace, `{"name":"engine","labels":[]}`), http.StatusOK)
	runRunner(t, w, a.String("uuid"), a.String("oauth_client.id"), a.String("oauth_client.secret"), 4, runnerapi.Docker)
	w.Want(w.Do(w.Token(w.Admin, "admin:pipeline"), "POST", pipelines+"/variables", `{"key":"SECRET_WORD","value":"open sesame","secured":true}`), http.StatusCreated)
	reader, writer := w.Token(w.Admin, "read:pipeline"), w.Token(w.Admin, "read:pipeline", "write:pipeline")
	const one = "/2.0/repositories/acme/widgets/pipelines/1"
	pushPipeline(w, "widgets", twelveSteps)

	state := func() (string, string) {
		a := w.Do(reader, "GET", one, nil)
		return a.String("state.name"), a.String("state.stage.name") + a.String("state.result.name")
	}
	var steps []struct{ UUID, Name, Log, Result string }
	look := func() {
		var list struct {
			Values []struct {
				UUID, Name string
				State      struct{ Result struct{ Name string } }
			}
		}
		check(w, json.Unmarshal(w.Want(w.Do(reader, "GET", one+"/steps?pagelen=100", nil), http.StatusOK).Body, &list))
		steps = steps[:0]
		for _, s := range list.Values {
			at := one + "/steps/" + strings.NewReplacer("{", "%7B", "}", "%7D").Replace(s.UUID)
			steps = append(steps, struct{ UUID, Name, Log, Result string }{at, s.Name, string(w.Do(reader, "GET", at+"/log", nil).Body), s.State.Result.Name})
		}
	}
	// Containers take their time on a busy machine.
	until := func(holds func() bool) {
		t.Helper()
		for deadline := time.Now().Add(5 * time.Minute); !holds(); time.Sleep(100 * time.Millisecond) {
			if time.Now().After(deadline) {
				look()
				t.Fatalf("it does not end: %+v", steps)
			}
		}
	}
	until(func() bool { name, stage := state(); return name == "COMPLETED" || stage == "PAUSED" })
	look()
	if _, stage := state(); stage != "PAUSED" || len(steps) != 12 {
		t.Fatalf("%s: %+v", stage, steps)
	}
	const shown = "/acme/widgets/pipelines/results/1"
	b := webtest.As(w.Server, w.Admin)
	page := b.See(shown)
	webtest.Says(t, page, "paused", "9 check successful", "10 release to be started", "12 end waiting")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	watch := html.UnescapeString(regexp.MustCompile(`data-watch="([^"]+)"`).FindStringSubmatch(page.Body)[1])
	stream := b.Listen(ctx, watch)
	defer func() { _ = stream.Body.Close() }()
	w.Want(w.Do(writer, "POST", steps[9].UUID+"/start", nil), http.StatusOK)
	for lines := bufio.NewScanner(stream.Body); ; {
		if !lines.Scan() {
			t.Fatalf("who looks at the page is told nothing: %v", lines.Err())
		}
		if lines.Text() == "event: changed" {
			break
		}
	}
	until(func() bool { name, _ := state(); return name == "COMPLETED" })
	look()
	webtest.Says(t, b.See(shown), "#1 default successful", "1 prepare successful", "4 again successful", "10 release successful", "12 end successful")
	last, _, _ := strings.Cut(strings.TrimPrefix(steps[11].UUID, one+"/steps/%7B"), "%7D")
	webtest.Says(t, b.See(shown+"/steps/"+last), "cat dist/app.txt", "done", "after 0")
	part := w.Want(w.Do(pailtest.Header(reader, "Range", "bytes=20-"), "GET", steps[11].UUID+"/log", nil), http.StatusPartialContent)
	if string(part.Body) != steps[11].Log[20:] {
		t.Errorf("a part of the log: %q", part.Body)
	}
	head := strings.TrimSpace(w.Want(w.Do(reader, "GET", one, nil), http.StatusOK).String("target.commit.hash"))
	for i, want := range [][]string{
		{"cache holds nothing\n"}, {"built for " + head}, {"step 1 of 4\n"}, {"cache holds something\n"}, {"version is 1.2.3\n"}, {"\n1\n" /* commits */, head, "\n$SECRET_WORD"},
		{"hello from the service\n"}, {"deploy to staging\n"}, {"checked\n"}, {"release 1.2.3 to production\n"}, {"gone\n"}, {"built for " + head, "done\n", "after 0\n"},
	} {
		for _, text := range want {
			if steps[i].Result != "SUCCESSFUL" || !strings.Contains(steps[i].Log, text) {
				t.Errorf("%s ended as %s, without %q:\n%s", steps[i].Name, steps[i].Result, text, steps[i].Log)
			}
		}
	}
	if a := w.Want(w.Do(reader, "GET", steps[1].UUID+"/test_reports", nil), http.StatusOK); a.String("number_of_successful_test_cases") != "1" {
		t.Errorf("%s", a.Body)
	}
}

// onRunners runs the lines of docs/runners.md one after another, with a server, and what stands behind a line as & until the end of the test.
func onRunners(t *testing.T, bin string) func(*testing.T, string) {
	w := pailtest.Start(t, pailtest.Options{}).World()
	w.Push(1)
	home := t.TempDir()
	token := w.Secret(w.Admin, "write:runner", "read:runner", "admin:repository", "read:repository", "write:repository", "read:pipeline")
	scheme, host, _ := strings.Cut(w.URL, "://")
	return func(t0 *testing.T, line string) {
		line = strings.NewReplacer("https://", scheme+"://", "git.example.com", host, "curl ", "curl -sSf ").Replace(line)
		line, background := strings.CutSuffix(line, " &")
		text := "touch ~/set; . ~/set; set -e\n" + line + "\ndeclare -p RUNNER_UUID OAUTH_CLIENT_ID OAUTH_CLIENT_SECRET STEP 2>/dev/null > ~/set || :"
		if background {
			text = ". ~/set; export " + strings.Replace(line, " pail ", "; exec pail ", 1)
		}
		cmd := command(home, "bash", "-o", "pipefail", "-c", text)
		cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(bin)+string(os.PathListSeparator)+os.Getenv("PATH"), "HOME="+home, "API="+w.URL+"/2.0", "EMAIL="+w.Admin.Email, "TOKEN="+token,
			"GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL="+w.Admin.Email, "GIT_COMMITTER_NAME=Ada", "GIT_COMMITTER_EMAIL="+w.Admin.Email)
		if !background {
			if out, err := cmd.CombinedOutput(); err != nil {
				t0.Fatalf("%v\n%s", err, out)
			}
			return
		}
		said := new(strings.Builder)
		cmd.Stdout, cmd.Stderr = said, said
		check(w, cmd.Start())
		t.Cleanup(func() {
			_ = cmd.Process.Signal(os.Interrupt)
			if err := cmd.Wait(); err != nil {
				t.Errorf("%v\n%s", err, said)
			}
		})
	}
}
