package runner

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	docker "github.com/moby/moby/client"
	"github.com/pailforge/pail/internal/pailtest/need"
	"github.com/pailforge/pail/internal/runnerapi"
)

// The images that .ci/engine makes: busybox, a service and a pipe of it, and Debian with git.
const (
	busybox = "localhost/pail-busybox:1"
	web     = "localhost/pail-web:1"
	pipe    = "localhost/pail-pipe:1"
	debian  = "localhost/pail-debian:1"
)

// needEngine is the engine of the machine with both images.
func needEngine(t testing.TB) *docker.Client {
	t.Helper()
	if os.Getenv("DOCKER_HOST") == "" {
		need.Skip(t, "engine", "no container engine: DOCKER_HOST does not name one")
	}
	api, err := docker.New(docker.FromEnv)
	if err == nil {
		for _, name := range []string{busybox, web, pipe, debian} {
			if err == nil {
				_, err = api.ImageInspect(t.Context(), name)
			}
		}
	}
	if err != nil {
		need.Skip(t, "engine", fmt.Sprintf("no container engine with the images of tests: %v", err))
	}
	return api
}

// containers are those of a runner.
func containers(t testing.TB, api *docker.Client, runner string) []string {
	t.Helper()
	list, err := api.ContainerList(t.Context(), docker.ContainerListOptions{All: true, Filters: docker.Filters{}.Add("label", label+"="+runner)})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, c := range list.Items {
		all = append(all, c.ID)
	}
	return all
}

