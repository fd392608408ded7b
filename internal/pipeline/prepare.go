package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/pipefile"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/runnerapi"
	"github.com/pailforge/pail/internal/scope"
)

// sizeCPU is how many thousandths of a processor a step of size 1x has.
const sizeCPU = 2000

// sizeMemory is how much memory a step of size 1x has with its services, in MiB, as Bitbucket Cloud documents it.
const sizeMemory = 4096

// dockerImage runs for the service docker where the file names no image of its own.
const dockerImage = "docker:dind"

// gitUser is the name that a step clones under.
const gitUser = "x-token-auth"

// prepare tells a runner all of a step that it has just taken: what to clone and run, with which variables. It makes the rows of its logs,
// and the credential that it clones with. A *rest.Error says for people why it cannot be run.
func (room *Room) prepare(ctx context.Context, w *Runner, s *Step) (*runnerapi.Step, error) {
	found, err := room.Repositories.ByIDs(ctx, room.DB, s.RepositoryID)
	r := found[s.RepositoryID]
	if err == nil && r == nil {
		err = fmt.Errorf("the repository %s is gone", s.RepositoryID)
	}
	if err != nil {
		return nil, err
	}
	p, err := byID(ctx, room.DB, s.RepositoryID, s.PipelineID)
	if err != nil {
		return nil, err
	}
	of, e, err := room.said(ctx, s)
	if err != nil {
		return nil, err
	}
	told := &runnerapi.Step{
		UUID: s.ID, Name: s.Name, MaxTime: s.MaxTime * 60, Executor: s.Executor, Image: image(e.Image), Memory: e.Size * sizeMemory, CPU: e.Size * sizeCPU, Outputs: e.OutputVariables,
		Artifacts: artifacts(e.Artifacts.Upload), Caches: caches(of.file, e.Caches),
	}
	if told.Services, err = services(of.file, e.Services); err != nil {
		return nil, err
	}
	if told.Script, err = room.commands(ctx, r, e.Script); err == nil {
		told.After, err = room.commands(ctx, r, e.AfterScript)
	}
	if err == nil {
		told.Variables, err = room.stepVariables(ctx, r, &p, s, of, &e)
	}
	if err == nil {
		told.Fetch, err = room.fetch(ctx, s, of, e.Artifacts.Download)
	}
	if err == nil {
		told.SSH, err = room.stepSSH(ctx, r)
	}
	if err != nil {
		return nil, err
	}
	if *e.Clone.Enabled {
		told.Clone = room.clone(r, &p, &e.Clone)
	}
	return told, room.DB.Update(ctx, func(tx *database.Tx) error {
		now := room.Now()
		if err := addLog(ctx, tx, logRow{id: s.ID, stepID: s.ID, repositoryID: r.ID}, now); err != nil {
			return err
		}
		for _, service := range told.Services {
			if err := addLog(ctx, tx, logRow{id: service.UUID, stepID: s.ID, repositoryID: r.ID, name: service.Name}, now); err != nil {
				return err
			}
		}
		if told.Clone == nil {
			return nil
		}
		// A step may push to its own repository, as on Bitbucket Cloud, where the branch's restrictions let everybody.
		told.Clone.Password, err = room.Credentials.IssueStep(ctx, tx, w.ID, s.ID, scope.LegacyRepository.String()+" "+scope.LegacyRepositoryWrite.String())
		return err
	})
}

// said is what the file says of a step, with what holds where it says nothing.
func (room *Room) said(ctx context.Context, s *Step) (*script, pipefile.Step, error) {
	p, err := byID(ctx, room.DB, s.RepositoryID, s.PipelineID)
	if err != nil {
		return nil, pipefile.Step{}, err
	}
	of, err := room.scriptOf(ctx, room.DB, &p)
	if err != nil {
		return nil, pipefile.Step{}, err
	}
	if of == nil || s.Position >= len(of.steps) {
		return nil, pipefile.Step{}, fmt.Errorf("the pipeline %s has no step at %d", p.ID, s.Position)
	}
	return of, of.stepOf(s.Position), nil
}

func image(i *pipefile.Image) runnerapi.Image {
	return runnerapi.Image{Name: i.Name, Username: i.Username, Password: i.Password, User: i.RunAsUser}
}

func (room *Room) clone(r *repository.Repository, p *Pipeline, c *pipefile.Clone) *runnerapi.Clone {
	told := &runnerapi.Clone{
		URL: room.URLs.Web(r.Workspace.Slug, r.Slug+".git").Href, Username: gitUser, Commit: string(p.Target.Commit), Into: string(p.Target.IntoCommit),
		Depth: c.Depth, LFS: *c.LFS, Insecure: *c.SkipSSLVerify, Filter: c.Filter,
	}
	if c.Depth == pipefile.Full {
		told.Depth = 0
	}
	switch p.Target.RefType {
	case "branch":
		told.Ref, told.Branch = "refs/heads/"+p.Target.RefName, p.Target.RefName
	case "tag":
		told.Ref = "refs/tags/" + p.Target.RefName
	}
	if s := c.Sparse; s != nil && (s.Enabled == nil || *s.Enabled) {
		told.Sparse, told.SparseCone = s.Patterns, s.ConeMode == nil || *s.ConeMode
	}
	return told
}

