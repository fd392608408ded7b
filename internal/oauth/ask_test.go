package oauth

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/database"
	"github.com/pailforge/pail/internal/database/databasetest"
	"github.com/pailforge/pail/internal/rest"
)

// Whatever comes as a query is a question, a refusal with its reason, or a refusal that goes to the registered address.
func FuzzAsk(f *testing.F) {
	db := databasetest.Open(f, databasetest.SQLite(f))
	ctx := context.Background()
	err := db.Update(ctx, func(tx *database.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO account (id, account_id, email, username, display_name, created_on) VALUES ('a', 'a', 'a@b.example', 'a', 'A', 1)`); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO workspace (id, slug, name, created_on, updated_on) VALUES ('w', 'acme', 'Acme', 1, 1)`)
		return err
	})
	if err != nil {
		f.Fatal(err)
	}
	r := &Room{DB: db, Credentials: &access.Credentials{DB: db, Now: time.Now}, URLs: rest.URLs{Base: "https://pail.example"}, Log: slog.New(slog.DiscardHandler), Now: time.Now}
	const registered = "https://app.example/cb"
	c, _, err := r.Register(ctx, "w", "a", Form{Name: "App", CallbackURL: registered, Private: true, Scopes: []string{"account"}})
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"", "client_id=KEY&response_type=code", "client_id=KEY&response_type=token&state=a%20b", "client_id=KEY&client_id=KEY", "client_id=%00", "a=%zz;b",
		"client_id=KEY&response_type=code&scope=account+email", "client_id=KEY&response_type=code&redirect_uri=https://app.example/cb/x", "client_id=KEY&response_type=code&max_age=x&prompt=none",
		"client_id=KEY&response_type=code&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256", "client_id=KEY&response_type=code&state=%ff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, query string) {
		q, err := r.Ask(ctx, strings.ReplaceAll(query, "KEY", c.Key))
		if told, ok := errors.AsType[*Told](err); ok {
			if !strings.HasPrefix(told.URL, registered+"?") && !strings.HasPrefix(told.URL, registered+"/") {
				t.Errorf("%q leads to %s", query, told.URL)
			}
			return
		}
		if err != nil {
			if e, ok := errors.AsType[*rest.Error](err); !ok || e.Status < http.StatusBadRequest || e.Status >= http.StatusInternalServerError {
				t.Errorf("%q: %v", query, err)
			}
			return
		}
		if !redirectFits(registered, q.RedirectURI) || q.Consumer.ID != c.ID {
			t.Errorf("%q asks for an answer at %q", query, q.RedirectURI)
		}
	})
}
