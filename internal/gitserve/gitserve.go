package gitserve

import (
	"context"
	"net/http"
	"strings"

	"github.com/pailforge/pail/internal/gitstore"
)

// The two services of Git's smart protocol.
const (
	UploadPack  = "git-upload-pack"  // clone and fetch
	ReceivePack = "git-receive-pack" // push
)

// Refusal is an error that knows how to tell a Git client.
type Refusal interface {
	error
	// GitAnswer gives the status of HTTP (400 to 599), further headers (the challenge of a 401, for
	// example) and the lines for the person at the client. Over HTTP git prints them as "remote: <line>", and
	// only when they answer its first request (info/refs). Where a later one is refused, which happens when a right
	// is lost in between, the lines go into an answer with status 200, in Git's own form for refusals,
	// unless the client sent no credential and a 401 asks for one. nil lines stand for the status in words, an empty
	// list for an answer without a body. Over SSH the lines are what counts.
	GitAnswer() (status int, header http.Header, lines []string)
}

// RefUpdate is one change of a reference: its full name and its value before and after, where
// zeros stand for "does not exist".
type RefUpdate = gitstore.RefUpdate

// Repository is what a gate gives when the answer is yes.
type Repository struct {
	// ID is the repository's id in the store.
	ID string
	// Pusher says who asks, in the caller's own terms. It is handed on to Observe and goes nowhere else.
	Pusher string
	// Notice are lines for the person at the client before git begins. HTTP has no place for them.
	Notice []string
	// MaxPushBytes bounds the pack of a push. 0: the store's own limit.
	MaxPushBytes int64
	// Vet judges a push before git sees it, with what the client says of the references, which git checks later. The
	// new objects are not there yet. An error fails the push without a reason. nil: no objection.
	Vet func(ctx context.Context, updates []RefUpdate) (Verdict, error)
	// Pushed is called once after a push that changed something, with what it really changed, before
	// the client hears of its success. It must be fast. Its context does not end with the connection.
	Pushed func(ctx context.Context, updates []RefUpdate)
	// Remarks gives lines that the person who pushed gets to read, after Pushed. nil: none.
	Remarks func(ctx context.Context, updates []RefUpdate) []string
}

// Verdict is what is said of a push before it happens. In both maps the key is the full name of a reference, and the value
// a sentence for whoever pushes.
type Verdict struct {
	// Refused are references that may not be changed so. One of them refuses the whole push.
	Refused map[string]string
	// Kept are branches that may move forward only: a new value must have the old one in its history, which git finds
	// out when it has the objects. While one of them is in a push, the same holds for its other branches.
	Kept map[string]string
}

// ValidName tells whether a part of an address can be a slug or a UUID in braces.
func ValidName(name string) bool {
	if inner, ok := strings.CutPrefix(name, "{"); ok {
		inner, ok = strings.CutSuffix(inner, "}")
		return ok && len(inner) == 36 && onlyOf(inner, "-")
	}
	return name != "" && name != "." && name != ".." && len(name) <= 128 && onlyOf(name, "-._")
}

// SnippetPlace stands before the workspace of a snippet, in its address and in what Address gives: nothing else can, because
// the name of a workspace holds no slash. In the same way WikiPlace stands behind the name of a repository whose wiki is meant.
const (
	SnippetPlace = "snippets/"
	WikiPlace    = "/wiki"
)

// Address reads the parts of a path between its slashes, the first one behind the root: WORKSPACE/REPOSITORY,
// WORKSPACE/REPOSITORY/wiki or snippets/WORKSPACE/ID, with or without .git behind the repository or the id, and with rest parts
// more. A workspace of a snippet begins with SnippetPlace, and the name of a wiki ends with WikiPlace. ok is false for what can be none.
func Address(parts []string, rest int) (workspace, name string, ok bool) {
	before, behind := "", ""
	if len(parts) == 3+rest {
		switch {
		case parts[0]+"/" == SnippetPlace:
			before, parts = SnippetPlace, parts[1:]
		case "/"+parts[2] == WikiPlace:
			behind, rest = WikiPlace, rest+1
		}
	}
	if len(parts) != 2+rest {
		return "", "", false
	}
	workspace, name = parts[0], strings.TrimSuffix(parts[1], ".git")
	return before + workspace, name + behind, ValidName(workspace) && ValidName(name)
}

// onlyOf tells whether s holds only ASCII letters, digits and the others given.
func onlyOf(s, others string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && strings.IndexByte(others, c) < 0 {
			return false
		}
	}
	return true
}
