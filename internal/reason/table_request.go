package reason

const notFoundDetail = "There is no API hosted at this URL.\n\nFor information about our API's, please refer to the documentation at: https://developer.atlassian.com/bitbucket/api/2/reference/"

var pathReasons = []Reason{
	{
		Code: PathUnknown, Title: "There is no operation at this path", Status: 404,
		Message: "Resource not found", Detail: notFoundDetail,
		Why: "The API has no operation at this path, whoever asks. error.data names the nearest ones when there are any.",
		Fix: []string{
			"Compare with the list of operations: `pail operations`.",
			"The API begins with {base}/2.0.",
		},
		See: []Code{PathDataCenter, PathRemoved, PathVersionMissing, ResourceNotFound},
	},
	{
		Code: PathDataCenter, Title: "The path is one of Bitbucket Data Center", Status: 404,
		Message: "Resource not found", Detail: notFoundDetail,
		Why: "Bitbucket Data Center (formerly Server) has another API than Bitbucket Cloud: other paths, other shapes. This one exists only there.",
		Fix: []string{
			"Use the path of the Cloud API that error.data names, for example `/2.0/workspaces/WORKSPACE/projects/KEY/permissions-config/groups` for `/permissions/groups`.",
			"Set the tool to Bitbucket Cloud, not Bitbucket Server or Data Center.",
		},
		See: []Code{PathUnknown, CredentialForeignProduct},
	},
	{
		Code: PathRemoved, Title: "The operation was removed from the API", Status: 410,
		Message: "CHANGE-2770 - Functionality has been deprecated",
		Detail:  "Please read the changelog entry for more details.",
		Why:     "Bitbucket Cloud had this operation and has taken it away; it answers 410 there too. No credential brings it back.",
		Fix: []string{
			"Use the successor that error.data names; for `GET /2.0/workspaces` it is `GET /2.0/user/workspaces`.",
		},
		See: []Code{PathUnknown, OperationNotServed},
	},
	{
		Code: PathVersionMissing, Title: "The path lacks /2.0", Status: 403,
		Message: "Forbidden",
		Why:     "The path is that of an operation, but the version in front of it is missing, or is another one than 2.0. The credential was not looked at.",
		Fix: []string{
			"Set the base URL to `{base}/2.0`, or put `/2.0` in front of the path: `curl {base}/2.0/user`.",
		},
		See: []Code{PathUnknown, PathRemoved},
	},
	{
		Code: PathMalformed, Title: "The path cannot be decoded", Status: 400,
		Message: badRequest,
		Why:     "The path holds a percent sign that is not followed by two hexadecimal digits, a zero byte, or bytes that are not UTF-8.",
		Fix: []string{
			"Encode each part of the path on its own; a percent sign is `%25`, a slash in a name is `%2F`.",
		},
		See: []Code{RequestSpaceInTarget, PathUnknown},
	},
	{
		Code: MethodNotAllowed, Title: "The path does not take this method", Status: 405,
		Message: "Method not allowed",
		Why:     "There are operations at this path, but none with this method.",
		Fix: []string{
			"Use one of the methods in the Allow header. After a redirect, some clients turn POST into GET: `curl --post301 --post302 -L ...`.",
		},
		See: []Code{PathUnknown, OperationNotServed},
	},
	{
		Code: OperationNotServed, Title: "This server does not serve the operation", Status: 501,
		Message: "Not Implemented",
		Why:     "Bitbucket Cloud has this operation; this server knows its name and its scopes, but does not serve it.",
		Fix: []string{
			"See what is served: `pail operations`.",
		},
		See: []Code{PathUnknown, PathRemoved},
	},
}

