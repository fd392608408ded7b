package pipefile

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the faults that are found into testdata/faults.txtar")

// faulty are files with the faults that they have, from testdata/faults.txtar and what cannot stand there.
func faulty(t testing.TB) (archive *txtar.Archive, texts [][2]string) {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/faults.txtar")
	if err != nil {
		t.Fatal(err)
	}
	texts = [][2]string{
		{"", "1:1: found nothing, expected pipelines\n"},
		{"image: é\xff", "1:9: found a byte that is not UTF-8, expected text in UTF-8\n"},
		{"image: a\n# \x1b", "2:3: found the control character U+001B, expected text\n"},
	}
	for i := 0; i+1 < len(archive.Files); i += 2 {
		texts = append(texts, [2]string{string(archive.Files[i].Data), strings.TrimSuffix(string(archive.Files[i+1].Data), "\n")})
	}
	return archive, texts
}

func TestFaults(t *testing.T) {
	archive, texts := faulty(t)
	own := len(texts) - len(archive.Files)/2
	for i, tc := range texts {
		f, faults := Parse([]byte(tc[0]), nil)
		var got strings.Builder
		for _, fault := range faults {
			got.WriteString(fault.String() + "\n")
		}
		if f != nil || len(faults) == 0 {
			t.Errorf("%s\nit is in order", tc[0])
		}
		if *update && i >= own {
			archive.Files[2*(i-own)+1].Data = []byte(got.String() + "\n")
		} else if diff := cmp.Diff(strings.SplitAfter(tc[1], "\n"), strings.SplitAfter(got.String(), "\n")); diff != "" {
			t.Errorf("%s\n%s", tc[0], diff)
		}
	}
	if *update {
		if err := os.WriteFile("testdata/faults.txtar", txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// step1 is a file whose step has these keys.
func step1(keys string) string {
	return "pipelines:\n  default:\n    - step:\n        " + strings.ReplaceAll(strings.TrimSpace(keys), "\n", "\n        ") + "\n"
}

// list1 is a file whose default pipeline has these items.
func list1(items string) string {
	return "pipelines:\n  default:\n    " + strings.ReplaceAll(strings.TrimSpace(items), "\n", "\n    ") + "\n"
}

const ok = "{step: {script: [a]}}"

// TestPlaces: where a fault is told, there the text stands that it speaks of.
func TestPlaces(t *testing.T) {
	_, texts := faulty(t)
	for _, tc := range texts {
		_, faults := Parse([]byte(tc[0]), nil)
		lines := strings.Split(tc[0], "\n")
		for _, f := range faults {
			if f.Line < 1 || f.Line > len(lines) || f.Column < 1 || f.Column > len([]rune(lines[f.Line-1]))+2 || f.Found == "" || f.Expected == "" {
				t.Errorf("%s\n%v", tc[0], f)
				continue
			}
			rest := string([]rune(lines[f.Line-1] + "  ")[f.Column-1:])
			if _, key, is := strings.Cut(f.Found, "the key \""); is {
				if key, _, _ = strings.Cut(key, `"`); !strings.HasPrefix(strings.Trim(rest, `"'`), key) {
					t.Errorf("%s\n%v: there stands %q", tc[0], f, rest)
				}
			}
		}
	}
}

func TestInOrder(t *testing.T) {
	for name, text := range map[string]string{
		"a byte order mark":         "\ufeffpipelines: {default: [" + ok + "]}",
		"CRLF":                      strings.ReplaceAll(step1("name: a\nscript:\n  - b"), "\n", "\r\n"),
		"a directive":               "%YAML 1.1\n---\npipelines: {default: [" + ok + "]}",
		"an empty document":         "---\npipelines: {default: [" + ok + "]}\n---\n",
		"tags of YAML":              "pipelines: !!map {default: !!seq [step: {script: [!!str 12], max-time: !!int 3}]}",
		"only what is shared":       "export: true\ndefinitions: {pipelines: {a: [" + ok + "]}}",
		"an import in the same":     "definitions: {pipelines: {a: {import: b:c:d}}}",
		"merged lists":              "definitions: {a: &a {name: b}, c: &c {script: [d], name: e}}\npipelines: {default: [step: {<<: [*a, *c]}]}",
		"an anchor on a key":        "pipelines: {&a default: [" + ok + "]}",
		"an alias for a key":        "definitions: {a: &a main}\npipelines: {branches: {*a : [" + ok + "]}}",
		"keys of all kinds":         "pipelines: {branches: {1: [" + ok + "], 1.50: [" + ok + "], true: [" + ok + "], null: [" + ok + "], 0x1F: [" + ok + "]}}",
		"definitions behind":        "pipelines: {default: [step: {script: [a], caches: [b], services: [c], config: d}]}\ndefinitions: {step-config: {d: {size: 1x}}, services: {c: {image: e}}, caches: {b: f}}",
		"an explicit key":           "? pipelines\n: {default: [" + ok + "]}",
		"variables of the moment":   step1("script: [a]\nsize: ${{A}}\ntrigger: ${{ B }}\nmax-time: ${{C}}\ncaches: ['${{D}}']\nservices: ['${{E}}']\noidc: ${{F}}\ndeployment: ${{G}}\nruns-on: ${{H}} x"),
		"a variable for services":   "definitions: {services: {a: {image: b, memory: 4000}}}\n" + step1("script: [a]\nservices: [a]\nsize: ${{A}}"),
		"environments of templates": list1("- step: {script: [a], deployment: '${{A}}'}\n- step: {script: [a], deployment: '${{A}}'}"),
		"a long line in brackets":   "pipelines: {default: [" + strings.Repeat(ok+", ", 99) + ok + "]}",
	} {
		t.Run(name, func(t *testing.T) {
			if f := parsed(t, text); !strings.Contains(text, "${{") {
				same(t, f)
			}
		})
	}
	if p := parsed(t, "pipelines: {branches: {1.50: ["+ok+"], 0x1F: ["+ok+"], null: ["+ok+"]}}").Pipelines.Branches; p[0].Name != "1.50" || p[1].Name != "0x1F" || p[2].Name != "null" {
		t.Errorf("%+v", p)
	}
}

// TestLimits: nothing makes reading take long, or take the process down.
func TestLimits(t *testing.T) {
	bomb := "definitions:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 12; i++ {
		bomb += fmt.Sprintf("  a%d: &a%d {%s}\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("\"%%d\": *a%d, ", i-1), 10), ", "))
		for k := range 10 {
			bomb = strings.Replace(bomb, "%d", fmt.Sprint(k), 1)
		}
	}
	merges := "definitions:\n  m0: &m0 {k0: a}\n"
	for i := 1; i < 900; i++ {
		merges += fmt.Sprintf("  m%d: &m%d {<<: *m%d, k%d: a}\n", i, i, i-1, i)
	}
	lists := "definitions:\n  l0: &l0 {a: b}\n"
	for i := 1; i < 40; i++ {
		lists += fmt.Sprintf("  l%d: &l%d {<<: [*l%d, *l%d]}\n", i, i, i-1, i-1)
	}
	keys := "labels:\n"
	for i := range maxKeys + 10 {
		keys += fmt.Sprintf("  k%d: v\n", i)
	}
	steps := func(n int) string { return "pipelines:\n  default:\n" + strings.Repeat("    - "+ok+"\n", n) }
	for name, tc := range map[string]struct{ text, want string }{
		"a large file":          {strings.Repeat("#", MaxSize+1), "found 524289 bytes, expected a file of at most 512 KiB"},
		"much text":             {"labels: [" + strings.Repeat("a,", maxTokens/2+1) + "]", "found a file with too much in it, expected at most 200000 words and signs of YAML"},
		"keys":                  {keys, "10001:8: found more than 10000 keys, expected a smaller file"},
		"anchors":               {"a:\n" + strings.Repeat("- &a b\n", maxAnchors+1), "1002:3: found more than 1000 anchors and tags, expected a smaller file"},
		"brackets":              {"a: " + strings.Repeat("[", 10_000), "1:54: found a value that is nested too deep, expected at most 50 levels"},
		"dashes":                {"a:\n" + strings.Repeat("- ", 20_000), ""},
		"lists in lists":        {"a:\n" + strings.Repeat("- ", 900) + "a", ""},
		"indented":              {"labels:\n" + nested(100), ""},
		"aliases":               {bomb + "pipelines:\n  default:\n    - step: *a11\n", ""},
		"aliases that are read": {bomb + "pipelines:\n  custom: *a11\n", ""},
		"merges":                {merges + "pipelines:\n  default:\n    - step: {<<: *m899, script: [a]}\n", ""},
		"merges of two":         {lists + "pipelines:\n  default:\n    - step: {<<: *l39, script: [a]}\n", "found more than can be read, expected a file of at most 100000 values, where each use of an anchor counts"},
		"patterns":              {"pipelines:\n  branches:\n    x: [step: {script: [a], artifacts: [" + strings.Repeat("'{a,b}{c,d}{e,f}{g,h}"+strings.Repeat("m", 600)+"', ", 300) + "b]}]\n", "found more than can be read, expected a file of at most 100000 values, where each use of an anchor counts"},
		"merges that are used":  {merges + "pipelines:\n  default:\n" + strings.Repeat("    - step: *m899\n", 5000), "found more than can be read, expected a file of at most 100000 values, where each use of an anchor counts"},
		"a long key":            {"pipelines:\n  custom:\n    " + strings.Repeat("k", 300_000) + ":\n" + strings.Repeat("      - "+ok+"\n", 200), ""},
		"100 steps":             {steps(100), "valid"},
		"101 steps":             {steps(101), "103:15: pipelines.default[100].step: found step number 101, expected at most 100 steps in a pipeline"},
		"steps in groups":       {list1("- parallel: [" + strings.Repeat(ok+", ", 60) + ok + "]\n- stage: {steps: [" + strings.Repeat(ok+", ", 60) + ok + "]}"), "4:928: pipelines.default[1].stage.steps[39].step: found step number 101, expected at most 100 steps in a pipeline"},
		"faults":                {"pipelines:\n  default:\n" + strings.Repeat("    - a\n", 2*MaxFaults), ""},
		"output variables":      {list1("- step: {script: [a], output-variables: [" + strings.Repeat("A, ", 50) + "A]}"), "3:45: pipelines.default[0].step.output-variables: found 51 output variables in a pipeline, expected at most 50"},
		"audiences":             {step1("script: [a]\noidc: {audiences: [" + strings.Repeat("a, ", 10) + "a]}"), "5:27: pipelines.default[0].step.oidc.audiences: found 11 audiences, expected at most 10"},
		"input variables":       {"pipelines: {custom: {a: [" + ok + "], b: [step: {type: pipeline, custom: a, input-variables: {" + inputs(21) + "}}]}}", ""},
		"conditions":            {"triggers: {repository-push: [" + strings.Repeat("{pipelines: [a]}, ", 20) + "{pipelines: [a]}]}\npipelines: {custom: {a: [" + ok + "]}}", "1:12: triggers: found 21 conditions of an event, expected at most 20"},
		"triggered":             {"triggers: {repository-push: [{pipelines: [" + strings.Repeat("a, ", 100) + "a]}]}\npipelines: {custom: {a: [" + ok + "]}}", "1:12: triggers: found 101 pipelines of an event, expected at most 100"},
	} {
		t.Run(name, func(t *testing.T) {
			f, faults := Parse([]byte(tc.text), nil)
			switch {
			case tc.want == "valid":
				if f == nil {
					t.Error(faults)
				}
			case f != nil || len(faults) == 0 || len(faults) > MaxFaults || tc.want != "" && faults[0].String() != tc.want:
				t.Errorf("%d faults, %v", len(faults), faults[:min(len(faults), 3)])
			}
		})
	}
}

