package browser

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// watch notes what goes wrong in a window without being seen on the page.
type watch struct {
	base string // of the server: nothing else is ever asked
	also string // but for this, where a flow leads elsewhere

	mu       sync.Mutex
	faults   []string
	received float64 // bytes over the network, headers included
}

// start begins to watch the window of ctx.
func (w *watch) start(ctx context.Context) error {
	err := chromedp.Listen(ctx, func(event any) {
		if _, ok := event.(*page.EventJavascriptDialogOpening); ok {
			// The page stands still until it is closed, and a listener may not send commands.
			go func() {
				_, _ = chromedp.Call(ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{})
			}()
		}
		w.see(event)
	})
	if err != nil {
		return err
	}
	_, err = chromedp.Call(ctx, audits.Enable, cdp.Empty{})
	return err
}

func (w *watch) see(event any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *page.EventJavascriptDialogOpening:
		w.fault("a dialog opened: %s", e.Message)
	case *runtime.EventExceptionThrown:
		w.fault("an exception: %s", describe(e.ExceptionDetails))
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeAssert || e.Type == runtime.ConsoleAPICalledTypeWarning {
			w.fault("on the console: %s", describeAll(e.Args))
		}
	case *log.EventEntryAdded:
		// What the network says is taken from the requests themselves.
		if bad := e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning; bad && e.Entry.Source != log.EntrySourceNetwork {
			w.fault("on the console: %s (%s)", e.Entry.Text, e.Entry.URL)
		}
	case *audits.EventIssueAdded:
		if csp := e.Issue.Details.ContentSecurityPolicyIssueDetails; csp != nil {
			w.fault("against the policy: %s %s", csp.ViolatedDirective, csp.BlockedURL)
		}
	case *network.EventRequestWillBeSent:
		if to := e.Request.URL; !strings.HasPrefix(to, w.base+"/") && !strings.HasPrefix(to, "data:") && (w.also == "" || !strings.HasPrefix(to, w.also)) {
			w.fault("a request to somebody else: %s", to)
		}
	case *network.EventResponseReceived:
		if e.Type != network.ResourceTypeDocument && e.Response.Status >= 400 {
			w.fault("%s answered %d", e.Response.URL, e.Response.Status)
		}
	case *network.EventLoadingFailed:
		if !e.Canceled {
			w.fault("a request failed: %s %s", e.Type, e.ErrorText)
		}
	case *network.EventLoadingFinished:
		w.received += e.EncodedDataLength
	}
}

// fault notes a fault. The caller holds the lock.
func (w *watch) fault(format string, args ...any) {
	w.faults = append(w.faults, fmt.Sprintf(format, args...))
}

// take returns what was seen since the last time.
func (w *watch) take() (faults []string, received float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	faults, received = w.faults, w.received
	w.faults, w.received = nil, 0
	return faults, received
}

// report fails the test with every fault since the last time, once each.
func (w *watch) report(t *testing.T) {
	t.Helper()
	faults, _ := w.take()
	seen := map[string]bool{}
	for _, fault := range faults {
		if !seen[fault] {
			t.Error(fault)
		}
		seen[fault] = true
	}
}

func describe(e *runtime.ExceptionDetails) string {
	text := e.Text
	if e.Exception != nil {
		text += " " + e.Exception.Description
	}
	return text
}

func describeAll(args []*runtime.RemoteObject) string {
	var all []string
	for _, a := range args {
		if a.Description != "" {
			all = append(all, a.Description)
		} else {
			all = append(all, string(a.Value))
		}
	}
	return strings.Join(all, " ")
}
