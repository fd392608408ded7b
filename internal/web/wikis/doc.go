// Package wikis is the pages of wikis: reading one with its tree of pages, writing with a preview, history, and what changed.
//
//	wikis.go    Pages, its routes, and what all pages have in common
//	show.go     a page, and the front of a wiki
//	edit.go     making, editing, renaming and deleting one
//	history.go  its revisions, and what changed between two
//	tree.go     the pages beside a page
//
// The rules are package wiki's. How authors and differences look is package code's; this package gets it as Code, because areas of
// the web stand side by side.
package wikis
