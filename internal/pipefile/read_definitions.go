package pipefile

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// known is what is defined, for those who refer to it.
type known struct {
	export   bool
	custom   map[string]bool // the names of custom pipelines
	caches   map[string]bool // the names of caches, those that are predefined as well
	services map[string]int  // services with their memory in MiB, 0: not said
	imports  map[string]Source
	configs  map[string]value // what steps may take their configuration from
	openSize bool             // a size is the value of a variable that is not known
	later    []func(*File)    // what can be seen at the end only
}

func newKnown() known {
	k := known{custom: map[string]bool{}, caches: map[string]bool{}, services: map[string]int{Docker: 0}, imports: map[string]Source{}, configs: map[string]value{}}
	for _, c := range Predefined {
		k.caches[c.Name] = true
	}
	return k
}

// definitions reads what pipelines refer to. What it gives reads the shared pipelines, which may refer to it, too. Other keys are a
// place for anchors.
func (r *reader) definitions(v value, d *Definitions) (shared func()) {
	shared = func() {}
	entries, _ := r.entries(v, "caches, services and other definitions")
	f := fields{
		"caches":      func(v value) { d.Caches = r.definedCaches(v) },
		"services":    func(v value) { d.Services = r.definedServices(v) },
		"imports":     func(v value) { d.Imports = r.definedImports(v) },
		"step-config": r.definedConfigs,
		"pipelines": func(v value) {
			shared = func() { d.Pipelines = r.part(v, part{variables: true, shared: true}) }
		},
	}
	for _, e := range entries {
		if read := f[e.key]; read != nil {
			read(e.value)
		} else if near := nearest(e.key, f.names()); near != "" {
			r.fail(e.at, v.path, "the key "+shown(e.key), shown(near))
		}
	}
	return shared
}

func (r *reader) definedCaches(v value) (all []Cache) {
	entries, _ := r.entries(v, "caches, as name: path")
	for _, e := range entries {
		c := Cache{Name: e.key}
		r.caches[e.key] = true
		if e.kind != mapping {
			c.Path = r.text(e.value, "the path of a directory, or path and key")
			all = append(all, c)
			continue
		}
		seen := r.read(e.value, "", fields{
			"path": func(v value) { c.Path = r.text(v, "the path of a directory") },
			"key": func(v value) {
				seen := r.read(v, "files", fields{"files": func(v value) { c.Files = r.globs(v, "patterns for files") }})
				r.needs(v, seen, "files")
			},
		})
		r.needs(e.value, seen, "path")
		all = append(all, c)
	}
	return all
}

func (r *reader) definedServices(v value) (all []Service) {
	entries, _ := r.entries(v, "services by their names")
	for _, e := range entries {
		s := Service{Name: e.key}
		seen := r.read(e.value, "image, memory, variables and type", fields{
			"image":     func(v value) { s.Image = r.image(v) },
			"memory":    func(v value) { s.Memory = r.number(v, MinMemory, sizeMemory*32, "a whole number of MiB") },
			"variables": func(v value) { s.Variables = r.keyValues(v) },
			"type":      func(v value) { s.Docker = r.word(v, Docker) == Docker },
		})
		if e.key != Docker {
			r.needs(e.value, seen, "image")
		}
		r.services[e.key] = s.Memory
		all = append(all, s)
	}
	return all
}

func (r *reader) definedConfigs(v value) {
	entries, _ := r.entries(v, "configurations of steps by their names")
	for _, e := range entries {
		r.configs[e.key] = e.value
	}
}

func (r *reader) definedImports(v value) (all []Source) {
	entries, _ := r.entries(v, "files by their names")
	for _, e := range entries {
		s, ok := parseSource(r.text(e.value, sourceForm))
		if !ok && e.kind == scalar && e.text != "" {
			r.wrong(e.value, sourceForm)
		}
		s.Name = e.key
		r.imports[e.key] = s
		all = append(all, s)
	}
	return all
}

const (
	sourceForm = "a path, repository:ref, or repository:ref:path"
	importForm = "pipeline@import, or repository:ref:pipeline"
	// FileName is what the file is called in a repository.
	FileName = "bitbucket-pipelines.yml"
)

// repositoryName is a slug or a UUID, with the key of a project in front of it or not.
var repositoryName = regexp.MustCompile(`^(?:[A-Za-z0-9_.-]+/)?(?:[A-Za-z0-9_.-]+|\{[0-9a-fA-F-]{36}\})$`)

// parseSource reads where a file of pipelines is.
func parseSource(text string) (s Source, ok bool) {
	words := strings.Split(text, ":")
	switch len(words) {
	case 1:
		return Source{Path: text}, isPath(text)
	case 2:
		words = append(words, FileName)
		fallthrough
	case 3:
		return Source{Repository: words[0], Ref: words[1], Path: words[2]}, repositoryName.MatchString(words[0]) && isRef(words[1]) && isPath(words[2])
	}
	return s, false
}

// isPath tells whether a text is the path of a file in a repository.
func isPath(text string) bool {
	return text != "" && text != "." && path.Clean(text) == text && !strings.HasPrefix(text, "/") && text != ".." && !strings.HasPrefix(text, "../") && !strings.ContainsAny(text, "\\\n")
}

