package story

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/database/databasetest"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/webhook"
	"github.com/pailforge/pail/internal/workspace"
)

// received is one request that a receiver of webhooks got.
type received struct {
	Header http.Header
	Body   []byte
	JSON   map[string]any
}

// at is what is at a path of names, and of indexes, in the body.
func (r received) at(path ...any) any {
	var v any = r.JSON
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

// receiver is a real server that webhooks are sent to.
type receiver struct {
	t      *testing.T
	url    string
	calls  chan received
	mu     sync.Mutex
	answer func(received, http.ResponseWriter) // nil: 200
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{t: t, calls: make(chan received, 1000)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		body, err := io.ReadAll(hr.Body)
		got := received{Header: hr.Header.Clone(), Body: body}
		if err != nil || hr.Method != http.MethodPost || json.Unmarshal(body, &got.JSON) != nil {
			t.Errorf("%s with %q: %v", hr.Method, body, err)
		}
		r.mu.Lock()
		answer := r.answer
		r.mu.Unlock()
		if answer != nil {
			answer(got, w)
		}
		r.calls <- got
	}))
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

func (r *receiver) answers(f func(received, http.ResponseWriter)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = f
}

// next is the next request, which must be of this event.
func (r *receiver) next(event string) received {
	r.t.Helper()
	select {
	case got := <-r.calls:
		if key := got.Header.Get("X-Event-Key"); key != event {
			r.t.Fatalf("%s came, and not %s: %s", key, event, got.Body)
		}
		return got
	case <-time.After(time.Minute):
		r.t.Fatalf("%s did not come", event)
	}
	return received{}
}

// none fails when something else came.
func (r *receiver) none() {
	r.t.Helper()
	select {
	case got := <-r.calls:
		r.t.Errorf("%s came, too: %s", got.Header.Get("X-Event-Key"), got.Body)
	default:
	}
}

// openTo lets a server call this machine.
var openTo = []string{"PAIL_OUTBOUND_ALLOW=127.0.0.1"}

// eachWithReceiver runs f on both databases, on a server that may call a receiver.
func eachWithReceiver(t *testing.T, f func(t *testing.T, w *pailtest.World, r *receiver)) {
	t.Parallel()
	databasetest.EachDSN(t, func(t *testing.T, dsn string) {
		f(t, pailtest.Start(t, pailtest.Options{DSN: dsn, Env: openTo}).World(), newReceiver(t))
	})
}

// curl runs the real one, as the admin with these scopes, and returns the answer.
func curl(w *pailtest.World, scopes []string, args ...string) string {
	w.T.Helper()
	out, err := exec.Command("curl", append([]string{"--silent", "--show-error", "--fail-with-body", "--user", w.Admin.Email + ":" + w.Secret(w.Admin, scopes...)}, args...)...).CombinedOutput()
	if err != nil {
		w.T.Fatalf("curl: %v\n%s", err, out)
	}
	return string(out)
}

const signature = "it's a secret to everybody"

// hookTo makes a webhook with curl, and returns its uuid in braces.
func hookTo(w *pailtest.World, subject, url string, events ...string) string {
	w.T.Helper()
	body, err := json.Marshal(map[string]any{"url": url, "description": "a receiver", "active": true, "events": events, "secret": signature})
	check(w, err)
	made := curl(w, []string{"read:webhook", "write:webhook"}, "--json", string(body), w.URL+"/2.0/"+subject+"/hooks")
	var hook struct {
		UUID   string `json:"uuid"`
		Set    bool   `json:"secret_set"`
		Secret any    `json:"secret"`
	}
	check(w, json.Unmarshal([]byte(made), &hook))
	if !hook.Set || hook.Secret != nil || strings.Contains(made, signature) {
		w.T.Fatalf("the answer is %s", made)
	}
	return hook.UUID
}

// signed holds a request to its signature.
func (r *receiver) signed(got received) {
	r.t.Helper()
	mac := hmac.New(sha256.New, []byte(signature))
	mac.Write(got.Body)
	if want := "sha256=" + hex.EncodeToString(mac.Sum(nil)); got.Header.Get("X-Hub-Signature") != want {
		r.t.Errorf("the signature is %q, not %q", got.Header.Get("X-Hub-Signature"), want)
	}
}

