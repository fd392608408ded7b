package pipefile

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// diffOf compares what two files say, without places.
func diffOf(a, b any) string {
	return cmp.Diff(a, b, cmpopts.IgnoreTypes(Pos{}), cmpopts.EquateEmpty(), cmp.Comparer(func(a, b Glob) bool { return a.String() == b.String() }),
		cmp.Comparer(func(a, b *Expression) bool { return (a == nil) == (b == nil) && (a == nil || a.String() == b.String()) }))
}

// object is a mapping whose order stays, without what is empty. JSON is YAML.
type object []any

// even is behind a key that stands there even when its value is empty.
const even = "\x00"

func (o object) MarshalJSON() ([]byte, error) {
	b := bytes.NewBufferString("{")
	for i := 0; i < len(o); i += 2 {
		text, err := json.Marshal(o[i+1])
		if err != nil {
			return nil, err
		}
		switch string(text) {
		case `null`, `""`, `[]`, `{}`, `0`, `"0x"`:
			if !strings.HasSuffix(o[i].(string), even) {
				continue
			}
		}
		if b.Len() > 1 {
			b.WriteString(",\n")
		}
		key, err := json.Marshal(strings.TrimSuffix(o[i].(string), even))
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(b, "%s: %s", key, text)
	}
	b.WriteString("}")
	return b.Bytes(), nil
}

func each[T any](all []T, render func(T) any) []any {
	var out []any
	for _, one := range all {
		out = append(out, render(one))
	}
	return out
}

// rendered is a file that says the same.
func rendered(f *File) []byte {
	text, err := json.MarshalIndent(object{
		"image", image(f.Image), "clone", clone(f.Clone), "export", f.Export,
		"options", object{"docker", f.Options.Docker, "max-time", f.Options.MaxTime, "size", fmt.Sprintf("%dx", f.Options.Size), "runtime", runtime(f.Options.Runtime), "oidc", oidc(f.Options.OIDC)},
		"definitions", definitions(f.Definitions),
		"pipelines", object{
			"default", defaultOf(f.Pipelines.Default), "branches", byName(f.Pipelines.Branches), "tags", byName(f.Pipelines.Tags),
			"pull-requests", byName(f.Pipelines.PullRequests), "custom", byName(f.Pipelines.Custom),
		},
		"triggers", triggers(f.Triggers),
	}, "", " ")
	if err != nil {
		panic(err)
	}
	return text
}

func image(i *Image) any {
	if i == nil {
		return nil
	}
	var aws any
	if a := i.AWS; a != nil {
		aws = object{"oidc-role", a.OIDCRole, "access-key", a.AccessKey, "secret-key", a.SecretKey}
	}
	user := "run-as-user"
	if i.RunAsUser != nil {
		user += even // it may be 0
	}
	return object{"name", i.Name, "username", i.Username, "password", i.Password, "email", i.Email, "aws", aws, user, i.RunAsUser}
}

func clone(c Clone) any {
	var depth any = c.Depth
	if c.Depth == Full {
		depth = "full"
	}
	sparse := object{"sparse-checkout", nil}
	if s := c.Sparse; s != nil {
		sparse = object{"sparse-checkout" + even, object{"enabled", s.Enabled, "cone-mode", s.ConeMode, "patterns", s.Patterns}}
	}
	return append(object{"enabled", c.Enabled, "depth", depth, "lfs", c.LFS, "skip-ssl-verify", c.SkipSSLVerify, "filter", c.Filter}, sparse...)
}

func runtime(r Runtime) any {
	return object{"cloud", object{"arch", r.Arch, "atlassian-ip-ranges", r.AtlassianIPRanges, "version", r.Version}}
}

func oidc(o OIDC) any {
	if len(o.Audiences) > 0 {
		return object{"audiences", o.Audiences}
	}
	return o.Enabled
}

func source(s Source) string {
	if s.Repository == "" {
		return s.Path
	}
	return s.Repository + ":" + s.Ref + ":" + s.Path
}

