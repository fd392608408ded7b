package curlline

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// A mark stands in a text for what is not known. In the text it is a number between two characters that Unicode promises
// never to use, so that nothing typed is taken for one.
type mark struct {
	shown   string   // what a person sees in its place: "$TOKEN", "$(…)"
	names   []string // the variables that are not set here; none for a command that is not run
	command string   // what would have to be run: its first word, "" for a variable
	source  string   // how the command is written
	early   bool     // the variable is set in front of the same command, which is too late
}

const (
	markOpen  = '\uFDD0'
	markClose = '\uFDD1'
)

// clean takes out of an input what no shell can pass on, and what would be taken for a mark.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case 0, markOpen, markClose:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

func (r *reader) mark(m mark) string {
	r.marks = append(r.marks, m)
	return string(markOpen) + strconv.Itoa(len(r.marks)-1) + string(markClose)
}

func hasMark(s string) bool { return strings.ContainsRune(s, markOpen) }

// resolve replaces the marks in a text by what a person may see, and tells which there were.
func (r *reader) resolve(s string) (text string, used []mark) {
	if !strings.ContainsRune(s, markOpen) && !strings.ContainsRune(s, markClose) {
		return s, nil
	}
	var b strings.Builder
	for s != "" {
		before, after, found := strings.Cut(s, string(markOpen))
		b.WriteString(strings.ReplaceAll(before, string(markClose), ""))
		if !found {
			break
		}
		number, rest, _ := strings.Cut(after, string(markClose))
		s = rest
		if i, err := strconv.Atoi(number); err == nil && i >= 0 && i < len(r.marks) {
			b.WriteString(r.marks[i].shown)
			used = append(used, r.marks[i])
		}
	}
	return b.String(), used
}

// environ gives the script's variables to the library that expands words.
type environ struct{ *reader }

func (e environ) Get(name string) expand.Variable {
	if user, ok := strings.CutPrefix(name, "HOME "); ok { // ~user: nobody is looked up
		return expand.Variable{Set: true, Kind: expand.String, Str: "~" + user}
	}
	return e.vars[name]
}

func (e environ) Each(func(string, expand.Variable) bool) {}

// Set is called for ${NAME:=word}.
func (e environ) Set(name string, v expand.Variable) error {
	e.vars[name] = v
	return nil
}

func (r *reader) config() *expand.Config {
	return &expand.Config{Env: environ{r}, CmdSubst: func(w io.Writer, cs *syntax.CmdSubst) error {
		_, err := io.WriteString(w, r.substitute(cs))
		return err
	}}
}

// spend takes n bytes from what expansion may produce, and tells whether they were left.
func (r *reader) spend(n int) bool {
	r.spent += n
	return r.spent <= maxExpanded
}

// arg is one argument of a command.
type arg struct {
	text   string
	source string // how it is written, when something in it was expanded
	line   int    // 0 when it is not known
	file   string // the file that it stands in, with its line: "line 2 of ci.curlrc"
	nth    int    // 0, or which part it is of a word that was split at its blanks
}

// fields expands a word to arguments, as bash does.
func (r *reader) fields(w *syntax.Word) []arg {
	source, line := "", int(w.Pos().Line())+r.base
	if expands(w) {
		source = r.slice(w)
	}
	p, ok := r.prepare(w)
	if !ok {
		return []arg{{text: r.tooLarge(w), source: source, line: line}}
	}
	texts, err := expand.Fields(r.config(), p)
	if err != nil {
		texts = []string{r.mark(mark{shown: "$…", command: "a substitution that bash refuses", source: source})}
	}
	args := make([]arg, len(texts))
	for i, t := range texts {
		args[i] = arg{text: t, source: source, line: line, nth: i}
	}
	return args
}

// literal expands a word to one text, without splitting: the value of a variable, a here-document.
func (r *reader) literal(w *syntax.Word, document bool) string {
	if w == nil {
		return ""
	}
	p, ok := r.prepare(w)
	if !ok {
		return r.tooLarge(w)
	}
	do := expand.Literal
	if document {
		do = expand.Document
	}
	text, err := do(r.config(), p)
	if err != nil {
		return r.mark(mark{shown: "$…", command: "a substitution that bash refuses", source: r.slice(w)})
	}
	return text
}

func (r *reader) tooLarge(w *syntax.Word) string {
	return r.mark(mark{shown: "$…", command: "a substitution that becomes too large", source: r.slice(w)})
}

// slice is how a node is written.
func (r *reader) slice(n syntax.Node) string {
	from, to := int(n.Pos().Offset()), int(n.End().Offset())
	if from < 0 || to > len(r.src) || from >= to {
		return ""
	}
	return r.src[from:to]
}

// expands tells whether a shell fills something in.
func expands(w *syntax.Word) bool {
	found := false
	if len(w.Parts) > 0 {
		first, ok := w.Parts[0].(*syntax.Lit)
		found = ok && strings.HasPrefix(first.Value, "~")
	}
	syntax.Walk(w, func(n syntax.Node) bool {
		switch n.(type) {
		case *syntax.ParamExp, *syntax.CmdSubst, *syntax.ArithmExp, *syntax.ProcSubst:
			found = true
		}
		return !found
	})
	return found
}