// TestWebhookOfPush: a push over git calls a webhook that was made with curl, signed, with what changed.
func TestWebhookOfPush(t *testing.T) {
	eachWithReceiver(t, func(t *testing.T, w *pailtest.World, r *receiver) {
		uuid := hookTo(w, "repositories/acme/widgets", r.url+"/hook?token=1", "repo:push")
		dir := w.Push(7)
		got := r.next("repo:push")
		r.signed(got)
		for name, want := range map[string]string{"Content-Type": "application/json", "User-Agent": "Pail-Webhooks/2.0", "X-Attempt-Number": "1", "X-Hook-Uuid": strings.Trim(uuid, "{}")} {
			if is := got.Header.Get(name); is != want {
				t.Errorf("%s: %q, not %q", name, is, want)
			}
		}
		if len(got.Header.Get("X-Request-UUID")) != 36 {
			t.Errorf("X-Request-UUID: %q", got.Header.Get("X-Request-UUID"))
		}
		for _, c := range []struct {
			path []any
			want any
		}{
			{[]any{"actor", "uuid"}, "{" + w.Admin.ID + "}"}, {[]any{"actor", "type"}, "user"}, {[]any{"repository", "full_name"}, "acme/widgets"}, {[]any{"repository", "mainbranch", "name"}, "main"},
			{[]any{"push", "changes", 0, "new", "name"}, "main"}, {[]any{"push", "changes", 0, "new", "type"}, "branch"}, {[]any{"push", "changes", 0, "old"}, nil},
			{[]any{"push", "changes", 0, "created"}, true}, {[]any{"push", "changes", 0, "closed"}, false}, {[]any{"push", "changes", 0, "forced"}, false}, {[]any{"push", "changes", 0, "truncated"}, true},
			{[]any{"push", "changes", 0, "new", "target", "message"}, "Commit 6\n"}, {[]any{"push", "changes", 0, "commits", 4, "message"}, "Commit 2\n"}, {[]any{"push", "changes", 0, "commits", 5}, nil},
			{[]any{"push", "changes", 3, "new", "type"}, "tag"}, {[]any{"push", "changes", 3, "new", "message"}, "The first one\n"}, {[]any{"push", "changes", 3, "new", "target", "message"}, "Commit 6\n"},
			{[]any{"push", "changes", 4}, nil},
		} {
			if is := got.at(c.path...); is != c.want {
				t.Errorf("%v: %v, not %v", c.path, is, c.want)
			}
		}

		// A branch that is rewritten, and one that goes.
		before := w.Git(dir, "rev-parse", "main")
		w.Git(dir, "reset", "--quiet", "--hard", "HEAD~3")
		w.Git(dir, "commit", "--quiet", "--allow-empty", "-m", "Another way")
		w.Git(dir, "push", "--quiet", "--force", w.Remote("x-bitbucket-api-token-auth", w.Secret(w.Admin, "read:repository", "write:repository"), "acme/widgets"), "main", ":feature/one")
		got = r.next("repo:push")
		changes, _ := got.at("push", "changes").([]any)
		if len(changes) != 2 {
			t.Fatalf("%s", got.Body)
		}
		for i := range changes {
			change := received{JSON: changes[i].(map[string]any)}
			name, said := change.at("old", "name"), strings.Trim(fmt.Sprint([]any{change.at("created"), change.at("closed"), change.at("forced"), change.at("truncated"), change.at("old", "target", "hash")}), "[]")
			if want := map[any]string{"main": "false false true false " + before, "feature/one": "false true false false " + before}[name]; said != want {
				t.Errorf("%v: %s, not %s", name, said, want)
			}
			if name == "main" && (change.at("commits", 0, "message") != "Another way\n" || change.at("commits", 1) != nil) {
				t.Errorf("the commits of main: %v", change.at("commits"))
			}
		}
		r.none()
	})
}

// do calls the API as the admin, with every scope that these tests need.
func do(w *pailtest.World, method, path string, body any, status int) *pailtest.Answer {
	w.T.Helper()
	return w.Want(w.Do(w.Token(w.Admin, "read:repository", "write:repository", "admin:repository", "delete:repository", "read:project", "admin:project", "read:webhook", "write:webhook", "delete:webhook", "read:workspace"), method, "/2.0"+path, body), status)
}

