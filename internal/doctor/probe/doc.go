// Package probe asks a service about a credential, where looking at it is not enough: whether it is valid, whose it is,
// which scopes it has, whether what a path speaks of can be seen with it, and what is missing for an operation.
//
//	probe.go    Run, what it takes and gives, and the one place that sends
//	rest.go     the credential for REST: is it accepted, and if not, would it be in another form
//	path.go     the operation that was asked about: what can be seen, what is missing
//	scopes.go   scopes and kind out of answers, and by trying where no answer tells them
//	git.go      the credential for git
//
//	GET /user as given ──accepted──→ scopes, kind, account → the path, or what it speaks of → the verdict's case
//	        └──refused──→ the same secret in another form, where that tells something
//
// It is run only when somebody asks for it. At most six requests are sent, all of them GET, each with a limited time and
// a limited body; no redirect is followed, so the credential goes to the one service and to nobody else. An operation
// that changes something is never sent: what it needs is known from the catalogue. Options.Say gets a line before each
// request, without the secret.
//
// It works alike for a server that explains its refusals and for one that does not, bitbucket.org: from that one it
// infers.
//
// What does not live here: the words for what was found. Run gives cases, which package doctor judges.
package probe
