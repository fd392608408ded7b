package pipefile

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// place is where a step stands.
type place int

const (
	alone place = iota
	inParallel
	inStage
	final
)

// Keys that a step must not have in some places.
var (
	notInStage = map[string]string{"deployment": "it at the stage", "environment": "it at the stage", "condition": "it at the stage"}
	notFinal   = map[string]string{"deployment": "none at a final step", "environment": "none at a final step", "trigger": "none at a final step", "fail-fast": "none at a final step"}
	notOfChild = []string{"script", "after-script", "deployment", "environment", "size", "runtime", "output-variables", "caches", "artifacts", "runs-on", "image", "clone", "oidc", "services"}
)

const stepKeys = "name, script and other keys of a step"

func (c *course) step(v value, at place) Step {
	s := Step{Pos: v.at}
	if c.steps++; c.steps == MaxSteps+1 {
		c.fail(v.used, v.path, fmt.Sprintf("step number %d", c.steps), fmt.Sprintf("at most %d steps in a pipeline", MaxSteps))
	}
	entries, ok := c.entries(v, stepKeys)
	if !ok {
		c.broken = true
		return s
	}
	entries = c.configured(v, entries)
	var child Child
	kind := ""
	seen := c.readEntries(v, entries, fields{
		"name":              func(v value) { s.Name = c.text(v, "a name") },
		"image":             func(v value) { s.Image = c.image(v) },
		"script":            func(v value) { s.Script = c.script(v) },
		"after-script":      func(v value) { s.AfterScript = c.script(v) },
		"artifacts":         func(v value) { s.Artifacts = c.artifacts(v) },
		"caches":            func(v value) { s.Caches = refer(c.reader, v, "cache", "caches", c.caches) },
		"services":          func(v value) { s.Services = c.stepServices(v, &s) },
		"clone":             func(v value) { s.Clone = c.clone(v) },
		"condition":         func(v value) { s.Condition = c.condition(v) },
		"deployment":        func(v value) { s.Deployment = c.environment(v) },
		"environment":       func(v value) { s.Deployment = c.environment(v) },
		"fail-fast":         func(v value) { s.FailFast = c.maybe(v) },
		"on-fail":           func(v value) { s.OnFail = c.onFail(v) },
		"max-time":          func(v value) { s.MaxTime = c.maxTime(v) },
		"size":              func(v value) { s.Size = c.size(v) },
		"runs-on":           func(v value) { s.RunsOn = c.labels(v) },
		"runtime":           func(v value) { s.Runtime = c.runtime(v) },
		"oidc":              func(v value) { s.OIDC = c.oidc(v) },
		"trigger":           func(v value) { s.Manual = c.trigger(v, at) },
		"output-variables":  func(v value) { s.OutputVariables = c.output(v) },
		"concurrency-group": func(v value) { s.ConcurrencyGroup = c.text(v, "a name") },
		"config":            func(value) {},
		"type":              func(v value) { kind = c.word(v, "pipeline") },
		"custom":            func(v value) { child.Custom = c.customName(v) },
		"input-variables":   func(v value) { child.Input = c.input(v) },
	})
	c.oneEnvironment(v, seen)
	forbidden := notInStage
	if at == final {
		forbidden = notFinal
	}
	for _, e := range entries {
		if why := forbidden[e.key]; why != "" && (at == inStage || at == final) {
			c.fail(e.at, v.path, "the key "+shown(e.key), why)
		}
		if kind == "" && (e.key == "custom" || e.key == "input-variables") {
			c.fail(e.at, v.path, "the key "+shown(e.key), "type: pipeline beside it")
		}
		if kind != "" && slices.Contains(notOfChild, e.key) {
			c.fail(e.at, v.path, "the key "+shown(e.key), "it in the steps of the pipeline that this step runs")
		}
	}
	if kind != "" {
		c.needs(v, seen, "custom")
		s.Child = &child
	} else {
		c.needs(v, seen, "script")
	}
	return s
}

