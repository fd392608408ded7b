// Package consumers is the pages of OAuth 2: the consumers of a workspace for those who administer it, the page on which
// a person lets an application in or not, and the applications that an account has let in.
//
//	consumers.go     Pages, its routes; the list, a consumer, a new one, its secret and its end
//	form.go          what people fill in about a consumer, with its scopes in plain words
//	authorize.go     GET and POST /site/oauth2/authorize
//	applications.go  /account/applications
//
// The rules are package oauth's, which also serves the token endpoint.
package consumers
