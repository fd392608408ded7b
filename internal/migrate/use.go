package migrate

import "github.com/pailforge/pail/internal/doctor"

// what is the sort of a use.
type what uint8

const (
	useSecret   what = iota // an app password by itself
	useVariable             // the name of a variable that holds one
	useLogin                // a user and a secret, sent as Basic
	useBearer               // a secret, sent as Bearer
	useWrap                 // base64 that breaks its lines, for a header
	useNewline              // echo that adds a line end to what is encoded
	useCall                 // an address of the API
	useJenkins              // a credential that Jenkins keeps
)

// use is one place where a file holds or uses a credential, or an address, of Bitbucket Cloud. The readers find them;
// judge makes findings of them, and caseOf cases for the doctor.
type use struct {
	what    what
	at      int    // what is pointed at
	where   string // for a person: "remote origin", "curl", "provider bitbucket"
	tool    string // "git", "curl", "renovate", …, "" when not known
	surface doctor.Surface
	method  string
	address address // what the credential is sent to, if that is known
	user    value
	secret  value
	beside  bool   // another use is of the same request, and has its credential
	asIs    bool   // in single quotation marks: no shell replaces anything
	inURL   bool   // user and secret stand in the address
	pushes  bool   // the file pushes to git
	header  string // the Authorization header as written, for the doctor
	edits   []edit // what fix does about it
}

// edit is a replacement in the text.
type edit struct {
	start, end int
	text       string
}

// reader collects the uses of a document.
type reader struct {
	*document
	uses   []use
	claims []span // what a use has taken, so that no other reader takes it again
}

type span struct{ start, end int }

// maxUses is how many uses of one file are told: nobody mends a file with more one by one.
const maxUses = 1000

func (r *reader) add(u use, claims ...span) {
	if len(r.uses) >= maxUses {
		return
	}
	r.uses = append(r.uses, u)
	r.claims = append(r.claims, claims...)
}

func (r *reader) claimed(at int) bool {
	for _, s := range r.claims {
		if s.start <= at && at < s.end {
			return true
		}
	}
	return false
}

func (v value) span() span { return span{v.at, v.at + len(v.text)} }

// inspect finds the uses in a document. Readers that know the most about a place come first.
func inspect(d *document) []use {
	r := &reader{document: d}
	switch d.kind {
	case kindTest:
		return nil
	case kindQuiet:
		r.secrets()
		return r.uses
	}
	switch d.kind {
	case kindGit:
		r.gitConfig()
	case kindNetrc:
		r.netrc()
	case kindYAML:
		r.yaml()
	case kindObjects:
		r.objects()
	case kindHCL:
		r.hcl()
	case kindXML:
		r.xml()
	}
	r.commands()
	r.urls()
	r.headers()
	r.pairs()
	r.recipes()
	r.jenkinsfile()
	r.assignments()
	r.secrets()
	r.variables()
	return r.uses
}
