package scope

import "fmt"

// Scope is one privilege scope: an index into the package's table. The zero
// value is no scope; it is never granted and never required.
type Scope uint8

// API-token scopes. Each stands for itself alone.
const (
	_ Scope = iota

	ReadRepository
	WriteRepository
	AdminRepository
	DeleteRepository
	ReadPullRequest
	WritePullRequest
	ReadProject
	AdminProject
	ReadWorkspace
	AdminWorkspace
	ReadUser
	WriteUser
	ReadPipeline
	WritePipeline
	AdminPipeline
	ReadRunner
	WriteRunner
	ReadIssue
	WriteIssue
	DeleteIssue
	ReadWiki
	WriteWiki
	DeleteWiki
	AllWiki // wiki:bitbucket, the same as the three above together
	ReadWebhook
	WriteWebhook
	DeleteWebhook
	ReadSnippet
	WriteSnippet
	DeleteSnippet
	ReadSSHKey
	WriteSSHKey
	DeleteSSHKey
	ReadGPGKey
	WriteGPGKey
	DeleteGPGKey
	ReadPermission
	WritePermission
	DeletePermission
	ReadTest
	WriteTest
	ReadPackage
	WritePackage
	ReadMe
	ReadAccount
	ManageOrg
)

// Legacy scopes, of app passwords, OAuth consumers and access tokens.
const (
	LegacyAccount Scope = iota + ManageOrg + 1
	LegacyAccountWrite
	LegacyEmail
	LegacyTeam
	LegacyTeamWrite
	LegacyProject
	LegacyProjectWrite
	LegacyProjectAdmin
	LegacyRepository
	LegacyRepositoryWrite
	LegacyRepositoryAdmin
	LegacyRepositoryDelete
	LegacyPullRequest
	LegacyPullRequestWrite
	LegacyIssue
	LegacyIssueWrite
	LegacyWiki
	LegacySnippet
	LegacySnippetWrite
	LegacyWebhook
	LegacyPipeline
	LegacyPipelineWrite
	LegacyPipelineVariable
	LegacyRunner
	LegacyRunnerWrite
	LegacyTest
	LegacyTestWrite

	end // one past the last scope
)

// Info describes one scope, for pages, forms and answers.
type Info struct {
	Scope      Scope
	Name       string // as it is spelled in requests and answers
	Area       string // what it is about: "repositories", "pull requests", ...
	Verb       string // read, write, admin, delete, manage or all
	Permits    string // one sentence without a full stop: what it lets a caller do
	Excludes   string // what people wrongly expect of it; empty when nothing stands out
	Legacy     bool   // a scope of app passwords, OAuth consumers and access tokens
	Deprecated bool   // still understood, no longer handed out
	Implies    Set    // the other scopes it grants; empty for every API-token scope but wiki:bitbucket
}

// String returns the scope's name, or "" for the zero value and for values
// outside the table.
func (s Scope) String() string { return s.Info().Name }

// Valid reports whether s names a scope of the table.
func (s Scope) Valid() bool { return s > 0 && s < end }

// Legacy reports whether s belongs to app passwords, OAuth consumers and
// access tokens rather than to API tokens.
func (s Scope) Legacy() bool { return s >= LegacyAccount && s < end }

// Info describes s. It returns the zero Info when s is not valid.
func (s Scope) Info() Info {
	if !s.Valid() {
		return Info{}
	}
	return table[s]
}

// All describes every scope, API-token scopes first, both in table order:
// area by area, and within an area from the least to the most powerful verb.
// The slice is the caller's.
func All() []Info {
	out := make([]Info, end-1)
	copy(out, table[1:])
	return out
}

// Parse finds the scope with exactly this name. The error is an
// [*UnknownError].
func Parse(name string) (Scope, error) {
	if s, ok := byName[name]; ok {
		return s, nil
	}
	return 0, &UnknownError{Name: shown(name), Nearest: nearest(name).String()}
}

// UnknownError says that a name is no scope.
type UnknownError struct {
	// Name is the name as asked for. A name that does not look like a scope
	// (it might be a secret pasted into the wrong field) is cut to its first
	// 12 characters and its length.
	Name string
	// Nearest is the known scope that was probably meant, or "".
	Nearest string
}

// Error names the unknown scope and the one that was probably meant.
func (e *UnknownError) Error() string {
	if e.Nearest == "" {
		return fmt.Sprintf("unknown scope %q: the API's scopes look like read:repository:bitbucket", e.Name)
	}
	return fmt.Sprintf("unknown scope %q: did you mean %q?", e.Name, e.Nearest)
}

var byName = func() map[string]Scope {
	m := make(map[string]Scope, end)
	for s := Scope(1); s < end; s++ {
		m[table[s].Name] = s
	}
	return m
}()
