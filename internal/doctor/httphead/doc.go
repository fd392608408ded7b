// Package httphead reads the head of an HTTP request as somebody pastes it: out of a log, out of what "curl -v" prints,
// or typed as a method, an address and lines of headers. It makes a doctor.Case of it, and judges nothing.
//
//	GET /2.0/user HTTP/1.1                     GET https://api.bitbucket.org/2.0/user
//	Host: api.bitbucket.org                    Authorization: Bearer …
//	Authorization: Basic …
//
// A line that cannot be a header goes on the value before it: that is how a header looks that was broken over several
// lines. The body, behind an empty line, is left out. Nothing is sent, and no file is read.
package httphead
