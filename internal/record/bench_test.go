package record

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"
)

// limitOverhead is how many times as long a run may take that is recorded, compared with the same run through the same
// proxy without recording.
const limitOverhead = 1.2

// run1000 is how many calls a run has.
const run1000 = 1000

// BenchmarkRecorded measures runs of 1,000 calls of the API through the proxy by turns, one recorded and one not, and
// reports the ratio as a share of its limit: up to 1 holds.
func BenchmarkRecorded(b *testing.B) {
	for _, mode := range []string{"http", "https"} {
		b.Run(mode, func(b *testing.B) {
			var recorded, not time.Duration
			recording := newRunner(b, mode == "https", true)
			plain := newRunner(b, mode == "https", false)
			recording()
			plain()
			for b.Loop() {
				not += plain()
				recorded += recording()
			}
			ratio := float64(recorded) / float64(not)
			b.ReportMetric(float64(recorded.Milliseconds())/float64(b.N), "ms/recorded-run")
			b.ReportMetric(ratio, "times-unrecorded")
			b.ReportMetric(ratio/limitOverhead, "of-limit")
		})
	}
}

// newRunner starts a server and a proxy, and gives a function that makes one run and says how long it took.
func newRunner(b *testing.B, tls, record bool) func() time.Duration {
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-OAuth-Scopes", "read:repository:bitbucket, read:user:bitbucket")
		w.Header().Set("X-Credential-Type", "api_token")
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"type":"repository","full_name":"acme/widgets"}`)
	})
	server := httptest.NewUnstartedServer(handler)
	if tls {
		server.StartTLS()
	} else {
		server.Start()
	}
	b.Cleanup(server.Close)
	ca, err := newAuthority(time.Now())
	if err != nil {
		b.Fatal(err)
	}
	u, _ := url.Parse(server.URL)
	host, _ := ParseHost(u.Host)
	out := newOutside(nil)
	if tls {
		out.transport.TLSClientConfig.RootCAs.AddCert(server.Certificate())
	}
	var recorder *Recorder
	if record {
		recorder = NewRecorder(time.Now)
	}
	proxy, err := newProxy([]Host{host}, ca, out, recorder)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(proxy.Close)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: proxy.Addr})
	transport.TLSClientConfig = newOutside(nil).transport.TLSClientConfig
	transport.TLSClientConfig.RootCAs.AddCert(ca.cert)
	b.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport}
	return func() time.Duration {
		started := time.Now()
		for range run1000 {
			q, _ := http.NewRequest("GET", server.URL+"/2.0/repositories/acme/widgets/refs/branches?pagelen=100", nil)
			q.SetBasicAuth("ada@example.com", "secret")
			res, err := client.Do(q)
			if err != nil {
				b.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			if res.StatusCode != http.StatusOK {
				b.Fatal(res.Status)
			}
		}
		return time.Since(started)
	}
}
