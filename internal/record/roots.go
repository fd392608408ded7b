//go:build !windows

package record

import "os"

// rootFiles are where systems keep the roots that they trust, in one file, as crypto/x509 looks for them too.
var rootFiles = []string{
	"/etc/ssl/certs/ca-certificates.crt",                // Debian, Ubuntu, Arch
	"/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora, RHEL
	"/etc/ssl/ca-bundle.pem",                            // openSUSE
	"/etc/pki/tls/cacert.pem",                           // OpenELEC
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // CentOS
	"/etc/ssl/cert.pem",                                 // Alpine, macOS, BSD
	"/usr/local/etc/ssl/cert.pem",                       // FreeBSD
}

// systemRoots is what the system trusts, in PEM; nil where nothing is found.
func systemRoots() []byte {
	for _, file := range rootFiles {
		if pem, err := os.ReadFile(file); err == nil {
			return pem
		}
	}
	return nil
}
