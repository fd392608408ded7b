package pipeline

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/pipefile"
	"github.com/pailforge/pail/internal/rest"
)

// Step is a step of a pipeline, once for each time that it is run.
type Step struct {
	ID           string
	PipelineID   string
	RepositoryID string
	Position     int // in pipefile.Pipeline.Steps
	Attempt      int // from 1
	Retries      int // how many of the attempts on-fail has made, since somebody has asked for one
	Current      bool
	Name         string
	State        string // of Pending, Ready, InProgress, Completed
	Result       string // of Successful, Failed, Errored, Stopped, Expired, NotRun once it is Completed
	Waits        string // what a Pending one waits for that is not a step before it: of ForSomebody, ForGroup, ForEnvironment; ""
	Released     bool   // somebody has started it, where it waits for that
	Releaser     string // the account's id; ""
	Stopping     bool   // whoever runs it is to stop
	Labels       []string
	Executor     string // that a runner must have; "" where any will do
	Group        string // of which one step of the repository runs at a time; ""
	Environment  string // that it deploys to, by its slug; ""
	MaxTime      int    // minutes
	RunnerID     string
	Phase        string
	LeaseUntil   time.Time
	Due          time.Time // when it must have ended
	Exit         int
	Reason       string // a code of runnerapi, where that is why it ended
	Message      string
	Outputs      map[string]string
	Seconds      map[string]int // by phase
	Created      time.Time
	ReadyOn      time.Time
	Started      time.Time
	Completed    time.Time
}

// The states of steps, beside Pending, and the result that pipelines do not have.
const (
	Ready      = "READY"
	InProgress = "IN_PROGRESS"
	Completed  = "COMPLETED"
	NotRun     = "NOT_RUN"
)

// What a step may wait for.
const (
	ForSomebody    = "somebody"
	ForGroup       = "group"
	ForEnvironment = "environment"
)

const (
	stepColumns = `s.id, s.pipeline_id, s.repository_id, s.position, s.attempt, s.retries, s.is_current, s.name, s.state, s.result, s.waits, s.released, COALESCE(s.releaser_id, ''), s.stopping,
		s.labels, s.executor, s.concurrency_group, s.environment, s.max_time, s.runner_id, s.phase, s.lease_until, s.due_on, s.exit_code, s.reason, s.message, s.outputs, s.seconds,
		s.created_on, s.ready_on, s.started_on, s.completed_on`
	fromSteps = ` FROM pipeline_step s WHERE s.pipeline_id = $1`
)

func scanStep(row func(...any) error) (s Step, err error) {
	var labels, outputs, seconds string
	var lease, due, created, ready, started, completed int64
	if err = row(&s.ID, &s.PipelineID, &s.RepositoryID, &s.Position, &s.Attempt, &s.Retries, &s.Current, &s.Name, &s.State, &s.Result, &s.Waits, &s.Released, &s.Releaser, &s.Stopping,
		&labels, &s.Executor, &s.Group, &s.Environment, &s.MaxTime, &s.RunnerID, &s.Phase, &lease, &due, &s.Exit, &s.Reason, &s.Message, &outputs, &seconds,
		&created, &ready, &started, &completed); err != nil {
		return s, err
	}
	for _, list := range []struct {
		text string
		to   any
	}{{labels, &s.Labels}, {outputs, &s.Outputs}, {seconds, &s.Seconds}} {
		if list.text == "" {
			continue
		}
		if err := json.Unmarshal([]byte(list.text), list.to); err != nil {
			return s, err
		}
	}
	s.LeaseUntil, s.Due = database.Time(lease), database.Time(due)
	s.Created, s.ReadyOn, s.Started, s.Completed = database.Time(created), database.Time(ready), database.Time(started), database.Time(completed)
	return s, nil
}

// currentSteps are the steps of a pipeline in the order of the file, each as it was run last.
func currentSteps(ctx context.Context, q database.Queryer, pipelineID string) ([]Step, error) {
	return database.Collect(ctx, q, scanStep, `SELECT `+stepColumns+fromSteps+` AND s.is_current ORDER BY s.position`, pipelineID)
}