// configured adds the keys of the definition that a step takes its configuration from, where the step does not have them.
func (c *course) configured(v value, entries []entry) []entry {
	i := slices.IndexFunc(entries, func(e entry) bool { return e.key == "config" })
	if i < 0 {
		return entries
	}
	of := entries[i].value
	name := c.text(of, "the name of a step-config")
	config, there := c.configs[name]
	if !there {
		if name != "" {
			undefined(c.reader, of, name, "step-config", c.configs)
		}
		return entries
	}
	more, _ := c.entries(config, stepKeys)
	for _, e := range more {
		if !slices.ContainsFunc(entries, func(own entry) bool { return own.key == e.key }) {
			entries = append(entries, e)
		}
	}
	return entries
}

// undefined tells that a name is none of those that are defined.
func undefined[T any](r *reader, v value, name, what string, names map[string]T) {
	expected := "a definition of it in definitions." + what
	if near := nearest(name, slices.Sorted(maps.Keys(names))); near != "" {
		expected = shown(near)
	}
	r.fail(v.at, v.path, shown(name)+", which is not defined", expected)
}

// script reads the commands of a step.
func (r *reader) script(v value) (all []Command) {
	r.list(v, "a list of commands", func(i value) {
		switch i.kind {
		case scalar:
			all = append(all, Command{Text: r.text(i, "a command")})
		case mapping:
			for _, e := range peek(r, i) {
				if e.key == "pipe" {
					all = append(all, Command{Pipe: r.pipe(i)})
					return
				}
			}
			r.fail(i.at, i.path, "a mapping", `a command, or a pipe; a command with ": " in it stands in quotes`)
		default:
			r.wrong(i, "a command")
		}
	})
	return all
}

// pipeName is how a pipe is called.
var pipeName = regexp.MustCompile(`^(docker://\S+|[^\s/:]+/[^\s/:]+:\S+)$`)

func (r *reader) pipe(v value) *Pipe {
	p := &Pipe{}
	r.read(v, "", fields{
		"pipe": func(v value) {
			if p.Pipe = r.text(v, "a pipe"); p.Pipe != "" && !pipeName.MatchString(p.Pipe) && !open(p.Pipe) {
				r.wrong(v, "account/name:version, or docker:// and an image")
			}
		},
		"name":      func(v value) { p.Name = r.text(v, "a name") },
		"variables": func(v value) { p.Variables = r.pipeVariables(v) },
	})
	return p
}

func (r *reader) pipeVariables(v value) (all []PipeVariable) {
	entries, _ := r.entries(v, "variables, as NAME: value")
	for _, e := range entries {
		if !variableName.MatchString(e.key) {
			r.fail(e.at, v.path, "the variable "+shown(e.key), nameRule)
		}
		one := PipeVariable{Name: e.key}
		if e.kind == list {
			one.List = []string{}
			for i, n := range e.items {
				one.List = append(one.List, *r.scalar(r.value(n, fmt.Sprintf("%s[%d]", e.path, i))))
			}
		} else {
			one.Value = *r.scalar(e.value)
		}
		all = append(all, one)
	}
	return all
}

func (r *reader) artifacts(v value) (a Artifacts) {
	paths := func(v value) {
		a.Upload = append(a.Upload, Artifact{Type: Shared, When: OnSuccess, Paths: r.globs(v, "patterns for paths")})
	}
	if v.kind == list {
		paths(v)
		return a
	}
	r.read(v, "a list of patterns for paths, or upload and download", fields{
		"paths":    paths,
		"download": func(v value) { a.Download = r.download(v) },
		"upload": func(v value) {
			r.list(v, "a list of artifacts", func(i value) { a.Upload = append(a.Upload, r.artifact(i)) })
		},
	})
	return a
}

func (r *reader) artifact(v value) Artifact {
	a := Artifact{Type: Shared, When: OnSuccess}
	seen := r.read(v, "name, paths and other keys of an artifact", fields{
		"name":         func(v value) { a.Name = r.text(v, "a name") },
		"type":         func(v value) { a.Type = r.word(v, Shared, Scoped, TestReports) },
		"paths":        func(v value) { a.Paths = r.globs(v, "patterns for paths") },
		"ignore-paths": func(v value) { a.Not = r.globs(v, "patterns for paths") },
		"depth":        func(v value) { a.Depth = r.number(v, 1, 1000, "a whole number") },
		"capture-on":   func(v value) { a.When = r.word(v, OnSuccess, OnFailure, Always) },
	})
	r.needs(v, seen, "name", "paths")
	return a
}

