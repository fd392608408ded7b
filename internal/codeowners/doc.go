// Package codeowners reads the file that says who looks after which files of a repository, as Bitbucket Cloud documents it for
// .bitbucket/CODEOWNERS: each line is a pattern as in .gitignore, and behind it whom a change of such files is shown to. Of several
// lines that match, the last one counts.
//
//	codeowners.go  the file
//	pattern.go     patterns
//	teams.go       teams, of a file of their own
//
// A line that cannot be read says so and stops nothing. Who is meant by a name, the package does not know.
package codeowners
