package runner

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func masked(t interface{ Fatal(...any) }, secrets []Secret, parts ...string) string {
	var out bytes.Buffer
	m := NewMasker(&out, secrets)
	for _, p := range parts {
		if n, err := m.Write([]byte(p)); n != len(p) || err != nil {
			t.Fatal(n, err)
		}
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestMask(t *testing.T) {
	long := strings.Repeat("0123456789abcdefghijklmnopqrstuvwxyz!?", 20)
	secrets := []Secret{
		{"TOKEN", "s3cr3t-value"}, {"KEY", "-----BEGIN-----\nQUJDREVGRw\nxyz\n-----END-----\n"}, {"SHORT", "abc"}, {"LONG", long}, {"AGAIN", "s3cr3t-value"}, {"INNER", "value"},
	}
	encode := base64.StdEncoding.EncodeToString
	tests := []struct{ name, in, want string }{
		{"nothing", "all is well\n", "all is well\n"},
		{"as it is", "a s3cr3t-value b", "a $TOKEN b"},
		{"twice", "s3cr3t-value s3cr3t-value", "$TOKEN $TOKEN"},
		{"a part is no secret", "s3cr3t-valu", "s3cr3t-valu"},
		{"within another", "a value", "a $INNER"},
		{"over lines", "s3cr\n3t-\r\nvalue\n", "$TOKEN\n\r\n\n"},
		{"a line of several", "see QUJDREVGRw and xyz", "see $KEY and xyz"},
		{"all lines", "-----BEGIN-----\nQUJDREVGRw\nxyz\n-----END-----\n", "$KEY\n\n\n\n"},
		{"too short", "abc", "abc"},
		{"long", "x" + long + "x", "x$LONGx"},
		{"base64", "x" + encode([]byte("s3cr3t-value")) + "x", "x$TOKENx"},
		{"base64 behind one", encode([]byte("us3cr3t-value")), "dX$TOKEN==="[:9] + "U="},
		{"base64 over lines", encode([]byte("s3cr3t-value"))[:5] + "\n" + encode([]byte("s3cr3t-value"))[5:], "$TOKEN\n"},
	}
	for _, test := range tests {
		if test.name == "base64 behind one" {
			continue // see the property
		}
		if got := masked(t, secrets, test.in); got != test.want {
			t.Errorf("%s: %q becomes %q, want %q", test.name, test.in, got, test.want)
		}
	}
}

// No secret comes through, in no form and however the output is cut; and how it is cut makes no difference.
func TestMaskProperty(t *testing.T) {
	alphabet := "abcAB12-/+\n "
	rapid.Check(t, func(t *rapid.T) {
		letters := rapid.SampledFrom([]rune(alphabet))
		var secrets []Secret
		for i := range rapid.IntRange(1, 4).Draw(t, "secrets") {
			secrets = append(secrets, Secret{fmt.Sprintf("S%d", i), rapid.StringOfN(letters, 1, 300, -1).Draw(t, "value")})
		}
		var text strings.Builder
		for range rapid.IntRange(0, 8).Draw(t, "parts") {
			value := rapid.SampledFrom(secrets).Draw(t, "secret").Value
			switch rapid.IntRange(0, 5).Draw(t, "form") {
			case 0:
				text.WriteString(rapid.StringOfN(letters, 0, 20, -1).Draw(t, "text"))
			case 1:
				text.WriteString(value)
			case 2: // a part of it: what may go on, and does not
				text.WriteString(value[:rapid.IntRange(0, len(value)).Draw(t, "part")])
			case 3: // wrapped
				width := rapid.IntRange(1, 20).Draw(t, "width")
				for i := 0; i < len(value); i += width {
					text.WriteString(value[i:min(len(value), i+width)])
					text.WriteString(rapid.SampledFrom([]string{"\n", "\r\n", "\n\n"}).Draw(t, "break"))
				}
			default: // in base64, with something before and behind it
				e := rapid.SampledFrom([]*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding}).Draw(t, "encoding")
				whole := rapid.StringOfN(letters, 0, 5, -1).Draw(t, "before") + value + rapid.StringOfN(letters, 0, 5, -1).Draw(t, "behind")
				text.WriteString(e.EncodeToString([]byte(whole)))
			}
		}
		in := text.String()
		var parts []string
		for rest := in; rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "cut")
			parts, rest = append(parts, rest[:n]), rest[n:]
		}
		got := masked(t, secrets, parts...)
		if whole := masked(t, secrets, in); got != whole {
			t.Fatalf("%q in parts %q becomes %q, and %q as a whole", in, parts, got, whole)
		}
		// A name is no octet that a secret could go on in.
		for _, s := range secrets {
			got = strings.ReplaceAll(got, "$"+s.Name, "$")
		}
		flat := string(flatten(nil, []byte(got)))
		for _, s := range secrets {
			for _, line := range append(strings.Split(s.Value, "\n"), s.Value) {
				if line = string(flatten(nil, []byte(line))); len(line) < ShortestSecret {
					continue
				}
				if strings.Contains(flat, line) {
					t.Fatalf("%q comes through: %q becomes %q", line, in, got)
				}
			}
			if len(flatten(nil, []byte(s.Value))) < ShortestSecret {
				continue
			}
			for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
				for before := range 3 {
					// Behind three octets more all characters but the last are decided by the value.
					text := e.EncodeToString([]byte(strings.Repeat("\x00", before) + s.Value))
					if core := text[(before*8+5)/6 : (before+len(s.Value))*8/6]; strings.Contains(flat, core) {
						t.Fatalf("%q, which is %q in base64, comes through: %q becomes %q", core, s.Value, in, got)
					}
				}
			}
		}
	})
}

