package diff

import (
	"html/template"

	"github.com/pailforge/pail/internal/gitstore"
)

// Show is what a page wants beside the bare difference.
type Show struct {
	Talk  Talk   // nil: nothing is said of it
	Files string // path of the page that shows those files which its parameters path name; "": the page itself does
	All   string // path of the page that shows all of them, for the one that shows some
	Later bool   // only the first files are shown at once; the others are asked for when they come into view
}

// Talk is what people say of changes.
type Talk interface {
	// About are the ids of the comments that stand in a file, and a version, which is another one whenever Threads gives something else.
	About(gitstore.Change) (ids []int64, version string)
	// Threads are what is said in a file. foot stands below its lines.
	Threads(gitstore.Change) (threads []Thread, foot template.HTML, err error)
}

// Thread is something that stands under a line.
type Thread struct {
	Old, New int // number of the line; both 0: it stands under none. New goes before Old
	HTML     template.HTML
}

// Threads gives threads to the lines that are shown.
type Threads struct {
	all      []Thread
	old, new map[int][]int
	used     []bool
}

// Hand makes threads ready to be given to lines.
func Hand(all []Thread) *Threads {
	t := &Threads{all: all, old: map[int][]int{}, new: map[int][]int{}, used: make([]bool, len(all))}
	for i, one := range all {
		switch {
		case one.New > 0:
			t.new[one.New] = append(t.new[one.New], i)
		case one.Old > 0:
			t.old[one.Old] = append(t.old[one.Old], i)
		}
	}
	return t
}

// Under are the threads of a line, by its number before or after the change; each is given once.
func (t *Threads) Under(line *Line, before bool) (html template.HTML) {
	if t == nil || line == nil {
		return ""
	}
	found := t.new[line.New]
	if before {
		found = t.old[line.Old]
	}
	for _, i := range found {
		if !t.used[i] {
			t.used[i] = true
			html += t.all[i].HTML
		}
	}
	return html
}

// Rest are the threads that were not given to a line.
func (t *Threads) Rest() (html template.HTML) {
	for i, one := range t.all {
		if !t.used[i] {
			html += one.HTML
		}
	}
	return html
}
