// Package oauth is the room of OAuth 2: the consumers that a workspace registers, the access that people give them,
// and the tokens that they get for it.
//
//	consumer.go      Consumer, and what may be a name, an address or a scope of one
//	service.go       the rules of consumers: register, change, renew the secret, remove
//	authorize.go     an application asks a person for access: what is asked, yes and no
//	redirect.go      where a browser may be sent with the answer
//	grants.go        a code, a refresh token or the consumer's own secret buys tokens
//	endpoint.go      POST /site/oauth2/access_token
//	                 (also for those who are no consumers: the runners of pipelines, which package pipeline knows)
//	applications.go  what an account has let in, and taking it back
//	store.go         the SQL
//
// The pages are in package web/consumers. Who a token stands for and what it opens is decided in package access, which
// also keeps, as one credential, what a consumer was allowed by one account: scopes, activity and usage are those of the
// application, and its tokens come and go.
//
// # What Bitbucket Cloud does, and Pail with it
//
// Scopes are the consumer's, with the legacy names: a request may name fewer, which changes nothing, and none beyond.
// A token by client credentials acts for the workspace that the consumer belongs to, as a workspace access token does,
// with the consumer's scopes, inside that workspace only, and comes without a refresh token. A refresh token is good
// once and is answered with the next; unused, it ends after three months. Access tokens live for two hours and go in the
// Authorization header. A redirect_uri is the callback URL, or a path below it.
// (Sources: "Use OAuth on Bitbucket Cloud", "OAuth 2.0", and the announcement of the changes of May 2026.)
//
// # The library
//
// Requests are parsed, PKCE is verified and the answers' addresses and errors are made by github.com/zitadel/oidc (op,
// oidc). Its ready-made endpoints are not used: they demand a redirect_uri where Bitbucket's clients send none, want a
// scope named, write errors that cannot carry an explanation, and log to the process's default logger. github.com/ory/fosite
// would fit in shape, and brings gRPC, OpenTelemetry exporters and sixty more modules into the binary. What is written
// here instead is what a store must do by itself in any case: single use, rotation and revocation in one transaction.
package oauth
