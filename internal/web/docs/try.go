package docs

import (
	"context"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/token"
	"github.com/pailforge/pail/internal/web/page"
)

// maxTrying is how many texts are looked at at the same time. It is work that anybody may ask for, and half of the
// machine stays free for everything else.
var maxTrying = max(1, runtime.GOMAXPROCS(0)/2)

// patience is how long one waits for its turn.
const patience = 3 * time.Second

// tryPage is what the page shows.
type tryPage struct {
	Form  *page.Form
	Cases []tried // nil before something was sent
	More  bool    // there are more requests in the text
}

// tried is one request that was looked at.
type tried struct {
	Summary   string
	Verdict   string // in a sentence
	Good      bool
	Undecided string // why this server decides nothing; ""
	Steps     []step
	Findings  []finding
}

// step is one step of the decision.
type step struct {
	Name, Text string
	State      string // passed, failed, not reached
	Code       reason.Code
	Link       string
}

// finding is one fault and its mend.
type finding struct {
	Title, Code, Doc string
	Certainty        string
	Evidence         string
	Because          string
	Fine             bool
	Fix              string
	Steps            []string
	Command          string
}

func (p *Pages) tryForm(r *page.Request) *page.Form {
	return r.NewForm("/docs/try", "Look at it",
		page.Field{Name: "request", Label: "A curl command, a git command with its address, or a request", Type: "textarea", Rows: 8, Required: true, Max: maxPasted, Direction: "ltr",
			Help: "Paste it as it is, with the secret, or with a variable in its place. It is read here, not run; nothing of it is sent on, kept or shown again."})
}

func (p *Pages) renderTry(r *page.Request, content tryPage) (page.Answer, error) {
	return r.Render(templates, page.View{Template: "try", Title: "Try it", Section: "docs", Narrow: true, Tabs: tabs("/docs/try"), Content: content})
}

func (p *Pages) askTry(r *page.Request) (page.Answer, error) {
	a, err := p.renderTry(r, tryPage{Form: p.tryForm(r)})
	a.Cache = cache(r)
	return a, err
}

// tryRequest looks at what was pasted. The answer is never kept.
func (p *Pages) tryRequest(r *page.Request) (page.Answer, error) {
	form := p.tryForm(r)
	cases, more, err := p.try(r.Context(), access.Address(r.Request), r.Form.Get("request"))
	if err != nil {
		return r.Again(form, err, func() (page.Answer, error) {
			form.Fields[0].Value = "" // what was pasted is not shown again
			return p.renderTry(r, tryPage{Form: form})
		})
	}
	return p.renderTry(r, tryPage{Form: form, Cases: cases, More: more})
}

func (p *Pages) try(ctx context.Context, address, text string) (list []tried, more bool, err error) {
	if err := p.Guesses.MayGuess(address); err != nil {
		return nil, false, err
	}
	turn, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case p.trying <- struct{}{}:
		defer func() { <-p.trying }()
	case <-turn.Done():
		return nil, false, rest.Refuse(reason.ServerBusy, "").WithHeader("Retry-After", "1")
	}
	cases, err := p.read(ctx, text)
	if err != nil {
		return nil, false, err
	}
	if more = len(cases) > maxCases; more {
		cases = cases[:maxCases]
	}
	guessed := false
	for i := range cases {
		one, unknown, err := p.tryCase(ctx, &cases[i])
		if err != nil {
			return nil, false, err
		}
		guessed = guessed || unknown
		list = append(list, one)
	}
	if guessed {
		p.Guesses.Guessed(address)
	}
	return list, more, nil
}

// tryCase looks at one request: what the doctor finds in it, and where it is for this server, what this one would decide.
// unknown tells that it came with a secret that nobody has.
func (p *Pages) tryCase(ctx context.Context, c *doctor.Case) (t tried, unknown bool, err error) {
	report := doctor.Examine(*c)
	t.Summary = report.Summary
	for _, f := range report.Findings {
		t.Findings = append(t.Findings, finding{Title: f.Title, Code: string(f.Reason), Doc: f.Doc, Certainty: string(f.Certainty), Evidence: f.Evidence,
			Because: f.Because, Fine: f.Fine, Fix: f.Fix.Text, Command: f.Fix.Command})
	}
	send, why := p.sendingOf(c)
	if why != "" {
		t.Undecided, t.Good = why, report.Verdict == doctor.Clean
		t.Verdict = map[doctor.Verdict]string{doctor.Clean: "Nothing wrong was found.", doctor.Faults: "Something is wrong with it.", doctor.Unknown: "It cannot be told for certain."}[report.Verdict]
		return t, false, nil
	}
	trial, err := p.Try(ctx, send.Method, send.URI, send.Authorization)
	if err != nil {
		return t, false, err
	}
	t.Steps = p.steps(trial, send)
	refusal := trial.Refusal()
	if refusal == nil {
		t.Good, t.Verdict = true, "This server would let it in."
		return t, false, nil
	}
	if refusal.Status >= http.StatusInternalServerError && refusal.Cause != nil {
		return t, false, refusal
	}
	t.Verdict = "This server would refuse it with " + page.StatusText(refusal.Status) + "."
	t.Findings = p.withRefusal(t.Findings, refusal)
	return t, trial.Unknown(), nil
}