var inputReasons = []Reason{
	{
		Code: BodyMalformed, Title: "The body cannot be read", Status: 400,
		Message: badRequest,
		Why:     "The body is not what its Content-Type says: the JSON is not complete, has a comma too many, or is followed by something else.",
		Fix: []string{
			"Check it before sending: `jq . < body.json`.",
			"Let curl read it from a file, so that the shell changes nothing: `curl --json @body.json ...`.",
		},
		See: []Code{BodyWrongType, MediaTypeUnsupported},
	},
	{
		Code: BodyTooLarge, Title: "The body is too large", Status: 413,
		Message: "Request Entity Too Large",
		Why:     "The body is larger than this operation takes. error.data names the limit in bytes.",
		Fix: []string{
			"Send less at once. Large files go into a repository with git, not through the API.",
		},
		See: []Code{HeaderTooLarge},
	},
	{
		Code: BodyWrongType, Title: "A field has the wrong type", Status: 400,
		Message: badRequest,
		Why:     "A field of the body holds, for example, a string where a number or an object is needed. error.detail names the field and what it should be.",
		Fix: []string{
			"Correct the field; numbers and true/false are written without quotes.",
		},
		See: []Code{BodyMissingField, ValueInvalid, BodyMalformed},
	},
	{
		Code: BodyMissingField, Title: "A field is missing", Status: 400,
		Message: badRequest,
		Why:     "The operation needs a field that the body does not have. error.detail names it.",
		Fix: []string{
			"Add the field that the answer names under error.fields.",
		},
		See: []Code{BodyWrongType, ValueInvalid},
	},
	{
		Code: ValueInvalid, Title: "A value is not allowed", Status: 400,
		Message: badRequest,
		Why:     "A field or parameter has the right type, but a value that is not allowed there. error.detail names it and what is allowed.",
		Fix: []string{
			"Use one of the allowed values.",
		},
		See: []Code{BodyWrongType, BodyMissingField, QueryInvalid},
	},
	{
		Code: QueryInvalid, Title: "The q or sort expression is not valid", Status: 400,
		Message: "Invalid query",
		Why:     "The expression cannot be parsed, or names a field that cannot be filtered or sorted by. error.detail says where and lists the fields that there are.",
		Fix: []string{
			"Strings go in double quotes: `q=name ~ \"api\" AND updated_on > 2026-01-01`.",
			"Let curl encode it: `curl --get --data-urlencode 'q=name ~ \"api\"' ...`.",
		},
		See: []Code{RequestSpaceInTarget, FieldsInvalid},
	},
	{
		Code: SearchInvalid, Title: "The search_query is not valid", Status: 400,
		Message: "Invalid search query",
		Why:     "The query is missing, holds no word to search for, or cannot be read: a quote or a bracket that is not closed, an operator with nothing beside it, a modifier without a value. error.detail says where.",
		Fix: []string{
			"Words stand side by side, phrases in double quotes, operators in capitals: `search_query=parse \"end of file\" NOT test ext:go`.",
			"Let curl encode it: `curl --get --data-urlencode 'search_query=\"end of file\" repo:api' ...`.",
		},
		See: []Code{RequestSpaceInTarget, QueryInvalid},
	},
	{
		Code: PageInvalid, Title: "The page or pagelen is not valid", Status: 400,
		Message: "Invalid pagelen",
		Why:     "pagelen is a whole number from 1 to 100, for some lists to 50; page is a whole number from 1, or the mark in `next`, which must be used unchanged.",
		Fix: []string{
			"Follow the `next` address of each answer as it is, until there is none.",
		},
		See: []Code{QueryInvalid, ValueInvalid},
	},
	{
		Code: RangeNotSatisfiable, Title: "The file has no such part", Status: 416,
		Message: "Requested range not satisfiable",
		Why:     "The header Range asks for bytes behind the end of the file, or is written in a way that names no bytes. The header Content-Range of the answer tells how long the file is.",
		Fix: []string{
			"Ask for bytes that are there, counted from 0: `Range: bytes=0-99` are the first hundred, `Range: bytes=-100` the last.",
			"If the file is complete already, nothing is left to fetch.",
		},
		See: []Code{PageInvalid},
	},
	{
		Code: FieldsInvalid, Title: "The fields parameter is not valid", Status: 400,
		Message: "Invalid fields",
		Why:     "fields is a list of names separated by commas, each with dots for inner fields, `+` or `-` in front, or `*`.",
		Fix: []string{
			"In a URL a plus sign is written `%2B`: `fields=%2Bvalues.links.clone`.",
		},
		See: []Code{QueryInvalid},
	},
	{
		Code: MediaTypeUnsupported, Title: "The type of the body is not taken", Status: 415,
		Message: "Unsupported Media Type",
		Why:     "The Content-Type of the request is one that this operation does not take. `curl -d` alone announces a form, not JSON.",
		Fix: []string{
			"Announce JSON: `curl --json '{...}' ...`, or `-H 'Content-Type: application/json'`.",
		},
		See: []Code{BodyMalformed},
	},
	{
		Code: NotAcceptable, Title: "The answer has another type than is accepted", Status: 406,
		Message: "Not Acceptable",
		Why:     "The header Accept of the request names types that this operation does not answer with. The log of a step is bytes, and never JSON.",
		Fix: []string{
			"Send `Accept: application/octet-stream`, or leave the header out: `curl` alone accepts everything.",
			"A client that sends `Accept: application/json` with each request needs a setting of its own for this one.",
		},
		See: []Code{MediaTypeUnsupported},
	},
	{
		Code: RevisionSpecNotAccepted, Title: "The name of the revision is not allowed", Status: 400,
		Message: badRequest,
		Why:     "A revision is named by a branch, a tag or a hash of 4 to 64 hexadecimal digits. Names that begin with a hyphen, ranges and git's other ways to write a revision are not taken.",
		Fix: []string{
			"Name the branch, the tag or the full hash.",
		},
		See: []Code{RevisionNotFound, RevisionAmbiguous},
	},
	{
		Code: RevisionAmbiguous, Title: "Several objects begin with these digits", Status: 400,
		Message: badRequest,
		Why:     "A hash may be cut short only as far as one commit begins with what is left. error.detail names the objects that this one could mean.",
		Fix: []string{
			"Send the full hash of the one that you mean.",
			"Digits that are kept, in a script or a link, belong in full: what is unique today need not be tomorrow.",
		},
		See: []Code{RevisionNotFound, RevisionSpecNotAccepted},
	},
}

