package gitserve

import (
	"bytes"
	"cmp"
	"io"
	"strings"

	"github.com/pailforge/pail/internal/gitstore"
)

// sidebands tells whether the client takes side bands: several streams in one answer.
func (c *Commands) sidebands() bool {
	return c.capabilities["side-band-64k"]
}

// reports tells whether the client wants to hear what became of each reference.
func (c *Commands) reports() bool {
	return c.capabilities["report-status"] || c.capabilities["report-status-v2"]
}

// Refusal is git's report on a push of which nothing was done: each reference with its reason,
// after lines for the person at the client.
func (c *Commands) Refusal(lines []string, reason func(ref string) string) []byte {
	report := AppendPacket(nil, "unpack ok\n")
	for _, u := range c.Updates {
		report = AppendPacket(report, "ng "+u.Name+" "+OneLine(reason(u.Name))+"\n")
	}
	report = append(report, FlushPacket...)
	switch {
	case c.sidebands():
		out := appendLines(nil, lines)
		if c.reports() {
			return append(appendSideband(out, 1, report), FlushPacket...)
		}
		text := strings.Join(lines, "\n")
		if text == "" {
			text = reason(c.Updates[0].Name)
		}
		return append(appendSideband(out, 3, []byte(OneLine(text))), FlushPacket...)
	case c.reports():
		return report
	}
	return nil
}

// appendLines adds lines on the band that git shows as "remote: <line>".
func appendLines(b []byte, lines []string) []byte {
	for _, line := range lines {
		b = appendSideband(b, 2, []byte(OneLine(line)+"\n"))
	}
	return b
}

// OneLine makes text fit for the terminal of somebody else: one line, no control characters.
func OneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "�"))
	return text[:min(len(text), 1000)]
}

// maxReport bounds how much of git's report is held back, in bytes.
const maxReport = 32 << 20

// reportWriter stands between receive-pack and the client. Progress passes at once. The report is
// held back until finish, so that the client hears of success only when everybody else has.
// It lets through unread what it does not understand.
type reportWriter struct {
	to       io.Writer
	sideband bool

	partial []byte // of a packet that has not arrived whole
	held    []byte // packets of the report and all behind it
	report  []byte // payload of the report
	blind   bool   // no longer understood
}

func (w *reportWriter) Write(p []byte) (int, error) {
	if w.blind {
		return w.to.Write(p)
	}
	w.partial = append(w.partial, p...)
	if err := w.scan(); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush passes on the wish to send what was written.
func (w *reportWriter) Flush() {
	if f, ok := w.to.(interface{ Flush() }); ok {
		f.Flush()
	}
}

// scan deals with the packets that are complete.
func (w *reportWriter) scan() error {
	in := w.partial
	for len(in) >= 4 {
		n, ok := packetLength(in)
		if !ok || n == 3 || len(w.held)+len(in) > maxReport {
			return w.giveUp(in)
		}
		n = max(n, 4)
		if len(in) < n {
			break
		}
		packet := in[:n]
		in = in[n:]
		// An empty packet on the first band is a sign of life.
		if w.sideband && n > 4 && (packet[4] != 1 || n == 5) && len(w.held) == 0 {
			if _, err := w.to.Write(packet); err != nil {
				return err
			}
			continue
		}
		w.held = append(w.held, packet...)
		if !w.sideband {
			w.report = append(w.report, packet...)
		} else if n > 4 && packet[4] == 1 {
			w.report = append(w.report, packet[5:]...)
		}
	}
	w.partial = append(w.partial[:0], in...)
	return nil
}

func (w *reportWriter) giveUp(rest []byte) error {
	w.blind = true
	_, err := w.to.Write(append(w.held, rest...))
	w.held, w.partial, w.report = nil, nil, nil
	return err
}

// finish sends lines for the person at the client, when it takes side bands, and then what was held back.
func (w *reportWriter) finish(lines []string) error {
	var out []byte
	if w.sideband && !w.blind {
		out = appendLines(out, lines)
	}
	out = append(append(out, w.held...), w.partial...)
	w.held, w.partial = nil, nil
	if len(out) == 0 {
		return nil
	}
	_, err := w.to.Write(out)
	return err
}

// outcome tells what git reported of each reference: "" for done, otherwise why it was refused. Those that the report does
// not name are missing.
func (w *reportWriter) outcome() map[string]string {
	done := map[string]string{}
	in := w.report
	for len(in) >= 4 {
		n, ok := packetLength(in)
		if !ok || n == 3 || n > len(in) {
			break
		}
		n = max(n, 4)
		line := strings.TrimSuffix(string(bytes.TrimPrefix(in[:n], in[:4])), "\n")
		in = in[n:]
		if ref, ok := strings.CutPrefix(line, "ok "); ok {
			done[ref] = ""
		} else if rest, ok := strings.CutPrefix(line, "ng "); ok {
			ref, why, _ := strings.Cut(rest, " ")
			done[ref] = cmp.Or(why, "refused")
		}
	}
	return done
}

// changed tells which updates came about: those that git reported as done, or, where there is no
// report, those whose reference holds the new value afterwards. What was so before is no change.
func changed(updates []gitstore.RefUpdate, done map[string]string, before, after map[string]gitstore.Hash) []gitstore.RefUpdate {
	holds := func(values map[string]gitstore.Hash, u gitstore.RefUpdate) bool {
		if u.New.IsZero() {
			return values[u.Name] == ""
		}
		return values[u.Name] == u.New
	}
	var out []gitstore.RefUpdate
	for _, u := range updates {
		why, reported := done[u.Name]
		ok := why == ""
		if !reported {
			ok = after != nil && holds(after, u)
		}
		if ok && !holds(before, u) {
			out = append(out, u)
		}
	}
	return out
}
