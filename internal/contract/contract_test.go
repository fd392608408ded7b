package contract

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	userBody = `{"type":"user","uuid":"{0a0b0c0d-0000-4000-8000-00000000000f}","display_name":"Ann","nickname":"ann","account_id":"1:a",
		"created_on":"2026-01-31T12:00:00.000000+00:00",
		"links":{"self":{"href":"https://pail.example/2.0/users/x"},"avatar":{"href":"https://pail.example/a.png"}}}`

	projectBody = `{"type":"project","uuid":"{0a0b0c0d-0000-4000-8000-000000000001}","key":"FTO","name":"F","is_private":true,
		"links":{"self":{"href":"https://pail.example/2.0/workspaces/w/projects/FTO"},"html":{"href":"https://pail.example/w/FTO"}},
		"owner":{"type":"team","uuid":"{0a0b0c0d-0000-4000-8000-000000000002}","display_name":"W"}}`

	repositoryBody = `{"type":"repository","uuid":"{0a0b0c0d-0000-4000-8000-000000000003}","full_name":"w/r","name":"r","is_private":true,
		"scm":"git","size":4096,"parent":null,"fork_policy":"no_public_forks","updated_on":"2026-01-31T12:00:00.123456+00:00",
		"owner":` + userBody + `,"project":` + projectBody + `,"mainbranch":{"type":"branch","name":"main"},
		"links":{"self":{"href":"https://pail.example/2.0/repositories/w/r"},
			"clone":[{"name":"https","href":"https://ann@pail.example/w/r.git"},{"name":"ssh","href":"git@pail.example:w/r.git"}]}}`

	groupsBody = `{"pagelen":10,"page":1,"size":1,"values":[{"type":"project_group_permission","permission":"create-repo",
		"group":{"type":"group","slug":"devs","name":"Devs","links":{"html":{"href":"https://pail.example/w/groups/devs"}}},
		"project":` + projectBody + `,"links":{"self":{"href":"https://pail.example/2.0/x"}}}]}`

	commitsBody = `{"pagelen":30,"next":"https://pail.example/2.0/repositories/w/r/commits?ctx=a","values":[{"type":"commit",
		"hash":"0123456789abcdef0123456789abcdef01234567","date":"2026-01-31T12:00:00+00:00","message":"m",
		"author":{"type":"author","raw":"Ann <ann@pail.example>","user":` + userBody + `},
		"summary":{"type":"rendered","raw":"m","markup":"markdown","html":"<p>m</p>"},
		"parents":[{"type":"commit","hash":"89abcdef0123456789abcdef0123456789abcdef"}],
		"repository":{"type":"repository","full_name":"w/r"}}]}`

	taskBody = `{"id":1,"created_on":"2026-01-31T12:00:00+00:00","updated_on":"2026-01-31T12:00:00+00:00","state":"UNRESOLVED",
		"content":{"raw":"c","markup":"markdown","html":"c"},"creator":` + userBody + `,
		"links":{"self":{"href":"https://pail.example/2.0/t"}}}`

	errorBody = `{"type":"error","error":{"message":"Your credentials lack one or more required privilege scopes.",
		"detail":{"required":["read:project:bitbucket"],"granted":[]},"data":{"reason":"scope.missing"}}}`
)

const (
	getUser       = "GET /user"
	getRepository = "GET /repositories/{workspace}/{repo_slug}"
	getGroups     = "GET /workspaces/{workspace}/projects/{project_key}/permissions-config/groups"
	getCommits    = "GET /repositories/{workspace}/{repo_slug}/commits"
	getTask       = "GET /repositories/{workspace}/{repo_slug}/pullrequests/{pull_request_id}/tasks/{task_id}"
	deleteRepo    = "DELETE /repositories/{workspace}/{repo_slug}"
	annotations   = "POST /repositories/{workspace}/{repo_slug}/commit/{commit}/reports/{reportId}/annotations"
)

// edit is a good body with one thing changed; the change must hit.
func edit(t *testing.T, body, old, new string) string {
	t.Helper()
	if !strings.Contains(body, old) {
		t.Fatalf("%q is not in the body", old)
	}
	return strings.Replace(body, old, new, 1)
}

