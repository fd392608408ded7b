package story

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/pailtest"
)

// node runs a script of testdata/clients, which calls Pail with the npm package bitbucket that .ci/run installs.
func node(t *testing.T, w *pailtest.World, script string, env ...string) {
	t.Helper()
	modules, err := filepath.Abs(filepath.Join("..", "..", ".ci"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("node"); err != nil {
		pailtest.Skip(t, "node", "no node on this machine")
	}
	if _, err := os.Stat(filepath.Join(modules, "node_modules", "bitbucket")); err != nil {
		pailtest.Skip(t, "node", "the npm package bitbucket is not here (npm install --prefix .ci --no-save bitbucket)")
	}
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join("testdata", "clients", script))
	cmd.Env = append(os.Environ(), append(env, "MODULES="+modules, "API="+w.URL+"/2.0", "EMAIL="+w.Admin.Email, "USER_ID={"+w.Member.ID+"}", "NO_PROXY=*")...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestNodeClient calls what testdata/clients/bitbucket.mjs lists.
func TestNodeClient(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		w.Push(3)
		node(t, w, "bitbucket.mjs", "KEY="+strings.Split(deployKeyBody, `"`)[3], "TOKEN="+w.Secret(w.Admin, "read:repository", "write:repository", "admin:repository",
			"delete:repository", "read:project", "admin:project", "read:workspace", "read:webhook", "write:webhook", "delete:webhook", "write:ssh-key", "delete:ssh-key",
			"write:permission", "delete:permission"))
	})
}

// TestNodeClientReview holds the reviews of testdata/clients/pullrequests.mjs.
func TestNodeClientReview(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		r := newReview(s)
		r.commit(r.remote, "topic", "main", "topic.txt", "1\n")
		r.commit(r.remote, "other", "main", "other.txt", "1\n")
		scopes := []string{"read:repository", "write:repository", "read:pullrequest", "write:pullrequest"}
		node(t, r.World, "pullrequests.mjs", "TOKEN="+r.Secret(r.Admin, append(scopes, "admin:repository")...), "AUTHOR_ID={"+r.Admin.ID+"}",
			"REVIEWER_EMAIL="+r.Member.Email, "REVIEWER_TOKEN="+r.Secret(r.Member, scopes...))
	})
}

// keysOf are the operations with one of these tags, as JSON.
func keysOf(t *testing.T, tags ...string) string {
	t.Helper()
	var keys []string
	for _, op := range catalog.All() {
		if slices.Contains(tags, op.Tag) {
			keys = append(keys, op.Key)
		}
	}
	operations, err := json.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	return string(operations)
}

// TestNodeClientIssues does what testdata/clients/issues_snippets.mjs does with issue trackers and snippets. Wikis have no operations.
func TestNodeClientIssues(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		labels(w)
		node(t, w, "issues_snippets.mjs", "OPERATIONS="+keysOf(t, "Issue tracker", "Snippets", "Wiki"), "USERNAME="+w.Admin.Username, "APP_PASSWORD="+w.AppPassword(w.Admin, "snippet"),
			"TOKEN="+w.Secret(w.Admin, "admin:repository", "read:issue", "write:issue", "delete:issue", "read:user", "write:user", "read:snippet", "write:snippet", "delete:snippet"))
	})
}

// TestNodeClientPipelines runs the pipelines of testdata/clients/pipelines.mjs.
func TestNodeClientPipelines(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		pushFile(w, "widgets", "bitbucket-pipelines.yml", `definitions:
  caches:
    work: work
    other: other
pipelines:
  default:
    - step:
        oidc: true
        caches: [work, other]
        script:
          - echo "Hello from $BITBUCKET_BRANCH"
          - mkdir -p work other test-results && echo kept | tee work/kept >other/kept
          - echo '<testsuite><testcase name="good"/><testcase name="bad"><failure message="it broke"/></testcase></testsuite>' >test-results/junit.xml
    - step:
        deployment: lab
        script:
          - echo deployed
  custom:
    slow:
      - step:
          script:
            - sleep 600
`)
		startRunner(w)
		pair := newKeyPair(t)
		private, err := os.ReadFile(pair.file)
		check(w, err)
		node(t, w, "pipelines.mjs", "OPERATIONS="+keysOf(t, "Pipelines", "Deployments"), "USERNAME="+w.Admin.Username, "APP_PASSWORD="+w.AppPassword(w.Admin, "pipeline:variable"), "PUBLIC_KEY="+strings.TrimSpace(pair.public), "PRIVATE_KEY="+string(private),
			"TOKEN="+w.Secret(w.Admin, "admin:repository", "read:project", "admin:project", "read:pipeline", "write:pipeline", "admin:pipeline", "read:runner", "write:runner",
				"read:ssh-key", "write:ssh-key", "delete:ssh-key", "read:user", "write:user", "read:workspace", "admin:workspace"))
	})
}
