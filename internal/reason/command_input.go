package reason

// The commands for paths that name no operation, for input that cannot be used, and for a server that cannot.
var inputCommands = map[Code]ways{
	PathUnknown: {
		show: []Command{
			provoke(`--user "$EMAIL:$TOKEN" {base}/2.0/no/such/path`),
			shell(`pail operations | grep pullrequests`, "The operations whose path has a word in it."),
		},
		mend: []Command{restToken},
	},
	PathDataCenter: {
		show: []Command{
			provoke(`--user "$EMAIL:$TOKEN" {base}/2.0/workspaces/WORKSPACE/projects/PROJECT/permissions/groups`),
			git(`git remote -v | grep /scm/`, "The remotes that still have Data Center's address. No output is right."),
		},
		mend: []Command{
			curl(`--user "$EMAIL:$TOKEN" {base}/2.0/workspaces/WORKSPACE/projects/PROJECT/permissions-config/groups`, "The same list where the Cloud API has it."),
			git(`git remote set-url origin {base}/WORKSPACE/REPOSITORY.git`, "The address without /scm and with the workspace."),
		},
	},
	PathRemoved: {
		show: []Command{provoke(`--user "$EMAIL:$TOKEN" {base}/2.0/workspaces`)},
		mend: []Command{curl(`--user "$EMAIL:$TOKEN" {base}/2.0/user/workspaces`, "What stands in its place.")},
	},
	PathVersionMissing: {
		show: []Command{provoke(`--user "$EMAIL:$TOKEN" {base}/user`)},
		mend: []Command{restToken},
	},
	PathMalformed: {
		show: []Command{curl(`-sS -o /dev/null -w '%{url_effective}\n' {base}/2.0/user`, "The address as it is sent. Each `%` must be followed by two hexadecimal digits.")},
		mend: []Command{curl(`--user "$EMAIL:$TOKEN" {base}/2.0/repositories/WORKSPACE/REPOSITORY/refs/branches/feature%2Fone`, "A branch with a slash in its name.")},
	},
	MethodNotAllowed: {
		show: []Command{provoke(`-X DELETE --user "$EMAIL:$TOKEN" {base}/2.0/user`)},
		mend: []Command{curl(`-sS -o /dev/null -D - -X DELETE {base}/2.0/user | grep -i '^allow'`, "The methods that the path takes.")},
	},
	OperationNotServed: {
		show: []Command{
			shell(`pail operations --missing`, "What this server does not serve."),
			curl(`{base}/2.0/swagger.json`, "What it serves, as an OpenAPI document."),
		},
	},
	BodyMalformed: {
		show: []Command{
			provoke(`--user "$EMAIL:$TOKEN" --json '{"description": ' -X PUT {base}/2.0/repositories/WORKSPACE/REPOSITORY`),
			shell(`jq . < body.json`, "Where the JSON in a file is broken."),
		},
		mend: []Command{curl(`--user "$EMAIL:$TOKEN" --json '{"description": "whole"}' -X PUT {base}/2.0/repositories/WORKSPACE/REPOSITORY`, "A body in single quotes: the shell changes nothing in it.")},
	},
	BodyTooLarge: {
		show: []Command{shell(`wc -c < body.json`, "The size of a body, in bytes.")},
		mend: []Command{git(`git push origin HEAD`, "Large content goes into a repository with git.")},
	},
	BodyWrongType: {
		show: []Command{provoke(`--user "$EMAIL:$TOKEN" --json '{"description": 1}' -X PUT {base}/2.0/repositories/WORKSPACE/REPOSITORY`)},
		mend: []Command{curl(`--user "$EMAIL:$TOKEN" --json '{"description": "1"}' -X PUT {base}/2.0/repositories/WORKSPACE/REPOSITORY`, "The same with the type that the field has.")},
	},
	BodyMissingField: {
		show: []Command{provoke(`--user "$EMAIL:$TOKEN" --json '{"name": "No key"}' {base}/2.0/workspaces/WORKSPACE/projects`)},
		mend: []Command{curl(`--user "$EMAIL:$TOKEN" --json '{"key": "NEW", "name": "New"}' {base}/2.0/workspaces/WORKSPACE/projects`, "A project, with the two fields that it needs.")},
	},
	ValueInvalid: {
		show: []Command{provoke(`--user "$EMAIL:$TOKEN" --json '{"scm": "hg"}' -X PUT {base}/2.0/repositories/WORKSPACE/REPOSITORY`)},
		mend: []Command{curl(`--user "$EMAIL:$TOKEN" --json '{"scm": "git"}' -X PUT {base}/2.0/repositories/WORKSPACE/REPOSITORY`, "The same with a value that is allowed.")},
	},
	QueryInvalid: {
		show: []Command{provoke(`--user "$EMAIL:$TOKEN" --get --data-urlencode 'q=no_such_field = "x"' {base}/2.0/repositories/WORKSPACE`)},
		mend: []Command{curl(`--user "$EMAIL:$TOKEN" --get --data-urlencode 'q=name ~ "a"' --data-urlencode sort=-updated_on {base}/2.0/repositories/WORKSPACE`, "A filter and an order that are taken.")},
	},
	SearchInvalid: {
		show: []Command{provoke(`--user "$EMAIL:$TOKEN" --get --data-urlencode 'search_query="not closed' {base}/2.0/workspaces/WORKSPACE/search/code`)},
		mend: []Command{curl(`--user "$EMAIL:$TOKEN" --get --data-urlencode 'search_query="closed" NOT test' {base}/2.0/workspaces/WORKSPACE/search/code`, "A phrase, without the files that hold another word.")},
	},
	PageInvalid: {
		show: []Command{provoke(`--user "$EMAIL:$TOKEN" "{base}/2.0/repositories/WORKSPACE?pagelen=1000"`)},
		mend: []Command{curl(`--user "$EMAIL:$TOKEN" "{base}/2.0/repositories/WORKSPACE?pagelen=100"`, "The longest page. Follow `next` for the others.")},
	},
	RangeNotSatisfiable: {
		show: []Command{provoke(`--user "$EMAIL:$TOKEN" --range 1000000000- "{base}/2.0/repositories/WORKSPACE/REPOSITORY/src/main/FILE"`)},
		mend: []Command{curl(`--user "$EMAIL:$TOKEN" --range -100 "{base}/2.0/repositories/WORKSPACE/REPOSITORY/src/main/FILE"`, "The last hundred bytes.")},
	},
	FieldsInvalid: {
		show: []Command{provoke(`--user "$EMAIL:$TOKEN" "{base}/2.0/user?fields=a..b"`)},
		mend: []Command{curl(`--user "$EMAIL:$TOKEN" "{base}/2.0/user?fields=uuid,links.self"`, "Two fields of the answer.")},
	},
	MediaTypeUnsupported: {
		show: []Command{provoke(`--user "$EMAIL:$TOKEN" -H 'Content-Type: application/xml' --data '<a/>' -X PUT {base}/2.0/repositories/WORKSPACE/REPOSITORY`)},
		mend: []Command{curl(`--user "$EMAIL:$TOKEN" --json '{"language": "go"}' -X PUT {base}/2.0/repositories/WORKSPACE/REPOSITORY`, "JSON, announced as JSON.")},
	},
	NotAcceptable: {
		show: []Command{provoke(`--globoff --user "$EMAIL:$TOKEN" -H 'Accept: application/json' "{base}/2.0/repositories/WORKSPACE/REPOSITORY/pipelines/{UUID}/steps/{UUID}/log"`)},
		mend: []Command{curl(`--globoff --user "$EMAIL:$TOKEN" -H 'Accept: application/octet-stream' "{base}/2.0/repositories/WORKSPACE/REPOSITORY/pipelines/{UUID}/steps/{UUID}/log"`, "The log, as it was printed.")},
	},
	RevisionSpecNotAccepted: {
		show: []Command{provoke(`--user "$EMAIL:$TOKEN" "{base}/2.0/repositories/WORKSPACE/REPOSITORY/commits/main?path=../x"`)},
		mend: []Command{
			git(`git rev-parse main~1`, "git works out which commit that is; name it by its hash."),
			curl(`--user "$EMAIL:$TOKEN" {base}/2.0/repositories/WORKSPACE/REPOSITORY/commits/main`, "A branch, a tag or a hash is taken."),
		},
	},
	RevisionAmbiguous: {
		show: []Command{git(`git rev-parse --disambiguate=dead`, "All objects whose names begin with these digits; none or one is good.")},
		mend: []Command{
			git(`git rev-parse main`, "The full hash of a branch's last commit."),
			curl(`--user "$EMAIL:$TOKEN" "{base}/2.0/repositories/WORKSPACE/REPOSITORY/commit/main?fields=hash"`, "The same from the server."),
		},
	},
	ServerFault: {
		show: []Command{
			curl(`-sSi --user "$EMAIL:$TOKEN" {base}/2.0/user | grep -i -e '^HTTP' -e '^x-request-id'`, "The status, and the id under which the server's log has the request."),
			curl(`{base}/healthz`, "What the server says about itself."),
		},
	},
	ServerBusy: {
		show: []Command{curl(`-sSi {base}/healthz`, "Whether the server takes requests, and how long to wait.")},
		mend: []Command{
			curl(`--retry 5 --user "$EMAIL:$TOKEN" {base}/2.0/user`, "curl tries again, with growing pauses."),
			git(`until git fetch; do sleep 30; done`, "git has no option for it."),
		},
	},
	ServerDiskFull: {
		show: []Command{shell(`df -h /var/lib/pail`, "How much room is left, for who runs the server.")},
		mend: []Command{curl(`--user "$EMAIL:$TOKEN" "{base}/2.0/repositories/WORKSPACE/REPOSITORY/pipelines-config/caches?sort=-file_size_bytes"`, "The largest caches of a repository, to be deleted.")},
	},
	ServerStopping: {
		show: []Command{curl(`-sSi {base}/healthz`, "Whether the server is back.")},
		mend: []Command{
			curl(`--retry 5 --retry-connrefused --user "$EMAIL:$TOKEN" {base}/2.0/user`, "curl tries again, also while nobody listens."),
			git(`until git fetch; do sleep 10; done`, "git has no option for it."),
		},
	},
}
