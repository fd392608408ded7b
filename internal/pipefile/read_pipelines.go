package pipefile

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// readFile reads the top of the file. What others refer to is looked at first, wherever it stands.
func (r *reader) readFile(v value) *File {
	f := &File{}
	entries, ok := r.entries(v, "a mapping with the key pipelines")
	if !ok {
		return f
	}
	var shared func()
	for _, e := range entries {
		switch e.key {
		case "export":
			r.export = e.plain && strings.EqualFold(e.text, "true")
		case "pipelines":
			for _, section := range peek(r, e.value) {
				if section.key == "custom" {
					for _, custom := range peek(r, section.value) {
						r.custom[custom.key] = true
					}
				}
			}
		}
	}
	for _, e := range entries {
		if e.key == "definitions" {
			shared = r.definitions(e.value, &f.Definitions)
		}
	}
	seen := r.readEntries(v, entries, fields{
		"image":       func(v value) { f.Image = r.image(v) },
		"clone":       func(v value) { f.Clone = r.clone(v) },
		"options":     func(v value) { f.Options = r.options(v) },
		"export":      func(v value) { f.Export = r.boolean(v) },
		"labels":      func(value) {}, // for other programs
		"definitions": func(value) {},
		"pipelines":   func(v value) { f.Pipelines = r.pipelines(v) },
		"triggers":    func(v value) { f.Triggers = r.triggers(v) },
	})
	if shared != nil {
		shared()
	}
	if len(f.Definitions.Pipelines) == 0 {
		r.needs(v, seen, "pipelines")
	}
	for _, check := range r.later {
		check(f)
	}
	r.circles(f)
	return f
}

// peek gives the keys of what may be a mapping, and tells no faults: those are told when it is read.
func peek(r *reader, v value) []entry {
	quiet := &reader{told: map[Fault]bool{}, broken: r.broken, visits: r.visits}
	all, _ := quiet.entries(v, "")
	r.visits = quiet.visits
	return all
}

func (r *reader) pipelines(v value) (p Pipelines) {
	section := func(into *[]Pipeline, of part) func(value) {
		return func(v value) { *into = r.part(v, of) }
	}
	seen := r.read(v, "default, branches, tags, pull-requests or custom, as keys of a mapping", fields{
		"default": func(v value) {
			p.Default = &Pipeline{Pos: v.used, Name: "default"}
			r.pipeline(v, p.Default, part{})
		},
		"branches":      section(&p.Branches, part{patterns: true}),
		"tags":          section(&p.Tags, part{patterns: true}),
		"pull-requests": section(&p.PullRequests, part{patterns: true, destinations: true}),
		"custom":        section(&p.Custom, part{variables: true}),
	})
	if seen != nil && len(seen) == 0 {
		r.fail(v.at, v.path, "no pipeline", "default, branches, tags, pull-requests or custom")
	}
	return p
}

// part says what pipelines in a part of the file may have.
type part struct{ patterns, destinations, variables, shared bool }

func (r *reader) part(v value, of part) (all []Pipeline) {
	what := "pipelines by their names"
	if of.patterns {
		what = "pipelines by patterns"
	}
	entries, _ := r.entries(v, what)
	for _, e := range entries {
		p := Pipeline{Pos: e.at, Name: e.key}
		if e.key == "" {
			r.fail(e.at, v.path, "an empty name", "a name")
		} else if of.patterns {
			p.Pattern = r.pattern(e, v.path)
		}
		if of.destinations && e.kind == mapping {
			if _, named := r.destinations(e.value, p, &all); named {
				continue
			}
		}
		r.pipeline(e.value, &p, of)
		all = append(all, p)
	}
	return all
}

func (r *reader) pattern(e entry, path string) Glob {
	g, err := r.glob(e.key)
	if err != nil {
		r.fail(e.at, path, "the pattern "+shown(e.key), err.Error())
	}
	return g
}

// destinations reads the pipelines of a source by their destinations.
func (r *reader) destinations(v value, p Pipeline, all *[]Pipeline) (seen map[string]entry, named bool) {
	for _, e := range peek(r, v) {
		named = named || e.key == "destinations"
	}
	if !named {
		return nil, false
	}
	return r.read(v, "", fields{"destinations": func(v value) {
		entries, _ := r.entries(v, "pipelines by patterns")
		for _, e := range entries {
			one := p
			g := r.pattern(e, v.path)
			one.Destination = &g
			r.pipeline(e.value, &one, part{})
			*all = append(*all, one)
		}
	}}), true
}

