package curlline

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// script reads statements in the order in which they stand: branches and loops are gone through once, and a variable
// that changes in them is not known.
func (r *reader) script(text string) error {
	if nesting(text) > maxNesting {
		return errors.New("the line has too many brackets inside of brackets")
	}
	file, err := syntax.NewParser(syntax.Variant(syntax.LangBash)).Parse(strings.NewReader(text), "")
	if err != nil {
		return unreadable(text, err)
	}
	src, multi := r.src, r.multi
	r.src, r.multi = text, r.multi || strings.Contains(strings.TrimSpace(text), "\n")
	defer func() { r.src, r.multi = src, multi }()
	r.statements(file.Stmts)
	return nil
}

// nesting is at least how deep brackets stand inside of each other.
func nesting(text string) int {
	depth, most := 0, 0
	for i := range len(text) {
		switch text[i] {
		case '(', '{', '[':
			depth++
		case ')', '}', ']':
			depth = max(depth-1, 0)
		}
		most = max(most, depth)
	}
	return max(most, strings.Count(text, "`"), strings.Count(text, "if ")+strings.Count(text, "for ")+strings.Count(text, "while ")+strings.Count(text, "case ")+strings.Count(text, "until "))
}

// unreadable says where a shell stops, without what stands there.
func unreadable(text string, err error) error {
	parse, ok := errors.AsType[syntax.ParseError](err)
	if !ok {
		return errors.New("the line cannot be read as a shell reads it")
	}
	why := parse.Text
	for _, word := range strings.Fields(text) {
		if len(word) > 7 && strings.Contains(why, word) {
			why = "something is missing or too much"
		}
	}
	if len(why) > 120 {
		why = "something is missing or too much"
	}
	return fmt.Errorf("a shell cannot read this: line %d, column %d: %s", parse.Pos.Line(), parse.Pos.Col(), why)
}

func (r *reader) statements(list []*syntax.Stmt) {
	for _, s := range list {
		r.statement(s, nil)
	}
}

// inner reads statements that stand inside of a word.
func (r *reader) inner(list []*syntax.Stmt) {
	last, prefixed := r.last, r.prefixed
	r.last, r.prefixed = nil, nil
	r.statements(list)
	r.last, r.prefixed = last, prefixed
}

// statement reads one; stdin is what a pipe brings, nil when that is not known.
func (r *reader) statement(s *syntax.Stmt, stdin *string) {
	for _, redirect := range s.Redirs {
		switch redirect.Op {
		case syntax.WordHdoc, syntax.Hdoc, syntax.DashHdoc:
			text := r.here(redirect)
			stdin = &text
		case syntax.RdrIn:
			if text, ok := r.file(r.literal(redirect.Word, false)); ok {
				stdin = &text
			}
		}
	}
	switch c := s.Cmd.(type) {
	case *syntax.CallExpr:
		r.call(c, stdin, s.Background)
		return
	case *syntax.BinaryCmd:
		if c.Op == syntax.Pipe || c.Op == syntax.PipeAll {
			var piped *string
			if c.Op == syntax.Pipe && !callsCurl(c.X) && callsCurl(c.Y) {
				if text, ok := r.output([]*syntax.Stmt{c.X}); ok {
					piped = &text
				}
			}
			if piped == nil {
				r.statement(c.X, stdin)
			}
			r.statement(c.Y, piped)
			return
		}
		r.statement(c.X, stdin)
		r.statement(c.Y, stdin)
	case *syntax.Block:
		r.statements(c.Stmts)
	case *syntax.Subshell:
		r.statements(c.Stmts)
	case *syntax.IfClause:
		for ; c != nil; c = c.Else {
			r.statements(c.Cond)
			r.statements(c.Then)
		}
	case *syntax.WhileClause:
		r.statements(c.Cond)
		r.statements(c.Do)
	case *syntax.ForClause:
		if each, ok := c.Loop.(*syntax.WordIter); ok {
			delete(r.vars, each.Name.Value)
		}
		r.statements(c.Do)
	case *syntax.CaseClause:
		for _, item := range c.Items {
			r.statements(item.Stmts)
		}
	case *syntax.TimeClause:
		if c.Stmt != nil {
			r.statement(c.Stmt, stdin)
		}
	case *syntax.CoprocClause:
		r.statement(c.Stmt, stdin)
	case *syntax.FuncDecl:
		r.statement(c.Body, nil)
	case *syntax.DeclClause:
		for _, a := range c.Args {
			r.assign(a)
		}
	case nil:
	default:
		if callsCurl(c) {
			syntax.Walk(c, func(n syntax.Node) bool {
				if cs, ok := n.(*syntax.CmdSubst); ok {
					r.substitute(cs)
					return false
				}
				return true
			})
		}
	}
	r.last = nil
}