func isRef(text string) bool {
	return text != "" && !strings.HasPrefix(text, "-") && !strings.ContainsAny(text, " ~^?*[\\\n")
}

// imported reads which pipeline is imported from where.
func (r *reader) imported(v value) *Import {
	text := r.text(v, importForm)
	if text == "" {
		return nil
	}
	if at := strings.LastIndex(text, "@"); at >= 0 {
		i := &Import{Pipeline: text[:at], Source: Source{Name: text[at+1:]}}
		source, there := r.imports[i.Source.Name]
		switch {
		case i.Pipeline == "" || i.Source.Name == "":
			r.wrong(v, importForm)
		case !there:
			undefined(r, v, i.Source.Name, "imports", r.imports)
		default:
			i.Source = source
		}
		return i
	}
	words := strings.SplitN(text, ":", 3)
	if len(words) < 3 || words[2] == "" || !repositoryName.MatchString(words[0]) || !isRef(words[1]) {
		r.wrong(v, importForm)
		return nil
	}
	return &Import{Pipeline: words[2], Source: Source{Repository: words[0], Ref: words[1], Path: FileName}}
}

func (r *reader) image(v value) *Image {
	i := &Image{}
	name := func(v value) {
		if i.Name = r.text(v, "the name of an image"); strings.ContainsAny(i.Name, " \t\n") && !open(i.Name) {
			r.wrong(v, "the name of an image, without spaces")
		}
	}
	if v.kind != mapping {
		name(v)
		return i
	}
	seen := r.read(v, "", fields{
		"name":     name,
		"username": func(v value) { i.Username = r.text(v, "the name of a user") },
		"password": func(v value) { i.Password = r.text(v, "a password, which is better the name of a secured variable") },
		"email":    func(v value) { i.Email = r.text(v, "an e-mail address") },
		"aws":      func(v value) { i.AWS = r.aws(v) },
		"run-as-user": func(v value) {
			n := r.number(v, 0, 1<<31-2, "the number of a user,")
			i.RunAsUser = &n
		},
	})
	r.needs(v, seen, "name")
	if _, there := seen["username"]; there {
		r.needs(v, seen, "password")
	} else if _, there := seen["password"]; there {
		r.needs(v, seen, "username")
	}
	if e := seen["aws"]; e.node != nil && i.Username != "" {
		r.fail(e.at, v.path, "aws beside username", "one of them")
	}
	return i
}

func (r *reader) aws(v value) *AWS {
	a := &AWS{}
	seen := r.read(v, "oidc-role, or access-key and secret-key", fields{
		"oidc-role":  func(v value) { a.OIDCRole = r.text(v, "a role") },
		"access-key": func(v value) { a.AccessKey = r.text(v, "a key") },
		"secret-key": func(v value) { a.SecretKey = r.text(v, "a secret, which is better the name of a secured variable") },
	})
	if _, role := seen["oidc-role"]; !role {
		r.needs(v, seen, "access-key", "secret-key")
	} else if len(seen) > 1 {
		r.fail(v.at, v.path, "oidc-role beside a key", "one of them")
	}
	return a
}

func (r *reader) options(v value) (o Options) {
	r.read(v, "docker, max-time, size, runtime and oidc", fields{
		"docker":   func(v value) { o.Docker = r.boolean(v) },
		"max-time": func(v value) { o.MaxTime = r.maxTime(v) },
		"size":     func(v value) { o.Size = r.size(v) },
		"runtime":  func(v value) { o.Runtime = r.runtime(v) },
		"oidc":     func(v value) { o.OIDC = r.oidc(v) },
	})
	return o
}

// Events are those that are documented to start pipelines. Others of the same form are taken, too.
var Events = []string{
	"deployment-completed", "pipeline-completed", "pullrequest-created", "pullrequest-fulfilled", "pullrequest-push", "pullrequest-rejected", "pullrequest-updated", "repository-push",
}

var eventName = regexp.MustCompile(`^[a-z]+(-[a-z]+)+$`)

const (
	maxConditions = 20  // of an event
	maxStarted    = 100 // pipelines of an event
)

func (r *reader) triggers(v value) (all []Trigger) {
	entries, _ := r.entries(v, "events, such as repository-push")
	for _, e := range entries {
		if near := nearest(e.key, Events); !slices.Contains(Events, e.key) && (near != "" || !eventName.MatchString(e.key)) {
			r.unknown(v, e, Events)
		}
		started := 0
		r.list(e.value, "a list of conditions with pipelines", func(i value) {
			t := Trigger{Event: e.key}
			seen := r.read(i, "condition and pipelines", fields{
				"condition": func(v value) { t.Condition = r.expression(v) },
				"pipelines": func(v value) {
					r.list(v, "a list of custom pipelines", func(i value) { t.Pipelines = append(t.Pipelines, r.customName(i)) })
				},
			})
			r.needs(i, seen, "pipelines")
			started += len(t.Pipelines)
			all = append(all, t)
		})
		if len(e.items) > maxConditions {
			r.fail(e.at, v.path, fmt.Sprintf("%d conditions of an event", len(e.items)), fmt.Sprintf("at most %d", maxConditions))
		}
		if started > maxStarted {
			r.fail(e.at, v.path, fmt.Sprintf("%d pipelines of an event", started), fmt.Sprintf("at most %d", maxStarted))
		}
	}
	return all
}
