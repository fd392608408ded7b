package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const (
	componentRef = "#/components/schemas/" // as published
	familyRef    = "#/components/families/"
	openRef      = "#/components/open/"
	documentURL  = "https://schemas.invalid/components.json"
	rootSchema   = "object" // what everything with a discriminating type inherits from
)

// aliases are values of type that real answers carry where the published schema has another name. The schema that an
// answer refers to applies to them as to its own name.
var aliases = map[string][]string{
	"GPG_account_key":     {"GPG_key"},
	"commitstatus":        {"build"},
	"deployment_variable": {"pipeline_variable"},
	"pipeline_selector":   {"default", "branches", "tags", "pull-requests", "custom"}, // its type says what it selects by
	"pipeline_target":     {"pipeline_pullrequest_target"},                            // as POST .../pipelines is described
	"pipeline_trigger":    {"pipeline_trigger_schedule", "pipeline_trigger_parent_step"},
	"pipelines_config":    {"repository_pipelines_configuration"},
	"ssh_account_key":     {"ssh_key"},
	"team":                {"user"}, // the owner of a project in somebody's own workspace
}

// components turns the published schemas into one JSON Schema document. Three things of theirs mean more than JSON
// Schema reads in them:
//
//   - The discriminator: a place that refers to account takes any heir of account, and the value of type tells which
//     one applies. So references lead to a family: the schema, the heir that type names, and no type but these.
//   - Closed objects in allOf: each part with additionalProperties false would refuse the properties of the others.
//     Such a schema is closed as a whole instead.
//   - An enum that lists null next to a type allows null.
type components struct {
	schemas map[string]any
	parents map[string][]string
	heirs   map[string][]string // transitively, sorted
}

func compile(schemas map[string]any) (map[string]*jsonschema.Schema, error) {
	c := components{schemas: schemas, parents: map[string][]string{}, heirs: map[string][]string{}}
	for name, s := range schemas {
		c.parents[name] = parents(s)
	}
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		for ancestor := range c.ancestors(name) {
			c.heirs[ancestor] = append(c.heirs[ancestor], name)
		}
	}
	plain, open, families := map[string]any{}, map[string]any{}, map[string]any{}
	for name := range schemas {
		rewritten, err := c.rewrite(schemas[name])
		if err != nil {
			return nil, fmt.Errorf("schemas.json: %s: %w", name, err)
		}
		plain[name] = rewritten
		if c.closedByPart(name) {
			plain[name] = map[string]any{"allOf": []any{ref(openRef, name)}, "unevaluatedProperties": false}
		}
		open[name] = opened(rewritten)
		families[name] = c.family(name)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	if err := compiler.AddResource(documentURL, map[string]any{
		"components": map[string]any{"schemas": plain, "open": open, "families": families},
	}); err != nil {
		return nil, fmt.Errorf("schemas.json: %w", err)
	}
	compiled := map[string]*jsonschema.Schema{}
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		s, err := compiler.Compile(documentURL + familyRef + pointer(name))
		if err != nil {
			return nil, fmt.Errorf("schemas.json: %s: %w", name, err)
		}
		compiled[name] = s
	}
	return compiled, nil
}

// parents are the components that a schema inherits from.
func parents(schema any) []string {
	var out []string
	s, _ := schema.(map[string]any)
	parts, _ := s["allOf"].([]any)
	for _, p := range parts {
		if name, ok := refersTo(p); ok {
			out = append(out, name)
		}
	}
	return out
}

func refersTo(schema any) (name string, ok bool) {
	s, _ := schema.(map[string]any)
	r, _ := s["$ref"].(string)
	return strings.CutPrefix(r, componentRef)
}

func (c components) ancestors(name string) map[string]bool {
	all := map[string]bool{}
	var climb func(string)
	climb = func(name string) {
		for _, p := range c.parents[name] {
			if !all[p] {
				all[p] = true
				climb(p)
			}
		}
	}
	climb(name)
	return all
}

// rewrite returns the schema with its references led to families. References in an allOf at the top are inheritance
// and stay with the component itself.
func (c components) rewrite(schema any) (any, error) {
	copied, err := clone(schema)
	if err != nil {
		return nil, err
	}
	var walk func(v any) (any, error)
	walk = func(v any) (any, error) {
		s, ok := v.(map[string]any)
		if !ok {
			return v, nil
		}
		if name, ok := refersTo(s); ok {
			if _, known := c.schemas[name]; !known {
				return nil, fmt.Errorf("it refers to an unknown schema %q", name)
			}
			return ref(familyRef, name), nil
		}
		if enum, ok := s["enum"].([]any); ok && slices.Contains(enum, nil) {
			if t, ok := s["type"].(string); ok {
				s["type"] = []any{t, "null"}
			}
		}
		return s, eachSubschema(s, walk)
	}
	top, ok := copied.(map[string]any)
	if !ok {
		return copied, nil
	}
	parts, _ := top["allOf"].([]any)
	for i, p := range parts {
		if _, inherits := refersTo(p); inherits {
			continue
		}
		if parts[i], err = walk(p); err != nil {
			return nil, err
		}
	}
	delete(top, "allOf") // the walk would lead inheritance to families
	result, err := walk(top)
	if err != nil {
		return nil, err
	}
	if r := result.(map[string]any); len(parts) > 0 {
		r["allOf"] = parts
	}
	return result, nil
}

