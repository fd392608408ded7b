package cli

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/pailforge/pail/internal/account"
	"github.com/pailforge/pail/internal/rest"
	"github.com/pailforge/pail/internal/server"
	"github.com/spf13/cobra"
)

func (a *app) admin() *cobra.Command {
	c := a.group("admin", "Set a server up: accounts, workspaces, groups, projects, permissions", `
Admin makes what a server needs before anybody can work with it. The commands work on the store that --data, --database
or the configuration name, also while the server runs.`, `
  pail admin user create --email ada@example.com --username ada --admin
  pail admin workspace create acme --name "Acme Inc." --owner ada@example.com
  pail admin project create acme/FTO --name "For the Others"
  pail admin group create acme/developers
  pail admin grant write --on acme/FTO --group developers`,
		a.group("user", "Accounts", "User makes and lists accounts.", `
  pail admin user create --email ada@example.com --username ada
  pail admin user list`, a.userCreate(), a.userList(), a.userPassword(), a.userUnlink()),
		a.adminWorkspace(), a.adminGroup(), a.adminProject(), a.adminGrant())
	bindStore(c)
	return c
}

// userCreateOptions is one call of pail admin user create.
type userCreateOptions struct {
	*app
	account.New
	stdin, json bool
}

func (a *app) userCreate() *cobra.Command {
	o := &userCreateOptions{app: a}
	c := a.command("create", "Make an account", `
Create makes an account. Without --password-stdin it makes a password as well, and prints it: alone on standard output,
this one time.`, `
  pail admin user create --email ada@example.com --username ada --name "Ada Lovelace" --admin
  pass show pail/ada | pail admin user create --email ada@example.com --username ada --password-stdin`,
		cobra.NoArgs, func(c *cobra.Command, _ []string) error { return a.using(c, true, o.run) })
	f := c.Flags()
	f.StringVar(&o.Email, "email", "", "the `address` that the person signs in with")
	f.StringVar(&o.Username, "username", "", "the `name` in addresses and for git")
	f.StringVar(&o.DisplayName, "name", "", "the `name` that others see; default: the username")
	f.BoolVar(&o.Admin, "admin", false, "the account administers the whole server")
	f.BoolVar(&o.stdin, "password-stdin", false, "read the password from the first line of standard input")
	f.BoolVar(&o.json, "json", false, "write JSON")
	return required(c, "email", "username")
}

func (o *userCreateOptions) run(ctx context.Context, s *server.Server) error {
	password, generated, err := o.password(o.stdin)
	if err != nil {
		return err
	}
	o.Password = password
	made, err := s.Accounts.Create(ctx, o.New)
	if err != nil {
		return err
	}
	if o.json {
		j := accountOf(made)
		j.Password = generated
		return writeJSON(o.out, j)
	}
	fmt.Fprintf(o.err, "Made the account %s (%s).\n", made.Username, made.Email)
	return o.tell(generated)
}

// password reads a password, or makes one, which comes back as generated too.
func (a *app) password(fromStdin bool) (password, generated string, err error) {
	if !fromStdin {
		p := rand.Text()
		return p, p, nil
	}
	line, err := bufio.NewReader(io.LimitReader(a.in, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", "", err
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return "", "", errors.New("no password arrived on standard input")
	}
	return line, "", nil
}

// tell prints a password that was made.
func (a *app) tell(generated string) error {
	if generated == "" {
		return nil
	}
	fmt.Fprintln(a.err, "The password is shown this once:")
	_, err := fmt.Fprintln(a.out, generated)
	return err
}

// accountJSON is an account as the commands write it.
type accountJSON struct {
	UUID        string    `json:"uuid"`
	AccountID   string    `json:"account_id"`
	Email       string    `json:"email"`
	Username    string    `json:"username"`
	DisplayName string    `json:"display_name"`
	Admin       bool      `json:"admin"`
	Active      bool      `json:"active"`
	CreatedOn   rest.Time `json:"created_on"`
	Password    string    `json:"password,omitempty"` // only where it is made
}

func accountOf(a account.Account) accountJSON {
	return accountJSON{UUID: rest.Braced(a.ID), AccountID: a.AccountID, Email: a.Email, Username: a.Username,
		DisplayName: a.DisplayName, Admin: a.Admin, Active: a.Active, CreatedOn: rest.Time(a.Created)}
}

func (a *app) userList() *cobra.Command {
	var asJSON bool
	c := a.command("list", "List the accounts", "List lists all accounts, by e-mail.", `
  pail admin user list
  pail admin user list --json`, cobra.NoArgs, func(c *cobra.Command, _ []string) error {
		return a.using(c, false, func(ctx context.Context, s *server.Server) error {
			all, err := s.Accounts.List(ctx)
			if err != nil {
				return err
			}
			if asJSON {
				list := make([]accountJSON, len(all))
				for i := range all {
					list[i] = accountOf(all[i])
				}
				return writeJSON(a.out, list)
			}
			rows := make([][]string, len(all))
			for i, one := range all {
				rows[i] = []string{one.Email, one.Username, one.DisplayName, mark(one.Admin, "admin"), day(one.Created, "")}
			}
			return table(a.out, []string{"e-mail", "username", "name", "rights", "created"}, rows)
		})
	})
	c.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return c
}

func mark(set bool, word string) string {
	if set {
		return word
	}
	return "-"
}

func (a *app) userPassword() *cobra.Command {
	var who string
	var stdin bool
	c := a.command("password", "Give an account another password", `
Password gives an account another password and ends its browser sessions. Tokens go on working. Without
--password-stdin the password is made, and printed this one time.`, `
  pail admin user password --email ada@example.com`, cobra.NoArgs, func(c *cobra.Command, _ []string) error {
		return a.using(c, false, func(ctx context.Context, s *server.Server) error {
			one, err := person(ctx, s, who)
			if err != nil {
				return err
			}
			password, generated, err := a.password(stdin)
			if err != nil {
				return err
			}
			if err := s.Accounts.SetPassword(ctx, one.ID, password); err != nil {
				return err
			}
			fmt.Fprintf(a.err, "The account %s has another password.\n", one.Username)
			return a.tell(generated)
		})
	})
	c.Flags().StringVar(&who, "email", "", "the account's `address`, or its username")
	c.Flags().BoolVar(&stdin, "password-stdin", false, "read the password from the first line of standard input")
	return required(c, "email")
}

func (a *app) userUnlink() *cobra.Command {
	var who string
	c := a.command("unlink", "Take away an account's sign-in with OpenID Connect", `
Unlink takes away the link between an account and whoever signs in to it with an OpenID Connect provider, and ends the
account's browser sessions. The next sign-in with a verified e-mail links anew. Passwords and tokens go on working.`, `
  pail admin user unlink --email ada@example.com`, cobra.NoArgs, func(c *cobra.Command, _ []string) error {
		return a.using(c, false, func(ctx context.Context, s *server.Server) error {
			one, err := person(ctx, s, who)
			if err != nil {
				return err
			}
			err = s.Accounts.Unlink(ctx, one.ID)
			if errors.Is(err, account.ErrNotFound) {
				return fmt.Errorf("nobody signs in to the account %s with OpenID Connect", one.Username)
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(a.err, "The account %s is linked to nobody at an OpenID Connect provider any more.\n", one.Username)
			return nil
		})
	})
	c.Flags().StringVar(&who, "email", "", "the account's `address`, or its username")
	return required(c, "email")
}
