// Package gitstore keeps bare Git repositories on disk and drives them with the git binary.
//
// What lives here: making and removing repositories, references, reading commits and objects,
// listing history, commits and merges without a work tree, maintenance, and the two server ends of the
// Git protocol (upload-pack and receive-pack) between an io.Reader and an io.Writer.
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
// What a merge makes is made beside the repository, which gets it when all went well: a merge that fails, and a look for
// conflicts, leave nothing behind. No reference moves then; UpdateRefs does that, from the value that the merge
// began with and together with others, or not at all. References below refs/pull-requests/ keep commits for the server alone:
// clients do not see them and cannot push to them, and maintenance keeps what they hold.
//
// Map of the files: store (repositories), git (how git is run), names (what may be a name),
// reader (long-lived cat-file processes), object (reading and resolving), commit (parsing),
// log and blame (history), lines (where lines went), refs (references), merge, scratch (where merges are made), bring (commits
// of pull requests, from other repositories), transport (push and fetch), maintain (fsck, import, gc), sweep
// (what crashes leave).
package gitstore