// TestWebhookOfWorkspace: everything that happens in a workspace calls its webhook, in the order in which it happened.
func TestWebhookOfWorkspace(t *testing.T) {
	eachWithReceiver(t, func(t *testing.T, w *pailtest.World, r *receiver) {
		var events []string
		for _, e := range do(w, "GET", "/hook_events/workspace?pagelen=100", nil, 200).Get("values").([]any) {
			events = append(events, e.(map[string]any)["event"].(string))
		}
		hookTo(w, "workspaces/acme", r.url, events...)
		expect := func(event string, want string, path ...any) received {
			t.Helper()
			got := r.next(event)
			r.signed(got)
			if is := strings.TrimSpace(fmt.Sprint(got.at(path...))); is != want {
				t.Errorf("%s: %v is %s, not %s: %s", event, path, is, want, got.Body)
			}
			if got.at("actor", "nickname") != "acme-admin" {
				t.Errorf("%s: the actor is %v", event, got.at("actor"))
			}
			return got
		}
		const repo = "/repositories/acme/parts"
		do(w, "POST", repo, `{"description":"one","project":{"key":"FTO"}}`, 200)
		expect("repo:created", "acme/parts", "repository", "full_name")
		do(w, "PUT", repo, `{"description":"two"}`, 200)
		expect("repo:updated", "map[description:map[new:two old:one]]", "changes")
		do(w, "PUT", repo, `{"description":"two"}`, 200) // nothing changes, and nothing is told
		do(w, "POST", repo+"/src", pailtest.Form("message=First&a.txt=1"), 201)
		expect("repo:push", "First", "push", "changes", 0, "commits", 0, "message")
		do(w, "POST", repo+"/refs/branches", `{"name":"topic","target":{"hash":"main"}}`, 201)
		got := expect("repo:push", "true", "push", "changes", 0, "created")
		if got.at("push", "changes", 0, "commits", 0) != nil {
			t.Errorf("a branch without commits of its own has some: %s", got.Body)
		}
		do(w, "POST", repo+"/src", pailtest.Form("message=Second&branch=topic&a.txt=2"), 201)
		got = expect("repo:push", "First", "push", "changes", 0, "old", "target", "message")
		if got.at("push", "changes", 0, "new", "name") != "topic" || got.at("push", "changes", 0, "forced") != false {
			t.Errorf("%s", got.Body)
		}
		do(w, "POST", repo+"/refs/tags", `{"name":"v1","target":{"hash":"topic"},"message":"The first"}`, 201)
		expect("repo:push", "The first", "push", "changes", 0, "new", "message")
		do(w, "DELETE", repo+"/refs/branches/topic", nil, 204)
		expect("repo:push", "true", "push", "changes", 0, "closed")
		do(w, "DELETE", repo+"/refs/tags/v1", nil, 204)
		expect("repo:push", "Second", "push", "changes", 0, "old", "target", "message")

		const commit = repo + "/commit/main"
		do(w, "POST", commit+"/comments", `{"content":{"raw":"Why?"}}`, 201)
		got = expect("repo:commit_comment_created", "Why?", "comment", "content", "raw")
		if hash, _ := got.at("commit", "hash").(string); len(hash) != 40 {
			t.Errorf("the commit is %v", got.at("commit"))
		}
		do(w, "POST", commit+"/statuses/build", `{"key":"ci","state":"INPROGRESS"}`, 201)
		expect("repo:commit_status_created", "INPROGRESS", "commit_status", "state")
		do(w, "POST", commit+"/statuses/build", `{"key":"ci","state":"FAILED"}`, 201)
		expect("repo:commit_status_updated", "FAILED", "commit_status", "state")
		do(w, "PUT", commit+"/statuses/build/ci", `{"state":"SUCCESSFUL"}`, 200)
		expect("repo:commit_status_updated", "SUCCESSFUL", "commit_status", "state")

		do(w, "POST", repo+"/forks", `{"name":"Copies"}`, 201)
		expect("repo:created", "acme/copies", "repository", "full_name")
		got = expect("repo:fork", "acme/copies", "fork", "full_name")
		if got.at("repository", "full_name") != "acme/parts" {
			t.Errorf("%s", got.Body)
		}
		do(w, "PUT", "/repositories/acme/copies", `{"name":"Renamed"}`, 200)
		expect("repo:updated", "map[new:acme/renamed old:acme/copies]", "changes", "full_name")
		do(w, "PUT", "/workspaces/acme/projects/FTO", `{"name":"For one"}`, 200)
		expect("project:updated", "map[name:map[new:For one old:For the Others]]", "changes")
		do(w, "DELETE", repo, nil, 204)
		expect("repo:deleted", "acme/parts", "repository", "full_name")

		// To another workspace: that one hears where the repository is now, and this one what has left it.
		other, err := w.Workspaces.CreateWorkspace(context.Background(), "other", "Other", w.Admin.ID)
		check(w, err)
		project, err := w.Workspaces.CreateProject(context.Background(), &other, workspace.NewProject{Key: "OTH", Name: "Other"})
		check(w, err)
		there := newReceiver(t)
		hookTo(w, "workspaces/other", there.url, "repo:transfer")
		_, err = w.Repositories.Transfer(context.Background(), w.Repository, project)
		check(w, err)
		if got := r.next("repo:transfer"); got.at("repository", "full_name") != "acme/widgets" || got.at("previous_owner", "username") != "acme" || got.at("actor") != nil {
			t.Errorf("%s", got.Body)
		}
		if got := there.next("repo:transfer"); got.at("repository", "full_name") != "other/widgets" {
			t.Errorf("%s", got.Body)
		}
		r.none()
		there.none()
	})
}

