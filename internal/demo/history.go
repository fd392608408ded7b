package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// history makes a bare repository with the commits of acme/widgets in a temporary directory. It is the same, hash by
// hash, in every run. remove removes it.
func history(ctx context.Context, git string) (dir string, remove func(), err error) {
	parent, err := os.MkdirTemp("", "pail-demo-history-")
	if err != nil {
		return "", nil, err
	}
	remove = func() { _ = os.RemoveAll(parent) }
	defer func() {
		if err != nil {
			remove()
		}
	}()
	dir = filepath.Join(parent, "widgets.git")
	run := func(stdin []byte, args ...string) error {
		cmd := exec.CommandContext(ctx, git, args...)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + parent, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "LC_ALL=C"}
		cmd.Stdin = bytes.NewReader(stdin)
		if out, err := cmd.CombinedOutput(); err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx) // git was killed, and has nothing to say
			}
			return errors.Join(err, fmt.Errorf("git %s: %s", args[0], strings.TrimSpace(string(out))))
		}
		return nil
	}
	if err := run(nil, "init", "--quiet", "--bare", "--template=", "--initial-branch=main", dir); err != nil {
		return "", nil, err
	}
	// This repository is read once and thrown away: it need not survive a power cut.
	if err := run(stream(), "--git-dir="+dir, "-c", "core.fsync=none", "fast-import", "--quiet"); err != nil {
		return "", nil, err
	}
	return dir, remove, nil
}

// author is somebody who commits, with the time zone that the commits carry.
type author struct{ name, email, zone string }

// authors are the accounts, one of them under an older spelling, and two people whom the server does not know.
var authors = []author{
	{people[admin].DisplayName, people[admin].Email, "+0100"},
	{people[member].DisplayName, people[member].Email, "-0500"},
	{"Grace Guest", "grace@example.org", "+0000"},
	{"M. Member", "Member@acme.example", "-0500"},
	{people[outsider].DisplayName, people[outsider].Email, "+0530"},
	{"Büro Automat", "bot@example.net", "+0000"},
}

// begin is when the history begins, pace how long it is from one commit to the next.
var begin = time.Date(2025, time.March, 3, 8, 0, 0, 0, time.UTC)

const (
	pace   = 5*time.Hour + 13*time.Minute
	rounds = 60 // of four commits on main, two on a branch, and the merge
)

// past writes a history as a stream for git fast-import.
type past struct {
	bytes.Buffer
	commits int
}

// file is a file as a commit writes it.
type file struct {
	path, text string
	script     bool
}

// data is text as fast-import reads it.
func (p *past) data(text string) { fmt.Fprintf(p, "data %d\n%s\n", len(text), text) }

func (a author) at(n int) string {
	return fmt.Sprintf("%s <%s> %d %s", a.name, a.email, begin.Add(time.Duration(n)*pace).Unix(), a.zone)
}

// commit adds a commit to branch and returns its mark. Parents are marks; the first commit has none.
func (p *past) commit(branch, message string, parents []int, files ...file) int {
	n := p.commits
	p.commits++
	who := authors[(n*7+n/11)%len(authors)]
	fmt.Fprintf(p, "commit refs/heads/%s\nmark :%d\nauthor %s\ncommitter %s\n", branch, n+1, who.at(n), who.at(n))
	p.data(message + "\n")
	for i, parent := range parents {
		fmt.Fprintf(p, "%s :%d\n", []string{"from", "merge"}[min(i, 1)], parent)
	}
	for _, f := range files {
		mode := "100644"
		if f.script {
			mode = "100755"
		}
		fmt.Fprintf(p, "M %s inline %s\n", mode, f.path)
		p.data(f.text)
	}
	p.WriteByte('\n')
	return n + 1
}

// branch names a commit; light tags it without a tag object.
func (p *past) branch(name string, mark int) {
	fmt.Fprintf(p, "reset refs/heads/%s\nfrom :%d\n\n", name, mark)
}
func (p *past) light(name string, mark int) {
	fmt.Fprintf(p, "reset refs/tags/%s\nfrom :%d\n\n", name, mark)
}

