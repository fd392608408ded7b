package variables

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/token"
	"pgregory.net/rapid"
)

var (
	api    = token.Mint(token.APIToken)
	access = token.Mint(token.AccessToken)
	app    = token.Mint(token.AppPassword)
)

// told is a case in a line: which tool sends what where, and what the reader itself found.
func told(c doctor.Case) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", c.Client, c.Surface)
	if c.Login != nil {
		how := "Basic " + c.Login.User.Text + ":"
		if c.Login.User.Open {
			how = "? ?:"
		}
		if c.Login.Bearer {
			how = "Bearer "
		}
		fmt.Fprintf(&b, " %s%s [%s|%s]", how, c.Login.Secret.Text, c.Login.User.Place, c.Login.Secret.Place)
	}
	for _, h := range c.Header {
		fmt.Fprintf(&b, " %s: %s [%s]", h.Name, h.Value.Text, h.Value.Place)
	}
	if c.URL.Text != "" {
		fmt.Fprintf(&b, " %s [%s]", c.URL.Text, c.URL.Place)
	}
	if c.API != "" {
		fmt.Fprintf(&b, " api=%s", c.API)
	}
	for _, f := range c.Notes {
		fmt.Fprintf(&b, " !%s %s", f.Reason, f.Certainty)
	}
	return b.String()
}

