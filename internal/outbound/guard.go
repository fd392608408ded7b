package outbound

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Guard decides what may be called. The zero value lets public addresses through and nothing else.
type Guard struct {
	// Resolver looks names up. nil: the system's.
	Resolver *net.Resolver

	prefixes []netip.Prefix
	hosts    map[string]bool
}

// New makes a guard that lets through what is not public too where allow names it: an address, a network such as
// 10.1.0.0/16, or a host name, wherever that leads. The rules about ports hold there as well.
func New(allow []string) (*Guard, error) {
	g := &Guard{hosts: map[string]bool{}}
	for _, entry := range allow {
		prefix, host, err := ParseAllowed(entry)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", entry, err)
		}
		if host != "" {
			g.hosts[host] = true
		} else {
			g.prefixes = append(g.prefixes, prefix)
		}
	}
	return g, nil
}

// ParseAllowed reads an entry of a list of what is let through: a network, or else a host name in lower case. An address is a
// network of one.
func ParseAllowed(entry string) (network netip.Prefix, host string, err error) {
	if strings.Contains(entry, "/") {
		network, err = netip.ParsePrefix(entry)
		if err != nil || network.Addr().Is4In6() {
			return netip.Prefix{}, "", errors.New("no network, such as 10.1.0.0/16 or fd12::/32")
		}
		return network.Masked(), "", nil
	}
	if a, err := netip.ParseAddr(entry); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), "", nil
	}
	host = hostName(entry)
	if !validHost(host) || numeric(host) {
		return netip.Prefix{}, "", errors.New("neither a network, an address nor a host name")
	}
	return netip.Prefix{}, host, nil
}

// Refusal is the error for what is not called.
type Refusal struct {
	Rule Rule
	What string // the address, the host or the port that the rule holds for
}

// Error tells both.
func (r *Refusal) Error() string {
	if r.What == "" {
		return r.Rule.String()
	}
	return r.What + ": " + r.Rule.String()
}

// badPorts are ports from 1024 on where something listens that takes lines of text, or commands without a password, and
// may so be made to obey a request that was meant for it: the list of ports that browsers do not call (Fetch standard, "bad
// port"), and databases, caches, and what runs containers.
var badPorts = []int{1433, 1521, 1719, 1720, 1723, 2049, 2375, 2376, 2377, 2379, 2380, 3306, 3389, 3659, 4045, 4190, 5060, 5061, 5432, 5672, 5984,
	6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 9042, 9092, 9200, 9300, 10080, 10250, 10255, 11211, 27017}

// portAllowed: of the ports below 1024 only two are HTTP's. The others belong to services of the system, such as SSH and
// SMTP, which a server of webhooks must not be made to speak to. Above, whoever runs a receiver may choose.
func portAllowed(port int) bool {
	if port < 1024 {
		return port == 80 || port == 443
	}
	return port <= 65535 && !slices.Contains(badPorts, port)
}

// CheckURL refuses, with a *Refusal, what can be known before a name is looked up: the scheme, a user or a password, the port,
// and a host that is an address. That it is silent about a URL does not mean that the URL will be called.
func (g *Guard) CheckURL(u *url.URL) error {
	if u.Scheme != "http" && u.Scheme != "https" {
		return &Refusal{Scheme, ""}
	}
	if u.User != nil {
		return &Refusal{UserInfo, ""}
	}
	host, port := hostName(u.Hostname()), u.Port()
	if u.Opaque != "" || host == "" || strings.HasSuffix(u.Host, ":") {
		return &Refusal{Host, u.Host}
	}
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	if err := checkPort(port); err != nil {
		return err
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return g.check(a)
	}
	switch {
	case g.hosts[host]:
		return nil
	case !validHost(host), numeric(host):
		return &Refusal{Host, host}
	case host == "localhost" || strings.HasSuffix(host, ".localhost"): // RFC 6761
		return &Refusal{Loopback, host}
	}
	return nil
}

func checkPort(port string) error {
	n, err := strconv.Atoi(port)
	if err != nil || !portAllowed(n) {
		return &Refusal{Port, "port " + port}
	}
	return nil
}

// check refuses an address that is neither public nor allowed.
func (g *Guard) check(a netip.Addr) error {
	rule := ruleOf(a)
	if rule == "" || a.Zone() == "" && slices.ContainsFunc(g.prefixes, func(p netip.Prefix) bool { return p.Contains(a.Unmap()) }) {
		return nil
	}
	return &Refusal{rule, a.String()}
}

// dialTimeout bounds the lookup of a name and the connection to one of its addresses.
const dialTimeout = 5 * time.Second

// DialContext connects to host:port. The address that is really dialled is checked when it is: what a name led to before, and
// what it leads to afterwards, does not matter. The error of a refused address is, or wraps, a *Refusal.
func (g *Guard) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if err := checkPort(port); err != nil {
		return nil, err
	}
	d := &net.Dialer{Timeout: dialTimeout, Resolver: g.Resolver}
	if !g.hosts[hostName(host)] {
		d.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error {
			dialled, err := netip.ParseAddrPort(address)
			if err != nil {
				return &Refusal{Host, address}
			}
			return g.check(dialled.Addr())
		}
	}
	return d.DialContext(ctx, network, address)
}

// Client makes an HTTP client that calls what g lets through. It follows no redirects, asks no proxy, keeps no connection,
// sends no cookies and checks certificates. The caller bounds the time with the context, and what it reads of an answer.
func (g *Guard) Client() *http.Client {
	return &http.Client{
		Transport: guarded{g, &http.Transport{
			Proxy:                  nil, // one from the environment would dial in our place, unguarded
			DialContext:            g.DialContext,
			DisableKeepAlives:      true, // the next request is decided anew
			DisableCompression:     true, // a small answer stays small
			MaxResponseHeaderBytes: 32 << 10,
			TLSHandshakeTimeout:    dialTimeout,
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// guarded checks the URL of a request before it is dialled.
type guarded struct {
	g    *Guard
	next http.RoundTripper
}

func (t guarded) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := t.g.CheckURL(r.URL); err != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, err
	}
	return t.next.RoundTrip(r)
}

// hostName is a host as it is compared.
func hostName(host string) string { return strings.TrimSuffix(strings.ToLower(host), ".") }

// validHost reports whether s is a host name of letters, digits, hyphens and underscores. Names in other scripts are written
// in their ASCII form.
func validHost(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return false
		}
		for i := range len(label) {
			if c := label[i]; !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
				return false
			}
		}
	}
	return true
}

// numeric reports whether a host ends in a number: 127.1, 0x7f000001 and 2130706433 are addresses to some systems.
func numeric(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	if hex, ok := strings.CutPrefix(last, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(last, "0123456789") == ""
}