func (p *past) annotated(name string, mark int, message string) {
	fmt.Fprintf(p, "tag %s\nfrom :%d\ntagger %s\n", name, mark, authors[0].at(p.commits))
	p.data(message + "\n")
}

var (
	kinds  = []string{"left-handed", "reversible", "self-aligning", "silent", "galvanised", "folding", "spare", "heavy-duty", "half-size", "certified"}
	things = []string{"sprocket", "flange", "ratchet", "bracket", "gasket", "spindle", "bushing", "coupling", "washer", "grommet"}
)

// widget is the n-th widget of the catalogue.
func widget(n int) string { return kinds[n%len(kinds)] + " " + things[(n/len(kinds)+n)%len(things)] }

// stream is the whole history.
func stream() []byte {
	p := new(past)
	last := p.commit("main", "Begin\n\nA place for widgets.", nil, first()...)
	changelog := "# Changes\n"
	for round := range rounds {
		for step := range 4 {
			message, f := work(round, step)
			last = p.commit("main", message, []int{last}, f)
		}
		topic := fmt.Sprintf("feature/FTO-%d", round+1)
		text := chapter(round)
		side := p.commit(topic, fmt.Sprintf("FTO-%d: Describe the %s", round+1, widget(round)), []int{last}, file{path: text.path, text: text.text})
		text.text += "\nIt is returned the way it came.\n"
		side = p.commit(topic, fmt.Sprintf("FTO-%d: Say how the %s is returned", round+1, widget(round)), []int{side}, text)
		changelog += fmt.Sprintf("\n- FTO-%d: the %s is described.", round+1, widget(round))
		last = p.commit("main", fmt.Sprintf("Merged in %s (pull request #%d)\n\nFTO-%d: Describe the %s\n\nApproved-by: %s", topic, round+1, round+1, widget(round),
			authors[(round+1)%2].name), []int{last, side}, text, file{path: "CHANGELOG.md", text: changelog + "\n"})
		if round < rounds-2 { // branches of long merged topics are gone
			fmt.Fprintf(p, "reset refs/heads/%s\nfrom %040d\n\n", topic, 0)
		}
		switch {
		case round == 19:
			p.light("v0.1.0", last)
		case round == 29:
			p.annotated("v0.2.0", last, "Widgets can be returned")
		case round == 39:
			p.light("nightly-2025-05-30", last)
		case round == 49:
			p.annotated("v1.0.0", last, "The first release that others turn\n\nAll widgets are described.")
			p.branch("release/1.x", last)
			fixed := p.commit("release/1.x", "Round the weight of half-size widgets up", []int{last}, file{path: "internal/catalogue/weight.go", text: weight("up")})
			p.annotated("v1.0.1", fixed, "Weights are right")
		}
	}
	ahead := p.commit("feature/turntable", "Sketch the turntable", []int{last}, file{path: "docs/turntable.md", text: "# The turntable\n\nTurns what is on it.\n"})
	ahead = p.commit("feature/turntable", "The turntable turns both ways", []int{ahead}, file{path: "docs/turntable.md", text: "# The turntable\n\nTurns what is on it, both ways.\n"})
	p.commit("feature/turntable", "Hold the turntable while nothing is on it", []int{ahead},
		file{path: "internal/turntable/turntable.go", text: "// Package turntable turns what is on it.\npackage turntable\n\n// Hold keeps an empty turntable still.\nfunc Hold(items int) bool { return items == 0 }\n"})
	p.commit("fix/rounding", "Round the weight of half-size widgets up", []int{last}, file{path: "internal/catalogue/weight.go", text: weight("up")})
	p.WriteString("done\n")
	return append([]byte("feature done\n"), p.Bytes()...)
}

