// Package gitstore keeps bare Git repositories on disk and drives them with the git binary.
//
// What lives here: making and removing repositories, references, reading commits and objects,
// listing history, maintenance, and the two server ends of the Git protocol (upload-pack and
// receive-pack) between an io.Reader and an io.Writer.
//
// What does not: workspaces, names, rights, databases and HTTP. A repository is known by an
// opaque id (a UUID) that somebody else hands out.
//
// On disk, under the root:
//
//	ab/<id>.git   a repository; "ab" are the first two digits of its id
//	tmp/          repositories being made, and other short-lived files
//	trash/        repositories being removed
//	home/         always empty: HOME for git
//
// How git is called. No value that comes from a request reaches git as an option: references and
// object names are validated first, and go through standard input or behind a constant prefix.
// There is no shell, no configuration but the one given here, no hooks and no network transport.
// Every call ends with its context, together with all processes that it started.
//
// Map of the files: store (repositories), git (how git is run), names (what may be a name),
// reader (long-lived cat-file processes), object (reading and resolving), commit (parsing),
// log (history), refs (references), transport (push and fetch), maintain (fsck, import, gc), sweep
// (what crashes leave).
package gitstore
