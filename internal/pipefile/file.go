package pipefile

import "slices"

// What holds where a file says nothing, as Bitbucket Cloud documents it.
const (
	DefaultImage   = "atlassian/default-image:latest"
	DefaultMaxTime = 120  // minutes
	DefaultDepth   = 50   // commits
	DefaultMemory  = 1024 // MiB of a service
)

// Limits of Bitbucket Cloud.
const (
	MaxSteps          = 100 // of a pipeline, those in stages and parallel groups and the final one, too
	MaxMaxTime        = 720 // minutes
	MaxServices       = 5   // of a step
	MaxRetries        = 10
	MaxInputVariables = 20 // of a step that runs another pipeline
	MaxOutput         = 50 // output variables of a pipeline
	MaxAudiences      = 10
	MinMemory         = 128  // MiB of a service
	sizeMemory        = 4096 // MiB of a step of size 1x, with its services
	stepMemory        = 1024 // MiB that stay with the step itself
)

// File is what a bitbucket-pipelines.yml says.
type File struct {
	Image       *Image // of steps that name none; nil: not said
	Clone       Clone
	Options     Options
	Export      bool // its shared pipelines may be imported by other repositories of the workspace
	Definitions Definitions
	Pipelines   Pipelines
	Triggers    []Trigger
}

// Pipelines are the pipelines by what starts them, each list in the order of the file.
type Pipelines struct {
	Default      *Pipeline // nil: none
	Branches     []Pipeline
	Tags         []Pipeline
	PullRequests []Pipeline
	Custom       []Pipeline
}

// Pipeline is a list of things to do one after another, or says where such a list is imported from.
type Pipeline struct {
	Pos
	Name        string     // a pattern in Branches, Tags and PullRequests; "default" of the default
	Pattern     Glob       // what Name says, in Branches, Tags and PullRequests: of a pull request its source
	Destination *Glob      // of a pull request; nil: every branch
	Import      *Import    // instead of all that follows
	Variables   []Variable // that whoever starts it is asked for; only in Custom and Definitions.Pipelines
	Items       []Item     // at least one
	Final       *Step      // runs at the end in any case; nil: none
}

// Steps are all steps in the order of the file, the final one last.
func (p *Pipeline) Steps() []*Step {
	var all []*Step
	for i := range p.Items {
		all = append(all, p.Items[i].Steps()...)
	}
	if p.Final != nil {
		all = append(all, p.Final)
	}
	return all
}

// Item is one of three things.
type Item struct {
	Step     *Step
	Parallel *Parallel
	Stage    *Stage
}

// Steps are the steps of an item.
func (i *Item) Steps() []*Step {
	var of []Step
	switch {
	case i.Step != nil:
		return []*Step{i.Step}
	case i.Parallel != nil:
		of = i.Parallel.Steps
	case i.Stage != nil:
		of = i.Stage.Steps
	}
	all := make([]*Step, len(of))
	for k := range of {
		all[k] = &of[k]
	}
	return all
}

// Parallel is a group of steps that run at the same time.
type Parallel struct {
	FailFast bool // the others are stopped when one fails, unless Step.FailFast of that one says otherwise
	OnFail   *OnFail
	Steps    []Step
}

// Stage is a group of steps that run one after another and share an environment.
type Stage struct {
	Name       string
	Deployment string // the environment; empty: none
	Manual     bool   // waits for somebody
	Condition  *Condition
	OnFail     *OnFail
	Steps      []Step
}

// Step is what runs in one container. What it does not say, File.Effective fills in.
type Step struct {
	Pos
	Name             string
	Image            *Image
	Script           []Command // at least one, unless Child is set
	AfterScript      []Command // runs however Script ends
	Artifacts        Artifacts
	Caches           []string // predefined, or in Definitions.Caches
	Services         []string // "docker", or in Definitions.Services
	Clone            Clone
	Condition        *Condition
	Deployment       string // the environment; empty: none
	FailFast         *bool  // in a parallel group: nil as the group says
	OnFail           *OnFail
	MaxTime          int      // minutes, 1 to MaxMaxTime; 0: not said
	Size             int      // times 4 GiB: 1, 2, 4, 8, 16, 24 or 32; 0: not said
	RunsOn           []string // labels that a runner must have; none: the service's own
	Runtime          Runtime
	OIDC             OIDC
	Manual           bool // waits for somebody
	OutputVariables  []string
	ConcurrencyGroup string // of steps of one group one runs at a time; empty: none
	Child            *Child // the step runs another pipeline instead of a script
}

