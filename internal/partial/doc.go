// Package partial is Bitbucket's partial responses: the fields= parameter, which cuts a JSON answer down to what the
// client wants, as described under "Partial responses" in the introduction to Bitbucket Cloud's REST API.
//
//	fields=values.name,values.links.self.href,next    only these
//	fields=-links,+values.reviewers                   all but links; reviewers as well
//	fields=*,-values.*.links                          all but the links one level below values
//
// A path names members from the top, with dots. Lists are transparent: values.name is the name in each element.
// "*" stands for any one member, "pre*" for any that begins with pre. A path means the member with all that is in it.
//
//   - A path without a sign selects. When there is one, what no path selects is left out, so a list selected by
//     values.name comes without page, pagelen, size and next.
//   - "-" removes, "+" adds. When all paths have a sign, the whole answer is the ground they work on. Since answers are
//     always rendered whole here, adding what is there by default changes nothing. An unencoded + reaches a server as
//     a blank, so a blank in front of a path is read as +.
//   - When several paths meet a member, the longest decides, then the one with fewer wildcards, then the last. So
//     -links,+links.self keeps links with self alone.
//
// A container on the way to a selected member stays, if only as {} or []; so does null. Other values on the way go.
//
// [Mask.Apply] works on encoded JSON and copies what it keeps byte for byte: the order of keys, the text of numbers
// and strings stay as they are. Which answers take fields= is not known here.
package partial
