package outbound

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

func TestAddresses(t *testing.T) {
	for _, c := range []struct {
		address string
		rule    Rule
	}{
		{"8.8.8.8", ""}, {"1.1.1.1", ""}, {"93.184.216.34", ""}, {"172.15.255.255", ""}, {"172.32.0.0", ""}, {"100.63.255.255", ""}, {"100.128.0.0", ""},
		{"169.253.255.255", ""}, {"198.17.255.255", ""}, {"223.255.255.255", ""}, {"2606:4700:4700::1111", ""}, {"2a00:1450:4001::200e", ""}, {"::ffff:8.8.8.8", ""},
		{"0.0.0.0", Unspecified}, {"0.1.2.3", Reserved}, {"::", Unspecified}, {"::ffff:0.0.0.0", Unspecified},
		{"127.0.0.1", Loopback}, {"127.255.255.254", Loopback}, {"::1", Loopback}, {"::ffff:127.0.0.1", Loopback}, {"::ffff:7f00:1", Loopback},
		{"10.0.0.1", Private}, {"10.255.255.255", Private}, {"172.16.0.1", Private}, {"172.31.255.255", Private}, {"192.168.1.1", Private},
		{"::ffff:192.168.0.1", Private}, {"fc00::1", Private}, {"fd12:3456::1", Private},
		{"169.254.1.1", LinkLocal}, {"fe80::1", LinkLocal}, {"fe80::1%eth0", LinkLocal}, {"2606:4700::1%eth0", LinkLocal}, {"febf::1", LinkLocal}, {"fec0::1", LinkLocal},
		{"169.254.169.254", Metadata}, {"169.254.170.2", Metadata}, {"::ffff:169.254.169.254", Metadata}, {"168.63.129.16", Metadata}, {"192.0.0.192", Metadata}, {"100.100.100.200", Metadata}, {"fd00:ec2::254", Metadata},
		{"100.64.0.1", Shared}, {"100.127.255.255", Shared},
		{"224.0.0.1", Multicast}, {"239.255.255.255", Multicast}, {"ff02::1", Multicast}, {"ff0e::1", Multicast},
		{"64:ff9b::127.0.0.1", Embedded}, {"64:ff9b::a9fe:a9fe", Embedded}, {"64:ff9b::8.8.8.8", Embedded}, {"64:ff9b:1::1", Embedded},
		{"2002:7f00:1::", Embedded}, {"2002:a9fe:a9fe::1", Embedded}, {"2001:0:4136:e378::1", Embedded}, {"::127.0.0.1", Embedded}, {"::ffff:0:7f00:1", Embedded},
		{"2606:4700::5efe:7f00:1", Embedded}, {"2606:4700::200:5efe:10.0.0.1", Embedded},
		{"192.0.2.1", Reserved}, {"198.51.100.1", Reserved}, {"203.0.113.1", Reserved}, {"198.18.0.1", Reserved}, {"198.19.255.255", Reserved}, {"192.0.0.1", Reserved}, {"192.88.99.1", Reserved},
		{"240.0.0.1", Reserved}, {"255.255.255.255", Reserved}, {"2001:db8::1", Reserved}, {"3fff::1", Reserved}, {"2001:10::1", Reserved},
		{"100::1", Reserved}, {"4000::1", Reserved}, {"5f00::1", Reserved}, {"1::1", Reserved},
	} {
		if rule := ruleOf(netip.MustParseAddr(c.address)); rule != c.rule {
			t.Errorf("%s: rule %q, not %q", c.address, rule, c.rule)
		}
	}
	if rule := ruleOf(netip.Addr{}); rule != Host {
		t.Errorf("no address: rule %q", rule)
	}
}