// first is what the first commit holds.
func first() []file {
	return []file{
		{path: "README.md", text: "# Widgets\n\nTurns things the right way round.\n\n    go run ./cmd/widgets\n"},
		{path: "LICENSE", text: "Do with this what you like.\n"},
		{path: ".gitignore", text: "/widgets\n/dist/\n"},
		{path: "go.mod", text: "module example.com/acme/widgets\n\ngo 1.26\n"},
		{path: "cmd/widgets/main.go", text: program(0)},
		{path: "internal/catalogue/catalogue.go", text: catalogue(1)},
		{path: "internal/catalogue/weight.go", text: weight("down")},
		{path: "scripts/release.sh", text: "#!/bin/sh\nset -eu\ngo build -o dist/widgets ./cmd/widgets\n", script: true},
		{path: "assets/widget.svg", text: "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"16\" height=\"16\"><circle cx=\"8\" cy=\"8\" r=\"7\"/></svg>\n"},
		{path: "docs/guide.md", text: "# Guide\n"},
		{path: "docs/häufige Fragen.md", text: "# Häufige Fragen\n\nWohin damit? Nach links.\n"},
		{path: "data/stock.csv", text: "widget,pieces\n"},
	}
}

// work is the commit of one step on main.
func work(round, step int) (message string, f file) {
	switch step {
	case 0:
		return fmt.Sprintf("Add the %s to the catalogue", widget(round)), file{path: "internal/catalogue/catalogue.go", text: catalogue(round + 2)}
	case 1:
		return "Count the stock", file{path: "data/stock.csv", text: stock(round + 1)}
	case 2:
		return fmt.Sprintf("Show %d widgets at a time", 10+round), file{path: "cmd/widgets/main.go", text: program(round + 1)}
	}
	var b strings.Builder
	b.WriteString("# Guide\n")
	for i := range round + 1 {
		fmt.Fprintf(&b, "\n%d. Turn the %s until it stops.", i+1, widget(i))
	}
	return fmt.Sprintf("Tell how the %s is turned\n\nIt was asked for more than once.", widget(round)), file{path: "docs/guide.md", text: b.String() + "\n"}
}

func catalogue(n int) string {
	var b strings.Builder
	b.WriteString("// Package catalogue knows all widgets.\npackage catalogue\n\n// Widgets are those that can be had.\nvar Widgets = []string{\n")
	for i := range n {
		fmt.Fprintf(&b, "\t%q,\n", widget(i))
	}
	b.WriteString("}\n")
	return b.String()
}

func stock(n int) string {
	var b strings.Builder
	b.WriteString("widget,pieces\n")
	for i := range n {
		fmt.Fprintf(&b, "%s,%d\n", widget(i), (i*37+n*11)%90+1)
	}
	return b.String()
}

func program(n int) string {
	return fmt.Sprintf("// Command widgets lists the catalogue.\npackage main\n\nimport (\n\t\"fmt\"\n\n\t\"example.com/acme/widgets/internal/catalogue\"\n)\n\nconst shown = %d\n\nfunc main() {\n\tfor _, w := range catalogue.Widgets[:min(shown, len(catalogue.Widgets))] {\n\t\tfmt.Println(w)\n\t}\n}\n", 10+n)
}

func weight(direction string) string {
	extra := map[string]string{"down": "", "up": " + 1"}[direction]
	return "package catalogue\n\n// Half is the weight of a half-size widget in grams, rounded " + direction + ".\nfunc Half(grams int) int { return (grams" + extra + ") / 2 }\n"
}

// chapter is what a topic's branch writes: one of five files, so that they are not as many as topics.
func chapter(round int) file {
	path := "docs/parts/" + things[round%5] + ".md"
	var b strings.Builder
	fmt.Fprintf(&b, "# About %ss\n", things[round%5])
	for i := round % 5; i <= round; i += 5 {
		fmt.Fprintf(&b, "\nThe %s has its own drawer.\n", widget(i))
	}
	return file{path: path, text: b.String()}
}
