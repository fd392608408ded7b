// Package web is the pages that people see: rendered on the server with html/template, without any script, and with
// one style sheet.
//
//	pages.go    Pages, its routes, and what every page has in common: headers, methods, errors
//	answer.go   writing an answer: content type, caching, ETag
//	accept.go   HTML or JSON, by the Accept header
//	view.go     the templates and what they can call
//	home.go     the front page
//	reasons.go  the reasons, for people and as JSON
//	setup.go    the one-time link that makes the first account
//	avatar.go   pictures of accounts and workspaces
//	templates/  layout.html, and one file for each page, which fills the layout's parts
//	assets/     style.css
//
// A new page is a file in templates that defines "main", a handler that returns a view, and a line in Mount. The
// policy that goes with every page allows neither inline scripts nor inline styles; a test holds the templates to it.
//
// What does not live here: rules. A page asks a room and shows what it says; the words of refusals come from package
// reason.
package web
