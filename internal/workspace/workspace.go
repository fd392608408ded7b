package workspace

import (
	"errors"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/rest"
)

// ErrNotFound says that there is no such workspace, project, group or member.
var ErrNotFound = errors.New("not found in this workspace")

// Workspace is where people, groups, projects and repositories belong.
type Workspace struct {
	ID              string
	Slug            string
	Name            string
	Private         bool   // only who belongs to it sees it
	PrivacyEnforced bool   // nothing in it may be public
	ForkingMode     string // AllowForks or InternalForks
	Created         time.Time
	Updated         time.Time
}

// Project groups repositories of a workspace.
type Project struct {
	ID          string
	Key         string
	Name        string
	Description string
	Private     bool
	Created     time.Time
	Updated     time.Time
	Workspace   *Workspace
}

// Group is a named set of members of a workspace.
type Group struct {
	ID          string
	Slug        string
	Name        string
	WorkspaceID string
	Created     time.Time
}

// Role is what a member is to a workspace; each includes those below it.
type Role uint8

// The roles, as the store keeps them. 0 is no member at all.
const (
	Collaborator Role = 1 + iota // reaches single projects or repositories
	Member                       // belongs to it, and sees who else does
	Owner                        // administers it, with everything in it
)

var roleNames = [...]string{"", "collaborator", "member", "owner"}

// String is the API's name of the role.
func (r Role) String() string { return roleNames[r] }

// ParseRole is the role of that name; ok is false for any other text.
func ParseRole(name string) (r Role, ok bool) {
	for i, n := range roleNames {
		if n == name && n != "" {
			return Role(i), true
		}
	}
	return 0, false
}

// Membership is an account's place in a workspace.
type Membership struct {
	User  account.Account
	Role  Role
	Added time.Time
}

// Bounds of what people may choose.
const (
	maxSlug        = 62 // Bitbucket Cloud: a slug has at most 62 characters
	maxKey         = 128
	maxName        = 255
	maxDescription = 10000
)

// keyPattern is the rule of project keys in Bitbucket's own forms: a letter, then letters, digits and underscores.
var keyPattern = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)

var notInSlug = regexp.MustCompile(`[^a-z0-9_]+`)

// name is an identifier from a path: a uuid, or else a slug or a key.
type name struct {
	value string
	uuid  bool
}

// slugName reads what may name a workspace or a group; ok is false for what cannot be the name of one.
func slugName(s string) (n name, ok bool) {
	if id, ok := rest.Unbraced(s); ok {
		return name{id, true}, true
	}
	slug := strings.ToLower(s)
	return name{value: slug}, ascii(s) && validSlug(slug)
}

// Slug is the slug that s is, in its stored form; ok is false for what cannot be one.
func Slug(s string) (slug string, ok bool) {
	n, ok := slugName(s)
	return n.value, ok && !n.uuid
}

// keyName reads what may name a project; ok is false for what cannot be the name of one.
func keyName(s string) (n name, ok bool) {
	if id, ok := rest.Unbraced(s); ok {
		return name{id, true}, true
	}
	key := strings.ToUpper(s)
	return name{value: key}, ascii(s) && validKey(key)
}

// validSlug reports whether s can be a slug. It never begins with a hyphen, so it is never taken for an option.
func validSlug(s string) bool {
	if len(s) < 1 || len(s) > maxSlug || s[0] == '-' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

// ascii reports whether s is ASCII. Other letters can have an ASCII letter as their upper or lower case.
func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func validKey(s string) bool { return len(s) <= maxKey && keyPattern.MatchString(s) }

// checkSlug brings a chosen slug into its stored form. A slug that reads as a uuid would hide what has that uuid.
func checkSlug(field, s string) (string, error) {
	n, ok := slugName(strings.TrimSpace(s))
	if !ok || n.uuid {
		return s, rest.InvalidField(field, "use 1 to 62 letters, digits, _ and -, do not begin with - and do not take a uuid")
	}
	return n.value, nil
}

// slugOf makes a slug of a name: lower case, and one hyphen for whatever a slug cannot hold. It is "" when nothing of
// the name is left.
func slugOf(title string) string {
	slug := strings.Trim(notInSlug.ReplaceAllString(strings.ToLower(title), "-"), "-")
	return strings.TrimRight(slug[:min(len(slug), maxSlug)], "-")
}

func checkKey(s string) (string, error) {
	n, ok := keyName(strings.TrimSpace(s))
	if !ok || n.uuid {
		return s, rest.InvalidField("key", "use 1 to 128 letters, digits and _, and begin with a letter")
	}
	return n.value, nil
}

// checkName brings a chosen name into its stored form: one line of text that is not empty.
func checkName(s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return s, rest.InvalidField("name", "the name is empty")
	}
	return s, checkText("name", s, maxName, false)
}

// checkText refuses text that is too long or holds characters that nobody can see; lines allows line breaks and tabs.
func checkText(field, s string, limit int, lines bool) error {
	if !utf8.ValidString(s) {
		return rest.InvalidField(field, "this is not UTF-8")
	}
	if utf8.RuneCountInString(s) > limit {
		return rest.InvalidField(field, "the text is too long")
	}
	for _, c := range s {
		if unicode.IsControl(c) && !(lines && (c == '\n' || c == '\r' || c == '\t')) {
			return rest.InvalidField(field, "control characters are not allowed")
		}
	}
	return nil
}

// The forking modes: private repositories may be forked anywhere, or within their workspace only (schema workspace).
const (
	AllowForks    = "allow_forks"
	InternalForks = "internal_only"
)
