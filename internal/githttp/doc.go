// Package githttp speaks Git's smart HTTP protocol, versions 0, 1 and 2: it serves clone, fetch and
// push of the repositories in a gitstore.Store to Git clients.
//
// What lives here: which URLs are Git's (Match), the headers and content types, streaming between the
// connection and git, and words for the person at the client when something is refused. What it shares with Git over SSH,
// such as the way of a push, is in package gitserve.
//
// What does not: who may do what. A Gate decides that for each request, and says which repository
// is meant; a refusal brings its own status and text. The dumb protocol is not served.
//
// Nothing is held in memory but the list of references of a push and git's report on it, both
// bounded. A push whose body has arrived whole is carried to its end even when the client leaves;
// one that breaks off before the end of its pack changes nothing.
//
// Map of the files: route (URLs), handler (the way of a request), stream (bodies, compression, a client that leaves).
package githttp
