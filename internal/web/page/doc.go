// Package page is what all pages of the web have in common: who is looking, whether they may, the layout and the parts
// that pages are made of, and how an answer is written. A page is rendered on the server with html/template and works
// without scripts.
//
//	site.go      Site and On: a page is a pattern, the privilege that it needs, and a handler
//	route.go     which pattern answers a path
//	request.go   Request: who is looking, and the form that was sent
//	refuse.go    refusals as pages, or as JSON for those who ask for it
//	answer.go    Answer: content type, caching, ETag, compression, redirects
//	events.go    answers that go on, and tell a script that its page may look different
//	flash.go     the one sentence that the next page says
//	view.go      templates, and what they can call
//	tabs.go      the tabs that several areas share
//	form.go      forms and their fields
//	pager.go     lists in parts
//	accept.go    HTML or JSON, by the Accept header
//	asset.go     the style sheet and the scripts
//	templates/   layout.html, parts.html and error.html
//	assets/      style.css and script.js, and live.js for pages that follow what others do
//
// A new page is a file in its area's templates that defines "main", a handler that renders it, and a line with On. The
// policy that goes with every page allows neither inline scripts nor inline styles; a test holds the templates to it.
//
// What does not live here: anything about tokens, workspaces or repositories. Each area of the web is a package beside
// this one and stands on it.
package page