func definitions(d Definitions) any {
	caches, services, imports := object{}, object{}, object{}
	for _, c := range d.Caches {
		if len(c.Files) == 0 {
			caches = append(caches, c.Name, c.Path)
		} else {
			caches = append(caches, c.Name, object{"path", c.Path, "key", object{"files", globs(c.Files)}})
		}
	}
	for _, s := range d.Services {
		kind := ""
		if s.Docker {
			kind = Docker
		}
		services = append(services, s.Name+even, object{"image", image(s.Image), "memory", s.Memory, "variables", keyValues(s.Variables), "type", kind})
	}
	for _, s := range d.Imports {
		imports = append(imports, s.Name, source(s))
	}
	return object{"caches", caches, "services", services, "imports", imports, "pipelines", byName(d.Pipelines)}
}

func globs(all []Glob) []any { return each(all, func(g Glob) any { return g.String() }) }

func keyValues(all []KeyValue) object {
	o := object{}
	for _, kv := range all {
		o = append(o, kv.Name+even, kv.Value)
	}
	return o
}

func triggers(all []Trigger) object {
	o := object{}
	for _, t := range all {
		one := object{"condition", text(t.Condition), "pipelines", t.Pipelines}
		if n := len(o); n > 0 && o[n-2] == t.Event {
			o[n-1] = append(o[n-1].([]any), one)
		} else {
			o = append(o, t.Event, []any{one})
		}
	}
	return o
}

func text(e *Expression) string {
	if e == nil {
		return ""
	}
	return e.String()
}

func byName(all []Pipeline) object {
	o := object{}
	for i := range all {
		p := &all[i]
		switch n := len(o); {
		case p.Destination == nil:
			o = append(o, p.Name, pipeline(p))
		case n > 0 && o[n-2] == p.Name:
			to := o[n-1].(object)
			to[1] = append(to[1].(object), p.Destination.String(), pipeline(p))
		default:
			o = append(o, p.Name, object{"destinations", object{p.Destination.String(), pipeline(p)}})
		}
	}
	return o
}

func defaultOf(p *Pipeline) any {
	if p == nil {
		return nil
	}
	return pipeline(p)
}

func pipeline(p *Pipeline) any {
	if i := p.Import; i != nil {
		if i.Source.Name != "" {
			return object{"import", i.Pipeline + "@" + i.Source.Name}
		}
		return object{"import", i.Source.Repository + ":" + i.Source.Ref + ":" + i.Pipeline}
	}
	var items []any
	if len(p.Variables) > 0 {
		items = append(items, object{"variables", each(p.Variables, func(v Variable) any {
			name := "default"
			if v.Default != nil {
				name += even
			}
			return object{"name", v.Name, name, v.Default, "allowed-values", v.Allowed, "description", v.Description}
		})})
	}
	for i := range p.Items {
		switch item := p.Items[i]; {
		case item.Step != nil:
			items = append(items, object{"step", step(*item.Step)})
		case item.Parallel != nil:
			items = append(items, object{"parallel", object{"fail-fast", item.Parallel.FailFast, "on-fail", onFail(item.Parallel.OnFail), "steps", steps(item.Parallel.Steps)}})
		case item.Stage != nil:
			s := item.Stage
			items = append(items, object{"stage", object{"name", s.Name, "deployment", s.Deployment, "trigger", trigger(s.Manual), "condition", condition(s.Condition), "on-fail", onFail(s.OnFail), "steps", steps(s.Steps)}})
		}
	}
	if p.Final != nil {
		items = append(items, object{"final", step(*p.Final)})
	}
	return items
}

func steps(all []Step) []any {
	return each(all, func(s Step) any { return object{"step", step(s)} })
}

func trigger(manual bool) string {
	if manual {
		return "manual"
	}
	return ""
}

func onFail(o *OnFail) any {
	if o == nil {
		return nil
	}
	return object{"strategy", o.Strategy, "maxRetryCount", o.Retries}
}

func condition(c *Condition) any {
	if c == nil {
		return nil
	}
	var sets any
	if s := c.Changesets; s != nil {
		sets = object{"includePaths", globs(s.Include), "excludePaths", globs(s.Exclude)}
	}
	return object{"changesets", sets, "state", text(c.State)}
}

