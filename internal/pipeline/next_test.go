package pipeline

import (
	"fmt"
	"slices"
	"testing"

	"github.com/pailforge/pail/internal/pipefile"
	"pgregory.net/rapid"
)

// drawStep is a step with whatever makes a difference to how a pipeline goes on.
func drawStep(t *rapid.T, manual bool) pipefile.Step {
	s := pipefile.Step{Manual: manual && rapid.IntRange(0, 3).Draw(t, "manual") == 0, OnFail: drawOnFail(t)}
	if rapid.IntRange(0, 5).Draw(t, "grouped") == 0 {
		s.ConcurrencyGroup = "one"
	}
	if rapid.IntRange(0, 3).Draw(t, "own fail-fast") == 0 {
		fast := rapid.Bool().Draw(t, "fail-fast")
		s.FailFast = &fast
	}
	return s
}

func drawOnFail(t *rapid.T) *pipefile.OnFail {
	switch rapid.IntRange(0, 5).Draw(t, "on-fail") {
	case 0:
		return &pipefile.OnFail{Strategy: "ignore"}
	case 1:
		return &pipefile.OnFail{Strategy: "retry", Retries: rapid.IntRange(1, 2).Draw(t, "retries")}
	}
	return nil
}

// drawScript is a pipeline of any shape.
func drawScript(t *rapid.T) *script {
	p := &pipefile.Pipeline{}
	for i := range rapid.IntRange(1, 4).Draw(t, "items") {
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 0:
			s := drawStep(t, i > 0)
			p.Items = append(p.Items, pipefile.Item{Step: &s})
		case 1:
			g := &pipefile.Parallel{FailFast: rapid.Bool().Draw(t, "group fail-fast"), OnFail: drawOnFail(t)}
			for range rapid.IntRange(1, 3).Draw(t, "steps") {
				g.Steps = append(g.Steps, drawStep(t, false))
			}
			p.Items = append(p.Items, pipefile.Item{Parallel: g})
		default:
			g := &pipefile.Stage{Manual: i > 0 && rapid.Bool().Draw(t, "stage manual"), OnFail: drawOnFail(t)}
			for range rapid.IntRange(1, 3).Draw(t, "steps") {
				g.Steps = append(g.Steps, drawStep(t, true))
			}
			p.Items = append(p.Items, pipefile.Item{Stage: g})
		}
	}
	if rapid.Bool().Draw(t, "final") {
		s := drawStep(t, false)
		p.Final = &s
	}
	return &script{pipeline: p, steps: p.Steps()}
}

// course is a pipeline that goes its way without a store, beside another pipeline that may hold the concurrency group.
type course struct {
	t        *rapid.T
	of       *script
	steps    []Step
	taken    map[[2]int]bool // position and attempt
	stopping bool
	begun    bool
	held     bool // another pipeline has the group
}

func newCourse(t *rapid.T) *course {
	c := &course{t: t, of: drawScript(t), taken: map[[2]int]bool{}}
	for i, s := range c.of.steps {
		c.steps = append(c.steps, Step{Position: i, Attempt: 1, State: Pending, Group: s.ConcurrencyGroup})
		if rapid.IntRange(0, 9).Draw(t, "unchanged") == 0 {
			c.steps[i].State, c.steps[i].Result = Completed, NotRun
		}
	}
	c.settle()
	return c
}

func (c *course) gate(s *Step, _ *pipefile.Step) (string, bool, error) {
	if s.Group == "" {
		return "", false, nil
	}
	busy := c.held || slices.ContainsFunc(c.steps, func(o Step) bool { return o.Group == s.Group && (o.State == Ready || o.State == InProgress) })
	if busy {
		return ForGroup, false, nil
	}
	return "", false, nil
}

// settle does what advance does.
func (c *course) settle() {
	for range maxTurns {
		changes, err := c.of.next(c.steps, c.stopping, c.gate)
		if err != nil {
			c.t.Fatal(err)
		}
		if len(changes) == 0 {
			c.check()
			return
		}
		for _, change := range changes {
			s := &c.steps[change.position]
			switch change.to {
			case ready:
				if waits, _, _ := c.gate(s, nil); waits == "" {
					s.State, s.Waits = Ready, ""
				}
			case wait:
				s.Waits = change.waits
			case skip:
				s.State, s.Result, s.Waits = Completed, NotRun, ""
			case halt:
				s.State, s.Result, s.Waits = Completed, Stopped, ""
			case stop:
				s.Stopping = true
			case again:
				*s = Step{Position: s.Position, Attempt: s.Attempt + 1, Retries: s.Retries + 1, State: Pending, Group: s.Group, Released: s.Released}
			}
		}
	}
	c.t.Fatalf("the pipeline does not come to rest: %+v", c.steps)
}

// broken tells whether a step has failed for good.
func (c *course) broken(i item, position int) bool {
	s := &c.steps[position]
	return failed(s) && (s.Result == Stopped || c.of.onFail(i, position).Strategy != "ignore")
}