func TestEngine(t *testing.T) {
	api := needEngine(t)
	server := newFakeServer(t)
	config := server.config(t, runnerapi.Docker)
	begin(t, config)
	run := func(s runnerapi.Step) (runnerapi.Result, string) {
		t.Helper()
		if s.Image.Name == "" {
			s.Image.Name = busybox
		}
		result, log := server.add(s).end(t)
		if left := containers(t, api, server.runner); len(left) > 0 {
			t.Fatalf("left behind: %s", left)
		}
		return result, log
	}
	variables := []runnerapi.Variable{{Name: "GREETING", Value: "hello"}, {Name: "PASSWORD", Value: "open sesame", Secured: true}}

	t.Run("a script", func(t *testing.T) {
		result, log := run(runnerapi.Step{Script: commands("export WHO=world", `echo "$GREETING $WHO from $PWD"`, `echo "$PASSWORD"`, "exit 3"), After: commands("echo ended with $BITBUCKET_EXIT_CODE"), Variables: variables})
		if result.Outcome != runnerapi.Failed || result.Exit != 3 || !strings.Contains(log, "hello world from "+cloneInside+"\n") || !strings.Contains(log, "ended with 3") || strings.Contains(log, "sesame") {
			t.Fatalf("%+v\n%s", result, log)
		}
	})
	t.Run("has no rights", func(t *testing.T) {
		result, log := run(runnerapi.Step{Script: commands("grep -E 'CapEff|NoNewPrivs' /proc/self/status", "mount -t tmpfs none /mnt && exit 9 || :", "ls /proc | grep -c '^[0-9]*$'", "mount | grep ' /[^pds]' | grep -v ' /etc' || :")})
		if result.Outcome != runnerapi.Successful || !strings.Contains(log, "NoNewPrivs:\t1") || !strings.Contains(log, "CapEff:\t00000000800405fb") {
			t.Fatalf("%+v\n%s", result, log)
		}
	})
	t.Run("limits", func(t *testing.T) {
		result, log := run(runnerapi.Step{Memory: 16, Script: commands("echo begins", "x=$(head -c 40000000 /dev/zero | tr '\\0' x)", "echo ${#x}")})
		if result.Outcome != runnerapi.Failed || result.Reason != runnerapi.OutOfMemory || !strings.Contains(log, "begins") {
			t.Fatalf("%+v\n%s", result, log)
		}
	})
	t.Run("max-time, and forks without end", func(t *testing.T) {
		result, log := run(runnerapi.Step{MaxTime: 4, Memory: 512, Script: commands("echo begins", "setsid sleep 98771 &", "bomb() { bomb & bomb & }", "bomb", "sleep 98771")})
		if result.Reason != runnerapi.TimedOut || alive(t, "98771") || !strings.Contains(log, "begins") {
			t.Fatalf("%+v\n%s", result, log)
		}
	})
	t.Run("what goes to the background ends with the step", func(t *testing.T) {
		result, log := run(runnerapi.Step{Script: commands("setsid sleep 98772 &", "echo away")})
		if result.Outcome != runnerapi.Successful || alive(t, "98772") {
			t.Fatalf("%+v\n%s", result, log)
		}
	})
	t.Run("is killed from outside", func(t *testing.T) {
		s := server.add(runnerapi.Step{Image: runnerapi.Image{Name: busybox}, Script: commands("echo begins", "sleep 98773")})
		s.until(t, "begins\n")
		for _, id := range containers(t, api, server.runner) {
			if _, err := api.ContainerKill(t.Context(), id, docker.ContainerKillOptions{Signal: "KILL"}); err != nil {
				t.Fatal(err)
			}
		}
		if result, log := s.end(t); result.Outcome != runnerapi.Errored || result.Reason != runnerapi.Killed {
			t.Fatalf("%+v\n%s", result, log)
		}
	})
	t.Run("an image that is not there", func(t *testing.T) {
		result, log := run(runnerapi.Step{Image: runnerapi.Image{Name: "localhost:1/nothing:$GREETING"}, Variables: variables, Script: commands("true")})
		if result.Outcome != runnerapi.Errored || result.Reason != runnerapi.ImageMissing || !strings.Contains(log, "localhost:1/nothing:hello") {
			t.Fatalf("%+v\n%s", result, log)
		}
	})
	t.Run("a service beside it", func(t *testing.T) {
		service := runnerapi.Service{UUID: "11111111-1111-1111-1111-111111111111", Name: "web", Image: runnerapi.Image{Name: web}, Memory: 128,
			Variables: []runnerapi.Variable{{Name: "SAYS", Value: "$GREETING from the service"}, {Name: "PORT", Value: "18099"}}}
		s := server.add(runnerapi.Step{Image: runnerapi.Image{Name: busybox}, Memory: 512, Variables: variables, Services: []runnerapi.Service{service},
			Script: commands("until wget -qO- http://127.0.0.1:18099/said; do sleep 0.1; done")})
		result, log := s.end(t)
		if result.Outcome != runnerapi.Successful || !strings.Contains(log, "hello from the service") {
			t.Fatalf("%+v\n%s", result, log)
		}
		if said := string(s.log[service.UUID]); !strings.Contains(said, "the service is there") {
			t.Fatalf("log of the service: %q", said)
		}
	})
	t.Run("a pipe", func(t *testing.T) {
		call := func(name string, variables ...runnerapi.Variable) runnerapi.Command {
			return runnerapi.Command{Pipe: &runnerapi.Pipe{Name: name, Image: pipe, Variables: variables}}
		}
		result, log := run(runnerapi.Step{Variables: variables, Script: slices.Concat(
			commands("WHO='the \"world\"\nand more'"), []runnerapi.Command{call("some/pipe:1", runnerapi.Variable{Name: "TEXT", Value: "`a` \"$WHO\" ${GREETING} $5"})},
			commands("cat made-by-pipe"), []runnerapi.Command{call("some/pipe:1", runnerapi.Variable{Name: "CODE", Value: "4"})}, commands("echo never"))})
		want := "pipe says `a` \"the \"world\"\nand more\" hello $5 in " + cloneInside + ", hello\n"
		if result.Outcome != runnerapi.Failed || result.Exit != 4 || !strings.Contains(log, want) || !strings.Contains(log, "made\n") || strings.Contains(log, "\nnever") {
			t.Fatalf("%+v\n%s", result, log)
		}
	})
	t.Run("artifacts, caches and reports", func(t *testing.T) {
		step := runnerapi.Step{Script: commands("mkdir -p out/deep ~/.cache/tool test-results; echo artifact >out/deep/a.txt; ln -s /etc/passwd out/link; echo kept >~/.cache/tool/x; echo no >out/b.log",
			"echo '<testsuite/>' >test-results/r.xml", "echo V=1 >>$BITBUCKET_PIPELINES_VARIABLES_PATH"), Outputs: []string{"V"},
			Caches:    []runnerapi.Cache{{Name: "tool", Path: "~/.cache/tool", Key: "k"}, {Name: "here", Path: "out", Key: "k2"}},
			Artifacts: []runnerapi.Artifact{{Name: "out", Type: "shared", Paths: []string{"out/**"}, Not: []string{"**.log"}, When: "success"}, {Name: "no", Type: "shared", Paths: []string{"**"}, When: "failed"}}}
		result, log := run(step)
		if result.Outcome != runnerapi.Successful || result.Outputs["V"] != "1" {
			t.Fatalf("%+v\n%s", result, log)
		}
		if got := entries(t, server.octets["artifact out"]); len(got) != 2 || got["out/deep/a.txt"] != "artifact\n" || got["out/link"] != "-> /etc/passwd" {
			t.Fatalf("%v\n%s", got, log)
		}
		if got := slices.Sorted(maps.Keys(server.octets)); len(got) != 4 || string(server.octets["report test-results/r.xml"]) != "<testsuite/>\n" {
			t.Fatalf("%q\n%s", got, log)
		}
		server.octets["artifact f1"] = server.octets["artifact out"]
		step.Script = commands("cat ~/.cache/tool/x out/deep/a.txt out/b.log")
		step.Fetch = []runnerapi.Fetch{{UUID: "f1", Name: "out"}}
		if result, log = run(step); result.Outcome != runnerapi.Successful || !strings.Contains(log, "kept\nartifact\nno\n") {
			t.Fatalf("%+v\n%s", result, log)
		}
	})
	t.Run("another user, and bash", func(t *testing.T) {
		user := 1000
		result, log := run(runnerapi.Step{Image: runnerapi.Image{Name: debian, User: &user}, Script: commands("id -u", "touch mine", "[[ -n $BASH_VERSION ]]", "git --version")})
		if result.Outcome != runnerapi.Successful || !strings.Contains(log, "\n1000\n") {
			t.Fatalf("%+v\n%s", result, log)
		}
	})
}

// entries are what an Archive holds.
func entries(t testing.TB, archive []byte) map[string]string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(r)
		all[h.Name] = string(text)
		if h.Linkname != "" {
			all[h.Name] = "-> " + h.Linkname
		}
	}
}

// What a runner that was killed left behind is removed when it starts again.
func TestEngineRunnerKilled(t *testing.T) {
	api := needEngine(t)
	server := newFakeServer(t)
	config := server.config(t, runnerapi.Docker)
	cmd := exec.Command(os.Args[0], "-test.run=^TestStartProcess$")
	cmd.Env = append(os.Environ(), "PAIL_TEST_RUNNER="+strings.Join([]string{config.URL, config.UUID, config.Directory, runnerapi.Docker}, " "))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := server.add(runnerapi.Step{Image: runnerapi.Image{Name: busybox}, Script: commands("echo begins", "sleep 98774")})
	s.until(t, "begins\n")
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if len(containers(t, api, server.runner)) != 1 {
		t.Fatal("nothing is left, so there is nothing to remove")
	}
	begin(t, config)
	if left := containers(t, api, server.runner); len(left) > 0 || alive(t, "98774") {
		t.Fatalf("left behind: %s", left)
	}
}
