package docs

// For the tests outside of the package.
type ReasonJSON = reasonJSON

var Sections = sections