// TestWebhookOfForkElsewhere: who listens to a repository does not hear of a private fork in a workspace that is not theirs.
func TestWebhookOfForkElsewhere(t *testing.T) {
	eachWithReceiver(t, func(t *testing.T, w *pailtest.World, r *receiver) {
		_, err := w.Workspaces.CreateWorkspace(context.Background(), "other", "Other", w.Admin.ID)
		check(w, err)
		check(w, errOf(w.Workspaces.CreateProject(context.Background(), ref(workspaceOf(w, "other")), workspace.NewProject{Key: "OTH", Name: "Other", Public: true})))
		hookTo(w, "repositories/acme/widgets", r.url, "repo:fork")
		do(w, "POST", "/repositories/acme/widgets/forks", `{"name":"Hidden","workspace":{"slug":"other"},"is_private":true}`, 201)
		do(w, "POST", "/repositories/acme/widgets/forks", `{"name":"Open","workspace":{"slug":"other"},"is_private":false}`, 201)
		if got := r.next("repo:fork"); got.at("fork", "full_name") != "other/open" {
			t.Errorf("%s", got.Body)
		}
		r.none()
	})
}

func ref[T any](v T) *T { return &v }

func errOf[T any](_ T, err error) error { return err }

func workspaceOf(w *pailtest.World, slug string) workspace.Workspace {
	found, err := workspace.BySlug(context.Background(), w.DB, slug)
	check(w, err)
	return found
}

// built makes an event that is told by its name.
func built(w *pailtest.World, name string) {
	w.T.Helper()
	do(w, "POST", "/repositories/acme/widgets/commit/main/statuses/build", fmt.Sprintf(`{"key":"ci","state":"SUCCESSFUL","name":%q}`, name), 201)
}

const statusCreated, statusUpdated = "repo:commit_status_created", "repo:commit_status_updated"

// deliveries are those of the only webhook, the newest first.
func deliveries(w *pailtest.World, subject webhook.Subject) []webhook.Delivery {
	w.T.Helper()
	all, err := w.Webhooks.List(context.Background(), subject)
	check(w, err)
	list, err := w.Webhooks.Deliveries(context.Background(), &all[0])
	check(w, err)
	return list
}

// until waits for something that a worker does by itself.
func until(w *pailtest.World, what string, done func() bool) {
	w.T.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			w.T.Fatalf("it never came about that %s", what)
		}
	}
}

// due lets the time pass after which a failed delivery is sent again.
func due(w *pailtest.World) { w.Exec(`UPDATE webhook_delivery SET due_on = 0 WHERE state = 'waiting'`) }

