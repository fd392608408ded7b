// Package language tells languages of programming by the names of files. It is a table, not a guess at contents.
package language

import (
	"path"
	"strings"
)

// languages are what files in a language are called: ends of names with a dot in front, and whole names, in lower case. The
// keys are the language's names, in lower case, with blanks between them; the first one is what it is mostly called.
var languages = map[string]string{
	"assembly asm":      ".asm .s",
	"shell bash sh zsh": ".bash .ksh .sh .zsh .bashrc .profile .zshrc",
	"c":                 ".c .h",
	"c++ cpp":           ".cc .cpp .cxx .hh .hpp .hxx .h .ipp .tpp",
	"c# csharp cs":      ".cs .csx",
	"clojure":           ".clj .cljc .cljs .edn",
	"cmake":             ".cmake cmakelists.txt",
	"css":               ".css",
	"dart":              ".dart",
	"dockerfile docker": ".dockerfile dockerfile containerfile",
	"elixir":            ".ex .exs",
	"elm":               ".elm",
	"erlang":            ".erl .hrl",
	"f# fsharp":         ".fs .fsi .fsx",
	"fortran":           ".f .f03 .f90 .f95 .for",
	"go golang":         ".go",
	"gradle":            ".gradle",
	"graphql":           ".gql .graphql",
	"groovy":            ".groovy jenkinsfile",
	"haskell":           ".hs .lhs",
	"html":              ".htm .html .xhtml",
	"ini":               ".cfg .ini .properties .editorconfig",
	"java":              ".java",
	"javascript js":     ".cjs .js .jsx .mjs",
	"json":              ".json .json5 .jsonc",
	"julia":             ".jl",
	"kotlin":            ".kt .kts",
	"less":              ".less",
	"lua":               ".lua",
	"makefile make":     ".mak .mk makefile gnumakefile",
	"markdown md":       ".markdown .md",
	"nix":               ".nix",
	"objective-c objc":  ".h .m .mm",
	"ocaml":             ".ml .mli",
	"perl":              ".pl .pm .t",
	"php":               ".php .phtml",
	"powershell":        ".ps1 .psd1 .psm1",
	"protobuf proto":    ".proto",
	"python py":         ".py .pyi .pyw sconstruct sconscript",
	"r":                 ".r .rmd",
	"ruby rb":           ".gemspec .rake .rb .ru gemfile rakefile vagrantfile",
	"rust rs":           ".rs",
	"sass scss":         ".sass .scss",
	"scala":             ".sbt .sc .scala",
	"sql":               ".sql",
	"svelte":            ".svelte",
	"swift":             ".swift",
	"terraform hcl":     ".hcl .tf .tfvars",
	"tex latex":         ".cls .sty .tex",
	"toml":              ".toml",
	"typescript ts":     ".cts .mts .ts .tsx",
	"vim":               ".vim .vimrc",
	"vue":               ".vue",
	"xml":               ".svg .xml .xsd .xsl .xslt",
	"yaml yml":          ".yaml .yml",
	"zig":               ".zig",
}

// notes are what people write and keep beside code. They are the language of what holds nothing else.
var notes = map[string]bool{"css": true, "html": true, "ini": true, "json": true, "less": true, "markdown": true, "sass": true, "tex": true,
	"toml": true, "xml": true, "yaml": true}

// called are the languages by what their files are called.
var called = func() map[string][]string {
	all := map[string][]string{}
	for names, files := range languages {
		first, _, _ := strings.Cut(names, " ")
		for file := range strings.FieldsSeq(files) {
			all[file] = append(all[file], first)
		}
	}
	return all
}()

// Names are the names of files in a language, which may be called by any of its names: ends with a dot in front, and whole names,
// in lower case. None for a language that is not known.
func Names(language string) []string {
	language = strings.ToLower(language)
	for called, names := range languages {
		for name := range strings.FieldsSeq(called) {
			if name == language {
				return strings.Fields(names)
			}
		}
	}
	return nil
}

// Of are the languages that a file with this name may be written in, in lower case; none when its name tells none.
func Of(file string) []string {
	name := strings.ToLower(path.Base(file))
	if found := called[name]; found != nil {
		return found
	}
	return called[path.Ext(name)]
}

// Count weighs the languages of files.
type Count struct{ bytes map[string]int64 }

// Add counts a file. One that may be in several languages counts for each: the headers of C are those of C++ where there is more of that.
func (c *Count) Add(file string, bytes int64) {
	if c.bytes == nil {
		c.bytes = map[string]int64{}
	}
	for _, l := range Of(file) {
		c.bytes[l] += bytes
	}
}

// Most is the language with the most bytes, "" without any. Markup and data count only where there is no code.
func (c *Count) Most() (most string) {
	better := func(a, b string) bool {
		switch {
		case b == "" || notes[a] != notes[b]:
			return b == "" || notes[b]
		case c.bytes[a] != c.bytes[b]:
			return c.bytes[a] > c.bytes[b]
		}
		return a < b
	}
	for l := range c.bytes {
		if better(l, most) {
			most = l
		}
	}
	return most
}
