// Package pipeline is the room of pipelines. So far it keeps what they are set up with:
//
//	room.go         what operations there are, and whom they let in
//	config.go       whether they run, and the number of the next one
//	variables.go    variables of workspaces, repositories, environments and accounts
//	environments.go what is deployed to
//	ssh.go          the key pair of steps, and the hosts that they know
//	seals.go        what is encrypted in the store
package pipeline