func (r *reader) download(v value) Download {
	if v.kind == list {
		return Download{Names: r.texts(v, "true, false, or a list of names", "the name of an artifact")}
	}
	if v.kind != scalar {
		r.wrong(v, "true, false, or a list of names")
		return Download{}
	}
	all := r.maybe(v)
	return Download{None: all != nil && !*all}
}

// refer reads a list of names, each of which must be there.
func refer[T any](r *reader, v value, one, what string, names map[string]T) (all []string) {
	r.list(v, "a list of "+what, func(i value) {
		name := r.text(i, "the name of a "+one)
		if _, there := names[name]; name != "" && !open(name) && !there {
			undefined(r, i, name, what, names)
		}
		all = append(all, name)
	})
	return all
}

// stepServices reads the services of a step, and sees at the end whether the memory of all of them is there.
func (c *course) stepServices(v value, s *Step) []string {
	all := refer(c.reader, v, "service", "services", c.services)
	if len(all) > MaxServices {
		c.fail(v.at, v.path, fmt.Sprintf("%d services", len(all)), fmt.Sprintf("at most %d", MaxServices))
	}
	needed := 0
	for _, name := range all {
		needed += first(c.services[name], DefaultMemory)
	}
	c.later = append(c.later, func(f *File) {
		size := first(s.Size, f.Options.Size, 1)
		if there := size*sizeMemory - stepMemory; needed > there && len(s.RunsOn) == 0 && !c.openSize {
			c.fail(v.at, v.path, fmt.Sprintf("services of together %d MiB", needed), fmt.Sprintf("at most %d MiB for a step of size %dx", there, size))
		}
	})
	return all
}

func (r *reader) clone(v value) (c Clone) {
	r.read(v, "enabled, depth, lfs and other keys of clone", fields{
		"enabled":         func(v value) { c.Enabled = r.maybe(v) },
		"lfs":             func(v value) { c.LFS = r.maybe(v) },
		"skip-ssl-verify": func(v value) { c.SkipSSLVerify = r.maybe(v) },
		"filter":          func(v value) { c.Filter = r.text(v, "a filter of git clone, such as blob:none") },
		"depth": func(v value) {
			if v.kind == scalar && r.filled(v.text) == "full" {
				c.Depth = Full
			} else {
				c.Depth = r.number(v, 1, 1_000_000, "full, or a whole number")
			}
		},
		"sparse-checkout": func(v value) {
			c.Sparse = &Sparse{}
			r.read(v, "patterns, cone-mode and enabled", fields{
				"enabled":   func(v value) { c.Sparse.Enabled = r.maybe(v) },
				"cone-mode": func(v value) { c.Sparse.ConeMode = r.maybe(v) },
				"patterns":  func(v value) { c.Sparse.Patterns = r.texts(v, "a list of patterns", "a pattern") },
			})
		},
	})
	return c
}

func (r *reader) condition(v value) *Condition {
	c := &Condition{}
	seen := r.read(v, "changesets or state", fields{
		"state":      func(v value) { c.State = r.expression(v) },
		"changesets": func(v value) { c.Changesets = r.changesets(v) },
	})
	if seen != nil && len(seen) == 0 {
		r.fail(v.at, v.path, "no condition", "changesets or state")
	}
	return c
}

func (r *reader) changesets(v value) *Changesets {
	c := &Changesets{}
	seen := r.read(v, "includePaths or excludePaths", fields{
		"includePaths": func(v value) { c.Include = r.globs(v, "patterns for paths") },
		"excludePaths": func(v value) { c.Exclude = r.globs(v, "patterns for paths") },
	})
	if seen != nil && len(seen) != 1 {
		found := "no paths"
		if len(seen) == 2 {
			found = "both includePaths and excludePaths"
		}
		r.fail(v.at, v.path, found, "one of includePaths and excludePaths")
	}
	return c
}