func step(s Step) any {
	o := object{"name", s.Name}
	if c := s.Child; c != nil {
		o = append(o, "type", "pipeline", "custom", c.Custom, "input-variables", keyValues(c.Input))
	}
	var download any
	if s.Artifacts.Download.None {
		download = false
	} else if len(s.Artifacts.Download.Names) > 0 {
		download = s.Artifacts.Download.Names
	}
	var paths []any
	var upload []any
	for _, a := range s.Artifacts.Upload {
		if a.Name == "" {
			paths = globs(a.Paths)
			continue
		}
		upload = append(upload, object{"name", a.Name, "type", a.Type, "paths", globs(a.Paths), "ignore-paths", globs(a.Not), "depth", a.Depth, "capture-on", a.When})
	}
	artifacts := object{"paths", paths, "upload", upload, "download", download}
	if len(s.Artifacts.Upload) > 1 && s.Artifacts.Upload[0].Name != "" {
		artifacts = append(artifacts[2:], artifacts[:2]...)
	}
	return append(o, "image", image(s.Image), "script", each(s.Script, command), "after-script", each(s.AfterScript, command), "artifacts", artifacts, "caches", s.Caches, "services", s.Services,
		"clone", clone(s.Clone), "condition", condition(s.Condition), "deployment", s.Deployment, "fail-fast", s.FailFast, "on-fail", onFail(s.OnFail), "max-time", s.MaxTime, "size", fmt.Sprintf("%dx", s.Size),
		"runs-on", s.RunsOn, "runtime", runtime(s.Runtime), "oidc", oidc(s.OIDC), "trigger", trigger(s.Manual), "output-variables", s.OutputVariables, "concurrency-group", s.ConcurrencyGroup)
}

func command(c Command) any {
	if c.Pipe == nil {
		return c.Text
	}
	variables := object{}
	for _, v := range c.Pipe.Variables {
		if v.List != nil {
			variables = append(variables, v.Name+even, v.List)
		} else {
			variables = append(variables, v.Name+even, v.Value)
		}
	}
	return object{"pipe", c.Pipe.Pipe, "name", c.Pipe.Name, "variables", variables}
}

// same fails unless a file says the same when it is written and read again.
func same(t interface {
	Helper()
	Fatalf(string, ...any)
}, f *File) {
	t.Helper()
	text := rendered(f)
	if len(text) > MaxSize {
		return
	}
	again, faults := Parse(text, nil)
	if len(faults) > 0 {
		t.Fatalf("%v\n%s", faults, text)
	}
	if !bytes.Equal(rendered(again), text) { // comparing as diffOf does takes ten times as long
		t.Fatalf("%s\n%s", diffOf(f, again), text)
	}
}

func TestEveryKey(t *testing.T) {
	data, err := os.ReadFile("testdata/all.yml")
	if err != nil {
		t.Fatal(err)
	}
	f := parsed(t, string(data))
	again, faults := Parse(rendered(f), nil)
	if diff := diffOf(f, again); diff != "" || len(faults) > 0 { // so that rendered leaves nothing out
		t.Errorf("%v\n%s", faults, diff)
	}
	// What a renderer that has the same mistakes would not find.
	nightly, release := f.Pipelines.Custom[0], f.Pipelines.Custom[1]
	if s := nightly.Items[1].Step; s.Name != "Deploy" || !s.Manual || s.Deployment != "production" || len(s.Script) != 2 || len(s.Caches) != 2 || s.Condition.State == nil {
		t.Errorf("merged: %+v", s)
	}
	if s := f.Pipelines.Default.Items[1].Parallel.Steps[0]; s.Size != 4 || s.Caches[0] != "modules" || *s.FailFast {
		t.Errorf("configured: %+v", s)
	}
	if v := nightly.Variables[1]; v.Name != "HOW_OFTEN" || *v.Default != "3" {
		t.Errorf("a variable: %+v", v)
	}
	if c := release.Items[0].Step.Script[0]; c.Text != "echo one\necho two\n" {
		t.Errorf("a command: %q", c.Text)
	}
	if s := release.Items[2].Step; s.Size != 0 || s.MaxTime != 0 || s.OIDC.Enabled != nil || s.Image.Name != "${{ IMAGE }}" || !s.Artifacts.Download.None {
		t.Errorf("open: %+v", s)
	}
	if *f.Clone.LFS != true || f.Clone.Depth != Full || f.Options.Runtime.Version != "3" || f.Definitions.Services[1].Variables[2] != (KeyValue{"EMPTY", ""}) {
		t.Errorf("%+v", f)
	}
	if i := f.Pipelines.Branches[0].Import; *i != (Import{"check", Source{Name: "local", Path: ".bitbucket/shared-pipelines.yml"}}) {
		t.Errorf("an import: %+v", i)
	}
	if s := f.Definitions.Imports[1]; s != (Source{"other", "shared-pipelines", "main", FileName}) {
		t.Errorf("a source: %+v", s)
	}
	if p := f.Pipelines.Tags[1]; p.Name != "1.0" || p.Line != 123 || p.Column != 5 {
		t.Errorf("a tag: %+v", p)
	}
	// With the variables of the moment.
	g, faults := Parse(data, map[string]string{"SIZE": "8x", "TIME": "9", "OIDC": "true", "BITBUCKET_REPO_SLUG": "widgets"})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	if s := g.Pipelines.Custom[1].Items[2].Step; s.Size != 8 || s.MaxTime != 9 || !*s.OIDC.Enabled || s.Image.Name != "${{ IMAGE }}" || s.Name != "In widgets" {
		t.Errorf("filled: %+v", s)
	}
	if _, faults := Parse(data, map[string]string{"SIZE": "9x"}); len(faults) != 1 || !strings.Contains(faults[0].String(), `found "${{SIZE}}", expected 1x`) {
		t.Errorf("filled with nonsense: %v", faults)
	}
}

