package doctortest

import (
	"slices"

	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/reason"
)

// Where a pitfall exists.
type Where uint8

// The services.
const (
	Both  Where = iota
	Cloud       // bitbucket.org only
	Pail        // Pail servers only
)

// Pitfall is one way in which a credential does not work.
type Pitfall struct {
	Name    string // unique
	Symptom string // what somebody does or sees, for the documentation
	Where   Where
	Make    func(Kit) doctor.Case

	First reason.Code // what the doctor must find first
	How   doctor.Certainty
	Fine  bool          // the finding says that the credential is not to blame
	Also  []reason.Code // what it must find too
	Never []reason.Code // what would be a false accusation
}

// On tells whether the pitfall exists at the service of a kit.
func (p *Pitfall) On(k Kit) bool {
	return p.Where == Both || p.Where == Pail == k.Pail
}

// All lists every pitfall, in the order of the documentation.
func All() []Pitfall {
	return slices.Concat(header, damage, pairing, place, answers, printed)
}

// Groups lists the pitfalls under headings.
func Groups() []Group {
	return []Group{
		{"The header", header}, {"Values that are not filled in, or damaged", damage}, {"Secret, user, scheme and surface", pairing},
		{"Host and path", place}, {"Answers", answers}, {"What git and tools print", printed},
	}
}

// Group is a part of the list.
type Group struct {
	Title    string
	Pitfalls []Pitfall
}

// codes is short for a list.
func codes(list ...reason.Code) []reason.Code { return list }
