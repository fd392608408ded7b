// Package demo runs a throw-away Pail with data in it, and tells a story about it: lines to copy into a terminal that
// show what goes wrong with API tokens, and how Pail says so.
//
//	demo.go     Run: listen, open, seed, tell, serve, tidy up
//	seed.go     workspace, project, group, accounts, repositories
//	history.go  the commits of acme/widgets, as one stream for git fast-import
//	tokens.go   the credentials of one run
//	story.go    the text
//	ready.go    the file that tells programs where everything is
//
// The server is the same as that of pail serve; nothing here is a special case of it.
package demo
