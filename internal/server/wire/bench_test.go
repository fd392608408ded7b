package wire

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"
)

// One request after the other on a connection that is kept, bare and with the
// wrapper: what the wrapper costs.
func BenchmarkRequest(b *testing.B) {
	for _, name := range []string{"bare", "wire"} {
		b.Run(name, func(b *testing.B) {
			srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })}
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			addr := l.Addr().String()
			if name == "wire" {
				l = Listen(srv, l, Config{SpacesInQuery: true})
			}
			go srv.Serve(l)
			defer srv.Close()
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				b.Fatal(err)
			}
			defer conn.Close()
			const request = "GET /2.0/repositories/acme/api/pullrequests?state=OPEN HTTP/1.1\r\nHost: pail.example.com\r\n" +
				"Authorization: Basic c29tZW9uZUBleGFtcGxlLmNvbTpBVEFUUDFhYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0NTY3ODk=\r\n" +
				"Accept: application/json\r\nUser-Agent: bench\r\n\r\n"
			r := bufio.NewReader(conn)
			b.ReportAllocs()
			for b.Loop() {
				io.WriteString(conn, request)
				for {
					line, err := r.ReadSlice('\n')
					if err != nil {
						b.Fatal(err)
					}
					if len(line) == 2 {
						break
					}
				}
			}
		})
	}
}

func BenchmarkDiagnose(b *testing.B) {
	head := []byte("GET /2.0/user HTTP/1.1\r\nHost: x\r\nAuthorization: Basic " + wrapAt(76, "\n", longSecret) + "\r\n\r\n")
	for b.Loop() {
		Diagnose(head, "400 Bad Request")
	}
}
