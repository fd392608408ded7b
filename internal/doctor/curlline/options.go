package curlline

import "strings"

// kind is what follows an option.
type kind uint8

const (
	unknown kind = iota
	toggle       // nothing; --no-NAME undoes it
	plain        // nothing, and nothing undoes it
	valued       // a value
)

// The long names of curl's options, up to curl 8.17, by what follows them. Toggles that only have a --no-NAME in curl's
// help stand here without it.
const (
	valuedNames = `abstract-unix-socket alt-svc aws-sigv4 cacert capath cert cert-type ciphers config connect-timeout
		connect-to continue-at cookie cookie-jar create-file-mode crlfile curves data data-ascii data-binary data-raw
		data-urlencode delegation dns-interface dns-ipv4-addr dns-ipv6-addr dns-servers doh-url dump-header ech egd-file
		engine etag-compare etag-save expect100-timeout form form-string ftp-account ftp-alternative-to-user ftp-method
		ftp-port ftp-ssl-ccc-mode happy-eyeballs-timeout-ms haproxy-clientip header hostpubmd5 hostpubsha256 hsts
		interface ip-tos ipfs-gateway json keepalive-cnt keepalive-time key key-type knownhosts krb krb4 libcurl
		limit-rate local-port login-options mail-auth mail-from mail-rcpt max-filesize max-redirs max-time netrc-file
		noproxy oauth2-bearer output output-dir parallel-max parallel-max-host pass pinnedpubkey preproxy proto
		proto-default proto-redir proxy proxy-cacert proxy-capath proxy-cert proxy-cert-type proxy-ciphers proxy-crlfile
		proxy-header proxy-key proxy-key-type proxy-pass proxy-pinnedpubkey proxy-service-name proxy-tls13-ciphers
		proxy-tlsauthtype proxy-tlspassword proxy-tlsuser proxy-user proxy1.0 pubkey quote random-file range rate referer
		request request-target resolve retry retry-delay retry-max-time sasl-authzid service-name sigalgs socks4 socks4a
		socks5 socks5-gssapi-service socks5-hostname speed-limit speed-time ssl-sessions stderr telnet-option
		tftp-blksize time-cond tls-max tls13-ciphers tlsauthtype tlspassword tlsuser trace trace-ascii trace-config
		unix-socket upload-file upload-flags url url-query user user-agent variable vlan-priority write-out`

	toggleNames = `alpn append basic buffer ca-native cert-status clobber compressed compressed-ssh create-dirs crlf
		digest disable disable-eprt disable-epsv disallow-username-in-url doh-cert-status doh-insecure eprt epsv fail
		fail-early fail-with-body false-start follow form-escape ftp-create-dirs ftp-pret ftp-skip-pasv-ip ftp-ssl
		ftp-ssl-ccc ftp-ssl-control ftp-ssl-reqd get globoff haproxy-protocol head http0.9 ignore-content-length include
		insecure junk-session-cookies keepalive list-only location location-trusted mail-rcpt-allowfails manual metalink
		mptcp negotiate netrc netrc-optional npn ntlm ntlm-wb out-null parallel parallel-immediate path-as-is post301
		post302 post303 progress-bar progress-meter proxy-anyauth proxy-basic proxy-ca-native proxy-digest proxy-http2
		proxy-insecure proxy-negotiate proxy-ntlm proxy-ssl-allow-beast proxy-ssl-auto-client-cert proxytunnel raw
		remote-header-name remote-name remote-name-all remote-time remove-on-error retry-all-errors retry-connrefused
		sasl-ir sessionid show-error show-headers silent skip-existing socks5-basic socks5-gssapi socks5-gssapi-nec ssl
		ssl-allow-beast ssl-auto-client-cert ssl-no-revoke ssl-reqd ssl-revoke-best-effort styled-output
		suppress-connect-headers tcp-fastopen tcp-nodelay tftp-no-options tls-earlydata tr-encoding trace-ids trace-time
		use-ascii verbose version xattr`

	plainNames = `anyauth dump-ca-embed ftp-pasv help http1.0 http1.1 http2 http2-prior-knowledge http3 http3-only ipv4
		ipv6 next proxy-tlsv1 sslv2 sslv3 tlsv1 tlsv1.0 tlsv1.1 tlsv1.2 tlsv1.3`

	// shortNames pairs each letter with its long name.
	shortNames = `0 http1.0 1 tlsv1 2 sslv2 3 sslv3 4 ipv4 6 ipv6 : next # progress-bar a append A user-agent b cookie
		B use-ascii c cookie-jar C continue-at d data D dump-header e referer E cert f fail F form g globoff G get h help
		H header i include I head j junk-session-cookies J remote-header-name k insecure K config l list-only L location
		m max-time M manual n netrc N no-buffer o output O remote-name p proxytunnel P ftp-port q disable Q quote r range
		R remote-time s silent S show-error t telnet-option T upload-file u user U proxy-user v verbose V version
		w write-out x proxy X request y speed-time Y speed-limit z time-cond Z parallel`
)

var kinds = func() map[string]kind {
	m := map[string]kind{}
	for k, names := range map[kind]string{valued: valuedNames, toggle: toggleNames, plain: plainNames} {
		for _, n := range strings.Fields(names) {
			m[n] = k
		}
	}
	return m
}()

var letters = func() map[byte]string {
	m := map[byte]string{}
	pairs := strings.Fields(shortNames)
	for i := 0; i+1 < len(pairs); i += 2 {
		m[pairs[i][0]] = pairs[i+1]
	}
	return m
}()

// option is one option as it was written.
type option struct {
	name string // the long name, without "no-"
	off  bool   // --no-NAME
	kind kind
	// expand tells that it was written --expand-NAME: the value has {{variables}} of curl's own.
	expand bool
	// shortened tells that the name was cut or in another case, which curl took until 8.5 only.
	shortened bool
}

// longOption finds the option of a long name, which is without its dashes.
func longOption(name string) option {
	var o option
	if rest, ok := strings.CutPrefix(name, "expand-"); ok && kinds[rest] == valued {
		o.expand, name = true, rest
	}
	find := func(name string) (string, kind) {
		if k := kinds[name]; k != unknown {
			return name, k
		}
		lower, found := strings.ToLower(name), []string{}
		if kinds[lower] != unknown {
			found = []string{lower}
		} else if len(lower) > 1 {
			for n := range kinds {
				if strings.HasPrefix(n, lower) {
					found = append(found, n)
				}
			}
		}
		if len(found) != 1 {
			return name, unknown // none, or it could be either
		}
		o.shortened = true
		return found[0], kinds[found[0]]
	}
	// The names "noproxy" and "no-…" do not collide.
	if rest, ok := strings.CutPrefix(name, "no-"); ok {
		if n, k := find(rest); k == toggle {
			o.name, o.kind, o.off = n, k, true
			return o
		}
		o.shortened = false
	}
	o.name, o.kind = find(name)
	return o
}

// shortOption finds the option of a letter.
func shortOption(c byte) option {
	name := letters[c]
	if rest, ok := strings.CutPrefix(name, "no-"); ok {
		return option{name: rest, off: true, kind: toggle}
	}
	return option{name: name, kind: kinds[name]}
}
