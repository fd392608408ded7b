// Package record finds out which scopes an automation really needs, from its own traffic.
//
// It watches requests go by and adds them up: by the catalogue's operation, by the repository that git talks to, and
// by what is neither. From that follows the least set of scopes, what the credential has beyond it, and what was
// refused and why.
//
//	recording.go    Recording: what was seen, what follows from it, and Merge
//	observe.go      Recorder: from a request and its answer to the counts
//	refusal.go      why a call was turned away, told by the server or inferred
//	path.go         git's requests, and paths of which only words of the API are left
//	read.go         recordings from files, which anybody may have written
//	run.go          Run: a program behind a proxy; Serve: a server in front of another
//	proxy.go        the proxy on loopback: recorded hosts are read, others pass through
//	authority.go    the throw-away CA; its key stays in memory
//	environment.go  the variables and files that make tools use the proxy and trust it
//	node.cjs        the same for Node before 24, which reads no such variables
//	outside.go      the way out: the proxy and the certificates of the caller's own environment
//	text.go html.go the report for people
//
// A recording holds no secret, no body and no value of a query. Paths are the catalogue's templates; only the names of
// repositories that git talked to are kept. Bodies stream through and are never held, but for a short JSON body of a
// 403, in which the missing scopes stand.
//
// What a call needs is not known here but in package catalog, and the arithmetic of scopes is package scope's. A
// token of Pail's own is counted by the server itself, without a proxy: see package access.
package record
