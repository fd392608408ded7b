// Package token knows what secrets look like. It mints them, tells from the
// text alone what is wrong with one, and reads them out of an Authorization
// header.
//
// # The form of a secret
//
//	ATATP1 sVq3...43 characters...k0Z 9F04C1B2
//	prefix body                       checksum
//
// The prefix says the kind. It begins as Bitbucket Cloud's does (ATAT, ATCT,
// ATBB), since clients look at that, and goes on so that no secret scanner
// takes it for one of Atlassian's. The body is random. The checksum is the
// CRC-32 (IEEE) of everything before it as eight upper-case hexadecimal digits;
// it keeps nobody out, but tells a damaged paste from an unknown token without
// asking the server. All characters are letters and digits, so that no shell,
// URL or header needs quoting.
//
//   - mint.go    kinds, [Mint], [Hash], [Equal], [Mask]
//   - inspect.go [Inspect]: kind, origin and damage of a secret
//   - foreign.go the secrets of other services
//   - damage.go  how damage is told: white space, variables that were not replaced
//   - header.go  [ParseAuthorization]
//   - redact.go  [Redact]: secrets in a text that somebody typed
//
// What does not live here: whether a secret is known, expired or allowed to do
// something (package access), the words for a refusal (package reason), and any
// I/O. No text that this package returns holds a secret or a part of one, except
// [Mask], what [Redact] leaves, and the fields that are the secret.
package token
