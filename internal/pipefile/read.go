package pipefile

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Limits of what is looked at: values, where each use of an alias counts, and long patterns and conditions count as several; and the
// faults that are told.
const (
	maxVisits = 100_000
	MaxFaults = 100
)

// Parse reads a file. Where there are faults, all that can be found are told, by their places, and there is no file. variables are
// what ${{NAME}} stands for in values; of those that are missing, the value is taken for right, and left empty where it is no text.
func Parse(data []byte, variables map[string]string) (*File, []Fault) {
	r := &reader{variables: variables, told: map[Fault]bool{}, broken: map[Pos]bool{}, known: newKnown()}
	f := r.file(data)
	if len(r.faults) == 0 {
		return f, nil
	}
	slices.SortStableFunc(r.faults, func(a, b Fault) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return nil, r.faults
}

// reader reads one file.
type reader struct {
	variables map[string]string
	faults    []Fault
	told      map[Fault]bool
	broken    map[Pos]bool // where the YAML itself is at fault: what follows from it is not told
	visits    int
	reading   bool // the YAML is right
	known
}

// The panics that end the reading of a file.
type (
	tooMuch struct{} // its aliases stand for too much
	enough  struct{} // no more faults are told
)

func (r *reader) file(data []byte) (f *File) {
	root := r.tree(data)
	if len(r.faults) > 0 && root == nil {
		return nil
	}
	for _, f := range r.faults {
		r.broken[Pos{f.Line, f.Column}] = true
	}
	defer func() {
		r.reading = false
		switch p := recover(); p.(type) {
		case nil:
			return
		case enough:
		case tooMuch:
			r.fail(Pos{}, "", "more than can be read", fmt.Sprintf("a file of at most %d values, where each use of an anchor counts", maxVisits))
		default:
			panic(p)
		}
		f = nil
	}()
	if root == nil || root.kind == null && root.alias == nil {
		r.fail(Pos{1, 1}, "", "nothing", "pipelines")
		return nil
	}
	r.reading = true
	return r.readFile(r.value(root, ""))
}

// fail adds a fault, as long as there are few. What is wrong with a value that several aliases stand for is told once.
func (r *reader) fail(at Pos, path, found, expected string) {
	f := Fault{at.Line, at.Column, path, found, expected}
	same := f
	same.Path = ""
	if len(r.faults) < MaxFaults && !r.told[same] && !r.broken[at] {
		r.told[same] = true
		r.faults = append(r.faults, f)
	}
	if r.reading && len(r.faults) == MaxFaults {
		panic(enough{})
	}
}

// visit counts what is looked at.
func (r *reader) visit(n int) {
	if r.visits += n; r.visits > maxVisits {
		panic(tooMuch{})
	}
}

// value is a node with the way to it.
type value struct {
	*node     // never an alias
	used  Pos // where it counts: of an alias, where that stands
	path  string
}

func (r *reader) value(n *node, path string) value {
	used := n.at
	for n.alias != nil {
		n = n.alias
	}
	r.visit(1)
	return value{n, used, path}
}

// what describes a value.
func (v value) what() string {
	if v.kind == scalar {
		return shown(v.text)
	}
	return v.form()
}

// form describes a value without showing it: where a list or a mapping belongs, it may be a command or a secret.
func (v value) form() string {
	switch v.kind {
	case null:
		return "nothing"
	case list:
		return "a list"
	case mapping:
		return "a mapping"
	}
	return "a single value"
}

// wrong tells that a value is not what it should be.
func (r *reader) wrong(v value, expected string) { r.fail(v.at, v.path, v.what(), expected) }

// wrongUse is wrong for a value that may be right elsewhere: the place is that of an alias.
func (r *reader) wrongUse(v value, found, expected string) { r.fail(v.used, v.path, found, expected) }

// plainKey is a key that can stand in a path as it is.
var plainKey = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// below is the path of a key.
func below(path, key string) string {
	switch {
	case len(key) > maxShown || !plainKey.MatchString(key):
		return path + "[" + shown(key) + "]"
	case path == "":
		return key
	}
	return path + "." + key
}

// entry is a key of a mapping, with its value.
type entry struct {
	key string
	at  Pos
	value
}

// entries are the keys of a mapping, with those that are merged into it. Its own keys go before those.
func (r *reader) entries(v value, expected string) (all []entry, ok bool) {
	if v.kind != mapping {
		r.fail(v.at, v.path, v.form(), expected)
		return nil, false
	}
	taken := map[string]bool{}
	var merged []value
	for _, p := range v.pairs {
		if p.merge {
			merged = append(merged, r.value(p.value, v.path))
			continue
		}
		taken[p.key] = true
		all = append(all, entry{p.key, p.at, r.value(p.value, below(v.path, p.key))})
	}
	for i := 0; i < len(merged); i++ {
		m := merged[i]
		if m.kind == list {
			for _, item := range m.items {
				if of := r.value(item, v.path); of.kind == list {
					r.wrong(of, "the alias of a mapping")
				} else {
					merged = append(merged, of)
				}
			}
			continue
		}
		more, _ := r.entries(m, "the alias of a mapping, or a list of them")
		r.visit(len(more))
		for _, e := range more {
			if !taken[e.key] {
				taken[e.key] = true
				all = append(all, e)
			}
		}
	}
	return all, true
}

// fields are how the keys of a mapping are read.
type fields map[string]func(value)

func (f fields) names() []string {
	names := make([]string, 0, len(f))
	for name := range f {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// read reads a mapping whose keys are known, and gives those that are there. nil: it is no mapping.
func (r *reader) read(v value, what string, f fields) map[string]entry {
	entries, ok := r.entries(v, what)
	if !ok {
		return nil
	}
	return r.readEntries(v, entries, f)
}

func (r *reader) readEntries(v value, entries []entry, f fields) map[string]entry {
	seen := map[string]entry{}
	for _, e := range entries {
		read := f[e.key]
		if read == nil {
			if meant := r.unknown(v, e, f.names()); meant != "" {
				if _, there := seen[meant]; !there {
					seen[meant] = entry{} // or it would be missing, too
				}
			}
			continue
		}
		seen[e.key] = e
		read(e.value)
	}
	return seen
}

// unknown tells that a key is none of those that there are, and which one was meant, if one is near.
func (r *reader) unknown(v value, e entry, names []string) (meant string) {
	expected := oneOf(names)
	if meant = nearest(e.key, names); meant != "" {
		expected = shown(meant)
	}
	r.fail(e.at, v.path, "the key "+shown(e.key), expected)
	return meant
}

// needs tells that keys are missing.
func (r *reader) needs(v value, seen map[string]entry, keys ...string) {
	for _, k := range keys {
		if _, there := seen[k]; !there && seen != nil {
			r.fail(v.at, v.path, "no "+k, "the key "+shown(k))
		}
	}
}

// list reads a list of at least one item.
func (r *reader) list(v value, expected string, item func(value)) {
	if v.kind != list || len(v.items) == 0 {
		found := v.form()
		if v.kind == list {
			found = "an empty list"
		}
		r.fail(v.at, v.path, found, expected)
		return
	}
	for i, n := range v.items {
		item(r.value(n, fmt.Sprintf("%s[%d]", v.path, i)))
	}
}

// template is what is replaced by the value of a variable.
var template = regexp.MustCompile(`\$\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}`)

// text reads a text with something in it.
func (r *reader) text(v value, expected string) string {
	if v.kind != scalar || v.text == "" {
		found := v.what()
		if v.kind == scalar {
			found = "an empty text"
		}
		r.fail(v.at, v.path, found, expected)
		return ""
	}
	return r.filled(v.text)
}

// filled is a text with the values of the variables that there are.
func (r *reader) filled(text string) string {
	if r.variables == nil || !strings.Contains(text, "${{") {
		return text
	}
	return template.ReplaceAllStringFunc(text, func(found string) string {
		if value, there := r.variables[template.FindStringSubmatch(found)[1]]; there {
			return value
		}
		return found
	})
}

// open tells whether a text has variables whose values are not known.
func open(text string) bool { return template.MatchString(text) }

// texts reads a list of texts.
func (r *reader) texts(v value, expected, item string) (all []string) {
	r.list(v, expected, func(i value) { all = append(all, r.text(i, item)) })
	return all
}

// word reads one of several words.
func (r *reader) word(v value, words ...string) string {
	text := r.filled(v.text)
	switch {
	case v.kind == scalar && slices.Contains(words, text):
		return text
	case v.kind == scalar && open(text):
	default:
		r.wrong(v, oneOf(words))
	}
	return ""
}

// maybe reads true or false, which YAML 1.1 writes in several ways. nil: it is not known.
func (r *reader) maybe(v value) *bool {
	text := r.filled(v.text)
	if v.kind == scalar && (v.plain || text != v.text) {
		yes, no := true, false
		switch strings.ToLower(text) {
		case "true", "yes", "on":
			return &yes
		case "false", "no", "off":
			return &no
		}
	}
	switch {
	case v.kind != scalar:
		r.wrong(v, "true or false")
	case !open(text):
		found := v.what()
		if !v.plain {
			found += " in quotes"
		}
		r.fail(v.at, v.path, found, "true or false")
	}
	return nil
}

// boolean reads true or false.
func (r *reader) boolean(v value) bool {
	b := r.maybe(v)
	return b != nil && *b
}

// number reads a whole number. what says what it is.
func (r *reader) number(v value, least, most int, what string) int {
	text := r.filled(v.text)
	n, err := strconv.Atoi(text)
	switch {
	case v.kind == scalar && err == nil && n >= least && n <= most:
		return n
	case v.kind == scalar && open(text):
	default:
		r.wrong(v, fmt.Sprintf("%s from %d to %d", what, least, most))
	}
	return 0
}

// globs reads a list of patterns.
func (r *reader) globs(v value, what string) (all []Glob) {
	r.list(v, "a list of "+what, func(i value) {
		text := r.text(i, "a pattern")
		if text == "" {
			return
		}
		g, err := r.glob(text)
		if err != nil {
			r.wrong(i, err.Error())
		}
		all = append(all, g)
	})
	return all
}

// glob makes a pattern, which costs more the longer it is.
func (r *reader) glob(text string) (Glob, error) {
	g, err := ParseGlob(text)
	r.visit(len(g.forms) * len(text) / 10)
	return g, err
}

// expression reads a condition.
func (r *reader) expression(v value) *Expression {
	text := r.text(v, `a condition, such as BITBUCKET_BRANCH == "main"`)
	if text == "" {
		return nil
	}
	r.visit(len(text))
	e, err := ParseExpression(text)
	if err != nil {
		r.wrong(v, err.Error())
	}
	return e
}

// variableName is how a variable may be called.
var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

const nameRule = "a name of letters, digits and _ that begins with no digit"

// keyValues reads variables with their values.
func (r *reader) keyValues(v value) (all []KeyValue) {
	entries, _ := r.entries(v, "variables, as NAME: value")
	for _, e := range entries {
		if !variableName.MatchString(e.key) {
			r.fail(e.at, v.path, "the variable "+shown(e.key), nameRule)
		}
		all = append(all, KeyValue{e.key, *r.scalar(e.value)})
	}
	return all
}
