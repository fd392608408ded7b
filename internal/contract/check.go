package contract

import (
	"bytes"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const (
	errorSchema = "error"
	jsonType    = "application/json"
	ourJSON     = "application/json; charset=utf-8" // of what the API writes, not of a file that is JSON

	step = "/repositories/{workspace}/{repo_slug}/pipelines/{pipeline_uuid}/steps/{step_uuid}"
)

// What operations answer beside what is documented of them, as their descriptions say in words.
var (
	// files deliver the bytes of a file, with its own type. What is documented is a directory, or the way to another place
	// that keeps the file.
	files = map[string]bool{"GET /repositories/{workspace}/{repo_slug}/src/{commit}/{path}": true, "GET /repositories/{workspace}/{repo_slug}/downloads/{filename}": true,
		"GET /repositories/{workspace}/{repo_slug}/issues/{issue_id}/attachments/{path}":           true,
		"GET /repositories/{workspace}/{repo_slug}/issues/export/{repo_name}-issues-{task_id}.zip": true,
		"GET " + step + "/log": true, "GET " + step + "/logs/{log_uuid}": true}
	// redirects lead to another operation; the schemas are of where they lead.
	redirects = map[string]bool{"GET /repositories/{workspace}/{repo_slug}/src": true}
)

// Check tells what is wrong with one answer to the operation called operationKey ("GET /user"), or nil:
//
//   - From 400 on it must be a JSON error object with a message; an empty body is wrong, see [Bare] for the exception.
//   - 204 and 304 must be empty.
//   - Another status must be one that is documented for the operation, with a documented media type; JSON must be
//     valid against the schema, format date-time and uri included. Where no schema is documented, anything goes.
//   - All JSON keeps our conventions: uuids in braces, links absolute.
//
// The error is a *[Problems]: one short line for each thing that is wrong, with its path in the body.
func (c *Checker) Check(operationKey string, status int, contentType string, body []byte) error {
	p := &Problems{Answer: fmt.Sprintf("%s: %d", operationKey, status)}
	c.check(p, operationKey, status, contentType, body)
	return p.orNil()
}

func (c *Checker) check(p *Problems, key string, status int, contentType string, body []byte) {
	op, ok := c.operations[key]
	if !ok {
		p.add("", "no such operation is documented")
		return
	}
	empty := len(bytes.TrimSpace(body)) == 0
	switch {
	case status >= 400, status == http.StatusMovedPermanently, status == http.StatusPermanentRedirect: // the latter for a former name
		if empty {
			p.add("", "the body is empty: an error says what is wrong")
			return
		}
		if v, ok := p.parse(contentType, body); ok {
			p.validate(c.schemas[errorSchema], v)
			p.errorMessage(v)
			p.conventions(v)
		}
		return
	case status == http.StatusNoContent || status == http.StatusNotModified:
		if len(body) > 0 {
			p.add("", fmt.Sprintf("the body must be empty, it has %d bytes", len(body)))
		}
		return
	}
	if files[key] && (status == http.StatusOK || status == http.StatusPartialContent) && contentType != ourJSON || redirects[key] && status == http.StatusFound {
		return
	}
	documented, ok := op.Responses[strconv.Itoa(status)]
	if _, general := op.Responses["default"]; !ok && general && len(op.Responses) == 1 {
		ok = true // GET /user/emails documents its errors and nothing else
	}
	if !ok {
		p.add("", "the status is not documented; there are: "+strings.Join(slices.Sorted(maps.Keys(op.Responses)), ", "))
		return
	}
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil && !empty {
		p.add("", fmt.Sprintf("the content type %q is malformed", contentType))
		return
	}
	if len(documented) == 0 || status >= 300 {
		if media == jsonType && !empty {
			if v, ok := p.parse(contentType, body); ok {
				p.conventions(v)
			}
		}
		return
	}
	content, ok := documented[media]
	switch {
	case empty:
		p.add("", "the body is empty, expected "+content.orAny(documented))
	case !ok:
		p.add("", fmt.Sprintf("the content type is %s; documented: %s", media, strings.Join(slices.Sorted(maps.Keys(documented)), ", ")))
	case media == jsonType:
		if v, ok := p.parse(contentType, body); ok {
			c.validate(p, content, v)
			p.conventions(v)
		}
	}
}

func (c *Checker) validate(p *Problems, content content, v any) {
	if !content.list {
		p.validate(c.schemas[content.schema], v)
		return
	}
	list, ok := v.([]any)
	if !ok {
		p.add("", "expected a list of "+content.schema)
	}
	for i, e := range list {
		p.at(fmt.Sprintf("[%d]", i), func() { p.validate(c.schemas[content.schema], e) })
	}
}

// orAny names the expected body; without a content type that is any of the documented ones.
func (c content) orAny(documented response) string {
	if c.schema == "" {
		for _, media := range slices.Sorted(maps.Keys(documented)) {
			return documented[media].schema
		}
	}
	return c.schema
}

func (p *Problems) parse(contentType string, body []byte) (any, bool) {
	if media, _, err := mime.ParseMediaType(contentType); err != nil || media != jsonType {
		p.add("", fmt.Sprintf("the content type is %q, expected %s", contentType, jsonType))
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		p.add("", "the body is not JSON: "+err.Error())
		return nil, false
	}
	return v, true
}

// errorMessage asks for what the published schema of errors leaves open.
func (p *Problems) errorMessage(v any) {
	o, _ := v.(map[string]any)
	if o["type"] != errorSchema {
		p.add("type", `expected "error"`)
	}
	e, ok := o["error"].(map[string]any)
	if !ok {
		p.add("error", "expected an object with a message")
		return
	}
	if m, _ := e["message"].(string); strings.TrimSpace(m) == "" {
		p.add("error.message", "expected text that says what is wrong")
	}
}
