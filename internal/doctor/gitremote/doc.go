// Package gitremote reads a doctor's cases out of a git remote: what git would send where, and from where it would take
// the credential.
//
//	read.go     Read: which remote, which addresses after git's own rewriting, and the cases
//	address.go  an address in its parts, if it can be taken apart
//	config.go   git's configuration and which of it holds for an address
//	source.go   where the login comes from: URL, header, .netrc, helper, question
//	helper.go   asking a credential helper
//	stored.go   where a helper keeps what it answers, and the command that removes it
//	run.go      running git
//
// Everything is asked of git itself, so that includes, conditional sections, variables and rewriting count as they do
// for git. Nothing is sent to the remote, and nothing is changed.
//
// Helpers are asked with "get", one by one and in git's order until one has answered in full, as git does before every
// fetch from a private repository: also those that are shell commands, since git would run them too. Before a helper is
// run, Options.Say gets a line that names it; Options.NoHelpers only lists them. They cannot ask back: terminal, askpass
// and the windows of Git Credential Manager are closed to them, and each has a limited time.
//
// What does not live here: the judgement of addresses, users and secrets (package doctor). Only what a reader alone can
// see is added to a case: a helper that is missing, where a wrong login is stored and how to remove it, a helper that is
// known to test tokens wrongly, a certificate file that is not there, an address of LFS that differs.
package gitremote