// TestWebhookRetries: what a receiver does not take is sent again, twice, before anything else that it is to get; what it refuses
// is not.
func TestWebhookRetries(t *testing.T) {
	eachWithReceiver(t, func(t *testing.T, w *pailtest.World, r *receiver) {
		w.Push(1)
		hookTo(w, "repositories/acme/widgets", r.url, statusCreated, statusUpdated)
		subject := w.Webhooks.OfRepository(w.Repository)
		r.answers(func(got received, rw http.ResponseWriter) {
			switch {
			case got.at("commit_status", "name") == "refused":
				rw.WriteHeader(403)
				_, _ = io.WriteString(rw, "wrong signature")
			case got.Header.Get("X-Attempt-Number") != "3" || got.at("commit_status", "name") == "never":
				rw.WriteHeader(500)
			}
		})
		built(w, "late")
		first := r.next(statusCreated)
		built(w, "never")
		built(w, "refused")
		built(w, "last")
		for n := 2; n <= 3; n++ {
			until(w, "the attempt is noted", func() bool { all := deliveries(w, subject); return all[len(all)-1].Attempts == n-1 })
			r.none() // nothing overtakes it
			if d := deliveries(w, subject)[3]; d.State != webhook.Waiting || d.Status != 500 || d.Reason != reason.WebhookAnswer || time.Until(d.Due) <= 0 {
				t.Errorf("after attempt %d: %+v", n-1, d)
			}
			due(w)
			got := r.next(statusCreated)
			r.signed(got)
			if got.Header.Get("X-Attempt-Number") != fmt.Sprint(n) || got.Header.Get("X-Request-Uuid") != first.Header.Get("X-Request-Uuid") || string(got.Body) != string(first.Body) {
				t.Errorf("attempt %d is another one: %v", n, got.Header)
			}
		}
		for n := 1; n <= 3; n++ {
			if got := r.next(statusUpdated); got.at("commit_status", "name") != "never" || got.Header.Get("X-Attempt-Number") != fmt.Sprint(n) {
				t.Errorf("%v %s", got.Header, got.Body)
			}
			if n < 3 {
				until(w, "the attempt is noted", func() bool { return deliveries(w, subject)[2].Attempts == n })
				due(w)
			}
		}
		if got := r.next(statusUpdated); got.at("commit_status", "name") != "refused" {
			t.Errorf("%s", got.Body)
		}
		if got := r.next(statusUpdated); got.at("commit_status", "name") != "last" {
			t.Errorf("%s", got.Body)
		}
		for range 2 {
			built(w, "last") // two more of which each fails once
		}
		until(w, "all is sent", func() bool { return deliveries(w, subject)[3].State != webhook.Waiting })
		all := deliveries(w, subject)
		for i, want := range map[int]string{5: "delivered 3 200 ", 4: "failed 3 500 webhook.answer", 3: "failed 1 403 webhook.answer"} {
			if d := all[i]; fmt.Sprintf("%s %d %d %s", d.State, d.Attempts, d.Status, d.Reason) != want {
				t.Errorf("%d: %+v", i, d)
			}
		}
		if d := all[3]; d.AnswerBody != "wrong signature" || !strings.Contains(d.AnswerHead, "Content-Length: 15\n") || d.URL != r.url || d.Duration <= 0 {
			t.Errorf("%+v", d)
		}

		// Switched off, it is not called with what waits, and not with what happens then.
		until(w, "one has failed", func() bool { return deliveries(w, subject)[2].Attempts == 1 })
		hook := deliveries(w, subject)[0].HookID
		do(w, "PUT", "/repositories/acme/widgets/hooks/%7B"+hook+"%7D", `{"active":false}`, 200)
		built(w, "unheard")
		all = deliveries(w, subject)
		if len(all) != 6 || all[0].State != webhook.Failed || all[0].Reason != reason.WebhookDropped || all[2].State != webhook.Failed {
			t.Errorf("%+v", all)
		}
		r.answers(nil)
		do(w, "PUT", "/repositories/acme/widgets/hooks/%7B"+hook+"%7D", `{"active":true,"events":["repo:push","`+statusUpdated+`"]}`, 200)
		for len(r.calls) > 0 { // the attempt that failed
			<-r.calls
		}
		built(w, "heard")
		if got := r.next(statusUpdated); got.at("commit_status", "name") != "heard" {
			t.Errorf("%s", got.Body)
		}

		// Sent again, it is the same under another uuid.
		h, err := w.Webhooks.Find(context.Background(), subject, hook)
		check(w, err)
		check(w, w.Webhooks.Again(context.Background(), subject, &h, 1))
		if got := r.next(statusCreated); string(got.Body) != string(first.Body) || got.Header.Get("X-Request-Uuid") == first.Header.Get("X-Request-Uuid") || got.Header.Get("X-Attempt-Number") != "1" {
			t.Errorf("%v %s", got.Header, got.Body)
		}
		do(w, "DELETE", "/repositories/acme/widgets/hooks/%7B"+hook+"%7D", nil, 204)
		built(w, "gone")
		r.none()
	})
}

