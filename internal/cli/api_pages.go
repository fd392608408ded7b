package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pailforge/pail/internal/profile"
)

// maxPage bounds one page of a list, in bytes.
const maxPage = 64 << 20

// pages fetches a list page by page and prints one with the values of all. The way to the next page is the address that
// the answer names; one on another host is not followed, and neither is one that was fetched already.
func (o *apiOptions) pages(ctx context.Context, client *profile.Client, target *url.URL) error {
	var whole map[string]json.RawMessage
	var values [][]byte
	seen := map[string]bool{}
	for target != nil {
		if seen[target.String()] {
			return errors.New("--paginate: a page names itself, or one before it, as the next")
		}
		seen[target.String()] = true
		page, err := o.page(ctx, client, target, whole == nil)
		if err != nil {
			return err
		}
		if whole == nil {
			if page["values"] == nil {
				return errors.New("--paginate: the answer is no list: it has no values")
			}
			whole = page
		}
		var some []json.RawMessage
		if err := json.Unmarshal(page["values"], &some); err != nil {
			return errors.New("--paginate: the answer is no list: its values are no array")
		}
		for _, v := range some {
			values = append(values, v)
		}
		if target, err = next(client.Profile, target, page["next"]); err != nil {
			return err
		}
	}
	for _, name := range []string{"next", "previous", "page", "pagelen"} {
		delete(whole, name)
	}
	whole["values"] = slices.Concat([]byte{'['}, bytes.Join(values, []byte{','}), []byte{']'})
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false) // what came is printed as it came
	if err := e.Encode(whole); err != nil {
		return err
	}
	return o.write(&text)
}

// page fetches one page. The headers of the first, and of a refusal, are printed when they were asked for.
func (o *apiOptions) page(ctx context.Context, client *profile.Client, target *url.URL, first bool) (map[string]json.RawMessage, error) {
	r, err := o.request(ctx, target, nil)
	if err != nil {
		return nil, err
	}
	res, err := client.Do(r)
	if err != nil {
		return nil, sendError(err)
	}
	defer func() { _ = res.Body.Close() }()
	refused := res.StatusCode >= http.StatusBadRequest
	if first || refused {
		if err := o.head(res); err != nil {
			return nil, err
		}
	}
	if refused {
		return nil, o.refused(client.Profile, r, res)
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, maxPage+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxPage {
		return nil, fmt.Errorf("--paginate: a page has more than %d MiB; ask for less with fields=, or for fewer with pagelen=", maxPage>>20)
	}
	var page map[string]json.RawMessage
	if err := json.Unmarshal(text, &page); err != nil {
		return nil, errors.New("--paginate: the answer is no list: it is no JSON object")
	}
	return page, nil
}

// next is the address of the next page; nil after the last.
func next(p profile.Profile, from *url.URL, named json.RawMessage) (*url.URL, error) {
	var address string
	if len(named) == 0 || json.Unmarshal(named, &address) != nil || address == "" {
		return nil, nil
	}
	target, err := from.Parse(address)
	if err != nil {
		return nil, errors.New("--paginate: the address of the next page cannot be read")
	}
	if target.Scheme != from.Scheme || !strings.EqualFold(target.Host, from.Host) {
		return nil, fmt.Errorf("--paginate: the next page is on %s, and the login %s is for %s: it is not fetched, and nothing is printed", clean(target.Host), p.Name, p.API)
	}
	return target, nil
}
