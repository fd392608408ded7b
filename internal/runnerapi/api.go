// Package runnerapi is what a runner and a server tell each other. A runner makes all requests: it asks for a step, says from time to
// time that it is at it, sends what the step prints and leaves, and how it ended. Each is an operation of its own ("Pail's own" in
// pail operations), below [Root] and with the access token that the runner's OAuth client buys.
//
//	POST /runners/{runner_uuid}/steps                                Ask -> 200 Step, or 204 where none came up while the server waited
//	PUT  /runners/{runner_uuid}/steps/{step_uuid}                    Beat -> Orders; renews the lease
//	POST /runners/{runner_uuid}/steps/{step_uuid}/logs/{log_uuid}    octets behind ?offset= -> Written
//	GET  /runners/{runner_uuid}/steps/{step_uuid}/artifacts/{artifact_uuid}   octets of one in Step.Fetch
//	PUT  /runners/{runner_uuid}/steps/{step_uuid}/artifacts?name=    octets of an Archive
//	GET  /runners/{runner_uuid}/steps/{step_uuid}/caches/{name}?key= octets of an Archive, or 404
//	PUT  /runners/{runner_uuid}/steps/{step_uuid}/caches/{name}?key= octets of an Archive
//	PUT  /runners/{runner_uuid}/steps/{step_uuid}/reports?name=      octets of a JUnit XML file
//	POST /runners/{runner_uuid}/steps/{step_uuid}/result             Result -> 204; ends the lease
//
// Whoever holds no lease of the step (any more) is answered 409 with the reason pipeline.lease_lost, and stops it.
package runnerapi

import "time"

// Root is what the paths of the package stand behind.
const Root = "/2.0"

// TokenEndpoint is where a runner's OAuth client buys its access tokens, with the grant client_credentials.
const TokenEndpoint = "/site/oauth2/access_token"

// Archive is the form of artifacts and caches: a tar file, compressed by gzip, of regular files, directories and symbolic links with
// relative names. An artifact's names are relative to the directory of the clone, a cache's to its path.
const Archive = "application/gzip"

// Ask is a runner's question for a step. The server waits up to Wait for one to come up.
type Ask struct {
	Version   string   `json:"version"`   // of the program
	Executors []string `json:"executors"` // of Docker and Shell, those that this runner has
}

// The executors.
const (
	Docker = "docker"
	Shell  = "shell"
)

// Wait is how long a server waits for a step before it answers 204.
const Wait = 20 * time.Second

// Lease is how long a step belongs to a runner that does not beat. A runner beats every Beats.
const (
	Lease = 30 * time.Second
	Beats = 5 * time.Second
)

// Beat says that a runner is at a step.
type Beat struct {
	Phase string `json:"phase"` // of SetUp, Script, AfterScript, TearDown
}

// The phases of a step.
const (
	SetUp       = "setup"
	Script      = "script"
	AfterScript = "after-script"
	TearDown    = "teardown"
)

// Orders is the server's answer to a beat.
type Orders struct {
	Stop bool `json:"stop"` // somebody has stopped the step, or what it belongs to
}

// Written is how much of a log there is, in octets: where the next part begins. A part that begins before that is cut; one that begins
// behind it is refused.
type Written struct {
	Next int64 `json:"next"`
	Full bool  `json:"full"` // the log has reached its limit, and what follows is not kept
}

// Step is what a runner is to do. All times are in seconds, all memory in MiB.
type Step struct {
	UUID      string     `json:"uuid"` // without braces, as all here
	Name      string     `json:"name"`
	MaxTime   int        `json:"max_time"`           // seconds from the start of the step to its end
	Executor  string     `json:"executor,omitempty"` // of Docker and Shell; empty: any of those that the runner has, Docker first
	Image     Image      `json:"image"`
	Memory    int        `json:"memory"` // MiB, of the step with its services
	CPU       int        `json:"cpu"`    // thousandths of a processor; 0: no limit
	Clone     *Clone     `json:"clone,omitempty"`
	Script    []Command  `json:"script"`
	After     []Command  `json:"after_script,omitempty"`
	Variables []Variable `json:"variables"` // for the whole step, in the order in which later ones may replace earlier ones
	Services  []Service  `json:"services,omitempty"`
	Caches    []Cache    `json:"caches,omitempty"`
	Artifacts []Artifact `json:"artifacts,omitempty"` // to be sent
	Fetch     []Fetch    `json:"fetch,omitempty"`     // artifacts of earlier steps, to be laid into the clone
	SSH       *SSH       `json:"ssh,omitempty"`
	Outputs   []string   `json:"outputs,omitempty"` // names of variables that later steps get: see Result
}

