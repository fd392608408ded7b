package snippet

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// The types, beside JSON, in which a snippet is answered with its files (GET /snippets/{workspace}/{encoded_id}).
const (
	related  = "multipart/related"
	formData = "multipart/form-data"
)

// accepted is which of the two the header Accept names before JSON; "": neither.
func accepted(header []string) string {
	for media := range strings.SplitSeq(strings.Join(header, ","), ",") {
		switch kind, _, _ := mime.ParseMediaType(media); kind {
		case related, formData:
			return kind
		case "application/json", "application/*", "*/*":
			return ""
		}
	}
	return ""
}

// answer is a snippet at a revision, in the type that the caller wants.
func (room *Room) answer(c *access.Call, s *Snippet, revision *gitstore.Commit, status int) (any, error) {
	files, err := room.files(c.Context(), s, revision)
	if err != nil {
		return nil, room.gone(s, err)
	}
	j, err := room.whole(c.Context(), s, revision, files)
	if err != nil {
		return nil, err
	}
	kind := accepted(c.HTTP.Header["Accept"])
	if kind == "" || status != http.StatusOK {
		return rest.Answer{Status: status, Body: j}, nil
	}
	c.Header.Add("Vary", "Accept")
	m := &envelope{room: room, kind: kind, snippet: s, json: j, files: files}
	in, out := io.Pipe()
	w := multipart.NewWriter(out)
	m.Writer = w
	params := map[string]string{"boundary": w.Boundary()}
	if kind == related {
		params["start"] = "snippet"
	}
	return rest.Content{Type: mime.FormatMediaType(kind, params), Size: rest.Unknown, Open: func() (io.ReadCloser, error) {
		go func() { _ = out.CloseWithError(m.write(c.Context())) }()
		return in, nil
	}}, nil
}

// envelope is a snippet on its way out in several parts.
type envelope struct {
	*multipart.Writer
	room    *Room
	kind    string
	snippet *Snippet
	json    JSON
	files   []file
}

// write writes what is said of the snippet, and then its files. In form-data only the title is said: it has no place for more.
func (m *envelope) write(ctx context.Context) error {
	h := textproto.MIMEHeader{}
	said := []byte(m.snippet.Title)
	if m.kind == related {
		h.Set("Content-Type", "application/json; charset=utf-8")
		h.Set("Content-ID", "snippet")
		var err error
		if said, err = json.Marshal(m.json); err != nil {
			return err
		}
	} else {
		h.Set("Content-Type", "text/plain; charset=utf-8")
		h.Set("Content-Disposition", `form-data; name="title"`)
	}
	part, err := m.CreatePart(h)
	if err == nil {
		_, err = part.Write(said)
	}
	for i := 0; err == nil && i < len(m.files); i++ {
		err = m.file(ctx, m.files[i])
	}
	if err == nil {
		err = m.Close()
	}
	return err
}

// file writes one file: text as it stands, everything else in base64.
func (m *envelope) file(ctx context.Context, f file) error {
	git, id := m.room.Git, m.snippet.ID
	content, err := repository.FileContent(ctx, git, id, f.path, f.entry)
	if err != nil {
		return err
	}
	h := textproto.MIMEHeader{}
	h.Set("Content-Type", content.Type)
	names := map[string]string{"filename": f.path}
	if m.kind == related {
		h.Set("Content-ID", `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(f.path)+`"`)
	} else {
		names["name"] = "file"
	}
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", names))
	text := strings.HasSuffix(content.Type, "charset=utf-8")
	if h.Set("Content-Transfer-Encoding", "base64"); text {
		h.Set("Content-Transfer-Encoding", "8bit")
	}
	part, err := m.CreatePart(h)
	if err != nil {
		return err
	}
	from, err := content.Open()
	if err != nil {
		return err
	}
	defer from.Close()
	if text {
		_, err = io.Copy(part, from)
		return err
	}
	to := base64.NewEncoder(base64.StdEncoding, &lines{to: part})
	if _, err := io.Copy(to, from); err != nil {
		return err
	}
	return to.Close()
}

// lines breaks base64 after every 76 characters (RFC 2045, 6.8).
type lines struct {
	to io.Writer
	at int
}

func (l *lines) Write(b []byte) (n int, err error) {
	for len(b) > 0 {
		if l.at == 76 {
			if _, err := io.WriteString(l.to, "\r\n"); err != nil {
				return n, err
			}
			l.at = 0
		}
		k := min(len(b), 76-l.at)
		wrote, err := l.to.Write(b[:k])
		n, l.at, b = n+wrote, l.at+wrote, b[wrote:]
		if err != nil {
			return n, err
		}
	}
	return n, nil
}
