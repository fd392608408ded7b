package openapi

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/catalog"
)

// operation describes one operation.
func (d *document) operation(o access.Operation, op *catalog.Operation) object {
	shape := o.Shape()
	one := object{
		"operationId":  operationID(op),
		"tags":         []string{op.Tag},
		"summary":      strings.TrimSuffix(op.Summary, "."),
		"description":  describe(o, op),
		"externalDocs": object{"url": d.base + op.DocPath()},
		"security":     security(op),
		"responses":    d.responses(op, shape),
		"x-pail": object{
			"key": op.Key, "privilege": o.Privilege(), "accepts": op.Accepts.Names(),
			"scopes": object{"api_token": op.Scopes.Names(), "oauth2": op.OAuthScopes.Names()},
		},
	}
	if op.Own {
		one["x-pail"].(object)["own"] = true
	}
	if op.Deprecated {
		one["deprecated"] = true
	}
	if list := queryParameters(op, shape); len(list) > 0 {
		one["parameters"] = list
	}
	switch {
	case shape.Body != nil:
		one["requestBody"] = object{"required": op.Method == http.MethodPut || op.Method == http.MethodPost,
			"content": object{"application/json": object{"schema": d.schemas.of(shape.Body)}}}
	case shape.Form:
		fields := object{}
		for _, p := range shape.Query {
			fields[p.Name] = described(parameterSchema(p), p.Does)
		}
		one["requestBody"] = object{"content": object{"application/x-www-form-urlencoded": object{"schema": object{"type": "object", "properties": fields}}}}
	}
	return one
}

// operationID is a name for generators: GET /workspaces/{workspace}/members is getWorkspacesWorkspaceMembers.
func operationID(op *catalog.Operation) string {
	method, rest, _ := strings.Cut(op.Slug(), "-")
	id := method
	for word := range strings.SplitSeq(rest, "-") {
		id += title(word)
	}
	return id
}

// describe says in words what OpenAPI has no fields for.
func describe(o access.Operation, op *catalog.Operation) string {
	text := op.Summary
	if op.Own {
		text += "\n\nPail's own: bitbucket.org has no such operation."
	}
	switch names := op.Scopes.Names(); {
	case !op.Accepts.Has(catalog.APIToken):
		text += "\n\nAn API token is not accepted."
	case len(names) == 0:
		text += "\n\nAn API token needs no scope."
	default:
		text += "\n\nAn API token needs " + alternatives(names) + "."
	}
	if names := op.OAuthScopes.Names(); len(names) > 0 {
		text += " App passwords, access tokens and OAuth 2 need " + alternatives(names) + "."
	}
	if p := o.Privilege(); p != "none" {
		text += " Privilege: " + p + "."
	}
	return text
}

// alternatives are sets of scopes in words.
func alternatives(sets [][]string) string {
	all := make([]string, len(sets))
	for i, names := range sets {
		all[i] = "`" + strings.Join(names, "` and `") + "`"
	}
	return strings.Join(all, ", or ")
}

func queryParameters(op *catalog.Operation, shape access.Shape) []object {
	list := []object{}
	shared := func(name string) { list = append(list, object{"$ref": "#/components/parameters/" + name}) }
	for _, p := range shape.Query {
		one := object{"name": p.Name, "in": "query", "description": p.Does, "schema": parameterSchema(p)}
		if p.Many {
			one["explode"] = true
		}
		list = append(list, one)
	}
	if len(shape.Fields) > 0 {
		names := "`" + strings.Join(shape.Fields, "`, `") + "`"
		list = append(list,
			object{"name": "q", "in": "query", "schema": object{"type": "string"},
				"description": "A filter, such as `" + shape.Fields[0] + ` = "x"` + "`. It may name " + names + "."},
			object{"name": "sort", "in": "query", "schema": object{"type": "string"},
				"description": "The fields to order by, with commas between; `-` in front of one turns its order round. It may name the same as `q`."})
	}
	if shape.List {
		shared("page")
		shared("pagelen")
	}
	if shape.Answer != nil {
		shared("fields")
	}
	return list
}

func parameterSchema(p access.Parameter) object {
	s := object{"type": "string"}
	if p.Values != nil {
		s["enum"] = p.Values
	}
	if p.Many {
		return object{"type": "array", "items": s}
	}
	return s
}

// responses are the answers of success, and one for all refusals.
func (d *document) responses(op *catalog.Operation, shape access.Shape) object {
	all := object{"default": object{"$ref": "#/components/responses/Error"}}
	for _, status := range shape.Status {
		one := object{"description": http.StatusText(status), "headers": object{
			"X-Request-Id": reference("headers", "X-Request-Id"), "X-OAuth-Scopes": reference("headers", "X-OAuth-Scopes"),
			"X-Accepted-OAuth-Scopes": reference("headers", "X-Accepted-OAuth-Scopes"), "X-Credential-Type": reference("headers", "X-Credential-Type"),
		}}
		if shape.Answer != nil {
			schema := d.schemas.of(shape.Answer)
			if shape.List {
				schema = d.schemas.page(shape.Answer)
			}
			one["content"] = object{"application/json": object{"schema": schema}}
		}
		if shape.Bytes {
			content, _ := one["content"].(object)
			if content == nil {
				content = object{}
			}
			content["*/*"] = object{"schema": object{"type": "string", "format": "binary"}}
			one["content"] = content
		}
		if status == http.StatusOK && op.Method == http.MethodGet {
			one["headers"].(object)["ETag"] = reference("headers", "ETag")
		}
		if status == http.StatusCreated {
			one["headers"].(object)["Location"] = reference("headers", "Location")
		}
		all[strconv.Itoa(status)] = one
	}
	for _, status := range refusals(op, shape) {
		all[strconv.Itoa(status)] = reference("responses", "Error")
	}
	return all
}

// refusals are the statuses that an operation refuses with in its ordinary life.
func refusals(op *catalog.Operation, shape access.Shape) []int {
	list := []int{http.StatusUnauthorized, http.StatusForbidden}
	if shape.Body != nil || shape.List || len(shape.Query) > 0 {
		list = append(list, http.StatusBadRequest)
	}
	if len(op.Params()) > 0 {
		list = append(list, http.StatusNotFound)
	}
	return list
}

func reference(kind, name string) object {
	return object{"$ref": fmt.Sprintf("#/components/%s/%s", kind, name)}
}
