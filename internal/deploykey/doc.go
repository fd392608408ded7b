// Package deploykey is the room of deploy keys: SSH keys of machines that may read one repository, or all repositories of a
// project, without being anybody's account.
package deploykey
