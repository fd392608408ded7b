// Package scope is the vocabulary of privilege scopes: the API-token scopes
// ("read:repository:bitbucket") and the legacy scopes of app passwords, OAuth
// consumers and access tokens ("repository:write").
//
// Two rules carry the package, and they differ on purpose:
//
//   - An API-token scope stands for itself alone. write does not grant read,
//     admin grants neither. The one equality is wiki:bitbucket, which is the
//     same as reading, writing and deleting wikis together.
//   - A legacy scope may imply others: pullrequest:write grants pullrequest,
//     repository:write and repository.
//
// What lives here: the names, what each one permits, sets of them, and the
// arithmetic between what a credential was granted and what a call requires.
// What does not: which call requires which scope (package catalog), and who
// holds a credential (package access). The package does no I/O.
package scope
