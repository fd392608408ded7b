package pullrequest

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/gitstore"
)

// PullRequest asks for a branch to be merged into another one.
type PullRequest struct {
	RepositoryID string // that it goes into
	Number       int64  // from 1, in that repository
	Title        string
	Description  string // in Markdown
	State        string
	Draft        bool
	CloseSource  bool // the source branch goes once it is merged

	SourceID          string // the repository that it comes from; "" once that fork is gone
	SourceBranch      string
	SourceHash        gitstore.Hash
	DestinationBranch string
	DestinationHash   gitstore.Hash // once it is closed: before it was
	MergeHash         gitstore.Hash // what it was merged as; ""

	Author     account.Person
	Closer     account.Person // who merged or declined it; nobody where a push did
	Reason     string         // why it was declined
	Comments   int
	Tasks      int // that are open
	Unresolved int // comments that are to be resolved
	Created    time.Time
	Updated    time.Time

	Participants []Participant // reviewers in front
}

// The states of pull requests (schema pullrequest). A draft is Open: it says so beside.
const (
	Open       = "OPEN"
	Merged     = "MERGED"
	Declined   = "DECLINED"
	Superseded = "SUPERSEDED"
)

// Participant is somebody who reviews a pull request, or has taken part in it.
type Participant struct {
	Who   account.Account
	Role  string
	State string // Approved, ChangesRequested or ""
	On    time.Time
}

// The roles and states of participants (schema participant).
const (
	Reviewer         = "REVIEWER"
	Taker            = "PARTICIPANT"
	Approved         = "approved"
	ChangesRequested = "changes_requested"
)

// Limits of pull requests: of texts in characters, and of reviewers.
const (
	maxTitle       = 255
	maxDescription = 32 << 10
	maxReason      = 32 << 10
	maxReviewers   = 100
)

// The references of a pull request; see the package's comment.
const (
	refPrefix = "refs/pull-requests/"
	refFrom   = "from"
	refTo     = "to"
	refMerge  = "merge"
)

func ref(number int64, which string) string {
	return refPrefix + strconv.FormatInt(number, 10) + "/" + which
}

// numberOf reads a name that ref has made; which is "" for another one.
func numberOf(name string) (number int64, which string) {
	digits, which, ok := strings.Cut(strings.TrimPrefix(name, refPrefix), "/")
	number, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil {
		return 0, ""
	}
	return number, which
}

const (
	columns = `pr.repository_id, pr.number, pr.title, pr.description, pr.state, pr.draft, pr.close_source, COALESCE(pr.source_id, ''), pr.source_branch, pr.source_hash,
		pr.destination_branch, pr.destination_hash, pr.merge_hash, COALESCE(pr.author_id, ''), pr.author_credential, pr.author_name,
		COALESCE(pr.closer_id, ''), pr.closer_credential, pr.closer_name, pr.reason, pr.comment_count, pr.task_count, pr.unresolved_count, pr.created_on, pr.updated_on`
	from = ` FROM pull_request pr WHERE `
)

// scan leaves of accounts just the ids; fill reads the rest.
func scan(row func(...any) error) (pr PullRequest, err error) {
	var created, updated int64
	var author, closer string
	err = row(&pr.RepositoryID, &pr.Number, &pr.Title, &pr.Description, &pr.State, &pr.Draft, &pr.CloseSource, &pr.SourceID, &pr.SourceBranch, &pr.SourceHash,
		&pr.DestinationBranch, &pr.DestinationHash, &pr.MergeHash, &author, &pr.Author.Credential, &pr.Author.Name,
		&closer, &pr.Closer.Credential, &pr.Closer.Name, &pr.Reason, &pr.Comments, &pr.Tasks, &pr.Unresolved, &created, &updated)
	pr.Created, pr.Updated = database.Time(created), database.Time(updated)
	for _, p := range []struct {
		id string
		to *account.Person
	}{{author, &pr.Author}, {closer, &pr.Closer}} {
		if p.id != "" {
			p.to.Account = &account.Account{Account: access.Account{ID: p.id}}
		}
	}
	return pr, err
}

