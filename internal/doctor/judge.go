package doctor

// Examine judges one attempt.
func Examine(c Case) Report { return ExamineAll([]Case{c}) }

// ExamineAll judges several attempts that one input holds.
func ExamineAll(cases []Case) Report {
	r := Report{Verdict: Unknown, Findings: []Finding{}}
	for i := range cases {
		r.Findings = append(r.Findings, cases[i].Notes...)
	}
	return r
}