func TestRead(t *testing.T) {
	both := base64.StdEncoding.EncodeToString([]byte("jane:" + app))
	for _, c := range []struct {
		name string
		env  []string
		want []string
	}{
		{"nothing", []string{"PATH=/bin", "HOME=/root", "X"}, nil},
		{"what Pipelines sets is no credential", []string{"BITBUCKET_WORKSPACE=acme", "BITBUCKET_REPO_SLUG=widgets", "BITBUCKET_COMMIT=abc", "BITBUCKET_STEP_OIDC_TOKEN=eyJ.a.b"}, nil},

		{"Renovate with an e-mail and an API token", []string{"RENOVATE_PLATFORM=bitbucket", "RENOVATE_USERNAME=jane@example.com", "RENOVATE_PASSWORD=" + api},
			[]string{"renovate rest Basic jane@example.com:" + api + " [RENOVATE_USERNAME|RENOVATE_PASSWORD]"}},
		{"Renovate with a token as Bearer", []string{"RENOVATE_PLATFORM=bitbucket", "RENOVATE_TOKEN=" + api},
			[]string{"renovate rest Bearer " + api + " [|RENOVATE_TOKEN]"}},
		{"Renovate with half a credential", []string{"RENOVATE_PLATFORM=bitbucket", "RENOVATE_PASSWORD=" + api},
			[]string{"renovate rest Basic :" + api + " [RENOVATE_USERNAME, which is not set|RENOVATE_PASSWORD]"}},
		{"Renovate with a user alone", []string{"RENOVATE_PLATFORM=bitbucket", "RENOVATE_USERNAME=jane"},
			[]string{"renovate rest Basic jane: [RENOVATE_USERNAME|RENOVATE_PASSWORD, which is not set]"}},
		{"Renovate adds the version to its endpoint", []string{"RENOVATE_PLATFORM=bitbucket", "RENOVATE_ENDPOINT=https://bitbucket.org/", "RENOVATE_TOKEN=" + access},
			[]string{"renovate rest Bearer " + access + " [|RENOVATE_TOKEN] https://bitbucket.org/2.0/user [RENOVATE_ENDPOINT]"}},
		{"Renovate with an endpoint alone", []string{"RENOVATE_PLATFORM=bitbucket", "RENOVATE_ENDPOINT=https://api.bitbucket.org/2.0/"},
			[]string{"renovate rest https://api.bitbucket.org/2.0/2.0/user [RENOVATE_ENDPOINT]"}},
		{"Renovate on GitHub is not our matter", []string{"RENOVATE_PLATFORM=github", "RENOVATE_TOKEN=ghp_abcdefghijklmnopqrstuvwxyz0123456789"}, nil},
		{"Renovate's default is GitHub", []string{"RENOVATE_TOKEN=" + access},
			[]string{"renovate rest Bearer " + access + " [|RENOVATE_TOKEN] !host.other_product possible"}},
		{"Renovate with a configuration file may say it there", []string{"RENOVATE_CONFIG_FILE=c.js", "RENOVATE_TOKEN=" + access},
			[]string{"renovate rest Bearer " + access + " [|RENOVATE_TOKEN]"}},
		{"Renovate set to Data Center", []string{"RENOVATE_PLATFORM=bitbucket-server", "RENOVATE_TOKEN=" + access},
			[]string{"renovate rest Bearer " + access + " [|RENOVATE_TOKEN] !host.data_center likely"}},
		{"Renovate on a Data Center", []string{"RENOVATE_PLATFORM=bitbucket-server", "RENOVATE_TOKEN=BBDC-abc", "RENOVATE_ENDPOINT=https://git.example.com"}, nil},

		{"bkt", []string{"BKT_HOST=https://bitbucket.org", "BKT_TOKEN=" + api, "BKT_USERNAME=jane"},
			[]string{"bkt rest Basic jane:" + api + " [BKT_USERNAME|BKT_TOKEN]"}},
		{"bkt with Bearer", []string{"BKT_HOST=bitbucket.org", "BKT_TOKEN=" + api, "BKT_AUTH_METHOD=Bearer"},
			[]string{"bkt rest Bearer " + api + " [|BKT_TOKEN]"}},
		{"bkt on another host", []string{"BKT_HOST=https://pail.example.com", "BKT_TOKEN=" + access, "BKT_AUTH_METHOD=bearer"},
			[]string{"bkt rest Bearer " + access + " [|BKT_TOKEN] api=https://pail.example.com"}},

		{"an MCP server", []string{"ATLASSIAN_USER_EMAIL=jane", "ATLASSIAN_API_TOKEN=" + api},
			[]string{"mcp rest Basic jane:" + api + " [ATLASSIAN_USER_EMAIL|ATLASSIAN_API_TOKEN]"}},
		{"an MCP server with an app password", []string{"ATLASSIAN_BITBUCKET_USERNAME=jane", "ATLASSIAN_BITBUCKET_APP_PASSWORD=" + app},
			[]string{"mcp rest Basic jane:" + app + " [ATLASSIAN_BITBUCKET_USERNAME|ATLASSIAN_BITBUCKET_APP_PASSWORD]"}},
		{"Jira's token alone is not ours", []string{"ATLASSIAN_API_TOKEN=" + api}, nil},

		{"e-mail and API token", []string{"BITBUCKET_EMAIL=jane@example.com", "BITBUCKET_API_TOKEN=" + api},
			[]string{" rest Basic jane@example.com:" + api + " [BITBUCKET_EMAIL|BITBUCKET_API_TOKEN]"}},
		{"the same with a prefix", []string{"MYTOOL_BITBUCKET_EMAIL=jane", "MYTOOL_BITBUCKET_TOKEN=" + api},
			[]string{" rest Basic jane:" + api + " [MYTOOL_BITBUCKET_EMAIL|MYTOOL_BITBUCKET_TOKEN]"}},
		{"an access token", []string{"BITBUCKET_ACCESS_TOKEN=" + api}, []string{" rest Bearer " + api + " [|BITBUCKET_ACCESS_TOKEN]"}},
		{"a token that nobody says more about", []string{"BITBUCKET_TOKEN=" + api}, []string{"  ? ?:" + api + " [not known|BITBUCKET_TOKEN]"}},
		{"a pair under the name of a token", []string{"BITBUCKET_TOKEN=jane:" + api},
			[]string{"  Basic jane:" + api + " [BITBUCKET_TOKEN, before the colon|BITBUCKET_TOKEN, after the colon]"}},
		{"user and app password", []string{"BITBUCKET_USERNAME=jane", "BITBUCKET_APP_PASSWORD=" + api},
			[]string{" rest Basic jane:" + api + " [BITBUCKET_USERNAME|BITBUCKET_APP_PASSWORD]"}},
		{"a user for git beside an e-mail is not accused", []string{"BITBUCKET_USERNAME=jane", "BITBUCKET_EMAIL=jane@example.com", "BITBUCKET_APP_PASSWORD=" + api},
			[]string{" rest Basic jane@example.com:" + api + " [BITBUCKET_EMAIL|BITBUCKET_APP_PASSWORD]"}},

		{"Terraform", []string{"BITBUCKET_USERNAME=jane", "BITBUCKET_PASSWORD=" + api},
			[]string{"terraform rest Basic jane:" + api + " [BITBUCKET_USERNAME|BITBUCKET_PASSWORD]"}},
		{"Terraform with OAuth", []string{"BITBUCKET_OAUTH_CLIENT_ID=abc", "BITBUCKET_OAUTH_CLIENT_SECRET=" + api, "BITBUCKET_OAUTH_TOKEN=" + access},
			[]string{"terraform  !credential.kind_not_accepted likely", "terraform rest Bearer " + access + " [|BITBUCKET_OAUTH_TOKEN]"}},
		{"a base address without a version", []string{"BITBUCKET_API_BASE_URL=https://api.bitbucket.org"},
			[]string{"terraform rest https://api.bitbucket.org/user [BITBUCKET_API_BASE_URL]"}},

		{"semantic-release", []string{"BB_TOKEN=" + api}, []string{"semantic-release git Basic x-token-auth:" + api + " [semantic-release|BB_TOKEN]"}},
		{"semantic-release with a pair", []string{"BB_TOKEN_BASIC_AUTH=jane@example.com:" + api},
			[]string{"semantic-release git Basic jane@example.com:" + api + " [BB_TOKEN_BASIC_AUTH, before the colon|BB_TOKEN_BASIC_AUTH, after the colon]"}},
		{"CML", []string{"REPO_TOKEN=" + both, "BITBUCKET_COMMIT=abc"}, []string{"cml rest Authorization: Basic " + both + " [REPO_TOKEN]"}},
		{"a REPO_TOKEN of GitHub's is not ours", []string{"REPO_TOKEN=ghp_x"}, nil},
		{"gitbackup", []string{"BITBUCKET_WORKSPACES=acme", "BITBUCKET_EMAIL=jane@example.com", "BITBUCKET_USERNAME=jane", "BITBUCKET_TOKEN=" + api},
			[]string{"gitbackup rest Basic jane@example.com:" + api + " [BITBUCKET_EMAIL|BITBUCKET_TOKEN]", "gitbackup git Basic jane:" + api + " [BITBUCKET_USERNAME|BITBUCKET_TOKEN]"}},
		{"reviewdog", []string{"BITBUCKET_USER=jane", "BITBUCKET_PASSWORD=" + api}, []string{"reviewdog rest Basic jane:" + api + " [BITBUCKET_USER|BITBUCKET_PASSWORD]"}},
		{"Danger", []string{"DANGER_BITBUCKETCLOUD_REPO_ACCESSTOKEN=" + app}, []string{"danger rest Bearer " + app + " [|DANGER_BITBUCKETCLOUD_REPO_ACCESSTOKEN]"}},
		{"Danger with a consumer", []string{"DANGER_BITBUCKETCLOUD_OAUTH_KEY=$KEY", "DANGER_BITBUCKETCLOUD_OAUTH_SECRET="},
			[]string{"danger  !token.not_expanded certain !token.empty certain"}},
		{"Weblate", []string{"WEBLATE_BITBUCKETCLOUD_USERNAME=jane", "WEBLATE_BITBUCKETCLOUD_TOKEN=" + api, "WEBLATE_BITBUCKETCLOUD_HOST=https://bitbucket.org"},
			[]string{"weblate rest Basic jane:" + api + " [WEBLATE_BITBUCKETCLOUD_USERNAME|WEBLATE_BITBUCKETCLOUD_TOKEN] !host.malformed certain"}},
		{"Weblate with the right host", []string{"WEBLATE_BITBUCKETCLOUD_TOKEN=" + api, "WEBLATE_BITBUCKETCLOUD_USERNAME=a@b.c", "WEBLATE_BITBUCKETCLOUD_HOST=bitbucket.org"},
			[]string{"weblate rest Basic a@b.c:" + api + " [WEBLATE_BITBUCKETCLOUD_USERNAME|WEBLATE_BITBUCKETCLOUD_TOKEN]"}},
		{"Woodpecker", []string{"WOODPECKER_BITBUCKET_CLIENT=abcdefgh", "WOODPECKER_BITBUCKET_SECRET=qrstuvwxyz"}, []string{"woodpecker "}},
		{"Drone without a secret", []string{"DRONE_BITBUCKET_CLIENT_ID=abcdefgh"}, []string{"drone  !token.empty certain"}},
		{"Jenkins", []string{"BB=jane:" + api, "BB_USR=jane", "BB_PSW=" + api}, []string{"jenkins  Basic jane:" + api + " [BB_USR|BB_PSW]"}},
		{"another binding of Jenkins", []string{"DOCKER=jane:x", "DOCKER_USR=jane", "DOCKER_PSW=x"}, nil},
		{"no binding", []string{"BITBUCKET_USR=jane", "BITBUCKET_PSW=x"}, nil},
		{"git's own", []string{"GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_0=http.https://bitbucket.org/.extraHeader", "GIT_CONFIG_VALUE_0=AUTHORIZATION: bearer " + api,
			"GIT_CONFIG_KEY_1=http.https://github.com/.extraheader", "GIT_CONFIG_VALUE_1=Authorization: Basic x"},
			[]string{"git git Authorization: bearer " + api + " [GIT_CONFIG_VALUE_0]"}},
		{"a step's own proof", []string{"BITBUCKET_STEP_OIDC_TOKEN=eyJa.b.c", "BITBUCKET_ACCESS_TOKEN=eyJa.b.c"},
			[]string{" rest Bearer eyJa.b.c [|BITBUCKET_ACCESS_TOKEN] !credential.kind_not_accepted certain"}},
		{"the last of two counts", []string{"BITBUCKET_ACCESS_TOKEN=a", "BITBUCKET_ACCESS_TOKEN=b"}, []string{" rest Bearer b [|BITBUCKET_ACCESS_TOKEN]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, tool := range Read(c.env) {
				for _, one := range tool.Cases {
					got = append(got, told(one))
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPipeline(t *testing.T) {
	got := Pipeline([]string{"BITBUCKET_COMMIT=a", "BITBUCKET_BRANCH=b", "BITBUCKET_COMMIT=c", "BITBUCKET_TOKEN=x"})
	if diff := cmp.Diff([]string{"BITBUCKET_BRANCH", "BITBUCKET_COMMIT"}, got); diff != "" {
		t.Error(diff)
	}
}

// names are all variables that the table speaks of.
func names() []string {
	set := map[string]bool{"GIT_CONFIG_COUNT": true, "GIT_CONFIG_KEY_0": true, "GIT_CONFIG_VALUE_0": true, "RENOVATE_PLATFORM": true, "X_BITBUCKET_EMAIL": true, "X_BITBUCKET_TOKEN": true}
	for _, tool := range tools {
		for _, n := range slices.Concat(tool.marks, tool.unless, []string{tool.base.name}) {
			set[n] = true
		}
		for _, l := range tool.logins {
			set[l.user], set[l.secret] = true, true
		}
	}
	delete(set, "")
	return slices.Sorted(maps.Keys(set))
}

// Nothing that may be printed holds a secret, and a tool is looked at only when a variable of its own is set.
func TestReadHidesSecrets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SampledFrom([]string{api, access, app, "jane:" + api, "https://jane:" + api + "@bitbucket.org", " " + access + "\r\n", "'" + app + "'", "jane", "", "$X", "Authorization: Bearer " + api})
		env := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
			return rapid.SampledFrom(names()).Draw(t, "name") + "=" + values.Draw(t, "value")
		}), 0, 12).Draw(t, "env")
		for _, tool := range Read(env) {
			text, err := json.Marshal(tool)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range tool.Cases {
				notes, _ := json.Marshal(c.Notes)
				text = append(text, notes...)
			}
			for _, secret := range []string{api, access, app} {
				if strings.Contains(string(text), secret[:13]) {
					t.Fatalf("%s", text)
				}
			}
			if len(tool.Variables) == 0 {
				t.Fatalf("%s was looked at without a variable", tool.Name)
			}
		}
	})
}

func FuzzRead(f *testing.F) {
	f.Add("RENOVATE_TOKEN=x\nRENOVATE_PLATFORM=bitbucket\nGIT_CONFIG_COUNT=9")
	f.Add("BB=a:b\nBB_USR=a\nBB_PSW=b\nX_BITBUCKET_EMAIL=\n=\nGIT_CONFIG_COUNT=-1")
	f.Fuzz(func(t *testing.T, env string) { Read(strings.Split(env, "\n")) })
}
