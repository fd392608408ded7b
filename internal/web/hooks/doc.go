// Package hooks is the pages about webhooks, of repositories and of workspaces alike: the list, the form, and what became of the
// last deliveries.
package hooks
