package gitserve

import (
	"bytes"
	"context"
	"io"
	"strings"

	"github.com/pailforge/pail/internal/gitstore"
)

// Push carries out a push: it has what the client asks for judged, hands it to git, and tells of what came of it. c is what
// ReadCommands has read from in, with at least one update. out gets git's report, or that of a refusal. What came about is
// returned beside an error. Unless o.Open says that it has none before the answer, in is read until its end.
func Push(ctx context.Context, store *gitstore.Store, repo Repository, c *Commands, in io.Reader, out io.Writer, o gitstore.ServeOptions) ([]RefUpdate, error) {
	drop := func() {
		if !o.Open { // no end comes before the answer there
			Drop(in, MaxDropped)
		}
	}
	verdict, err := vet(ctx, repo, c)
	if err != nil {
		drop()
		return nil, err
	}
	if len(verdict.Refused) > 0 {
		drop()
		_, err := out.Write(c.Refusal(nil, func(ref string) string {
			if why, ok := verdict.Refused[ref]; ok {
				return why
			}
			return "not done, because another reference was refused"
		}))
		return nil, err
	}
	names := make([]string, 0, len(c.Updates))
	for _, u := range c.Updates {
		names = append(names, u.Name)
	}
	before, err := store.RefValues(ctx, repo.ID, names)
	if err != nil {
		drop()
		return nil, err
	}
	o.ForwardOnly, o.MaxPushBytes = len(verdict.Kept) > 0, repo.MaxPushBytes
	to := &reportWriter{to: out, sideband: c.sidebands()}
	if lines := hiddenRefs(c.Updates); lines != nil && c.sidebands() {
		_, _ = out.Write(appendLines(nil, lines)) // a failure shows again when git writes
	}
	err = store.ReceivePack(ctx, repo.ID, o, io.MultiReader(bytes.NewReader(c.raw), in), to)

	// Whatever became of the connection, what git has changed is changed.
	ctx = context.WithoutCancel(ctx)
	done := to.outcome()
	var after map[string]gitstore.Hash
	if len(done) < len(c.Updates) {
		var lost error
		if after, lost = store.RefValues(ctx, repo.ID, names); lost != nil && err == nil {
			err = lost
		}
	}
	remarks := rewrites(c.Updates, verdict.Kept, done)
	updates := changed(c.Updates, done, before, after)
	if len(updates) > 0 {
		if repo.Pushed != nil {
			repo.Pushed(ctx, updates)
		}
		if repo.Remarks != nil {
			remarks = append(remarks, repo.Remarks(ctx, updates)...)
		}
	}
	if late := to.finish(remarks); late != nil && err == nil {
		err = late
	}
	return updates, err
}

// vet judges what is asked for before git gets to see it.
func vet(ctx context.Context, repo Repository, c *Commands) (Verdict, error) {
	refused := map[string]string{}
	for _, u := range c.Updates {
		if !gitstore.ValidRefName(u.Name) {
			refused[u.Name] = "this cannot be the name of a reference"
		}
	}
	if len(refused) > 0 || repo.Vet == nil {
		return Verdict{Refused: refused}, nil
	}
	return repo.Vet(ctx, c.Updates)
}

// maxRewrites bounds the lines about branches that git refused to move otherwise than forward.
const maxRewrites = 20

// rewrites says why git refused to move branches otherwise than forward.
func rewrites(updates []gitstore.RefUpdate, kept, done map[string]string) (lines []string) {
	const refusal = "non-fast-forward" // git's word for it
	for _, u := range updates {
		if len(kept) == 0 || done[u.Name] != refusal || len(lines) == maxRewrites {
			continue
		}
		why, ok := kept[u.Name]
		if !ok {
			why = "it was pushed together with a branch whose history may not be rewritten. Push it by itself."
		}
		lines = append(lines, u.Name+": "+why)
	}
	return lines
}

// hiddenRefs explains what git calls "deny updating a hidden ref".
func hiddenRefs(updates []gitstore.RefUpdate) (lines []string) {
	for _, u := range updates {
		if !strings.HasPrefix(u.Name, gitstore.BranchPrefix) && !strings.HasPrefix(u.Name, gitstore.TagPrefix) && !strings.HasPrefix(u.Name, gitstore.NotePrefix) {
			return []string{"Only branches, tags and notes (refs/heads/, refs/tags/, refs/notes/) can be pushed; " + u.Name + " cannot."}
		}
	}
	return nil
}
