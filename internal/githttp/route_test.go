package githttp

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pailforge/pail/internal/gitserve"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		method, target string
		want           Route
		ok             bool
	}{
		{"GET", "/ws/repo/info/refs?service=git-upload-pack", Route{"ws", "repo", gitserve.UploadPack, true}, true},
		{"GET", "/ws/repo.git/info/refs?service=git-receive-pack", Route{"ws", "repo", gitserve.ReceivePack, true}, true},
		{"GET", "/ws/repo.git/info/refs", Route{"ws", "repo", "", true}, true},
		{"GET", "/ws/repo/info/refs?service=evil", Route{"ws", "repo", "", true}, true},
		{"POST", "/ws/repo.git/git-upload-pack", Route{"ws", "repo", gitserve.UploadPack, false}, true},
		{"POST", "/Ws_1/a.b-c/git-receive-pack", Route{"Ws_1", "a.b-c", gitserve.ReceivePack, false}, true},
		{"GET", "/%7B0189c3a0-7b1e-4a52-9d3c-0123456789ab%7D/%7b0189c3a0-7b1e-4a52-9d3c-0123456789ac%7d.git/info/refs", Route{"{0189c3a0-7b1e-4a52-9d3c-0123456789ab}", "{0189c3a0-7b1e-4a52-9d3c-0123456789ac}", "", true}, true},
		{"GET", "/snippets/ws/aB3.git/info/refs?service=git-upload-pack", Route{"snippets/ws", "aB3", gitserve.UploadPack, true}, true},
		{"POST", "/snippets/ws/aB3/git-receive-pack", Route{"snippets/ws", "aB3", gitserve.ReceivePack, false}, true},
		{"POST", "/snippets/ws/git-receive-pack", Route{"snippets", "ws", gitserve.ReceivePack, false}, true},
		{"GET", "/ws/repo.git/wiki/info/refs?service=git-upload-pack", Route{"ws", "repo/wiki", gitserve.UploadPack, true}, true},
		{"POST", "/ws/repo/wiki/git-receive-pack", Route{"ws", "repo/wiki", gitserve.ReceivePack, false}, true},
		{"GET", "/ws/repo.git/wiki.git/info/refs", Route{}, false},
		{"GET", "/ws/repo.git/Wiki/info/refs", Route{}, false},
		{"GET", "/ws/../wiki/info/refs", Route{}, false},
		{"GET", "/ws/repo/wiki/docs/info/refs", Route{}, false},
		{"GET", "/snippets/ws/wiki/info/refs", Route{"snippets/ws", "wiki", "", true}, true},
		{"GET", "/snippets/ws/a%2Fb/info/refs", Route{}, false},
		{"GET", "/snippets/../aB3/info/refs", Route{}, false},
		{"GET", "/snippets/ws/aB3/src/info/refs", Route{}, false},
		{"GET", "/other/ws/aB3/info/refs", Route{}, false},
		{"GET", "/ws/repo.git/git-upload-pack", Route{}, false},
		{"POST", "/ws/repo.git/info/refs", Route{}, false},
		{"HEAD", "/ws/repo.git/info/refs", Route{}, false},
		{"GET", "/ws/repo.git/HEAD", Route{}, false},
		{"GET", "/ws/repo.git/objects/info/packs", Route{}, false},
		{"GET", "/ws/repo/src/info/refs", Route{}, false},
		{"GET", "/repo/info/refs", Route{}, false},
		{"GET", "//repo/info/refs", Route{}, false},
		{"GET", "/../repo/info/refs", Route{}, false},
		{"GET", "/ws/../info/refs", Route{}, false},
		{"GET", "/ws/.git/info/refs", Route{}, false},
		{"GET", "/ws/a%2Fb/info/refs", Route{}, false},
		{"GET", "/ws/a%00b/info/refs", Route{}, false},
		{"GET", "/ws/a%20b/info/refs", Route{}, false},
		{"GET", "/ws/%7Babc%7D/info/refs", Route{}, false},
		{"GET", "/ws/" + strings.Repeat("a", 129) + "/info/refs", Route{}, false},
		{"GET", "/", Route{}, false},
	} {
		got, ok := Match(httptest.NewRequest(c.method, c.target, nil))
		if got != c.want || ok != c.ok {
			t.Errorf("Match(%s %s) = %+v, %v", c.method, c.target, got, ok)
		}
	}
}
