// Package commit is the room of what is said of commits: the statuses that builds give them, and the reports of analyses with
// their annotations, and what people say. It stands on the repositories, which decide who may read a commit and who may write.
//
//	statuses.go     build statuses: GET, POST and PUT .../commit/{commit}/statuses
//	reports.go      reports: .../commit/{commit}/reports
//	annotations.go  their annotations: .../reports/{reportId}/annotations
//	comments.go     comments of people: .../commit/{commit}/comments
//	text.go         what a field may hold
package commit
