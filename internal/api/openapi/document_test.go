package openapi_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/api/openapi"
	"github.com/pailforge/pail/internal/catalog"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/server"
)

const base = "https://pail.example.com"

func load(t *testing.T) *openapi3.T {
	t.Helper()
	text, err := openapi.Document(base, server.Operations())
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestDocumentIsValid(t *testing.T) {
	if err := load(t).Validate(t.Context()); err != nil {
		t.Error(err)
	}
	a, _ := openapi.Document(base, server.Operations())
	b, _ := openapi.Document(base, server.Operations())
	if !bytes.Equal(a, b) {
		t.Error("the document differs from one time to the next")
	}
}

// TestEveryServedOperationIsDescribed: with its scopes, its alternatives, its kinds of credential and its parameters, as
// the catalogue has them.
func TestEveryServedOperationIsDescribed(t *testing.T) {
	doc, ids := load(t), map[string]string{}
	count := 0
	for _, o := range server.Operations() {
		op, _ := catalog.Lookup(o.Key())
		item := doc.Paths.Value(op.Template)
		if item == nil || item.GetOperation(op.Method) == nil {
			t.Errorf("%s is not described", o.Key())
			continue
		}
		count++
		one := item.GetOperation(op.Method)
		if other, is := ids[one.OperationID]; is {
			t.Errorf("%s and %s are both %s", other, op.Key, one.OperationID)
		}
		ids[one.OperationID] = op.Key
		for _, p := range item.Parameters {
			if p.Value.Description == "" {
				t.Errorf("%s: nobody says what %s is", op.Key, p.Value.Name)
			}
		}
		if len(item.Parameters) != len(op.Params()) {
			t.Errorf("%s has %d parameters in its path", op.Key, len(item.Parameters))
		}
		for _, set := range op.Scopes.Names() {
			for _, name := range set {
				if op.Accepts.Has(catalog.APIToken) && !strings.Contains(one.Description, "`"+name+"`") {
					t.Errorf("%s does not say that it takes %s", op.Key, name)
				}
			}
		}
		schemes := map[string]bool{}
		for _, way := range *one.Security {
			for name, scopes := range way {
				schemes[name] = true
				flow := doc.Components.SecuritySchemes["oauth2"].Value.Flows.AuthorizationCode
				for _, s := range scopes {
					if _, ok := flow.Scopes[s]; !ok {
						t.Errorf("%s takes %s, which no flow gives", op.Key, s)
					}
				}
			}
		}
		for name, kind := range map[string]catalog.Credentials{"apiToken": catalog.APIToken, "oauth2": catalog.OAuth2, "appPassword": catalog.AppPassword} {
			if schemes[name] != op.Accepts.Has(kind) {
				t.Errorf("%s: %s is %v", op.Key, name, schemes[name])
			}
		}
		if schemes["accessToken"] != (op.Accepts&catalog.AccessToken != 0) {
			t.Errorf("%s: accessToken is %v", op.Key, schemes["accessToken"])
		}
	}
	for path, item := range doc.Paths.Map() {
		count -= len(item.Operations())
		if strings.Contains(path, "{path}") && item.Get == nil {
			t.Error(path)
		}
	}
	if count != 0 {
		t.Errorf("%d operations more are described than are served", -count)
	}
}

func TestReasonsOfErrors(t *testing.T) {
	data := load(t).Components.Schemas["Error"].Value.Properties["error"].Value.Properties["data"].Value
	for _, r := range reason.All() {
		if slices.Contains(data.Properties["reason"].Value.Enum, any(string(r.Code))) == r.Local() {
			t.Errorf("%s is missing, or no server says it", r.Code)
		}
	}
}

func TestWhatCannotBeDescribed(t *testing.T) {
	type loose struct{ Name string }
	on := func(key string) access.Operation {
		return access.On(key, access.Anyone, func(*access.Call, struct{}) (any, error) { return nil, nil })
	}
	for name, o := range map[string]access.Operation{
		"an unknown operation": on("GET /nothing").Answers(nil),
		"no answer declared":   on("GET /user"),
		"a field without name": on("GET /user").Answers(loose{}),
		"a function":           on("GET /user").Answers(func() {}),
	} {
		if _, err := openapi.Document(base, []access.Operation{o}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// The generic page of lists has the fields of the real one.
func TestPagesAreRestLists(t *testing.T) {
	type value struct {
		Name  string    `json:"name"`
		Until rest.Time `json:"until" api:"nullable"`
		More  *string   `json:"more,omitempty"`
	}
	text, err := openapi.Document(base, []access.Operation{access.On("GET /user/emails", access.Anyone,
		func(*access.Call, struct{}) (any, error) { return nil, nil }).Lists(value{})})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	size := 3
	for _, list := range []rest.List{{Values: []value{{Name: "x"}}, Pagelen: 10}, {Values: []value{}, Pagelen: 10, Size: &size, Page: 1, Next: "n", Previous: "p"}} {
		schema := doc.Components.Schemas["Openapi_testValuePage"].Value
		if err := schema.VisitJSON(roundTrip(t, list)); err != nil {
			t.Error(err)
		}
		for name := range roundTrip(t, list).(map[string]any) {
			if schema.Properties[name] == nil {
				t.Errorf("%s is not described", name)
			}
		}
	}
}

func roundTrip(t *testing.T, v any) (out any) {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
