// Package wire gives an answer to requests that net/http refuses before any
// handler runs.
//
// A line break inside a header, a bad request line, headers that are too large,
// an Expect header with nonsense, plain HTTP on a TLS port: net/http answers
// all of these itself, with a line of plain text at most, and the program never
// learns of them. These are the very requests that need an explanation, since
// their sender sees nothing but "400". [Listen] wraps a listener so that
// such an answer is replaced by one that tells the reason.
//
// How it works. Each connection remembers the head of the request that is being
// read, up to a bound. When net/http writes one of its own refusals, which have
// an exact form and come only while no handler has the request, [Diagnose]
// reads the head again and finds the cause; Config.Answer renders it and
// Config.Observe records it. Everything else passes through untouched. A handler
// that takes the request over ends the remembering, and the buffer goes back to
// a pool, so that good requests cost a copy of their head and no allocation.
//
// With TLS the package does the handshake itself, because net/http must see the
// connection through the wrapper. A connection that agreed on HTTP/2 is handed
// over bare, as the *tls.Conn that net/http expects, and is not watched: there
// net/http ends the stream of a request with a broken header by a PROTOCOL_ERROR,
// without an answer. A server that wants to explain these too leaves HTTP/2 out
// by http.Server.Protocols; clients then use HTTP/1.1.
//
//   - listener.go the listener and its hooks into http.Server
//   - tls.go      handshakes, and plain HTTP on a TLS port
//   - conn.go     the connection: what is remembered, and when it is forgotten
//   - refusal.go  recognising net/http's refusals and writing the answer
//   - diagnose.go the cause, from the head alone: [Diagnose]
//   - headers.go  the part of it that looks at the headers
//   - answer.go   ready-made answers: [JSON] and [Bare]
//
// What does not live here: refusals of requests that can be read (rest, access)
// and the words of the reasons (package reason). No value of a header is ever
// part of what this package reports.
package wire
