// Package pailtest is the harness that tests of the whole server stand on: it starts Pail on a real listener, on
// SQLite and on PostgreSQL, makes accounts, tokens and repositories, and offers a client through which every answer
// is checked: successes against the published schema of their operation, errors against the shape of errors, and
// nothing of status 400 or above without a body. A server started with Options.Bare is held to contract.Bare instead.
//
//	server.go   Each, Start: servers on both databases
//	world.go    the workspace, the project, the people and the repository that most tests need
//	client.go   requests and checked answers
//	raw.go      requests byte for byte, on a bare connection
//	state.go    what is in the store and on disk, and the bookkeeping of a credential
//	skip.go     what may skip, and what makes a skip a failure
package pailtest
