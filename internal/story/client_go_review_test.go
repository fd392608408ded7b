package story

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/ktrysmt/go-bitbucket"
	"github.com/pailforge/pail/internal/pailtest"
)

// TestGoClientReview holds whole reviews by two people with the Go client that most automation uses: it calls everything that it offers
// on pull requests.
func TestGoClientReview(t *testing.T) {
	t.Parallel()
	pailtest.Each(t, func(t *testing.T, s *pailtest.Server) {
		r := newReview(s)
		hash := r.commit(r.remote, "topic", "main", "topic.txt", "1")
		r.commit(r.remote, "other", "main", "other.txt", "1")
		client := func(email, secret string) *bitbucket.PullRequests {
			c, err := bitbucket.NewAPITokenAuthWithBaseUrlStr(email, secret, r.URL+"/2.0")
			check(r.World, err)
			return c.Repositories.PullRequests
		}
		scopes := []string{"read:repository", "write:repository", "read:pullrequest", "write:pullrequest"}
		author, reviewer := client(r.Admin.Email, r.Secret(r.Admin, scopes...)), client(r.Member.Email, r.Secret(r.Member, scopes...))
		of := func(change func(*bitbucket.PullRequestsOptions)) *bitbucket.PullRequestsOptions {
			o := &bitbucket.PullRequestsOptions{Owner: "acme", RepoSlug: "widgets", ID: "1"}
			if change != nil {
				change(o)
			}
			return o
		}
		did := func(what string, got any, err error, want ...string) {
			t.Helper()
			if err != nil {
				t.Errorf("%s: %v", what, err)
				return
			}
			if body, ok := got.(io.ReadCloser); ok {
				all, err := io.ReadAll(body)
				check(r.World, errors.Join(err, body.Close()))
				got = string(all)
			}
			text := fmt.Sprintf("%+v", got)
			for _, one := range want {
				if !strings.Contains(text, one) {
					t.Errorf("%s gave %s, without %q", what, text, one)
				}
			}
		}

		got, err := author.Create(of(func(o *bitbucket.PullRequestsOptions) {
			o.Title, o.SourceBranch, o.DestinationBranch, o.Reviewers, o.Draft = "A topic", "topic", "main", []string{"{" + r.Member.ID + "}"}, true
		}))
		did("Create", got, err, "title:A topic", "state:OPEN", "draft:true", "nickname:acme-member")
		got, err = author.Update(of(func(o *bitbucket.PullRequestsOptions) {
			o.Title, o.Description, o.Reviewers = "The topic", "Why it is", []string{"{" + r.Member.ID + "}"}
		}))
		did("Update", got, err, "title:The topic", "Why it is")
		got, err = reviewer.List(of(func(o *bitbucket.PullRequestsOptions) {
			o.States, o.Query, o.Sort = []string{"OPEN"}, `title ~ "topic"`, "-id"
		}))
		did("List", got, err, "title:The topic")
		got, err = reviewer.Get(of(nil))
		did("Get", got, err, "The topic")
		got, err = reviewer.GetByCommit(of(func(o *bitbucket.PullRequestsOptions) { o.Commit = hash }))
		did("GetByCommit", got, err, "The topic")
		got, err = reviewer.Commits(of(nil))
		did("Commits", got, err, hash)
		got, err = reviewer.GetCommits(of(nil))
		did("GetCommits", got, err, hash)
		got, err = reviewer.Diff(of(nil))
		did("Diff", got, err, "+++ b/topic.txt")
		got, err = reviewer.Patch(of(nil))
		did("Patch", got, err, "Subject: ")
		got, err = reviewer.Statuses(of(nil))
		did("Statuses", got, err)

		said := &bitbucket.PullRequestCommentOptions{Owner: "acme", RepoSlug: "widgets", PullRequestID: "1", Content: "Why?"}
		got, err = reviewer.AddComment(said)
		did("AddComment", got, err, "raw:Why?")
		first := 1
		got, err = author.AddComment(&bitbucket.PullRequestCommentOptions{Owner: "acme", RepoSlug: "widgets", PullRequestID: "1", Content: "Because", Parent: &first})
		did("AddComment to another one", got, err, "raw:Because", "parent:map[id:1")
		said.CommentId, said.Content = "1", "How?"
		got, err = reviewer.UpdateComment(said)
		did("UpdateComment", got, err, "raw:How?")
		got, err = author.GetComments(of(nil))
		did("GetComments", got, err, "How?", "Because")
		got, err = author.GetComment(of(func(o *bitbucket.PullRequestsOptions) { o.CommentID = "1" }))
		did("GetComment", got, err, "How?")
		said.CommentId = "2"
		got, err = author.DeleteComment(said)
		did("DeleteComment", got, err)

		got, err = reviewer.RequestChanges(of(nil))
		did("RequestChanges", got, err, "changes_requested")
		got, err = reviewer.UnRequestChanges(of(nil))
		did("UnRequestChanges", got, err)
		got, err = reviewer.Approve(of(nil))
		did("Approve", got, err, "approved")
		got, err = reviewer.UnApprove(of(nil))
		did("UnApprove", got, err)
		got, err = reviewer.Approve(of(nil))
		did("Approve again", got, err, "approved:true")
		got, err = author.Update(of(func(o *bitbucket.PullRequestsOptions) {
			o.Title, o.Reviewers = "The topic", []string{"{" + r.Member.ID + "}"}
		}))
		did("Update that says nothing of a draft", got, err, "draft:true")
		if got, err = author.Merge(of(nil)); err == nil || !strings.Contains(err.Error(), "409") {
			t.Errorf("Merge of a draft gave %v and %v", got, err)
		}
		r.Want(r.Do(r.admin, "PUT", pulls+"/1", `{"draft":false}`), 200)
		got, err = author.Merge(of(func(o *bitbucket.PullRequestsOptions) {
			o.MergeStrategy, o.Message, o.CloseSourceBranch = "squash", "All of the topic", true
		}))
		did("Merge", got, err, "state:MERGED")
		if branch := r.Git(r.dir, "ls-remote", r.remote, "refs/heads/topic"); branch != "" {
			t.Errorf("the source branch is there: %s", branch)
		}
		got, err = author.Activity(of(nil))
		did("Activity", got, err, "approval", "How?")
		got, err = author.Activities(of(nil))
		did("Activities", got, err, "approval")

		second := of(func(o *bitbucket.PullRequestsOptions) {
			o.ID, o.Title, o.SourceBranch, o.Message = "2", "Another", "other", "Not this one"
		})
		got, err = author.Create(second)
		did("Create without a destination", got, err, "name:main")
		got, err = author.Decline(second)
		did("Decline", got, err, "DECLINED")
		got, err = author.Gets(of(func(o *bitbucket.PullRequestsOptions) { o.States = []string{"DECLINED"} }))
		did("Gets", got, err, "Another")
	})
}
