package contract

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// exception is one correction of the published schemas. It names its place either by Schemas and At, or by Shape.
type exception struct {
	Schemas  []string       `json:"schemas"`  // component names
	At       string         `json:"at"`       // path within each of them: "allOf/1/properties/links"; "" is the component
	Shape    []string       `json:"shape"`    // any object schema with exactly these properties
	Add      map[string]any `json:"add"`      // properties that the object has as well
	Replace  map[string]any `json:"replace"`  // the schema instead of the one there
	Nullable bool           `json:"nullable"` // null is allowed as well
	Reason   string         `json:"reason"`
}

// documented are corrections that the facts do not have: where Bitbucket's own documentation shows an answer that its schema forbids. They
// hold for facts that have the schema.
var documented = []exception{
	{Schemas: []string{"snippet"}, At: "allOf/1/properties/id", Replace: map[string]any{"type": "string"},
		Reason: "the answer that is shown for GET /snippets/{workspace}/{encoded_id} has \"id\": \"kypj\", the encoded id, of which clients make addresses"},
	{Schemas: []string{"issue_job_status"}, At: "properties/status", Replace: map[string]any{"type": "string", "enum": []any{"ACCEPTED", "STARTED", "RUNNING", "SUCCESS", "FAILURE"}},
		Reason: "GET /repositories/{workspace}/{repo_slug}/issues/import is described as answering 200 with status SUCCESS or FAILURE"},
	{Schemas: []string{"pipeline_selector"}, At: "allOf/1/properties/type", Replace: map[string]any{"type": "string", "enum": []any{"branches", "tags", "bookmarks", "default", "custom", "pull-requests"}},
		Reason: "POST /repositories/{workspace}/{repo_slug}/pipelines is described as taking a selector of the type pull-requests"},
}

// apply changes schemas in place. An exception that changes nothing is an error: it has outlived its reason.
func (e exception) apply(schemas map[string]any) error {
	changes := 0
	for _, there := range []bool{e.Add != nil, e.Replace != nil, e.Nullable} {
		if there {
			changes++
		}
	}
	switch {
	case changes != 1:
		return errors.New("it takes one of add, replace and nullable")
	case e.Reason == "":
		return errors.New("it gives no reason")
	case (len(e.Schemas) > 0) == (len(e.Shape) > 0):
		return errors.New("it takes one of schemas and shape")
	case len(e.Shape) > 0 && e.At != "":
		return errors.New("at goes with schemas, not with shape")
	case len(e.Shape) > 0:
		return e.applyToShape(schemas)
	}
	for _, name := range e.Schemas {
		if _, ok := schemas[name]; !ok {
			return fmt.Errorf("there is no schema %q", name)
		}
		var path []string
		if e.At != "" {
			path = strings.Split(strings.Trim(e.At, "/"), "/")
		}
		if err := e.applyAt(schemas, append([]string{name}, path...)); err != nil {
			return fmt.Errorf("schema %q, at %q: %w", name, e.At, err)
		}
	}
	return nil
}

func (e exception) applyAt(schemas map[string]any, path []string) error {
	get, set, err := resolve(schemas, path)
	if err != nil {
		return err
	}
	schema, ok := get.(map[string]any)
	if !ok {
		return errors.New("there is no schema")
	}
	changed, err := e.change(schema)
	if err != nil {
		return err
	}
	set(changed)
	return nil
}

func (e exception) applyToShape(schemas map[string]any) error {
	want := slices.Sorted(slices.Values(e.Shape))
	hits := 0
	var walk func(v any) (any, error)
	walk = func(v any) (any, error) {
		schema, ok := v.(map[string]any)
		if !ok {
			return v, nil
		}
		if err := eachSubschema(schema, walk); err != nil {
			return nil, err
		}
		properties, _ := schema["properties"].(map[string]any)
		if properties == nil || !slices.Equal(slices.Sorted(maps.Keys(properties)), want) {
			return schema, nil
		}
		hits++
		return e.change(schema)
	}
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		changed, err := walk(schemas[name])
		if err != nil {
			return fmt.Errorf("schema %q: %w", name, err)
		}
		schemas[name] = changed
	}
	if hits == 0 {
		return fmt.Errorf("no object has exactly the properties %s", strings.Join(e.Shape, ", "))
	}
	return nil
}

// change returns the schema as the exception wants it.
func (e exception) change(schema map[string]any) (map[string]any, error) {
	switch {
	case e.Replace != nil:
		if equalJSON(schema, e.Replace) {
			return nil, errors.New("the schema is already like that")
		}
		return e.Replace, nil
	case e.Nullable:
		if allowsNull(schema) {
			return nil, errors.New("null is already allowed")
		}
		return map[string]any{"anyOf": []any{schema, map[string]any{"type": "null"}}}, nil
	}
	properties, ok := schema["properties"].(map[string]any)
	if !ok {
		return nil, errors.New("properties are added to something that is no object")
	}
	for name, s := range e.Add {
		if _, there := properties[name]; there {
			return nil, fmt.Errorf("the property %q is already there", name)
		}
		properties[name] = s
	}
	return schema, nil
}

// resolve follows a path of keys and indices; set replaces what is there.
func resolve(schemas map[string]any, path []string) (found any, set func(any), err error) {
	found = schemas
	for i, step := range path {
		switch at := found.(type) {
		case map[string]any:
			step = strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
			next, ok := at[step]
			if !ok {
				return nil, nil, fmt.Errorf("there is nothing at %s", strings.Join(path[1:i+1], "/"))
			}
			found, set = next, func(v any) { at[step] = v }
		case []any:
			n, err := strconv.Atoi(step)
			if err != nil || n < 0 || n >= len(at) {
				return nil, nil, fmt.Errorf("there is nothing at %s", strings.Join(path[1:i+1], "/"))
			}
			found, set = at[n], func(v any) { at[n] = v }
		default:
			return nil, nil, fmt.Errorf("there is nothing at %s", strings.Join(path[1:i+1], "/"))
		}
	}
	return found, set, nil
}

func allowsNull(schema map[string]any) bool {
	for _, key := range []string{"anyOf", "oneOf"} {
		some, _ := schema[key].([]any)
		for _, s := range some {
			if s, ok := s.(map[string]any); ok && allowsNull(s) {
				return true
			}
		}
	}
	types, _ := schema["type"].([]any)
	return schema["type"] == "null" || slices.Contains(types, any("null"))
}
