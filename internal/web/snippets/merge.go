package snippets

import (
	"slices"
	"strings"
)

// rebase carries what somebody has typed over to what the files are by now: base were the files when they began. What only one of
// both has changed is taken from them, and where both have, the text that was typed stays and the other one stands beside it.
func rebase(mine []slot, base, now map[string]version) (slots []slot) {
	seen := map[string]bool{}
	for _, f := range mine {
		f.Note, f.Met, f.Theirs, f.Problem = "", false, "", ""
		before, known := base[f.Was]
		if !known { // a new file
			there, met := now[f.Name]
			if _, old := base[f.Name]; met && !old && f.Name != "" && !seen[f.Name] && (there.typed || f.Typed) {
				seen[f.Name] = true
				f.Was = f.Name
				f.meets(there, "Somebody has made a file of this name, too. Saving puts yours in its place.")
			} else {
				f.Was = ""
			}
			slots = append(slots, f)
			continue
		}
		after, there := now[f.Was]
		seen[f.Was] = true
		renamed := f.Name != f.Was
		typed := f.changed(before)
		theirs := !there || after.Entry != before.Entry
		switch {
		case !theirs:
		case !there && (f.Gone || !typed):
			continue // it is gone, and nothing of this one's is in it
		case !there:
			f.Was, f.Note = "", "Somebody has deleted this file. Saving makes it again."
		case f.Gone:
			f.meets(after, "Somebody has changed this file, which you delete.")
		case typed:
			f.meets(after, "Somebody has changed this file, too. Saving puts your text in the place of theirs.")
		default:
			one := after.slot()
			if renamed {
				one.Name = f.Name
			}
			one.Note = "Somebody has changed this file. This is what it holds now."
			f = one
		}
		slots = append(slots, f)
	}
	var made []slot
	for path, v := range now {
		if _, old := base[path]; !old && !seen[path] {
			one := v.slot()
			one.Note = "Somebody has made this file."
			made = append(made, one)
		}
	}
	slices.SortFunc(made, func(a, b slot) int { return strings.Compare(a.Was, b.Was) })
	return append(slots, made...)
}

// meets puts what a file holds now beside what was typed, unless it is the same.
func (f *slot) meets(now version, note string) {
	if now.typed && f.Typed && !f.Gone && plain(now.text) == f.Text {
		return
	}
	f.Note = note
	if f.Met = now.typed; f.Met {
		f.Theirs = now.text
	}
}
