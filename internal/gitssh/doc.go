// Package gitssh speaks Git over SSH: it serves clone, fetch and push of the repositories in a gitstore.Store to whoever
// proves to hold a key that the server knows.
//
// What lives here: the listener with its bounds, logging in, the few commands that a client may run, and streaming between a
// channel and git. There is no shell, no terminal, no forwarding and no subsystem, and nothing that a client says becomes an
// argument or a variable of a process.
//
// What does not: who may do what. A Gate decides that anew for each command, because a connection may outlive its key. The way
// of a push is the same as over HTTP, in package gitserve.
//
// A push that has arrived whole is carried to its end even when the client leaves; one that breaks off before the end of its
// pack changes nothing.
//
// Map of the files: command (what a client may run), server (the listener and its end), connection (one client), session (one
// command), crowd (how many may be here), hostkey.
package gitssh
