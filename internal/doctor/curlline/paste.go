package curlline

import (
	"regexp"
	"strings"

	"github.com/pailforge/pail/internal/doctor"
)

// pasted is a text with what surrounded it taken off.
type pasted struct {
	text  string
	notes []doctor.Finding // on every case
}

var (
	// A prompt before curl, where a shell would take it for something else: "# curl", "PS C:\> curl", "C:\>curl".
	prompt = regexp.MustCompile(`(?m)^[ \t]*(?:PS [^>\n]*>|[A-Za-z]:\\[^>\n"' ]*>|#)[ \t]*(curl(?:\.exe)?[ \t])`)
	// Bash's prompt for a line that goes on.
	secondPrompt = regexp.MustCompile(`(?m)(\\\n)[ \t]*>[ \t]`)
	caret        = regexp.MustCompile(`[ \t]\^[ \t]*\n`)
	backtick     = regexp.MustCompile("[ \t]`[ \t]*\n")
	openQuote    = regexp.MustCompile(`(^|[\s=])[“”„]`)
)

// tidy undoes what pages, files and other shells do to a line. What would have been a fault in a shell is noted.
func tidy(text string) pasted {
	var p pasted
	note := func(f doctor.Finding) { p.notes = append(p.notes, f) }
	text = strings.TrimPrefix(text, "\uFEFF")
	if strings.Contains(text, "\r\n") {
		text = strings.ReplaceAll(text, "\r\n", "\n")
		if strings.Contains(strings.TrimSpace(text), "\n") {
			f := commandLine("line ends", "The lines end with CR LF, as on Windows.",
				"Harmless when the text was only copied. A script with such lines gives the CR to the last word of each line, so it ends up in a token or an address.",
				"If this is a file that a shell on Linux or macOS runs, convert it.")
			f.Certainty, f.Fix.Command = doctor.Possible, "sed -i 's/\\r$//' SCRIPT"
			note(f)
		}
	}
	text = strings.TrimSpace(text)
	text = prompt.ReplaceAllString(text, "$1")
	text = secondPrompt.ReplaceAllString(text, "$1")
	windows := false
	if caret.MatchString(text) {
		windows = true
		text = caret.ReplaceAllString(text, " \\\n")
	}
	if n := strings.Count(text, "`"); n > 0 && n == len(backtick.FindAllString(text, -1)) {
		text = backtick.ReplaceAllString(text, " \\\n") // PowerShell's way to go on
	}
	if windows && strings.Contains(text, " '") {
		f := commandLine("the quotes", "The line is written for cmd.exe, with ^ at the end of a line, and has single quotes.",
			"cmd.exe knows double quotes only: the single ones become part of the words, and words are cut at blanks.", "Use double quotes.")
		f.Certainty = doctor.Likely
		note(f)
	}
	if openQuote.MatchString(text) {
		note(commandLine("the quotes", "Typographic quotes stand where quotes belong, as word processors and chat programs make them.",
			"For a shell they are letters: they become part of the words, and words are cut at blanks.", "Type the quotes again, as \" or '."))
		text = strings.NewReplacer("“", `"`, "”", `"`, "„", `"`).Replace(text)
	}
	if n := strings.Count(text, `\"`); n > 1 && strings.Count(text, `"`) == n && !strings.Contains(text, "'") {
		f := commandLine("the quotes", `All quotes are written \", as inside a JSON or YAML text.`,
			"It is read as what stood in that text. Typed like this into a shell, the quotes would become part of the words.", `In a shell write " without the backslash.`)
		f.Certainty = doctor.Possible
		note(f)
		text = strings.NewReplacer(`\"`, `"`, `\\`, `\`, `\n`, "\n").Replace(text)
	}
	p.text = text
	return p
}