func TestGoodAnswers(t *testing.T) {
	c := Facts(t)
	for _, a := range []struct {
		key    string
		status int
		media  string
		body   string
	}{
		{getUser, 200, "application/json; charset=utf-8", userBody},
		{getRepository, 200, jsonType, repositoryBody},
		{getRepository, 200, jsonType, edit(t, repositoryBody, `"type":"team"`, `"type":"user"`)},
		{getRepository, 200, jsonType, edit(t, repositoryBody, `"parent":null`, `"parent":{"type":"repository","name":"p"}`)},
		{getGroups, 200, jsonType, groupsBody},
		{getCommits, 200, jsonType, commitsBody},
		{getTask, 200, jsonType, taskBody},
		{deleteRepo, 204, "", ""},
		{getRepository, 304, "", ""},
		{annotations, 200, jsonType, `[{"type":"report_annotation","annotation_type":"BUG"}]`},
		{getUser, 401, jsonType, errorBody},
		{getUser, 418, jsonType, errorBody},
		{getUser, 500, jsonType, `{"type":"error","error":{"message":"m","detail":"d","fields":{"name":["taken"]}}}`},
	} {
		if err := c.Check(a.key, a.status, a.media, []byte(a.body)); err != nil {
			t.Error(err)
		}
	}
}

