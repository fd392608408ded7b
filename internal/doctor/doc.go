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
// The files of the judge:
//
//	case.go        what a reader hands over          judge.go      the list of rules, in order; Examine
//	finding.go     what comes out                    settle.go     order of mending, doubles, verdict, summary
//	classify.go    facts: service, surface, secret   header.go     rules about the header as a text
//	address.go     URLs, also the damaged ones       damage.go     rules about values that are not whole
//	answered.go    what an answer tells              pairing.go    rules about secret, user, scheme and surface
//	response.go    ReadResponse                      place.go      rules about host and path
//	output.go      ReadOutput                        answers.go    rules about answers; scopes.go those about scopes
//	sentences.go   wordings of services and clients  fix.go        ways out, for the service at hand; fix_git.go for git
//	text.go        a report for a person             hide.go       the last guard for secrets
//
// Package doctortest has every case that the judge must know, and those in which it must be silent.
//
// A finding accuses: it says how certain it is and why. Where the credential is fine the report says so and names whose
// matter it is. What is not known is not guessed: a false accusation is worse than silence.
//
// No text that this package makes holds a secret: at most its first 12 characters and its length, as token.Mask shows
// them. Words for causes come from package reason, operations and their scopes from package catalog. The doctor knows
// no room and no store.
package doctor