func TestURLs(t *testing.T) {
	guard, err := New([]string{"10.1.0.0/16", "CI.internal.", "fd12::/32", "127.0.0.7"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		url  string
		rule Rule
	}{
		{"https://example.com/hook?x=1#y", ""}, {"http://example.com:8080", ""}, {"https://example.com:1024/", ""}, {"https://EXAMPLE.com./", ""}, {"https://8.8.8.8/", ""}, {"https://[2606:4700:4700::1111]/", ""},
		{"https://xn--bcher-kva.example/", ""}, {"https://a_b.example/", ""}, {"https://10.1.2.3/", ""}, {"https://ci.INTERNAL/", ""}, {"https://[fd12::7]:8443/", ""}, {"http://127.0.0.7:9999/", ""},
		{"ftp://example.com/", Scheme}, {"file:///etc/passwd", Scheme}, {"gopher://example.com/", Scheme}, {"//example.com/", Scheme}, {"example.com", Scheme}, {"javascript:alert(1)", Scheme},
		{"https://user@example.com/", UserInfo}, {"https://user:hunter2@example.com/", UserInfo}, {"https://@example.com/", UserInfo},
		{"https:///x", Host}, {"https:example.com", Host}, {"https://example.com:/", Host}, {"https://.example.com/", Host}, {"https://bücher.example/", Host}, {"https://-a.example/", Host},
		{"https://127.1/", Host}, {"https://0x7f000001/", Host}, {"https://2130706433/", Host}, {"https://0177.0.0.1/", Host}, {"https://127.0.0.0x1/", Host}, {"https://1.2.3.4.5/", Host}, {"https://0x/", Host},
		{"https://example.com:22/", Port}, {"https://example.com:25/", Port}, {"http://example.com:6379/", Port}, {"https://example.com:0/", Port}, {"https://example.com:65536/", Port}, {"http://10.1.2.3:6379/", Port}, {"http://ci.internal:22/", Port},
		{"http://localhost/", Loopback}, {"http://LOCALHOST.:8080/", Loopback}, {"http://a.localhost/", Loopback}, {"http://127.0.0.1/", Loopback}, {"http://[::1]/", Loopback}, {"http://[::ffff:127.0.0.1]/", Loopback},
		{"http://10.2.0.1/", Private}, {"http://169.254.169.254/latest/meta-data/", Metadata}, {"http://[fe80::1%25eth0]/", LinkLocal},
	} {
		u, err := url.Parse(c.url)
		if err != nil {
			t.Errorf("%s: %v", c.url, err)
			continue
		}
		err = guard.CheckURL(u)
		refusal, _ := errors.AsType[*Refusal](err)
		switch {
		case c.rule == "" && err != nil:
			t.Errorf("%s: %v", c.url, err)
		case c.rule != "" && (refusal == nil || refusal.Rule != c.rule):
			t.Errorf("%s: %v, not %q", c.url, err, c.rule)
		case refusal != nil && (refusal.Rule.String() == "" || strings.Contains(refusal.Error(), "hunter2")):
			t.Errorf("%s: it says %q", c.url, refusal.Error())
		}
	}
}

func TestAllowed(t *testing.T) {
	for _, entry := range []string{"", "10.0.0.0/33", "10.0.0/8", "::ffff:10.0.0.0/104", "300.1.1.1", "a b", "https://x", "fe80::1%eth0", "*.example.com", "host:80"} {
		if _, err := New([]string{entry}); err == nil {
			t.Errorf("%q is taken", entry)
		}
	}
}

// listener counts who connects to 127.0.0.1.
func listener(t *testing.T) (port string, calls *atomic.Int32) {
	calls = new(atomic.Int32)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { calls.Add(1) }))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			calls.Add(100)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	_, port, _ = net.SplitHostPort(server.Listener.Addr().String())
	return port, calls
}

// TestRebinding: a name that led to a public address when it was looked at, and leads to this machine when it is called, does not
// get there.
func TestRebinding(t *testing.T) {
	port, calls := listener(t)
	names := newNames(t)
	guard := &Guard{Resolver: names.resolver()}
	address := "http://rebind.example:" + port + "/"
	u, _ := url.Parse(address)

	names.answer(netip.MustParseAddr("93.184.216.34"))
	if err := guard.CheckURL(u); err != nil {
		t.Fatal(err)
	}
	for _, hostile := range []string{"127.0.0.1", "0.0.0.0", "::1", "::ffff:127.0.0.1", "169.254.169.254", "10.0.0.1", "64:ff9b::127.0.0.1"} {
		names.answer(netip.MustParseAddr(hostile))
		_, err := guard.Client().Get(address)
		if refusal, ok := errors.AsType[*Refusal](err); !ok {
			t.Errorf("%s: %v", hostile, err)
		} else if refusal.Rule == "" {
			t.Errorf("%s: refused by no rule", hostile)
		}
	}
	if n := calls.Load(); n != 0 {
		t.Errorf("something connected: %d", n)
	}
	if names.asked.Load() == 0 {
		t.Error("no name was looked up")
	}

	// The same names lead somewhere where the operator has opened a network.
	open, err := New([]string{"127.0.0.0/8"})
	if err != nil {
		t.Fatal(err)
	}
	open.Resolver = names.resolver()
	names.answer(netip.MustParseAddr("127.0.0.1"))
	answer, err := open.Client().Get(address)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if calls.Load()%100 != 1 {
		t.Error("it was not called")
	}
	named, err := New([]string{"rebind.example"})
	if err != nil {
		t.Fatal(err)
	}
	named.Resolver = names.resolver()
	if answer, err = named.Client().Get(address); err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
}