// commands are the lines of a script, with the images that its pipes run.
func (room *Room) commands(ctx context.Context, r *repository.Repository, all []pipefile.Command) ([]runnerapi.Command, error) {
	var told []runnerapi.Command
	for _, c := range all {
		if c.Pipe == nil {
			told = append(told, runnerapi.Command{Text: c.Text})
			continue
		}
		image, err := room.pipeImage(ctx, r, c.Pipe.Pipe)
		if err != nil {
			return nil, err
		}
		pipe := &runnerapi.Pipe{Name: c.Pipe.Pipe, Image: image, Variables: []runnerapi.Variable{}}
		if c.Pipe.Name != "" {
			pipe.Name = c.Pipe.Name
		}
		for _, v := range c.Pipe.Variables {
			if v.List == nil {
				pipe.Variables = append(pipe.Variables, runnerapi.Variable{Name: v.Name, Value: v.Value})
				continue
			}
			for i, value := range v.List {
				pipe.Variables = append(pipe.Variables, runnerapi.Variable{Name: v.Name + "_" + strconv.Itoa(i), Value: value})
			}
			pipe.Variables = append(pipe.Variables, runnerapi.Variable{Name: v.Name + "_COUNT", Value: strconv.Itoa(len(v.List))})
		}
		told = append(told, runnerapi.Command{Pipe: pipe})
	}
	return told, nil
}

// pipeImage is the image that a pipe runs: docker:// says so itself. Atlassian's pipes are kept under another name in the registry than
// in their repositories, those of others under the same.
func (room *Room) pipeImage(_ context.Context, _ *repository.Repository, pipe string) (string, error) {
	if name, ok := strings.CutPrefix(pipe, "docker://"); ok {
		return name, nil
	}
	if name, ok := strings.CutPrefix(pipe, "atlassian/"); ok {
		return "bitbucketpipelines/" + name, nil
	}
	return pipe, nil
}

func artifacts(all []pipefile.Artifact) []runnerapi.Artifact {
	var told []runnerapi.Artifact
	for i, a := range all {
		one := runnerapi.Artifact{Name: a.Name, Type: a.Type, Depth: a.Depth, When: a.When}
		for n := i + 1; one.Name == "" || slices.ContainsFunc(told, func(other runnerapi.Artifact) bool { return other.Name == one.Name }); n++ {
			if one.Name = "artifacts"; n > 1 {
				one.Name += "-" + strconv.Itoa(n)
			}
		}
		for _, g := range a.Paths {
			one.Paths = append(one.Paths, g.String())
		}
		for _, g := range a.Not {
			one.Not = append(one.Not, g.String())
		}
		told = append(told, one)
	}
	return told
}

// caches are the directories that a step keeps. A name that the file defines is that one, also where there is a predefined one of the
// name. What has another path is another cache.
func caches(f *pipefile.File, names []string) []runnerapi.Cache {
	var told []runnerapi.Cache
	for _, name := range names {
		is := func(c pipefile.Cache) bool { return c.Name == name }
		all := f.Definitions.Caches
		i := slices.IndexFunc(all, is)
		if i < 0 {
			all = pipefile.Predefined
			i = slices.IndexFunc(all, is)
		}
		if i < 0 || all[i].Path == "" { // that of docker is the daemon's own
			continue
		}
		sum := sha256.Sum256([]byte(all[i].Path))
		one := runnerapi.Cache{Name: name, Path: all[i].Path, Key: hex.EncodeToString(sum[:8])}
		for _, g := range all[i].Files {
			one.Files = append(one.Files, g.String())
		}
		told = append(told, one)
	}
	return told
}

func services(f *pipefile.File, names []string) ([]runnerapi.Service, error) {
	var told []runnerapi.Service
	for _, name := range names {
		one := pipefile.Service{Name: name, Docker: name == pipefile.Docker}
		if i := slices.IndexFunc(f.Definitions.Services, func(s pipefile.Service) bool { return s.Name == name }); i >= 0 {
			one = f.Definitions.Services[i]
		}
		if one.Image == nil {
			one.Image = &pipefile.Image{Name: dockerImage}
		}
		if one.Memory == 0 {
			one.Memory = pipefile.DefaultMemory
		}
		id, err := newID()
		if err != nil {
			return nil, err
		}
		service := runnerapi.Service{UUID: id, Name: name, Image: image(one.Image), Memory: one.Memory, Daemon: one.Docker, Variables: []runnerapi.Variable{}}
		for _, v := range one.Variables {
			service.Variables = append(service.Variables, runnerapi.Variable{Name: v.Name, Value: v.Value})
		}
		told = append(told, service)
	}
	return told, nil
}

