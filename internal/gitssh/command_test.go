package gitssh

import (
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/gitserve"
)

func TestParseCommand(t *testing.T) {
	const uuid = "{0191a1b2-0000-7000-8000-0123456789ab}"
	for _, c := range []struct {
		line string
		want Command
		says string // "": it is one
	}{
		{"git-upload-pack 'acme/widgets.git'", Command{"git-upload-pack", "acme", "widgets"}, ""},
		{"git-upload-pack '/acme/widgets.git'", Command{"git-upload-pack", "acme", "widgets"}, ""},
		{"git-upload-pack '/acme/widgets'", Command{"git-upload-pack", "acme", "widgets"}, ""},
		{"git-upload-pack acme/widgets.git", Command{"git-upload-pack", "acme", "widgets"}, ""},
		{"git-receive-pack 'Acme/a.b-c_d.git'", Command{"git-receive-pack", "Acme", "a.b-c_d"}, ""},
		{"git upload-pack '/acme/widgets.git'", Command{"git-upload-pack", "acme", "widgets"}, ""},
		{"git receive-pack 'acme/widgets'", Command{"git-receive-pack", "acme", "widgets"}, ""},
		{"git-upload-pack '/snippets/acme/aB3.git'", Command{"git-upload-pack", "snippets/acme", "aB3"}, ""},
		{"git-receive-pack 'snippets/acme/aB3'", Command{"git-receive-pack", "snippets/acme", "aB3"}, ""},
		{"git-upload-pack 'snippets/acme/aB3/more'", Command{}, "not the path"},
		{"git-upload-pack 'snippets/../aB3'", Command{}, "not the path"},
		{"git-upload-pack '" + uuid + "/" + uuid + "'", Command{"git-upload-pack", uuid, uuid}, ""},

		{"", Command{}, "no shell"},
		{"bash", Command{}, "no shell"},
		{"git", Command{}, "no shell"},
		{"git-shell", Command{}, "no shell"},
		{"scp -t /tmp", Command{}, "no shell"},
		{" git-upload-pack 'acme/widgets'", Command{}, "no shell"},
		{"GIT-UPLOAD-PACK 'acme/widgets'", Command{}, "no shell"},
		{"/usr/bin/git-upload-pack 'acme/widgets'", Command{}, "no shell"},
		{"git-lfs-authenticate acme/widgets download", Command{}, "LFS"},
		{"git-lfs-transfer acme/widgets download", Command{}, "LFS"},
		{"git-upload-archive 'acme/widgets'", Command{}, "git archive"},
		{"git-upload-pack", Command{}, "not the path"},
		{"git-upload-pack ", Command{}, "not the path"},
		{"git-upload-pack 'acme/widgets", Command{}, "no end"},
		{"git-upload-pack '", Command{}, "no end"},
		{"git-upload-pack ''", Command{}, "not the path"},
		{"git-upload-pack \"acme/widgets\"", Command{}, "not the path"},
		{"git-upload-pack  'acme/widgets'", Command{}, "not the path"},
		{"git-upload-pack --strict 'acme/widgets'", Command{}, "not the path"},
		{"git-upload-pack 'acme/widgets' 'x'", Command{}, "not the path"},
		{"git-upload-pack 'acme/widgets'; sh", Command{}, "no end"},
		{"git-upload-pack 'acme/widgets'\\''", Command{}, "not the path"},
		{"git-upload-pack 'acme'", Command{}, "not the path"},
		{"git-upload-pack 'acme/widgets/more'", Command{}, "not the path"},
		{"git-upload-pack '/acme/widgets.git/wiki'", Command{"git-upload-pack", "acme", "widgets/wiki"}, ""},
		{"git-receive-pack 'acme/widgets/wiki'", Command{"git-receive-pack", "acme", "widgets/wiki"}, ""},
		{"git-upload-pack 'acme/widgets.git/wiki.git'", Command{}, "not the path"},
		{"git-upload-pack 'acme/widgets.git/wiki/more'", Command{}, "not the path"},
		{"git-upload-pack 'acme/../wiki'", Command{}, "not the path"},
		{"git-upload-pack '//acme/widgets'", Command{}, "not the path"},
		{"git-upload-pack 'acme/../widgets'", Command{}, "not the path"},
		{"git-upload-pack '../widgets'", Command{}, "not the path"},
		{"git-upload-pack '~acme/widgets'", Command{}, "not the path"},
		{"git-upload-pack 'acme/.git'", Command{}, "not the path"},
		{"git-upload-pack 'acme/wid\ngets'", Command{}, "not the path"},
		{"git-upload-pack 'acme/" + strings.Repeat("x", maxCommand) + "'", Command{}, "no command of Git"},
	} {
		got, err := ParseCommand(c.line)
		if got != c.want || (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%.80q is %+v, %v; want %+v, %q", c.line, got, err, c.want, c.says)
		}
	}
}

// Whatever is run is one of two services, on names that hold nothing but what names may.
func FuzzParseCommand(f *testing.F) {
	f.Add("git-upload-pack 'acme/widgets.git'")
	f.Add("git receive-pack '/{0191a1b2-0000-7000-8000-0123456789ab}/x'")
	f.Add("git-upload-pack '--x/y'")
	f.Add("git-upload-pack 'acme/widgets.git/wiki'")
	f.Fuzz(func(t *testing.T, line string) {
		c, err := ParseCommand(line)
		if err != nil {
			return
		}
		if c.Service != gitserve.UploadPack && c.Service != gitserve.ReceivePack || !gitserve.ValidName(strings.TrimPrefix(c.Workspace, gitserve.SnippetPlace)) || !gitserve.ValidName(strings.TrimSuffix(c.Repository, gitserve.WikiPlace)) {
			t.Errorf("%q became %+v", line, c)
		}
		repository, wiki := strings.CutSuffix(c.Repository, gitserve.WikiPlace)
		path := c.Workspace + "/" + repository + ".git"
		if wiki {
			path += gitserve.WikiPlace
		}
		again, err := ParseCommand(c.Service + " '" + path + "'")
		if err != nil || again != c {
			t.Errorf("%q became %+v, and that %+v, %v", line, c, again, err)
		}
	})
}
