// Package runner is what takes steps of pipelines and runs them: the process pail runner, and the same inside pail serve. It speaks
// HTTP to a server, as package runnerapi says, and listens nowhere.
//
// A [Runner] asks for steps and has one goroutine for each that it got (job). A job clones with git, lays caches and artifacts of earlier
// steps into the clone, and has an executor make a box for the script: a process in a PID namespace of its own (shell), or a container
// (engine). The script reports over its standard error to the job, which runs what a script cannot: pipes, and what belongs before and
// after it. Whatever the script prints goes through a [Masker] to the server, and stands nowhere else.
package runner
