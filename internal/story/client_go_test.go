package story

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ktrysmt/go-bitbucket"
	"github.com/pailforge/pail/internal/pailtest"
)

// TestGoClient calls, with the Go client that most automation uses, everything that it offers on repositories, source, commits,
// references, branch rules, downloads, deploy keys and webhooks.
func TestGoClient(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		w := s.World()
		w.Push(3)
		c, err := bitbucket.NewAPITokenAuthWithBaseUrlStr(w.Admin.Email, w.Secret(w.Admin, "read:repository", "write:repository", "admin:repository", "delete:repository",
			"read:project", "read:workspace", "read:webhook", "write:webhook", "delete:webhook", "write:ssh-key", "delete:ssh-key",
			"write:permission", "delete:permission"), w.URL+"/2.0")
		check(w, err)
		const owner, slug = "acme", "widgets"
		repo := c.Repositories.Repository

		// did fails unless the call went well and what it got holds all of want, as Go prints it.
		did := func(what string, got any, err error, want ...string) {
			t.Helper()
			if err != nil {
				t.Errorf("%s: %v", what, err)
				return
			}
			text := fmt.Sprintf("%+v", got)
			for _, one := range want {
				if !strings.Contains(text, one) {
					t.Errorf("%s gave %s, without %q", what, text, one)
				}
			}
		}
		all, err := c.Repositories.ListForAccount(&bitbucket.RepositoriesOptions{Owner: owner})
		did("ListForAccount", all, err, "acme/widgets")
		all, err = c.Repositories.ListProject(&bitbucket.RepositoriesOptions{Owner: owner, Project: "FTO"})
		did("ListProject", all, err, "acme/widgets")
		made, err := repo.Create(&bitbucket.RepositoryOptions{Owner: owner, RepoSlug: "gadgets", IsPrivate: "true", Description: "made", ForkPolicy: "allow_forks", Project: "FTO"})
		did("Create", made, err, "acme/gadgets")
		of := &bitbucket.RepositoryOptions{Owner: owner, RepoSlug: slug}
		got, err := repo.Get(of)
		did("Get", got, err, "acme/widgets", "main")
		changed, err := repo.Update(&bitbucket.RepositoryOptions{Owner: owner, RepoSlug: slug, Description: "changed"})
		did("Update", changed, err, "changed")
		fork, err := repo.Fork(&bitbucket.RepositoryForkOptions{FromOwner: owner, FromSlug: slug, Owner: owner, Name: "Forked", Project: "FTO"})
		did("Fork", fork, err, "acme/forked")
		any1, err := repo.ListForks(of)
		did("ListForks", any1, err, "acme/forked")
		any1, err = repo.ListWatchers(of)
		did("ListWatchers", any1, err)

		content, err := repo.GetFileContent(&bitbucket.RepositoryFilesOptions{Owner: owner, RepoSlug: slug, Ref: "main", Path: "file.txt"})
		did("GetFileContent", string(content), err)
		files, err := repo.ListFiles(&bitbucket.RepositoryFilesOptions{Owner: owner, RepoSlug: slug, Ref: "main", MaxDepth: 2})
		did("ListFiles", files, err, "file.txt")
		blob, err := repo.GetFileBlob(&bitbucket.RepositoryBlobOptions{Owner: owner, RepoSlug: slug, Ref: "main", Path: "file.txt"})
		did("GetFileBlob", blob, err)
		did("WriteFileContent", nil, repo.WriteFileContent(&bitbucket.RepositoryContentWriteOptions{Owner: owner, RepoSlug: slug,
			Files: map[string]string{"docs/made.txt": "made here"}, Message: "Made", Branch: "main"}))
		local := filepath.Join(t.TempDir(), "local.bin")
		check(w, os.WriteFile(local, []byte("local"), 0o600))
		did("WriteFileBlob", nil, repo.WriteFileBlob(&bitbucket.RepositoryBlobWriteOptions{Owner: owner, RepoSlug: slug,
			Files: []bitbucket.File{{Path: local, Name: "local.bin"}}, FilesToDelete: []string{"docs/made.txt"}, Message: "Blob", Author: "Ada <ada@acme.example>", Branch: "main"}))
		content, err = repo.GetFileContent(&bitbucket.RepositoryFilesOptions{Owner: owner, RepoSlug: slug, Ref: "main", Path: "local.bin"})
		did("GetFileContent of what was written", string(content), err, "local")

		branch, err := repo.CreateBranch(&bitbucket.RepositoryBranchCreationOptions{Owner: owner, RepoSlug: slug, Name: "made/here", Target: bitbucket.RepositoryBranchTarget{Hash: "main"}})
		did("CreateBranch", branch, err, "made/here")
		branches, err := repo.ListBranches(&bitbucket.RepositoryBranchOptions{Owner: owner, RepoSlug: slug, Query: "made", Sort: "-name"})
		did("ListBranches", branches, err, "made/here")
		one, err := repo.GetBranch(&bitbucket.RepositoryBranchOptions{Owner: owner, RepoSlug: slug, BranchName: "main"})
		did("GetBranch", one, err, "main")
		did("DeleteBranch", nil, repo.DeleteBranch(&bitbucket.RepositoryBranchDeleteOptions{Owner: owner, RepoSlug: slug, RefName: "made/here"}))
		tag, err := repo.CreateTag(&bitbucket.RepositoryTagCreationOptions{Owner: owner, RepoSlug: slug, Name: "made", Target: bitbucket.RepositoryTagTarget{Hash: "main"}})
		did("CreateTag", tag, err, "made")
		tags, err := repo.ListTags(&bitbucket.RepositoryTagOptions{Owner: owner, RepoSlug: slug})
		did("ListTags", tags, err, "made")
		refs, err := repo.ListRefs(&bitbucket.RepositoryRefOptions{Owner: owner, RepoSlug: slug})
		did("ListRefs", refs, err, "made", "main")
		did("DeleteTag", nil, repo.DeleteTag(&bitbucket.RepositoryTagDeleteOptions{Owner: owner, RepoSlug: slug, TagName: "made"}))
		model, err := repo.BranchingModel(&bitbucket.RepositoryBranchingModelOptions{Owner: owner, RepoSlug: slug})
		did("BranchingModel", model, err, "feature/")

		commits := c.Repositories.Commits
		any1, err = commits.GetCommits(&bitbucket.CommitsOptions{Owner: owner, RepoSlug: slug, Branchortag: "main"})
		did("GetCommits", any1, err, "Blob")
		head := &bitbucket.CommitsOptions{Owner: owner, RepoSlug: slug, Revision: "main"}
		any1, err = commits.GetCommit(head)
		did("GetCommit", any1, err, "Blob")
		any1, err = commits.CreateCommitStatus(head, &bitbucket.CommitStatusOptions{Key: "ci", Url: "https://ci.example/1", State: "SUCCESSFUL", Name: "CI"})
		did("CreateCommitStatus", any1, err, "SUCCESSFUL")
		any1, err = commits.GetCommitStatuses(head)
		did("GetCommitStatuses", any1, err, "ci")
		any1, err = commits.GetCommitStatus(head, "ci")
		did("GetCommitStatus", any1, err, "ci")
		any1, err = commits.GiveApprove(head)
		did("GiveApprove", any1, err)
		_, err = commits.RemoveApprove(head)
		did("RemoveApprove", nil, err)
		any1, err = commits.GetCommitComments(head)
		did("GetCommitComments", any1, err)

		diff := c.Repositories.Diff
		any1, err = diff.GetDiff(&bitbucket.DiffOptions{Owner: owner, RepoSlug: slug, Spec: "main", Renames: true, Topic: true, Binary: true})
		did("GetDiff", any1, err)
		any1, err = diff.GetPatch(&bitbucket.DiffOptions{Owner: owner, RepoSlug: slug, Spec: "main"})
		did("GetPatch", any1, err)
		stat, err := diff.GetDiffStat(&bitbucket.DiffStatOptions{Owner: owner, RepoSlug: slug, Spec: "main", Renames: true, Topic: true})
		did("GetDiffStat", stat, err, "Size:2")

		rules := c.Repositories.BranchRestrictions
		rule, err := rules.Create(&bitbucket.BranchRestrictionsOptions{Owner: owner, RepoSlug: slug, Kind: "push", Pattern: "release/*", Users: []string{w.Member.Username}, Groups: map[string]string{"acme": w.Group.Slug}})
		did("BranchRestrictions.Create", rule, err, "release/*")
		if err == nil {
			which := &bitbucket.BranchRestrictionsOptions{Owner: owner, RepoSlug: slug, ID: fmt.Sprint(rule.ID), Kind: "push", Pattern: "rel/*"}
			any1, err = rules.Gets(which)
			did("BranchRestrictions.Gets", any1, err, "release/*")
			rule, err = rules.Get(which)
			did("BranchRestrictions.Get", rule, err, "release/*")
			any1, err = rules.Update(which)
			did("BranchRestrictions.Update", any1, err, "rel/*")
			_, err = rules.Delete(which)
			did("BranchRestrictions.Delete", nil, err)
		}

		hooks := c.Repositories.Webhooks
		hook, err := hooks.Create(&bitbucket.WebhooksOptions{Owner: owner, RepoSlug: slug, Description: "CI", Url: "https://ci.example/hook", Active: true, Events: []string{"repo:push"}})
		did("Webhooks.Create", hook, err, "https://ci.example/hook")
		if err == nil {
			which := &bitbucket.WebhooksOptions{Owner: owner, RepoSlug: slug, Uuid: hook.Uuid, Description: "CI", Url: "https://ci.example/other", Active: false, Events: []string{"repo:push"}}
			list, err := hooks.List(which)
			did("Webhooks.List", list, err, "ci.example")
			hook, err = hooks.Get(which)
			did("Webhooks.Get", hook, err, "ci.example")
			hook, err = hooks.Update(which)
			did("Webhooks.Update", hook, err, "other")
			_, err = hooks.Delete(which)
			did("Webhooks.Delete", nil, err)
		}

		any1, err = c.Repositories.Downloads.Create(&bitbucket.DownloadsOptions{Owner: owner, RepoSlug: slug, Files: []bitbucket.File{{Path: local, Name: "local.bin"}}})
		did("Downloads.Create", any1, err)
		any1, err = c.Repositories.Downloads.List(&bitbucket.DownloadsOptions{Owner: owner, RepoSlug: slug})
		did("Downloads.List", any1, err, "local.bin")

		keys := c.Repositories.DeployKeys
		key, err := keys.Create(&bitbucket.DeployKeyOptions{Owner: owner, RepoSlug: slug, Label: "Builder", Key: strings.Split(deployKeyBody, `"`)[3]})
		did("DeployKeys.Create", key, err, "Builder")
		if err == nil {
			which := &bitbucket.DeployKeyOptions{Owner: owner, RepoSlug: slug, Id: key.Id}
			key, err = keys.Get(which)
			did("DeployKeys.Get", key, err, "Builder")
			list, err := keys.List(which)
			did("DeployKeys.List", list, err, "Builder")
			_, err = keys.Delete(which)
			did("DeployKeys.Delete", nil, err)
		}

		groups, err := repo.ListGroupPermissions(of)
		did("ListGroupPermissions", groups, err)
		group, err := repo.SetGroupPermissions(&bitbucket.RepositoryGroupPermissionsOptions{Owner: owner, RepoSlug: slug, Group: w.Group.Slug, Permission: "read"})
		did("SetGroupPermissions", group, err, "read")
		group, err = repo.GetGroupPermissions(&bitbucket.RepositoryGroupPermissionsOptions{Owner: owner, RepoSlug: slug, Group: w.Group.Slug})
		did("GetGroupPermissions", group, err, "read")
		_, err = repo.DeleteGroupPermissions(&bitbucket.RepositoryGroupPermissionsOptions{Owner: owner, RepoSlug: slug, Group: w.Group.Slug})
		did("DeleteGroupPermissions", nil, err)
		user := "{" + w.Member.ID + "}"
		given, err := repo.SetUserPermissions(&bitbucket.RepositoryUserPermissionsOptions{Owner: owner, RepoSlug: slug, User: user, Permission: "write"})
		did("SetUserPermissions", given, err, "write")
		users, err := repo.ListUserPermissions(of)
		did("ListUserPermissions", users, err, "write")
		given, err = repo.GetUserPermissions(&bitbucket.RepositoryUserPermissionsOptions{Owner: owner, RepoSlug: slug, User: user})
		did("GetUserPermissions", given, err, "write")
		_, err = repo.DeleteUserPermissions(&bitbucket.RepositoryUserPermissionsOptions{Owner: owner, RepoSlug: slug, User: user})
		did("DeleteUserPermissions", nil, err)

		_, err = repo.Delete(&bitbucket.RepositoryOptions{Owner: owner, RepoSlug: "gadgets"})
		did("Delete", nil, err)
		if _, err = repo.Get(&bitbucket.RepositoryOptions{Owner: owner, RepoSlug: "gadgets"}); err == nil {
			t.Error("a deleted repository is there")
		}
	})
}
