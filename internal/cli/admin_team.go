package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/server"
	"github.com/pailforge/pail/internal/workspace"
	"github.com/spf13/cobra"
)

func (a *app) adminWorkspace() *cobra.Command {
	return a.group("workspace", "Workspaces and who belongs to them", "Workspace makes workspaces and adds members.", `
  pail admin workspace create acme --owner ada@example.com
  pail admin workspace add-member acme --email bob@example.com`, a.workspaceCreate(), a.workspaceAddMember())
}

func (a *app) workspaceCreate() *cobra.Command {
	var name, owner string
	c := a.command("create SLUG", "Make a workspace", "Create makes a private workspace with its first owner.", `
  pail admin workspace create acme --name "Acme Inc." --owner ada@example.com`, cobra.ExactArgs(1),
		func(c *cobra.Command, args []string) error {
			return a.using(c, false, func(ctx context.Context, s *server.Server) error {
				one, err := person(ctx, s, owner)
				if err != nil {
					return err
				}
				w, err := s.Workspaces.CreateWorkspace(ctx, args[0], name, one.ID)
				if err != nil {
					return err
				}
				return a.say("Made the workspace %s; its owner is %s.", w.Slug, one.Email)
			})
		})
	c.Flags().StringVar(&name, "name", "", "the `name` that people see; default: the slug")
	c.Flags().StringVar(&owner, "owner", "", "the first owner's `e-mail`, or username")
	return required(c, "owner")
}

func (a *app) workspaceAddMember() *cobra.Command {
	var who, role string
	c := a.command("add-member SLUG", "Add somebody to a workspace, or change the role", `
Add-member gives an account a role in a workspace: collaborator (reaches single projects or repositories), member, or
owner (administers everything in it).`, `
  pail admin workspace add-member acme --email bob@example.com
  pail admin workspace add-member acme --email bob@example.com --role owner`, cobra.ExactArgs(1),
		func(c *cobra.Command, args []string) error {
			as, ok := workspace.ParseRole(role)
			if !ok {
				return misused("--role: %q is no role; use collaborator, member or owner", role)
			}
			return a.using(c, false, func(ctx context.Context, s *server.Server) error {
				w, err := workspaceNamed(ctx, s, args[0])
				if err != nil {
					return err
				}
				one, err := person(ctx, s, who)
				if err != nil {
					return err
				}
				if err := s.Workspaces.AddMember(ctx, w.ID, one.ID, as); err != nil {
					return err
				}
				return a.say("%s is %s of %s.", one.Email, as, w.Slug)
			})
		})
	c.Flags().StringVar(&who, "email", "", "the account's `address`, or its username")
	c.Flags().StringVar(&role, "role", "member", "collaborator, member or owner")
	return required(c, "email")
}

// say reports what a command did.
func (a *app) say(format string, args ...any) error {
	_, err := fmt.Fprintf(a.out, format+"\n", args...)
	return err
}

func (a *app) adminGroup() *cobra.Command {
	return a.group("group", "Groups of a workspace", "Group makes groups and adds members.", `
  pail admin group create acme/developers
  pail admin group add acme/developers --email bob@example.com`, a.groupCreate(), a.groupAdd())
}

func (a *app) groupCreate() *cobra.Command {
	var name string
	c := a.command("create WORKSPACE/GROUP", "Make a group", "Create makes a group without members.", `
  pail admin group create acme/developers --name Developers`, cobra.ExactArgs(1), func(c *cobra.Command, args []string) error {
		slug, group, err := pair(args[0], "WORKSPACE/GROUP")
		if err != nil {
			return err
		}
		return a.using(c, false, func(ctx context.Context, s *server.Server) error {
			w, err := workspaceNamed(ctx, s, slug)
			if err != nil {
				return err
			}
			g, err := s.Workspaces.CreateGroup(ctx, w.ID, group, name)
			if err != nil {
				return err
			}
			return a.say("Made the group %s/%s.", w.Slug, g.Slug)
		})
	})
	c.Flags().StringVar(&name, "name", "", "the `name` that people see; default: the slug")
	return c
}

func (a *app) groupAdd() *cobra.Command {
	var who string
	c := a.command("add WORKSPACE/GROUP", "Add a member of the workspace to a group", "Add puts a member of the workspace into a group.", `
  pail admin group add acme/developers --email bob@example.com`, cobra.ExactArgs(1), func(c *cobra.Command, args []string) error {
		slug, group, err := pair(args[0], "WORKSPACE/GROUP")
		if err != nil {
			return err
		}
		return a.using(c, false, func(ctx context.Context, s *server.Server) error {
			w, g, err := groupNamed(ctx, s, slug, group)
			if err != nil {
				return err
			}
			one, err := person(ctx, s, who)
			if err != nil {
				return err
			}
			err = s.Workspaces.AddToGroup(ctx, g, one.ID)
			if errors.Is(err, workspace.ErrNotFound) {
				return notMember(one.Email, w.Slug)
			}
			if err != nil {
				return err
			}
			return a.say("%s is in the group %s/%s.", one.Email, w.Slug, g.Slug)
		})
	})
	c.Flags().StringVar(&who, "email", "", "the account's `address`, or its username")
	return required(c, "email")
}