// withRefusal puts the reason of this server's own decision in front of what the doctor found from outside. Where both
// are the same, the doctor's ways out, which know the command line, stay.
func (p *Pages) withRefusal(all []finding, e *rest.Error) []finding {
	if i := slices.IndexFunc(all, func(f finding) bool { return f.Code == string(e.Reason) }); i >= 0 {
		f := all[i]
		f.Certainty, f.Because = string(doctor.Certain), "This server decides so."
		return append([]finding{f}, slices.Delete(all, i, i+1)...)
	}
	why := reason.Of(e.Reason)
	f := finding{Title: why.Title, Code: string(e.Reason), Doc: e.Reason.DocPath(), Certainty: string(doctor.Certain),
		Because: "This server decides so; the step above says what this request has to do with it.", Steps: why.Steps(p.URLs.Base)}
	return append([]finding{f}, all...)
}

// detail is what a refusal says about the request at hand.
func detail(e *rest.Error) string {
	text, _ := e.Detail.(string)
	if said, ok := e.Data["explanation"].(string); ok {
		text = said
	}
	if hint, ok := e.Data["hint"].(string); ok {
		text += " " + hint
	}
	if path, ok := e.Data["path"].(string); ok && !strings.Contains(text, path) {
		text += " Meant was probably " + path + "."
	}
	if near, ok := e.Data["nearest"].([]string); ok {
		text = "The API has nothing at this path. Near are: " + strings.Join(near, ", ") + "."
	}
	return told(text)
}

// told is a text of which no part can be a secret: names come from the request, where a secret may stand in the wrong
// place.
func told(text string) string { return token.Redact(strings.TrimSpace(text)) }

// stepNames are the steps in words.
var stepNames = map[access.Step]string{
	access.StepHeader: "Header", access.StepCredential: "Credential", access.StepScheme: "Scheme and user", access.StepOperation: "Operation",
	access.StepScopes: "Scopes", access.StepPrivilege: "Privilege",
}

func (p *Pages) steps(t access.Trial, send sending) []step {
	list := make([]step, len(t.Steps))
	for i, one := range t.Steps {
		list[i] = step{Name: stepNames[one.Step], State: "not reached"}
		switch {
		case one.Refusal != nil:
			list[i].State, list[i].Code, list[i].Link = "failed", one.Refusal.Reason, one.Refusal.Reason.DocPath()
			list[i].Text = detail(one.Refusal)
		case one.Reached:
			list[i].State, list[i].Text = "passed", told(passed(one.Step, t, send))
			if one.Step == access.StepOperation && t.Operation != nil && t.Operation.Template != "" {
				list[i].Link = t.Operation.DocPath()
			}
		}
	}
	return list
}

// passed says what a step has found good.
func passed(s access.Step, t access.Trial, send sending) string {
	who := t.Principal
	anonymous := who != nil && who.Anonymous()
	switch s {
	case access.StepHeader:
		if len(send.Authorization) == 0 {
			return "No credential is sent."
		}
		credential, fault := token.ParseAuthorization(send.Authorization)
		if fault != nil {
			return "The header has no scheme, and counts for nothing: the caller is anonymous."
		}
		if credential.Scheme == token.Bearer {
			return "It can be read: Bearer, with a secret."
		}
		return "It can be read: Basic, with a user and a secret."
	case access.StepCredential:
		switch {
		case who == nil:
			return "It is known here, and alive."
		case anonymous:
			return "Nobody is behind the request."
		}
		text := "The " + who.Kind.Title() + " “" + who.Name + "”"
		if who.Account != nil {
			text += " of " + who.Account.DisplayName
		}
		if !who.Expires.IsZero() {
			text += ", good until " + who.Expires.UTC().Format("2 January 2006, 15:04 UTC")
		}
		return text + "."
	case access.StepScheme:
		if anonymous {
			return "Nothing to check without a credential."
		}
		return "It came as its kind is sent."
	case access.StepOperation:
		return t.Operation.Key + ": " + t.Operation.Summary
	case access.StepScopes:
		switch needs := t.Needs(); {
		case anonymous:
			return "Scopes are asked of credentials only."
		case needs == "":
			return "None are needed."
		default:
			return "Needed: " + needs + ". All are there."
		}
	}
	return "Needed: " + t.Privilege + ". It is there."
}