// Image is a container image, and who may fetch it. Everything may hold variables of the step.
type Image struct {
	Name     string `json:"name"`
	Username string `json:"username,omitempty"`
	Password string `json:"password,omitempty"`
	User     *int   `json:"user,omitempty"` // whom the script runs as; nil: the image's user
}

// Clone says what the step works on. The address takes Username and Password, which end with the lease.
type Clone struct {
	URL        string   `json:"url"`
	Username   string   `json:"username"`
	Password   string   `json:"password"`
	Ref        string   `json:"ref"`            // refs/heads/main, refs/tags/v1: what the commit is fetched from
	Branch     string   `json:"branch"`         // what is checked out is called so; "" for a detached HEAD
	Commit     string   `json:"commit"`         // 40 hex digits
	Into       string   `json:"into,omitempty"` // a commit that Commit is merged into first: the destination of a pull request
	Depth      int      `json:"depth"`          // commits; 0: all
	LFS        bool     `json:"lfs"`
	Insecure   bool     `json:"insecure"` // the certificate is not looked at
	Filter     string   `json:"filter,omitempty"`
	Sparse     []string `json:"sparse,omitempty"`
	SparseCone bool     `json:"sparse_cone,omitempty"`
}

// Command is a line of a script (or several), or a pipe.
type Command struct {
	Text string `json:"text,omitempty"`
	Pipe *Pipe  `json:"pipe,omitempty"`
}

// Pipe is a container that the script calls, with the clone as its directory.
type Pipe struct {
	Name      string     `json:"name"`      // as the file has it, for the log
	Image     string     `json:"image"`     // what runs
	Variables []Variable `json:"variables"` // over those of the step; a list NAME is NAME_0, NAME_1 and so on, and NAME_COUNT
}

// Variable is one of the environment. The value of a secured one stands in no log.
type Variable struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	Secured bool   `json:"secured,omitempty"`
}

// Service is a container beside the step, which it finds at localhost.
type Service struct {
	UUID      string     `json:"uuid"` // of its log
	Name      string     `json:"name"`
	Image     Image      `json:"image"`
	Memory    int        `json:"memory"`
	Variables []Variable `json:"variables"`
	Daemon    bool       `json:"daemon"` // a Docker daemon for the step
}

// Cache is a directory that is kept. Key is what it is kept under; where Files are given, the runner makes it of Key and the contents of
// the files that these patterns fit.
type Cache struct {
	Name  string   `json:"name"`
	Path  string   `json:"path"` // relative to the clone, absolute, or beginning with ~/
	Key   string   `json:"key"`
	Files []string `json:"files,omitempty"`
}

// Artifact is a set of files that is kept, as the file has it: see pipefile.Artifact.
type Artifact struct {
	Name  string   `json:"name"`
	Type  string   `json:"type"` // shared, scoped or test-reports
	Paths []string `json:"paths"`
	Not   []string `json:"not,omitempty"`
	Depth int      `json:"depth,omitempty"`
	When  string   `json:"when"` // success, failed or always
}

// Fetch is an artifact of an earlier step.
type Fetch struct {
	UUID string `json:"uuid"`
	Name string `json:"name"`
}

// SSH is the repository's key pair and the hosts that it knows, in the form of OpenSSH.
type SSH struct {
	PrivateKey string `json:"private_key"`
	KnownHosts string `json:"known_hosts"`
}

// Result is how a step ended.
type Result struct {
	Outcome string            `json:"outcome"`           // of Successful, Failed, Stopped, Errored
	Reason  string            `json:"reason,omitempty"`  // a code of the family step, where Outcome is Failed or Errored for another reason than the script's exit code
	Message string            `json:"message,omitempty"` // for people
	Exit    int               `json:"exit"`              // of the script
	Outputs map[string]string `json:"outputs,omitempty"`
	Seconds map[string]int    `json:"seconds,omitempty"` // by phase
}

// The outcomes. Errored is what is not the script's doing: an image that is not there, a disk that is full.
const (
	Successful = "successful"
	Failed     = "failed"
	Stopped    = "stopped"
	Errored    = "errored"
)

// Why a step ended without an exit code of its own.
const (
	TimedOut      = "step.timed_out"
	OutOfMemory   = "step.out_of_memory"
	ImageMissing  = "step.image_missing"
	CloneFailed   = "step.clone_failed"
	ServiceFailed = "step.service_failed"
	DiskFull      = "step.disk_full"
	NoExecutor    = "step.no_executor"
	Killed        = "step.killed" // the container or process was ended from outside
	RunnerGone    = "step.runner_gone"
	RunnerFault   = "step.runner_fault"
)