// TestNoProxyAndNoRedirects: a proxy of the environment would dial in the guard's place, and a redirect would lead on.
func TestNoProxyAndNoRedirects(t *testing.T) {
	port, calls := listener(t)
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:"+port)
	t.Setenv("http_proxy", "http://127.0.0.1:"+port)
	names := newNames(t)
	names.answer(netip.MustParseAddr("10.9.9.9"))
	guard := &Guard{Resolver: names.resolver()}
	if _, err := guard.Client().Get("http://proxied.example:8080/"); !isRefusal(err) {
		t.Errorf("through a proxy: %v", err)
	}
	if calls.Load() != 0 {
		t.Error("the proxy was asked")
	}
	moved := httptest.NewServer(http.RedirectHandler("http://127.0.0.1:"+port+"/", http.StatusFound))
	defer moved.Close()
	open, err := New([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := open.Client().Get(moved.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusFound || calls.Load() != 0 {
		t.Errorf("status %d, %d calls", answer.StatusCode, calls.Load())
	}
}

func isRefusal(err error) bool {
	_, ok := errors.AsType[*Refusal](err)
	return ok
}

// FuzzURL: what is called is a public address on a port of HTTP, whatever the URL looks like.
func FuzzURL(f *testing.F) {
	for _, seed := range []string{"https://example.com/", "http://[::ffff:127.0.0.1]:80/", "http://0x7f.1/", "https://a@b/", "http://[fe80::1%25a]/", "http://127.0.0.1\\@example.com/", "http://example.com#@127.0.0.1/"} {
		f.Add(seed)
	}
	var guard Guard
	f.Fuzz(func(t *testing.T, text string) {
		u, err := url.Parse(text)
		if err != nil || guard.CheckURL(u) != nil {
			return
		}
		if u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.Hostname() == "" {
			t.Errorf("%q is taken", text)
		}
		if ip := net.ParseIP(strings.TrimSuffix(u.Hostname(), ".")); ip != nil {
			if ip.IsLoopback() || ip.IsPrivate() || ip.IsUnspecified() || ip.IsMulticast() || ip.IsLinkLocalUnicast() {
				t.Errorf("%q is taken", text)
			}
		}
	})
}

// FuzzAddress holds the table to what the standard library knows.
func FuzzAddress(f *testing.F) {
	for _, seed := range []string{"127.0.0.1", "::1", "::ffff:10.0.0.1", "fe80::1%a", "8.8.8.8"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := netip.ParseAddr(text)
		if err != nil || ruleOf(a) != "" {
			return
		}
		if b := a.Unmap(); b.IsLoopback() || b.IsPrivate() || b.IsUnspecified() || b.IsMulticast() || b.IsLinkLocalUnicast() || !b.IsGlobalUnicast() || b.Zone() != "" {
			t.Errorf("%s is public", a)
		}
	})
}

// names is a name server that leads every name to one address.
type names struct {
	conn  net.PacketConn
	now   atomic.Pointer[netip.Addr]
	asked atomic.Int32
}

func newNames(t *testing.T) *names {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &names{conn: conn}
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		b := make([]byte, 512)
		for {
			size, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			n.asked.Add(1)
			_, _ = conn.WriteTo(n.reply(b[:size]), from)
		}
	}()
	return n
}

func (n *names) answer(a netip.Addr) { n.now.Store(&a) }

func (n *names) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", n.conn.LocalAddr().String())
	}}
}

// reply answers a question about an address: RFC 1035, with the question's own bytes.
func (n *names) reply(query []byte) []byte {
	end := 12
	for query[end] != 0 {
		end += 1 + int(query[end])
	}
	question := query[12 : end+5]
	kind := binary.BigEndian.Uint16(query[end+1:])
	out := append([]byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, question...)
	a := *n.now.Load()
	record := a.AsSlice()
	if len(record) == 4 && kind == 1 || len(record) == 16 && kind == 28 {
		out[7] = 1
		out = append(out, 0xc0, 12, byte(kind>>8), byte(kind), 0, 1, 0, 0, 0, 0, 0, byte(len(record)))
		out = append(out, record...)
	}
	return out
}
