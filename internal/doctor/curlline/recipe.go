package curlline

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

// What stands inside $(…). The recipes that people copy to make a header are worked out here, exactly as bash and GNU
// base64 would, and nothing is run.

// substitute is what a $(…) or a pair of backquotes becomes, with line ends at its end.
func (r *reader) substitute(cs *syntax.CmdSubst) string {
	written := r.slice(cs)
	open := func(what string) string {
		return r.mark(mark{shown: "$(…)", command: what, source: written})
	}
	if r.depth >= maxDepth {
		return open("a command deep inside of others")
	}
	r.depth++
	defer func() { r.depth-- }()
	if callsCurl(cs) {
		r.inner(cs.Stmts) // it is read like any other, and never run
		return open("curl")
	}
	if text, ok := r.output(cs.Stmts); ok {
		if !hasMark(text) {
			return text
		}
		if _, used := r.resolve(text); slices.ContainsFunc(used, func(m mark) bool { return m.source == encoded }) {
			// Where what was encoded is not known, the recipe itself is what can be judged.
			return r.mark(mark{shown: "$(…)", names: namesOf(used), command: commandOf(used), source: written})
		}
		return text
	}
	if r.o.Exec {
		if text, err := r.run(cs); err == nil {
			return text
		}
	}
	return open(r.firstWord(cs))
}

// callsCurl tells whether curl is called anywhere inside.
func callsCurl(n syntax.Node) bool {
	found := false
	syntax.Walk(n, func(n syntax.Node) bool {
		if call, ok := n.(*syntax.CallExpr); ok {
			for _, w := range call.Args {
				found = found || isCurl(w.Lit())
			}
		}
		return !found
	})
	return found
}

// firstWord names a command for a person.
func (r *reader) firstWord(cs *syntax.CmdSubst) string {
	word := ""
	syntax.Walk(cs, func(n syntax.Node) bool {
		if call, ok := n.(*syntax.CallExpr); ok && word == "" && len(call.Args) > 0 {
			word = call.Args[0].Lit()
		}
		return word == ""
	})
	if word == "" || len(word) > 20 {
		return "a command"
	}
	return word
}

// output is what a pipeline of known commands writes. It is not ok when one of them is not known.
func (r *reader) output(stmts []*syntax.Stmt) (string, bool) {
	if len(stmts) != 1 {
		return "", false
	}
	var stages []*syntax.Stmt
	for s := stmts[0]; ; {
		if s.Background || s.Negated || s.Coprocess || s.Disown {
			return "", false
		}
		b, ok := s.Cmd.(*syntax.BinaryCmd)
		if !ok {
			stages = append(stages, s)
			break
		}
		if b.Op != syntax.Pipe || len(s.Redirs) > 0 || len(stages) > 20 {
			return "", false
		}
		stages = append(stages, b.Y)
		s = b.X
	}
	slices.Reverse(stages)
	text := ""
	for i, s := range stages {
		call, ok := s.Cmd.(*syntax.CallExpr)
		if !ok || len(call.Assigns) > 0 || len(call.Args) == 0 {
			return "", false
		}
		redirected := false
		for _, redirect := range s.Redirs {
			switch {
			case i == 0 && (redirect.Op == syntax.WordHdoc || redirect.Op == syntax.Hdoc || redirect.Op == syntax.DashHdoc) && redirect.N == nil:
				text, redirected = r.here(redirect), true
			case redirect.N != nil && redirect.N.Value == "2":
			default:
				return "", false
			}
		}
		if !isRecipe(call.Args[0].Lit(), i == 0 && !redirected) {
			return "", false
		}
		var args []string
		for _, w := range call.Args[1:] {
			for _, a := range r.fields(w) {
				args = append(args, a.text)
			}
		}
		if text, ok = r.stage(call.Args[0].Lit(), args, text); !ok || !r.spend(len(text)) {
			return "", false
		}
	}
	return text, true
}

func isRecipe(name string, source bool) bool {
	if source {
		return name == "echo" || name == "printf"
	}
	return slices.Contains([]string{"base64", "tr", "cat", "openssl", "gbase64"}, name)
}

// here is what a here-document or a here-string gives to a command.
func (r *reader) here(redirect *syntax.Redirect) string {
	if redirect.Op == syntax.WordHdoc {
		return r.literal(redirect.Word, false) + "\n"
	}
	text := r.literal(redirect.Hdoc, true)
	if redirect.Op == syntax.DashHdoc {
		lines := strings.Split(text, "\n")
		for i := range lines {
			lines[i] = strings.TrimLeft(lines[i], "\t")
		}
		text = strings.Join(lines, "\n")
	}
	return text
}

