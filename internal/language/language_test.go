package language

import (
	"slices"
	"testing"
)

func TestOf(t *testing.T) {
	for file, want := range map[string]string{
		"main.go": "go", "src/Main.JAVA": "java", "Dockerfile": "dockerfile", "a/b/Makefile": "makefile", "CMakeLists.txt": "cmake", "x.tf": "terraform",
		"run.sh": "shell", ".bashrc": "shell", "notes.txt": "", "noext": "", "": "", "a.go/": "go", ".": "",
	} {
		got := Of(file)
		if want == "" && got != nil || want != "" && !slices.Contains(got, want) {
			t.Errorf("Of(%q) = %v, want %q", file, got, want)
		}
	}
	if len(Of("a.h")) < 2 {
		t.Errorf("a header is of %v", Of("a.h"))
	}
}

func TestNames(t *testing.T) {
	if got := Names("Golang"); !slices.Equal(got, []string{".go"}) {
		t.Errorf("Go is %v", got)
	}
	if got := Names("klingon"); got != nil {
		t.Errorf("Klingon is %v", got)
	}
}

// TestMost: the language is that of most of the code; what stands beside it counts where there is none.
func TestMost(t *testing.T) {
	for want, files := range map[string]map[string]int64{
		"":         {"LICENSE": 1000, "a.bin": 5000},
		"go":       {"a.go": 100, "b.py": 99, "README.md": 10_000, "data.json": 1_000_000},
		"c":        {"a.c": 100, "a.h": 500},
		"c++":      {"a.cc": 100, "b.c": 90, "a.h": 500},
		"markdown": {"a.md": 10, "b.css": 9},
		"python":   {"a.py": 1, "b.md": 0},
	} {
		for range 20 { // whatever the order of the map
			var c Count
			for file, bytes := range files {
				c.Add(file, bytes)
			}
			if got := c.Most(); got != want {
				t.Fatalf("%v is %q, want %q", files, got, want)
			}
		}
	}
}
