// Package access decides who is calling, with what, and what they may do. Every request passes here once, and only
// here, in this order:
//
//	credential well formed → known → alive → right scheme and user name     Gate.Identify   (identify.go)
//	→ operation accepts this kind of credential → all scopes present        Gate.authorize  (decide.go)
//	→ privilege on the resource                                             Need.resolve    (need.go)
//
// An SSH key takes the place of the credential in Git over SSH, and the steps after it are the same: key.go.
// The same steps are tried for a request that is not carried out, without noting anything: trial.go.
//
// The first step that fails gives the refusal its reason code. What was decided goes to the activity of the
// credential (activity.go) and to the counts of what it was used for (usage.go), in batches, off the request's path.
// Credentials and sessions are kept here too (credential.go, session.go), and what OAuth consumers are allowed (oauth.go);
// passwords are not: package account has them.
//
// Access knows no room. A room says how to find what a path names and how far a principal's privilege on it reaches
// (Resource); that a privilege is enough, and what is answered when it is not, is decided here.
package access
