package catalog

import "github.com/pailforge/pail/internal/scope"

// tableWiki is Pail's own: Bitbucket Cloud had wikis as git repositories and pages, scopes for them, and no operations.
var tableWiki = section{"Wiki", []row{
	{"GET /repositories/{workspace}/{repo_slug}/wiki", "Lists the pages of a repository's wiki.",
		need(scope.ReadWiki), need(scope.LegacyWiki), inRepository | Anonymous, current},
	{"GET /repositories/{workspace}/{repo_slug}/wiki/{page}", "Shows a page of a wiki, or delivers another file of it.",
		need(scope.ReadWiki), need(scope.LegacyWiki), inRepository | Anonymous, current},
	{"PUT /repositories/{workspace}/{repo_slug}/wiki/{page}", "Makes a page of a wiki, or edits or renames one.",
		need(scope.ReadWiki, scope.WriteWiki), need(scope.LegacyWiki), inRepository, current},
	{"DELETE /repositories/{workspace}/{repo_slug}/wiki/{page}", "Deletes a page of a wiki.",
		need(scope.DeleteWiki), need(scope.LegacyWiki), inRepository, current},
	{"GET /repositories/{workspace}/{repo_slug}/wiki-history/{page}", "Lists the revisions of a wiki that changed a page.",
		need(scope.ReadWiki), need(scope.LegacyWiki), inRepository | Anonymous, current},
	{"GET /repositories/{workspace}/{repo_slug}/wiki-diff/{page}", "Shows as a diff what changed on a page of a wiki.",
		need(scope.ReadWiki), need(scope.LegacyWiki), inRepository | Anonymous, current},
}}
