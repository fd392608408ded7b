package gitssh

import (
	"strings"

	"github.com/pailforge/pail/internal/gitserve"
)

// Command is what a client may run.
type Command struct {
	Service    string // git-upload-pack or git-receive-pack
	Workspace  string // slug or {uuid}, as in the address; see gitserve.Address for that of a snippet
	Repository string // slug or {uuid}, as in the address, without ".git"; see gitserve.Address for that of a wiki; or the id of a snippet
}

// Write tells whether the command leads to a push.
func (c Command) Write() bool { return c.Service == gitserve.ReceivePack }

// maxCommand bounds what is read as a command, in bytes.
const maxCommand = 1024

// commandError is a command that is not run, in lines for whoever asked for it.
type commandError []string

func (e commandError) Error() string { return e[0] }

// ParseCommand reads the command of a client: git-upload-pack or git-receive-pack, with or without a dash behind git, and the
// path of a repository, WORKSPACE/REPOSITORY with or without a slash before it and .git behind it, that of its wiki, with /wiki
// behind that, or that of a snippet, snippets/WORKSPACE/ID, bare or between single quotes. Nothing else is a command; the error says what it was and what there is instead.
func ParseCommand(line string) (Command, error) {
	if len(line) > maxCommand {
		return Command{}, commandError{"This is no command of Git.", onlyGit}
	}
	name, path, _ := strings.Cut(line, " ")
	if name == "git" {
		name, path, _ = strings.Cut(path, " ")
		name = "git-" + name
	}
	switch name {
	case gitserve.UploadPack, gitserve.ReceivePack:
	case "git-upload-archive":
		return Command{}, commandError{"git archive --remote is not served over SSH.", "Clone the repository, and run git archive in the clone."}
	case "git-lfs-authenticate", "git-lfs-transfer":
		return Command{}, commandError{"Git LFS is not served here.", "Push the files without LFS: git lfs migrate export."}
	default:
		return Command{}, commandError{"There is no shell here, and only Git's own commands run.", onlyGit}
	}
	if inner, ok := strings.CutPrefix(path, "'"); ok {
		if path, ok = strings.CutSuffix(inner, "'"); !ok {
			return Command{}, commandError{"The path of the repository has no end.", noSuchPath}
		}
	}
	workspace, repository, ok := gitserve.Address(strings.Split(strings.TrimPrefix(path, "/"), "/"), 0)
	c := Command{name, workspace, repository}
	if !ok {
		return Command{}, commandError{"This is not the path of a repository.", noSuchPath}
	}
	return c, nil
}

const (
	onlyGit    = "Use it through git: git clone, git fetch, git push."
	noSuchPath = "It is WORKSPACE/REPOSITORY.git, as the page of the repository shows it."
)