// load reads the pull requests that a condition on pr names, with who took part.
func load(ctx context.Context, q database.Queryer, condition string, args ...any) ([]PullRequest, error) {
	rows, err := database.Collect(ctx, q, scan, `SELECT `+columns+from+condition, args...)
	if err == nil {
		err = fill(ctx, q, rows)
	}
	return rows, err
}

// marks are n placeholders from $first on, with commas between.
func marks(first, n int) string { return database.Marks(first, n) }

// numbered are the pull requests of a repository with these numbers, by number. There are at most a few hundred.
func numbered(ctx context.Context, q database.Queryer, repositoryID string, numbers []int64) ([]PullRequest, error) {
	if len(numbers) == 0 {
		return nil, nil
	}
	args := []any{repositoryID}
	for _, n := range numbers {
		args = append(args, n)
	}
	return load(ctx, q, `pr.repository_id = $1 AND pr.number IN (`+marks(2, len(numbers))+`) ORDER BY pr.number`, args...)
}

// fill reads who made, closed and reviews pull requests: two queries, however many there are.
func fill(ctx context.Context, q database.Queryer, rows []PullRequest) error {
	if len(rows) == 0 {
		return nil
	}
	var ids []string
	for i := range rows {
		for _, p := range []account.Person{rows[i].Author, rows[i].Closer} {
			if p.Account != nil {
				ids = append(ids, p.Account.ID)
			}
		}
	}
	accounts, err := account.ByIDs(ctx, q, ids)
	if err != nil {
		return err
	}
	type key struct {
		repository string
		number     int64
	}
	at, args, pairs := map[key]*PullRequest{}, []any{}, make([]string, len(rows))
	for i := range rows {
		pr := &rows[i]
		for _, p := range []*account.Person{&pr.Author, &pr.Closer} {
			if p.Account != nil {
				p.Account = accounts[p.Account.ID]
			}
		}
		at[key{pr.RepositoryID, pr.Number}] = pr
		pairs[i] = fmt.Sprintf("(t.repository_id = $%d AND t.number = $%d)", len(args)+1, len(args)+2)
		args = append(args, pr.RepositoryID, pr.Number)
	}
	_, err = database.Collect(ctx, q, func(row func(...any) error) (struct{}, error) {
		var k key
		var on int64
		var t Participant
		var err error
		t.Who, err = account.Scan(row, &k.repository, &k.number, &t.Role, &t.State, &on)
		if t.On = database.Time(on); err == nil {
			at[k].Participants = append(at[k].Participants, t)
		}
		return struct{}{}, err
	}, `SELECT t.repository_id, t.number, t.role, t.state, t.participated_on, `+account.Columns+` FROM pull_request_participant t JOIN account a ON a.id = t.account_id
		WHERE `+strings.Join(pairs, " OR ")+` ORDER BY t.role DESC, t.added_on, LOWER(a.username), a.id`, args...)
	return err
}

// lockRepository keeps others from making, merging or moving pull requests of a repository until the transaction ends. Whoever needs
// the row of a pull request, too, takes this one first.
func lockRepository(ctx context.Context, tx *database.Tx, id string) error {
	_, err := tx.Exec(ctx, `UPDATE repository SET last_pull_request = last_pull_request WHERE id = $1`, id)
	return err
}

// lock reads an open pull request to change it: its row is written first, so that nothing is lost that others write at the same
// time. A *rest.Error says that it is closed.
func (room *Room) lock(ctx context.Context, tx *database.Tx, pr *PullRequest) (*PullRequest, error) {
	n, err := tx.Exec(ctx, `UPDATE pull_request SET updated_on = $3 WHERE repository_id = $1 AND number = $2 AND state = 'OPEN'`, pr.RepositoryID, pr.Number, database.Micros(room.Now()))
	if err != nil {
		return nil, err
	}
	rows, err := numbered(ctx, tx, pr.RepositoryID, []int64{pr.Number})
	switch {
	case err != nil:
		return nil, err
	case len(rows) == 0:
		return nil, notFound()
	case n == 0:
		return nil, closed(&rows[0])
	}
	return &rows[0], nil
}

