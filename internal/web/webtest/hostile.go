package webtest

import (
	"encoding/json"
	"strings"

	"github.com/pailforge/pail/internal/pailtest"
)

// harm is what a page must show as it is: markup that would run a script, ends of quotes and of what templates are
// written in, marks that turn the direction of text, and a script that runs from right to left.
const harm = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><svg onload=alert(3)></textarea></title>" +
	"javascript:alert(4) {{.}} ${alert(5)} --> ]]> &lt;b&gt; \u202Eback to front\u2066 \u200F שלום مرحبا "

// Hostile is a name of n characters that means harm. Most of it is one word, so that no line can break.
func Hostile(n int) string {
	text := []rune(harm)
	if n <= len(text) {
		return string(text[:n])
	}
	return string(text) + strings.Repeat("W", n-len(text))
}

// longest is how long the longest name is that anything may have.
const longest = 10_000

// named are the columns of the store that hold what somebody outside of the server named.
var named = []struct{ table, column string }{
	{"account", "display_name"},
	{"workspace", "name"},
	{"user_group", "name"},
	{"project", "name"}, {"project", "description"},
	{"repository", "name"}, {"repository", "description"}, {"repository", "language"},
	{"credential", "name"}, {"credential", "last_accessed_agent"},
	{"activity", "path"}, {"activity", "agent"}, {"activity", "method"},
	{"commit_status", "name"}, {"commit_status", "description"}, {"commit_status", "refname"},
	{"commit_report", "title"}, {"commit_report", "details"}, {"commit_annotation", "summary"}, {"commit_annotation", "path"},
	{"download", "name"},
	{"pull_request", "title"}, {"pull_request", "description"}, {"pull_request", "reason"},
	{"snippet", "title"}, {"snippet_comment", "content"},
	{"deploy_key", "label"}, {"deploy_key", "comment"}, {"ssh_key", "label"}, {"ssh_key", "comment"},
	{"issue", "title"}, {"issue", "content"}, {"issue_comment", "content"}, {"issue_attachment", "name"}, {"issue_filter", "name"},
	{"issue_component", "name"}, {"issue_milestone", "name"}, {"issue_version", "name"},
	{"pull_request_comment", "content"}, {"pull_request_task", "content"},
	{"commit_comment", "content"}, {"commit_comment", "path"},
	{"pipeline", "ref_name"}, {"pipeline", "selector_pattern"}, {"pipeline", "error_message"}, {"pipeline_step", "name"}, {"pipeline_step", "message"}, {"pipeline_input", "value"},
	{"deployment_environment", "name"}, {"pipeline_variable", "name"}, {"pipeline_variable", "value"}, {"pipeline_schedule", "ref_name"}, {"pipeline_schedule", "selector_pattern"}, {"pipeline_schedule", "pattern"},
	{"pipeline_schedule_execution", "error_message"}, {"pipeline_runner", "name"}, {"pipeline_runner", "labels"}, {"pipeline_runner", "version"}, {"pipeline_artifact", "name"}, {"pipeline_test_case", "class"},
	{"pipeline_test_case", "name"}, {"pipeline_test_case", "message"}, {"pipeline_test_case", "output"},
	{"invitation", "note"}, {"oauth_consumer", "name"}, {"oauth_consumer", "description"},
	{"webhook", "url"}, {"webhook", "description"}, {"webhook_delivery", "url"}, {"webhook_delivery", "problem"}, {"webhook_delivery", "answer_head"}, {"webhook_delivery", "answer_body"},
}

// NewHostileScene makes the scene in which everything that somebody can name has a hostile name, past every rule of the
// rooms, and the repository a hostile history.
func NewHostileScene(s *pailtest.Server) *Scene {
	s.T.Helper()
	scene := newScene(s, names{
		branch:  "<script>alert(6)</script>/" + strings.Repeat("W", 200),
		message: Hostile(longest),
		author:  "alert(7)\" onmouseover=\"alert(8) \u202E" + strings.Repeat("W", 300),
		file:    "<img src=x onerror=alert(9)>" + strings.Repeat("W", 150) + ".go",
		readme: "# " + Hostile(longest) + "\n\n[click](javascript:alert(10)) ![x](x\" onerror=\"alert(11)) <iframe src=javascript:alert(12)></iframe>\n\n" +
			"| " + strings.Repeat("W", 500) + " | b |\n| --- | --- |\n| " + Hostile(2000) + " | c |\n\n" + strings.Repeat("> ", 200) + "deep\n",
	})
	for _, c := range named {
		scene.Exec(`UPDATE `+c.table+` SET `+c.column+` = $1`, Hostile(longest))
	}
	scene.Exec(`UPDATE pull_request_comment SET content = content || $1 WHERE id = 1`, "\n\n~~~suggestion\n"+Hostile(longest)+"\n~~~\n")
	changed, err := json.Marshal(map[string]any{"title": Hostile(longest), "changes": map[string]any{"title": map[string]string{"old": Hostile(longest), "new": Hostile(longest)},
		"destination": map[string]string{"old": Hostile(longest), "new": Hostile(200)}, "source": map[string]string{"old": Hostile(50), "new": Hostile(50)}}})
	if err != nil {
		s.T.Fatal(err)
	}
	scene.Exec(`UPDATE pull_request_activity SET details = $1 WHERE kind = 'update'`, string(changed))
	renamed, err := json.Marshal(map[string]map[string]string{"title": {"old": Hostile(longest), "new": Hostile(longest)}, "component": {"old": "", "new": Hostile(200)}, "assignee": {"old": Hostile(50), "new": ""}})
	if err != nil {
		s.T.Fatal(err)
	}
	scene.Exec(`UPDATE issue_change SET changes = $1`, string(renamed))
	return scene
}
