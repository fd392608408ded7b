package reason

const repositoryGone = "You may not have access to this repository or it no longer exists in this workspace. " +
	"If you think this repository exists and you have access, make sure you are authenticated."

var grantReasons = []Reason{
	{
		Code: ScopeMissing, Title: "The credential lacks a scope", Status: 403,
		Message: "Your credentials lack one or more required privilege scopes.",
		Why:     "The operation needs every one of the scopes in error.detail.required, and the credential was made without those in error.data.missing. Scopes do not include each other: `write` does not give `read`, and `admin` gives neither.",
		Fix: []string{
			"Make a new token with the scopes that it has and the missing ones; the scopes of a token cannot be changed. " + makeToken,
			"See at once what else the automation needs: `pail operations` lists the scopes of every operation.",
		},
		See: []Code{PrivilegeMissing, TokenOutOfBounds, CredentialKindNotAccepted},
	},
	{
		Code: PrivilegeMissing, Title: "The account lacks the privilege", Status: 403,
		Message: "You do not have the required privilege for this resource.",
		Why:     "The credential and its scopes are good. The account behind it has too little access to this resource: scopes say what a token may do, the privileges of the account say where.",
		Fix: []string{
			"Ask an administrator of the resource to give the account the privilege that error.data names.",
			"Or send a token of an account that has it.",
		},
		See: []Code{ScopeMissing, WorkspaceForbidden, TokenOutOfBounds},
	},
	{
		Code: WorkspaceForbidden, Title: "The account is not a member of the workspace", Status: 403,
		Message: "You do not have access to view this workspace.",
		Why:     "The workspace exists, and the credential is good, but its account is not a member.",
		Fix: []string{
			"Ask an administrator of the workspace for an invitation.",
			"Check which account the token belongs to: `curl --user \"$EMAIL:$TOKEN\" {base}/2.0/user`.",
		},
		See: []Code{PrivilegeMissing, WorkspaceNotFound},
	},
	{
		Code: CSRFMissing, Title: "The form did not come from this website", Status: 403,
		Message: "CSRF verification failed. Request aborted.",
		Why:     "A request that changes something and is sent with the browser's session must carry the form's token, so that no other website can send it in your name.",
		Fix: []string{
			"Load the page again and send the form once more; keep cookies allowed for {base}.",
			"A program should not use the session: " + curlUser,
		},
		See: []Code{CredentialMissing},
	},
	{
		Code: RateLimited, Title: "Too many requests", Status: 429,
		Message: "Rate limit for this resource has been exceeded",
		Why:     "The caller has used up what it may ask for in the current hour. The token is fine.",
		Fix: []string{
			"Wait for the seconds in the Retry-After header, then go on.",
			"Ask for less: `pagelen=100`, `fields=`, and `If-None-Match` with the last ETag.",
			"Send a credential: callers that are known may ask for more than anonymous ones.",
		},
		See: []Code{ServerBusy},
	},
}

