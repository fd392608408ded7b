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
	if reason := q.vet(ctx, c); reason != nil {
		drop(in, maxDropped)
		if _, err := q.x.Write(c.refusal(nil, reason)); err != nil {
			q.event.Err = err
		}
		return
	}
	q.run(ctx, c, io.MultiReader(bytes.NewReader(c.raw), in))
}

// vet refuses what git must not get to see. It gives the reason for each reference, or nil when
// there is no objection.
func (q *request) vet(ctx context.Context, c *commands) (reason func(ref string) string) {
	refused := map[string]string{}
	for _, u := range c.updates {
		if !gitstore.ValidRefName(u.Name) {
			refused[u.Name] = "this cannot be the name of a reference"
		}
	}
	if len(refused) == 0 && q.repo.Vet != nil {
		for ref, why := range q.repo.Vet(ctx, c.updates) {
			refused[ref] = why
		}
	}
	if len(refused) == 0 {
		return nil
	}
	return func(ref string) string {
		if why, ok := refused[ref]; ok {
			return why
		}
		return "not done, because another reference was refused"
	}
}

// run hands a push to git and tells of what came of it.
func (q *request) run(ctx context.Context, c *commands, in io.Reader) {
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
	err = q.store.ReceivePack(ctx, q.repo.ID, q.options(), in, out)

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
	var remarks []string
	if q.event.Updates = changed(c.updates, done, before, after); len(q.event.Updates) > 0 {
		if q.repo.Pushed != nil {
			q.repo.Pushed(ctx, q.event.Updates)
		}
		if q.repo.Remarks != nil {
			remarks = q.repo.Remarks(ctx, q.event.Updates)
		}
	}
	if late := out.finish(remarks); late != nil && err == nil {
		err = late
	}
	q.finish(err)
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
