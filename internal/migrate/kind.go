package migrate

import (
	"path"
	"strings"
)

// kind is what sort of file a name says.
type kind uint8

const (
	kindOther   kind = iota
	kindQuiet        // documents and lock files: examples are at home there
	kindTest         // test code: it makes up secrets
	kindGit          // git's configuration
	kindNetrc        // .netrc, _netrc
	kindStore        // .git-credentials: one URL a line
	kindEnv          // NAME=value lines
	kindShell        // for a POSIX shell
	kindPower        // PowerShell
	kindMake         // make
	kindDocker       // Dockerfile
	kindYAML         //
	kindObjects      // JSON, JSON5 and what is written with braces: JavaScript, TypeScript
	kindHCL          // Terraform
	kindXML          //
	kindGroovy       // Jenkinsfile
	kindCode         // other source code
)

// comments is what a line that is nothing but a comment begins with.
func (k kind) comments() []string {
	switch k {
	case kindObjects, kindGroovy:
		return []string{"//", "*", "/*"}
	case kindCode:
		return []string{"//", "*", "/*", "#"}
	case kindHCL:
		return []string{"#", "//"}
	case kindXML:
		return []string{"<!--"}
	case kindGit:
		return []string{"#", ";"}
	case kindStore:
		return nil
	}
	return []string{"#"}
}

// configures tells that what stands in the file is used as it is: an example's stand-in is a fault there.
func (k kind) configures() bool { return k == kindGit || k == kindNetrc || k == kindStore }

// quotes tells whether a name without quotation marks is an expression there, and text stands in quotation marks.
func (k kind) quotes() bool {
	return k == kindObjects || k == kindGroovy || k == kindCode || k == kindHCL || k == kindPower
}

var kindByName = map[string]kind{
	".netrc": kindNetrc, "_netrc": kindNetrc,
	".git-credentials": kindStore,
	".gitconfig":       kindGit, ".gitmodules": kindGit, "gitconfig": kindGit,
	"jenkinsfile": kindGroovy,
	"makefile":    kindMake, "gnumakefile": kindMake,
	"dockerfile": kindDocker, "containerfile": kindDocker,
	".renovaterc": kindObjects, ".npmrc": kindEnv, ".envrc": kindShell, ".bashrc": kindShell, ".zshrc": kindShell,
	".profile": kindShell, ".bash_profile": kindShell, "gradlew": kindQuiet,
	"package-lock.json": kindQuiet, "npm-shrinkwrap.json": kindQuiet, "yarn.lock": kindQuiet, "pnpm-lock.yaml": kindQuiet,
	"composer.lock": kindQuiet, "go.sum": kindQuiet, "cargo.lock": kindQuiet, "poetry.lock": kindQuiet, "pipfile.lock": kindQuiet,
	"gemfile.lock": kindQuiet, "uv.lock": kindQuiet, "license": kindQuiet, "readme": kindQuiet, "changelog": kindQuiet,
}

var kindByExtension = map[string]kind{
	".md": kindQuiet, ".markdown": kindQuiet, ".mdx": kindQuiet, ".rst": kindQuiet, ".adoc": kindQuiet, ".asciidoc": kindQuiet,
	".html": kindQuiet, ".htm": kindQuiet, ".tex": kindQuiet, ".svg": kindQuiet, ".csv": kindQuiet, ".log": kindQuiet,
	".lock": kindQuiet, ".map": kindQuiet, ".txtar": kindQuiet, ".po": kindQuiet, ".ipynb": kindQuiet, ".diff": kindQuiet, ".patch": kindQuiet,
	".env": kindEnv, ".properties": kindEnv, ".ini": kindEnv, ".cfg": kindEnv, ".conf": kindEnv, ".toml": kindEnv,
	".sh": kindShell, ".bash": kindShell, ".zsh": kindShell, ".ksh": kindShell, ".bats": kindShell,
	".ps1": kindPower, ".psm1": kindPower, ".psd1": kindPower,
	".mk": kindMake, ".dockerfile": kindDocker,
	".yml": kindYAML, ".yaml": kindYAML,
	".json": kindObjects, ".json5": kindObjects, ".jsonc": kindObjects,
	".js": kindObjects, ".cjs": kindObjects, ".mjs": kindObjects, ".ts": kindObjects, ".mts": kindObjects, ".cts": kindObjects,
	".jsx": kindObjects, ".tsx": kindObjects,
	".tf": kindHCL, ".tfvars": kindHCL, ".hcl": kindHCL,
	".xml": kindXML, ".config": kindXML,
	".groovy": kindGroovy, ".jenkinsfile": kindGroovy, ".gradle": kindGroovy,
	".go": kindCode, ".py": kindCode, ".rb": kindCode, ".java": kindCode, ".kt": kindCode, ".php": kindCode, ".cs": kindCode,
	".rs": kindCode, ".scala": kindCode, ".pl": kindCode, ".lua": kindCode, ".swift": kindCode,
}

// kindOf tells the kind of a file from its path, which has slashes.
func kindOf(p string) kind {
	dir, name := path.Split(p)
	name = strings.ToLower(name)
	parent := path.Base(path.Clean(dir))
	if testCode(dir, name) {
		return kindTest
	}
	if name == "config" && (parent == ".git" || strings.HasSuffix(parent, ".git") || strings.Contains(p, ".git/modules/")) {
		return kindGit
	}
	if k, ok := kindByName[name]; ok {
		return k
	}
	switch {
	case strings.HasPrefix(name, "readme.") && name != "readme.txt", name == "readme.txt", name == "changelog.txt", name == "license.txt":
		return kindQuiet
	case strings.HasPrefix(name, ".env"), strings.HasSuffix(name, ".env"):
		return kindEnv
	case strings.HasPrefix(name, "jenkinsfile"):
		return kindGroovy
	case strings.HasPrefix(name, "dockerfile."), strings.HasPrefix(name, "containerfile."):
		return kindDocker
	case strings.HasSuffix(name, ".d.ts"), strings.HasSuffix(name, ".min.js"):
		return kindQuiet
	}
	return kindByExtension[path.Ext(name)]
}

// testCode tells whether a file holds tests or their data by the conventions of Go, Python and JavaScript.
func testCode(dir, name string) bool {
	for part := range strings.SplitSeq(dir, "/") {
		switch part {
		case "testdata", "__tests__", "__fixtures__", "__mocks__", "__snapshots__":
			return true
		}
	}
	switch path.Ext(name) {
	case ".go":
		return strings.HasSuffix(name, "_test.go") || strings.HasSuffix(path.Clean(dir), "test") // as in net/http/httptest
	case ".py":
		return strings.HasPrefix(name, "test_") || strings.HasSuffix(name, "_test.py") || name == "conftest.py"
	case ".js", ".ts", ".mjs", ".cjs", ".jsx", ".tsx":
		stem := strings.TrimSuffix(name, path.Ext(name))
		return strings.HasSuffix(stem, ".test") || strings.HasSuffix(stem, ".spec")
	}
	return false
}
