package gitstore

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// TestWriteTag: whoever signs and whatever the message says, git reads the tag back and finds nothing wrong with it.
func TestWriteTag(t *testing.T) {
	s := newStore(t)
	id, dir := newRepo(t, s)
	fastImport(t, dir, 2)
	head, err := s.Resolve(t.Context(), id, "main")
	if err != nil {
		t.Fatal(err)
	}
	when := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	for name, tag := range map[string]TagObject{
		"plain":     {Message: "One\n\ntwo", Tagger: Signature{Name: "Ada", Mail: "ada@acme.example"}},
		"brackets":  {Message: "x", Tagger: Signature{Name: "<>", Mail: "a<b>@x"}},
		"lines":     {Message: "\ntagger Eve <eve@x> 1 +0000\n", Tagger: Signature{Name: "A\nobject 0", Mail: "a\n@x"}},
		"no one":    {Message: "", Tagger: Signature{}},
		"a long ß’": {Message: "ß", Tagger: Signature{Name: "ß’", Mail: "x@y"}},
	} {
		t.Run(name, func(t *testing.T) {
			tag.Name, tag.Target, tag.TargetType, tag.Tagger.When = "v1", head, "commit", when
			hash, err := s.WriteTag(t.Context(), id, tag)
			if err != nil {
				t.Fatal(err)
			}
			git(t, dir, "", "update-ref", "refs/tags/v1", string(hash))
			git(t, dir, "", "fsck", "--strict")
			ref, err := s.Ref(t.Context(), id, TagPrefix+"v1")
			if err != nil || ref.Tag == nil || ref.Target != head || !ref.Tag.Tagger.When.Equal(when) || strings.TrimRight(ref.Tag.Message, "\n") != strings.TrimRight(tag.Message, "\n") {
				t.Errorf("%+v, %v", ref, err)
			}
		})
	}
	for name, tag := range map[string]TagObject{
		"name": {Name: "-x", Target: head, Message: "x"}, "NUL": {Name: "v1", Target: head, Message: "a\x00b"}, "target": {Name: "v1", Target: "main", Message: "x"},
	} {
		if _, err := s.WriteTag(t.Context(), id, tag); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
