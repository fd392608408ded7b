package config

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxFile is more than any configuration needs, and keeps a wrong path from being parsed.
const maxFile = 1 << 20

// maxDepth is deeper than any key; the parser recurses.
const maxDepth = 100

// entry is one setting found in the file.
type entry struct {
	setting *setting
	where   string // file:line
	text    string
	problem *Problem // the value cannot be a setting's, instead of text
}

// parseFile lists the settings that data, the file called name, holds, and what is wrong in it.
func parseFile(name string, data []byte) (entries []entry, problems []*Problem) {
	if len(data) > maxFile {
		return nil, []*Problem{{Where: name, What: fmt.Sprintf("larger than %s", formatSize(maxFile)), Want: "a YAML file of settings"}}
	}
	if bytes.Count(data, []byte("[")) > maxDepth || bytes.Count(data, []byte("{")) > maxDepth {
		return nil, []*Problem{{Where: name, What: "too many brackets", Want: "a YAML file of settings"}}
	}
	defer func() { // a parser that stumbles over a file must not take the process down
		if p := recover(); p != nil {
			entries, problems = nil, []*Problem{{Where: name, What: "not YAML"}}
		}
	}()
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		where, what := name, err.Error()
		if ye, ok := errors.AsType[yaml.Error](err); ok {
			what = ye.GetMessage()
			if tk := ye.GetToken(); tk != nil && tk.Position != nil {
				where = fmt.Sprintf("%s:%d", name, tk.Position.Line)
			}
		}
		return nil, []*Problem{{Where: where, What: "not YAML: " + shortened(what)}}
	}
	r := fileReader{name: name, seen: map[string]string{}}
	documents := 0
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if documents++; documents > 1 {
			r.complain(doc.Body, "a second document", "one document")
			break
		}
		if _, null := doc.Body.(*ast.NullNode); !null {
			r.section("", doc.Body)
		}
	}
	return r.entries, r.problems
}

type fileReader struct {
	name     string
	seen     map[string]string // key → where
	entries  []entry
	problems []*Problem
}

func (r *fileReader) where(n ast.Node) string {
	if tk := n.GetToken(); tk != nil && tk.Position != nil {
		return fmt.Sprintf("%s:%d", r.name, tk.Position.Line)
	}
	return r.name
}

func (r *fileReader) complain(n ast.Node, what, want string) {
	r.problems = append(r.problems, &Problem{Where: r.where(n), What: what, Want: want})
}

// section reads the mapping below prefix, which is "" or ends in a dot.
func (r *fileReader) section(prefix string, n ast.Node) {
	var values []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		r.complain(n, strings.TrimSuffix(prefix, ".")+sep(prefix)+describe(n), "settings, as key: value")
		return
	}
	for _, kv := range values {
		name, ok := kv.Key.(*ast.StringNode)
		if !ok {
			r.complain(kv.Key, "a key of an unusual form", "a plain name")
			continue
		}
		r.value(prefix+name.Value, kv.Key, kv.Value)
	}
}

func sep(prefix string) string {
	if prefix == "" {
		return ""
	}
	return ": "
}

func (r *fileReader) value(key string, at ast.Node, n ast.Node) {
	where := r.where(at)
	if first, twice := r.seen[key]; twice {
		r.complain(at, key+": set before, at "+first, "")
		return
	}
	s := byKey[key]
	if s == nil {
		if !isSection(key) {
			r.problems = append(r.problems, &Problem{Where: where, What: fmt.Sprintf("%q: no such setting", shortened(key)), Nearest: nearestKey(key)})
			return
		}
		if _, null := n.(*ast.NullNode); !null { // a section whose settings are all commented out is fine
			r.section(key+".", n)
		}
		return
	}
	r.seen[key] = where
	e := entry{setting: s, where: where}
	v := s.value(new(Config))
	text, ok := scalar(n)
	if list, isList := n.(*ast.SequenceNode); isList && v.list() {
		text, ok = sequence(list)
	}
	if ok {
		e.text = text
	} else {
		want := v.want()
		if v.list() {
			want += ", or a list"
		}
		e.problem = &Problem{Where: where, What: key + ": " + describe(n), Want: want}
	}
	r.entries = append(r.entries, e)
}

// isSection says whether settings stand below key.
func isSection(key string) bool {
	for i := range settings {
		if strings.HasPrefix(settings[i].key, key+".") {
			return true
		}
	}
	return false
}

// scalar is a scalar's text: of a quoted one without quotes, of a number as it was written.
func scalar(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return strings.TrimSuffix(n.Value.Value, "\n"), true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// sequence joins the scalars of a list.
func sequence(n *ast.SequenceNode) (string, bool) {
	parts := make([]string, len(n.Values))
	for i, item := range n.Values {
		text, ok := scalar(item)
		if !ok {
			return "", false
		}
		parts[i] = text
	}
	return strings.Join(parts, ","), true
}

func describe(n ast.Node) string {
	switch n.(type) {
	case *ast.NullNode:
		return "no value"
	case *ast.SequenceNode:
		return "a list"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		return "an anchor, alias or tag"
	}
	return "a single value"
}
