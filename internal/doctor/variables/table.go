package variables

import "github.com/pailforge/pail/internal/doctor"

// shape is how a tool sends what stands in its variables.
type shape uint8

const (
	basic   shape = iota // user and secret in two variables
	bearer               // the secret alone, as Bearer
	pair                 // user:secret in one variable, sent as Basic
	encoded              // base64 of user:secret, sent behind the word Basic
	alone                // a secret whose user and scheme are not known
	client               // key and secret of an OAuth consumer
)

// login is one way in which a tool takes a credential. It counts when its secret is set, or its user is and no other way
// of the tool is complete.
type login struct {
	shape        shape
	user, secret string
	fixedUser    string // the user that the tool itself sends
	surface      doctor.Surface
	// instead names variables: when one of them is set, this way is not taken.
	instead []string
}

// base is the variable that says where the API is.
type base struct {
	name string
	add  string // what the tool puts behind it to ask for the account
	host bool   // a host is wanted, not a URL
	site bool   // the website's address is right here: the tool finds the API by itself
}

// tool is a program and its variables.
type tool struct {
	name string
	// marks are variables of which one must be set for the tool to be looked at. unless are variables of which one says
	// that it is another tool.
	marks, unless []string
	logins        []login
	base          base
	check         func(*reading, *doctor.Case) // what only this tool knows
}

const (
	rest    = doctor.SurfaceREST
	git     = doctor.SurfaceGit
	unknown = doctor.SurfaceUnknown
)

