// Package docs is the documentation that a server carries with it: the errors, the reference of operations, and the page
// that tries a request.
//
//	docs.go        the pages of this area, and its front page
//	reasons.go     /docs/errors: a page for every reason
//	operations.go  /docs/operations: every operation of the API, with its scopes
//	try.go         /docs/try: what is wrong with a request, and what this server would decide about it
//	read.go        what people paste there
//
// Nothing here has words of its own about errors or operations: those of a reason are in package reason, operations come
// from the catalogue, what is wrong with a request the doctor says, and what would be decided package access.
package docs