// nested is a mapping in a mapping, n times.
func nested(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i+1) + "a:\n")
	}
	return b.String()
}

func inputs(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("A%d: b", i))
	}
	return strings.Join(all, ", ")
}

// TestSecretsAreNotTold: what may be a secret stands in no fault.
func TestSecretsAreNotTold(t *testing.T) {
	const secret = "hunter2"
	for _, text := range []string{
		step1("script: curl -u ada:" + secret), step1("script:\n  - curl -u ada:" + secret + ": x"), step1("script: [[" + secret + "]]"), step1("script: {a: " + secret + "}"),
		step1("script: [a]\nimage: {name: a, username: b, password: [" + secret + "]}"), step1("script: [a]\nimage: {name: a, password: " + secret + "}"),
		step1("script: [a]\nimage: {name: a, aws: {access-key: b, secret-key: " + secret + ", oidc-role: c}}"),
		step1("script: [{pipe: a/b:1, variables: A=" + secret + "}]"), step1("script: [{pipe: a/b:1, variables: {A: {" + "b: " + secret + "}}}]"),
		"definitions: {services: {a: {image: b, variables: A=" + secret + "}}}\n" + list1("- "+ok), "definitions: {services: {a: {image: b, variables: {A: [" + secret + "]}}}}\n" + list1("- "+ok),
		"pipelines: {custom: {a: [variables: [{name: A, default: " + secret + ", allowed-values: [b]}], " + ok + "]}}",
		secret, "- " + secret, "pipelines: " + secret,
	} {
		_, faults := Parse([]byte(text), nil)
		if len(faults) == 0 {
			t.Errorf("%s\nit is in order", text)
		}
		for _, f := range faults {
			if strings.Contains(f.String(), secret) {
				t.Errorf("%s\n%v", text, f)
			}
		}
	}
}