// stage is what one command makes of its input.
func (r *reader) stage(name string, args []string, in string) (string, bool) {
	switch name {
	case "echo":
		return echo(args), true
	case "printf":
		return printf(args)
	case "cat":
		return in, len(args) == 0 || len(args) == 1 && args[0] == "-"
	case "tr":
		return tr(args, in)
	case "openssl":
		if len(args) > 1 && args[0] == "enc" && (args[1] == "-base64" || args[1] == "-a") {
			args = args[1:]
		}
		if len(args) == 0 || args[0] != "base64" && args[0] != "-base64" && args[0] != "-a" {
			return "", false
		}
		width := 64
		for _, a := range args[1:] {
			switch a {
			case "-A":
				width = 0
			case "-e":
			default:
				return "", false
			}
		}
		return r.encode(in, width), true
	}
	width, decode, ok := base64Options(args)
	switch {
	case !ok:
		return "", false
	case !decode:
		return r.encode(in, width), true
	case hasMark(in):
		return "", false
	}
	plain, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(in, "\n", ""))
	return clean(string(plain)), err == nil
}

func echo(args []string) string {
	newline, escapes := "\n", false
	for len(args) > 0 && len(args[0]) > 1 && args[0][0] == '-' && strings.Trim(args[0][1:], "neE") == "" {
		for _, c := range args[0][1:] {
			switch c {
			case 'n':
				newline = ""
			default:
				escapes = c == 'e'
			}
		}
		args = args[1:]
	}
	text := strings.Join(args, " ")
	if escapes {
		if t, _, err := expand.Format(nil, text, nil); err == nil {
			text = unforged(t, text)
		}
	}
	return text + newline
}

// printf knows %s and %b without a width.
func printf(args []string) (string, bool) {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return "", false
	}
	format, args := args[0], args[1:]
	bare := strings.NewReplacer("%%", "", "%s", "", "%b", "").Replace(format)
	if strings.Contains(bare, "%") || hasMark(format) {
		return "", false
	}
	if args == nil {
		args = []string{}
	}
	given := strings.Join(args, "")
	var b strings.Builder
	for {
		text, n, err := expand.Format(nil, format, args)
		if err != nil || b.Len() > maxInput {
			return "", false
		}
		b.WriteString(text)
		if args = args[n:]; n == 0 || len(args) == 0 {
			return unforged(b.String(), given), true
		}
	}
}

// unforged is what a command wrote from in. The marks of in are in it; where escapes have made others, none is left.
func unforged(out, in string) string {
	if strings.Count(out, string(markOpen)) != strings.Count(in, string(markOpen)) || strings.Count(out, string(markClose)) != strings.Count(in, string(markClose)) {
		return clean(out)
	}
	return strings.ReplaceAll(strings.ToValidUTF8(out, "\uFFFD"), "\x00", "")
}

// tr knows how to delete.
func tr(args []string, in string) (string, bool) {
	if len(args) != 2 || args[0] != "-d" && args[0] != "--delete" {
		return "", false
	}
	set := strings.NewReplacer("[:space:]", " \t\n\r\v\f", "[:blank:]", " \t", "[:cntrl:]", "\n\r\t").Replace(args[1])
	if strings.Contains(set, "[:") || strings.Contains(set, "-") || hasMark(set) {
		return "", false
	}
	set, _, err := expand.Format(nil, set, nil)
	if err != nil || strings.ContainsAny(set, "0123456789") {
		return "", false
	}
	return strings.Map(func(c rune) rune {
		if c != markOpen && c != markClose && strings.ContainsRune(set, c) {
			return -1
		}
		return c
	}, in), true
}

// base64Options reads the options of GNU's base64 and of macOS'.
func base64Options(args []string) (width int, decode, ok bool) {
	width = 76
	for i := 0; i < len(args); i++ {
		a := args[i]
		value, given := "", false
		switch {
		case a == "-d" || a == "-D" || a == "--decode":
			decode = true
			continue
		case a == "-i" || a == "-" || a == "--ignore-garbage":
			continue
		case a == "-w" || a == "-b" || a == "--wrap" || a == "--break":
			if i++; i < len(args) {
				value, given = args[i], true
			}
		default:
			for _, prefix := range []string{"--wrap=", "--break=", "-w", "-b"} {
				if rest, found := strings.CutPrefix(a, prefix); found && !given {
					value, given = rest, true
				}
			}
		}
		n, err := strconv.Atoi(value)
		if !given || err != nil || n < 0 {
			return 0, false, false
		}
		width = n
	}
	return width, decode, true
}

// encoded is the source of a mark for the base64 of something that is not known.
const encoded = "base64"

// encode is base64 in lines of width, as GNU writes it: a line end after each line, none at all for width 0.
func (r *reader) encode(in string, width int) string {
	if hasMark(in) {
		_, used := r.resolve(in)
		return r.mark(mark{shown: "$(…)", names: namesOf(used), command: commandOf(used), source: encoded})
	}
	text := base64.StdEncoding.EncodeToString([]byte(in))
	if width == 0 || text == "" {
		return text
	}
	var b strings.Builder
	for len(text) > width {
		b.WriteString(text[:width] + "\n")
		text = text[width:]
	}
	b.WriteString(text + "\n")
	return b.String()
}

func namesOf(marks []mark) (names []string) {
	for _, m := range marks {
		for _, n := range m.names {
			if !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	return names
}

func commandOf(marks []mark) string {
	for _, m := range marks {
		if m.command != "" {
			return m.command
		}
	}
	return ""
}
