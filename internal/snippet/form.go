package snippet

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// body is what a request says of a snippet in JSON, by itself or as the first part of multipart/related.
type body struct {
	Title     *string               `json:"title"` // null: it has none any more
	IsPrivate *bool                 `json:"is_private"`
	SCM       *string               `json:"scm"`
	Files     *map[string]*fileBody `json:"files"` // null in place of a file: it goes
}

// fileBody is a file in a body. What it holds comes in a part of its own.
type fileBody struct{}

// UnmarshalJSON takes null for a title that is to go.
func (b *body) UnmarshalJSON(data []byte) error {
	type plain body
	if err := json.Unmarshal(data, (*plain)(b)); err != nil {
		return err
	}
	var named struct {
		Title json.RawMessage `json:"title"`
	}
	if err := json.Unmarshal(data, &named); err == nil && string(named.Title) == "null" {
		b.Title = new(string)
	}
	return nil
}

// change is what a request does to a snippet; nil fields stay as they are.
type change struct {
	title   *string
	private *bool
	edits   []gitstore.Edit
	sent    map[string]int64 // bytes of the files that came, by path
	named   []string         // files that were named: those that did not come are to go
}

// form reads a request.
type form struct {
	change
	dir    string // of the server, for the contents of files
	create bool   // there is no snippet yet
}

// readChange reads what a request does to a snippet, whose files go into dir: JSON, multipart/related with JSON as its first part, or
// multipart/form-data with the fields title, is_private, scm, file and files (POST /snippets and PUT
// /snippets/{workspace}/{encoded_id}). A file that is named and did not come is deleted, but in JSON alone, where none can
// come, only null in its place says so: who sends back what was read deletes nothing.
func readChange(c *access.Call, dir string, create bool) (change, error) {
	f := form{change: change{sent: map[string]int64{}}, dir: dir, create: create}
	parts, multipart := c.Parts()
	if !multipart {
		if c.HTTP.ContentLength == 0 && create {
			return f.change, nil
		}
		var b body
		if err := c.Decode(&b); err != nil {
			return f.change, err
		}
		if b.Files != nil {
			for name, said := range *b.Files {
				if said != nil {
					delete(*b.Files, name)
				}
			}
		}
		err := f.say(b)
		if err == nil {
			err = f.remove()
		}
		return f.change, err
	}
	media, params, _ := mime.ParseMediaType(c.HTTP.Header.Get("Content-Type"))
	var err error
	if media == "multipart/form-data" {
		err = f.readForm(parts)
	} else {
		err = f.readRelated(parts, contentID(params["start"]))
	}
	if err == nil {
		err = f.remove()
	}
	return f.change, err
}

// contentID is what a Content-ID names: it may stand in angle brackets, or in quotes.
func contentID(s string) string {
	return strings.Trim(strings.TrimSpace(s), `<>"`)
}

const maxSaid = 1 << 20 // bytes of what is said of a snippet

// readRelated reads multipart/related (RFC 2387). start names the part that describes the snippet; "": it is the first.
func (f *form) readRelated(parts *rest.Parts, start string) error {
	described := false
	for i := 0; ; i++ {
		part, err := parts.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		id := contentID(part.Header.Get("Content-ID"))
		if !described && (start != "" && id == start || start == "" && i == 0) {
			described = true
			var b body
			if err := json.NewDecoder(io.LimitReader(part, maxSaid)).Decode(&b); err != nil {
				return rest.BodyError(err)
			}
			if err := f.say(b); err != nil {
				return err
			}
			continue
		}
		name := part.File
		if name == "" {
			name = id
		}
		if name == "" {
			return rest.Refuse(reason.BodyMalformed, "A part of the body has no name: it needs a Content-ID, or a Content-Disposition with a filename.")
		}
		if err := f.keep(name, part); err != nil {
			return err
		}
	}
	if !described {
		return rest.Refuse(reason.BodyMalformed, "No part of the body describes the snippet: it is the first one, or the one whose Content-ID the parameter start of the Content-Type names.")
	}
	return nil
}

