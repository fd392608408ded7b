// Package cli is the command pail: flags, help texts, tables and exit codes.
//
// A group of commands is a file: a function that makes the cobra commands, and for each an options struct with a run
// method. Nothing here decides anything: the commands call the rooms, on the store that --data, --database or the
// configuration name, also while a server runs on it.
//
//	main.go        Main, exit codes, how errors and unknown commands are reported
//	store.go       opening the store that the settings name; accounts and resources by name
//	output.go      tables, JSON, times
//	serve.go       pail serve
//	demo.go        pail demo
//	admin.go       pail admin: accounts
//	admin_team.go  pail admin: workspaces, groups, projects, permissions
//	token.go       pail token: create and revoke
//	token_show.go  pail token: list and show
//	token_usage.go pail token: show --usage and narrow
//	token_rotate.go pail token rotate
//	operations.go  pail operations
//	migrate.go     pail migrate: scan
//	migrate_fix.go pail migrate: fix
//	doctor_files.go pail doctor files
//	doctor.go      pail doctor: what all of its forms share, and the forms for a typed credential and a saved answer
//	doctor_git.go  pail doctor git
//	doctor_env.go  pail doctor env
//	doctor_probe.go  --probe, in every form
//	record.go      pail record
//	scopes.go      pail scopes: for, of; scopes_plan.go: plan
//	reference.go   how a text names an operation, and what to say when it names none
//	complete.go    completion of paths from the catalogue
//	login.go       pail login and logout; terminal.go: asking a person
//	auth.go        pail auth status
//	gitcredential.go  pail git-credential, and pail auth setup-git
//	api.go         pail api; api_fields.go: -f and -F; api_pages.go: --paginate
//	profiles.go    which login a command uses
//	explain.go     why a service refused a call
//	man.go         pail completion and pail man
//	version.go     pail version
//
// Output goes to standard output, logs and explanations go to standard error, so that a secret can be caught in a
// variable: TOKEN=$(pail token create …). The exit code is 0, 1 when something failed, and 2 when the command was
// called or configured wrongly.
package cli
