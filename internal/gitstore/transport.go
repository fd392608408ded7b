package gitstore

import (
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
)

// ServeOptions say how one end of the Git protocol is spoken.
type ServeOptions struct {
	// Protocol is what the client asked for: the value of the header Git-Protocol, or of the
	// environment variable GIT_PROTOCOL. Only the versions 1 and 2 are passed on to git.
	Protocol string
	// StatelessRPC is for HTTP: one request, one answer.
	StatelessRPC bool
	// Open says that stdin stays open behind what git reads, as a conversation's does: when git has ended, its end is not
	// waited for. One Read may then still be going on, which the caller ends.
	Open bool
	// AdvertiseRefs ends after the list of references, as HTTP's info/refs does.
	AdvertiseRefs bool
	// MaxPushBytes makes ReceivePack refuse larger packs. 0: the store's own limit. The smaller of
	// both counts.
	MaxPushBytes int64
	// ForwardOnly makes ReceivePack refuse to move a branch to a commit that does not have the old one in its history,
	// with "non-fast-forward" in git's report.
	ForwardOnly bool
}

// uploadSettings are those of hosting services: partial clones, and any object that is there can
// be asked for by its name.
var uploadSettings = []string{
	"uploadpack.allowFilter=true",
	"uploadpack.allowAnySHA1InWant=true",
	"uploadpack.keepAlive=5",
	"transfer.advertiseSID=false",
}

// oldFaults are those of git's checks that old, honest histories fail. A push gets a warning.
var oldFaults = []string{
	"badTimezone", "missingEmail", "missingNameBeforeEmail", "missingSpaceBeforeDate",
	"missingSpaceBeforeEmail", "zeroPaddedDate", "zeroPaddedFilemode",
}

// receiveSettings check what comes in.
var receiveSettings = []string{
	"receive.fsckObjects=true",
	"receive.denyDeleteCurrent=refuse", // the default branch
	"receive.denyCurrentBranch=ignore",
	"receive.autogc=false",
	// Packs are kept as they come: nothing is compressed a second time, now or at each clone, and one
	// file is synced instead of many. Maintain puts them together.
	"receive.unpackLimit=1",
	"receive.updateServerInfo=false",
	"receive.advertisePushOptions=false",
	"receive.keepAlive=5",
}

// visibleRefs hides from clients what is not theirs: everything but branches, tags and notes, and
// names such as refs/heads/refs/heads/x. Pushing to a hidden reference is refused by git.
var visibleRefs = []string{
	"transfer.hideRefs=refs",
	"transfer.hideRefs=!refs/heads",
	"transfer.hideRefs=!refs/tags",
	"transfer.hideRefs=!refs/notes",
	"transfer.hideRefs=refs/heads/refs",
	"transfer.hideRefs=refs/tags/refs",
	"transfer.hideRefs=refs/notes/refs",
}

// UploadPack serves a clone or fetch: it runs `git upload-pack` between stdin and stdout.
//
// It returns when git has ended and, unless it is Open, stdin is no longer read. When git ends before its input does,
// a bounded rest of stdin is read and dropped, so that the client gets to read the answer. A
// failing stdout ends git. When ctx ends, git's process group does; a Read or Write that is
// blocked then must return by the caller's doing.
func (s *Store) UploadPack(ctx context.Context, id string, o ServeOptions, stdin io.Reader, stdout io.Writer) error {
	return s.serve(ctx, id, "upload-pack", []string{"--strict"}, uploadSettings, o, stdin, stdout)
}

// ReceivePack serves a push: it runs `git receive-pack` between stdin and stdout, as UploadPack
// does. New objects stay invisible until the push is accepted, and are on disk when git says so.
// When stdin fails, or ctx ends, before the whole pack is there, nothing changes; a failing stdout
// does not end git.
func (s *Store) ReceivePack(ctx context.Context, id string, o ServeOptions, stdin io.Reader, stdout io.Writer) error {
	settings := append([]string(nil), receiveSettings...)
	for _, fault := range oldFaults {
		settings = append(settings, "receive.fsck."+fault+"=warn")
	}
	limit := s.maxPush
	if o.MaxPushBytes > 0 && (limit == 0 || o.MaxPushBytes < limit) {
		limit = o.MaxPushBytes
	}
	if limit > 0 {
		settings = append(settings, "receive.maxInputSize="+strconv.FormatInt(limit, 10))
	}
	if o.ForwardOnly {
		settings = append(settings, "receive.denyNonFastForwards=true")
	}
	if !o.AdvertiseRefs {
		defer s.shifts.push(id)()
	}
	return s.serve(ctx, id, "receive-pack", nil, settings, o, stdin, stdout)
}

