package reason

// The Authorization header, or another header, is damaged: the request is
// refused before anybody looks at the credential in it.
const (
	HeaderLineBreak        Code = "header.line_break"
	HeaderControlCharacter Code = "header.control_character"
	HeaderMalformed        Code = "header.malformed"
	HeaderTooLarge         Code = "header.too_large"
	HeaderDuplicate        Code = "header.duplicate"
	HeaderSchemeMissing    Code = "header.scheme_missing"
	HeaderSchemeUnknown    Code = "header.scheme_unknown"
	HeaderNotBase64        Code = "header.not_base64"
	HeaderNoColon          Code = "header.no_colon"
	HeaderEncodedTwice     Code = "header.encoded_twice"
	HeaderSchemeTwice      Code = "header.scheme_twice"
)

// The request around the header cannot be read.
const (
	RequestMalformed        Code = "request.malformed"
	RequestSpaceInTarget    Code = "request.space_in_target"
	RequestHost             Code = "request.host"
	RequestVersion          Code = "request.version"
	RequestTooLarge         Code = "request.too_large"
	RequestTimeout          Code = "request.timeout"
	RequestExpectation      Code = "request.expectation"
	RequestTransferEncoding Code = "request.transfer_encoding"
	TLSExpected             Code = "tls.expected"
)

// The credential can be read, but it is of the wrong kind, comes with the
// wrong user, or is not known.
const (
	CredentialMissing             Code = "credential.missing"
	CredentialBearerNotAccepted   Code = "credential.bearer_not_accepted"
	CredentialBasicNotAccepted    Code = "credential.basic_not_accepted"
	CredentialEmailRequired       Code = "credential.email_required"
	CredentialUsernameRequired    Code = "credential.username_required"
	CredentialUserEmpty           Code = "credential.user_empty"
	CredentialUserMismatch        Code = "credential.user_mismatch"
	CredentialGitUser             Code = "credential.git_user"
	CredentialKindNotAccepted     Code = "credential.kind_not_accepted"
	CredentialPasswordNotAccepted Code = "credential.password_not_accepted"
	CredentialUnknown             Code = "credential.unknown"
	CredentialForeignProduct      Code = "credential.foreign_product"
	CredentialInURL               Code = "credential.in_url"
	CredentialSwapped             Code = "credential.swapped"
	AppPasswordDisabled           Code = "app_password.disabled"
	AppPasswordAsBearer           Code = "app_password.as_bearer"
	AccountDeactivated            Code = "account.deactivated"
	LoginRefused                  Code = "login.refused"
	SetupLinkUsed                 Code = "setup_link.used"
	InvitationUnknown             Code = "invitation.unknown"
	InvitationExpired             Code = "invitation.expired"
	InvitationUsed                Code = "invitation.used"
	InvitationNoAccount           Code = "invitation.no_account"
)

// Signing in with an OpenID provider did not work.
const (
	OIDCProviderUnreachable Code = "oidc.provider_unreachable"
	OIDCProviderRefused     Code = "oidc.provider_refused"
	OIDCCodeRefused         Code = "oidc.code_refused"
	OIDCTokenInvalid        Code = "oidc.token_invalid"
	OIDCStateMismatch       Code = "oidc.state_mismatch"
	OIDCExpired             Code = "oidc.expired"
	OIDCEmailMissing        Code = "oidc.email_missing"
	OIDCEmailUnverified     Code = "oidc.email_unverified"
	OIDCDomainNotAllowed    Code = "oidc.domain_not_allowed"
	OIDCAccountMissing      Code = "oidc.account_missing"
	OIDCAccountLinked       Code = "oidc.account_linked"
)

// The secret itself: damaged on its way, or no longer good.
const (
	TokenTruncated   Code = "token.truncated"
	TokenMistyped    Code = "token.mistyped"
	TokenWhitespace  Code = "token.whitespace"
	TokenNotExpanded Code = "token.not_expanded"
	TokenEmpty       Code = "token.empty"
	TokenExpired     Code = "token.expired"
	TokenRevoked     Code = "token.revoked"
	TokenOutOfBounds Code = "token.out_of_bounds"
)

