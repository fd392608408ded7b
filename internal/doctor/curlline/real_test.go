package curlline

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/pailtest/need"
	"github.com/pailforge/pail/internal/reason"
)

// request is what arrives, and what is said beforehand to arrive.
type request struct{ Method, Target, Authorization string }

// listener records each request as it is, byte for byte, and answers 200.
type listener struct {
	net.Listener
	got chan request
}

func listen(t *testing.T) *listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	x := &listener{l, make(chan request, 100)}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go x.serve(c)
		}
	}()
	return x
}

func (l *listener) serve(c net.Conn) {
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(30 * time.Second))
	var head strings.Builder
	for r := bufio.NewReader(c); !strings.HasSuffix(head.String(), "\r\n\r\n"); {
		b, err := r.ReadByte()
		if err != nil {
			return
		}
		head.WriteByte(b)
	}
	var q request
	lines := strings.Split(head.String(), "\r\n")
	q.Method, q.Target, _ = strings.Cut(strings.TrimSuffix(lines[0], " HTTP/1.1"), " ")
	q.Target = strings.TrimSuffix(q.Target, " HTTP/1.0")
	for _, line := range lines[1:] {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(name, "Authorization") {
			q.Authorization = strings.TrimLeft(value, " \t")
		}
	}
	l.got <- q
	_, _ = fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

// says is what a case says that arrives.
func says(t *testing.T, c doctor.Case) request {
	t.Helper()
	_, end := authority(c.URL.Text)
	q := request{Method: c.Method, Target: c.URL.Text[end:]}
	if q.Target == "" || q.Target[0] != '/' {
		q.Target = "/" + q.Target
	}
	for _, n := range c.Notes {
		if n.Reason == reason.CredentialMissing && n.Certainty != doctor.Possible {
			return q
		}
	}
	for _, h := range c.Header {
		if strings.EqualFold(h.Name, "Authorization") {
			q.Authorization = h.Value.Text
			return q
		}
	}
	if l := c.Login; l != nil {
		if l.User.Open || l.Secret.Open {
			t.Errorf("the login is open: %+v", l)
		}
		q.Authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(l.User.Text+":"+l.Secret.Text))
		if l.Bearer {
			q.Authorization = "Bearer " + l.Secret.Text
		}
	}
	return q
}

