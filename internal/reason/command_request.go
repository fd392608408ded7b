package reason

// The commands for headers and requests that cannot be read.
var requestCommands = map[Code]ways{
	HeaderLineBreak: {
		show: []Command{
			shell(`printf %s "$EMAIL:$TOKEN" | base64 | wc -l`, "The number of lines. More than 1 means that base64 wraps."),
			provoke(`--http1.1 -H "Authorization: Basic $(printf %s "$EMAIL:$TOKEN" | base64 | fold -w 76)" {base}/2.0/user`),
		},
		mend: []Command{
			restToken,
			curl(`-H "Authorization: Basic $(printf %s "$EMAIL:$TOKEN" | base64 | tr -d '\n')" {base}/2.0/user`, "The same with a header made by hand, in one line."),
			git(`git -c http.extraHeader="Authorization: Basic $(printf %s "$USERNAME:$TOKEN" | base64 | tr -d '\n')" ls-remote {base}/WORKSPACE/REPOSITORY.git`, "For git the same, with the username."),
		},
	},
	HeaderControlCharacter: {
		show: []Command{
			shell(`printf %s "$TOKEN" | LC_ALL=C tr -d '!-~' | od -c`, "What is in the value beside printable characters. Nothing but the last offset is right; `\\r` comes from a file with Windows line ends."),
			provoke(`--http1.1 -H "Authorization: Basic $(printf '\001')x" {base}/2.0/user`),
		},
		mend: tokenWays,
	},
	HeaderMalformed: {
		show: []Command{
			shell(`curl -v --user "$EMAIL:$TOKEN" {base}/2.0/user 2>&1 | sed -n 's/^> \([^:]*\):.*/\1/p'`, "The names of the headers that are sent. Look for a name with a space in it, or for what is no name."),
			provoke(`-H 'Bad Name: x' {base}/2.0/user`),
		},
		mend: tokenWays,
	},
	HeaderTooLarge: {
		show: []Command{
			shell(`curl -v --user "$EMAIL:$TOKEN" {base}/2.0/user 2>&1 | grep -c '^> '`, "How many header lines are sent. Three to six are usual."),
			provoke(`--http1.1 -H "X-Large: $(head -c 120000 /dev/zero | tr '\0' x)" {base}/2.0/user`),
		},
		mend: tokenWays,
	},
	HeaderDuplicate: {
		show: []Command{
			git(`git config --get-regexp '^http\..*extraheader$'`, "The headers that git adds by itself, from any of its configuration files. No output: none."),
			provoke(`-H "Authorization: Bearer $TOKEN" -H "Authorization: Bearer $TOKEN" {base}/2.0/user`),
		},
		mend: tokenWays,
	},
	HeaderSchemeMissing: {
		show: []Command{provoke(`-H "Authorization: $TOKEN" {base}/2.0/user`)},
		mend: bothWays,
	},
	HeaderSchemeUnknown: {
		show: []Command{provoke(`-H "Authorization: Token $TOKEN" {base}/2.0/user`)},
		mend: bothWays,
	},
	HeaderNotBase64: {
		show: []Command{
			provoke(`-H "Authorization: Basic $EMAIL:$TOKEN" {base}/2.0/user`),
			shell(`printf %s "$BASIC" | base64 -d > /dev/null && echo "base64" || echo "not base64"`, "Whether the value that follows `Basic`, here in a variable, is base64."),
		},
		mend: tokenWays,
	},
	HeaderNoColon: {
		show: []Command{
			provoke(`-H "Authorization: Basic $(printf %s "$TOKEN" | base64 | tr -d '\n')" {base}/2.0/user`),
			shell(`printf %s "$BASIC" | base64 -d | tr -dc : | wc -c`, "How many colons the value that follows `Basic`, here in a variable, decodes to. There must be one at least."),
		},
		mend: tokenWays,
	},
	HeaderEncodedTwice: {
		show: []Command{provoke(`-H "Authorization: Basic $(printf %s "$EMAIL:$TOKEN" | base64 | tr -d '\n' | base64 | tr -d '\n')" {base}/2.0/user`)},
		mend: tokenWays,
	},
	HeaderSchemeTwice: {
		show: []Command{provoke(`-H "Authorization: Bearer Bearer $TOKEN" {base}/2.0/user`)},
		mend: bothWays,
	},
	RequestMalformed: {
		show: []Command{
			curl(`-v {base}/2.0/user`, "What is sent and what comes back, line by line. The first line that begins with `>` must read `GET /2.0/user HTTP/1.1`, or `HTTP/2`."),
		},
		mend: []Command{restToken},
	},
	RequestSpaceInTarget: {
		show: []Command{provoke(`--http1.1 --request-target '/2.0/repositories/WORKSPACE/two words' {base}`)},
		mend: []Command{curl(`--user "$EMAIL:$TOKEN" --get --data-urlencode 'q=name = "x"' {base}/2.0/repositories/WORKSPACE`, "curl encodes the query: a list, which may be empty.")},
	},
	RequestHost: {
		show: []Command{provoke(`--http1.1 -H 'Host: a b' {base}/2.0/user`)},
		mend: tokenWays,
	},
	RequestVersion: {
		show: []Command{curl(`-sv {base}/2.0/user 2>&1 | grep -e '^> GET' -e '^< HTTP'`, "The version that was asked for, and the one that answered.")},
		mend: []Command{curl(`--http1.1 --user "$EMAIL:$TOKEN" {base}/2.0/user`, "HTTP/1.1 is always spoken.")},
	},
	RequestTooLarge: {
		show: []Command{provoke(`--http1.1 "{base}/2.0/user?q=$(head -c 120000 /dev/zero | tr '\0' x)"`)},
		mend: []Command{curl(`--user "$EMAIL:$TOKEN" --data-urlencode include=main {base}/2.0/repositories/WORKSPACE/REPOSITORY/commits`, "Long lists of revisions go into the body of a POST.")},
	},
	RequestTimeout: {
		show: []Command{curl(`-sS -o /dev/null -w 'connected %{time_connect}s, sent %{time_pretransfer}s, answered %{time_starttransfer}s\n' {base}/2.0/user`, "Where the time goes. A long pause before `connected` is the network's or a proxy's.")},
		mend: tokenWays,
	},
	RequestExpectation: {
		show: []Command{provoke(`--http1.1 -H 'Expect: something' {base}/2.0/user`)},
		mend: []Command{curl(`-H 'Expect:' --user "$EMAIL:$TOKEN" {base}/2.0/user`, "An empty value takes the header out."), gitToken},
	},
	RequestTransferEncoding: {
		show: []Command{curl(`-v --user "$EMAIL:$TOKEN" {base}/2.0/user 2>&1 | grep -i transfer-encoding`, "What the client announces. No output is right for a request without a body.")},
		mend: []Command{
			restToken,
			git(`git config --unset-all http.{base}.extraHeader`, "Takes out a header that git adds for this server. Packs are sent with `chunked`, which is right."),
		},
	},
	TLSExpected: {
		show: []Command{
			shell(`echo "{base}" | cut -d: -f1`, "The scheme that the server is reached with."),
			git(`git remote -v`, "The addresses that git uses: each must begin with the same scheme."),
		},
		mend: []Command{restToken, git(`git remote set-url origin {base}/WORKSPACE/REPOSITORY.git`, "The address with the right scheme.")},
	},
}