// Child says which pipeline a step runs.
type Child struct {
	Custom string // in Pipelines.Custom
	Input  []KeyValue
}

// KeyValue is a variable with its value, which may name others as $NAME.
type KeyValue struct{ Name, Value string }

// Command is a line of a script, or a pipe.
type Command struct {
	Text string
	Pipe *Pipe // instead of Text
}

// Pipe is a container that a script calls.
type Pipe struct {
	Pipe      string // account/name:version, or docker:// and an image
	Name      string
	Variables []PipeVariable
}

// PipeVariable is a variable of a pipe, whose value is a text or a list.
type PipeVariable struct {
	Name  string
	Value string
	List  []string // instead of Value; nil: a text
}

// Image is a container image, and who may fetch it.
type Image struct {
	Name                      string
	Username, Password, Email string
	AWS                       *AWS
	RunAsUser                 *int // the number of the user; nil: the image's
}

// AWS is what fetches an image from a registry of AWS: a role, or a key with its secret.
type AWS struct{ AccessKey, SecretKey, OIDCRole string }

// Full is Clone.Depth for all commits.
const Full = -1

// Clone says how the repository is cloned for a step.
type Clone struct {
	Enabled       *bool // nil: not said
	Depth         int   // commits; Full: all; 0: not said
	LFS           *bool
	SkipSSLVerify *bool
	Filter        string // of git clone --filter; empty: not said
	Sparse        *Sparse
}

// Sparse says which part of the tree is checked out.
type Sparse struct {
	Enabled  *bool
	ConeMode *bool
	Patterns []string
}

// Options hold for all steps that do not say otherwise.
type Options struct {
	Docker  bool // every step has the service docker
	MaxTime int  // minutes; 0: not said
	Size    int  // as Step.Size
	Runtime Runtime
	OIDC    OIDC
}

// Runtime says on what the service runs a step that no runner of one's own takes.
type Runtime struct {
	Arch              string // x86 or arm; empty: not said
	AtlassianIPRanges *bool
	Version           string // empty: not said
}

// OIDC says whether a step gets a token of OpenID Connect.
type OIDC struct {
	Enabled   *bool // nil: not said
	Audiences []string
}

// OnFail says what a failure does.
type OnFail struct {
	Strategy string // fail, retry or ignore
	Retries  int    // of retry: 1 to MaxRetries
}

// Condition says when a step or a stage runs: all that is set must hold.
type Condition struct {
	Changesets *Changesets
	State      *Expression // over the variables of the moment
}

// Changesets is a condition on the paths of changed files. One of the two is set.
type Changesets struct {
	Include []Glob // any file matches one of them
	Exclude []Glob // not all files match one of them
}

// Holds tells whether the condition holds for changed files, whose paths are relative to the root of the repository.
func (c *Changesets) Holds(paths []string) bool {
	if len(c.Exclude) > 0 {
		return slices.ContainsFunc(paths, func(path string) bool { return !anyMatches(c.Exclude, path) })
	}
	return slices.ContainsFunc(paths, func(path string) bool { return anyMatches(c.Include, path) })
}

func anyMatches(globs []Glob, name string) bool {
	return slices.ContainsFunc(globs, func(g Glob) bool { return g.Matches(name) })
}

// Artifacts says which files of a step are kept, and which of earlier steps it gets.
type Artifacts struct {
	Upload   []Artifact
	Download Download
}

// Kinds of artifacts, and when they are kept.
const (
	Shared      = "shared" // later steps get it
	Scoped      = "scoped"
	TestReports = "test-reports"

	OnSuccess = "success"
	OnFailure = "failed"
	Always    = "always"
)

// Artifact is a set of files that is kept.
type Artifact struct {
	Name  string // empty: the paths were listed without one
	Type  string
	Paths []Glob // at least one
	Not   []Glob
	Depth int    // how many parts a path may have; 0: any number
	When  string // OnSuccess, OnFailure or Always
}

