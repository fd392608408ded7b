// Package doctor finds out why a credential does not work, on bitbucket.org or on a Pail server, and says how to mend
// it. It works on what somebody typed, configured or saw, and sends nothing by itself.
//
//	readers                                         judge                         words
//	curl line, git remote, variables, files  →      Case → Examine → Report  →    text, JSON
//	saved answer, output of git or a tool    →
//	probe (asked for only)                   →
//
// A reader turns its kind of input into a Case: what would be sent where, by which client, with which credential, and
// what came back. It judges nothing except what only it can see (a command that was not run, an option that it does not
// know), which it adds to Case.Notes. Examine is the one judge, so that the same fault reads the same whatever way it
// came in: first which kind of secret goes with which user, scheme and surface, decided from shape alone; then whether
// a credential was sent at all and whether any request reached the service; then host and path; then values that were
// not expanded or were damaged, in every field; then what only an answer can tell.
//
// A finding accuses: it says how certain it is and why. Where the credential is fine the report says so and names whose
// matter it is. What is not known is not guessed: a false accusation is worse than silence.
//
// No text that this package makes holds a secret: at most its first 12 characters and its length, as token.Mask shows
// them. Words for causes come from package reason, operations and their scopes from package catalog. The doctor knows
// no room and no store.
package doctor