// The generators of files.
var (
	word   = rapid.StringMatching(`[A-Za-z][A-Za-z0-9_.-]{0,8}`)
	name   = rapid.StringMatching(`[A-Z_][A-Z0-9_]{0,5}`)
	line   = rapid.OneOf(rapid.SampledFrom([]string{"echo a: b", "# no comment", "'", `"`, "- x", "*a", "&a", "yes", "null", "~", "1.0", "a\nb\n", "{x}", "[", "%", "é\u2028😀", " a ", "$X", "<<", "\ufeff"}), rapid.StringN(1, 20, -1)).Filter(sayable)
	names3 = func(g *rapid.Generator[string]) *rapid.Generator[[]string] {
		return rapid.SliceOfNDistinct(g, 0, 3, rapid.ID[string])
	}
)

// sayable is what can stand in a file: no NUL and no DEL, and no variable of the moment.
func sayable(s string) bool {
	return !strings.ContainsAny(s, "\x00\x7f") && !strings.Contains(s, "${{") && strings.ToValidUTF8(s, "") == s
}

var pattern = rapid.OneOf(rapid.SampledFrom([]string{"**", "*", "a/**/b", "{a,b}", "[!x]*", `\*`, "1.0", "true", "a: b"}), line).Filter(func(s string) bool {
	_, err := ParseGlob(s)
	return err == nil
})

func drawGlobs(t *rapid.T, least int) (all []Glob) {
	for _, p := range rapid.SliceOfN(pattern, least, 3).Draw(t, "patterns") {
		g, err := ParseGlob(p)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, g)
	}
	return all
}

func maybe[T any](t *rapid.T, g func(*rapid.T) T) *T {
	if rapid.Bool().Draw(t, "there") {
		v := g(t)
		return &v
	}
	return nil
}

func drawFlag(t *rapid.T) *bool {
	return maybe(t, func(t *rapid.T) bool { return rapid.Bool().Draw(t, "flag") })
}

func optional(t *rapid.T, g *rapid.Generator[string]) string {
	if rapid.Bool().Draw(t, "said") {
		return g.Draw(t, "text")
	}
	return ""
}

func drawImage(t *rapid.T) Image {
	i := Image{Name: word.Draw(t, "image"), Email: optional(t, line)}
	switch rapid.IntRange(0, 3).Draw(t, "who") {
	case 1:
		i.Username, i.Password = line.Draw(t, "user"), line.Draw(t, "password")
	case 2:
		i.AWS = &AWS{OIDCRole: line.Draw(t, "role")}
	case 3:
		i.AWS = &AWS{AccessKey: line.Draw(t, "key"), SecretKey: line.Draw(t, "secret")}
	}
	i.RunAsUser = maybe(t, func(t *rapid.T) int { return rapid.IntRange(0, 9).Draw(t, "uid") })
	return i
}

