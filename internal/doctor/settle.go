package doctor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/token"
)

// order is the order in which faults are to be mended: what stops a request first comes first. Codes that are not in it
// come behind, by their family.
var order = []reason.Code{
	reason.ClientCommandLine, reason.HeaderLineBreak, reason.HeaderControlCharacter,

	reason.URLUserNotEncoded, reason.URLSecretNotEncoded, reason.RequestSpaceInTarget, reason.ValueNotExpanded, reason.HostMalformed,
	reason.ServiceOther, reason.NetworkName, reason.NetworkProxy, reason.NetworkConnect, reason.ClockSkew, reason.NetworkTLS, reason.TLSExpected,

	reason.TokenNotExpanded, reason.TokenEmpty, reason.HeaderDuplicate, reason.HeaderSchemeTwice, reason.HeaderSchemeMissing, reason.HeaderSchemeUnknown,
	reason.HeaderNotBase64, reason.HeaderEncodedTwice, reason.HeaderNoColon, reason.HeaderMalformed,
	reason.TokenWhitespace, reason.TokenEscaped, reason.TokenTruncated, reason.TokenMistyped,

	reason.CredentialHelper, reason.CredentialMissing, reason.CredentialInURL, reason.CredentialForeignProduct,
	reason.AppPasswordDisabled, reason.CredentialStored, reason.AppPasswordAsBearer,
	reason.CredentialSwapped, reason.CredentialUserEmpty, reason.CredentialBearerNotAccepted, reason.CredentialBasicNotAccepted,
	reason.CredentialEmailRequired, reason.CredentialUsernameRequired, reason.CredentialGitUser, reason.CredentialHelperTests,
	reason.OAuthCallback, reason.OAuthConsumerPublic, reason.OAuthPasswordGrant, reason.OAuthConsumerAsLogin, reason.CredentialPasswordNotAccepted,
	reason.TokenExpired, reason.OAuthExpired, reason.TokenRevoked, reason.CredentialUnknown, reason.CredentialKindNotAccepted,
	reason.HeaderDroppedRedirect, reason.HeaderStripped, reason.HeaderSchemeCase, reason.TokenUnscoped, reason.TokenRefused,

	reason.HostOtherProduct, reason.HostWebsite, reason.HostDataCenter, reason.HostScheme,
	reason.PathDataCenter, reason.PathPersonalWorkspace, reason.PathVersionGone, reason.PathVersionMissing, reason.PathDoubleSlash, reason.PathBraces,
	reason.PathMalformed, reason.PathName, reason.PathRemoved, reason.MethodNotAllowed, reason.PathUnknown,
	reason.ScopeMissing, reason.TokenOutOfBounds, reason.PrivilegeMissing,
}

var rank = func() map[reason.Code]int {
	m := make(map[reason.Code]int, len(order))
	for i, code := range order {
		m[code] = i
	}
	return m
}()

func rankOf(code reason.Code) int {
	if i, ok := rank[code]; ok {
		return i
	}
	return len(order)
}

// vague are the findings that only repeat that something was refused. One of the families that explain it takes their
// place, when it is certain or likely.
var vague = map[reason.Code][]string{
	reason.TokenRefused:       {"credential", "token", "header", "app_password", "oauth", "network", "service", "url"},
	reason.CredentialMissing:  {"header", "network", "url"},
	reason.RepositoryNotFound: {"path", "value", "host", "credential", "header", "app_password", "token", "policy", "network", "ssh"},
	reason.ResourceNotFound:   {"path", "value", "host", "credential", "header", "app_password", "token"},
	reason.PrivilegeMissing:   {"policy", "scope", "workspace", "network", "service", "credential", "git", "app_password"},
	reason.ScopeMissing:       {"policy", "privilege", "credential", "app_password"},
	reason.HeaderLineBreak:    {"header"},
	reason.RequestMalformed:   {"header", "url", "path", "request", "value"},
	reason.PathUnknown:        {"path", "host", "value"},
	reason.HeaderStripped:     {"header", "credential", "token", "app_password"},
	reason.PolicyBranch:       {"policy"},
}

