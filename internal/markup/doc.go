// Package markup makes safe HTML of documents that people wrote into a repository, such as its README: Markdown as on
// other forges (GFM), with the HTML in it that does no harm, and plain text.
//
//	markup.go   Markdown: goldmark makes HTML, the document is put in its place, bluemonday lets through what is safe
//	place.go    links, pictures, headings and names, put in the place of the page that they will stand in
//	policy.go   what is let through
//	anchor.go   names of headings
//	refer.go    whom and what a document speaks of: accounts, pull requests, commits
//	suggest.go  changes that a comment suggests
//	demand.go   what would take too long
//
// What comes out loads nothing from elsewhere, runs nothing, and takes no name that a page could have: every id begins
// with Prefix. The package knows no repository; where a picture is served from, and what there is of that which a document speaks of,
// the caller says.
package markup
