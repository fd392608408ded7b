package reason

// hooks shows the webhooks of a repository.
var hooks = curl(`--user "$EMAIL:$TOKEN" {base}/2.0/repositories/WORKSPACE/REPOSITORY/hooks`, "The webhooks of the repository, for its administrators: their URLs, and which are active.")

// The commands for webhooks that are not called, or not answered.
var webhookCommands = map[Code]ways{
	WebhookAddressForbidden: {
		show: []Command{provoke(`--user "$EMAIL:$TOKEN" --json '{"url": "http://127.0.0.1/", "events": ["repo:push"]}' {base}/2.0/repositories/WORKSPACE/REPOSITORY/hooks`),
			shell(`getent ahosts ci.example.com`, "The addresses that a name leads to. Where the server stands they may be others.")},
		mend: []Command{shell(`pail serve --outbound-allow 10.1.2.0/24,ci.internal`, "Whoever operates the server lets receivers of its own network be called.")},
	},
	WebhookUnreachable: {
		show: []Command{hooks, curl(`--verbose --json '{}' https://ci.example.com/hook`, "What the server meets too: the name, the connection, the certificate.")},
		mend: []Command{curl(`-X PUT --user "$EMAIL:$TOKEN" --json '{"url": "https://ci.example.com/hook"}' {base}/2.0/repositories/WORKSPACE/REPOSITORY/hooks/UUID`, "Gives the webhook another URL. UUID is in braces, which are `%7B` and `%7D`.")},
	},
	WebhookTimeout: {
		show: []Command{curl(`--max-time 10 -w '%{time_total}\n' --json '{}' https://ci.example.com/hook`, "How long the receiver takes.")},
		mend: []Command{curl(`-X PUT --user "$EMAIL:$TOKEN" --json '{"events": ["repo:push"]}' {base}/2.0/repositories/WORKSPACE/REPOSITORY/hooks/UUID`, "Fewer events, where the receiver cannot keep up.")},
	},
	WebhookAnswer: {
		show: []Command{hooks, curl(`-i --json '{}' https://ci.example.com/hook`, "What the receiver answers to a request without a signature, which it should refuse.")},
		mend: []Command{curl(`-X PUT --user "$EMAIL:$TOKEN" --json '{"secret": "THE SECRET OF THE RECEIVER"}' {base}/2.0/repositories/WORKSPACE/REPOSITORY/hooks/UUID`, "Gives the webhook the secret that the receiver compares with.")},
	},
	WebhookDropped: {
		show: []Command{hooks},
		mend: []Command{curl(`-X PUT --user "$EMAIL:$TOKEN" --json '{"active": true}' {base}/2.0/repositories/WORKSPACE/REPOSITORY/hooks/UUID`, "Switches the webhook on.")},
	},
}
