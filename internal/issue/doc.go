// Package issue is the room of issue trackers: what is wrong with a repository, or wanted of it, and what becomes of that.
//
//	room.go      declarations, and whom operations let in
//	issue.go     Issue, and its SQL
//	render.go    an issue as JSON
//	create.go    making one
//	update.go    changing and deleting one
//	list.go      lists of them
//	changes.go   the log of its changes
//	comments.go  what people say of it
//	attachments.go  its files
//	votes.go     who votes for it, and who watches it
//	events.go    what is told to whoever listens
//	labels.go    components, milestones and versions
//	jobs.go      exports and imports, in the background
//	archive.go   Bitbucket's format of a whole tracker, and reading it
//	archive_check.go  what a tracker can have of what an archive holds
//	export.go    writing an archive
//	import.go    what is in an archive takes the place of what is in a tracker
//	refer.go     where texts that speak of an issue lead to
//	page.go      what pages ask
//	filters.go   what somebody looks for again and again
//
// An issue is of one repository, whose has_issues switches the tracker on. Whoever changes anything in a tracker locks its row
// (Room.lock) first: numbers have no gaps and none comes twice, and nothing is lost that two write at once.
package issue