func TestBadAnswers(t *testing.T) {
	c := Facts(t)
	for _, a := range []struct {
		name, key string
		status    int
		media     string
		body      string
		says      string
	}{
		{"unknown operation", "GET /users", 200, jsonType, userBody, "no such operation"},
		{"undocumented status", getUser, 201, jsonType, userBody, "status is not documented; there are: 200, 401"},
		{"wrong content type", getUser, 200, "text/html", "<p>", "content type is text/html; documented: application/json"},
		{"malformed content type", getUser, 200, "application/json; =", userBody, "malformed"},
		{"no content type", getUser, 200, "", userBody, "malformed"},
		{"empty body", getUser, 200, jsonType, "", "body is empty, expected account"},
		{"no JSON", getUser, 200, jsonType, "{", "not JSON"},
		{"two JSON texts", getUser, 200, jsonType, userBody + "{}", "not JSON"},
		{"no object", getUser, 200, jsonType, `[]`, "got array, want object"},
		{"type missing", getUser, 200, jsonType, edit(t, userBody, `"type":"user",`, ``), "'type'"},
		{"type of no account", getUser, 200, jsonType, edit(t, userBody, `"type":"user"`, `"type":"project"`), "type: value must be one of"},
		{"misspelt type", getUser, 200, jsonType, edit(t, userBody, `"type":"user"`, `"type":"usr"`), "type: value must be one of"},
		{"member of the heir", getUser, 200, jsonType, edit(t, userBody, `"nickname":"ann"`, `"nickname":5`), "nickname: got number, want string"},
		{"member of the parent", getUser, 200, jsonType, edit(t, userBody, `"display_name":"Ann"`, `"display_name":null`), "display_name: got null, want string"},
		{"time without offset", getUser, 200, jsonType, edit(t, userBody, `.000000+00:00`, ``), "created_on: "},
		{"relative link", getUser, 200, jsonType, edit(t, userBody, `https://pail.example/2.0`, `/2.0`), "links.self.href: "},
		{"link without host", getUser, 200, jsonType, edit(t, userBody, `https://pail.example/2.0`, `https:///2.0`), "links.self.href: "},
		{"bare uuid", getUser, 200, jsonType, edit(t, userBody, `{0a0b0c0d-0000-4000-8000-00000000000f}`, `0a0b0c0d-0000-4000-8000-00000000000f`), "uuid: "},
		{"upper-case uuid", getUser, 200, jsonType, edit(t, userBody, `{0a0b`, `{0A0B`), "uuid: "},

		{"unknown enum value", getRepository, 200, jsonType, edit(t, repositoryBody, `no_public_forks`, `some`), "fork_policy: "},
		{"number as text", getRepository, 200, jsonType, edit(t, repositoryBody, `4096`, `"4096"`), "size: got string, want integer"},
		{"unknown link", getRepository, 200, jsonType, edit(t, repositoryBody, `"clone"`, `"klone"`), "links: "},
		{"clone link without name", getRepository, 200, jsonType, edit(t, repositoryBody, `"name":"https",`, ``), "links.clone[0]: "},
		{"https clone link with an scp address", getRepository, 200, jsonType, edit(t, repositoryBody, `"name":"ssh"`, `"name":"https"`), "links.clone[1].href: "},
		{"scp address outside clone", getRepository, 200, jsonType, edit(t, repositoryBody, `"self":{"href":"https://pail.example/2.0/workspaces/w/projects/FTO"}`, `"self":{"name":"ssh","href":"git@pail.example:w/r.git"}`), "project.links.self.href: \"git@pail.example:w/r.git\" is no absolute URL"},
		{"parent of another kind", getRepository, 200, jsonType, edit(t, repositoryBody, `"parent":null`, `"parent":{"type":"issue"}`), "parent.type: value must be"},
		{"bare uuid deep down", getRepository, 200, jsonType, edit(t, repositoryBody, `{0a0b0c0d-0000-4000-8000-000000000002}`, `2`), "project.owner.uuid: "},
		{"null that is not allowed", getRepository, 200, jsonType, edit(t, repositoryBody, `{"type":"branch","name":"main"}`, `null`), "mainbranch: got null"},

		{"unknown permission", getGroups, 200, jsonType, edit(t, groupsBody, `create-repo`, `create`), "values[0].permission: "},
		{"unknown member of a page", getGroups, 200, jsonType, edit(t, groupsBody, `"size":1`, `"total":1`), "'total'"},
		{"page zero", getGroups, 200, jsonType, edit(t, groupsBody, `"page":1`, `"page":0`), "page: "},
		{"group of another kind", getGroups, 200, jsonType, edit(t, groupsBody, `"type":"group"`, `"type":"team"`), "values[0].group.type: "},
		{"no list", getGroups, 200, jsonType, `{"values":{}}`, "values: got object, want array"},
		{"same element twice", getGroups, 200, jsonType, `{"values":[{"type":"a"},{"type":"a"}]}`, "values: "},

		{"short hash", getCommits, 200, jsonType, edit(t, commitsBody, `0123456789abcdef0123456789abcdef01234567`, `012345`), "values[0].hash: "},
		{"relative next", getCommits, 200, jsonType, edit(t, commitsBody, `https://pail.example/2.0/repositories/w/r/commits`, `/2.0/x`), "next: "},
		{"closed rendered text", getCommits, 200, jsonType, edit(t, commitsBody, `"html":"<p>m</p>"`, `"text":"m"`), "values[0].summary: "},
		{"repository in a commit", getCommits, 200, jsonType, edit(t, commitsBody, `"full_name":"w/r"`, `"full_name":1`), "values[0].repository.full_name: "},
		{"author without type", getCommits, 200, jsonType, edit(t, commitsBody, `"type":"author",`, ``), "values[0].author: "},

		{"closed as a whole", getTask, 200, jsonType, edit(t, taskBody, `"id":1`, `"id":1,"done":true`), "done: no such property"},
		{"required in a closed part", getTask, 200, jsonType, edit(t, taskBody, `"state":"UNRESOLVED",`, ``), "'state'"},

		{"list of another kind", annotations, 200, jsonType, `[{"type":"report"}]`, "[0].type: "},
		{"object for a list", annotations, 200, jsonType, `{}`, "expected a list of report_annotation"},

		{"body with 204", deleteRepo, 204, "", "{}", "must be empty"},
		{"body with 304", getRepository, 304, jsonType, "{}", "must be empty"},

		{"empty error", getUser, 400, "", "", "body is empty: an error says"},
		{"blank error", getUser, 502, jsonType, "\n", "body is empty: an error says"},
		{"HTML error", getUser, 500, "text/html", "<p>", "expected application/json"},
		{"error without type", getUser, 404, jsonType, `{"error":{"message":"m"}}`, "type: "},
		{"error of another type", getUser, 404, jsonType, edit(t, errorBody, `"type":"error"`, `"type":"user"`), `type: expected "error"`},
		{"error without error", getUser, 404, jsonType, `{"type":"error"}`, "error: expected an object"},
		{"error without message", getUser, 404, jsonType, `{"type":"error","error":{"message":" "}}`, "error.message: "},
		{"error with an unknown member", getUser, 404, jsonType, edit(t, errorBody, `"data"`, `"date"`), "error: "},
		{"error with a list for detail", getUser, 404, jsonType, `{"type":"error","error":{"message":"m","detail":[]}}`, "error.detail: "},
	} {
		t.Run(a.name, func(t *testing.T) {
			err := c.Check(a.key, a.status, a.media, []byte(a.body))
			if err == nil {
				t.Fatal("not caught")
			}
			if !strings.Contains(err.Error(), a.says) {
				t.Errorf("%v\ndoes not say %q", err, a.says)
			}
			if n := len(err.Error()); n > 1200 {
				t.Errorf("the message has %d bytes:\n%v", n, err)
			}
		})
	}
}