// lines that real curl, run by real bash, and the reader must take alike. HOST is the listener's address, DIR a folder
// with the files below.
var realLines = []string{
	`curl http://HOST/2.0/user`,
	`curl -u me@example.com:secret http://HOST/2.0/user`,
	`curl -ume:secret -sSi http://HOST/2.0/user`,
	`curl -sSu me:secret http://HOST/2.0/user`,
	`curl --user me:sec:ret http://HOST`,
	`curl --user me: http://HOST/`,
	`curl --user :secret http://HOST/`,
	`curl -u "$EMAIL:$TOKEN" http://HOST/2.0/user`,
	`curl -u '$EMAIL:$TOKEN' http://HOST/2.0/user`,
	`curl -u first:1 -u last:2 http://HOST/x`,
	`curl -H "Authorization: Basic $(echo -n "$EMAIL:$TOKEN" | base64)" http://HOST/2.0/user`,
	`curl -H "Authorization: Basic $(echo "$EMAIL:$TOKEN" | base64)" http://HOST/2.0/user`,
	`curl -H "Authorization: Basic $(echo -n "$EMAIL:$TOKEN" | base64 -w0)" http://HOST/2.0/user`,
	`curl -H "Authorization: Basic $(echo -n "$EMAIL:$TOKEN" | base64 -w 40)" http://HOST/2.0/user`,
	`curl -H "Authorization: Basic $(printf %s "$EMAIL:$TOKEN" | base64 --wrap=0)" http://HOST/2.0/user`,
	`curl -H "Authorization: Basic $(printf '%s:%s' "$EMAIL" "$TOKEN" | base64 | tr -d '\n')" http://HOST/2.0/user`,
	"curl -H \"Authorization: Basic `echo -n $EMAIL:$TOKEN | base64`\" http://HOST/2.0/user",
	`curl -H "Authorization: Basic $(base64 <<< "$EMAIL:x")" http://HOST/2.0/user`,
	`curl -H "Authorization: Basic $(echo -n me:$(echo -n eA== | base64 -d) | base64)" http://HOST/2.0/user`,
	`curl -H "Authorization: Basic $(echo -ne 'me:x\n' | base64)" http://HOST/2.0/user`,
	`AUTH=$(echo -n "$EMAIL:$TOKEN" | base64); curl -H "Authorization: Basic $AUTH" http://HOST/2.0/user`,
	`AUTH=$(echo -n "$EMAIL:$TOKEN" | base64 | tr -d "\r\n") && curl -H "Authorization: Basic ${AUTH}" http://HOST/2.0/user`,
	`export T=abc; U=me; U+=2; curl -u "$U:${T:-none}" http://HOST/${MISSING:-2.0}/x`,
	`T=abc-suffix.txt; curl -u "me:${T%.txt}" "http://HOST/${T#abc-}/${T^^}"`,
	`ARGS=(-s -H "Authorization: Bearer abc"); curl "${ARGS[@]}" http://HOST/2.0/user`,
	`CURL="curl -s -u me:secret"; $CURL http://HOST/2.0/user`,
	`TOKEN=new curl -u "me:$TOKEN" http://HOST/x`,
	`curl -H 'Authorization: Bearer abc' http://HOST/2.0/user`,
	`curl -H 'authorization:Bearer abc' http://HOST/2.0/user`,
	`curl -H 'Authorization:' -u me:x http://HOST/2.0/user`,
	`curl -H 'Authorization: ' http://HOST/2.0/user`,
	`curl -H 'Authorization;' http://HOST/2.0/user`,
	`curl -H 'Authorization Bearer abc' http://HOST/2.0/user`,
	`curl -H 'Authorization: Bearer own' -u me:x http://HOST/2.0/user`,
	`curl -H @DIR/headers http://HOST/2.0/user`,
	`curl -H @- http://HOST/2.0/user < DIR/headers`,
	`echo "Authorization: Bearer piped" | curl -H @- http://HOST/2.0/user`,
	"curl -H @- http://HOST/2.0/user <<EOF\nAuthorization: Bearer $TOKEN\nEOF",
	`curl --oauth2-bearer abc http://HOST/2.0/user`,
	`curl --oauth2-bearer abc -u me:x http://HOST/2.0/user`,
	`curl --oauth2-bearer abc --basic -u me:x http://HOST/2.0/user`,
	`curl http://me:secret@HOST/2.0/user`,
	`curl http://me%40example.com:se%3Acret@HOST/2.0/user`,
	`curl http://me@HOST/2.0/user`,
	`curl -u you:other http://me:secret@HOST/2.0/user`,
	`curl -n http://HOST/2.0/user`,
	`curl --netrc-file DIR/netrc http://HOST/2.0/user`,
	`curl -n --netrc-file DIR/quoted http://HOST/2.0/user`,
	`curl -n --netrc-file DIR/default http://HOST/2.0/user`,
	`curl -n --netrc-file DIR/macro http://HOST/2.0/user`,
	`curl -n --netrc-file DIR/other http://HOST/2.0/user`,
	`curl --netrc-optional http://me:secret@HOST/2.0/user`,
	`curl -n http://me%40example.com:secret@HOST/2.0/user`,
	`curl --digest -u me:x http://HOST/2.0/user`,
	`curl --anyauth -u me:x http://HOST/2.0/user`,
	`curl --digest --no-digest -u me:x http://HOST/2.0/user`,
	`curl --proxy-header 'Authorization: Bearer x' http://HOST/2.0/user`,
	`curl -U me:x http://HOST/2.0/user`,
	`curl -n -u me:mine http://HOST/2.0/user`,
	`curl -K DIR/config`,
	`curl -K DIR/config -X DELETE`,
	`curl --config - http://HOST/2.0/user < DIR/login`,
	"curl -K - http://HOST/2.0/user <<'EOF'\nuser = \"me:sec\\\"ret\"\nEOF",
	`printf 'user = "me:%s"\n' "$TOKEN" | curl -K - http://HOST/2.0/user`,
	`curl -X PUT http://HOST/x`,
	`curl -XPATCH -d a=b http://HOST/x`,
	`curl --request get http://HOST/x`,
	`curl -d a=b http://HOST/x`,
	`curl -G -d a=b --data-urlencode c=d http://HOST/x`,
	`curl --json '{}' http://HOST/x`,
	`curl -F a=b http://HOST/x`,
	`curl -I http://HOST/x`,
	`curl -T DIR/headers http://HOST/x`,
	`curl http://HOST/a http://HOST/b`,
	`curl --url http://HOST/a --url http://HOST/b -u me:x`,
	`curl -u me:x http://HOST/a --next -X POST http://HOST/b -: http://HOST/c`,
	`curl -g 'http://HOST/2.0/users/{5b5f}'`,
	`curl HOST/2.0/user`,
	`curl --proto-default http HOST/2.0/user`,
	`curl --request-target /2.0/other http://HOST/2.0/user`,
	`curl -- http://HOST/x`,
	`curl -sS -o /dev/null -w '%{http_code}\n' -H Accept:application/json -A agent -e ref -b c=d http://HOST/x?a=b`,
	"curl \\\n  -s \\\n  -u me:x \\\n  http://HOST/x",
	`/usr/bin/env X=1 curl http://HOST/x`,
	`time curl -s http://HOST/x | cat`,
	`if true; then curl -u me:x http://HOST/x; fi`,
	`R=$(curl -s -u me:x http://HOST/x); echo "$R"`,
	`bash -c 'curl -u "me:$TOKEN" http://HOST/x'`,
	`eval "curl -u me:x http://HOST/x"`,
	`f() { curl -u me:x http://HOST/x; }; f`,
	`(cd / && curl -u me:x http://HOST/x)`,
	`echo http://HOST/x | xargs curl -u me:x http://HOST/y`,
	`curl --head=x http://HOST/x || curl http://HOST/y`,
	`curl --heade "Authorization: Bearer short" http://HOST/x`,
	`curl -u me:x -: http://HOST/x`,
	`curl "http://HOST/2.0/repositories/acme?q=name+%7E+%22x%22&pagelen=2"`,
	`curl -u 'me:päss' http://HOST/x`,
	`curl -u "me:$(printf 'a\tb')" http://HOST/x`,
	`curl -H $'Authorization: Bearer a\tb' http://HOST/x`,
}

