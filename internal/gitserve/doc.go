// Package gitserve is what Git's transports share, whatever a client comes over: what a gate gives when it lets somebody
// in, Git's framing, the way of a push from its list of references to git's report on it, and the bounds that hold for all.
//
// What does not live here: connections. Package githttp and package gitssh have those. Nor who may do what: they ask a gate.
//
// Nothing is held in memory but the list of references of a push and git's report on it, both bounded.
//
// Map of the files: gitserve (what a gate gives), push (a push), pktline (Git's framing), report (git's answer to a push),
// bounds (turns, stalls, lengths).
package gitserve
