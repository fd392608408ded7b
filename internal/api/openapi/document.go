package openapi

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/scope"
)

// object is a JSON object. Its keys come out sorted, so that the same server makes the same document.
type object = map[string]any

// Document is the description of the operations, served at this external base URL, as JSON. It fails for an operation
// that the catalogue does not have, or whose room does not declare what it answers.
func Document(base string, operations []access.Operation) ([]byte, error) {
	write, err := Prepare(base, operations)
	if err != nil {
		return nil, err
	}
	return write()
}

// Prepare is Document for a server that starts: it fails as that does, and leaves the writing, which is most of the work, to the
// first call of what it gives.
func Prepare(base string, operations []access.Operation) (write func() ([]byte, error), err error) {
	d := &document{base: base, schemas: newSchemas()}
	paths, tags := object{}, map[string]bool{}
	for _, o := range operations {
		op, ok := catalog.Lookup(o.Key())
		if !ok {
			return nil, fmt.Errorf("operation %q is not in the catalogue", o.Key())
		}
		if len(o.Shape().Status) == 0 {
			return nil, fmt.Errorf("operation %q does not declare what it answers", o.Key())
		}
		item, ok := paths[op.Template].(object)
		if !ok {
			item = object{"parameters": d.pathParameters(op)}
			paths[op.Template] = item
		}
		item[strings.ToLower(op.Method)] = d.operation(o, op)
		tags[op.Tag] = true
	}
	list := []object{}
	for _, op := range append(catalog.All(), catalog.Own()...) { // in the order of the catalogue, each once
		if tags[op.Tag] {
			list = append(list, object{"name": op.Tag})
			delete(tags, op.Tag)
		}
	}
	if d.schemas.err != nil {
		return nil, d.schemas.err
	}
	d.schemas.all["Error"] = errorSchema()
	whole := object{
		"openapi": "3.0.3",
		"info": object{
			"title":   "Pail",
			"version": "2.0",
			"description": "What this server serves of the REST API 2.0 that Bitbucket Cloud has, and beside it a few operations of Pail's own, which say so. Every refusal has a reason code in `error.data.reason`, " +
				"which is documented at " + base + "/docs/errors. The scopes of each operation are in its description and under `x-pail`.",
		},
		"servers":      []object{{"url": base + "/2.0"}},
		"externalDocs": object{"url": base + "/docs/operations", "description": "The reference of all operations"},
		"tags":         list,
		"paths":        paths,
		"components": object{
			"schemas":         d.schemas.all,
			"parameters":      sharedParameters(),
			"responses":       object{"Error": errorResponse()},
			"headers":         headers(),
			"securitySchemes": securitySchemes(base),
		},
	}
	return sync.OnceValues(func() ([]byte, error) { return json.Marshal(whole) }), nil
}

// document is what is collected on the way.
type document struct {
	base    string
	schemas *schemas
}

func (d *document) pathParameters(op *catalog.Operation) []object {
	list := []object{}
	for _, name := range op.Params() {
		list = append(list, object{"name": name, "in": "path", "required": true, "description": catalog.DescribeParam(name), "schema": object{"type": "string"}})
	}
	return list
}

// The names of the security schemes.
const (
	schemeToken       = "apiToken"
	schemeAppPassword = "appPassword"
	schemeAccess      = "accessToken"
	schemeOAuth       = "oauth2"
)

func securitySchemes(base string) object {
	scopes := object{}
	for _, info := range scope.All() {
		if info.Legacy && !info.Deprecated {
			scopes[info.Name] = info.Permits + "."
		}
	}
	endpoint := base + "/site/oauth2/access_token"
	return object{
		schemeToken: object{"type": "http", "scheme": "basic",
			"description": "An API token: the user is the account's e-mail, the password the token. The scopes that an operation takes are under `x-pail`."},
		schemeAppPassword: object{"type": "http", "scheme": "basic",
			"description": "An app password, where the server still takes them: the user is the account's username."},
		schemeAccess: object{"type": "http", "scheme": "bearer",
			"description": "An access token of a repository, a project or a workspace, without a user."},
		schemeOAuth: object{"type": "oauth2", "description": "An access token of an OAuth 2 consumer.", "flows": object{
			"authorizationCode": object{"authorizationUrl": base + "/site/oauth2/authorize", "tokenUrl": endpoint, "refreshUrl": endpoint, "scopes": scopes},
			"clientCredentials": object{"tokenUrl": endpoint, "refreshUrl": endpoint, "scopes": scopes},
		}},
	}
}

// security lists the ways to call an operation, the most usual one in front.
func security(op *catalog.Operation) []object {
	list := []object{}
	none := []string{}
	if op.Accepts.Has(catalog.APIToken) {
		list = append(list, object{schemeToken: none})
	}
	if op.Accepts&catalog.AccessToken != 0 {
		list = append(list, object{schemeAccess: none})
	}
	if op.Accepts.Has(catalog.OAuth2) {
		alternatives := op.OAuthScopes.Names()
		if len(alternatives) == 0 {
			alternatives = [][]string{none}
		}
		for _, names := range alternatives {
			list = append(list, object{schemeOAuth: names})
		}
	}
	if op.Accepts.Has(catalog.AppPassword) {
		list = append(list, object{schemeAppPassword: none})
	}
	if op.Accepts.Has(catalog.Anonymous) {
		list = append(list, object{})
	}
	return list
}
