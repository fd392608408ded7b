package catalog

import "strings"

// paramWords say what stands for a parameter of a path. What is not here is an identifier that an answer of the API
// gives, under the name of the parameter.
var paramWords = map[string]string{
	"workspace":        "The slug of a workspace, or its `{uuid}` in braces.",
	"repo_slug":        "The slug of a repository, or its `{uuid}` in braces.",
	"project_key":      "The key of a project, in capital letters, or its `{uuid}` in braces.",
	"group_slug":       "The slug of a group.",
	"selected_user":    "A user: the account id, or the `{uuid}` in braces.",
	"selected_user_id": "A user: the account id, or the `{uuid}` in braces.",
	"username":         "A user: the account id, or the `{uuid}` in braces.",
	"target_username":  "A user: the account id, or the `{uuid}` in braces.",
	"member":           "A member of the workspace: the account id, or the `{uuid}` in braces.",
	"email":            "An e-mail address.",
	"commit":           "A branch, a tag or a hash.",
	"revision":         "A branch, a tag or a hash. A slash in it may be sent as it is.",
	"spec":             "A revision, or two with `..` between.",
	"revspec":          "A revision, or two with `..` between.",
	"name":             "A name, such as that of a branch or a tag. A slash in it may be sent as it is.",
	"path":             "A path in the repository. Its slashes are sent as they are.",
	"filename":         "The name of a file.",
	"page":             "The path of a page in the wiki, with the end of its name, such as `docs/Setup.md`. Its slashes are sent as they are.",
	"pull_request_id":  "The number of a pull request.",
	"pullrequest_id":   "The number of a pull request.",
	"issue_id":         "The number of an issue.",
	"encoded_id":       "The id of a snippet.",
	"uid":              "The `{uuid}` of a webhook, in braces.",
	"fingerprint":      "The fingerprint of a key.",
	"subject_type":     "`workspace`, `user`, `repository` or `team`.",
}

// DescribeParam says in a sentence what stands for a parameter of a path, by its name in the template. A part in
// backquotes is literal.
func DescribeParam(name string) string {
	if words, ok := paramWords[name]; ok {
		return words
	}
	if thing, ok := strings.CutSuffix(name, "_uuid"); ok {
		return "The `{uuid}` of a " + strings.ReplaceAll(thing, "_", " ") + ", in braces."
	}
	if thing, ok := strings.CutSuffix(name, "_id"); ok {
		return "The id of a " + strings.ReplaceAll(thing, "_", " ") + "."
	}
	return "The " + strings.ReplaceAll(name, "_", " ") + ", as another answer gives it."
}