// fetch are the shared artifacts of the steps before this one that it gets: not those of the others of its parallel group. Of two with
// one name the later one comes last, and so lies over the other.
func (room *Room) fetch(ctx context.Context, s *Step, of *script, d pipefile.Download) ([]runnerapi.Fetch, error) {
	if d.None {
		return nil, nil
	}
	before := s.Position
	for _, i := range of.items() {
		if s.Position >= i.first && s.Position < i.last && !i.serial {
			before = i.first
		}
	}
	all, err := database.Collect(ctx, room.DB, func(row func(...any) error) (f runnerapi.Fetch, err error) { return f, row(&f.UUID, &f.Name) },
		`SELECT f.id, f.name FROM pipeline_artifact f JOIN pipeline_step s ON s.id = f.step_id
		WHERE s.pipeline_id = $1 AND s.position < $2 AND s.is_current AND f.kind = $3 ORDER BY s.position, f.created_on, f.id`, s.PipelineID, before, pipefile.Shared)
	if len(d.Names) > 0 {
		all = slices.DeleteFunc(all, func(f runnerapi.Fetch) bool { return !slices.Contains(d.Names, f.Name) })
	}
	return all, err
}

// stepSSH is the key pair of the repository's steps and the hosts that they know; nil where it has neither.
func (room *Room) stepSSH(ctx context.Context, r *repository.Repository) (*runnerapi.SSH, error) {
	s, err := readConfig(ctx, room.DB, r.ID)
	if err != nil {
		return nil, err
	}
	told := &runnerapi.SSH{}
	if s.privateKey != "" {
		if told.PrivateKey, err = room.Keys.Open(s.privateKey, r.ID); err != nil {
			return nil, err
		}
	}
	hosts, err := database.Collect(ctx, room.DB, func(row func(...any) error) (line string, err error) {
		var host, kind, key string
		err = row(&host, &kind, &key)
		return host + " " + kind + " " + key + "\n", err
	}, `SELECT hostname, key_type, key FROM pipeline_known_host WHERE repository_id = $1 ORDER BY created_on, id`, r.ID)
	if told.KnownHosts = strings.Join(hosts, ""); err != nil || *told == (runnerapi.SSH{}) {
		return nil, err
	}
	return told, nil
}

// stepVariables are the variables of a step, in the order in which later ones go over earlier ones: of the workspace, the repository, the
// environment that is deployed to, those that whoever started the pipeline gave, what earlier steps have put out, and the server's own.
// (Sources: "Variables and secrets", on precedence; "Set up and monitor deployments".)
func (room *Room) stepVariables(ctx context.Context, r *repository.Repository, p *Pipeline, s *Step, of *script, e *pipefile.Step) ([]runnerapi.Variable, error) {
	all := []runnerapi.Variable{}
	places := []place{{what: "workspace", id: r.Workspace.ID}, {what: "repository", id: r.ID}}
	deployed, err := room.deployedTo(ctx, r, s)
	if err != nil {
		return nil, err
	}
	if deployed != nil {
		places = append(places, place{what: "environment", id: deployed.ID})
	}
	for _, at := range places {
		found, err := database.Collect(ctx, room.DB, scanVariable, `SELECT `+variableColumns+at.from()+` ORDER BY v.created_on, v.id`, at.id)
		if err != nil {
			return nil, err
		}
		for _, v := range found {
			if v.secured {
				if v.value, err = room.Keys.Open(v.value, v.id); err != nil {
					return nil, fmt.Errorf("the variable %s: %w", v.name, err)
				}
			}
			all = append(all, runnerapi.Variable{Name: v.name, Value: v.value, Secured: v.secured})
		}
	}
	given, err := room.inputs(ctx, room.DB, p.ID)
	if err != nil {
		return nil, err
	}
	for _, v := range given {
		all = append(all, runnerapi.Variable{Name: v.Name, Value: v.Value, Secured: v.Secured})
	}
	steps, err := currentSteps(ctx, room.DB, p.ID)
	if err != nil {
		return nil, err
	}
	for i := range steps {
		if steps[i].Position >= s.Position {
			break
		}
		for _, name := range slices.Sorted(maps.Keys(steps[i].Outputs)) {
			all = append(all, runnerapi.Variable{Name: name, Value: steps[i].Outputs[name]})
		}
	}
	// Nobody else's name begins like the server's: what says where a step is must be true.
	all = slices.DeleteFunc(all, func(v runnerapi.Variable) bool { return strings.HasPrefix(v.Name, "BITBUCKET_") || v.Name == "CI" })
	own, err := room.ownVariables(ctx, r, p, s, of, e, deployed)
	return append(all, own...), err
}

