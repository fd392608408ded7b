// Package download is the room of the files that a repository offers beside its history: what was built from it. It stands on
// the repositories, which decide who may read and who may write.
//
//	download.go    the operations, their JSON and their SQL
package download