// TestWebhookOfTwoServers: two servers share the work on one store. Each delivery is made once, those of one webhook in their
// order, and of the history of a webhook no more is kept than is promised.
func TestWebhookOfTwoServers(t *testing.T) {
	t.Parallel()
	databasetest.EachDSN(t, func(t *testing.T, dsn string) {
		w := pailtest.Start(t, pailtest.Options{DSN: dsn, Env: openTo}).World()
		pailtest.Start(t, pailtest.Options{DSN: dsn, Env: openTo})
		w.Push(1)
		const hooks, events = 3, 120
		var all []*receiver
		for i := range hooks {
			r := newReceiver(t)
			if i == 0 {
				hookTo(w, "workspaces/acme", r.url, statusCreated, statusUpdated)
			} else {
				hookTo(w, "repositories/acme/widgets", r.url, statusCreated, statusUpdated)
			}
			all = append(all, r)
		}
		credential := w.Token(w.Admin, "read:repository")
		for i := range events {
			w.Want(w.Do(credential, "POST", onMainPath+"/statuses/build", fmt.Sprintf(`{"key":"ci","state":"SUCCESSFUL","name":"%d"}`, i)), 201)
		}
		for _, r := range all {
			seen := map[string]bool{}
			for i := range events {
				event := statusUpdated
				if i == 0 {
					event = statusCreated
				}
				got := r.next(event)
				if name := fmt.Sprint(got.at("commit_status", "name")); name != fmt.Sprint(i) {
					t.Fatalf("%s came in place of %d", name, i)
				}
				if id := got.Header.Get("X-Request-Uuid"); seen[id] {
					t.Errorf("%s came twice", id)
				} else {
					seen[id] = true
				}
			}
			r.none()
		}
		until(w, "all is noted", func() bool {
			var left, most int
			check(w, w.DB.Row(context.Background(), `SELECT COUNT(*) FROM webhook_delivery WHERE state = 'waiting'`).Scan(&left))
			check(w, w.DB.Row(context.Background(), `SELECT MAX(n) FROM (SELECT COUNT(*) AS n FROM webhook_delivery GROUP BY webhook_id) x`).Scan(&most))
			return left == 0 && most == 100
		})
	})
}