// maxBraces bounds the words that {a,b} and {1..9} become.
const maxBraces = 256

// prepare makes a copy of a word in which marks stand for what is not known here and for what would need a real shell.
// It is not ok when the word would become too large.
func (r *reader) prepare(w *syntax.Word) (*syntax.Word, bool) {
	size := 0
	p := &syntax.Word{Parts: r.parts(w.Parts, &size)}
	copied := *p
	if syntax.SplitBraces(&copied) {
		n := 0
		for _, err := range expand.BracesSeq(nil, &copied) {
			if n++; err != nil || n > maxBraces {
				return nil, false
			}
		}
		size *= n
	}
	return p, r.spend(size)
}

func (r *reader) parts(in []syntax.WordPart, size *int) []syntax.WordPart {
	out := make([]syntax.WordPart, 0, len(in))
	put := func(text string) { out = append(out, &syntax.SglQuoted{Value: text}) }
	for _, part := range in {
		switch part := part.(type) {
		case *syntax.Lit:
			*size += len(part.Value)
			out = append(out, part)
		case *syntax.SglQuoted:
			*size += len(part.Value)
			out = append(out, part)
		case *syntax.DblQuoted:
			out = append(out, &syntax.DblQuoted{Dollar: part.Dollar, Parts: r.parts(part.Parts, size)})
		case *syntax.ParamExp:
			if p, ok := r.param(part, size); ok {
				out = append(out, p)
				continue
			}
			m := mark{shown: "$…", command: "a substitution", source: r.slice(part)}
			if part.Param != nil {
				name := part.Param.Value
				m = mark{shown: "$" + name, names: []string{name}, early: r.prefixed[name]}
			}
			put(r.mark(m))
		case *syntax.CmdSubst:
			out = append(out, part)
		case *syntax.ExtGlob:
			put(part.Op.String() + part.Pattern.Value + ")")
		default:
			put(r.mark(mark{shown: "$(…)", command: "an expression", source: r.slice(part)}))
		}
	}
	return out
}

// param tells whether a parameter can be expanded here, and gives it with its own words prepared.
func (r *reader) param(p *syntax.ParamExp, size *int) (*syntax.ParamExp, bool) {
	if p.Param == nil || p.NestedParam != nil || p.Flags != nil || p.Excl || p.Width || p.IsSet || p.Names != 0 || p.Slice != nil || p.Length {
		return nil, false
	}
	name := p.Param.Value
	v := r.vars[name]
	whole := ""
	switch {
	case v.Kind == expand.Indexed:
		index, _ := p.Index.(*syntax.Word)
		if p.Index != nil && (index == nil || !isIndex(index.Lit())) {
			return nil, false
		}
		whole = strings.Join(v.List, " ")
	case p.Index != nil || v.Set && v.Kind != expand.String:
		return nil, false
	default:
		whole = v.Str
	}
	*size += len(whole)
	if p.Repl != nil {
		*size += len(whole) * len(r.slice(p))
		return p, v.Set && !hasMark(whole) && len(whole) <= 1024 && len(r.slice(p)) <= 256 && !expands(p.Repl.Orig) && !expandsAny(p.Repl.With)
	}
	if p.Exp == nil {
		return p, v.Set
	}
	c := *p
	e := *p.Exp
	c.Exp = &e
	switch e.Op {
	case syntax.DefaultUnset, syntax.DefaultUnsetOrNull, syntax.AssignUnset, syntax.AssignUnsetOrNull:
	case syntax.AlternateUnset, syntax.AlternateUnsetOrNull, syntax.ErrorUnset, syntax.ErrorUnsetOrNull:
		if !v.Set {
			return nil, false
		}
	case syntax.RemSmallPrefix, syntax.RemLargePrefix, syntax.RemSmallSuffix, syntax.RemLargeSuffix:
		// The library matches with regular expressions; short ones are quick, and many are paid for by what they look at.
		*size += len(whole) * len(r.slice(p))
		return p, v.Set && !hasMark(whole) && len(whole) <= 4096 && e.Word != nil && !expands(e.Word) && len(r.slice(e.Word)) <= 64
	case syntax.UpperFirst, syntax.UpperAll, syntax.LowerFirst, syntax.LowerAll:
		return p, v.Set && !hasMark(whole) && e.Word == nil
	default:
		return nil, false
	}
	if e.Word != nil {
		e.Word = &syntax.Word{Parts: r.parts(e.Word.Parts, size)}
	}
	return &c, true
}

func expandsAny(w *syntax.Word) bool { return w != nil && expands(w) }

func isIndex(s string) bool {
	n, err := strconv.Atoi(s)
	return s == "@" || s == "*" || err == nil && n >= 0
}

// placeOf says for a person where an argument stands.
func (r *reader) placeOf(a arg, what string) string {
	switch {
	case a.file != "":
		return a.file
	case r.multi && a.line > 0:
		return fmt.Sprintf("line %d, %s", a.line, what)
	}
	return what
}
