// Package signin is the pages about who somebody is: the set-up of a new server, signing in and out, and one's own
// profile, password, e-mails and sessions.
//
//	signin.go    Pages, its routes, signing in and out
//	oidc.go      signing in by way of an OpenID provider: there and back
//	provider.go  the provider: where it is, and what it says about somebody
//	setup.go     the one-time link that makes the first account
//	profile.go   name and password
//	emails.go    e-mails
//	sessions.go  where an account is signed in, and ending that
//
// The rules are package account's, sessions package access'.
package signin