// closedByPart tells whether a schema with allOf has a part that is closed.
func (c components) closedByPart(name string) bool {
	s, _ := c.schemas[name].(map[string]any)
	parts, _ := s["allOf"].([]any)
	for _, p := range parts {
		if parent, ok := refersTo(p); ok {
			if c.closed(parent) {
				return true
			}
		} else if p, ok := p.(map[string]any); ok && p["additionalProperties"] == false {
			return true
		}
	}
	return false
}

func (c components) closed(name string) bool {
	s, _ := c.schemas[name].(map[string]any)
	return s["additionalProperties"] == false || c.closedByPart(name)
}

// opened is the schema without a word on further properties, for use as a part of one that is closed as a whole.
func opened(schema any) any {
	s, ok := schema.(map[string]any)
	if !ok {
		return schema
	}
	s = maps.Clone(s)
	if _, more := s["additionalProperties"].(bool); more {
		delete(s, "additionalProperties")
	}
	if parts, ok := s["allOf"].([]any); ok {
		var all []any
		for _, p := range parts {
			if parent, ok := refersTo(p); ok {
				all = append(all, ref(openRef, parent))
			} else {
				all = append(all, opened(p))
			}
		}
		s["allOf"] = all
	}
	return s
}

// family is what a reference to a component takes: the component or one of its heirs, told apart by type.
func (c components) family(name string) any {
	all := []any{ref(componentRef, name)}
	inherited := c.ancestors(name)[rootSchema]
	if !c.typed(name) || !inherited && len(c.heirs[name]) == 0 {
		return all[0]
	}
	names := []any{name}
	for _, heir := range c.heirs[name] {
		names = append(names, heir)
		all = append(all, map[string]any{
			"if":   map[string]any{"properties": map[string]any{"type": map[string]any{"const": heir}}, "required": []any{"type"}},
			"then": ref(componentRef, heir),
		})
	}
	for _, n := range append(slices.Clone(c.heirs[name]), name) {
		for _, alias := range aliases[n] {
			names = append(names, alias)
		}
	}
	if name != rootSchema { // where just any object may stand, types without a schema are welcome
		all = append(all, map[string]any{"properties": map[string]any{"type": map[string]any{"enum": names}}})
	}
	return map[string]any{"allOf": all}
}

// typed tells whether a component has a free type, its own or inherited. One that says itself which words may stand there (as
// pipeline_selector does) is told apart by nothing.
func (c components) typed(name string) bool {
	own, _ := c.schemas[name].(map[string]any)
	parts, _ := own["allOf"].([]any)
	for _, p := range parts {
		part, _ := p.(map[string]any)
		properties, _ := part["properties"].(map[string]any)
		if t, _ := properties["type"].(map[string]any); t["enum"] != nil {
			return false
		}
	}
	for _, n := range append(slices.Collect(maps.Keys(c.ancestors(name))), name) {
		s, _ := c.schemas[n].(map[string]any)
		properties, _ := s["properties"].(map[string]any)
		t, _ := properties["type"].(map[string]any)
		if t["type"] == "string" && t["enum"] == nil {
			return true
		}
	}
	return false
}

// eachSubschema replaces every schema directly within s by what do makes of it.
func eachSubschema(s map[string]any, do func(any) (any, error)) error {
	for _, key := range []string{"items", "additionalProperties", "not"} {
		if sub, ok := s[key].(map[string]any); ok {
			changed, err := do(sub)
			if err != nil {
				return err
			}
			s[key] = changed
		}
	}
	for _, key := range []string{"allOf", "anyOf", "oneOf"} {
		parts, _ := s[key].([]any)
		for i := range parts {
			changed, err := do(parts[i])
			if err != nil {
				return err
			}
			parts[i] = changed
		}
	}
	properties, _ := s["properties"].(map[string]any)
	for name := range properties {
		changed, err := do(properties[name])
		if err != nil {
			return err
		}
		properties[name] = changed
	}
	return nil
}

func ref(base, name string) map[string]any { return map[string]any{"$ref": base + pointer(name)} }

func pointer(name string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(name) }

func clone(v any) (any, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return jsonschema.UnmarshalJSON(bytes.NewReader(b))
}

func equalJSON(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