var serverReasons = []Reason{
	{
		Code: ServerFault, Title: "The server has failed", Status: 500,
		Message: "Something went wrong",
		Why:     "A fault of the server, not of the request or of the token. It is written to the server's log under the request id.",
		Fix: []string{
			"Try again. If it stays, give the administrator the request id in error.data.request_id.",
		},
		See: []Code{ServerBusy},
	},
	{
		Code: ServerBusy, Title: "The server is overloaded", Status: 503,
		Message: "Service Unavailable",
		Why:     "The server, its database or its disk cannot take more at the moment. The token is fine.",
		Fix: []string{
			"Wait for the seconds in the Retry-After header and try again, with growing pauses.",
		},
		See: []Code{RateLimited, ServerStopping},
	},
	{
		Code: ServerStopping, Title: "The server is stopping", Status: 503,
		Message: "Service Unavailable",
		Why:     "The server is being stopped or restarted and takes no new work.",
		Fix: []string{
			"Try again in a few seconds.",
		},
		See: []Code{ServerBusy},
	},
	{
		Code: ServerDiskFull, Title: "The server's disk is full", Status: 507,
		Message: "Insufficient Storage",
		Why:     "There is no room on the server's disk for what was sent. Nothing of it was kept, and what was there before is as it was.",
		Fix: []string{
			"Ask the administrator for room in the data directory of the server. Deleting artifacts, caches and downloads that nobody needs makes some.",
			"Send it again when there is.",
		},
		See: []Code{ServerBusy, BodyTooLarge},
	},
}
