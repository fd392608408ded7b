// Package migrate finds app passwords of Bitbucket Cloud and their uses in files, says what each becomes with API
// tokens, and changes what is safe to change.
//
//	walk           read: which files, as git would see them         walk.go, ignore.go
//	text, kind     bytes → text, name → kind of file                text.go, kind.go
//	inspect        document → uses                                  use.go, read_*.go, tree*.go
//	judge          use → finding of a scan, with a rule's id        judge.go, finding.go
//	cases          use → case for the doctor                        cases.go
//	fix            use → edits, shown as a diff, written atomically fix.go, diff.go, write.go
//	sarif          findings as SARIF 2.1.0                          sarif.go
//
// A use is one place where a file holds or uses a credential or an address. Readers only find uses; what is wrong with
// one is judged in one place, so the same fault reads the same in a script and in a Kubernetes Secret. Structured files
// (YAML, JSON and JavaScript objects, Terraform, XML) become one kind of tree, in which a user and a secret that stand
// together are a login; everything else is found in the text itself, which works in any file.
//
// An example is not a finding: documents and lock files are only searched for whole app passwords, test code makes up its
// secrets and is not searched, and a stand-in such as ATBB… or <password> is no secret anywhere. No text that this package makes holds a secret.
package migrate
