package reason

var webhookReasons = []Reason{
	{
		Code: WebhookAddressForbidden, Title: "The address of a webhook is not called", Status: 400,
		Message: "url: this address is not called",
		Why: "Webhooks are sent to public addresses, over http or https, to port 80, 443 or one from 1024 that belongs to no other protocol, so that nobody " +
			"reaches through them into the network that the server stands in. It holds for the address that the name really leads to when the webhook is called, " +
			"and error.detail, or the delivery, names the rule.",
		Fix: []string{
			"Give the receiver a public address, or a public name that leads to one.",
			"For a receiver in the server's own network, have whoever operates the server name it in the setting `outbound.allow`, such as `ci.internal` or `10.1.2.0/24`.",
		},
		See: []Code{WebhookUnreachable, ValueInvalid},
	},
	{
		Code: WebhookUnreachable, Title: "A webhook could not be reached",
		Why: "The name of its host does not exist, nothing listens there, its certificate is not valid, or the connection broke off. The delivery says which.",
		Fix: []string{
			"Look at the delivery on the page of the webhook; once the receiver is there, send it again from there.",
			"A certificate must be of an authority that the server's system trusts, and complete: `curl --verbose URL` shows it.",
		},
		See: []Code{WebhookTimeout, WebhookAnswer, WebhookAddressForbidden},
	},
	{
		Code: WebhookTimeout, Title: "A webhook did not answer in time",
		Why: "The receiver has 10 seconds from the beginning of the connection to the end of its answer. After that an attempt has failed, and is made again later, three times in all.",
		Fix: []string{
			"Answer at once, and do the work that the event asks for afterwards.",
		},
		See: []Code{WebhookUnreachable, WebhookAnswer},
	},
	{
		Code: WebhookAnswer, Title: "A webhook answered that it did not take it",
		Why: "Only an answer with a status from 200 to 299 counts as taken. Redirects are not followed, and what failed with 408, 429 or from 500 on is sent again, three times in all.",
		Fix: []string{
			"Look at the answer on the page of the webhook; a status of 401 or 403 often says that the receiver compares the signature with another secret.",
			"Where the receiver redirects, enter the address that it leads to.",
		},
		See: []Code{WebhookUnreachable, WebhookTimeout},
	},
	{
		Code: WebhookDropped, Title: "A delivery was given up before it was sent",
		Why: "The webhook was switched off, too many deliveries were waiting for it, or the event was larger than what is sent. The delivery says which.",
		Fix: []string{
			"Switch the webhook on again, and send the delivery again from its page.",
			"Where too many wait: the receiver is slow or fails. Those of one webhook are sent one after the other, in order.",
		},
		See: []Code{WebhookTimeout, WebhookAnswer},
	},
}