// One fault makes one line, however many schemas on the way see it.
func TestOneFaultOneLine(t *testing.T) {
	c := Facts(t)
	for _, a := range []struct{ key, body, want string }{
		{getCommits, edit(t, commitsBody, `"message":"m"`, `"message":5`),
			"GET /repositories/{workspace}/{repo_slug}/commits: 200: values[0].message: got number, want string"},
		{getRepository, edit(t, repositoryBody, `"parent":null`, `"parent":5`),
			"GET /repositories/{workspace}/{repo_slug}: 200: parent: got number, want object"},
	} {
		if err := c.Check(a.key, 200, jsonType, []byte(a.body)); err == nil || err.Error() != a.want {
			t.Errorf("got %v, want %s", err, a.want)
		}
	}
}

func TestLongListOfProblemsIsCut(t *testing.T) {
	c := Facts(t)
	values := strings.TrimSuffix(strings.Repeat(`{"type":"commit","uuid":"x"},`, 20), ",")
	err := c.Check(getCommits, 200, jsonType, []byte(`{"values":[`+values+`]}`))
	if err == nil || !strings.Contains(err.Error(), "more") || strings.Count(err.Error(), "\n") > shown+1 {
		t.Errorf("%v", err)
	}
}

func TestEverySchemaCompiles(t *testing.T) {
	c := Facts(t)
	dir, _ := Find()
	var published map[string]any
	if err := decode(filepath.Join(dir, "schemas.json"), &published); err != nil {
		t.Fatal(err)
	}
	if len(published) == 0 {
		t.Fatal("no schemas")
	}
	for _, name := range slices.Sorted(maps.Keys(published)) {
		t.Run(name, func(t *testing.T) {
			s := c.schemas[name]
			if s == nil {
				t.Fatal("not compiled")
			}
			if s.Validate("no object") == nil {
				t.Error("a string passes for an object")
			}
		})
	}
}

