package catalog

import "github.com/pailforge/pail/internal/scope"

// Accounts and their keys.
var tableUsers = section{"Users", []row{
	{"GET /user", "Shows the account that the credential belongs to.",
		need(scope.ReadUser), need(scope.LegacyAccount), personal, current},
	{"GET /user/emails", "Lists the e-mail addresses of the calling account.",
		need(scope.ReadUser), need(scope.LegacyEmail), personal, current},
	{"GET /user/emails/{email}", "Shows one e-mail address of the calling account and whether it is confirmed.",
		need(scope.ReadUser), need(scope.LegacyEmail), personal, current},
	{"GET /users/{selected_user}", "Shows the public profile of a user.",
		need(scope.ReadUser), nil, inRepository | Anonymous, current},
}}

var tableSSH = section{"SSH", []row{
	{"GET /users/{selected_user}/ssh-keys", "Lists the SSH keys of a user.",
		need(scope.ReadSSHKey), need(scope.LegacyAccount), personal, current},
	{"POST /users/{selected_user}/ssh-keys", "Adds an SSH key to an account.",
		need(scope.ReadSSHKey, scope.WriteSSHKey), need(scope.LegacyAccountWrite), personal, current},
	{"DELETE /users/{selected_user}/ssh-keys/{key_id}", "Removes an SSH key from an account.",
		need(scope.DeleteSSHKey), need(scope.LegacyAccountWrite), personal, current},
	{"GET /users/{selected_user}/ssh-keys/{key_id}", "Shows one SSH key of a user.",
		need(scope.ReadSSHKey), need(scope.LegacyAccount), personal, current},
	{"PUT /users/{selected_user}/ssh-keys/{key_id}", "Changes the label or comment of an account's SSH key.",
		need(scope.ReadSSHKey, scope.WriteSSHKey), need(scope.LegacyAccountWrite), personal, current},
}}

var tableGPG = section{"GPG", []row{
	{"GET /users/{selected_user}/gpg-keys", "Lists the GPG keys of a user.",
		need(scope.ReadGPGKey), need(scope.LegacyAccount), personal, current},
	{"POST /users/{selected_user}/gpg-keys", "Adds a GPG key to an account.",
		need(scope.ReadGPGKey, scope.WriteGPGKey), need(scope.LegacyAccountWrite), personal, current},
	{"DELETE /users/{selected_user}/gpg-keys/{fingerprint}", "Removes a GPG key from an account.",
		need(scope.DeleteGPGKey), need(scope.LegacyAccountWrite), personal, current},
	{"GET /users/{selected_user}/gpg-keys/{fingerprint}", "Shows one GPG key of a user.",
		need(scope.ReadGPGKey), need(scope.LegacyAccount), personal, current},
}}
