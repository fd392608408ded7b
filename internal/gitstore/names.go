package gitstore

import (
	"strings"
	"unicode/utf8"
)

// Hash is a full object name: 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits.
type Hash string

// ZeroHash stands for "no object" where a reference is created or deleted.
const ZeroHash Hash = "0000000000000000000000000000000000000000"

// Valid tells whether h is a full object name.
func (h Hash) Valid() bool {
	return (len(h) == 40 || len(h) == 64) && isHex(string(h))
}

// IsZero tells whether h is empty or all zeros.
func (h Hash) IsZero() bool { return strings.Trim(string(h), "0") == "" }

// Short gives the first 12 digits, as Bitbucket shows them.
func (h Hash) Short() string { return string(h[:min(len(h), 12)]) }

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// ValidID tells whether id can name a repository: a UUID, lower case, without braces.
func ValidID(id string) bool {
	if len(id) != 36 {
		return false
	}
	for i := range len(id) {
		switch i {
		case 8, 13, 18, 23:
			if id[i] != '-' {
				return false
			}
		default:
			if !isHex(id[i : i+1]) {
				return false
			}
		}
	}
	return true
}

// Prefixes of the references that users see.
const (
	BranchPrefix = "refs/heads/"
	TagPrefix    = "refs/tags/"
	NotePrefix   = "refs/notes/"
)

// MaxRefName is the longest full reference name, in bytes. A component becomes a file name on
// disk, with ".lock" added while it is written, so it has a limit of its own.
const (
	MaxRefName      = 1000
	maxRefComponent = 255 - len(".lock")
)

// ValidRefName tells whether name can be a full reference name below refs/, by the rules of
// `git check-ref-format`, and within the limits of length. It must be valid UTF-8, because
// names leave the store as JSON. Branches, tags and notes whose short name begins with "refs/"
// are refused: git would take them for something else.
func ValidRefName(name string) bool {
	if len(name) > MaxRefName || !strings.HasPrefix(name, "refs/") || !utf8.ValidString(name) {
		return false
	}
	for _, prefix := range []string{BranchPrefix, TagPrefix, NotePrefix} {
		if rest, ok := strings.CutPrefix(name, prefix); ok && (rest == "refs" || strings.HasPrefix(rest, "refs/")) {
			return false
		}
	}
	return wellFormedRef(name)
}

// ValidBranchName tells whether name can be the short name of a branch. As in `git branch`, it
// does not begin with "-" and is not "HEAD".
func ValidBranchName(name string) bool {
	return name != "HEAD" && !strings.HasPrefix(name, "-") && ValidRefName(BranchPrefix+name)
}

// ValidTagName tells whether name can be the short name of a tag.
func ValidTagName(name string) bool {
	return name != "HEAD" && !strings.HasPrefix(name, "-") && ValidRefName(TagPrefix+name)
}

// wellFormedRef holds the rules of `git check-ref-format` without options.
func wellFormedRef(name string) bool {
	if strings.HasSuffix(name, ".") || strings.Contains(name, "..") || strings.Contains(name, "@{") {
		return false
	}
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c == 0x7f || strings.IndexByte(`~^:?*[\`, c) >= 0 {
			return false
		}
	}
	parts := strings.Split(name, "/")
	if len(parts) < 2 {
		return false
	}
	for _, part := range parts {
		if part == "" || part[0] == '.' || strings.HasSuffix(part, ".lock") || len(part) > maxRefComponent {
			return false
		}
	}
	return true
}

// MaxPath is the longest path inside a repository, in bytes.
const MaxPath = 4096

// ValidPath tells whether path can name a file or directory inside a tree: relative, "/" between
// non-empty components, none of them "." or ".." or ".git", no control characters. The root is
// the empty string and is not a valid path. A leading "-" is fine: paths always stand behind "--".
func ValidPath(path string) bool {
	if path == "" || len(path) > MaxPath {
		return false
	}
	for i := range len(path) {
		if path[i] < ' ' || path[i] == 0x7f {
			return false
		}
	}
	for part := range strings.SplitSeq(path, "/") {
		if part == "" || part == "." || part == ".." || len(part) > 255 || strings.EqualFold(part, ".git") {
			return false
		}
	}
	return true
}
