package curlline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/reason"
)

// note is a finding of the reader's own. Without a fix it has the reason's.
func note(code reason.Code, certainty doctor.Certainty, place, evidence, because, fix string) doctor.Finding {
	words := reason.Of(code)
	if fix == "" {
		fix = words.Fix[0]
	}
	return doctor.Finding{Reason: code, Certainty: certainty, Because: because, Title: words.Title, Evidence: evidence, Place: place,
		Fix: doctor.Fix{Text: fix}, Doc: code.DocPath()}
}

func commandLine(place, evidence, because, fix string) doctor.Finding {
	return note(reason.ClientCommandLine, doctor.Certain, place, evidence, because, fix)
}

// noteAll adds a note to all cases from the first on.
func (r *reader) noteAll(first int, f doctor.Finding) {
	for i := first; i < len(r.cases); i++ {
		r.cases[i].Notes = append(r.cases[i].Notes, f)
	}
}

// openNotes says what is not known of the values that matter: variables that are not set here, commands that were not
// run.
func openNotes(used []mark) []doctor.Finding {
	var list []doctor.Finding
	var unset, early, commands []string
	add := func(list *[]string, s string) {
		if !slices.Contains(*list, s) {
			*list = append(*list, s)
		}
	}
	for _, m := range used {
		for _, n := range m.names {
			if m.early {
				add(&early, "$"+n)
			} else {
				add(&unset, "$"+n)
			}
		}
		if m.command != "" && m.command != "curl" {
			add(&commands, m.command)
		}
	}
	if len(early) > 0 {
		list = append(list, note(reason.ValueNotExpanded, doctor.Likely, strings.Join(early, ", "),
			fmt.Sprintf("%s: set in front of curl, and used in the same command.", strings.Join(early, ", ")),
			"The shell fills in variables before it sets those in front of a command, so an older value is used, or none.",
			"Set the variable in a command of its own: `NAME=value; curl …`."))
	}
	if len(unset) > 0 {
		list = append(list, note(reason.ValueNotExpanded, doctor.Possible, strings.Join(unset, ", "),
			fmt.Sprintf("%s: not set here.", strings.Join(unset, ", ")),
			"Where the command runs they may be set; if not, nothing stands in their place.",
			"Export the variables and ask again, so that their values are looked at too; they are not printed."))
	}
	if len(commands) > 0 {
		list = append(list, note(reason.ValueNotEvaluated, doctor.Possible, "$(…)",
			fmt.Sprintf("%s: not run, so what it gives is not known.", strings.Join(commands, ", ")),
			"A look at a command line runs nothing by itself.", ""))
	}
	return list
}