// pipeline reads a list of steps, or an import.
func (r *reader) pipeline(v value, p *Pipeline, of part) {
	if v.kind == mapping {
		seen := r.read(v, "", fields{"import": func(v value) {
			if of.shared && r.export {
				r.wrongUse(v, "an import in what is exported", "a list of steps")
			}
			p.Import = r.imported(v)
		}})
		r.needs(v, seen, "import")
		return
	}
	c := &course{reader: r, pipeline: p, environments: map[string]Pos{}}
	first := true
	r.list(v, "a list of steps", func(i value) {
		c.item(i, first, of)
		first = false
	})
	if v.kind == list && len(v.items) > 0 && len(p.Items) == 0 && !c.broken {
		r.fail(v.used, v.path, "no step", "a step, a stage or a parallel group")
	}
}

// course is one pipeline while it is read.
type course struct {
	*reader
	pipeline     *Pipeline
	steps        int
	outputs      int
	environments map[string]Pos // that are used, and where
	broken       bool           // an item could not be read
}

// itemOf gives the one key that an item has.
func (r *reader) itemOf(v value, keys ...string) (e entry, ok bool) {
	entries, is := r.entries(v, "the key "+oneOf(keys))
	if !is {
		return e, false
	}
	for _, e := range entries {
		if slices.Contains(keys, e.key) && e.kind == null && len(entries) > 1 {
			r.fail(e.at, v.path, fmt.Sprintf("a %s with nothing in it, and other keys beside it", e.key), fmt.Sprintf("those keys indented deeper than %s", e.key))
			return e, false
		}
	}
	for i, e := range entries {
		if !slices.Contains(keys, e.key) {
			r.unknown(v, e, keys)
			return e, false
		}
		if i > 0 {
			r.fail(e.at, v.path, "a second key, "+e.key, "one key for each item of the list")
			return e, false
		}
	}
	if len(entries) == 0 {
		r.wrong(v, oneOf(keys))
		return e, false
	}
	return entries[0], true
}

func (c *course) item(v value, first bool, of part) {
	e, ok := c.itemOf(v, "step", "parallel", "stage", "variables", "final")
	if !ok {
		c.broken = true
		return
	}
	p := c.pipeline
	if p.Final != nil {
		c.fail(v.used, v.path, e.key+" behind the final step", "the final step at the end")
	}
	switch e.key {
	case "variables":
		if !of.variables || !first {
			c.fail(e.at, v.path, "variables", "them as the first item of a custom pipeline")
		}
		p.Variables = c.customVariables(e.value)
		return
	case "final":
		s := c.step(e.value, final)
		p.Final = &s
		return
	case "step":
		s := c.step(e.value, alone)
		p.Items = append(p.Items, Item{Step: &s})
	case "parallel":
		p.Items = append(p.Items, Item{Parallel: c.parallel(e.value)})
	case "stage":
		p.Items = append(p.Items, Item{Stage: c.stage(e.value)})
	}
	if len(p.Items) == 1 {
		item := p.Items[0]
		manual := item.Stage != nil && item.Stage.Manual
		for _, s := range item.Steps() {
			manual = manual || s.Manual
		}
		if manual {
			c.fail(v.used, v.path, "trigger: manual at the beginning", "a first step that runs by itself, or a custom pipeline")
		}
	}
}

func (c *course) parallel(v value) *Parallel {
	p := &Parallel{}
	if v.kind == list {
		p.Steps = c.group(v, inParallel)
		return p
	}
	seen := c.read(v, "a list of steps, or steps and fail-fast", fields{
		"steps":     func(v value) { p.Steps = c.group(v, inParallel) },
		"fail-fast": func(v value) { p.FailFast = c.boolean(v) },
		"on-fail":   func(v value) { p.OnFail = c.onFail(v) },
	})
	c.needs(v, seen, "steps")
	return p
}