// TestWebhookSurvivesKill: a server that is killed between an event and its delivery loses neither what waits nor what it was
// sending.
func TestWebhookSurvivesKill(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	r := newReceiver(t)
	var credential pailtest.Credential
	ok := t.Run("before", func(t *testing.T) {
		w := pailtest.Start(t, pailtest.Options{Data: data, Env: openTo}).World()
		w.Push(1)
		hookTo(w, "repositories/acme/widgets", r.url, statusCreated, statusUpdated)
		credential = w.Token(w.Admin, "read:repository")
	})
	if !ok {
		return
	}
	release, entered := make(chan struct{}), make(chan struct{}, 10)
	defer close(release)
	r.answers(func(received, http.ResponseWriter) {
		entered <- struct{}{}
		<-release
	})
	post := func(v *victim, name string) {
		t.Helper()
		hr, err := http.NewRequest("POST", v.url+onMainPath+"/statuses/build", strings.NewReader(fmt.Sprintf(`{"key":"ci","state":"SUCCESSFUL","name":%q}`, name)))
		if err != nil {
			t.Fatal(err)
		}
		credential(hr)
		answer, err := http.DefaultClient.Do(hr)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		if answer.StatusCode != 201 {
			t.Fatalf("status %d", answer.StatusCode)
		}
	}
	v := startVictim(t, data, openTo...)
	post(v, "first")
	<-entered // it is being sent
	post(v, "second")
	post(v, "third")
	v.kill(true)

	// The minute passes after which whoever took a delivery is taken for dead.
	db, err := database.Open(context.Background(), "sqlite:"+filepath.Join(data, "pail.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(context.Background(), func(tx *database.Tx) error {
		n, err := tx.Exec(context.Background(), `UPDATE webhook_delivery SET claimed_until = 1 WHERE claimed_until > 1`)
		if err == nil && n != 1 {
			t.Errorf("%d deliveries are claimed", n)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	r.answers(nil)
	v = startVictim(t, data, openTo...)
	defer v.kill(true)
	for i, name := range []string{"first", "second", "third"} {
		event := statusUpdated
		if i == 0 {
			event = statusCreated
		}
		if got := r.next(event); got.at("commit_status", "name") != name || got.Header.Get("X-Attempt-Number") != "1" {
			t.Errorf("%v %s", got.Header, got.Body)
		}
	}
}

// TestWebhookForbiddenAddresses: nobody reaches into the server's own network, neither when a webhook is made, nor when it is
// called.
func TestWebhookForbiddenAddresses(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		w.Push(1)
		r := newReceiver(t)
		credential := w.Token(w.Admin, "read:webhook", "write:webhook")
		for url, rule := range map[string]string{
			r.url: "loopback", "http://localhost:8080/": "loopback", "http://[::1]/": "loopback", "http://[::ffff:127.0.0.1]/": "loopback", "http://10.0.0.1/": "private", "http://192.168.1.1/": "private",
			"http://169.254.169.254/latest/meta-data/": "metadata", "http://0.0.0.0/": "unspecified", "http://[64:ff9b::7f00:1]/": "embedded", "http://100.64.1.1/": "shared", "http://[fe80::1]/": "link_local",
			"https://example.com:22/": "port", "https://example.com:6379/": "port",
		} {
			a := w.Want(w.Do(credential, "POST", "/2.0/repositories/acme/widgets/hooks", fmt.Sprintf(`{"url":%q,"events":["repo:push"]}`, url)), 400, "webhook.address_forbidden")
			if a.String("error.data.rule") != rule || a.String("error.fields.url") == "" {
				t.Errorf("%s: %s", url, a.Body)
			}
		}
		// One that was made while the address was still open.
		w.Want(w.Do(credential, "POST", "/2.0/repositories/acme/widgets/hooks", `{"url":"https://ci.example/","events":["`+statusCreated+`"]}`), 201)
		w.Exec(`UPDATE webhook SET url = $1`, r.url)
		built(w, "one")
		subject := w.Webhooks.OfRepository(w.Repository)
		until(w, "it has failed", func() bool { return deliveries(w, subject)[0].State == webhook.Failed })
		d := deliveries(w, subject)[0]
		if d.Reason != reason.WebhookAddressForbidden || d.Attempts != 1 || !strings.Contains(d.Problem, "rule loopback") || strings.Contains(d.Problem, "127.0.0.1") || d.Status != 0 {
			t.Errorf("%+v", d)
		}
		r.none()
	})
}

// TestWebhookFields: what is wrong in a body is told by the name of its field, and there is an end to how many there may be.
func TestWebhookFields(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		credential := w.Token(w.Admin, "read:webhook", "write:webhook", "delete:webhook")
		const list = "/2.0/repositories/acme/widgets/hooks"
		long := strings.Repeat("x", 2001)
		for _, c := range []struct{ body, field, reason string }{
			{`{"events":["repo:push"]}`, "url", "body.missing_field"}, {`{"url":"https://ci.example/"}`, "events", "body.missing_field"}, {`{"url":"","events":["repo:push"]}`, "url", "value.invalid"},
			{`{"url":"ftp://ci.example/","events":["repo:push"]}`, "url", "value.invalid"}, {`{"url":"https://me:hush@ci.example/","events":["repo:push"]}`, "url", "value.invalid"}, {`{"url":"//ci.example/","events":["repo:push"]}`, "url", "value.invalid"},
			{`{"url":"https://ci.example/ x","events":["repo:push"]}`, "url", "value.invalid"}, {`{"url":"https://ci.example/\u202e","events":["repo:push"]}`, "url", "value.invalid"}, {`{"url":"https://ci.example/` + long + `","events":["repo:push"]}`, "url", "value.invalid"},
			{`{"url":"https://%zz/","events":["repo:push"]}`, "url", "value.invalid"}, {`{"url":1,"events":["repo:push"]}`, "url", "body.wrong_type"},
			{`{"url":"https://ci.example/","events":[]}`, "events", "value.invalid"}, {`{"url":"https://ci.example/","events":["repo:pull"]}`, "events", "value.invalid"}, {`{"url":"https://ci.example/","events":["repo:deleted"]}`, "events", "value.invalid"},
			{`{"url":"https://ci.example/","events":["` + long + `"]}`, "events", "value.invalid"}, {`{"url":"https://ci.example/","events":"repo:push"}`, "events", "body.wrong_type"},
			{`{"url":"https://ci.example/","events":["repo:push"],"description":"` + long[:256] + `"}`, "description", "value.invalid"}, {`{"url":"https://ci.example/","events":["repo:push"],"description":"a\u0000b"}`, "description", "value.invalid"},
			{`{"url":"https://ci.example/","events":["repo:push"],"secret":"` + long[:129] + `"}`, "secret", "value.invalid"}, {`{"url":"https://ci.example/","events":["repo:push"],"active":"yes"}`, "active", "body.wrong_type"},
		} {
			a := w.Want(w.Do(credential, "POST", list, c.body), 400, c.reason)
			if a.String("error.fields."+c.field) == "" || strings.Contains(string(a.Body), "hush") {
				t.Errorf("%.80s: %s", c.body, a.Body)
			}
		}
		made := w.Want(w.Do(credential, "POST", list, `{"url":"https://ci.example/","events":["repo:push","repo:push","repo:fork"],"secret":"hush","unknown":1}`), 201)
		if made.String("events") != `["repo:fork","repo:push"]` || made.String("secret_set") != "true" || made.String("active") != "true" || made.String("subject_type") != "repository" {
			t.Errorf("%s", made.Body)
		}
		self := strings.TrimPrefix(made.String("links.self.href"), w.URL)
		if made.Header.Get("Location") != w.URL+self {
			t.Errorf("Location: %s", made.Header.Get("Location"))
		}
		for _, c := range []struct{ body, set string }{{`{"description":"two"}`, "true"}, {`{"secret":null}`, "false"}, {`{"secret":"again"}`, "true"}, {`{"secret":""}`, "false"}, {`{"secret":"\u4f60\u597d"}`, "true"}} {
			a := w.Want(w.Do(credential, "PUT", self, c.body), 200)
			if a.String("secret_set") != c.set || a.String("description") != "two" || strings.Contains(string(a.Body), `"secret":`) {
				t.Errorf("%s: %s", c.body, a.Body)
			}
		}
		w.Want(w.Do(credential, "GET", strings.Replace(self, "acme/widgets", "acme/gone", 1), nil), 404)
		w.Want(w.Do(credential, "GET", "/2.0/workspaces/acme/hooks/"+self[strings.LastIndex(self, "/")+1:], nil), 404, "resource.not_found")
		for _, id := range []string{"1", "%7B01990000-0000-7000-8000-000000000009%7D"} {
			w.Want(w.Do(credential, "GET", list+"/"+id, nil), 404, "resource.not_found")
		}
		w.Want(w.Do(credential, "GET", "/2.0/hook_events/project", nil), 404, "resource.not_found")
		for range 49 {
			w.Want(w.Do(credential, "POST", list, `{"url":"https://ci.example/","events":["repo:push"]}`), 201)
		}
		w.Want(w.Do(credential, "POST", list, `{"url":"https://ci.example/","events":["repo:push"]}`), 400, "value.invalid")
		if a := w.Want(w.Do(credential, "GET", list+"?q=description=%22two%22&pagelen=100", nil), 200); a.String("size") != "1" || strings.Contains(string(a.Body), "\u4f60") {
			t.Errorf("%s", a.Body)
		}

		// A member who may write sees nothing of them; the token of the repository with the scope does.
		w.Want(w.Do(w.Token(w.Member, "read:webhook", "write:webhook"), "GET", list, nil), 403, "privilege.missing")
		w.Want(w.Do(w.Token(w.Outsider, "read:webhook"), "GET", list, nil), 404)
		_, own := w.AccessToken(access.RepositoryTok, access.Bounds{WorkspaceID: w.Workspace.ID, ProjectID: w.Project.ID, RepositoryID: w.Repository.ID}, "webhook")
		w.Want(w.Do(pailtest.Bearer(own), "GET", list, nil), 200)
		w.NewRepository("others")
		w.Want(w.Do(pailtest.Bearer(own), "GET", "/2.0/repositories/acme/others/hooks", nil), 404)
	})
}