// readForm reads multipart/form-data.
func (f *form) readForm(parts *rest.Parts) error {
	said, seen := body{Files: &map[string]*fileBody{}}, map[string]bool{}
	for {
		part, err := parts.Next()
		if errors.Is(err, io.EOF) {
			return f.say(said)
		}
		if err != nil {
			return err
		}
		if part.File != "" {
			if err := f.keep(part.File, part); err != nil {
				return err
			}
			continue
		}
		data, err := io.ReadAll(io.LimitReader(part, maxSaid))
		if err != nil {
			return rest.BodyError(err)
		}
		value := string(data)
		switch part.Name {
		case "title":
			said.Title = &value
		case "scm":
			said.SCM = &value
		case "is_private":
			private, err := strconv.ParseBool(strings.ToLower(value))
			if err != nil {
				return rest.InvalidField("is_private", "use true or false")
			}
			said.IsPrivate = &private
		case "files":
			if len(*said.Files) > maxFiles {
				return tooMany()
			}
			(*said.Files)[value] = nil
			continue // it may come again
		case "file":
			return rest.InvalidField("file", "a file with a name is needed, as curl -F file=@NAME sends it")
		default:
			continue
		}
		if seen[part.Name] {
			return rest.InvalidField(part.Name, "it was sent more than once")
		}
		seen[part.Name] = true
	}
}

// say takes what is said of the snippet.
func (f *form) say(b body) error {
	if b.SCM != nil && *b.SCM != "git" {
		return rest.InvalidField("scm", "only git is served")
	}
	if b.Title != nil {
		title, err := rest.Text("title", b.Title, maxTitle)
		if err != nil {
			return err
		}
		if strings.ContainsFunc(title, unicode.IsControl) {
			return rest.InvalidField("title", "it is one line of text")
		}
		title = strings.TrimSpace(title)
		f.title = &title
	}
	f.private = b.IsPrivate
	if b.Files == nil {
		return nil
	}
	if len(*b.Files) > maxFiles {
		return tooMany()
	}
	for name := range *b.Files {
		f.named = append(f.named, name)
	}
	return nil
}

func tooMany() error {
	return rest.Refusef(reason.ValueInvalid, "A snippet has at most %d files.", maxFiles).WithMessage("Too many files")
}

// keep takes a file that is a part.
func (f *form) keep(name string, part *rest.Part) error {
	contents, err := decoded(part)
	if err != nil {
		return err
	}
	return f.put(name, "", contents)
}

// put takes a file of a mode, "" for the one that it has.
func (f *form) put(name, mode string, contents io.Reader) error {
	_, twice := f.sent[name]
	switch {
	case !gitstore.ValidPath(name):
		return rest.InvalidField("file", "this cannot be the name of a file")
	case twice:
		return rest.InvalidField("file", "a file of one name was sent twice")
	case len(f.sent) == maxFiles:
		return tooMany()
	}
	edit := gitstore.Edit{Path: name, Content: filepath.Join(f.dir, strconv.Itoa(len(f.edits))), Mode: mode}
	to, err := os.OpenFile(edit.Content, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	size, err := io.Copy(to, io.LimitReader(contents, maxFile+1))
	if closed := to.Close(); err == nil && closed != nil {
		return closed
	}
	if err != nil {
		return rest.BodyError(err)
	}
	if size > maxFile {
		return rest.Refusef(reason.BodyTooLarge, "A file of a snippet has at most %d MiB.", maxFile>>20).Field("file", "too large")
	}
	f.sent[name] = size
	f.edits = append(f.edits, edit)
	return nil
}

// decoded is a part without its Content-Transfer-Encoding.
func decoded(part *rest.Part) (io.Reader, error) {
	switch how := strings.ToLower(strings.TrimSpace(part.Header.Get("Content-Transfer-Encoding"))); how {
	case "", "7bit", "8bit", "binary":
		return part, nil
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, part), nil
	case "quoted-printable":
		return quotedprintable.NewReader(part), nil
	default:
		return nil, rest.Refusef(reason.BodyMalformed, "A part has the Content-Transfer-Encoding %q. Use base64, quoted-printable, 7bit, 8bit or binary.", how)
	}
}

// remove takes the files that are named and did not come: they are to go.
func (f *form) remove() error {
	for _, name := range f.named {
		if _, came := f.sent[name]; came {
			continue
		}
		switch {
		case f.create:
			return rest.InvalidField("files", fmt.Sprintf("no part of the body is the file %q", name))
		case !gitstore.ValidPath(name):
			return rest.InvalidField("files", "this cannot be the name of a file")
		}
		f.edits = append(f.edits, gitstore.Edit{Path: name})
	}
	return nil
}
