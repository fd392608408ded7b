package openapi

import (
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// sharedParameters are those of every list, and of every answer.
func sharedParameters() object {
	one := func(name, text string, schema object) object {
		return object{"name": name, "in": "query", "description": text, "schema": schema}
	}
	return object{
		"page": one("page", "The page, from 1. Follow the `next` links rather than counting.", object{"type": "integer", "minimum": 1}),
		"pagelen": one("pagelen", "How many values a page has at most.",
			object{"type": "integer", "minimum": 1, "maximum": rest.MaxPagelen}),
		"fields": one("fields", "The fields to answer with: names with dots and `*`, with commas between. `+` in front adds to the usual ones, `-` takes away.", object{"type": "string"}),
	}
}

func headers() object {
	one := func(text string) object { return object{"description": text, "schema": object{"type": "string"}} }
	return object{
		"X-Request-Id":            one("Names the request in the server's log."),
		"X-OAuth-Scopes":          one("The scopes of the credential. Without it the caller was not authenticated."),
		"X-Accepted-OAuth-Scopes": one("The scopes that the operation takes."),
		"X-Credential-Type":       one("The kind of the credential."),
		"X-Pail-Reason":           one("The reason code, as in `error.data.reason`."),
		"ETag":                    one("For `If-None-Match`: while nothing has changed, the answer is 304 without a body."),
		"Location":                one("The address of what was made."),
	}
}

func errorResponse() object {
	return object{"description": "Refused. `error.data.reason` says why, and `error.data.fix` what to do.",
		"headers": object{"X-Request-Id": reference("headers", "X-Request-Id"), "X-Pail-Reason": reference("headers", "X-Pail-Reason")},
		"content": object{"application/json": object{"schema": reference("schemas", "Error")}}}
}

// errorSchema is the body of every refusal. A server that answers bare leaves data out.
func errorSchema() object {
	text := object{"type": "string"}
	texts := object{"type": "array", "items": text}
	codes := []reason.Code{}
	for _, r := range reason.All() {
		if !r.Local() {
			codes = append(codes, r.Code)
		}
	}
	return object{"type": "object", "required": []string{"type", "error"}, "properties": object{
		"type": object{"type": "string", "enum": []string{"error"}},
		"error": object{"type": "object", "required": []string{"message"}, "properties": object{
			"message": described(object{"type": "string"}, "What Bitbucket Cloud says in this case."),
			"detail":  object{"description": "A sentence about this request; for missing scopes an object with the scopes that are `required` and those `granted`."},
			"fields":  object{"type": "object", "description": "What is wrong, by field of the request.", "additionalProperties": texts},
			"data": object{"type": "object", "additionalProperties": true, "required": []string{"reason"}, "properties": object{
				"reason":     object{"type": "string", "description": "The reason code.", "enum": codes},
				"doc":        object{"type": "string", "format": "uri", "description": "The page of the reason."},
				"fix":        object{"type": "array", "items": text, "description": "Ways out, the best one first."},
				"request_id": described(object{"type": "string"}, "As in the header X-Request-Id."),
				"missing":    object{"type": "array", "items": text, "description": "The scopes that the credential lacks."},
				"nearest":    object{"type": "array", "items": text, "description": "For an unknown path: the operations that were probably meant."},
			}},
		}},
		"data": object{"type": "object", "additionalProperties": true, "description": "For an operation that was removed: `announcement_url`."},
	}}
}