func insert(ctx context.Context, tx *database.Tx, pr *PullRequest) error {
	_, err := tx.Exec(ctx, `INSERT INTO pull_request (repository_id, number, title, description, state, draft, close_source, source_id, source_branch, source_hash,
			destination_branch, destination_hash, author_id, author_credential, author_name, created_on, updated_on)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
		pr.RepositoryID, pr.Number, pr.Title, pr.Description, pr.State, pr.Draft, pr.CloseSource, pr.SourceID, pr.SourceBranch, string(pr.SourceHash),
		pr.DestinationBranch, string(pr.DestinationHash), pr.Author.ID(), pr.Author.Credential, pr.Author.Name, database.Micros(pr.Created), database.Micros(pr.Updated))
	return err
}

// save writes what may change of a pull request.
func save(ctx context.Context, tx *database.Tx, pr *PullRequest) error {
	_, err := tx.Exec(ctx, `UPDATE pull_request SET title = $3, description = $4, state = $5, draft = $6, close_source = $7, source_hash = $8, destination_branch = $9,
			destination_hash = $10, merge_hash = $11, closer_id = $12, closer_credential = $13, closer_name = $14, reason = $15, updated_on = $16
		WHERE repository_id = $1 AND number = $2`,
		pr.RepositoryID, pr.Number, pr.Title, pr.Description, pr.State, pr.Draft, pr.CloseSource, string(pr.SourceHash), pr.DestinationBranch,
		string(pr.DestinationHash), string(pr.MergeHash), pr.Closer.ID(), pr.Closer.Credential, pr.Closer.Name, pr.Reason, database.Micros(pr.Updated))
	return err
}

// setReviewers makes exactly these accounts the reviewers. Who was one, and has said something, has still taken part.
func (room *Room) setReviewers(ctx context.Context, tx *database.Tx, pr *PullRequest, reviewers []account.Account) error {
	if _, err := tx.Exec(ctx, `UPDATE pull_request_participant SET role = 'PARTICIPANT' WHERE repository_id = $1 AND number = $2`, pr.RepositoryID, pr.Number); err != nil {
		return err
	}
	for i := range reviewers {
		if _, err := tx.Exec(ctx, `INSERT INTO pull_request_participant (repository_id, number, account_id, role, state, participated_on, added_on) VALUES ($1, $2, $3, 'REVIEWER', '', 0, $4)
			ON CONFLICT (repository_id, number, account_id) DO UPDATE SET role = excluded.role`, pr.RepositoryID, pr.Number, reviewers[i].ID, database.Micros(room.Now())+int64(i)); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, `DELETE FROM pull_request_participant WHERE repository_id = $1 AND number = $2 AND role = 'PARTICIPANT' AND participated_on = 0`, pr.RepositoryID, pr.Number); err != nil {
		return err
	}
	rows, err := numbered(ctx, tx, pr.RepositoryID, []int64{pr.Number})
	if err == nil && len(rows) > 0 {
		pr.Participants = rows[0].Participants
	}
	return err
}

// Reviewers are those who are asked to review it.
func (pr *PullRequest) Reviewers() (all []account.Account) {
	for _, t := range pr.Participants {
		if t.Role == Reviewer {
			all = append(all, t.Who)
		}
	}
	return all
}

// approvals are the participants who have approved it. The author's approval is shown, and counts for nothing.
func (pr *PullRequest) approvals() (all []Participant) {
	for _, t := range pr.Participants {
		if t.State == Approved && (pr.Author.Account == nil || pr.Author.Account.ID != t.Who.ID) {
			all = append(all, t)
		}
	}
	return all
}