// explainNothing are findings that are no cause of a refusal, though they are of a family that is: another answer than
// 401 belongs to them, or they are advice.
var explainNothing = []reason.Code{reason.HeaderSchemeCase, reason.CredentialKindNotAccepted, reason.CredentialDuplicate, reason.CredentialStored}

// settle makes one list of all findings: what a better one explains and what is said twice is left out, and the fault to
// mend first comes first.
func settle(f *facts, found []Finding) []Finding {
	list := []Finding{}
	for _, x := range found {
		if f.answer != nil && f.answer.authentic && refuted(f, x) {
			continue
		}
		if i := slices.IndexFunc(list, func(y Finding) bool { return f.same(y, x) }); i >= 0 {
			list[i] = f.fold(list[i], x)
			continue
		}
		list = append(list, x)
	}
	list = slices.DeleteFunc(slices.Clone(list), func(x Finding) bool { return isVague(x, list) })
	slices.SortStableFunc(list, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(certainty(a), certainty(b)), cmp.Compare(rankOf(a.Reason), rankOf(b.Reason)))
	})
	return list
}

// certainty puts what is only possible behind the rest.
func certainty(x Finding) int {
	if x.Certainty == Possible || x.Reason == reason.ValueNotEvaluated {
		return 1
	}
	return 0
}

// refuted tells that the answer shows the opposite: the credential was accepted as it was sent.
func refuted(f *facts, x Finding) bool {
	if f.answer.Status == 401 || x.Place == f.answer.Place {
		return false
	}
	switch x.Reason {
	case reason.CredentialKindNotAccepted, reason.CredentialInURL, reason.CredentialStored:
		return false
	case reason.PathUnknown: // a path whose scopes are asked for, or that answers, is there
		return len(f.answer.required) > 0 || f.answer.Status < 300
	}
	switch x.Reason.Family() {
	case "credential", "token", "app_password", "oauth", "header":
		return true
	}
	return false
}

// isVague tells that a better finding explains this one.
func isVague(x Finding, list []Finding) bool {
	families, is := vague[x.Reason]
	if !is || x.Certainty == Certain {
		return false
	}
	return slices.ContainsFunc(list, func(y Finding) bool {
		better := y.Certainty == Certain || y.Certainty == Likely && x.Certainty == Possible
		return better && y.Reason != x.Reason && slices.Contains(families, y.Reason.Family()) && !slices.Contains(explainNothing, y.Reason)
	}) || x.Reason == reason.RepositoryNotFound && x.Certainty == Possible && slices.ContainsFunc(list, func(y Finding) bool { return y.Reason == reason.TokenRefused })
}

// same tells that two findings are one fault: of one reason, and at one place or seen in two ways.
func (f *facts) same(x, y Finding) bool {
	return x.Reason == y.Reason && (x.Place == y.Place || f.seen(x) || f.seen(y))
}

// seen tells a finding that comes from what was seen from one that comes from what was typed.
func (f *facts) seen(x Finding) bool {
	return strings.HasPrefix(x.Place, "output") || f.answer != nil && x.Place == f.answer.Place && x.Place != ""
}

// fold makes one finding of two of the same fault: the surer one speaks, and both say what they saw.
func (f *facts) fold(x, y Finding) Finding {
	if certainty(y) < certainty(x) || y.Certainty == Certain && x.Certainty != Certain {
		x, y = y, x
	}
	if y.Evidence != "" && !strings.Contains(x.Evidence, y.Evidence) && f.seen(x) != f.seen(y) {
		x.Evidence = join(x.Evidence, y.Evidence)
	}
	return x
}

// verdict is strict about silence too: nothing found is clean only where enough is known to say so.
func verdict(f *facts, list []Finding) Verdict {
	for _, x := range list {
		if x.Certainty != Possible && x.Reason != reason.ValueNotEvaluated {
			return Faults
		}
	}
	if len(list) > 0 || !f.enough() {
		return Unknown
	}
	return Clean
}

