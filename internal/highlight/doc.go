// Package highlight makes HTML of source code, line by line: chroma finds out what is what, and a handful of classes say it,
// for a style sheet that has a colour for each of them. What would mislead a reader is shown in place of being obeyed:
// characters that turn the direction of text, characters without a width, and control characters.
//
//	highlight.go  from a file to lines
//	class.go      what chroma tells apart, as the few classes that are shown
//	write.go      text as HTML, with what misleads in it made visible
//
// What comes out shows every character of what came in, in the same lines as git counts them, whatever chroma makes of it.
package highlight
