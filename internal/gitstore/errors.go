package gitstore

import (
	"errors"
	"fmt"
	"strings"
)

// Kinds of failure. Test for them with errors.Is.
var (
	// ErrNotFound: there is no such repository, reference, revision or object.
	ErrNotFound = errors.New("not found")
	// ErrAmbiguous: several objects have names that begin with the digits of a revision.
	ErrAmbiguous = errors.New("several begin with it")
	// ErrExists: the repository or reference is already there.
	ErrExists = errors.New("already exists")
	// ErrInvalid: the value cannot be what it is given as, whatever the repository holds.
	ErrInvalid = errors.New("not valid")
	// ErrConflict: the reference does not hold the expected value, or another one is in its way.
	ErrConflict = errors.New("conflict")
	// ErrTooLarge: the object or the stream exceeds a limit.
	ErrTooLarge = errors.New("too large")
	// ErrGit: git is missing, too old or cannot be used.
	ErrGit = errors.New("git cannot be used")
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("the store is closed")
)

// Error says which thing a failure is about. It never holds a path of the server.
type Error struct {
	Kind error  // one of the Err values
	What string // "repository", "revision", "reference", "object", "path", ...
	Name string // as the caller gave it, shortened
	Note string // the way out, may be empty
}

func (e *Error) Error() string {
	text := e.What
	if e.Name != "" {
		text += fmt.Sprintf(" %q", e.Name)
	}
	text += ": " + e.Kind.Error()
	if e.Note != "" {
		text += " (" + e.Note + ")"
	}
	return text
}

// Unwrap gives the kind.
func (e *Error) Unwrap() error { return e.Kind }

// maxNameInError bounds how much of a caller's value an error repeats.
const maxNameInError = 200

func fail(kind error, what, name, note string) *Error {
	if len(name) > maxNameInError {
		name = strings.ToValidUTF8(name[:maxNameInError], "") + "…"
	}
	return &Error{Kind: kind, What: what, Name: name, Note: note}
}

// GitError is a git process that failed for a reason that this package does not know.
type GitError struct {
	Command string // the git command, such as "log"
	Exit    int    // exit status, -1 when a signal ended it
	Stderr  string // what git said, at most 4 KiB, without the server's paths
}

func (e *GitError) Error() string {
	text := fmt.Sprintf("git %s ended with status %d", e.Command, e.Exit)
	if line := strings.TrimSpace(e.Stderr); line != "" {
		text += ": " + line
	}
	return text
}
