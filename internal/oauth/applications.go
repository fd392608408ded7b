package oauth

import (
	"context"
	"errors"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
)

// Application is a consumer that an account has let in: what it may do and when it last did something, and who it is.
type Application struct {
	access.Credential
	Consumer Consumer
}

// MaxApplications is how many applications are listed.
const MaxApplications = 100

// Applications lists what an account has let in, the latest first.
func (r *Room) Applications(ctx context.Context, accountID string) ([]Application, error) {
	held, err := r.Credentials.OfAccount(ctx, accountID, access.OAuth)
	if err != nil {
		return nil, err
	}
	held = held[:min(len(held), MaxApplications)]
	type pair struct {
		id string
		c  Consumer
	}
	pairs, err := database.Collect(ctx, r.DB, func(scan func(...any) error) (p pair, err error) {
		p.c, err = scanConsumer(func(to ...any) error { return scan(append([]any{&p.id}, to...)...) })
		return p, err
	}, `SELECT c.id, `+consumerColumns+` FROM credential c JOIN oauth_consumer o ON o.id = c.consumer_id JOIN workspace w ON w.id = o.workspace_id
		WHERE c.account_id = $1 AND c.kind = $2 AND c.revoked_on = 0 ORDER BY c.id DESC LIMIT $3`, accountID, string(access.OAuth), MaxApplications)
	if err != nil {
		return nil, err
	}
	byID := map[string]Consumer{}
	for _, p := range pairs {
		byID[p.id] = p.c
	}
	var all []Application
	for _, c := range held {
		if of, ok := byID[c.ID]; ok { // the consumer may have gone with its workspace
			all = append(all, Application{c, of})
		}
	}
	return all, nil
}

// Revoke takes back what an account has allowed an application, by the credential's id; the next request with one of
// its tokens is refused. ErrNotFound when there is none.
func (r *Room) Revoke(ctx context.Context, accountID, id string) error {
	err := r.Credentials.Revoke(ctx, accountID, access.OAuth, id)
	if errors.Is(err, access.ErrNotFound) {
		return ErrNotFound
	}
	return err
}

// Own is what a consumer does for its workspace by client credentials. ErrNotFound when it has not asked for it.
func (r *Room) Own(ctx context.Context, consumerID string) (access.Credential, error) {
	c, err := r.Credentials.Allowed(ctx, r.DB, consumerID, "")
	if errors.Is(err, access.ErrNotFound) {
		return c, ErrNotFound
	}
	return c, err
}