func (r *reader) onFail(v value) *OnFail {
	o := &OnFail{}
	seen := r.read(v, "strategy, and maxRetryCount", fields{
		"strategy":      func(v value) { o.Strategy = r.word(v, "fail", "retry", "ignore") },
		"maxRetryCount": func(v value) { o.Retries = r.number(v, 1, MaxRetries, "a whole number") },
	})
	r.needs(v, seen, "strategy")
	if e := seen["maxRetryCount"]; e.node != nil && (o.Strategy == "fail" || o.Strategy == "ignore") {
		r.fail(e.at, v.path, "maxRetryCount", "it with the strategy retry")
	}
	if o.Strategy == "retry" && o.Retries == 0 {
		o.Retries = 1
	}
	return o
}

func (r *reader) maxTime(v value) int { return r.number(v, 1, MaxMaxTime, "a whole number of minutes") }

// sizes are how large a step may be, in times 4 GiB.
var sizes = []string{"1x", "2x", "4x", "8x", "16x", "24x", "32x"}

func (r *reader) size(v value) (n int) {
	word := r.word(v, sizes...)
	if v.kind == scalar && word == "" {
		r.openSize = true
	}
	_, _ = fmt.Sscanf(word, "%dx", &n)
	return n
}

// labels reads the labels of runners.
func (r *reader) labels(v value) []string {
	label := func(v value) string {
		text := r.text(v, "the label of a runner")
		if strings.ContainsAny(text, " \t\n") && !open(text) {
			r.wrong(v, "a label without spaces; several are a list")
		}
		return text
	}
	if v.kind == scalar {
		return []string{label(v)}
	}
	var all []string
	r.list(v, "the label of a runner, or a list of them", func(i value) { all = append(all, label(i)) })
	return all
}

func (r *reader) runtime(v value) (t Runtime) {
	r.read(v, "cloud", fields{"cloud": func(v value) {
		r.read(v, "arch, atlassian-ip-ranges and version", fields{
			"arch":                func(v value) { t.Arch = r.word(v, "x86", "arm") },
			"atlassian-ip-ranges": func(v value) { t.AtlassianIPRanges = r.maybe(v) },
			"version":             func(v value) { t.Version = r.text(v, "a version, such as 3") },
		})
	}})
	return t
}

func (r *reader) oidc(v value) (o OIDC) {
	if v.kind != mapping {
		o.Enabled = r.maybe(v)
		return o
	}
	yes := true
	o.Enabled = &yes
	r.read(v, "", fields{"audiences": func(v value) {
		if o.Audiences = r.texts(v, "a list of audiences", "an audience"); len(o.Audiences) > MaxAudiences {
			r.fail(v.at, v.path, fmt.Sprintf("%d audiences", len(o.Audiences)), fmt.Sprintf("at most %d", MaxAudiences))
		}
	}})
	return o
}

func (c *course) trigger(v value, at place) bool {
	manual := c.word(v, "automatic", "manual") == "manual"
	if manual && at == inStage {
		c.wrongUse(v, shown("manual"), "it at the stage")
	}
	return manual
}

func (c *course) output(v value) (all []string) {
	c.list(v, "a list of variables", func(i value) { all = append(all, c.variable(i)) })
	if before := c.outputs; before <= MaxOutput {
		if c.outputs += len(all); c.outputs > MaxOutput {
			c.fail(v.used, v.path, fmt.Sprintf("%d output variables in a pipeline", c.outputs), fmt.Sprintf("at most %d", MaxOutput))
		}
	}
	return all
}

// customName reads the name of a custom pipeline.
func (r *reader) customName(v value) string {
	name := r.text(v, "the name of a custom pipeline")
	if name != "" && !open(name) && !r.custom[name] {
		expected := "a pipeline in pipelines.custom"
		if near := nearest(name, slices.Sorted(maps.Keys(r.custom))); near != "" {
			expected = shown(near)
		}
		r.fail(v.at, v.path, shown(name)+", which is not defined", expected)
	}
	return name
}

func (r *reader) input(v value) []KeyValue {
	all := r.keyValues(v)
	if len(all) > MaxInputVariables {
		r.fail(v.at, v.path, fmt.Sprintf("%d input variables", len(all)), fmt.Sprintf("at most %d", MaxInputVariables))
	}
	return all
}