// stepByID is a step of a pipeline, whatever attempt it is; database.ErrNoRows where there is none.
func stepByID(ctx context.Context, q database.Queryer, pipelineID, id string) (Step, error) {
	return scanStep(q.Row(ctx, `SELECT `+stepColumns+fromSteps+` AND s.id = $2`, pipelineID, id).Scan)
}

// stepJSON is a step as the API writes it (schema pipeline_step).
type stepJSON struct {
	Type        string        `json:"type"`
	UUID        string        `json:"uuid"`
	Name        string        `json:"name"`
	Pipeline    referenceJSON `json:"pipeline"`
	Run         int           `json:"run_number"`
	Trigger     typeJSON      `json:"trigger"`
	State       stateJSON     `json:"state"`
	MaxTime     int           `json:"max_time"` // minutes
	StartedOn   *rest.Time    `json:"started_on,omitempty"`
	CompletedOn *rest.Time    `json:"completed_on,omitempty"`
	Duration    int64         `json:"duration_in_seconds"`
	Seconds     int64         `json:"build_seconds_used"`
	Image       *imageJSON    `json:"image,omitempty"`
	Setup       []commandJSON `json:"setup_commands"`
	Script      []commandJSON `json:"script_commands"`
	Teardown    []commandJSON `json:"teardown_commands"`
}

type referenceJSON struct {
	Type string `json:"type"`
	UUID string `json:"uuid"`
}

type typeJSON struct {
	Type string `json:"type"`
}

// imageJSON is an image without who may fetch it.
type imageJSON struct {
	Name string `json:"name"`
}

type commandJSON struct {
	Name    string `json:"name"`
	Command string `json:"command"`
}

func (s *Step) renderState() stateJSON {
	const kind = "pipeline_step_state_"
	j := stateJSON{Type: kind + strings.ToLower(s.State), Name: s.State}
	if s.State == Completed {
		j.Result = &resultJSON{Type: kind + "completed_" + resultTypes[s.Result], Name: s.Result}
		if s.Reason != "" {
			j.Result.Error = &faultJSON{"pipeline_step_error", s.Reason, s.Message}
		}
	}
	if s.State == Pending && s.Waits == ForSomebody {
		j.Stage = &namedJSON{kind + "pending_paused", Paused}
	}
	return j
}

// seconds is how long a step has run.
func (s *Step) seconds() int64 {
	if s.Started.IsZero() || s.Completed.IsZero() {
		return 0
	}
	return int64(s.Completed.Sub(s.Started).Round(time.Second) / time.Second)
}

func renderCommands(all []pipefile.Command) []commandJSON {
	commands := make([]commandJSON, len(all))
	for i, c := range all {
		text := c.Text
		if c.Pipe != nil {
			text = "pipe: " + c.Pipe.Pipe
		}
		commands[i] = commandJSON{text, text}
	}
	return commands
}

// renderStep is a step with what the file says of it.
func (s *Step) render(of *pipefile.Step) stepJSON {
	j := stepJSON{Type: "pipeline_step", UUID: rest.Braced(s.ID), Name: s.Name, Pipeline: referenceJSON{"pipeline", rest.Braced(s.PipelineID)}, Run: s.Attempt,
		Trigger: typeJSON{"pipeline_step_trigger_automatic"}, State: s.renderState(), MaxTime: s.MaxTime, Duration: s.seconds(), Seconds: s.seconds(),
		Setup: []commandJSON{}, Script: renderCommands(of.Script), Teardown: renderCommands(of.AfterScript)}
	if of.Manual {
		j.Trigger.Type = "pipeline_step_trigger_manual"
	}
	if of.Image != nil && of.Child == nil {
		j.Image = &imageJSON{of.Image.Name}
	}
	if !s.Started.IsZero() {
		j.StartedOn = (*rest.Time)(&s.Started)
	}
	if !s.Completed.IsZero() {
		j.CompletedOn = (*rest.Time)(&s.Completed)
	}
	return j
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }
