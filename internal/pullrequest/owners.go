package pullrequest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/codeowners"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/gitstore"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/workspace"
)

// Code owners review new pull requests that change what is theirs, beside the default reviewers. The file that names them is that of
// the destination branch, so nobody can take himself out of it in what is to be reviewed. As Bitbucket documents it, they are added
// when a pull request is made, and not later.

// Limits of what is done for code owners: how many changed files are looked at, how many owners are looked for, and how many members
// of one group or team.
const (
	maxOwnedFiles = 3000
	maxOwners     = 200
	maxMembers    = 100
)

// errEnough ends a walk.
var errEnough = errors.New("enough")

// ownersOf are the code owners of what a pull request changes who may be asked for a review, beside those that are taken. Its branches
// were looked at. Whatever is wrong with the file, there are just fewer.
func (room *Room) ownersOf(ctx context.Context, r *repository.Repository, pr *PullRequest, taken []account.Account) (all []account.Account, err error) {
	git := room.Repositories.Git
	into, err := git.Commit(ctx, r.ID, pr.DestinationHash)
	if err != nil {
		return nil, ignoreGone(err)
	}
	data, _, err := room.fileIn(ctx, r, into.Tree, codeowners.MaxSize, codeowners.Paths...)
	if err != nil || data == nil {
		return nil, err
	}
	file := codeowners.Parse(data)
	if len(file.Rules) == 0 {
		return nil, nil
	}
	rules, err := room.touched(ctx, r, pr, file)
	if err != nil {
		return nil, ignoreGone(err)
	}
	look := room.newOwners(r, into.Tree, pr)
	for _, a := range taken {
		look.taken[a.ID] = true
	}
	for _, rule := range rules {
		for _, o := range rule.Owners {
			people, _, err := look.people(ctx, o)
			if err != nil {
				return nil, err
			}
			for _, a := range people {
				if !look.taken[a.ID] && len(taken)+len(all) < maxReviewers {
					look.taken[a.ID] = true
					all = append(all, a)
				}
			}
		}
	}
	return all, nil
}

// touched are the lines that count for the files that a pull request changes, in their order.
func (room *Room) touched(ctx context.Context, r *repository.Repository, pr *PullRequest, file *codeowners.File) (rules []*codeowners.Rule, err error) {
	git := room.Repositories.Git
	base, err := git.MergeBase(ctx, r.ID, pr.DestinationHash, pr.SourceHash)
	if err != nil && !errors.Is(err, gitstore.ErrNotFound) {
		return nil, err
	}
	var trees [2]gitstore.Hash
	for i, hash := range []gitstore.Hash{base, pr.SourceHash} {
		if hash == "" {
			continue // nothing in common: all is new
		}
		c, err := git.Commit(ctx, r.ID, hash)
		if err != nil {
			return nil, err
		}
		trees[i] = c.Tree
	}
	files := 0
	err = git.CompareTrees(ctx, r.ID, trees[0], trees[1], func(path string, _, _ gitstore.Entry) error {
		if files++; files > maxOwnedFiles {
			return errEnough
		}
		if rule := file.Of(path); rule != nil && !slices.Contains(rules, rule) {
			rules = append(rules, rule)
		}
		return nil
	})
	slices.SortFunc(rules, func(a, b *codeowners.Rule) int { return cmp.Compare(a.Line, b.Line) })
	if errors.Is(err, errEnough) || errors.Is(err, gitstore.ErrTooLarge) {
		err = nil
	}
	return rules, err
}

// fileIn reads the first of these files that is in a tree; nil where none is, or it is larger than limit.
func (room *Room) fileIn(ctx context.Context, r *repository.Repository, tree gitstore.Hash, limit int64, paths ...string) (data []byte, path string, err error) {
	for _, path := range paths {
		e, err := room.Repositories.Git.At(ctx, r.ID, tree, path)
		if errors.Is(err, gitstore.ErrNotFound) || err == nil && !e.File() {
			continue
		}
		if err != nil {
			return nil, "", err
		}
		data, err := room.Repositories.Git.Blob(ctx, r.ID, e.Hash, limit)
		if errors.Is(err, gitstore.ErrTooLarge) {
			return nil, path, nil
		}
		return data, path, err
	}
	return nil, "", nil
}

// owners looks for who is meant in one file.
type owners struct {
	room  *Room
	r     *repository.Repository
	tree  gitstore.Hash // with the file of teams
	pr    *PullRequest  // to be reviewed
	taken map[string]bool

	looked int             // owners
	may    map[string]bool // who was asked about already, by id
	teams  map[string]codeowners.Members
	read   bool   // teams was
	why    string // it could not be read
	faults []codeowners.Fault
}