func notMember(email, slug string) error {
	return fmt.Errorf("%s is no member of %s; first: pail admin workspace add-member %s --email %s", email, slug, slug, email)
}

func (a *app) adminProject() *cobra.Command {
	var n workspace.NewProject
	create := a.command("create WORKSPACE/KEY", "Make a project", "Create makes a project, which only those see whom it is granted to.", `
  pail admin project create acme/FTO --name "For the Others"`, cobra.ExactArgs(1), func(c *cobra.Command, args []string) error {
		slug, key, err := pair(args[0], "WORKSPACE/KEY")
		if err != nil {
			return err
		}
		n.Key = key
		if n.Name == "" {
			n.Name = key
		}
		return a.using(c, false, func(ctx context.Context, s *server.Server) error {
			w, err := workspaceNamed(ctx, s, slug)
			if err != nil {
				return err
			}
			p, err := s.Workspaces.CreateProject(ctx, &w, n)
			if err != nil {
				return err
			}
			return a.say("Made the project %s/%s.", w.Slug, p.Key)
		})
	})
	create.Flags().StringVar(&n.Name, "name", "", "the `name` that people see; default: the key")
	create.Flags().StringVar(&n.Description, "description", "", "what it is about")
	create.Flags().BoolVar(&n.Public, "public", false, "anyone may see the project")
	return a.group("project", "Projects of a workspace", "Project makes projects.", `
  pail admin project create acme/FTO --name "For the Others"`, create)
}

// grantOptions is one call of pail admin grant.
type grantOptions struct {
	*app
	level           access.Level
	on, group, user string
	slug, key       string
}

func (a *app) adminGrant() *cobra.Command {
	o := &grantOptions{app: a}
	c := a.command("grant PERMISSION", "Give a group or somebody a permission on a project", `
Grant gives a group, or a member of the workspace, a permission on a project and on all repositories in it: read, write,
create-repo or admin. It replaces the permission held before; none takes it away.`, `
  pail admin grant write --on acme/FTO --group developers
  pail admin grant admin --on acme/FTO --email bob@example.com
  pail admin grant none --on acme/FTO --group developers`, cobra.ExactArgs(1), func(c *cobra.Command, args []string) (err error) {
		var ok bool
		if o.level, ok = access.ParseLevel(args[0]); !ok {
			return misused("%q is no permission; use read, write, create-repo, admin or none", args[0])
		}
		if o.slug, o.key, err = pair(o.on, "WORKSPACE/KEY"); err != nil {
			return err
		}
		return a.using(c, false, o.run)
	})
	c.Flags().StringVar(&o.on, "on", "", "the project, as `WORKSPACE/KEY`")
	c.Flags().StringVar(&o.group, "group", "", "the `slug` of a group of the workspace")
	c.Flags().StringVar(&o.user, "email", "", "the account's `address`, or its username")
	c.MarkFlagsOneRequired("group", "email")
	c.MarkFlagsMutuallyExclusive("group", "email")
	return required(c, "on")
}

func (o *grantOptions) run(ctx context.Context, s *server.Server) error {
	p, err := projectNamed(ctx, s, o.slug, o.key)
	if err != nil {
		return err
	}
	var who string
	rooms := s.Workspaces
	if o.group != "" {
		_, g, err := groupNamed(ctx, s, o.slug, o.group)
		if err != nil {
			return err
		}
		who = "The group " + g.Slug
		if o.level == access.None {
			err = rooms.RevokeGroup(ctx, &p, g.ID)
		} else {
			err = rooms.GrantGroup(ctx, &p, g.ID, o.level)
		}
		if err != nil {
			return o.notGranted(err, who)
		}
	} else {
		one, err := person(ctx, s, o.user)
		if err != nil {
			return err
		}
		who = one.Email
		if o.level == access.None {
			err = rooms.RevokeUser(ctx, &p, one.ID)
		} else {
			err = rooms.GrantUser(ctx, &p, one.ID, o.level)
			if errors.Is(err, workspace.ErrNotFound) {
				return notMember(one.Email, o.slug)
			}
		}
		if err != nil {
			return o.notGranted(err, who)
		}
	}
	return o.say("%s has the permission %s on %s/%s.", who, o.level, p.Workspace.Slug, p.Key)
}

func (o *grantOptions) notGranted(err error, who string) error {
	if errors.Is(err, workspace.ErrNotFound) {
		return fmt.Errorf("%s has no permission on %s that could be taken away", who, o.on)
	}
	return err
}