// OAuth 2: the request for access, what buys a token, and the token itself.
const (
	OAuthExpired         Code = "oauth.expired"
	OAuthNotAccessToken  Code = "oauth.not_access_token"
	OAuthConsumerAsLogin Code = "oauth.consumer_as_login"
	OAuthRequestInvalid  Code = "oauth.request_invalid"
	OAuthClientMissing   Code = "oauth.client_missing"
	OAuthClientUnknown   Code = "oauth.client_unknown"
	OAuthClientSecret    Code = "oauth.client_secret"
	OAuthConsumerPublic  Code = "oauth.consumer_public"
	OAuthRedirect        Code = "oauth.redirect_mismatch"
	OAuthResponseType    Code = "oauth.response_type"
	OAuthScopeInvalid    Code = "oauth.scope_invalid"
	OAuthDenied          Code = "oauth.access_denied"
	OAuthGrant           Code = "oauth.grant_unsupported"
	OAuthPasswordGrant   Code = "oauth.password_grant"
	OAuthCodeUnknown     Code = "oauth.code_unknown"
	OAuthCodeUsed        Code = "oauth.code_used"
	OAuthCodeExpired     Code = "oauth.code_expired"
	OAuthVerifier        Code = "oauth.verifier"
	OAuthRefreshUnknown  Code = "oauth.refresh_unknown"
	OAuthRefreshUsed     Code = "oauth.refresh_used"
	OAuthRefreshExpired  Code = "oauth.refresh_expired"
	OAuthRevoked         Code = "oauth.access_revoked"
)

// The caller is known, but may not do this.
const (
	ScopeMissing       Code = "scope.missing"
	PrivilegeMissing   Code = "privilege.missing"
	WorkspaceForbidden Code = "workspace.forbidden"
	CSRFMissing        Code = "csrf.missing"
	RateLimited        Code = "rate.limited"
)

// What the request speaks of is not there, or not for this caller to see.
const (
	ResourceNotFound   Code = "resource.not_found"
	WorkspaceNotFound  Code = "workspace.not_found"
	ProjectNotFound    Code = "project.not_found"
	RepositoryNotFound Code = "repository.not_found"
	RepositoryMoved    Code = "repository.moved"
	UserNotFound       Code = "user.not_found"
	GroupNotFound      Code = "group.not_found"
	RevisionNotFound   Code = "revision.not_found"
	ConflictExists     Code = "conflict.exists"
	ConflictInUse      Code = "conflict.in_use"
	ConflictState      Code = "conflict.state"
	BranchRestricted   Code = "branch.restricted"
	IssueTrackerOff    Code = "issue.tracker_off"
	IssueArchiveBroken Code = "issue.archive_broken"
	IssueJobRunning    Code = "issue.job_running"
	WikiOff            Code = "wiki.off"
	WikiPageName       Code = "wiki.page_name"
	WikiEdited         Code = "wiki.edited"
)

// A pull request cannot be made, changed or merged.
const (
	PullRequestClosed   Code = "pullrequest.closed"
	PullRequestNothing  Code = "pullrequest.nothing"
	PullRequestConflict Code = "pullrequest.conflict"
	PullRequestChecks   Code = "pullrequest.checks"
	PullRequestMoved    Code = "pullrequest.moved"
	PullRequestThread   Code = "pullrequest.thread"

	PullRequestSuggestion Code = "pullrequest.suggestion"
)

// A webhook is not called, or does not take what it is called with.
const (
	WebhookAddressForbidden Code = "webhook.address_forbidden"
	WebhookUnreachable      Code = "webhook.unreachable"
	WebhookTimeout          Code = "webhook.timeout"
	WebhookAnswer           Code = "webhook.answer"
	WebhookDropped          Code = "webhook.dropped"
)

// A pipeline cannot run.
const (
	PipelinesBrokenFile Code = "pipelines.broken_file"
	PipelinesNoFile     Code = "pipelines.no_file"
	PipelinesNoPipeline Code = "pipelines.no_pipeline"
	PipelinesImport     Code = "pipelines.import"
	PipelinesDisabled   Code = "pipelines.disabled"
	PipelineLeaseLost   Code = "pipeline.lease_lost"
	StepUnchanged       Code = "step.unchanged"
	StepNoRunner        Code = "step.no_runner"
	StepRunnerGone      Code = "step.runner_gone"
	StepRunnerFault     Code = "step.runner_fault"
	StepTimedOut        Code = "step.timed_out"
	StepOutOfMemory     Code = "step.out_of_memory"
	StepImageMissing    Code = "step.image_missing"
	StepCloneFailed     Code = "step.clone_failed"
	StepServiceFailed   Code = "step.service_failed"
	StepDiskFull        Code = "step.disk_full"
	StepNoExecutor      Code = "step.no_executor"
	StepKilled          Code = "step.killed"
)

