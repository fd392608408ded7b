// Package contract checks the server's answers against the published description of Bitbucket Cloud's REST API. It is
// support for tests: nothing that runs in production imports it.
//
// A folder of published facts holds three files: operations.json (which operation answers what with which schema),
// schemas.json (the component schemas) and schema_exceptions.json (where real answers prove a schema wrong). They are
// no part of this repository: [Find] tells where they are, and [Facts] skips a test when they are nowhere.
//
//	checker := contract.Facts(t)
//	err := checker.Check("GET /user", res.StatusCode, res.Header.Get("Content-Type"), body)
//
// Where to look:
//
//	facts.go        the files, and where they are
//	exceptions.go   schema_exceptions.json
//	schema.go       what the published schemas mean in JSON Schema: inheritance, closed objects, types
//	check.go        one answer against its operation
//	bare.go         what a bare server may say when it refuses, and when it may say nothing
//	convention.go   what every answer of ours keeps, whatever its schema: braces around uuids, absolute links
//	problem.go      short messages, with the place in the answer
package contract
