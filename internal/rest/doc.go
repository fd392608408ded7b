// Package rest is the mechanics of the API: it matches a request against the catalogue, decodes what it carries,
// and writes every answer. It knows no room and decides nothing about access.
//
//	request.go   one matched request: parameters, query, body, paging
//	error.go     Error, the one way to refuse; its words come from package reason
//	answer.go    values → JSON, status, ETag, fields=; errors → the error shape
//	bare.go      the error shape without an explanation, as Bitbucket Cloud has it
//	list.go      paginated lists
//	links.go     absolute URLs, times and uuids as the API writes them
//	trace.go     what the log says about a request
//
// A handler gets a *Request and returns a value or an error; only this package touches the http.ResponseWriter.
package rest
