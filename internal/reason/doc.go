// Package reason is the vocabulary of refusals.
//
// Every time Pail says no, it says so with one [Code] of this package. The
// table behind [Lookup] holds the words that belong to a code: what Bitbucket
// Cloud would have said, why it happened, and the ways out. HTTP answers, a
// token's activity, the doctor and the documentation all render from here, so
// the same cause reads the same wherever a person meets it.
//
//   - codes.go    the codes, grouped by what was wrong
//   - reason.go   the [Reason] type and how to look one up
//   - table_*.go  the words, one file for each group of codes
//   - command*.go the commands with which to see a fault and to mend it
//   - section.go  the parts of the documentation; markdown.go writes all of it
//
// What does not live here: the decision that a reason applies (that is for the
// package that decides), the facts of one case (which scope, which line, which
// path: they go into error.detail and error.data), and any I/O.
//
// A code is a promise: clients match on it and links point to its page. Codes
// may be added; an existing code is never renamed or given another meaning.
package reason