// check holds a pipeline at rest against what is promised.
func (c *course) check() {
	before, ended := false, true // something before has failed; everything before has ended
	for _, i := range c.of.items() {
		active := 0
		for position := i.first; position < i.last; position++ {
			s := &c.steps[position]
			if s.State == Ready || s.State == InProgress {
				active++
				if !ended && !c.stopping {
					c.t.Fatalf("step %d runs, and what is before it has not ended: %+v", position, c.steps)
				}
			}
			if before && (s.State == Pending || s.State == Ready) {
				c.t.Fatalf("step %d may run, and one before has failed: %+v", position, c.steps)
			}
			if c.stopping && s.State != Completed && !(s.State == InProgress && s.Stopping) {
				c.t.Fatalf("step %d goes on in a pipeline that is stopped: %+v", position, c.steps)
			}
		}
		if i.serial && active > 1 {
			c.t.Fatalf("two steps of a stage run: %+v", c.steps)
		}
		for position := i.first; position < i.last; position++ {
			before = before || c.broken(i, position)
			ended = ended && c.steps[position].State == Completed
		}
	}
	if last := len(c.steps) - 1; c.of.pipeline.Final != nil && !ended && (c.steps[last].State == Ready || c.steps[last].State == InProgress) {
		c.t.Fatalf("the final step runs too early: %+v", c.steps)
	}
	if group := 0; true {
		for _, s := range c.steps {
			if s.Group != "" && (s.State == Ready || s.State == InProgress) {
				group++
			}
		}
		if group > 1 {
			c.t.Fatalf("two steps of a group run: %+v", c.steps)
		}
	}
}

func (c *course) done() bool {
	return !slices.ContainsFunc(c.steps, func(s Step) bool { return s.State != Completed })
}

// moves are all that can happen, in words.
func (c *course) moves() (all []string) {
	for i, s := range c.steps {
		switch {
		case s.State == Ready:
			all = append(all, fmt.Sprintf("take %d", i))
		case s.State == InProgress:
			for _, result := range []string{Successful, Failed, Errored, Stopped, Expired} {
				if result != Stopped || s.Stopping {
					all = append(all, fmt.Sprintf("end %d %s", i, result))
				}
			}
		case s.State == Pending && s.Waits == ForSomebody:
			all = append(all, fmt.Sprintf("release %d", i))
		}
	}
	if c.held {
		all = append(all, "leave")
	}
	return all
}

func (c *course) do(move string) {
	var position int
	var result string
	switch n, _ := fmt.Sscanf(move, "end %d %s", &position, &result); {
	case n == 2:
		c.steps[position].State, c.steps[position].Result = Completed, result
	case move == "stop":
		c.stopping = true
	case move == "hold", move == "leave":
		c.held = move == "hold"
	default:
		if n, _ := fmt.Sscanf(move, "take %d", &position); n == 1 {
			key := [2]int{position, c.steps[position].Attempt}
			if c.taken[key] {
				c.t.Fatalf("step %d was taken twice", position)
			}
			c.taken[key], c.begun = true, true
			c.steps[position].State = InProgress
			break
		}
		_, _ = fmt.Sscanf(move, "release %d", &position)
		c.steps[position].Released, c.steps[position].Waits = true, ""
	}
	c.settle()
}

// TestEveryPipelineEnds: whatever happens in which order, a pipeline of any shape comes to an end, and to the right one.
func TestEveryPipelineEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newCourse(t)
		for range 200 {
			moves := c.moves()
			if c.done() {
				break
			}
			if len(moves) == 0 {
				t.Fatalf("nothing can happen, and it has not ended: %+v", c.steps)
			}
			if !c.stopping && rapid.IntRange(0, 15).Draw(t, "stop") == 0 {
				moves = append(moves, "stop")
			}
			if !c.held && !slices.ContainsFunc(c.steps, func(s Step) bool { return s.Group != "" && (s.State == Ready || s.State == InProgress) }) {
				moves = append(moves, "hold")
			}
			c.do(rapid.SampledFrom(moves).Draw(t, "move"))
			status := c.of.outcome(c.steps, c.stopping, c.begun)
			if over := status != Pending && status != Running && status != Paused; over != c.done() {
				t.Fatalf("it is %s: %+v", status, c.steps)
			}
			if status == Paused && slices.ContainsFunc(c.steps, func(s Step) bool { return s.State == Ready || s.State == InProgress }) {
				t.Fatalf("it is paused, and something runs: %+v", c.steps)
			}
		}
		if !c.done() {
			t.Skip("the other pipeline took its time")
		}
		c.right()
	})
}

// right holds the end against another way to say what it should be.
func (c *course) right() {
	status := c.of.outcome(c.steps, c.stopping, c.begun)
	if c.stopping {
		if status != Stopped {
			c.t.Fatalf("stopped, and it is %s", status)
		}
		return
	}
	counted := map[string]bool{}
	var hurt bool
	for _, i := range c.of.items() {
		for position := i.first; position < i.last; position++ {
			s := &c.steps[position]
			if s.Result == NotRun && s.Attempt > 1 {
				c.t.Fatalf("a step that was run again did not run: %+v", c.steps)
			}
			if c.broken(i, position) {
				hurt, counted[s.Result] = true, true
			}
		}
	}
	if c.of.pipeline.Final != nil {
		last := len(c.steps) - 1
		if s := &c.steps[last]; failed(s) && c.of.onFail(item{}, last).Strategy != "ignore" {
			hurt, counted[s.Result] = true, true
		}
	}
	want := Successful
	for _, result := range []string{Stopped, Expired, Failed, Errored} { // each graver than those before it
		if counted[result] {
			want = result
		}
	}
	if status != want || hurt == (want == Successful) {
		c.t.Fatalf("it is %s and should be %s: %+v", status, want, c.steps)
	}
}
