package issue

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/filestore"
)

// summary is what reading an archive for the first time tells: it is whole, and this is in it.
type summary struct {
	issues, comments, logs, files int64
	last, lastEntry               int64               // the highest number of an issue, and of a comment
	labels                        map[Labels][]string // in the order of the archive
	meta                          *archivedMeta
}

// check reads an archive whole, and holds every value of its document against what a tracker can have. What names something else in it
// (the issue of a comment) the store holds together. A *Broken says what is wrong.
func (a *archive) check(ctx context.Context) (*summary, error) {
	sum, known := &summary{labels: map[Labels][]string{}}, map[Labels]map[string]bool{Components: {}, Milestones: {}, Versions: {}}
	label := func(at place, field string, kind Labels, name *string) error {
		if name == nil || *name == "" || known[kind][*name] {
			return nil
		}
		if err := checkText(at, field, *name, MaxLabel); err != nil {
			return err
		}
		if oneLine(*name) != nil || strings.TrimSpace(*name) != *name {
			return at.wrong(field, "it is one line, without spaces around it")
		}
		if len(sum.labels[kind]) >= maxLabels {
			return at.wrong(field, "a repository has at most %d %ss", maxLabels, kind.kind)
		}
		known[kind][*name] = true
		sum.labels[kind] = append(sum.labels[kind], *name)
		return nil
	}
	kinds := map[string]Labels{"components": Components, "milestones": Milestones, "versions": Versions}
	var late []func() error // labels of issues that are declared in no list: they come behind those that are
	undeclared := map[string]bool{}
	err := a.read(ctx, func(key string, at place, decode func(any) error) error {
		switch key {
		case "components", "milestones", "versions":
			var l archivedLabel
			if err := decode(&l); err != nil {
				return err
			}
			if l.Name == "" {
				return at.wrong("name", "it is missing")
			}
			return label(at, "name", kinds[key], &l.Name)
		case "meta":
			sum.meta = new(archivedMeta)
			if err := decode(sum.meta); err != nil {
				return err
			}
			return sum.meta.check(at)
		case "issues":
			var i archivedIssue
			if err := decode(&i); err != nil {
				return err
			}
			if err := i.check(at); err != nil {
				return err
			}
			for _, l := range []struct {
				field string
				kind  Labels
				name  *string
			}{{"component", Components, i.Component}, {"milestone", Milestones, i.Milestone}, {"version", Versions, i.Version}} {
				if l.name == nil || undeclared[l.field+"\x00"+*l.name] || len(late) > 3*maxLabels {
					continue
				}
				undeclared[l.field+"\x00"+*l.name] = true
				late = append(late, func() error { return label(at, l.field, l.kind, l.name) })
			}
			sum.issues++
			sum.last = max(sum.last, i.ID)
			if sum.issues > maxIssues {
				return at.wrong("", "a repository has at most %d issues", maxIssues)
			}
		case "comments":
			var m archivedComment
			if err := decode(&m); err != nil {
				return err
			}
			if err := m.check(at); err != nil {
				return err
			}
			sum.comments++
			sum.lastEntry = max(sum.lastEntry, m.ID)
		case "logs":
			var l archivedLog
			if err := decode(&l); err != nil {
				return err
			}
			if err := l.check(at); err != nil {
				return err
			}
			sum.logs++
			if l.Comment != nil {
				sum.lastEntry = max(sum.lastEntry, *l.Comment)
			}
		case "attachments":
			var f archivedFile
			if err := decode(&f); err != nil {
				return err
			}
			if err := f.check(at, a); err != nil {
				return err
			}
			sum.files++
			if sum.files > int64(len(a.files)) {
				return at.wrong("path", "there are more files of issues than entries")
			}
		}
		return nil
	})
	for _, f := range late {
		if err == nil {
			err = f()
		}
	}
	if err != nil {
		return nil, err
	}
	return sum, nil
}

// checkText refuses what the store cannot keep, and what is too long.
func checkText(at place, field, s string, limit int) error {
	if !storable(s) {
		return at.wrong(field, "this is not valid text")
	}
	if n := utf8.RuneCountInString(s); n > limit {
		return at.wrong(field, "it has %d characters, and at most %d are kept", n, limit)
	}
	return nil
}

func checkID(at place, field string, id int64, limit int64) error {
	if id < 1 || id > limit {
		return at.wrong(field, "it is a number from 1 to %d", limit)
	}
	return nil
}

func (p *archivedPerson) check(at place, field string) error {
	if p == nil {
		return nil
	}
	for _, s := range []string{p.DisplayName, orEmpty(p.AccountID), p.UUID, p.Email} {
		if err := checkText(at, field, s, MaxTitle); err != nil {
			return err
		}
		if oneLine(s) != nil {
			return at.wrong(field, "it is one line, without control characters")
		}
	}
	return nil
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (i *archivedIssue) check(at place) error {
	if err := checkID(at, "id", i.ID, maxNumber); err != nil {
		return err
	}
	i.Title = archivedTitle(i.Title)
	if i.Title == "" {
		return at.wrong("title", "it is missing")
	}
	if err := checkText(at, "title", i.Title, MaxTitle); err != nil {
		return err
	}
	if err := checkText(at, "content", orEmpty(i.Content), maxImported); err != nil {
		return err
	}
	for _, f := range []struct {
		field, value string
		values       []string
	}{{"status", i.Status, States}, {"kind", i.Kind, Kinds}, {"priority", i.Priority, Priorities}} {
		if !slices.Contains(f.values, f.value) {
			return at.wrong(f.field, "%q is none of %s", clip(f.value), strings.Join(f.values, ", "))
		}
	}
	for field, value := range map[string]*archivedTime{"created_on": i.CreatedOn, "updated_on": i.UpdatedOn} {
		if value == nil {
			return at.wrong(field, "it is missing")
		}
	}
	for field, p := range map[string]*archivedPerson{"assignee": i.Assignee, "reporter": i.Reporter} {
		if err := p.check(at, field); err != nil {
			return err
		}
	}
	for field, people := range map[string][]*archivedPerson{"voters": i.Voters, "watchers": i.Watchers} {
		for _, p := range people {
			if err := p.check(at, field); err != nil {
				return err
			}
		}
	}
	return nil
}

// archivedTitle is a title on one line: other trackers have had some with line breaks.
func archivedTitle(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r > 0 && r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s))
}

func (m *archivedComment) check(at place) error {
	if err := checkID(at, "id", m.ID, maxEntryID); err != nil {
		return err
	}
	if err := checkID(at, "issue", m.Issue, maxNumber); err != nil {
		return err
	}
	if m.CreatedOn == nil {
		return at.wrong("created_on", "it is missing")
	}
	if err := m.User.check(at, "user"); err != nil {
		return err
	}
	return checkText(at, "content", orEmpty(m.Content), maxImported)
}

func (l *archivedLog) check(at place) error {
	if err := checkID(at, "issue", l.Issue, maxNumber); err != nil {
		return err
	}
	if l.Comment != nil {
		if err := checkID(at, "comment", *l.Comment, maxEntryID); err != nil {
			return err
		}
	}
	if l.CreatedOn == nil {
		return at.wrong("created_on", "it is missing")
	}
	if l.Field == "" || oneLine(l.Field) != nil {
		return at.wrong("field", "it is missing, or has control characters")
	}
	for _, f := range []struct {
		name, value string
		limit       int
	}{{"field", l.Field, maxLogField}, {"changed_from", orEmpty(l.ChangedFrom), maxImported}, {"changed_to", orEmpty(l.ChangedTo), maxImported}} {
		if err := checkText(at, f.name, f.value, f.limit); err != nil {
			return err
		}
	}
	return l.User.check(at, "user")
}

func (f *archivedFile) check(at place, a *archive) error {
	if err := checkID(at, "issue", f.Issue, maxNumber); err != nil {
		return err
	}
	if name, ok := filestore.Name(f.Filename); !ok || name == "" || name != f.Filename {
		return at.wrong("filename", "%q cannot be the name of a file", clip(f.Filename))
	}
	if entry := a.files[f.Path]; entry == nil || strings.HasSuffix(entry.Name, "/") || entry == a.document {
		return at.wrong("path", "the archive has no entry %q", clip(f.Path))
	}
	return f.User.check(at, "user")
}

func (m *archivedMeta) check(at place) error {
	for field, s := range map[string]*string{"default_component": m.DefaultComponent, "default_milestone": m.DefaultMilestone, "default_version": m.DefaultVersion, "default_kind": m.DefaultKind} {
		if err := checkText(at, field, orEmpty(s), MaxLabel); err != nil {
			return err
		}
	}
	return m.DefaultAssignee.check(at, "default_assignee")
}
