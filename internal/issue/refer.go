package issue

import (
	"context"
	"strconv"

	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/markup"
	"github.com/pailforge/pail/internal/repository"
	"github.com/pailforge/pail/internal/rest"
)

// Refer finds the issues of a repository that texts in it speak of, by their numbers. A repository without a tracker has none. It is a
// repository.Refer.
func (room *Room) Refer(ctx context.Context, q database.Queryer, urls rest.URLs, r *repository.Repository, names []string) (map[string]markup.Target, error) {
	found, args := map[string]markup.Target{}, []any{r.ID}
	for _, name := range names {
		if number, err := strconv.ParseInt(name, 10, 64); err == nil {
			args = append(args, number)
		}
	}
	if len(args) == 1 || !r.HasIssues {
		return found, nil
	}
	_, err := database.Collect(ctx, q, func(row func(...any) error) (struct{}, error) {
		var number int64
		var title string
		err := row(&number, &title)
		name := strconv.FormatInt(number, 10)
		found[name] = markup.Target{Href: urls.Web(append(r.Path(), "issues", name)...).Href, Title: title}
		return struct{}{}, err
	}, `SELECT i.number, i.title`+from+`i.repository_id = $1 AND i.number IN (`+database.Marks(2, len(args)-1)+`)`, args...)
	return found, err
}