// deployedTo is the environment that a step deploys to; nil for none, or for one that the repository does not have.
func (room *Room) deployedTo(ctx context.Context, r *repository.Repository, s *Step) (*environment, error) {
	if s.Environment == "" {
		return nil, nil
	}
	found, err := database.Collect(ctx, room.DB, scanEnvironment, `SELECT `+environmentColumns+fromEnvironments+` AND e.slug = $2`, r.ID, slugOf(s.Environment))
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// ownVariables are the variables that Bitbucket Cloud documents as its own ("Variables and secrets"). Those that say where something is on
// the machine that the step runs on are the runner's.
func (room *Room) ownVariables(ctx context.Context, r *repository.Repository, p *Pipeline, s *Step, of *script, e *pipefile.Step, deployed *environment) ([]runnerapi.Variable, error) {
	var all []runnerapi.Variable
	add := func(name, value string) {
		if value != "" {
			all = append(all, runnerapi.Variable{Name: name, Value: value})
		}
	}
	add("CI", "true")
	add("BITBUCKET_BUILD_NUMBER", decimal(p.Number))
	add("BITBUCKET_PIPELINE_UUID", rest.Braced(p.ID))
	add("BITBUCKET_STEP_UUID", rest.Braced(s.ID))
	add("BITBUCKET_STEP_RUN_NUMBER", strconv.Itoa(s.Attempt))
	add("BITBUCKET_COMMIT", string(p.Target.Commit))
	add("BITBUCKET_WORKSPACE", r.Workspace.Slug)
	add("BITBUCKET_REPO_SLUG", r.Slug)
	add("BITBUCKET_REPO_UUID", rest.Braced(r.ID))
	add("BITBUCKET_REPO_FULL_NAME", r.FullName())
	add("BITBUCKET_REPO_IS_PRIVATE", strconv.FormatBool(r.Private))
	add("BITBUCKET_REPO_OWNER", r.Workspace.Slug)
	add("BITBUCKET_REPO_OWNER_UUID", rest.Braced(r.Workspace.ID))
	add("BITBUCKET_PROJECT_KEY", r.Project.Key)
	add("BITBUCKET_PROJECT_UUID", rest.Braced(r.Project.ID))
	add("BITBUCKET_GIT_HTTP_ORIGIN", room.URLs.Web(r.Workspace.Slug, r.Slug).Href)
	add("BITBUCKET_GIT_SSH_ORIGIN", room.URLs.SSHRemote(r.FullName()))
	if p.Target.RefType == "tag" {
		add("BITBUCKET_TAG", p.Target.RefName)
	} else {
		add("BITBUCKET_BRANCH", p.Target.RefName)
	}
	if p.Target.PullRequest != 0 {
		add("BITBUCKET_PR_ID", decimal(p.Target.PullRequest))
		add("BITBUCKET_PR_DESTINATION_BRANCH", p.Target.Into)
		add("BITBUCKET_PR_DESTINATION_COMMIT", string(p.Target.IntoCommit))
	}
	for _, i := range of.items() {
		if s.Position >= i.first && s.Position < i.last && !i.serial && i.last-i.first > 1 {
			add("BITBUCKET_PARALLEL_STEP", strconv.Itoa(s.Position-i.first))
			add("BITBUCKET_PARALLEL_STEP_COUNT", strconv.Itoa(i.last-i.first))
		}
	}
	if s.Environment != "" {
		add("BITBUCKET_DEPLOYMENT_ENVIRONMENT", s.Environment)
	}
	if deployed != nil {
		add("BITBUCKET_DEPLOYMENT_ENVIRONMENT_UUID", rest.Braced(deployed.ID))
	}
	triggerer := s.Releaser
	if triggerer == "" && p.Creator.Account != nil {
		triggerer = p.Creator.Account.ID
	}
	if triggerer != "" {
		add("BITBUCKET_STEP_TRIGGERER_UUID", rest.Braced(triggerer))
	}
	if *e.OIDC.Enabled {
		about := Subject{Workspace: r.Workspace, Repository: r.ID, Pipeline: p.ID, Step: s.ID, Audiences: e.OIDC.Audiences}
		if deployed != nil {
			about.Environment = deployed.ID
		}
		if p.Target.RefType == "branch" {
			about.Branch = p.Target.RefName
		}
		signed, err := room.Token(ctx, about)
		if err != nil {
			return nil, err
		}
		all = append(all, runnerapi.Variable{Name: "BITBUCKET_STEP_OIDC_TOKEN", Value: signed, Secured: true})
	}
	return all, nil
}