// protocolVersion gives the value of GIT_PROTOCOL that stands for what a client asked for.
func protocolVersion(asked string) string {
	best := ""
	for part := range strings.SplitSeq(asked, ":") {
		if part == "version=1" || part == "version=2" {
			best = max(best, part)
		}
	}
	return best
}

// copyBuffers are as large as the pipes, so that a full pipe is one read and one write.
var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}

// errInput marks a failure to read what the client sends.
var errInput = errors.New("gitstore: the input ended early")

func (s *Store) serve(ctx context.Context, id, command string, extra, settings []string, o ServeOptions, stdin io.Reader, stdout io.Writer) error {
	dir, err := s.dir(id)
	if err != nil {
		return err
	}
	args := make([]string, 0, 2*(len(settings)+len(visibleRefs))+len(extra)+5)
	for _, list := range [][]string{settings, visibleRefs} {
		for _, setting := range list {
			args = append(args, "-c", setting)
		}
	}
	args = append(append(args, command), extra...)
	if o.StatelessRPC {
		args = append(args, "--stateless-rpc")
	}
	if o.AdvertiseRefs {
		args = append(args, "--http-backend-info-refs")
	}
	p := s.command(dir, append(args, dir)...)
	p.name = command
	if version := protocolVersion(o.Protocol); version != "" {
		p.with("GIT_PROTOCOL=" + version)
	}
	in, out, err := pipes(p)
	if err != nil {
		return err
	}
	growPipe(in)
	growPipe(out)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if command == "receive-pack" {
		// At the end of its input it fails and removes what came in. After a signal it does not:
		// since 2.39 git leaves the incoming objects where they are then.
		p.gentle = func() { in.Close() }
	}
	if err := p.start(ctx); err != nil {
		closeChildEnds(p)
		in.Close()
		out.Close()
		return err
	}
	closeChildEnds(p)

	fed := make(chan struct{})
	go func() {
		defer close(fed)
		if err := feed(ctx, in, stdin); err != nil {
			cancel(err)
		}
	}()
	if err := drain(stdout, out); err != nil && command == "upload-pack" {
		cancel(err)
	}
	out.Close()
	err = p.wait(ctx)
	in.Close() // a feed that is blocked on a full pipe goes on to drop the rest
	if !o.Open {
		<-fed
	}
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return err
}

// maxDropped bounds how much input is read for nothing after git has ended, in bytes.
const maxDropped = 256 << 20

// feed copies stdin to git and closes git's end. When git no longer reads, it drops a bounded rest.
func feed(ctx context.Context, in *os.File, stdin io.Reader) error {
	defer in.Close()
	if stdin == nil {
		return nil
	}
	buf := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	dropped := -1
	for ctx.Err() == nil && dropped < maxDropped {
		n, err := stdin.Read(*buf)
		if dropped >= 0 {
			dropped += n
		} else if _, werr := in.Write((*buf)[:n]); werr != nil {
			dropped = 0
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			if dropped >= 0 {
				return nil // git has ended by itself: what comes after does not matter
			}
			return errors.Join(errInput, err)
		}
	}
	return nil
}

// drain copies git's output to stdout until it ends, even when stdout fails: git must be able to
// finish. It gives the first error of stdout. A writer with a Flush method is flushed whenever git
// has nothing more to say for the moment.
func drain(stdout io.Writer, out *os.File) error {
	flusher, _ := stdout.(interface{ Flush() })
	buf := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	var failed error
	for {
		n, err := out.Read(*buf)
		if n > 0 && failed == nil {
			if _, failed = stdout.Write((*buf)[:n]); failed == nil && flusher != nil && n < len(*buf) {
				flusher.Flush()
			}
		}
		if err != nil {
			return failed
		}
	}
}

// InputFailed tells whether an operation ended because its input did: the client went away.
func InputFailed(err error) bool { return errors.Is(err, errInput) }