// assign follows NAME=value, NAME+=value and NAME=(values).
func (r *reader) assign(a *syntax.Assign) {
	if a.Name == nil || a.Naked {
		return
	}
	name := a.Name.Value
	old := r.vars[name]
	if a.Index != nil {
		delete(r.vars, name)
		return
	}
	if a.Array == nil {
		text := r.literal(a.Value, false)
		if a.Append && old.Kind == expand.String && r.spend(len(old.Str)) {
			text = old.Str + text
		}
		r.set(name, text)
		return
	}
	var list []string
	if a.Append && old.Kind == expand.Indexed {
		list = slices.Clone(old.List)
	}
	for _, e := range a.Array.Elems {
		if e.Index != nil || e.Value == nil {
			delete(r.vars, name)
			return
		}
		for _, f := range r.fields(e.Value) {
			list = append(list, f.text)
		}
	}
	r.vars[name] = expand.Variable{Set: true, Kind: expand.Indexed, List: list}
}

// call reads one simple command.
func (r *reader) call(c *syntax.CallExpr, stdin *string, background bool) {
	if len(c.Args) == 0 {
		for _, a := range c.Assigns {
			r.assign(a)
		}
		return
	}
	// What is set in front of a command is there for the command, but not for the words behind it.
	r.prefixed = map[string]bool{}
	for _, a := range c.Assigns {
		if a.Name != nil {
			r.prefixed[a.Name.Value] = true
		}
		if a.Value != nil && callsCurl(a.Value) {
			r.literal(a.Value, false)
		}
	}
	var args []arg
	for _, w := range c.Args {
		args = append(args, r.fields(w)...)
	}
	r.prefixed = nil
	if len(args) == 0 {
		return
	}
	if r.last != nil && strings.HasPrefix(args[0].text, "-") {
		r.continued(args)
		return
	}
	r.last = nil
	switch args[0].text {
	case "read", "mapfile", "readarray", "unset":
		for _, a := range args[1:] {
			delete(r.vars, a.text)
		}
		return
	}
	if r.command(args, stdin) && r.last != nil {
		r.last.background = background
	}
}

// continued reads a line that begins with an option: the line before it was not continued, so a shell takes it for a
// command. It is read as it was meant, so that what else is wrong is found too.
func (r *reader) continued(args []arg) {
	before := r.last
	place := r.placeOf(args[0], "the end of curl's words")
	evidence := "A line begins with an option, but the line before it does not end with a backslash, or has a blank after it."
	fix := "End each line but the last with a backslash, and nothing after it."
	if before.background {
		evidence = "An & outside of quotes ends the command: what follows it is not given to curl."
		fix = "Put the address in double quotes."
	}
	words := slices.DeleteFunc(slices.Clone(before.args), func(a arg) bool { return strings.TrimSpace(a.text) == "" && a.source == "" })
	r.cases = r.cases[:before.first]
	r.curl(append(words, args...), before.stdin)
	r.noteAll(before.first, commandLine(place, evidence, "A shell runs what it reads as a command of its own.", fix))
	if r.last != nil {
		r.last.background = before.background
	}
}

// wrappers do not run what follows them, or only speak of it.
var silent = []string{"echo", "printf", "which", "type", "hash", "man", "grep", "alias", "cat", "logger", "whereis", "tldr", "help"}

func isCurl(word string) bool {
	base := strings.ToLower(path.Base(strings.ReplaceAll(word, `\`, "/")))
	return base == "curl" || base == "curl.exe"
}

// command finds curl among the words of a command: first, or behind sudo, env, time, docker run and whatever else runs
// it. It tells whether it was there.
func (r *reader) command(args []arg, stdin *string) bool {
	first := strings.ToLower(args[0].text)
	if slices.Contains(silent, path.Base(first)) {
		return false
	}
	at := slices.IndexFunc(args, func(a arg) bool { return isCurl(a.text) })
	for i, a := range args[:max(at, 0)] {
		if a.text == "install" || a.text == "add" || i == 1 && (a.text == "-v" || a.text == "-V") && first == "command" {
			return false
		}
	}
	if at >= 0 {
		if r.other == "" {
			r.other = "curl"
		}
		if powerShell(args[at+1:]) {
			r.other = "curl of Windows PowerShell, which is Invoke-WebRequest under another name,"
			return false
		}
		r.curl(args[at+1:], stdin)
		return true
	}
	for _, a := range args {
		// bash -c "curl …", sh 'curl …', ssh host "curl …", or the whole line in quotes
		if strings.Contains(a.text, "curl") && strings.ContainsAny(a.text, " \t\n") && r.depth < maxDepth {
			r.depth++
			base := r.base
			r.base += max(a.line-1, 0)
			err := r.script(a.text)
			r.base = base
			r.depth--
			if err == nil && len(r.cases) > 0 {
				return false
			}
		}
	}
	switch first {
	case "invoke-webrequest", "invoke-restmethod", "iwr", "irm":
		r.other = "PowerShell's " + args[0].text
	case "wget", "wget2", "http", "https", "httpie", "xh", "xhs", "aria2c", "git", "gh":
		if r.other == "" {
			r.other = first
		}
	}
	return false
}

// powerShell tells the options of Invoke-WebRequest from curl's.
func powerShell(args []arg) bool {
	for _, a := range args {
		switch strings.ToLower(a.text) {
		case "-uri", "-headers", "-method", "-usebasicparsing", "-contenttype", "-credential", "-outfile":
			return true
		}
	}
	return false
}
