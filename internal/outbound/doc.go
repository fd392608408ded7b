// Package outbound is the one way out of the server to addresses that users name. Whatever Pail is told to call, such as the URL
// of a webhook, is called through a Guard, which keeps such requests away from the network that the server itself stands in.
//
//	guard.go    the Guard: which URLs it takes, and the HTTP client that it gives
//	address.go  which addresses are public
//
// What is decided by name would be decided for nothing: whoever owns a name can let it lead elsewhere a moment later. So the
// decision that counts falls where a connection is made, on the address that it is made to.
package outbound
