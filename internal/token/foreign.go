package token

import (
	"fmt"
	"strings"
)

// Forms of Atlassian's secrets as observed. Their length is not promised, so a
// finding from it is a hint.
const (
	atlassianAPI    = "ATATT3"
	atlassianAccess = "ATCTT3"
	atlassianApp    = "ATBB"
	atlassianLen    = 192
	atlassianAppLen = 36
)

// prefixes of other services.
var foreign = []struct {
	prefix string
	origin Origin
	kind   Kind
}{
	{"BBDC-", OriginDataCenter, AccessToken},
	{"github_pat_", OriginGitHub, APIToken},
	{"ghp_", OriginGitHub, APIToken},
	{"gho_", OriginGitHub, OAuthAccess},
	{"ghu_", OriginGitHub, OAuthAccess},
	{"ghs_", OriginGitHub, AccessToken},
	{"ghr_", OriginGitHub, OAuthRefresh},
	{"glpat-", OriginGitLab, APIToken},
	{"gldt-", OriginGitLab, AccessToken},
	{"glptt-", OriginGitLab, AccessToken},
	{"glcbt-", OriginGitLab, AccessToken},
	{"gloas-", OriginGitLab, OAuthClientSecret},
}

// identifyForeign recognises the secrets of other services by how they begin.
func identifyForeign(secret string) (Shape, bool) {
	switch {
	case strings.HasPrefix(secret, atlassianAPI):
		return identifyAtlassian(secret, APIToken), true
	case strings.HasPrefix(secret, atlassianAccess):
		return identifyAtlassian(secret, AccessToken), true
	case strings.HasPrefix(secret, atlassianApp) && isAlnum(secret):
		s := Shape{Kind: AppPassword, Origin: OriginAtlassian}
		if len(secret) < atlassianAppLen {
			s.Problem = Truncated
			s.Detail = fmt.Sprintf("%s arrived; an app password of Bitbucket Cloud has %d.", count(secret), atlassianAppLen)
		} else if len(secret) > atlassianAppLen {
			s.Problem = Surplus
			s.Detail = fmt.Sprintf("%s arrived; an app password of Bitbucket Cloud has %d.", count(secret), atlassianAppLen)
		}
		return s, true
	case strings.HasPrefix(secret, "eyJ") && strings.Count(secret, ".") == 2:
		return Shape{Kind: OAuthAccess, Origin: OriginJWT}, true
	}
	for _, f := range foreign {
		if strings.HasPrefix(secret, f.prefix) {
			return Shape{Kind: f.kind, Origin: f.origin}, true
		}
	}
	return Shape{}, false
}

// identifyAtlassian looks whether a token of Atlassian's is whole. It ends in
// "=" and eight hexadecimal digits. Whether these are the CRC-32 of the rest is
// observed for access tokens only, and not for all: a mismatch is a hint.
func identifyAtlassian(secret string, kind Kind) Shape {
	s := Shape{Kind: kind, Origin: OriginAtlassian}
	tail := len(secret) - crcLen - 1
	if tail > 0 && secret[tail] == '=' && isUpperHex(secret[tail+1:]) {
		if kind == AccessToken && !crcFits(secret) {
			s.Problem = Mistyped
			s.Detail = "The checksum at the end does not fit, as it does for nearly all access tokens: a character may be wrong."
		}
		return s
	}
	if len(secret) < atlassianLen {
		s.Problem = Truncated
		s.Detail = fmt.Sprintf("%s arrived, and the end is not that of a whole token; most have %d.", count(secret), atlassianLen)
		return s
	}
	s.Problem = Surplus
	s.Detail = fmt.Sprintf("%s arrived, and the end is not that of a token; most have %d.", count(secret), atlassianLen)
	return s
}

func isUpperHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; !('0' <= c && c <= '9' || 'A' <= c && c <= 'F') {
			return false
		}
	}
	return true
}