// enough tells that the silence of the rules means something: an answer proves the credential, or its kind is known and
// nothing of it is open.
func (f *facts) enough() bool {
	if a := f.answer; a != nil {
		if a.authentic && a.Status < 400 {
			return true
		}
		if a.Status != 0 && !(f.surface == SurfaceGit && a.Status < 300) {
			return false
		}
	}
	if f.Output != "" || f.URL.Open || len(f.sent) == 0 {
		return false
	}
	s := &f.sent[0]
	if f.oauth {
		return !s.secret.Open && s.secret.Text != "" && !s.user.Open
	}
	return !s.unread && s.scheme != token.NoScheme && !s.secret.Open && (!s.user.Open || s.scheme == token.Bearer) && s.shape.Origin != token.OriginUnknown && (f.service == cloud || f.service == pail)
}

// summary says what was looked at and what is known of it.
func (f *facts) summary() string {
	var parts []string
	if len(f.sent) > 0 {
		parts = append(parts, f.sent[0].words()+f.toWhere()+".")
	} else if f.nothing {
		parts = append(parts, "No credential"+f.toWhere()+".")
	} else if f.url.host != "" || f.path != "" {
		parts = append(parts, "A request"+f.toWhere()+".")
	}
	if a := f.answer; a != nil && a.Status != 0 {
		switch {
		case a.authentic:
			as := "an authenticated caller"
			if kind := a.Header.Get("X-Credential-Type"); kind != "" {
				as += " (" + clip(kind) + ")"
			}
			parts = append(parts, fmt.Sprintf("The answer %d came to %s: the token is fine.", a.Status, as))
		case a.anonymous && a.service():
			parts = append(parts, fmt.Sprintf("The answer %d has no X-OAuth-Scopes: the caller was not authenticated.", a.Status))
			if a.Status < 300 && len(f.sent) == 0 {
				parts = append(parts, "What it shows is open to everybody, so it does not prove that a token works.")
			}
		case a.Status < 300 && f.surface == SurfaceGit:
			parts = append(parts, fmt.Sprintf("Git is let in (%d); a public repository lets in everybody.", a.Status))
		case a.Status < 300 && a.Status >= 200:
			parts = append(parts, fmt.Sprintf("The answer %d does not prove that the token works: without its headers it may be one that everybody gets.", a.Status))
		default:
			parts = append(parts, fmt.Sprintf("The answer is %d.", a.Status))
		}
	} else if need := f.needsScopes(); need != "" {
		parts = append(parts, need)
	}
	return strings.Join(parts, " ")
}

// words describe a credential without giving it away.
func (s *sending) words() string {
	what := "A secret of unknown form"
	switch {
	case s.unread || s.secret.Open:
		what = "A secret that is not known here"
	case s.shape.Problem == token.Empty:
		what = "An empty secret"
	case s.shape.Origin != token.OriginUnknown:
		what = fmt.Sprintf("An %s of %s (%s)", s.shape.Kind, s.shape.Origin, token.Mask(s.secret.Text))
		if !strings.ContainsAny(what[3:4], "aeiouAEIO") {
			what = "A" + what[2:]
		}
	}
	switch {
	case s.bare || s.scheme == token.NoScheme:
		return what + " without a scheme"
	case s.scheme == token.Bearer:
		return what + " as Bearer"
	}
	return what + " as Basic"
}

func (f *facts) toWhere() string {
	switch {
	case f.surface == SurfaceGit:
		return " for git at " + f.serviceName()
	case f.path != "" && f.surface == SurfaceREST:
		return fmt.Sprintf(" to %s %s of %s", f.method, f.shownPath(), f.serviceName())
	}
	return " to " + f.serviceName()
}

func (f *facts) serviceName() string {
	switch {
	case f.service == cloud:
		return "Bitbucket Cloud"
	case f.service == pail:
		return "a Pail server"
	case f.url.host != "" && len(f.url.host) <= 64:
		return f.url.host
	}
	return "a service that is not known"
}
