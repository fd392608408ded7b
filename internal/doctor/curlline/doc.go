// Package curlline reads what somebody types to run curl and says what would be sent: a line as words, a line as one
// text, or a small script. It sends nothing, and runs nothing unless it is told to.
//
//	text      →  paste.go    prompts, Windows continuation lines, escaped quotes: what a page or a file put around it
//	          →  script.go   statement by statement, as bash would: assignments, pipes, which command is curl
//	          →  expand.go   words to arguments; what is not known here becomes a mark, see below
//	             recipe.go   `echo -n "$EMAIL:$TOKEN" | base64` and its like, worked out without running them
//	             exec.go     other commands, with Options.Exec only
//	arguments →  command.go  curl's options, with the table of options.go, -K files (config.go), --variable (variable.go)
//	          →  request.go  one doctor.Case for each address: method, headers, login (netrc.go);
//	             stray.go    a header that a shell cut in pieces, put together again
//
// A variable that is not set here, or a command that is not run, leaves a mark in the text. Marks go through all of the
// steps, so that in the end it is known which header, and which half of a login, depends on it: that value is Open and
// shows the variable's name in place of the mark.
//
// The package judges nothing: what a credential is good for is for package doctor. It notes only what nobody else can
// see later, such as an option that curl does not know, a quote that is missing, or a command that was not run.
package curlline
