// Package profile keeps the logins of the command pail: which service, whose credential of which kind, and the secret.
//
// A [Profile] is one credential for one service, bitbucket.org or any Pail. It knows the two identities that every
// credential has: what goes to the REST API (an API token with the account's e-mail, an access token as Bearer) and what
// goes to git (a user name that the kind decides, never the e-mail).
//
//	profile.go  Profile, kinds, [Services]: how an address is read
//	store.go    the file profiles.yml, in the user's configuration directory
//	secret.go   secrets: in the keyring of the operating system or, where there is none, in a file of mode 0600
//	client.go   requests with a credential, which go to no other host, and the one that tests a credential
//	git.go      git's protocol for credential helpers
//
// What does not live here: commands, terminals and texts for people (package cli), what a refusal means (packages reason
// and cli), and the credentials that a Pail server keeps (package access).
package profile