// TestDamage: whatever is done to a file, it is read or told to be broken, and what is read can be written.
func TestDamage(t *testing.T) {
	data, err := os.ReadFile("testdata/all.yml")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(data), "\n")
	piece := rapid.SampledFrom([]string{"", "\n", " ", "  ", "- ", ": ", "[", "]", "{", "}", "'", `"`, "*build", "&x ", "<<: *build\n", "!x ", "#", "~", "|", ">", "é", "\t", "? ", "%", "---\n", "step:\n"})
	rapid.Check(t, func(t *rapid.T) {
		damaged := append([]string{}, lines...)
		for range rapid.IntRange(1, 3).Draw(t, "times") {
			i := rapid.IntRange(0, len(damaged)-1).Draw(t, "line")
			at := rapid.IntRange(0, len(damaged[i])).Draw(t, "at")
			end := min(len(damaged[i]), at+rapid.IntRange(0, 5).Draw(t, "without"))
			damaged[i] = damaged[i][:at] + piece.Draw(t, "piece") + damaged[i][end:]
		}
		check(t, strings.Join(damaged, ""))
	})
}

// check is what holds for every text.
func check(t interface {
	Helper()
	Fatalf(string, ...any)
}, text string) {
	t.Helper()
	f, faults := Parse([]byte(text), nil)
	if (f == nil) == (len(faults) == 0) || len(faults) > MaxFaults {
		t.Fatalf("%v, %d faults", f, len(faults))
	}
	lines := strings.Split(text, "\n")
	for i, fault := range faults {
		if fault.Found == "" || fault.Expected == "" || fault.Line < 0 || fault.Line > len(lines)+1 || (fault.Line == 0) != (fault.Column == 0) {
			t.Fatalf("%+v", fault)
		}
		if i > 0 && (fault.Line < faults[i-1].Line || fault == faults[i-1]) {
			t.Fatalf("%v behind %v", fault, faults[i-1])
		}
	}
	if f != nil && !strings.Contains(text, "${{") {
		same(t, f)
	}
	if f != nil {
		for _, p := range f.All() {
			if n := len(p.Steps()); n > MaxSteps || n == 0 && p.Import == nil {
				t.Fatalf("%s has %d steps", p.Name, n)
			}
		}
		f.ForBranch("main")
		f.ForTag("v1")
		f.ForPullRequest("a/b", "main")
	}
}

func FuzzParse(f *testing.F) {
	data, err := os.ReadFile("testdata/all.yml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(data))
	f.Add(starts)
	_, texts := faulty(f)
	for _, tc := range texts {
		f.Add(tc[0])
	}
	f.Fuzz(func(t *testing.T, text string) { check(t, text) })
}