func (c *course) stage(v value) *Stage {
	s := &Stage{}
	seen := c.read(v, "name, steps and other keys of a stage", fields{
		"name":        func(v value) { s.Name = c.text(v, "a name") },
		"deployment":  func(v value) { s.Deployment = c.environment(v) },
		"environment": func(v value) { s.Deployment = c.environment(v) },
		"trigger":     func(v value) { s.Manual = c.word(v, "automatic", "manual") == "manual" },
		"condition":   func(v value) { s.Condition = c.condition(v) },
		"on-fail":     func(v value) { s.OnFail = c.onFail(v) },
		"steps":       func(v value) { s.Steps = c.group(v, inStage) },
	})
	c.oneEnvironment(v, seen)
	c.needs(v, seen, "steps")
	return s
}

// group reads the steps of a stage or a parallel group.
func (c *course) group(v value, at place) (all []Step) {
	c.list(v, "a list of steps", func(i value) {
		if e, ok := c.itemOf(i, "step"); ok {
			all = append(all, c.step(e.value, at))
		} else {
			c.broken = true
		}
	})
	return all
}

// environment reads the environment that a step or a stage deploys to. Each is deployed to once.
func (c *course) environment(v value) string {
	name := c.text(v, "the name of an environment")
	if name == "" || open(name) {
		return name
	}
	if first, twice := c.environments[strings.ToLower(name)]; twice {
		c.wrongUse(v, fmt.Sprintf("%s, to which line %d deploys already", shown(name), first.Line), "every environment once in a pipeline")
		return name
	}
	c.environments[strings.ToLower(name)] = v.used
	return name
}

func (r *reader) oneEnvironment(v value, seen map[string]entry) {
	if e := seen["environment"]; e.node != nil && seen["deployment"].node != nil {
		r.fail(e.at, v.path, "environment beside deployment", "one of them")
	}
}

// customVariables reads the variables that whoever starts a pipeline is asked for.
func (r *reader) customVariables(v value) (all []Variable) {
	names := map[string]bool{}
	r.list(v, "a list of variables", func(i value) {
		var one Variable
		var fallback value
		seen := r.read(i, "name, default, allowed-values and description", fields{
			"name":           func(v value) { one.Name = r.variable(v) },
			"default":        func(v value) { fallback, one.Default = v, r.scalar(v) },
			"allowed-values": func(v value) { one.Allowed = r.texts(v, "a list of values", "a value") },
			"description":    func(v value) { one.Description = r.text(v, "a text") },
		})
		r.needs(i, seen, "name")
		if one.Default != nil && one.Allowed != nil && !slices.Contains(one.Allowed, *one.Default) {
			r.fail(fallback.at, fallback.path, "a value that is not allowed", "one of allowed-values")
		}
		if names[one.Name] && one.Name != "" {
			r.wrongUse(i, "a second variable "+cut(one.Name), "every variable once")
		}
		names[one.Name] = true
		all = append(all, one)
	})
	return all
}

func (r *reader) variable(v value) string {
	name := r.text(v, nameRule)
	if name != "" && !variableName.MatchString(name) {
		r.wrong(v, nameRule)
	}
	return name
}

// scalar reads a value that may be empty.
func (r *reader) scalar(v value) *string {
	if v.kind == list || v.kind == mapping {
		r.wrong(v, "a value in one line or in quotes")
	}
	text := ""
	if v.kind == scalar {
		text = r.filled(v.text)
	}
	return &text
}

// circles tells of pipelines that run themselves, through the steps that run other pipelines.
func (r *reader) circles(f *File) {
	next := map[string][]*Step{}
	for i := range f.Pipelines.Custom {
		p := &f.Pipelines.Custom[i]
		for _, s := range p.Steps() {
			if s.Child != nil {
				next[p.Name] = append(next[p.Name], s)
			}
		}
	}
	done := map[string]bool{}
	var walk func(name string, above map[string]bool)
	walk = func(name string, above map[string]bool) {
		if done[name] || len(above) > MaxSteps {
			return
		}
		above[name] = true
		for _, s := range next[name] {
			if above[s.Child.Custom] {
				r.fail(s.Pos, "pipelines.custom", fmt.Sprintf("a step that runs %s, which runs this one", shown(s.Child.Custom)), "pipelines that do not run themselves")
				continue
			}
			walk(s.Child.Custom, above)
		}
		delete(above, name)
		done[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(next)) {
		walk(name, map[string]bool{})
	}
}
