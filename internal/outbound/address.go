package outbound

import "net/netip"

// Rule names why something is not called.
type Rule string

// The rules about URLs, and those about addresses.
const (
	Scheme   Rule = "scheme"   // neither http nor https
	UserInfo Rule = "userinfo" // a user name or a password in the URL
	Host     Rule = "host"     // no host, or one that systems read in different ways
	Port     Rule = "port"     // other protocols live there

	Unspecified Rule = "unspecified"
	Loopback    Rule = "loopback"
	Private     Rule = "private"
	LinkLocal   Rule = "link_local"
	Metadata    Rule = "metadata" // where clouds tell a machine its secrets
	Shared      Rule = "shared"   // behind a provider's NAT
	Multicast   Rule = "multicast"
	Embedded    Rule = "embedded" // an IPv4 address in one of IPv6, which something on the way translates
	Reserved    Rule = "reserved"
)

var ruleWords = map[Rule]string{
	Scheme:      "only http and https are called",
	UserInfo:    "a URL with a user name or a password in it is not called",
	Host:        "the URL has no host name or address that every system reads alike",
	Port:        "this port is not called: only 80, 443 and those from 1024 that no other protocol is known to use",
	Unspecified: "it stands for the machine itself",
	Loopback:    "it leads back to the machine itself",
	Private:     "it lies in a private network",
	LinkLocal:   "it lies on the local link",
	Metadata:    "clouds serve the secrets of machines there",
	Shared:      "it lies in a provider's network, behind its address translation",
	Multicast:   "it is no address of one machine",
	Embedded:    "it holds an IPv4 address, which something on the way may translate to",
	Reserved:    "it is reserved, and no public address",
}

// String is what the rule says, as the end of a sentence.
func (r Rule) String() string { return ruleWords[r] }

// block is a part of the address space that is no public network.
type block struct {
	prefix netip.Prefix
	rule   Rule
}

func blocks(rule Rule, prefixes ...string) (all []block) {
	for _, p := range prefixes {
		all = append(all, block{netip.MustParsePrefix(p), rule})
	}
	return all
}

// special are the blocks that are not public (IANA's registries of special-purpose addresses, RFC 6890), the narrower ones
// before those around them. Of IPv6, nothing outside of 2000::/3 is public, so only what lies inside needs a row; the others
// stand here to be called by their names.
var special = func() (all []block) {
	// The first is the link-local address that nearly every cloud uses; then Azure's, which looks public, Oracle's, Alibaba's,
	// and that of AWS for IPv6.
	all = append(all, blocks(Metadata, "169.254.169.254/32", "169.254.170.2/32", "168.63.129.16/32", "192.0.0.192/32", "100.100.100.200/32", "fd00:ec2::254/128")...)
	all = append(all, blocks(Unspecified, "0.0.0.0/32", "::/128")...)
	all = append(all, blocks(Loopback, "127.0.0.0/8", "::1/128")...)
	all = append(all, blocks(Private, "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")...)
	all = append(all, blocks(LinkLocal, "169.254.0.0/16", "fe80::/10", "fec0::/10")...)
	all = append(all, blocks(Shared, "100.64.0.0/10")...)
	all = append(all, blocks(Multicast, "224.0.0.0/4", "ff00::/8")...)
	// IPv4 in IPv6: compatible, translated (NAT64, also for local use), 6to4, and Teredo. 5efe is ISATAP's mark, which any prefix
	// can have; see ruleOf.
	all = append(all, blocks(Embedded, "::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")...)
	all = append(all, blocks(Reserved, "0.0.0.0/8", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "240.0.0.0/4", "2001::/23", "2001:db8::/32", "3fff::/20")...)
	return all
}()

var globalUnicast = netip.MustParsePrefix("2000::/3")

// ruleOf is the rule that keeps an address from being called, "" for a public one.
func ruleOf(a netip.Addr) Rule {
	switch {
	case !a.IsValid():
		return Host
	case a.Zone() != "":
		return LinkLocal
	}
	a = a.Unmap() // ::ffff:127.0.0.1 is 127.0.0.1 to every system
	for _, b := range special {
		if b.prefix.Contains(a) {
			return b.rule
		}
	}
	if a.Is6() {
		b := a.As16()
		switch {
		case !globalUnicast.Contains(a):
			return Reserved
		case (b[8] == 0 || b[8] == 2) && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe: // ISATAP (RFC 5214)
			return Embedded
		}
	}
	return ""
}