func TestEveryAliasBelongsToASchema(t *testing.T) {
	c := Facts(t)
	for name, others := range aliases {
		if c.schemas[name] == nil {
			t.Errorf("there is no schema %s", name)
			continue
		}
		for _, alias := range others {
			if err := c.schemas[name].Validate(map[string]any{"type": alias}); err != nil && strings.Contains(err.Error(), "/type") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// facts writes a folder of facts of the test's own.
func facts(t testing.TB, operations, schemas, exceptions string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"operations.json": operations, "schemas.json": schemas, "schema_exceptions.json": exceptions} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const ownSchemas = `{
	"error":{"type":"object"},
	"object":{"type":"object","properties":{"type":{"type":"string"}},"required":["type"]},
	"text":{"type":"object","properties":{"raw":{"type":"string"}},"additionalProperties":false},
	"pet":{"allOf":[{"$ref":"#/components/schemas/object"},{"type":"object","properties":{"name":{"type":"string"},
		"state":{"type":"string","enum":["a",null]},"friend":{"$ref":"#/components/schemas/pet"},
		"note":{"type":"object","properties":{"raw":{"type":"string"}},"additionalProperties":false},
		"tags":{"type":"array","items":{"$ref":"#/components/schemas/text"}}}}]},
	"cat":{"allOf":[{"$ref":"#/components/schemas/pet"},{"type":"object","properties":{"lives":{"type":"integer"}},"required":["lives"]}]}}`

const ownOperations = `[{"method":"GET","path":"/pet","responses":{"200":{"application/json":"pet"}}}]`

func TestExceptions(t *testing.T) {
	for _, c := range []struct {
		name, exception string
		body            string // valid with the exception, not without
	}{
		{"add", `{"schemas":["text"],"at":"","add":{"html":{"type":"string"}}}`, `{"type":"pet","tags":[{"html":"h"}]}`},
		{"add deeper", `{"schemas":["pet"],"at":"allOf/1/properties/note","add":{"html":{"type":"string"}}}`, `{"type":"pet","note":{"html":"h"}}`},
		{"add with a reference", `{"schemas":["text"],"at":"","add":{"pet":{"$ref":"#/components/schemas/pet"}}}`, `{"type":"pet","tags":[{"pet":{"type":"pet"}}]}`},
		{"replace", `{"schemas":["pet"],"at":"allOf/1/properties/name","replace":{"type":"integer"}}`, `{"type":"pet","name":5}`},
		{"nullable", `{"schemas":["pet"],"at":"allOf/1/properties/name","nullable":true}`, `{"type":"pet","name":null}`},
		{"nullable reference", `{"schemas":["pet"],"at":"allOf/1/properties/friend","nullable":true}`, `{"type":"pet","friend":null}`},
		{"shape of a part", `{"shape":["raw"],"add":{"html":{"type":"string"}}}`, `{"type":"pet","note":{"html":"h"}}`},
		{"shape of a component", `{"shape":["raw"],"add":{"html":{"type":"string"}}}`, `{"type":"pet","tags":[{"html":"h"}]}`},
		{"shape made nullable", `{"shape":["raw"],"nullable":true}`, `{"type":"pet","note":null}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			without, err := Load(facts(t, ownOperations, ownSchemas, `[]`))
			if err != nil {
				t.Fatal(err)
			}
			if without.Check("GET /pet", 200, jsonType, []byte(c.body)) == nil {
				t.Error("valid without the exception")
			}
			e := strings.TrimSuffix(c.exception, "}") + `,"reason":"r"}`
			with, err := Load(facts(t, ownOperations, ownSchemas, "["+e+"]"))
			if err != nil {
				t.Fatal(err)
			}
			if err := with.Check("GET /pet", 200, jsonType, []byte(c.body)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDiscriminator(t *testing.T) {
	c, err := Load(facts(t, ownOperations, ownSchemas, `[]`))
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []struct {
		body string
		ok   bool
	}{
		{`{"type":"pet"}`, true},
		{`{"type":"pet","state":null}`, true},
		{`{"type":"cat","lives":7}`, true},
		{`{"type":"cat"}`, false},
		{`{"type":"pet","friend":{"type":"cat","lives":"7"}}`, false},
		{`{"type":"pet","friend":{"type":"cat","lives":7}}`, true},
		{`{"type":"dog"}`, false},
		{`{"type":"object"}`, false},
		{`{}`, false},
	} {
		if err := c.Check("GET /pet", 200, jsonType, []byte(b.body)); (err == nil) != b.ok {
			t.Errorf("%s: %v", b.body, err)
		}
	}
}

func TestLoadErrors(t *testing.T) {
	for _, c := range []struct{ name, operations, schemas, exception, says string }{
		{"unknown schema", ownOperations, ownSchemas, `{"schemas":["dog"],"at":"","nullable":true,"reason":"r"}`, `no schema "dog"`},
		{"nothing there", ownOperations, ownSchemas, `{"schemas":["pet"],"at":"allOf/1/properties/nme","nullable":true,"reason":"r"}`, "nothing at allOf/1/properties/nme"},
		{"no such part", ownOperations, ownSchemas, `{"schemas":["pet"],"at":"allOf/2","nullable":true,"reason":"r"}`, "nothing at allOf/2"},
		{"no such shape", ownOperations, ownSchemas, `{"shape":["raw","x"],"nullable":true,"reason":"r"}`, "exactly the properties raw, x"},
		{"already there", ownOperations, ownSchemas, `{"schemas":["text"],"at":"","add":{"raw":{}},"reason":"r"}`, "already there"},
		{"already null", ownOperations, ownSchemas, `{"schemas":["text"],"at":"","replace":{"type":"null"},"reason":"r"},{"schemas":["text"],"at":"","nullable":true,"reason":"r"}`, "exception 2"},
		{"already like that", ownOperations, ownSchemas, `{"schemas":["error"],"at":"","replace":{"type":"object"},"reason":"r"}`, "already like that"},
		{"add to no object", ownOperations, ownSchemas, `{"schemas":["pet"],"at":"allOf/1/properties/name","add":{"x":{}},"reason":"r"}`, "no object"},
		{"no change", ownOperations, ownSchemas, `{"schemas":["pet"],"at":"","reason":"r"}`, "one of add, replace and nullable"},
		{"two changes", ownOperations, ownSchemas, `{"schemas":["pet"],"at":"","add":{},"nullable":true,"reason":"r"}`, "one of add, replace and nullable"},
		{"no place", ownOperations, ownSchemas, `{"nullable":true,"reason":"r"}`, "one of schemas and shape"},
		{"no reason", ownOperations, ownSchemas, `{"schemas":["pet"],"at":"","nullable":true}`, "no reason"},
		{"unknown form", ownOperations, ownSchemas, `{"schemas":["pet"],"at":"","remove":["x"],"reason":"r"}`, `"remove"`},
		{"dangling reference", ownOperations, ownSchemas, `{"schemas":["text"],"at":"","replace":{"items":{"$ref":"#/components/schemas/dog"}},"reason":"r"}`, `unknown schema "dog"`},
		{"bad schema", ownOperations, ownSchemas, `{"schemas":["text"],"at":"","replace":{"type":"strin"},"reason":"r"}`, "schemas.json"},
		{"operation with an unknown schema", `[{"method":"GET","path":"/x","responses":{"200":{"application/json":"dog"}}}]`, ownSchemas, ``, `no schema "dog"`},
		{"operation twice", "[" + strings.Trim(ownOperations, "[]") + "," + strings.Trim(ownOperations, "[]") + "]", ownSchemas, ``, "twice"},
		{"no schema of errors", `[]`, `{}`, ``, `no schema "error"`},
		{"broken file", `[`, ownSchemas, ``, "operations.json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Load(facts(t, c.operations, c.schemas, "["+c.exception+"]"))
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
	if _, err := Load(t.TempDir()); err == nil {
		t.Error("an empty folder loads")
	}
}

func TestFind(t *testing.T) {
	t.Setenv(FactsVariable, "")
	root := t.TempDir()
	t.Chdir(root)
	if dir, ok := Find(); ok && strings.HasPrefix(dir, root) {
		t.Errorf("found %s in an empty folder", dir)
	}
	want := filepath.Join(root, "shared", "bitbucket-api")
	below := filepath.Join(root, "checkout", "internal", "x")
	for _, d := range []string{want, below} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(want, "operations.json"), []byte("[]"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(below)
	if dir, ok := Find(); !ok || !same(t, dir, want) {
		t.Errorf("found %s, %v", dir, ok)
	}
	t.Setenv(FactsVariable, "/elsewhere")
	if dir, ok := Find(); !ok || dir != "/elsewhere" {
		t.Errorf("found %s, %v", dir, ok)
	}
}

func same(t *testing.T, a, b string) bool {
	t.Helper()
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

func FuzzCheck(f *testing.F) {
	for _, b := range []string{userBody, repositoryBody, commitsBody, errorBody, "", "[[", `{"links":{"clone":[{"href":5}]}}`} {
		f.Add(200, jsonType, []byte(b))
		f.Add(404, jsonType, []byte(b))
	}
	c, err := Load(facts(f, ownOperations, ownSchemas, `[]`))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, status int, media string, body []byte) {
		err := c.Check("GET /pet", status, media, body)
		if err == nil && status >= 400 && !json.Valid(body) {
			t.Fatalf("an error that is no JSON passes: %q", body)
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	c := Facts(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Check(getCommits, 200, jsonType, []byte(commitsBody)); err != nil {
			b.Fatal(err)
		}
	}
}
