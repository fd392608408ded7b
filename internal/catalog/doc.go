// Package catalog knows every operation of the REST API 2.0: its key, method
// and path template, what it does in one line, the scopes it takes, which
// credentials it accepts, and whether it is deprecated or removed.
//
// Pail's own operations, which bitbucket.org does not have, stand beside these: [Own].
//
// It is the only such list. The server enforces it, the doctor explains from
// it, and the recorder inverts it to find the least scopes for what an
// automation really calls.
//
// Four questions are answered here, each in a file of its own:
//
//   - which operation is this request? [Find], in find.go;
//   - which operation was probably meant? [Nearest], in nearest.go;
//   - which Cloud operation stands for this Data Center path? [DataCenter], in
//     datacenter.go;
//   - which scopes do these operations take together? [Least], in least.go.
//
// The table itself is in the files table_*.go, by area. Its source is
// Bitbucket's published API description; the summaries are our own. Where the
// description lists no credential, and where practice is known to differ from
// it, credentials.go says how an entry came about.
//
// What does not live here: handlers, privileges on resources (a scope lets a
// credential ask, it does not make its owner an administrator), and the
// arithmetic of scopes, which is package scope. The package does no I/O.
package catalog
