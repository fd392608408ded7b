// Package search is the room of the search for code: an index of the files on the main branch of every repository, and the
// questions to it. It stands on the repositories, which decide who may read which of them.
//
//	words.go       what a word of code is
//	parse.go       the language of queries
//	language.go    what files of a language are called
//	compile.go     a query as the index takes it
//	lines.go       where in a file it fits, as lines and pieces of them
//	index.go       the index on disk
//	follow.go      the index of one repository follows its main branch
//	work.go        the worker that finds out what has changed
//	room.go        Search
//	operations.go  the operations of the API
//
// Each process has an index of its own, in its data directory; everything in it can be made again from git. The index keeps
// words, not contents: what a result shows is read from git.
package search