// The path or the method names no operation.
const (
	PathUnknown        Code = "path.unknown"
	PathDataCenter     Code = "path.data_center"
	PathRemoved        Code = "path.removed"
	PathVersionMissing Code = "path.version_missing"
	PathMalformed      Code = "path.malformed"
	MethodNotAllowed   Code = "method.not_allowed"
	OperationNotServed Code = "operation.not_served"
)

// The body, the query or a header asks for something that cannot be done.
const (
	BodyMalformed           Code = "body.malformed"
	BodyTooLarge            Code = "body.too_large"
	BodyWrongType           Code = "body.wrong_type"
	BodyMissingField        Code = "body.missing_field"
	ValueInvalid            Code = "value.invalid"
	QueryInvalid            Code = "query.invalid"
	SearchInvalid           Code = "query.search_invalid"
	PageInvalid             Code = "page.invalid"
	RangeNotSatisfiable     Code = "range.not_satisfiable"
	FieldsInvalid           Code = "fields.invalid"
	MediaTypeUnsupported    Code = "media_type.unsupported"
	NotAcceptable           Code = "media_type.not_acceptable"
	RevisionSpecNotAccepted Code = "revision.not_accepted"
	RevisionAmbiguous       Code = "revision.ambiguous"
)

// The server cannot, whatever the request says.
const (
	ServerFault    Code = "server.fault"
	ServerBusy     Code = "server.busy"
	ServerStopping Code = "server.stopping"
	ServerDiskFull Code = "server.disk_full"
)

// The request never got to the service, or got to another one. No server answers with these: they are found from what
// was typed, configured or seen (package doctor).
const (
	HostWebsite           Code = "host.website"
	HostOtherProduct      Code = "host.other_product"
	HostDataCenter        Code = "host.data_center"
	HostMalformed         Code = "host.malformed"
	HostScheme            Code = "host.scheme"
	NetworkName           Code = "network.name"
	NetworkConnect        Code = "network.connect"
	NetworkTLS            Code = "network.tls"
	NetworkProxy          Code = "network.proxy"
	ServiceIncident       Code = "service.incident"
	ServiceOther          Code = "service.other"
	URLUserNotEncoded     Code = "url.user_not_encoded"
	URLSecretNotEncoded   Code = "url.secret_not_encoded"
	URLShape              Code = "url.shape"
	PathBraces            Code = "path.braces"
	PathDoubleSlash       Code = "path.double_slash"
	PathName              Code = "path.name"
	PathPersonalWorkspace Code = "path.personal_workspace"
	PathVersionGone       Code = "path.version_gone"
	ValueNotExpanded      Code = "value.not_expanded"
	ValueNotEvaluated     Code = "value.not_evaluated"
	HeaderSchemeCase      Code = "header.scheme_case"
	HeaderStripped        Code = "header.stripped"
	HeaderDroppedRedirect Code = "header.dropped_on_redirect"
	CredentialDuplicate   Code = "credential.duplicate"
	CredentialStored      Code = "credential.stored"
	CredentialHelper      Code = "credential.helper"
	CredentialHelperTests Code = "credential.helper_tests"
	TokenUnscoped         Code = "token.unscoped"
	TokenEscaped          Code = "token.escaped"
	TokenRefused          Code = "token.refused"
	ClockSkew             Code = "clock.skew"
	OAuthCallback         Code = "oauth.callback"
	SSHHostKey            Code = "ssh.host_key"
	PolicyBranch          Code = "policy.branch"
	PolicyPlan            Code = "policy.plan"
	PolicyDeployKey       Code = "policy.deploy_key"
	PolicyAddress         Code = "policy.address"
	PolicyTwoStep         Code = "policy.two_step"
	PolicyInactive        Code = "policy.inactive"
	GitLFS                Code = "git.lfs"
	ClientCommandLine     Code = "client.command_line"
)