// tools are in the order in which they are reported. Variables that several programs share come last, under the names of
// those programs.
var tools = []tool{
	{
		name:   "Renovate",
		marks:  []string{"RENOVATE_USERNAME", "RENOVATE_PASSWORD", "RENOVATE_TOKEN", "RENOVATE_ENDPOINT", "RENOVATE_PLATFORM"},
		logins: []login{{shape: basic, user: "RENOVATE_USERNAME", secret: "RENOVATE_PASSWORD", surface: rest}, {shape: bearer, secret: "RENOVATE_TOKEN", surface: rest}},
		base:   base{name: "RENOVATE_ENDPOINT", add: "/2.0/user"},
		check:  (*reading).renovate,
	},
	{
		name:   "bkt",
		marks:  []string{"BKT_TOKEN", "BKT_USERNAME", "BKT_HOST", "BKT_AUTH_METHOD"},
		logins: []login{{shape: basic, user: "BKT_USERNAME", secret: "BKT_TOKEN", surface: rest}},
		base:   base{name: "BKT_HOST", site: true},
		check:  (*reading).bkt,
	},
	{
		name:  "MCP server (ATLASSIAN_…)",
		marks: []string{"ATLASSIAN_USER_EMAIL", "ATLASSIAN_BITBUCKET_USERNAME", "ATLASSIAN_BITBUCKET_APP_PASSWORD"},
		logins: []login{
			{shape: basic, user: "ATLASSIAN_USER_EMAIL", secret: "ATLASSIAN_API_TOKEN", surface: rest},
			{shape: basic, user: "ATLASSIAN_BITBUCKET_USERNAME", secret: "ATLASSIAN_BITBUCKET_APP_PASSWORD", surface: rest},
		},
	},
	{
		name:  "Danger",
		marks: []string{"DANGER_BITBUCKETCLOUD_USERNAME", "DANGER_BITBUCKETCLOUD_PASSWORD", "DANGER_BITBUCKETCLOUD_OAUTH_KEY", "DANGER_BITBUCKETCLOUD_OAUTH_SECRET", "DANGER_BITBUCKETCLOUD_REPO_ACCESSTOKEN"},
		logins: []login{
			{shape: basic, user: "DANGER_BITBUCKETCLOUD_USERNAME", secret: "DANGER_BITBUCKETCLOUD_PASSWORD", surface: rest},
			{shape: client, user: "DANGER_BITBUCKETCLOUD_OAUTH_KEY", secret: "DANGER_BITBUCKETCLOUD_OAUTH_SECRET"},
			{shape: bearer, secret: "DANGER_BITBUCKETCLOUD_REPO_ACCESSTOKEN", surface: rest},
		},
	},
	{
		name:   "Weblate",
		marks:  []string{"WEBLATE_BITBUCKETCLOUD_USERNAME", "WEBLATE_BITBUCKETCLOUD_TOKEN"},
		logins: []login{{shape: basic, user: "WEBLATE_BITBUCKETCLOUD_USERNAME", secret: "WEBLATE_BITBUCKETCLOUD_TOKEN", surface: rest}},
		base:   base{name: "WEBLATE_BITBUCKETCLOUD_HOST", host: true, site: true},
	},
	{
		name:   "Woodpecker",
		marks:  []string{"WOODPECKER_BITBUCKET_CLIENT", "WOODPECKER_BITBUCKET_SECRET"},
		logins: []login{{shape: client, user: "WOODPECKER_BITBUCKET_CLIENT", secret: "WOODPECKER_BITBUCKET_SECRET"}},
	},
	{
		name:   "Drone",
		marks:  []string{"DRONE_BITBUCKET_CLIENT_ID", "DRONE_BITBUCKET_CLIENT_SECRET"},
		logins: []login{{shape: client, user: "DRONE_BITBUCKET_CLIENT_ID", secret: "DRONE_BITBUCKET_CLIENT_SECRET"}},
	},
	{
		name:  "semantic-release",
		marks: []string{"BB_TOKEN", "BB_TOKEN_BASIC_AUTH", "BITBUCKET_TOKEN_BASIC_AUTH"},
		logins: []login{
			{shape: basic, fixedUser: "x-token-auth", secret: "BB_TOKEN", surface: git},
			{shape: pair, secret: "BB_TOKEN_BASIC_AUTH", surface: git},
			{shape: pair, secret: "BITBUCKET_TOKEN_BASIC_AUTH", surface: git},
		},
	},
	{
		name:   "CML",
		marks:  []string{"REPO_TOKEN"},
		logins: []login{{shape: encoded, secret: "REPO_TOKEN", surface: rest}},
	},
	{
		name:  "gitbackup",
		marks: []string{"BITBUCKET_WORKSPACES"},
		logins: []login{
			{shape: basic, user: "BITBUCKET_EMAIL", secret: "BITBUCKET_TOKEN", surface: rest},
			{shape: basic, user: "BITBUCKET_USERNAME", secret: "BITBUCKET_TOKEN", surface: git, instead: []string{"BITBUCKET_PASSWORD"}},
			{shape: basic, user: "BITBUCKET_USERNAME", secret: "BITBUCKET_PASSWORD", surface: git},
		},
	},
	{
		name:   "reviewdog",
		marks:  []string{"BITBUCKET_USER"},
		unless: []string{"BITBUCKET_KEY"}, // soba's consumer, whose user is for git
		logins: []login{{shape: basic, user: "BITBUCKET_USER", secret: "BITBUCKET_PASSWORD", surface: rest}},
	},
	{
		name:   "Terraform and others",
		marks:  []string{"BITBUCKET_PASSWORD", "BITBUCKET_OAUTH_CLIENT_ID", "BITBUCKET_OAUTH_CLIENT_SECRET", "BITBUCKET_OAUTH_TOKEN", "BITBUCKET_API_BASE_URL"},
		unless: []string{"BITBUCKET_EMAIL", "BITBUCKET_USER", "BITBUCKET_WORKSPACES"},
		logins: []login{
			{shape: basic, user: "BITBUCKET_USERNAME", secret: "BITBUCKET_PASSWORD", surface: rest},
			{shape: client, user: "BITBUCKET_OAUTH_CLIENT_ID", secret: "BITBUCKET_OAUTH_CLIENT_SECRET"},
			{shape: bearer, secret: "BITBUCKET_OAUTH_TOKEN", surface: rest},
		},
		base: base{name: "BITBUCKET_API_BASE_URL", add: "/user"},
	},
	{
		name:   "readers of BITBUCKET_APP_PASSWORD",
		marks:  []string{"BITBUCKET_APP_PASSWORD"},
		logins: []login{{shape: basic, user: "BITBUCKET_USERNAME", secret: "BITBUCKET_APP_PASSWORD", surface: rest, instead: []string{"BITBUCKET_EMAIL"}}},
	},
	{
		name:   "readers of BITBUCKET_ACCESS_TOKEN",
		marks:  []string{"BITBUCKET_ACCESS_TOKEN"},
		logins: []login{{shape: bearer, secret: "BITBUCKET_ACCESS_TOKEN", surface: rest}},
	},
	{
		name:   "readers of BITBUCKET_TOKEN",
		marks:  []string{"BITBUCKET_TOKEN"},
		unless: []string{"BITBUCKET_WORKSPACES", "BITBUCKET_EMAIL"},
		logins: []login{{shape: alone, secret: "BITBUCKET_TOKEN", surface: unknown}},
	},
	{
		name:   "readers of BITBUCKET_API_TOKEN",
		marks:  []string{"BITBUCKET_API_TOKEN"},
		unless: []string{"BITBUCKET_EMAIL"},
		logins: []login{{shape: alone, secret: "BITBUCKET_API_TOKEN", surface: unknown}},
	},
}

// pipelines are variables that Bitbucket Pipelines sets in every step. None is a credential for the API or for git.
var pipelines = []string{
	"BITBUCKET_BUILD_NUMBER", "BITBUCKET_CLONE_DIR", "BITBUCKET_COMMIT", "BITBUCKET_BRANCH", "BITBUCKET_TAG", "BITBUCKET_WORKSPACE",
	"BITBUCKET_REPO_SLUG", "BITBUCKET_REPO_UUID", "BITBUCKET_REPO_FULL_NAME", "BITBUCKET_REPO_OWNER", "BITBUCKET_REPO_OWNER_UUID",
	"BITBUCKET_PROJECT_KEY", "BITBUCKET_PROJECT_UUID", "BITBUCKET_PIPELINE_UUID", "BITBUCKET_STEP_UUID", "BITBUCKET_STEP_TRIGGERER_UUID",
	"BITBUCKET_PR_ID", "BITBUCKET_PR_DESTINATION_BRANCH", "BITBUCKET_GIT_HTTP_ORIGIN", "BITBUCKET_GIT_SSH_ORIGIN",
	"BITBUCKET_DEPLOYMENT_ENVIRONMENT", "BITBUCKET_STEP_OIDC_TOKEN",
}
