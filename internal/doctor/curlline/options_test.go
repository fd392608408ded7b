package curlline

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/pailtest/need"
)

// TestOptionsOfInstalledCurl: every option in curl's own help is known, with its letter and with whether a value follows.
func TestOptionsOfInstalledCurl(t *testing.T) {
	help, err := exec.Command("curl", "--help", "all").Output()
	if err != nil {
		need.Skip(t, "curl", "curl does not run: "+err.Error())
	}
	form := regexp.MustCompile(`^ *(?:-(.), )?--([a-z0-9.-]+)( [<\[].*?[>\]])?(?: |$)`)
	seen := 0
	for line := range strings.Lines(string(help)) {
		m := form.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		seen++
		letter, name, value := m[1], m[2], m[3]
		o := longOption(name)
		takes := value != "" && name != "help"
		if o.kind == unknown || o.shortened || (o.kind == valued) != takes {
			t.Errorf("--%s: kind %d, shortened %v; a value in the help: %v", name, o.kind, o.shortened, takes)
		}
		if letter == "" {
			continue
		}
		if short := shortOption(letter[0]); short.name != o.name || short.off != o.off {
			t.Errorf("-%s is --%s, want --%s", letter, short.name, name)
		}
	}
	if seen < 200 {
		t.Fatalf("only %d options found in the help", seen)
	}
}

func TestLongOption(t *testing.T) {
	for name, want := range map[string]option{
		"user":           {name: "user", kind: valued},
		"use":            {name: "use", kind: unknown}, // use-ascii, user, user-agent
		"user-a":         {name: "user-agent", kind: valued, shortened: true},
		"USER":           {name: "user", kind: valued, shortened: true},
		"req":            {name: "req", kind: unknown},
		"heade":          {name: "header", kind: valued, shortened: true},
		"no-location":    {name: "location", kind: toggle, off: true},
		"no-user":        {name: "no-user", kind: unknown},
		"noproxy":        {name: "noproxy", kind: valued},
		"expand-header":  {name: "header", kind: valued, expand: true},
		"expand-silent":  {name: "expand-silent", kind: unknown},
		"":               {name: "", kind: unknown},
		"nosuch":         {name: "nosuch", kind: unknown},
		"http2":          {name: "http2", kind: plain},
		"no-http2":       {name: "no-http2", kind: unknown},
		"data-urlencode": {name: "data-urlencode", kind: valued},
	} {
		if got := longOption(name); got != want {
			t.Errorf("--%s is %+v, want %+v", name, got, want)
		}
	}
	if len(kinds) != len(strings.Fields(valuedNames))+len(strings.Fields(toggleNames))+len(strings.Fields(plainNames)) {
		t.Error("a name stands in the lists twice")
	}
	for c, name := range letters {
		if o := shortOption(c); o.kind == unknown {
			t.Errorf("-%c is --%s, which is in no list", c, name)
		}
	}
}
