package token

import (
	"encoding/base64"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/reason"
)

func encode(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// wrap is what GNU base64 makes of a text, with sep for its line ends.
func wrap(s, sep string) string {
	var lines []string
	for e := encode(s); ; e = e[76:] {
		if len(e) <= 76 {
			return strings.Join(append(lines, e), sep)
		}
		lines = append(lines, e[:76])
	}
}

func utf16le(s string) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

func TestParseAuthorization(t *testing.T) {
	secret := Mint(APIToken)
	const user = "someone@example.com"
	pair := user + ":" + secret
	ok := Credential{Basic, user, secret}
	cases := map[string]struct {
		values []string
		want   Credential
		code   reason.Code
		lines  int
		detail string
	}{
		"none":                   {nil, Credential{}, "", 0, ""},
		"basic":                  {[]string{"Basic " + encode(pair)}, ok, "", 0, ""},
		"basic, small letters":   {[]string{"basic " + encode(pair)}, ok, "", 0, ""},
		"basic, capitals":        {[]string{"BASIC " + encode(pair)}, ok, "", 0, ""},
		"white space around":     {[]string{" \tBasic \t " + encode(pair) + " "}, ok, "", 0, ""},
		"without padding":        {[]string{"Basic " + strings.TrimRight(encode("a:b"), "=")}, Credential{Basic, "a", "b"}, "", 0, ""},
		"url alphabet":           {[]string{"Basic " + base64.URLEncoding.EncodeToString([]byte("a:ÿÿ?>~"))}, Credential{Basic, "a", "ÿÿ?>~"}, "", 0, ""},
		"umlaut":                 {[]string{"Basic " + encode("jörg:geheim")}, Credential{Basic, "jörg", "geheim"}, "", 0, ""},
		"colon in the secret":    {[]string{"Basic " + encode("a:b:c")}, Credential{Basic, "a", "b:c"}, "", 0, ""},
		"user empty":             {[]string{"Basic " + encode(":"+secret)}, Credential{Basic, "", secret}, "", 0, ""},
		"bearer":                 {[]string{"Bearer " + secret}, Credential{Bearer, "", secret}, "", 0, ""},
		"bearer, any case":       {[]string{"bEARER " + secret}, Credential{Bearer, "", secret}, "", 0, ""},
		"bearer, placeholder":    {[]string{"Bearer ${{ secrets.X }}"}, Credential{Bearer, "", "${{ secrets.X }}"}, "", 0, ""},
		"two headers":            {[]string{"Basic " + encode(pair), "Bearer " + secret}, Credential{}, reason.HeaderDuplicate, 0, "2 Authorization"},
		"empty header":           {[]string{""}, Credential{}, reason.TokenEmpty, 0, "empty"},
		"basic alone":            {[]string{"Basic "}, Credential{}, reason.TokenEmpty, 0, "Basic"},
		"bearer alone":           {[]string{"Bearer"}, Credential{}, reason.TokenEmpty, 0, "Bearer"},
		"wrapped":                {[]string{"Basic " + wrap(pair, " ")}, Credential{}, reason.HeaderLineBreak, 2, "76 columns"},
		"wrapped, four lines":    {[]string{"Basic " + wrap(user+":"+strings.Repeat("a", 192), " ")}, Credential{}, reason.HeaderLineBreak, 4, "4 pieces"},
		"wrapped bearer":         {[]string{"Bearer " + secret[:20] + " " + secret[20:]}, Credential{}, reason.HeaderLineBreak, 2, "2 pieces"},
		"raw line feeds":         {[]string{"Basic " + wrap(pair, "\n")}, Credential{}, reason.HeaderLineBreak, 2, ""},
		"echo":                   {[]string{"Basic " + encode(pair+"\n")}, Credential{}, reason.TokenWhitespace, 0, "`echo`"},
		"echo on windows":        {[]string{"Basic " + encode(pair+"\r\n")}, Credential{}, reason.TokenWhitespace, 0, "CR LF"},
		"space before secret":    {[]string{"Basic " + encode(user+": "+secret)}, Credential{}, reason.TokenWhitespace, 0, "beginning"},
		"space after user":       {[]string{"Basic " + encode(user+" :"+secret)}, Credential{}, reason.TokenWhitespace, 0, "before the colon"},
		"not encoded":            {[]string{"Basic " + pair}, Credential{}, reason.HeaderNotBase64, 0, "with a colon"},
		"not encoded, space":     {[]string{"Basic " + user + ": " + secret}, Credential{}, reason.HeaderNotBase64, 0, "with a colon"},
		"token after basic":      {[]string{"Basic " + secret}, Credential{}, reason.HeaderNotBase64, 0, "a token as it is"},
		"decoded, not encoded":   {[]string{"Basic " + encode("\x8b\xee\xfe:\xc3\x28")}, Credential{}, reason.HeaderNotBase64, 0, "not UTF-8"},
		"UTF-16":                 {[]string{"Basic " + encode(utf16le(pair))}, Credential{}, reason.HeaderNotBase64, 0, "PowerShell"},
		"quotes in the value":    {[]string{`Basic "` + encode(pair) + `"`}, Credential{}, reason.HeaderNotBase64, 0, "uotation"},
		"url encoded":            {[]string{"Basic YTpi%3D%3D"}, Credential{}, reason.HeaderNotBase64, 0, "percent"},
		"cut base64":             {[]string{"Basic " + encode("abcdef:ghi")[:13]}, Credential{}, reason.HeaderNotBase64, 0, "13 characters"},
		"variable after basic":   {[]string{"Basic ${AUTH}"}, Credential{}, reason.TokenNotExpanded, 0, "variable"},
		"no colon":               {[]string{"Basic " + encode(secret)}, Credential{}, reason.HeaderNoColon, 0, "secret alone"},
		"no colon, unknown":      {[]string{"Basic " + encode("hello")}, Credential{}, reason.HeaderNoColon, 0, "5 characters"},
		"encoded twice":          {[]string{"Basic " + encode(encode(pair))}, Credential{}, reason.HeaderEncodedTwice, 0, "again"},
		"both empty":             {[]string{"Basic " + encode(":")}, Credential{}, reason.TokenEmpty, 0, "both"},
		"secret empty":           {[]string{"Basic " + encode(user+":")}, Credential{}, reason.TokenEmpty, 0, "after the colon"},
		"secret blank":           {[]string{"Basic " + encode(user+": \n")}, Credential{}, reason.TokenEmpty, 0, "white space"},
		"secret as user":         {[]string{"Basic " + encode(secret+":")}, Credential{}, reason.CredentialSwapped, 0, "before the colon"},
		"swapped":                {[]string{"Basic " + encode(secret+":"+user)}, Credential{}, reason.CredentialSwapped, 0, "before the colon"},
		"basic twice":            {[]string{"Basic Basic " + encode(pair)}, Credential{}, reason.HeaderSchemeTwice, 0, "Basic"},
		"bearer twice":           {[]string{"Bearer Bearer " + secret}, Credential{}, reason.HeaderSchemeTwice, 0, "Bearer"},
		"bearer in basic":        {[]string{"Basic Bearer " + secret}, Credential{}, reason.HeaderSchemeTwice, 0, "Basic"},
		"header name in value":   {[]string{"Authorization: Basic " + encode(pair)}, Credential{}, reason.HeaderSchemeTwice, 0, "name of the header"},
		"token scheme":           {[]string{"Token " + secret}, Credential{}, reason.HeaderSchemeUnknown, 0, "Token"},
		"digest":                 {[]string{`digest username="a"`}, Credential{}, reason.HeaderSchemeUnknown, 0, "Digest"},
		"unknown scheme":         {[]string{"Whatever " + secret}, Credential{}, reason.HeaderSchemeUnknown, 0, "8 characters"},
		"colon after bearer":     {[]string{"Bearer: " + secret}, Credential{}, reason.HeaderSchemeUnknown, 0, "':'"},
		"equals after bearer":    {[]string{"Bearer=" + secret}, Credential{}, reason.HeaderSchemeUnknown, 0, "'='"},
		"quotes around all":      {[]string{`"Bearer ` + secret + `"`}, Credential{}, reason.HeaderSchemeUnknown, 0, "uotation"},
		"raw token":              {[]string{secret}, Credential{}, reason.HeaderSchemeMissing, 0, "an API token alone"},
		"raw token, words":       {[]string{secret + " " + secret}, Credential{}, reason.HeaderSchemeMissing, 0, ""},
		"raw pair":               {[]string{pair}, Credential{}, reason.HeaderSchemeMissing, 0, "with a colon"},
		"raw base64":             {[]string{encode(pair)}, Credential{}, reason.HeaderSchemeMissing, 0, "word Basic is missing"},
		"raw variable":           {[]string{"$AUTH"}, Credential{}, reason.TokenNotExpanded, 0, "variable"},
		"raw word":               {[]string{"abcdefgh!"}, Credential{}, reason.HeaderSchemeMissing, 0, "9 characters"},
		"padding only":           {[]string{"Basic =="}, Credential{}, reason.HeaderNotBase64, 0, ""},
		"a long pair":            {[]string{"Basic " + encode("a:"+strings.Repeat("b", 3000))}, Credential{Basic, "a", strings.Repeat("b", 3000)}, "", 0, ""},
		"control in the decoded": {[]string{"Basic " + encode("a:b\x01c")}, Credential{}, reason.HeaderNotBase64, 0, "control"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, f := ParseAuthorization(c.values)
			if got != c.want {
				t.Errorf("credential %v %q %d, want %v %q", got.Scheme, got.User, len(got.Secret), c.want.Scheme, c.want.User)
			}
			if f == nil {
				if c.code != "" {
					t.Errorf("no fault, want %s", c.code)
				}
				return
			}
			if f.Code != c.code || f.Lines != c.lines || !strings.Contains(f.Detail, c.detail) {
				t.Errorf("fault %s, %d lines, %q; want %s, %d, %q", f.Code, f.Lines, f.Detail, c.code, c.lines, c.detail)
			}
			if leaks(f.Error(), secret) || strings.Contains(f.Error(), user) {
				t.Errorf("the fault tells the credential: %q", f.Error())
			}
		})
	}
}

