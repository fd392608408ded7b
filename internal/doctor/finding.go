package doctor

import "github.com/pailforge/pail/internal/reason"

// Certainty is how sure a finding is.
type Certainty string

// Certain follows from what is there. Likely has one more explanation that is rarely true. Possible is one of several.
const (
	Certain  Certainty = "certain"
	Likely   Certainty = "likely"
	Possible Certainty = "possible"
)

// Finding is one fault and its mend.
type Finding struct {
	Reason    reason.Code `json:"reason"`
	Certainty Certainty   `json:"certainty"`
	Because   string      `json:"because"`  // why this certainty, one sentence
	Title     string      `json:"title"`    // the reason's, or a closer one
	Evidence  string      `json:"evidence"` // what was seen, and exactly where; never a secret
	Place     string      `json:"place,omitempty"`
	Fix       Fix         `json:"fix"`
	Doc       string      `json:"doc"` // path of the reason's page on every Pail server
	// Fine tells that the credential is not to blame: it says whose matter this is.
	Fine bool `json:"credential_is_fine,omitempty"`
}

// Fix is the way out.
type Fix struct {
	Text    string `json:"text"`
	Command string `json:"command"` // to paste; variables stand for secrets
}

// Verdict is the answer in one word.
type Verdict string

// Clean: nothing is wrong as far as can be told from here, and enough is known to say so. Faults: at least one finding
// is certain or likely. Unknown: only possible causes, or too little to go by.
const (
	Clean   Verdict = "clean"
	Faults  Verdict = "faults"
	Unknown Verdict = "unknown"
)

// ExitCode is what the command ends with: 0 clean, 1 faults, 2 cannot tell.
func (v Verdict) ExitCode() int {
	switch v {
	case Clean:
		return 0
	case Faults:
		return 1
	}
	return 2
}

// Report is what Examine found, the fault to mend first in front.
type Report struct {
	Verdict  Verdict   `json:"verdict"`
	Findings []Finding `json:"findings"`
	// Summary says in a sentence or two what was looked at and what is known of it.
	Summary string `json:"summary"`
}
