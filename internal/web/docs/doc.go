// Package docs is the pages that explain: every error with its reason, and the parts that pages are made of.
//
//	reasons.go  the reasons, for people and as JSON
//
// The words come from package reason.
package docs
