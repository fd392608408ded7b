package migrate

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestKinds is a table of ways to write the same things, and of what only looks like them.
func TestKinds(t *testing.T) {
	for _, c := range []struct{ name, file, text, want string }{
		{"a string in double quotation marks", ".gitlab-ci.yml", "a:\n  - \"curl -u \\\"$BB_USER:$BB_APP_PASSWORD\\\" https://api.bitbucket.org/2.0/user\"\n", "2 app_password.disabled"},
		{"over lines with CRLF", "a.sh", "curl -s \\\r\n -u \"$BB_USER:$P\" \\\r\n https://api.bitbucket.org/2.0/user\r\n", "2 credential.email_required"},
		{"PowerShell over lines", "a.ps1", "curl.exe -s `\r\n -u \"${env:BB_USER}:$P\" `\r\n https://api.bitbucket.org/2.0/user\r\n", "2 credential.email_required"},
		{"glued options", "a.sh", "curl -sSuada:@APP@ -XPOST https://api.bitbucket.org/2.0/user\n", "1 app_password.disabled"},
		{"option with =", "a.sh", "curl --user=ada:@APP@ https://api.bitbucket.org/2.0/user\n", "1 app_password.disabled"},
		{"in a URL", "a.sh", "curl https://ada:@APP@@api.bitbucket.org/2.0/user\n", "1 app_password.disabled"},
		{"httpie", "a.sh", "http -a ada:$BB_APP_PASSWORD GET https://api.bitbucket.org/2.0/user\n", "1 app_password.disabled"},
		{"put together in Python", "a.py", "url = \"https://\" + user + \":\" + password + \"@bitbucket.org/acme/w.git\"\n", "1 migrate.git_login"},
		{"f-string", "a.py", "url = f\"https://{user}:{app_password}@bitbucket.org/acme/w.git\"\n", "1 app_password.disabled"},
		{"f-string with an API token", "a.py", "url = f\"https://x-bitbucket-api-token-auth:{api_token}@bitbucket.org/acme/w.git\"\n", ""},
		{"format", "a.go", "u := fmt.Sprintf(\"https://%s:%s@bitbucket.org/acme/w.git\", username, password)\n", ""},
		{"JavaScript", "a.js", "const u = `https://${user}:${password}@bitbucket.org/acme/w.git`;\n", "1 migrate.git_login"},
		{"Go", "a.go", "req, _ := http.NewRequest(\"GET\", \"https://api.bitbucket.org/2.0/user\", nil)\nreq.SetBasicAuth(os.Getenv(\"BB_USER\"), os.Getenv(\"BB_APP_PASSWORD\"))\n", "2 app_password.disabled"},
		{"Go with an e-mail", "a.go", "req, _ := http.NewRequest(\"GET\", \"https://api.bitbucket.org/2.0/user\", nil)\nreq.SetBasicAuth(os.Getenv(\"EMAIL\"), os.Getenv(\"API_TOKEN\"))\n", ""},
		{"a removed operation that is called", "a.py", "requests.get(\"https://api.bitbucket.org/2.0/user/permissions/workspaces\")\n", "1 path.removed"},
		{"a base address", "a.py", "BASE = \"https://api.bitbucket.org/2.0/repositories\"\n", ""},
		{"encoded in one argument", "a.sh", "curl -H \"Authorization: Basic $(printf '%s:%s' \"$BB_USER\" \"$BB_PASS\" | base64)\" https://api.bitbucket.org/2.0/user\n", "1 header.line_break"},
		{"here string", "a.sh", "A=$(base64 <<< \"$BITBUCKET_USER:$P\")\n", "1 header.line_break\n1 token.whitespace"},
		{"decoding", "a.sh", "echo -n \"$BITBUCKET:x\" | base64 -d\n", ""},
		{"Ruby", "a.rb", "h = 'Authorization: Basic ' + Base64.encode64(\"#{u}:#{p}\") # for\nget('https://api.bitbucket.org/2.0/user', h)\n", "1 header.line_break"},
		{"netrc on lines", ".netrc", "machine\n bitbucket.org\nlogin\n ada\npassword\n @APP@\n", "2 app_password.disabled"},
		{"netrc of an API token", ".netrc", "machine api.bitbucket.org login ada@acme.io password @API@\n", ""},
		{"netrc with the user name for REST", ".netrc", "machine api.bitbucket.org login ada password @API@\n", "1 credential.email_required"},
		{"access token in a remote", ".git/config", "[remote \"o\"]\nurl = https://x-token-auth:@ACCESS@@bitbucket.org/a/b.git\n", "2 credential.in_url"},
		{"access token with a user", ".git/config", "[remote \"o\"]\nurl = https://ada:@ACCESS@@bitbucket.org/a/b.git\n", "2 credential.git_user"},
		{"access token as Basic", "a.sh", "curl -u x-token-auth:@ACCESS@ https://api.bitbucket.org/2.0/repositories/a/b\n", "1 credential.basic_not_accepted"},
		{"GitHub's token", "a.sh", "curl -u ada:@GITHUB@ https://api.bitbucket.org/2.0/user\n", "1 credential.foreign_product"},
		{"GitHub's token at GitHub", "a.sh", "# bitbucket\ncurl -u ada:@GITHUB@ https://api.github.com/user\n", ""},
		{"bearer in http.extraHeader", ".gitconfig", "[http \"https://bitbucket.org\"]\n\textraHeader = Authorization: Bearer @API@\n", "2 credential.bearer_not_accepted"},
		{"Renovate with an access token", "renovate.json", "{\"platform\": \"bitbucket\", \"token\": \"@ACCESS@\"}", ""},
		{"Renovate's JavaScript", "config.js", "module.exports = { hostRules: [ { hostType: 'bitbucket', /* } */ username: 'ada', password: '@APP@', }, ], };", "1 app_password.disabled"},
		{"Helm values", "values.yaml", "configs:\n  repositories:\n    widgets:\n      url: https://bitbucket.org/acme/widgets.git\n      username: ada\n      password: {{ .Values.pw }}\n      # x\n    other:\n      url: https://github.com/acme/x.git\n      username: ada\n      password: k3ptAsItIs99\n", ""},
		{"YAML that is a template", "values.yaml", "{{- if .x }}\nBITBUCKET_APP_PASSWORD: @OLD@\n{{- end }}\n", "2 app_password.disabled"},
		{"anchors", "a.yaml", "x: &x\n  url: https://bitbucket.org/acme/w.git\n  username: ada\n  password: @APP@\ny: *x\n", "4 app_password.disabled"},
		{"Jenkins checkout", "Jenkinsfile", "checkout([$class: 'GitSCM', userRemoteConfigs: [[\n  url: 'https://bitbucket.org/acme/w.git',\n  credentialsId: 'ada']]])\n", "3 migrate.jenkins_credential"},
		{"Jenkins by SSH", "Jenkinsfile", "checkout([$class: 'GitSCM', userRemoteConfigs: [[\n  url: 'git@bitbucket.org:acme/w.git',\n  credentialsId: 'bitbucket']]])\n", ""},
		{"Data Center's address", "a.sh", "curl -u $BB_USER:$BB_PASS https://bitbucket.example.com/rest/api/1.0/projects\n", ""},
		{"an example's secret", ".env", "BITBUCKET_TOKEN=changeme\nBITBUCKET_PASSWORD=xxxxxxxx\n", ""},
		{"an example of a document", "README.md", "curl -u ada:ATBB1234567890abcdefghijklmnopqrstuv https://api.bitbucket.org/2.0/user\n", ""},
		{"a secret that looks made up, in use", ".env", "BITBUCKET_APP_PASSWORD=ATBB1234567890abcdefghijklmnopqrstuv\n", "1 app_password.disabled"},
		{"the same in a .netrc", ".netrc", "machine bitbucket.org login ada password ATBB1234567890abcdefghijklmnopqrstuv\n", "1 app_password.disabled"},
		{"the same in a remote", ".git/config", "[remote \"origin\"]\n\turl = https://ada:ATBBabcdef123456@bitbucket.org/acme/w.git\n", "2 app_password.disabled"},
		{"built-in variables of Pipelines", "bitbucket-pipelines.yml", "x:\n - echo $BITBUCKET_BUILD_NUMBER $BITBUCKET_STEP_OIDC_TOKEN $BITBUCKET_CLONE_DIR\n", ""},
		{"Gmail's app password", ".env", "# for bitbucket mails\nGMAIL_APP_PASSWORD=k3ptAsItIs99abcd\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDocument(c.file, filled(c.text))
			var got []string
			for _, f := range findings(d, inspect(d)) {
				got = append(got, strings.TrimSpace(strings.Join([]string{itoa(f.Line), string(f.Rule)}, " ")))
			}
			if diff := cmp.Diff(c.want, strings.Join(got, "\n")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func itoa(n int) string { return string(rune('0' + n)) }