// Takes tells whether a file belongs to the artifact. path is relative to the directory of the clone.
func (a *Artifact) Takes(path string) bool {
	return (a.Depth == 0 || parts(path) <= a.Depth) && anyMatches(a.Paths, path) && !anyMatches(a.Not, path)
}

// Download says which artifacts of earlier steps a step gets: all of them, none, or those with a name in Names.
type Download struct {
	None  bool
	Names []string
}

// Variable is one that whoever starts a custom pipeline is asked for.
type Variable struct {
	Name        string
	Default     *string // nil: none
	Allowed     []string
	Description string
}

// Definitions are what pipelines refer to.
type Definitions struct {
	Caches    []Cache
	Services  []Service
	Pipelines []Pipeline // to be imported
	Imports   []Source
}

// Cache is a directory that is kept from pipeline to pipeline.
type Cache struct {
	Name, Path string
	Files      []Glob // the cache is another one when one of these changes; none: it has one key
}

// Predefined are the caches that need no definition, with their directories. The one of docker has none.
var Predefined = []Cache{
	{Name: "composer", Path: "~/.composer/cache"}, {Name: "docker"}, {Name: "dotnetcore", Path: "~/.nuget/packages"}, {Name: "gradle", Path: "~/.gradle/caches"},
	{Name: "ivy2", Path: "~/.ivy2/cache"}, {Name: "maven", Path: "~/.m2/repository"}, {Name: "node", Path: "node_modules"}, {Name: "pip", Path: "~/.cache/pip"},
	{Name: "sbt", Path: "~/.sbt"},
}

// Docker is the service that needs no definition.
const Docker = "docker"

// Service is a container that runs beside a step.
type Service struct {
	Name      string
	Image     *Image // nil only of Docker
	Memory    int    // MiB; 0: DefaultMemory
	Docker    bool   // its image is a Docker daemon
	Variables []KeyValue
}

// Source is a file that pipelines are imported from.
type Source struct {
	Name       string // of the definition; empty where an import names repository and ref itself
	Repository string // the slug or UUID of one of the workspace; empty: the file is of this repository
	Ref        string // a branch or tag of Repository
	Path       string // of the file, relative to the root of its repository
}

// Import is a pipeline of another file.
type Import struct {
	Pipeline string // in Definitions.Pipelines of the source
	Source   Source
}

// Trigger starts custom pipelines when something happens.
type Trigger struct {
	Event     string      // such as repository-push
	Condition *Expression // nil: in any case
	Pipelines []string    // in Pipelines.Custom
}

// Effective is a step of the file with what holds where it says nothing: its own values, then those of the file, then the defaults.
func (f *File) Effective(s *Step) Step {
	e := *s
	if e.Image == nil {
		e.Image = f.Image
	}
	if e.Image == nil {
		e.Image = &Image{Name: DefaultImage}
	}
	e.MaxTime = first(e.MaxTime, f.Options.MaxTime, DefaultMaxTime)
	e.Size = first(e.Size, f.Options.Size, 1)
	if f.Options.Docker && !slices.Contains(e.Services, Docker) {
		e.Services = append(slices.Clone(e.Services), Docker)
	}
	yes, no := true, false
	e.Clone = Clone{
		Enabled: first(e.Clone.Enabled, f.Clone.Enabled, &yes), Depth: first(e.Clone.Depth, f.Clone.Depth, DefaultDepth), LFS: first(e.Clone.LFS, f.Clone.LFS, &no),
		SkipSSLVerify: first(e.Clone.SkipSSLVerify, f.Clone.SkipSSLVerify, &no), Filter: first(e.Clone.Filter, f.Clone.Filter), Sparse: first(e.Clone.Sparse, f.Clone.Sparse),
	}
	e.Runtime = Runtime{
		Arch:              first(e.Runtime.Arch, f.Options.Runtime.Arch, "x86"),
		AtlassianIPRanges: first(e.Runtime.AtlassianIPRanges, f.Options.Runtime.AtlassianIPRanges, &no),
		Version:           first(e.Runtime.Version, f.Options.Runtime.Version),
	}
	if e.OIDC.Enabled == nil {
		e.OIDC = f.Options.OIDC
	}
	e.OIDC.Enabled = first(e.OIDC.Enabled, &no)
	return e
}

// first is the first that is said.
func first[T comparable](values ...T) (said T) {
	for _, v := range values {
		if v != said {
			return v
		}
	}
	return said
}
