package webtest

import (
	"net/http"
	"strings"

	"github.com/pailforge/pail/internal/pailtest"
)

// dot is a picture of one point.
const dot = "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"

// snippets makes one with files of each kind, two revisions and a talk, and one that has nothing.
func (s *Scene) snippets(n names) {
	s.T.Helper()
	admin, member := s.World.Token(s.Admin, "read:snippet", "write:snippet"), s.World.Token(s.Member, "read:snippet", "write:snippet")
	body := func(files ...string) pailtest.Multipart {
		var b strings.Builder
		for i := 0; i < len(files); i += 2 {
			named := "name=\"" + files[i] + "\""
			if file, ok := strings.CutPrefix(files[i], "file:"); ok {
				named = "name=\"file\"; filename=\"" + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(file) + "\""
			}
			b.WriteString("--b\r\nContent-Disposition: form-data; " + named + "\r\n\r\n" + files[i+1] + "\r\n")
		}
		return pailtest.Multipart(b.String() + "--b--\r\n")
	}
	made := s.Want(s.Do(admin, http.MethodPost, "/2.0/snippets/acme", body("title", "How to greet", "is_private", "false", "file:README.md", n.readme, "file:"+n.file, program(1),
		"file:dot.gif", dot, "file:data.bin", "\x00\x01", "file:empty", "")), http.StatusCreated)
	s.Snippet = made.String("id")
	one := "/2.0/snippets/acme/" + s.Snippet
	s.Want(s.Do(member, http.MethodPut, one, body("file:"+n.file, program(9), "file:more.txt", "more\n")), http.StatusOK)
	for i, said := range []struct {
		by   pailtest.Credential
		body string
	}{{admin, `{"content":{"raw":"Is it **enough**?\n\n| a | b |\n| --- | --- |\n| 1 | 2 |"}}`}, {member, `{"content":{"raw":"It is."},"parent":{"id":1}}`},
		{admin, `{"content":{"raw":"Then it is done."},"parent":{"id":2}}`}, {member, `{"content":{"raw":"Wrong."}}`}} {
		s.Want(s.Do(said.by, http.MethodPost, one+"/comments", said.body), http.StatusCreated)
		if i == 3 {
			s.Want(s.Do(said.by, http.MethodDelete, one+"/comments/2", nil), http.StatusNoContent)
		}
	}
	s.Want(s.Do(member, http.MethodPut, one+"/watch", nil), http.StatusNoContent)
	s.EmptySnippet = s.Want(s.Do(admin, http.MethodPost, "/2.0/snippets/acme", nil), http.StatusCreated).String("id")
}
