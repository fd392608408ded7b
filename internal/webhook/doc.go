// Package webhook is the room of webhooks: what is called when something happens in a repository or a workspace, and the sending.
//
//	webhook.go    Hook, its subject, and what may be chosen
//	room.go       the room, what it serves, and JSON
//	service.go    the rules: make, change, delete, send again
//	store.go      the SQL
//	events.go     the events that there are, and the ear for those of the rooms
//	deliver.go    the worker that sends
//	attempt.go    one attempt to send, and what came of it
//
// When an event happens, a delivery for each webhook that wants it is written in the transaction in which it happened (Hear). The
// worker of any process takes it from there, so that nobody waits for a receiver and nothing is lost when a process dies: a
// delivery is sent at least once. What may be called at all, package outbound decides.
package webhook
