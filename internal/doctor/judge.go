package doctor

import (
	"fmt"
	"slices"
)

// A rule looks at the facts for one kind of fault.
type rule func(*facts) []Finding

// rules are asked in this order; settle puts what they find into the order of mending.
var rules = []rule{
	// what was typed
	lineBreaks, controlCharacters, recipe, damagedURL, pathNotExpanded, userNotExpanded, secretNotExpanded, emptySecret,
	duplicates, malformedHeader, headerName, whitespace, escaped, cut,
	// which kind of secret goes with which user, scheme and surface
	foreignSecrets, pairing, kindForOperation, inQuery, notSent,
	// where it goes
	wrongHost, plainHTTP, gitAddress, dataCenter, pathForm, noOperation,
	// what came back
	explained, scopes, answerSays, outputSays, schemeCase, clock,
}

// Examine judges one attempt: it classifies what would be sent where, and asks every rule. It takes any case and sends
// nothing.
func Examine(c Case) Report {
	f := classify(&c)
	f.found = slices.Clone(c.Notes)
	for _, r := range rules {
		f.found = append(f.found, r(f)...)
	}
	list := settle(f, f.found)
	report := Report{Verdict: verdict(f, list), Findings: list, Summary: f.summary()}
	report.hide(f.secrets())
	return report
}

// ExamineAll judges several attempts that one input holds: the findings of each in turn, and a fault that they share
// once.
func ExamineAll(cases []Case) Report {
	if len(cases) == 1 {
		return Examine(cases[0])
	}
	all := Report{Verdict: Clean, Findings: []Finding{}}
	counts := map[Verdict]int{}
	for _, c := range cases {
		one := Examine(c)
		counts[one.Verdict]++
		for _, x := range one.Findings {
			if !slices.ContainsFunc(all.Findings, func(y Finding) bool { return x.Reason == y.Reason && x.Place == y.Place && x.Evidence == y.Evidence }) {
				all.Findings = append(all.Findings, x)
			}
		}
	}
	switch {
	case counts[Faults] > 0:
		all.Verdict = Faults
	case counts[Unknown] > 0 || len(cases) == 0:
		all.Verdict = Unknown
	}
	if len(cases) > 0 {
		all.Summary = fmt.Sprintf("%d were looked at: %d with faults, %d clean, %d not certain.", len(cases), counts[Faults], counts[Clean], counts[Unknown])
	}
	return all
}

// blames tells whether a certain or likely fault of one of the families was found already.
func (f *facts) blames(families ...string) bool {
	return slices.ContainsFunc(f.found, func(x Finding) bool { return x.Certainty != Possible && slices.Contains(families, x.Reason.Family()) })
}