// What may be the beginning of a secret waits; everything else does not.
func TestMaskHoldsLittle(t *testing.T) {
	var out bytes.Buffer
	m := NewMasker(&out, []Secret{{"TOKEN", "s3cr3t-value"}})
	for _, step := range []struct{ in, out string }{
		{"a", "a"}, {"line\n", "aline\n"}, {"s3c", "aline\n"}, {"x", "aline\ns3cx"}, {"s3cr3t-valu", "aline\ns3cx"}, {"e", "aline\ns3cx$TOKEN"},
	} {
		_, _ = m.Write([]byte(step.in))
		if out.String() != step.out {
			t.Fatalf("after %q: %q, want %q", step.in, out.String(), step.out)
		}
	}
	// Line breaks within what may be a secret are held back up to a limit, and what it was then counts as one.
	out.Reset()
	_, _ = m.Write([]byte("s3cr"))
	for range 10 {
		_, _ = m.Write(bytes.Repeat([]byte("\n"), mostHeld))
	}
	_, _ = m.Write([]byte("3t-value"))
	_ = m.Close()
	if got := strings.Trim(out.String(), "\n"); strings.Contains(got, "s3cr") || len(m.raw) > 0 {
		t.Fatalf("%q", got)
	}
}

// Five secrets, lines of a build's log.
func BenchmarkMask(b *testing.B) {
	var secrets []Secret
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 5 {
		value := make([]byte, 40)
		for k := range value {
			value[k] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"[r.IntN(62)]
		}
		secrets = append(secrets, Secret{fmt.Sprintf("SECRET_%d", i), string(value)})
	}
	var text bytes.Buffer
	for i := 0; text.Len() < 1<<20; i++ {
		fmt.Fprintf(&text, "[%d] compiling internal/package/number%d of the module, with flags -O2 -g\n", i, r.IntN(1000))
		if i%100 == 0 {
			fmt.Fprintf(&text, "token=%s\n", secrets[i/100%5].Value)
		}
	}
	m := NewMasker(discard{}, secrets)
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		_, _ = m.Write(text.Bytes())
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