func (room *Room) newOwners(r *repository.Repository, tree gitstore.Hash, pr *PullRequest) *owners {
	return &owners{room: room, r: r, tree: tree, pr: pr, taken: map[string]bool{}, may: map[string]bool{}}
}

// people are those who are meant by an owner and may be asked. why is a sentence where that is nobody who could ever be.
func (l *owners) people(ctx context.Context, o codeowners.Owner) (all []account.Account, why string, err error) {
	if l.looked++; l.looked > maxOwners {
		return nil, "", nil
	}
	members := codeowners.Members{Owners: []codeowners.Owner{o}, Pick: o.Pick, Count: o.Count}
	switch o.Kind {
	case codeowners.Group:
		return l.group(ctx, o)
	case codeowners.Team:
		if err := l.readTeams(ctx); err != nil {
			return nil, "", err
		}
		team, ok := l.teams[o.Name]
		if !ok {
			return nil, cmp.Or(l.why, fmt.Sprintf("%s has no team %q.", codeowners.TeamsPath, o.Name)), nil
		}
		if members.Owners = team.Owners; o.Pick == codeowners.All {
			members.Pick, members.Count = team.Pick, team.Count
		}
	}
	found, err := l.accounts(ctx, members.Owners)
	if err != nil {
		return nil, "", err
	}
	all, err = l.pick(ctx, found, members.Pick, members.Count)
	if len(found) == 0 {
		why = nobodyMeant(o)
	}
	return all, why, err
}

// nobodyMeant is one sentence for who is not there and who may not read the repository: whether somebody is there, it must not tell.
func nobodyMeant(o codeowners.Owner) string {
	switch o.Kind {
	case codeowners.Team:
		return fmt.Sprintf("Nobody in the team %q may read the repository.", o.Name)
	case codeowners.Group:
		return fmt.Sprintf("The workspace has no group %q with people who may read the repository.", o.Name)
	}
	return fmt.Sprintf("Nobody who may read the repository is called %q.", o.Name)
}

func (l *owners) group(ctx context.Context, o codeowners.Owner) (all []account.Account, why string, err error) {
	if o.Workspace != l.r.Workspace.Slug {
		return nil, fmt.Sprintf("%q: only groups of the workspace %s can be owners here.", "@"+o.Workspace+"/"+o.Name, l.r.Workspace.Slug), nil
	}
	g, err := workspace.GroupBySlug(ctx, l.room.DB, l.r.Workspace.ID, o.Name)
	if errors.Is(err, workspace.ErrNotFound) {
		return nil, nobodyMeant(o), nil
	}
	if err != nil {
		return nil, "", err
	}
	found, _, err := l.room.Repositories.Workspaces.ListGroupMembers(ctx, g.ID, "", rest.Paging{Page: 1, Pagelen: maxMembers})
	if err == nil {
		found, err = l.readers(ctx, found)
	}
	if err != nil {
		return nil, "", err
	}
	if len(found) == 0 {
		why = nobodyMeant(o)
	}
	all, err = l.pick(ctx, found, o.Pick, o.Count)
	return all, why, err
}

func (l *owners) readTeams(ctx context.Context) error {
	if l.read {
		return nil
	}
	l.read = true
	data, path, err := l.room.fileIn(ctx, l.r, l.tree, codeowners.MaxTeams, codeowners.TeamsPath)
	switch {
	case err != nil:
		return err
	case path == "":
		l.why = "There is no " + codeowners.TeamsPath + ", which says who is in a team."
	case data == nil:
		l.why = codeowners.TeamsPath + " is too large, and is not read."
	default:
		if l.teams, l.faults, err = codeowners.ParseTeams(data); err != nil {
			l.why = err.Error() + "."
		}
	}
	return nil
}

// accounts are those of persons, in their order, who may read the repository.
func (l *owners) accounts(ctx context.Context, persons []codeowners.Owner) ([]account.Account, error) {
	emails, names := map[string]bool{}, []string{}
	for _, o := range persons {
		if o.Kind == codeowners.Email {
			emails[o.Name] = true
		} else {
			names = append(names, o.Name)
		}
	}
	rooms := l.room.Repositories.Accounts
	named, err := rooms.Named(ctx, l.room.DB, names)
	if err != nil {
		return nil, err
	}
	mailed, err := rooms.ByEmails(ctx, emails)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, a := range mailed {
		ids = append(ids, a.ID)
	}
	whole, err := account.ByIDs(ctx, l.room.DB, ids)
	if err != nil {
		return nil, err
	}
	var found []account.Account
	for _, o := range persons {
		if o.Kind != codeowners.Email {
			if a, ok := named[o.Name]; ok {
				found = append(found, a)
			}
		} else if a := whole[mailed[o.Name].ID]; a != nil {
			found = append(found, *a)
		}
	}
	return l.readers(ctx, found)
}

