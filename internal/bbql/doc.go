// Package bbql is Bitbucket's filter and sort language: the q= and sort= parameters of lists, as described under
// "Filtering" in the introduction to Bitbucket Cloud's REST API.
//
//	q=state = "OPEN" AND (author.nickname ~ "ann" OR updated_on > 2026-01-31T12:00:00+00:00)
//	sort=-updated_on,name
//
// One way through: [Parse] turns text into an AST that prints back to the same query; [Query.Bind] checks it against
// the [Fields] that a room allows; the [Filter] it gives is either SQL text with bound parameters ([Filter.SQL]) or a
// test of values in memory ([Filter.Match], for lists that come from git). Both mean the same. [Compile] and
// [CompileSort] are the short ways for a list in the database.
//
// # Meaning
//
// A comparison is either true or false, never unknown. A row without a value (NULL) is in none of =, ~, <, <=, >, >=
// and IN, and so it is in !=, !~ and NOT IN. "= null" and "!= null" ask for the absence and presence of a value.
//
// ~ is a substring, without regard to the case of ASCII letters; other letters fold as LOWER of the database folds
// them (SQLite and Match: not at all; PostgreSQL: by its locale). Strings order by their bytes; on PostgreSQL that
// takes a database with the locale C or C.UTF-8. A collation on single columns is no way there: LOWER would fold the
// column and the parameter differently. In sorting, a missing value is less than all others.
//
// Numbers are whole in the store; a fraction or a number beyond 64 bits in a query is compared exactly all the same.
// A time without an offset is UTC, a date is its midnight, and the store keeps microseconds.
//
// # What the SQL takes for granted
//
// Times are BIGINT microseconds since the epoch in UTC, booleans BOOLEAN, uuids lower-case TEXT without braces. The
// text of a query never becomes SQL: only [Field.Column] and [Field.Within], which the room wrote, and parameters.
//
// No room and no database is known here. Which fields a list has, and their columns, is the room's to say.
package bbql
