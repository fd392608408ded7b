package githttp

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"strings"

	"github.com/pailforge/pail/internal/gitstore"
)

// maxCommandBytes bounds the list of references that a push changes.
const maxCommandBytes = 16 << 20

// receive answers a push.
func (q *request) receive() {
	ctx, end := q.x.begin(true)
	defer end()
	q.x.contentType = "application/x-git-receive-pack-result"
	body, err := q.x.body()
	if err != nil {
		q.badBody(err)
		return
	}
	in := bufio.NewReaderSize(body, 32<<10)
	c, err := readCommands(in, commandLimits{q.o.MaxRefs, maxCommandBytes})
	if err != nil {
		drop(in, maxDropped)
		q.badBody(err)
		return
	}
	if len(c.updates) == 0 { // git asks whether it may before it sends much
		q.event.Err = q.x.open()
		return
	}
	verdict, err := q.vet(ctx, c)
	if err != nil {
		drop(in, maxDropped)
		q.finish(err)
		return
	}
	if len(verdict.Refused) > 0 {
		drop(in, maxDropped)
		if _, err := q.x.Write(c.refusal(nil, func(ref string) string {
			if why, ok := verdict.Refused[ref]; ok {
				return why
			}
			return "not done, because another reference was refused"
		})); err != nil {
			q.event.Err = err
		}
		return
	}
	q.run(ctx, c, verdict.Kept, io.MultiReader(bytes.NewReader(c.raw), in))
}

// vet judges what is asked for before git gets to see it.
func (q *request) vet(ctx context.Context, c *commands) (Verdict, error) {
	refused := map[string]string{}
	for _, u := range c.updates {
		if !gitstore.ValidRefName(u.Name) {
			refused[u.Name] = "this cannot be the name of a reference"
		}
	}
	if len(refused) > 0 || q.repo.Vet == nil {
		return Verdict{Refused: refused}, nil
	}
	return q.repo.Vet(ctx, c.updates)
}

// run hands a push to git and tells of what came of it. kept are the branches that may move forward only.
func (q *request) run(ctx context.Context, c *commands, kept map[string]string, in io.Reader) {
	names := make([]string, 0, len(c.updates))
	for _, u := range c.updates {
		names = append(names, u.Name)
	}
	before, err := q.store.RefValues(ctx, q.repo.ID, names)
	if err != nil {
		drop(in, maxDropped)
		q.finish(err)
		return
	}
	out := &reportWriter{to: q.x, sideband: c.sidebands()}
	if lines := hiddenRefs(c.updates); lines != nil && c.sidebands() {
		_, _ = q.x.Write(appendLines(nil, lines)) // a failure shows again when git writes
	}
	options := q.options()
	options.ForwardOnly = len(kept) > 0
	err = q.store.ReceivePack(ctx, q.repo.ID, options, in, out)

	// Whatever became of the connection, what git has changed is changed.
	ctx = context.WithoutCancel(ctx)
	done := out.outcome()
	var after map[string]gitstore.Hash
	if len(done) < len(c.updates) {
		var lost error
		if after, lost = q.store.RefValues(ctx, q.repo.ID, names); lost != nil && err == nil {
			err = lost
		}
	}
	remarks := rewrites(c.updates, kept, done)
	if q.event.Updates = changed(c.updates, done, before, after); len(q.event.Updates) > 0 {
		if q.repo.Pushed != nil {
			q.repo.Pushed(ctx, q.event.Updates)
		}
		if q.repo.Remarks != nil {
			remarks = append(remarks, q.repo.Remarks(ctx, q.event.Updates)...)
		}
	}
	if late := out.finish(remarks); late != nil && err == nil {
		err = late
	}
	q.finish(err)
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
