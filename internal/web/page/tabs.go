package page

// Tabs that pages of several areas stand behind. at is the path of the current one.

// AccountTabs are the pages about one's own account.
func AccountTabs(at string) []Link {
	return Marked(at, Link{Name: "Profile", Href: "/account/profile"}, Link{Name: "E-mails", Href: "/account/emails"}, Link{Name: "Password", Href: "/account/password"},
		Link{Name: "Sessions", Href: "/account/sessions"}, Link{Name: "SSH keys", Href: "/account/ssh-keys"}, Link{Name: "GPG keys", Href: "/account/gpg-keys"}, Link{Name: "API tokens", Href: "/account/tokens"},
		Link{Name: "App passwords", Href: "/account/app-passwords"}, Link{Name: "Applications", Href: "/account/applications"})
}

// SettingsTabs are the pages for those who administer the workspace with this slug.
func SettingsTabs(slug, at string) []Link {
	s := "/" + slug + "/settings"
	return Marked(at, Link{Name: "General", Href: s}, Link{Name: "Members", Href: s + "/members"}, Link{Name: "Invitations", Href: s + "/invitations"},
		Link{Name: "Groups", Href: s + "/groups"}, Link{Name: "OAuth consumers", Href: s + "/consumers"}, Link{Name: "Access tokens", Href: s + "/access-tokens"},
		Link{Name: "Webhooks", Href: s + "/webhooks"}, Link{Name: "Variables", Href: s + "/variables"}, Link{Name: "Runners", Href: s + "/runners"})
}

// Marked marks the link that leads to the path at as the current one.
func Marked(at string, all ...Link) []Link {
	for i := range all {
		all[i].Current = all[i].Href == at
	}
	return all
}
