package record

import (
	"bytes"
	"encoding/pem"
	"unsafe"

	"golang.org/x/sys/windows"
)

// systemRoots is what the system trusts, in PEM; nil where nothing is found.
func systemRoots() []byte {
	store, err := windows.CertOpenSystemStore(0, windows.StringToUTF16Ptr("ROOT"))
	if err != nil {
		return nil
	}
	defer func() { _ = windows.CertCloseStore(store, 0) }()
	var all bytes.Buffer
	var cert *windows.CertContext
	for {
		if cert, err = windows.CertEnumCertificatesInStore(store, cert); err != nil || cert == nil {
			return all.Bytes() // it ends with an error that says so
		}
		_ = pem.Encode(&all, &pem.Block{Type: "CERTIFICATE", Bytes: unsafe.Slice(cert.EncodedCert, cert.Length)}) // a buffer takes all
	}
}
