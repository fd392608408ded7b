package story

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/pailtest"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/token"
)

// TestTryDecidesAsTheServerDoes: what a request is told that is only tried is what it is told when it is sent, for every
// kind of credential and of path; and a trial leaves no trace with the credential.
func TestTryDecidesAsTheServerDoes(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		w.Push(1)
		ctx := context.Background()
		good, secret := w.APIToken(w.Admin, "read:user", "read:repository", "read:project")
		outsider := w.Secret(w.Outsider, "read:user", "read:repository", "write:repository", "read:project")
		expired, expiredSecret := w.APIToken(w.Admin, "read:user")
		check(w, w.SetExpiry(expired.ID, time.Now().Add(-time.Hour)))
		revoked, revokedSecret := w.APIToken(w.Admin, "read:user")
		check(w, w.Credentials.End(ctx, revoked.ID))
		_, bound, err := w.Accounts.CreateAccessToken(ctx, access.RepositoryTok, access.Bounds{WorkspaceID: w.Workspace.ID, ProjectID: w.Project.ID, RepositoryID: w.Repository.ID}, "test", []string{"repository"}, 30)
		check(w, err)
		appPassword := w.AppPassword(w.Admin, "account", "repository")
		email, name := w.Admin.Email, w.Admin.Username

		credentials := map[string]pailtest.Credential{
			"none": pailtest.None, "right": pailtest.Basic(email, secret), "bearer": pailtest.Bearer(secret), "username": pailtest.Basic(name, secret),
			"static git user": pailtest.Basic("x-bitbucket-api-token-auth", secret), "other user": pailtest.Basic("else@example.com", secret), "no user": pailtest.Basic("", secret),
			"outsider": pailtest.Basic(w.Outsider.Email, outsider), "outsider in git": pailtest.Basic(w.Outsider.Username, outsider),
			"expired": pailtest.Basic(email, expiredSecret), "revoked": pailtest.Basic(email, revokedSecret), "truncated": pailtest.Basic(email, secret[:40]),
			"mistyped": pailtest.Basic(email, secret[:len(secret)-1]+"-"), "unknown": pailtest.Basic(email, token.Mint(token.APIToken)), "password": pailtest.Basic(email, pailtest.Password),
			"access token": pailtest.Bearer(bound), "access token as basic": pailtest.Basic("x-token-auth", bound), "app password": pailtest.Basic(name, appPassword),
			"app password as bearer": pailtest.Bearer(appPassword), "no scheme": header(secret), "another scheme": header("Token " + secret),
			"twice": header("Bearer Bearer " + secret), "no base64": header("Basic " + email + ":" + secret), "empty": header("Basic"),
		}
		requests := [][2]string{
			{"GET", "/2.0/user"}, {"GET", "/2.0/repositories/acme/widgets"}, {"GET", "/2.0/repositories/acme/nothing"}, {"DELETE", "/2.0/repositories/acme/widgets"},
			{"GET", "/2.0/workspaces/acme/projects/FTO/permissions-config/groups"}, {"GET", "/2.0/workspaces/acme/projects/FTO/permissions/groups"},
			{"GET", "/2.0/workspaces"}, {"GET", "/2.0/repositories/acme/widgets/pipelines"}, {"GET", "/2.0/nothing"}, {"GET", "/user"}, {"DELETE", "/2.0/user"},
			{"GET", "/2.0/user?access_token=x"}, {"GET", "/acme/widgets.git/info/refs?service=git-upload-pack"}, {"GET", "/acme/widgets.git/info/refs?service=git-receive-pack"},
			{"GET", "/acme/nothing.git/info/refs?service=git-upload-pack"},
			{"GET", "/2.0/repositories/acme/widgets/wiki"}, {"GET", "/2.0/repositories/acme/nothing/wiki"},
			{"GET", "/acme/nothing.git/wiki/info/refs?service=git-upload-pack"}, {"GET", "/acme/nothing.git/wiki/info/refs?service=git-receive-pack"},
		}
		check(w, w.Gate.Recorder.Flush(ctx))
		before, err := w.Credentials.Lookup(ctx, good.ID)
		check(w, err)
		told := map[string]reason.Code{}
		for who, credential := range credentials {
			for _, request := range requests {
				hr, err := http.NewRequest(request[0], w.URL+request[1], nil)
				check(w, err)
				credential(hr)
				trial, err := w.Try(t.Context(), request[0], request[1], hr.Header["Authorization"])
				check(w, err)
				if e := trial.Refusal(); e != nil {
					told[who+request[0]+request[1]] = e.Reason
				}
				reached := true
				for _, step := range trial.Steps {
					if step.Reached != reached {
						t.Errorf("%s, %v: the steps are %+v", who, request, trial.Steps)
					}
					reached = reached && step.Refusal == nil
				}
			}
		}
		check(w, w.Gate.Recorder.Flush(ctx))
		after, err := w.Credentials.Lookup(ctx, good.ID)
		check(w, err)
		if before != after || !after.LastAccessed.IsZero() || !after.LastRefused.IsZero() {
			t.Errorf("trying left a trace: %+v", after)
		}
		activity, err := w.Gate.Recorder.Activity(ctx, good.ID, 10)
		check(w, err)
		usage, err := w.Gate.Recorder.Usage(ctx, good.ID)
		check(w, err)
		if len(activity)+len(usage) > 0 {
			t.Errorf("trying was noted: %+v, %+v", activity, usage)
		}
		for who, credential := range credentials {
			for _, request := range requests {
				tried := told[who+request[0]+request[1]]
				if tried == "" && request[0] != "GET" {
					continue // it would do it
				}
				hr, err := http.NewRequest(request[0], w.URL+request[1], nil)
				check(w, err)
				credential(hr)
				res, err := w.Client.Do(hr)
				check(w, err)
				readAll(t, res)
				sent := reason.Code(res.Header.Get("X-Pail-Reason"))
				if sent == reason.CredentialMissing && tried == reason.RepositoryNotFound && who == "none" {
					continue // git is challenged first
				}
				if sent != tried || (tried == "") != (res.StatusCode < 400) {
					t.Errorf("%s, %v: tried %q, sent %d %q", who, request, tried, res.StatusCode, sent)
				}
			}
		}
	})
}

// header sends this value of Authorization.
func header(value string) pailtest.Credential {
	return func(r *http.Request) { r.Header.Set("Authorization", value) }
}
