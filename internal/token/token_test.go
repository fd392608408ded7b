package token

import (
	"encoding/base64"
	"hash/crc32"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestMint(t *testing.T) {
	clean := regexp.MustCompile(`^[A-Za-z0-9]+$`)
	prefixes := map[string]Kind{}
	for _, k := range Kinds() {
		secret := Mint(k)
		if len(secret) != k.Len() || !strings.HasPrefix(secret, k.Prefix()) || !clean.MatchString(secret) {
			t.Errorf("%v: %q, want %d characters", k, secret, k.Len())
		}
		if secret == Mint(k) {
			t.Errorf("%v: the same secret twice", k)
		}
		if other, taken := prefixes[k.Prefix()]; taken {
			t.Errorf("%v and %v share a prefix", k, other)
		}
		prefixes[k.Prefix()] = k
		body, sum := secret[:len(secret)-8], secret[len(secret)-8:]
		if want, _ := strconv.ParseUint(sum, 16, 32); uint32(want) != crc32.ChecksumIEEE([]byte(body)) || strings.ToUpper(sum) != sum {
			t.Errorf("%v: checksum %s", k, sum)
		}
	}
	// Clients tell kinds by these beginnings; scanners take the longer ones for Atlassian's.
	for k, begin := range map[Kind]string{APIToken: "ATAT", AccessToken: "ATCT", AppPassword: "ATBB"} {
		if s := Mint(k); !strings.HasPrefix(s, begin) || strings.HasPrefix(s, begin+"T3") {
			t.Errorf("%v begins with %s", k, s[:6])
		}
	}
}

func TestMintUsesTheWholeAlphabet(t *testing.T) {
	seen := map[byte]int{}
	for range 200 {
		s := Mint(APIToken)
		for i := prefixLen; i < len(s)-crcLen; i++ {
			seen[s[i]]++
		}
	}
	if len(seen) != len(alphabet) {
		t.Errorf("%d of %d characters occur", len(seen), len(alphabet))
	}
}

func TestMintRefusesUnknown(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	Mint(Unknown)
}

func TestMask(t *testing.T) {
	for secret, want := range map[string]string{
		"":                       "… (0 characters)",
		"x":                      "… (1 character)",
		"hunter2":                "hu… (7 characters)",
		"abc\n\x00é":             "ab… (7 characters)",
		strings.Repeat("a", 192): "aaaaaaaaaaaa… (192 characters)",
	} {
		if got := Mask(secret); got != want {
			t.Errorf("Mask(%q) = %q, want %q", secret, got, want)
		}
	}
}

func TestHash(t *testing.T) {
	a, b := Mint(APIToken), Mint(APIToken)
	if !Equal(Hash(a), Hash(a)) || Equal(Hash(a), Hash(b)) {
		t.Error("hashes do not tell secrets apart")
	}
}

func anyKind() *rapid.Generator[Kind] { return rapid.SampledFrom(Kinds()) }

func TestMintedIsGood(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := anyKind().Draw(t, "kind")
		secret := Mint(k)
		s := Inspect(secret)
		if !s.Good() || s.Kind != k || s.Trimmed != secret || s.Detail != "" {
			t.Fatalf("%+v", s)
		}
		if code, refused := s.Reason(); refused {
			t.Fatalf("refused with %s", code)
		}
	})
}

func TestEveryWrongCharacterIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := []byte(Mint(anyKind().Draw(t, "kind")))
		at := rapid.IntRange(0, len(secret)-1).Draw(t, "at")
		c := rapid.Byte().Draw(t, "c")
		if secret[at] == c {
			return
		}
		secret[at] = c
		if s := Inspect(string(secret)); s.Problem == None {
			t.Fatalf("position %d, byte %q: %+v", at, c, s)
		}
	})
}

func TestEveryCutIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := anyKind().Draw(t, "kind")
		secret := Mint(k)
		keep := rapid.IntRange(0, len(secret)-1).Draw(t, "keep")
		if s := Inspect(secret[:keep]); s.Problem == None || keep >= prefixLen && (s.Problem != Truncated || s.Kind != k) {
			t.Fatalf("the first %d: %+v", keep, s)
		}
		if s := Inspect(secret[len(secret)-keep:]); s.Problem == None {
			t.Fatalf("the last %d: %+v", keep, s)
		}
		if lost := len(secret) - keep; lost <= prefixLen {
			if s := Inspect(secret[lost:]); s.Problem != Truncated || s.Kind != k {
				t.Fatalf("without the first %d: %+v", lost, s)
			}
		}
	})
}

func TestSwappedNeighboursAreFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := []byte(Mint(anyKind().Draw(t, "kind")))
		at := rapid.IntRange(0, len(secret)-2).Draw(t, "at")
		if secret[at] == secret[at+1] {
			return
		}
		secret[at], secret[at+1] = secret[at+1], secret[at]
		if s := Inspect(string(secret)); s.Problem != Mistyped && !(at == prefixLen-1 && s.Problem != None) {
			t.Fatalf("at %d: %+v", at, s)
		}
	})
}

func TestNoAllocationOnTheGoodPath(t *testing.T) {
	secret := Mint(APIToken)
	if n := testing.AllocsPerRun(100, func() { Inspect(secret) }); n != 0 {
		t.Errorf("Inspect allocates %v times", n)
	}
	bearer := []string{"Bearer " + secret}
	if n := testing.AllocsPerRun(100, func() { ParseAuthorization(bearer) }); n != 0 {
		t.Errorf("Bearer allocates %v times", n)
	}
	basic := []string{"Basic " + base64.StdEncoding.EncodeToString([]byte("someone@example.com:"+secret))}
	if n := testing.AllocsPerRun(100, func() { ParseAuthorization(basic) }); n != 1 {
		t.Errorf("Basic allocates %v times, want 1", n)
	}
}

func BenchmarkInspect(b *testing.B) {
	secret := Mint(APIToken)
	for b.Loop() {
		Inspect(secret)
	}
}

func BenchmarkParseBasic(b *testing.B) {
	values := []string{"Basic " + base64.StdEncoding.EncodeToString([]byte("someone@example.com:"+Mint(APIToken)))}
	for b.Loop() {
		ParseAuthorization(values)
	}
}

func BenchmarkMint(b *testing.B) {
	for b.Loop() {
		Mint(APIToken)
	}
}