func FuzzParseAuthorization(f *testing.F) {
	secret := Mint(APIToken)
	for _, v := range []string{
		"", "Basic", "Bearer ", "Basic " + encode("a@b.c:"+secret), "Basic " + wrap("someone@example.com:"+secret, " "),
		"Bearer " + secret, secret, "Token x", "Basic Basic x", "Authorization: Bearer x", "Basic $X", "Basic " + encode(encode("a:b")),
		"Basic " + encode(utf16le("a:b")), "\"Basic x\"", "Bearer: x", "basic ====", "a\x00b",
	} {
		f.Add(v, "someone@example.com", uint16(3))
	}
	f.Fuzz(func(t *testing.T, value, user string, at uint16) {
		check := func(values ...string) {
			c, fault := ParseAuthorization(values)
			switch {
			case fault == nil && c.Scheme == NoScheme:
				t.Errorf("%q: neither credential nor fault", values)
			case fault == nil && c.Secret == "":
				t.Errorf("%q: no secret", values)
			case fault != nil && c != Credential{}:
				t.Errorf("%q: both credential and fault", values)
			case fault != nil:
				if r, ok := reason.Lookup(fault.Code); !ok || fault.Detail == "" || !strings.Contains(fault.Error(), r.Title) {
					t.Errorf("%q: fault %+v", values, fault)
				}
				if leaks(fault.Detail, secret) || leaks(fault.Detail, encode(secret)) {
					t.Errorf("the fault tells the secret: %q", fault.Detail)
				}
			}
		}
		check(value)
		check(value, value)
		// The secret with any text in it, in all the places where it can stand.
		cut := int(at) % len(secret)
		dirty := secret[:cut] + value + secret[cut:]
		check(dirty)
		check("Bearer " + dirty)
		check("Basic " + dirty)
		check(value + " " + secret)
		check("Basic " + encode(user+":"+dirty))
		check("Basic " + encode(dirty+":"+user))
		// What is encoded properly comes back as it was.
		plain := func(r rune) bool { return r < ' ' || r == 0x7F || r == ':' }
		if utf8.ValidString(user) && !strings.ContainsFunc(user, plain) && strings.Trim(user, " ") == user && Inspect(user).Origin == OriginUnknown {
			c, fault := ParseAuthorization([]string{"Basic " + encode(user+":"+secret)})
			if fault != nil || c.User != user || c.Secret != secret {
				t.Errorf("user %q: %v %v", user, c, fault)
			}
		}
	})
}