// TestRealCurl runs each line with bash and curl against a listener, and compares what arrives with what was read.
func TestRealCurl(t *testing.T) {
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			need.Skip(t, "curl", tool+" is not here")
		}
	}
	l := listen(t)
	host := l.Addr().String()
	name, _, _ := net.SplitHostPort(host)
	dir := t.TempDir()
	for file, text := range map[string]string{
		".netrc":  "machine other login no password no\nmachine " + name + "\n\tlogin me@example.com\n\tpassword net=rc\n",
		"netrc":   "# a comment\nmachine " + name + " login me password second\n",
		"quoted":  "machine " + name + " login \"me\" password \"with \\\"quotes\\\" and blanks\"\n",
		"default": "machine example.com login a password b\ndefault login me password fallback\n",
		"macro":   "machine example.com\nmacdef init\nmachine " + name + " login no password no\n\nmachine " + name + " login me account x password aftermacro\n",
		"other":   "machine example.com login a password b\n",
		"headers": "X-One: 1\nAuthorization: Bearer from-a-file\n",
		"login":   "# the login\n--user me:from-config\nsilent\n",
		"config":  "url = \"http://" + host + "/2.0/user\"\nuser: me:x\n  -H \"X-A: b\"\nrequest=PUT\n\nno-progress-meter\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "EMAIL=ada.lovelace@example.com",
		"TOKEN=" + strings.Repeat("ATAT0123456789", 13), "no_proxy=*"}
	for _, line := range realLines {
		text := strings.NewReplacer("HOST", host, "DIR", dir).Replace(line)
		t.Run(line, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, "bash", "-c", text)
			cmd.Env, cmd.Dir = env, dir
			printed, _ := cmd.CombinedOutput() // curl's own exit code says nothing here
			var got []request
			for {
				select {
				case q := <-l.got:
					got = append(got, q)
					continue
				default:
				}
				break
			}
			cases, err := Line(t.Context(), text, Options{Env: env, ReadFile: os.ReadFile})
			if err != nil {
				t.Fatal(err)
			}
			var want []request
			for _, c := range cases {
				want = append(want, says(t, c))
			}
			if strings.Contains(line, "-G ") { // the data goes behind the path
				got[0].Target, _, _ = strings.Cut(got[0].Target, "?")
			}
			if strings.HasPrefix(line, "curl --head=x") || strings.Contains(line, "| xargs") {
				want = want[len(want)-1:] // the first is refused by curl; what xargs adds is not known
				got = got[:1]
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("read (-) and sent (+) differ:\n%s\n%s", d, printed)
			}
		})
	}
}
