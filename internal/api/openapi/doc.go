// Package openapi describes what a server serves as an OpenAPI 3.0 document, for client generators and for people.
//
// Everything in it comes from where it is decided: operations, scopes and kinds of credential from the catalogue, which
// operations there are and what they take and answer from the declarations of the rooms, schemas from the types that the
// rooms encode and decode, reasons from package reason. The words that are nowhere else are in words.go.
//
//	document.go   the document as a whole
//	operation.go  one operation
//	schema.go     Go types as schemas
//	words.go      what every list and every answer has, and the shape of errors
//
// Version 3.0 and not 3.1, because more generators read it. What OpenAPI has no place for, such as the scopes of API
// tokens with their alternatives and the privilege, stands under x-pail.
package openapi
