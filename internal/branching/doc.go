// Package branching is the room of what branches are for and what may become of them: the branching model of repositories and
// projects, and branch restrictions, which hold for pushes and for the API alike (Room.Judge).
package branching