var resourceReasons = []Reason{
	{
		Code: ResourceNotFound, Title: "There is no such thing", Status: 404,
		Message: "Resource not found",
		Why:     "The path is right, but what its last part names does not exist, or this caller may not see it.",
		Fix: []string{
			"List what there is: leave out the last part of the path.",
			"A uuid goes in braces, and curl must not eat them: `curl --globoff '{base}/2.0/.../{uuid}'`.",
		},
		See: []Code{PathUnknown, RepositoryNotFound},
	},
	{
		Code: WorkspaceNotFound, Title: "There is no such workspace", Status: 404,
		Message: "No workspace with identifier '{workspace}'.",
		Why:     "No workspace has this slug or uuid, or this caller may not see it. The slug is not the display name.",
		Fix: []string{
			"List yours: `curl --user \"$EMAIL:$TOKEN\" {base}/2.0/user/workspaces`.",
		},
		See: []Code{WorkspaceForbidden, RepositoryNotFound},
	},
	{
		Code: ProjectNotFound, Title: "There is no such project", Status: 404,
		Message: "Project {project} not found",
		Why:     "The workspace has no project with this key, or this caller may not see it. The key is the short upper-case name, not the display name.",
		Fix: []string{
			"List them: `curl --user \"$EMAIL:$TOKEN\" {base}/2.0/workspaces/WORKSPACE/projects`.",
		},
		See: []Code{WorkspaceNotFound, PrivilegeMissing},
	},
	{
		Code: RepositoryNotFound, Title: "There is no such repository for this caller", Status: 404,
		Message: repositoryGone,
		Why:     "No repository has this name, or it is private and this caller has no access. Both are answered alike, so that nobody can find out which private repositories exist.",
		Fix: []string{
			"Check that the request was authenticated: the answer to one that was has the header `X-OAuth-Scopes`.",
			"Check the account: `curl --user \"$EMAIL:$TOKEN\" {base}/2.0/user`.",
			"List what the account can see: `curl --user \"$EMAIL:$TOKEN\" {base}/2.0/repositories/WORKSPACE`.",
		},
		See: []Code{CredentialMissing, WorkspaceNotFound, PrivilegeMissing},
	},
	{
		Code: IssueTrackerOff, Title: "The repository has no issue tracker", Status: 404,
		Message: "Repository has no issue tracker.",
		Why:     "The issue tracker of a repository is off until somebody who administers the repository switches it on. What it held before it was switched off is kept.",
		Fix: []string{
			"Switch it on: `curl -X PUT --user \"$EMAIL:$TOKEN\" --json '{\"has_issues\": true}' {base}/2.0/repositories/WORKSPACE/REPOSITORY`.",
		},
		See: []Code{ResourceNotFound, PrivilegeMissing},
	},
	{
		Code: IssueArchiveBroken, Title: "The archive of issues is broken", Status: 400,
		Message: "The archive cannot be imported.",
		Why:     "The zip file, or the db-2.0.json in it, is not what an export of Bitbucket makes. Nothing was imported, and what the tracker held is as it was. The detail says where it broke: the entry of the zip file, the place in the document, and the byte at which that value begins.",
		Fix: []string{
			"Hold the zip file against its checksums: `unzip -t FILE`.",
			"Hold the document against JSON: `unzip -p FILE db-2.0.json | jq empty`.",
			"Look at the place that the detail names, such as `issues[17]`: `unzip -p FILE db-2.0.json | jq '.issues[17]'`.",
			"Put it right and import again: an import begins from the start.",
		},
		See: []Code{IssueJobRunning, BodyMalformed},
	},
	{
		Code: IssueJobRunning, Title: "The issues are being exported or imported already", Status: 409,
		Message: "There is an export or import running.",
		Why:     "One export or import of a repository's issues goes on at a time. Another one has been asked for and is not done.",
		Fix: []string{
			"Ask how far it is, and go on when it says SUCCESS or FAILURE: `curl --user \"$EMAIL:$TOKEN\" {base}/2.0/repositories/WORKSPACE/REPOSITORY/issues/import`.",
		},
		See: []Code{IssueArchiveBroken, ServerBusy},
	},
	{
		Code: WikiOff, Title: "The repository has no wiki", Status: 404,
		Message: "Repository has no wiki.",
		Why:     "The wiki of a repository is off until somebody who administers the repository switches it on, for its pages, the API and git alike. What it held before it was switched off is kept.",
		Fix: []string{
			"Switch it on: `curl -X PUT --user \"$EMAIL:$TOKEN\" --json '{\"has_wiki\": true}' {base}/2.0/repositories/WORKSPACE/REPOSITORY`, or in the settings of the repository.",
		},
		See: []Code{ResourceNotFound, PrivilegeMissing},
	},
	{
		Code: WikiPageName, Title: "A page of a wiki cannot have this name", Status: 400,
		Message: "Invalid page name.",
		Why: "The name of a page is the path of a file in the wiki's repository, in UTF-8: parts with slashes between, of which none is empty, begins with a dot, or begins or ends with a space; no backslash, no control " +
			"characters and no characters that turn the direction of text; at most 255 bytes, and 8 parts. Its end says how it is written: `.md` or `.markdown` for Markdown, `.creole`, `.rst` or `.txt` for what is shown as plain text.",
		Fix: []string{
			"Give the name its end: `Home.md` is the page that a wiki begins with.",
			"List the pages that there are: `curl --user \"$EMAIL:$TOKEN\" {base}/2.0/repositories/WORKSPACE/REPOSITORY/wiki`.",
		},
		See: []Code{WikiEdited, ResourceNotFound},
	},
	{
		Code: WikiEdited, Title: "Somebody else has edited the page meanwhile", Status: 409,
		Message: "The page has been edited meanwhile.",
		Why: "An edit names in `revision` the revision of the page that it began with, and the page has another one by now; or a page was to be made, and is there. Nothing was saved, and nothing is lost: " +
			"error.data.yours is what was sent, error.data.theirs what the page says now, and error.data.revision the revision to begin with once more. It is null where the page is gone.",
		Fix: []string{
			"Bring both texts together, and send the result with the revision of the answer.",
			"Look at the page: `curl --user \"$EMAIL:$TOKEN\" {base}/2.0/repositories/WORKSPACE/REPOSITORY/wiki/Home.md`.",
		},
		See: []Code{ConflictState, WikiPageName},
	},
	{
		Code: UserNotFound, Title: "There is no such user", Status: 404,
		Message: "{user} is not a valid user",
		Why:     "A user is named by `{uuid}` in braces or by account id. Nobody has this one.",
		Fix: []string{
			"List the members: `curl --user \"$EMAIL:$TOKEN\" {base}/2.0/workspaces/WORKSPACE/members`.",
			"Keep curl from eating braces: `curl --globoff ...`.",
		},
		See: []Code{GroupNotFound, ResourceNotFound},
	},
	{
		Code: GroupNotFound, Title: "There is no such group", Status: 404,
		Message: "Group {group} not found",
		Why:     "The workspace has no group with this slug. The slug is not the display name.",
		Fix: []string{
			"Look at the groups in the settings of the workspace.",
		},
		See: []Code{UserNotFound, ResourceNotFound},
	},
	{
		Code: RevisionNotFound, Title: "There is no such commit, branch, tag or path", Status: 404,
		Message: "Commit not found",
		Why:     "The repository exists, but has no such commit, branch or tag, or the file is not there at that commit.",
		Fix: []string{
			"List branches: `curl --user \"$EMAIL:$TOKEN\" {base}/2.0/repositories/WORKSPACE/REPOSITORY/refs/branches`.",
			"A slash in a branch name is written `%2F` in the path.",
		},
		See: []Code{RevisionSpecNotAccepted, RevisionAmbiguous, RepositoryNotFound},
	},
	{
		Code: RepositoryMoved, Title: "The repository has another name now", Status: 301,
		Message: "The repository has moved.",
		Why: "It was renamed, or transferred to another workspace. Its old name leads to the new one for as long as no other repository takes it; " +
			"the answer's Location header names the new address, and error.data.moved_to the new name.",
		Fix: []string{
			"Use the new name. git, browsers and `curl --location` follow by themselves.",
		},
		See: []Code{RepositoryNotFound},
	},
	{
		Code: ConflictExists, Title: "It exists already", Status: 400,
		Message: "{what} already exists.",
		Why:     "The name must be unique in its place, and it is taken. Names that differ only in case count as the same.",
		Fix: []string{
			"Choose another name, or change the one that is there with PUT.",
		},
		See: []Code{ConflictInUse, ValueInvalid},
	},
	{
		Code: ConflictInUse, Title: "It is still in use", Status: 409,
		Message: "{what} is still in use.",
		Why:     "Something else depends on it, so that it cannot be removed or changed in this way.",
		Fix: []string{
			"Remove or move what depends on it first; error.detail names it.",
		},
		See: []Code{ConflictExists, ConflictState},
	},
	{
		Code: ConflictState, Title: "Its state does not allow this", Status: 409,
		Message: "The resource is not in a state that allows this.",
		Why:     "The operation is right, but not now: a pull request that is merged cannot be declined, and a pipeline that has ended cannot be stopped.",
		Fix: []string{
			"Read the current state with GET; error.detail names it.",
		},
		See: []Code{ConflictInUse},
	},
	{
		Code: BranchRestricted, Title: "A branch restriction forbids it", Status: 403,
		Message: "A branch restriction does not allow this.",
		Why: "The caller may write to the repository, but a branch restriction protects this branch: from pushes of all but those whom it names, " +
			"from being rewritten, or from being deleted. It holds for administrators, too, and where several restrictions match a branch, all of them hold. " +
			"error.detail, or what git prints, names the restriction.",
		Fix: []string{
			"Push to another branch and have it merged.",
			"Have an administrator of the repository add you, or a group that you are in, to the restriction's users or groups. An access token is nobody's account and cannot be added.",
			"Where the history may not be rewritten: build on what is there with `git pull --rebase`, and push without --force.",
		},
		See: []Code{PrivilegeMissing, ConflictState},
	},
}
