package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"regexp"
	"strings"
)

// fields are the object that -f and -F describe.
func (o *apiOptions) fields() (map[string]any, error) {
	root := map[string]any{}
	for i, text := range append(append([]string{}, o.raw...), o.typed...) {
		key, value, err := splitField(text)
		if err != nil {
			return nil, err
		}
		var v any = value
		if i >= len(o.raw) {
			if v, err = o.typedValue(value); err != nil {
				return nil, err
			}
		}
		path, err := fieldPath(key)
		if err != nil {
			return nil, err
		}
		if err := setField(root, path, v); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	return root, nil
}

// query are the same fields as a query: values that are no text are written as in JSON.
func (o *apiOptions) query() (url.Values, error) {
	q := url.Values{}
	for i, text := range append(append([]string{}, o.raw...), o.typed...) {
		key, value, err := splitField(text)
		if err != nil {
			return nil, err
		}
		if i >= len(o.raw) && strings.HasPrefix(value, "@") {
			v, err := o.typedValue(value)
			if err != nil {
				return nil, err
			}
			value = v.(string)
		}
		q.Add(strings.TrimSuffix(key, "[]"), value)
	}
	return q, nil
}

func splitField(text string) (key, value string, err error) {
	key, value, ok := strings.Cut(text, "=")
	if !ok || key == "" {
		return "", "", misused("a field is key=value")
	}
	return key, value, nil
}

// number is a number as JSON writes it.
var number = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// typedValue reads the value of -F.
func (o *apiOptions) typedValue(text string) (any, error) {
	switch text {
	case "true":
		return true, nil
	case "false":
		return false, nil
	case "null":
		return nil, nil
	}
	if number.MatchString(text) && len(text) < 1000 {
		return json.Number(text), nil
	}
	file, ok := strings.CutPrefix(text, "@")
	if !ok {
		return text, nil
	}
	if file == "-" {
		content, err := io.ReadAll(o.in)
		return string(content), err
	}
	content, err := os.ReadFile(file)
	return string(content), err
}

// fieldPath splits "a[b][]" into "a", "b" and "", which stands for the end of a list.
func fieldPath(key string) ([]string, error) {
	name, rest, inside := strings.Cut(key, "[")
	path := []string{name}
	if name == "" || strings.Contains(name, "]") {
		return nil, misused("%s: a key is name, name[inner] or name[]", clean(key))
	}
	if !inside {
		return path, nil
	}
	if !strings.HasSuffix(rest, "]") {
		return nil, misused("%s: a bracket is not closed", clean(key))
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(rest, "]"), "][") {
		if strings.ContainsAny(part, "[]") {
			return nil, misused("%s: brackets do not stand inside each other", clean(key))
		}
		path = append(path, part)
	}
	return path, nil
}

// errTwoShapes is a key that is used as one thing and as another.
var errTwoShapes = errors.New("the key is a value, an object or a list, not two of them")

// setField puts a value into an object. "" in the path is the end of a list: 'a[][b]' begins an element, or goes on with
// the last one as long as that has no b.
func setField(object map[string]any, path []string, v any) error {
	key := path[0]
	if len(path) == 1 {
		if _, there := object[key]; there {
			return errTwoShapes
		}
		object[key] = v
		return nil
	}
	if path[1] != "" {
		inner, ok := object[key].(map[string]any)
		if !ok {
			if object[key] != nil {
				return errTwoShapes
			}
			inner = map[string]any{}
			object[key] = inner
		}
		return setField(inner, path[1:], v)
	}
	list, ok := object[key].([]any)
	if !ok && object[key] != nil {
		return errTwoShapes
	}
	if len(path) == 2 {
		object[key] = append(list, v)
		return nil
	}
	if len(list) > 0 {
		if last, ok := list[len(list)-1].(map[string]any); ok {
			if _, there := last[path[2]]; !there || len(path) > 3 {
				return setField(last, path[2:], v)
			}
		}
	}
	element := map[string]any{}
	object[key] = append(list, element)
	return setField(element, path[2:], v)
}
