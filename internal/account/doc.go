// Package account is the room of people: who has an account, what they are called, how they sign in, and the
// credentials that they make for themselves.
//
//	account.go     Account, what may be a name, an e-mail or a password
//	service.go     the rules: create, sign in, first set-up
//	store.go       the SQL
//	password.go    argon2id
//	identity.go    who an account is at an OpenID provider
//	operations.go  /2.0/user, /2.0/users/{selected_user}, and an account as JSON
//	issue.go       the rules of credentials: make, rotate, narrow
//	usage.go       what a credential was used for, against what it may do
//	tokens.go      Pail's own API below /pail/v1: sign-in, API tokens and their activity
//
// What a credential is allowed to do is decided in package access.
package account
