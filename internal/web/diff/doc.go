// Package diff reads what git prints of the difference between two trees, file by file, and puts it in the rows that pages
// show: all lines below each other, or what was and what is side by side.
//
//	sections.go  a stream of git's, cut into files without holding more than a part of it
//	file.go      one file: go-gitdiff reads its hunks
//	rows.go      hunks as rows
//	talk.go      what people say of lines, for the pages that show it
//	blob.go      a file that a page shows
//
// What changed in a file is counted by git itself (gitstore.Changes); this package only shows it.
package diff