func drawClone(t *rapid.T) Clone {
	return Clone{Enabled: drawFlag(t), Depth: rapid.IntRange(Full, 9).Draw(t, "depth"), LFS: drawFlag(t), SkipSSLVerify: drawFlag(t), Filter: optional(t, line),
		Sparse: maybe(t, func(t *rapid.T) Sparse { return Sparse{drawFlag(t), drawFlag(t), names3(line).Draw(t, "patterns")} })}
}

func drawKeyValues(t *rapid.T) (all []KeyValue) {
	for _, n := range names3(name).Draw(t, "names") {
		all = append(all, KeyValue{n, optional(t, line)})
	}
	return all
}

func drawExpression(t *rapid.T) *Expression {
	e, err := ParseExpression(rapid.SampledFrom([]string{`a == "b"`, `!(x > 1) && glob(y, "z*")`}).Draw(t, "expression"))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func drawCondition(t *rapid.T) *Condition {
	switch rapid.IntRange(0, 3).Draw(t, "condition") {
	case 1:
		return &Condition{State: drawExpression(t)}
	case 2:
		return &Condition{Changesets: &Changesets{Include: drawGlobs(t, 1)}}
	case 3:
		return &Condition{Changesets: &Changesets{Exclude: drawGlobs(t, 1)}, State: drawExpression(t)}
	}
	return nil
}

func drawOnFail(t *rapid.T) *OnFail {
	switch s := rapid.SampledFrom([]string{"", "fail", "ignore", "retry"}).Draw(t, "strategy"); s {
	case "":
		return nil
	case "retry":
		return &OnFail{s, rapid.IntRange(1, MaxRetries).Draw(t, "retries")}
	default:
		return &OnFail{Strategy: s}
	}
}

func drawScript(t *rapid.T, least int) (all []Command) {
	for range rapid.IntRange(least, 3).Draw(t, "commands") {
		if rapid.IntRange(0, 4).Draw(t, "pipe") > 0 {
			all = append(all, Command{Text: line.Draw(t, "command")})
			continue
		}
		p := &Pipe{Pipe: rapid.SampledFrom([]string{"a/b:1", "docker://x/y"}).Draw(t, "pipe"), Name: optional(t, line)}
		for _, kv := range drawKeyValues(t) {
			v := PipeVariable{Name: kv.Name, Value: kv.Value}
			if rapid.Bool().Draw(t, "list") {
				v.Value, v.List = "", names3(line).Draw(t, "list")
			}
			p.Variables = append(p.Variables, v)
		}
		all = append(all, Command{Pipe: p})
	}
	return all
}

func drawRuntime(t *rapid.T) Runtime {
	return Runtime{rapid.SampledFrom([]string{"", "x86", "arm"}).Draw(t, "arch"), drawFlag(t), optional(t, line)}
}

func drawOIDC(t *rapid.T) OIDC {
	o := OIDC{Enabled: drawFlag(t)}
	if o.Enabled != nil && *o.Enabled {
		o.Audiences = names3(line).Draw(t, "audiences")
	}
	return o
}

func drawSize(t *rapid.T) int {
	return rapid.SampledFrom([]int{0, 1, 2, 4, 8, 16, 24, 32}).Draw(t, "size")
}

func (g *generated) step(t *rapid.T, at place) Step {
	s := Step{Name: optional(t, line), OnFail: drawOnFail(t)}
	if at != inStage && at != final {
		s.Condition = drawCondition(t)
	}
	if at != final {
		s.FailFast = drawFlag(t)
		s.Manual = at != inStage && !g.first && rapid.Bool().Draw(t, "manual")
	}
	if rapid.IntRange(0, 5).Draw(t, "child") == 0 && len(g.customs) > 0 {
		s.Child = &Child{rapid.SampledFrom(g.customs).Draw(t, "custom"), drawKeyValues(t)}
		return s
	}
	s.Image, s.Script, s.AfterScript, s.Clone = maybe(t, drawImage), drawScript(t, 1), drawScript(t, 0), drawClone(t)
	s.MaxTime, s.Size, s.RunsOn = rapid.IntRange(0, MaxMaxTime).Draw(t, "time"), drawSize(t), names3(word).Draw(t, "runners")
	s.Runtime, s.OIDC, s.OutputVariables, s.ConcurrencyGroup = drawRuntime(t), drawOIDC(t), names3(name).Draw(t, "output"), optional(t, line)
	s.Caches = names3(rapid.SampledFrom(append(g.caches, "node", "pip"))).Draw(t, "caches")
	s.Services = names3(rapid.SampledFrom(append(g.services, Docker, Docker))).Filter(func(s []string) bool { return len(s) < 3 }).Draw(t, "services")
	if at != inStage && at != final {
		s.Deployment = g.environment(t)
	}
	if rapid.Bool().Draw(t, "paths") {
		s.Artifacts.Upload = append(s.Artifacts.Upload, Artifact{Type: Shared, When: OnSuccess, Paths: drawGlobs(t, 1)})
	}
	if rapid.Bool().Draw(t, "upload") {
		s.Artifacts.Upload = append(s.Artifacts.Upload, Artifact{line.Draw(t, "artifact"), rapid.SampledFrom([]string{Shared, Scoped, TestReports}).Draw(t, "type"), drawGlobs(t, 1), drawGlobs(t, 0),
			rapid.IntRange(0, 5).Draw(t, "depth"), rapid.SampledFrom([]string{OnSuccess, OnFailure, Always}).Draw(t, "when")})
	}
	if s.Artifacts.Download.None = rapid.Bool().Draw(t, "none"); !s.Artifacts.Download.None {
		s.Artifacts.Download.Names = names3(line).Draw(t, "download")
	}
	return s
}

// generated is what the pipelines of a generated file may refer to.
type generated struct {
	caches, services, customs, imports []string
	environments                       int
	first                              bool // nothing may be manual
}

// environment is one that its pipeline does not have yet.
func (g *generated) environment(t *rapid.T) string {
	if rapid.Bool().Draw(t, "deploys") {
		return ""
	}
	g.environments++
	return fmt.Sprintf("environment %d", g.environments)
}

func (g *generated) group(t *rapid.T, at place) (all []Step) {
	for range rapid.IntRange(1, 2).Draw(t, "steps") {
		all = append(all, g.step(t, at))
	}
	return all
}

func (g *generated) pipeline(t *rapid.T, custom bool) Pipeline {
	p := Pipeline{}
	if rapid.IntRange(0, 6).Draw(t, "import") == 0 {
		if len(g.imports) > 0 && rapid.Bool().Draw(t, "named") {
			n := rapid.SampledFrom(g.imports).Draw(t, "source")
			p.Import = &Import{line.Draw(t, "imported"), Source{n, "repo", "main", n + ".yml"}}
		} else {
			p.Import = &Import{word.Draw(t, "imported"), Source{"", word.Draw(t, "repository"), "main", FileName}}
		}
		return p
	}
	if custom {
		for _, n := range names3(name).Draw(t, "variables") {
			v := Variable{Name: n, Description: optional(t, line), Default: maybe(t, func(t *rapid.T) string { return optional(t, line) })}
			if v.Default != nil && *v.Default != "" && rapid.Bool().Draw(t, "allowed") {
				v.Allowed = append(names3(line).Draw(t, "values"), *v.Default)
			}
			p.Variables = append(p.Variables, v)
		}
	}
	for i := range rapid.IntRange(1, 3).Draw(t, "items") {
		g.first = i == 0
		switch rapid.IntRange(0, 2).Draw(t, "item") {
		case 0:
			s := g.step(t, alone)
			p.Items = append(p.Items, Item{Step: &s})
		case 1:
			p.Items = append(p.Items, Item{Parallel: &Parallel{rapid.Bool().Draw(t, "fast"), drawOnFail(t), g.group(t, inParallel)}})
		case 2:
			p.Items = append(p.Items, Item{Stage: &Stage{optional(t, line), g.environment(t), i > 0 && rapid.Bool().Draw(t, "manual"), drawCondition(t), drawOnFail(t), g.group(t, inStage)}})
		}
	}
	if rapid.Bool().Draw(t, "final") {
		s := g.step(t, final)
		p.Final = &s
	}
	return p
}

func (g *generated) part(t *rapid.T, names []string, custom bool) (all []Pipeline) {
	for _, n := range names {
		p := g.pipeline(t, custom)
		if p.Name = n; !custom {
			p.Pattern, _ = ParseGlob(n)
		}
		all = append(all, p)
	}
	return all
}

func drawFile(t *rapid.T) *File {
	f := &File{Image: maybe(t, drawImage), Clone: drawClone(t), Export: rapid.Bool().Draw(t, "export"), Options: Options{rapid.Bool().Draw(t, "docker"), rapid.IntRange(0, 9).Draw(t, "time"), drawSize(t), drawRuntime(t), drawOIDC(t)}}
	g := &generated{caches: names3(line).Draw(t, "caches"), services: names3(word).Draw(t, "services"), imports: names3(word).Draw(t, "imports")}
	for _, n := range g.caches {
		f.Definitions.Caches = append(f.Definitions.Caches, Cache{n, line.Draw(t, "path"), drawGlobs(t, 0)})
	}
	for _, n := range g.services {
		f.Definitions.Services = append(f.Definitions.Services, Service{n, &Image{Name: "x"}, rapid.SampledFrom([]int{0, 128, 1024}).Draw(t, "memory"), rapid.Bool().Draw(t, "dind"), drawKeyValues(t)})
	}
	for _, n := range g.imports {
		f.Definitions.Imports = append(f.Definitions.Imports, Source{n, "repo", "main", n + ".yml"})
	}
	p := &f.Pipelines
	p.Custom = g.part(t, names3(line).Draw(t, "customs"), true)
	for _, one := range p.Custom {
		g.customs = append(g.customs, one.Name)
	}
	p.Branches = g.part(t, names3(pattern).Draw(t, "branches"), false)
	p.Tags = g.part(t, names3(pattern).Draw(t, "tags"), false)
	for _, n := range names3(pattern).Draw(t, "requests") {
		to := names3(pattern).Draw(t, "destinations")
		if len(to) == 0 {
			p.PullRequests = append(p.PullRequests, g.part(t, []string{n}, false)...)
		}
		for _, d := range to {
			one := g.part(t, []string{n}, false)[0]
			glob, _ := ParseGlob(d)
			one.Destination = &glob
			p.PullRequests = append(p.PullRequests, one)
		}
	}
	if p.Default = maybe(t, func(t *rapid.T) Pipeline { return g.pipeline(t, false) }); p.Default == nil && len(p.Branches)+len(p.Tags)+len(p.PullRequests)+len(p.Custom) == 0 {
		p.Default = &Pipeline{Items: []Item{{Step: &Step{Script: []Command{{Text: "a"}}, Artifacts: Artifacts{}}}}}
	}
	if p.Default != nil {
		p.Default.Name = "default"
	}
	if !f.Export {
		f.Definitions.Pipelines = g.part(t, names3(line).Draw(t, "shared"), true)
	}
	if len(g.customs) > 0 {
		for _, event := range rapid.SliceOfNDistinct(rapid.SampledFrom(Events), 0, 2, rapid.ID[string]).Draw(t, "events") {
			for range rapid.IntRange(1, 2).Draw(t, "triggers") {
				one := Trigger{Event: event, Pipelines: rapid.SliceOfN(rapid.SampledFrom(g.customs), 1, 2).Draw(t, "started")}
				if rapid.Bool().Draw(t, "condition") {
					one.Condition = drawExpression(t)
				}
				f.Triggers = append(f.Triggers, one)
			}
		}
	}
	return f
}

// TestFilesAreReadAsTheyAreWritten: a file that says anything that can be said is read back the same.
func TestFilesAreReadAsTheyAreWritten(t *testing.T) {
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue { // each is a large file
		if err := flag.Set("rapid.checks", "25"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = flag.Set("rapid.checks", f.DefValue) })
	}
	rapid.Check(t, func(t *rapid.T) { same(t, drawFile(t)) })
}
