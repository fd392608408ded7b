package web

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// checkPicture holds a picture to being XML of the three elements, with a text of one or two characters.
func checkPicture(t *testing.T, picture string) {
	t.Helper()
	var names []string
	text := ""
	d := xml.NewDecoder(strings.NewReader(picture))
	for {
		next, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("no XML: %v in %q", err, picture)
		}
		switch part := next.(type) {
		case xml.StartElement:
			names = append(names, part.Name.Local)
		case xml.CharData:
			text += string(part)
		}
	}
	if got := strings.Join(names, " "); got != "svg rect text" {
		t.Errorf("elements %s", got)
	}
	if n := utf8.RuneCountInString(strings.TrimSpace(text)); n < 1 || n > 2 {
		t.Errorf("text %q", text)
	}
}

func FuzzAvatar(f *testing.F) {
	for _, seed := range []string{"", "ada", "ada lovelace", "<svg onload=x>", "&amp;", "]]>", "\x00\xff\xfe", "\ufffe", "ǆ-ß", "東京", "{0198a4c2}", strings.Repeat("é", 200)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		picture := string(drawAvatar(name, round))
		if len(picture) > 600 || !utf8.ValidString(picture) {
			t.Errorf("%d bytes", len(picture))
		}
		checkPicture(t, picture)
	})
}

// White letters can be read on every colour (WCAG 2, contrast of at least 4.5).
func TestAvatarColours(t *testing.T) {
	for _, colour := range avatarColours {
		n, err := strconv.ParseUint(colour[1:], 16, 32)
		if err != nil || len(colour) != 7 {
			t.Fatalf("%s: %v", colour, err)
		}
		linear := func(c uint64) float64 {
			v := float64(c&255) / 255
			if v <= 0.04045 {
				return v / 12.92
			}
			return math.Pow((v+0.055)/1.055, 2.4)
		}
		luminance := 0.2126*linear(n>>16) + 0.7152*linear(n>>8) + 0.0722*linear(n)
		if contrast := 1.05 / (luminance + 0.05); contrast < 4.5 {
			t.Errorf("%s: contrast %.2f", colour, contrast)
		}
	}
}
