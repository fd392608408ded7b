package pipeline

import (
	"context"
	"fmt"
	"sync"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/pipefile"
)

// script is what a pipeline's file says of it.
type script struct {
	file     *pipefile.File
	pipeline *pipefile.Pipeline
	steps    []*pipefile.Step // by position
}

// read reads the file of a pipeline. faults are what is wrong with it; where there are none and no script either, it has no such
// pipeline.
func read(text string, t *Target, from source, given []Given) (*script, []pipefile.Fault) {
	file, faults := pipefile.Parse([]byte(text), standing(t, given))
	if len(faults) > 0 {
		return nil, faults
	}
	s := &script{file: file}
	if from.shared == "" {
		s.pipeline = file.Selected(t.Selector)
	} else {
		for i := range file.Definitions.Pipelines {
			if p := &file.Definitions.Pipelines[i]; p.Name == from.shared {
				s.pipeline = p
			}
		}
	}
	if s.pipeline == nil {
		return nil, nil
	}
	s.steps = s.pipeline.Steps()
	return s, nil
}

// standing are the variables that ${{NAME}} in the file may stand for: those whose values stay the same as long as there is the pipeline.
func standing(t *Target, given []Given) map[string]string {
	all := map[string]string{"BITBUCKET_COMMIT": string(t.Commit)}
	if t.RefType != "" {
		all["BITBUCKET_"+map[string]string{"branch": "BRANCH", "tag": "TAG"}[t.RefType]] = t.RefName
	}
	if t.PullRequest != 0 {
		all["BITBUCKET_PR_ID"], all["BITBUCKET_PR_DESTINATION_BRANCH"] = decimal(t.PullRequest), t.Into
	}
	for _, v := range given {
		if !v.Secured {
			all[v.Name] = v.Value
		}
	}
	return all
}

// scripts remembers the scripts of pipelines, which never change.
type scripts struct {
	mu  sync.Mutex
	all map[string]*script
}

const maxScripts = 64

func (s *scripts) get(id string) *script {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all[id]
}

func (s *scripts) put(id string, one *script) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil || len(s.all) >= maxScripts {
		s.all = map[string]*script{}
	}
	s.all[id] = one
}

// scriptOf is what the file says of a pipeline; nil of one that had nothing to run. Nobody changes it.
func (room *Room) scriptOf(ctx context.Context, q database.Queryer, p *Pipeline) (*script, error) {
	if s := room.scripts.get(p.ID); s != nil {
		return s, nil
	}
	if p.ErrorKey != "" {
		return nil, nil
	}
	var text string
	if err := q.Row(ctx, `SELECT file FROM pipeline WHERE id = $1`, p.ID).Scan(&text); err != nil {
		return nil, err
	}
	given, err := room.inputs(ctx, q, p.ID)
	if err != nil {
		return nil, err
	}
	s, faults := read(text, &p.Target, p.source, given)
	if s == nil {
		return nil, fmt.Errorf("the file of the pipeline %s does not say any more what it said: %v", p.ID, faults)
	}
	room.scripts.put(p.ID, s)
	return s, nil
}

// stepOf is a step as the file has it, with what holds where it says nothing.
func (s *script) stepOf(position int) pipefile.Step { return s.file.Effective(s.steps[position]) }
