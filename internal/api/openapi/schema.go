package openapi

import (
	"fmt"
	"path"
	"reflect"
	"strings"

	"github.com/pailforge/pail/internal/rest"
)

// schemas makes schemas of Go types as encoding/json writes them. A struct with a name becomes a component of its own.
type schemas struct {
	all   object                  // by the component's name
	named map[string]reflect.Type // whose a name is
	err   error
}

func newSchemas() *schemas {
	return &schemas{all: object{}, named: map[string]reflect.Type{}}
}

var (
	timeType = reflect.TypeFor[rest.Time]()
	linkType = reflect.TypeFor[rest.Link]()
)

// of is the schema of a value's type.
func (s *schemas) of(value any) object { return s.schema(reflect.TypeOf(value)) }

func (s *schemas) schema(t reflect.Type) object {
	switch {
	case t == timeType:
		return object{"type": "string", "format": "date-time"}
	case t == linkType:
		s.all["Link"] = object{"type": "object", "required": []string{"href"}, "properties": object{
			"href": object{"type": "string", "description": "An absolute address."}, "name": object{"type": "string"}}}
		return reference("schemas", "Link")
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.schema(t.Elem())
	case reflect.Interface: // whatever JSON can hold
		return object{}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Int64:
		return object{"type": "integer", "format": "int64"}
	case reflect.Int:
		return object{"type": "integer"}
	case reflect.Slice:
		return object{"type": "array", "items": s.schema(t.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": s.schema(t.Elem())}
	case reflect.Struct:
		return s.structure(t)
	}
	s.fail("a %s cannot be described", t)
	return object{}
}

func (s *schemas) fail(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf(format, args...)
	}
}

// structure is a reference to the component of a struct, or the schema itself for one without a name.
func (s *schemas) structure(t reflect.Type) object {
	name := componentName(t)
	if name == "" {
		return s.properties(t)
	}
	if _, is := s.all[name]; !is {
		s.all[name], s.named[name] = object{}, t // for a type that holds itself
		s.all[name] = s.properties(t)
	}
	if s.named[name] != t {
		s.fail("%s and %s have the same name", s.named[name], t)
	}
	return reference("schemas", name)
}

// componentName is the package and the type, without JSON at the end: workspace.ProjectJSON is WorkspaceProject,
// account.JSON is Account.
func componentName(t reflect.Type) string {
	if t.Name() == "" {
		return ""
	}
	return title(path.Base(t.PkgPath())) + title(strings.TrimSuffix(t.Name(), "JSON"))
}

func title(word string) string {
	if word == "" {
		return ""
	}
	return strings.ToUpper(word[:1]) + word[1:]
}

func (s *schemas) properties(t reflect.Type) object {
	all, required := object{}, []string{}
	s.fields(t, true, all, &required)
	o := object{"type": "object"}
	if len(all) > 0 {
		o["properties"] = all
	}
	if len(required) > 0 {
		o["required"] = required
	}
	return o
}

// fields adds the fields of a struct as encoding/json sees them. always tells that the struct is there whenever what
// holds it is.
func (s *schemas) fields(t reflect.Type, always bool, all object, required *[]string) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" {
			inner, there := f.Type, always
			if inner.Kind() == reflect.Pointer {
				inner, there = inner.Elem(), false
			}
			s.fields(inner, there, all, required)
			continue
		}
		if !f.IsExported() || name == "-" {
			continue
		}
		if name == "" {
			s.fail("field %s of %s has no name in JSON", f.Name, t)
			continue
		}
		omits := strings.Contains(options, "omitempty")
		schema := s.schema(f.Type)
		if (f.Type.Kind() == reflect.Pointer || f.Tag.Get("api") == "nullable") && !omits {
			schema = nullable(schema)
		}
		all[name] = schema
		// What a body holds is pointers all over: each may be left out.
		if always && !omits && !isBody(t) {
			*required = append(*required, name)
		}
	}
}

// isBody tells a type that is read, of which every field is a pointer, from one that is written.
func isBody(t reflect.Type) bool {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous && f.Type.Kind() == reflect.Struct && isBody(f.Type) {
			continue
		}
		if f.Type.Kind() != reflect.Pointer {
			return false
		}
	}
	return true
}

// nullable allows null. Beside a reference nothing may stand, so that one is wrapped.
func nullable(schema object) object {
	if _, is := schema["$ref"]; is {
		return object{"allOf": []object{schema}, "nullable": true}
	}
	schema["nullable"] = true
	return schema
}

func described(schema object, text string) object {
	schema["description"] = text
	return schema
}

// page is the schema of a page of a list of such values, a component named after it.
func (s *schemas) page(value any) object {
	t := reflect.TypeOf(value)
	name := componentName(t) + "Page"
	if _, is := s.all[name]; !is {
		all, required := object{}, []string{}
		s.fields(reflect.TypeFor[list](), true, all, &required)
		all["values"] = object{"type": "array", "items": s.schema(t)}
		described(all["next"].(object), "The address of the next page; there is none on the last one.")
		described(all["size"].(object), "The number of values on all pages, where counting is cheap.")
		s.all[name] = object{"type": "object", "required": required, "properties": all}
	}
	return reference("schemas", name)
}

// list is rest.List with values of some type.
type list struct {
	Values   []string `json:"values"`
	Pagelen  int      `json:"pagelen"`
	Size     *int     `json:"size,omitempty"`
	Page     int      `json:"page,omitempty"`
	Next     string   `json:"next,omitempty"`
	Previous string   `json:"previous,omitempty"`
}