// readers are those of accounts who may read the repository.
func (l *owners) readers(ctx context.Context, all []account.Account) (readers []account.Account, err error) {
	for i := range all {
		may, asked := l.may[all[i].ID]
		if !asked {
			if may, err = l.room.reads(ctx, l.r, &all[i]); err != nil {
				return nil, err
			}
			l.may[all[i].ID] = may
		}
		if may {
			readers = append(readers, all[i])
		}
	}
	return readers, nil
}

// pick are those of readers who are asked: not the author. Who is asked already counts for those that were to be picked.
func (l *owners) pick(ctx context.Context, all []account.Account, how codeowners.Pick, count int) ([]account.Account, error) {
	if l.pr != nil && l.pr.Author.Account != nil {
		all = slices.DeleteFunc(slices.Clone(all), func(a account.Account) bool { return a.ID == l.pr.Author.Account.ID })
	}
	if how == codeowners.All || len(all) <= count {
		return all, nil
	}
	order := map[string]int{}
	for i, at := range rand.Perm(len(all)) {
		order[all[i].ID] = at
	}
	if how == codeowners.LeastBusy {
		busy, err := l.busy(ctx, all)
		if err != nil {
			return nil, err
		}
		for id := range order {
			order[id] += busy[id] * len(all)
		}
	}
	slices.SortFunc(all, func(a, b account.Account) int { return cmp.Compare(order[a.ID], order[b.ID]) })
	return all[:count], nil
}

// busy is how many open pull requests of the workspace each of the accounts reviews.
func (l *owners) busy(ctx context.Context, all []account.Account) (map[string]int, error) {
	args, counts := []any{l.r.Workspace.ID}, map[string]int{}
	for _, a := range all {
		args = append(args, a.ID)
	}
	_, err := database.Collect(ctx, l.room.DB, func(row func(...any) error) (struct{}, error) {
		var id string
		var n int
		err := row(&id, &n)
		counts[id] = n
		return struct{}{}, err
	}, `SELECT t.account_id, COUNT(*) FROM pull_request_participant t JOIN pull_request pr ON pr.repository_id = t.repository_id AND pr.number = t.number
		JOIN repository r ON r.id = pr.repository_id WHERE pr.state = 'OPEN' AND t.role = 'REVIEWER' AND r.workspace_id = $1 AND t.account_id IN (`+marks(2, len(all))+`) GROUP BY t.account_id`, args...)
	return counts, err
}

// OwnerFaults is what is wrong with a file of code owners, data at path in a commit of r: what cannot be read, and who cannot be asked.
// It is none for a file that is no such file, and for one that another one takes the place of.
func (room *Room) OwnerFaults(ctx context.Context, r *repository.Repository, commit *gitstore.Commit, path string, data []byte) ([]codeowners.Fault, error) {
	if !slices.Contains(codeowners.Paths, path) {
		return nil, nil
	}
	_, counts, err := room.fileIn(ctx, r, commit.Tree, 0, codeowners.Paths...)
	if err != nil {
		return nil, err
	}
	if counts != path {
		return []codeowners.Fault{{Why: "The file " + counts + " takes the place of this one."}}, nil
	}
	file, look := codeowners.Parse(data), room.newOwners(r, commit.Tree, nil)
	faults, told := file.Faults, map[codeowners.Owner]bool{}
	for _, rule := range file.Rules {
		for _, o := range rule.Owners {
			if told[o] || len(faults) >= maxOwnerFaults {
				continue
			}
			told[o] = true
			_, why, err := look.people(ctx, o)
			if err != nil {
				return nil, err
			}
			if why != "" {
				faults = append(faults, codeowners.Fault{Line: rule.Line, Why: why})
			}
		}
	}
	faults = append(faults, look.faults...)
	slices.SortStableFunc(faults, func(a, b codeowners.Fault) int { return cmp.Compare(a.Line, b.Line) })
	return faults[:min(len(faults), maxOwnerFaults)], nil
}

// maxOwnerFaults bounds the faults that are told.
const maxOwnerFaults = 20
