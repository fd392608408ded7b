package runner

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/runnerapi"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// client speaks to the server as one runner.
type client struct {
	http  *http.Client
	base  string // of the runner's operations
	agent string // the User-Agent
}

// errLost is the answer to whoever holds no lease of the step (any more).
var errLost = errors.New("the step does not belong to this runner any more")

// leaseLost is the reason of the server's refusal that errLost stands for.
const leaseLost = "pipeline.lease_lost"

// refusal is an answer that is no success.
type refusal struct {
	status        int
	code, message string
}

func (r *refusal) Error() string {
	if r.code == "" {
		return fmt.Sprintf("%d: %s", r.status, r.message)
	}
	return fmt.Sprintf("%d: %s (%s)", r.status, r.message, r.code)
}

// permanent tells whether asking again is of no use.
func permanent(err error) bool {
	if errors.Is(err, errLost) || errors.Is(err, context.Canceled) {
		return true
	}
	var r *refusal
	return errors.As(err, &r) && r.status >= 400 && r.status < 500 && r.status != http.StatusRequestTimeout && r.status != http.StatusTooManyRequests
}

func newClient(ctx context.Context, c *Config) *client {
	credentials := clientcredentials.Config{ClientID: c.ClientID, ClientSecret: c.ClientSecret, TokenURL: c.TokenURL, AuthStyle: oauth2.AuthStyleInHeader}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 2 * c.Slots
	transport.DisableCompression = true
	plain := &http.Client{Transport: transport}
	token := credentials.TokenSource(context.WithValue(ctx, oauth2.HTTPClient, &http.Client{Transport: transport, Timeout: 30 * time.Second}))
	plain.Transport = &oauth2.Transport{Source: token, Base: transport}
	return &client{http: plain, base: strings.TrimRight(c.URL, "/") + runnerapi.Root + "/runners/" + c.UUID, agent: "pail-runner/" + c.Version}
}

// do makes a request to path below the runner's. The caller closes the answer's body.
func (c *client) do(ctx context.Context, method, path string, query url.Values, kind string, body io.Reader) (*http.Response, error) {
	address := c.base + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	q, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		q.Header.Set("Content-Type", kind)
	}
	q.Header.Set("User-Agent", c.agent)
	r, err := c.http.Do(q)
	if err != nil {
		var refused *oauth2.RetrieveError
		if errors.As(err, &refused) && refused.Response != nil && refused.Response.StatusCode < 500 {
			return nil, &refusal{status: refused.Response.StatusCode, code: refused.ErrorCode, message: "the server does not take the runner's OAuth client: " + refused.ErrorDescription}
		}
		return nil, err
	}
	if r.StatusCode < 300 {
		return r, nil
	}
	defer r.Body.Close()
	return nil, refused(r)
}

// refused is an answer as an error.
func refused(r *http.Response) error {
	var said struct {
		Error struct {
			Message string `json:"message"`
			Detail  any    `json:"detail"`
			Data    struct {
				Reason string `json:"reason"`
			} `json:"data"`
		} `json:"error"`
	}
	text, _ := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	e := &refusal{status: r.StatusCode, message: http.StatusText(r.StatusCode)}
	if json.Unmarshal(text, &said) == nil && said.Error.Message != "" {
		e.message, e.code = said.Error.Message, said.Error.Data.Reason
	}
	if e.code == leaseLost {
		return fmt.Errorf("%w: %w", errLost, e)
	}
	return e
}

// tell sends in as JSON, and reads the answer into out, where it is not nil; whether there was one.
func (c *client) tell(ctx context.Context, method, path string, in, out any) (bool, error) {
	text, err := json.Marshal(in)
	if err != nil {
		return false, err
	}
	r, err := c.do(ctx, method, path, nil, "application/json", bytes.NewReader(text))
	if err != nil {
		return false, err
	}
	defer r.Body.Close()
	if r.StatusCode == http.StatusNoContent || out == nil {
		_, err = io.Copy(io.Discard, io.LimitReader(r.Body, 1<<20))
		return false, err
	}
	return true, json.NewDecoder(io.LimitReader(r.Body, 64<<20)).Decode(out)
}

// ask is a step, or nil where none came up.
func (c *client) ask(ctx context.Context, ask runnerapi.Ask) (*runnerapi.Step, error) {
	ctx, cancel := context.WithTimeout(ctx, runnerapi.Wait+20*time.Second)
	defer cancel()
	var step runnerapi.Step
	if ok, err := c.tell(ctx, http.MethodPost, "/steps", ask, &step); !ok || err != nil {
		return nil, err
	}
	return &step, nil
}

func (c *client) beat(ctx context.Context, step string, beat runnerapi.Beat) (orders runnerapi.Orders, err error) {
	ctx, cancel := context.WithTimeout(ctx, runnerapi.Lease)
	defer cancel()
	_, err = c.tell(ctx, http.MethodPut, "/steps/"+step, beat, &orders)
	return orders, err
}

func (c *client) result(ctx context.Context, step string, result runnerapi.Result) error {
	return retry(ctx, func() error {
		ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		_, err := c.tell(ctx, http.MethodPost, "/steps/"+step+"/result", result, nil)
		return err
	})
}

// log sends a part of a log.
func (c *client) log(ctx context.Context, step, log string, offset int64, part []byte) (written runnerapi.Written, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	r, err := c.do(ctx, http.MethodPost, "/steps/"+step+"/logs/"+log, url.Values{"offset": {fmt.Sprint(offset)}}, "application/octet-stream", bytes.NewReader(part))
	if err != nil {
		return written, err
	}
	defer r.Body.Close()
	return written, json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&written)
}

// get reads octets. The caller closes it.
func (c *client) get(ctx context.Context, path string, query url.Values) (io.ReadCloser, error) {
	r, err := c.do(ctx, http.MethodGet, path, query, "", nil)
	if err != nil {
		return nil, err
	}
	return r.Body, nil
}

// put sends octets.
func (c *client) put(ctx context.Context, path string, query url.Values, kind string, body io.Reader) error {
	r, err := c.do(ctx, http.MethodPut, path, query, kind, body)
	if err != nil {
		return err
	}
	defer r.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(r.Body, 1<<20))
	return err
}

// retry calls do until it succeeds, fails for good, or ctx ends.
func retry(ctx context.Context, do func() error) error {
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		err := do()
		if err == nil || permanent(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		case <-time.After(wait):
		}
	}
}
