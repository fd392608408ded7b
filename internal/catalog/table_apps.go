package catalog

// What only installed apps may call, and the lists of webhook events.
var tableAddon = section{"Addon", []row{
	{"DELETE /addon", "Uninstalls the calling app from the workspace that it is installed in.",
		nil, nil, apps, current},
	{"PUT /addon", "Replaces the descriptor of the calling app's installation.",
		nil, nil, apps, current},
	{"GET /addon/linkers", "Lists the linkers of the calling app.",
		nil, nil, apps, deprecated},
	{"GET /addon/linkers/{linker_key}", "Shows one linker of the calling app.",
		nil, nil, apps, deprecated},
	{"DELETE /addon/linkers/{linker_key}/values", "Removes every value of a linker.",
		nil, nil, apps, deprecated},
	{"GET /addon/linkers/{linker_key}/values", "Lists the values of a linker.",
		nil, nil, apps, deprecated},
	{"POST /addon/linkers/{linker_key}/values", "Adds a value to a linker.",
		nil, nil, apps, deprecated},
	{"PUT /addon/linkers/{linker_key}/values", "Replaces all values of a linker.",
		nil, nil, apps, deprecated},
	{"DELETE /addon/linkers/{linker_key}/values/{value_id}", "Removes one value of a linker.",
		nil, nil, apps, deprecated},
	{"GET /addon/linkers/{linker_key}/values/{value_id}", "Shows one value of a linker.",
		nil, nil, apps, deprecated},
}}

var tableProperties = section{"properties", []row{
	{"DELETE /repositories/{workspace}/{repo_slug}/commit/{commit}/properties/{app_key}/{property_name}", "Removes an app's property from a commit.",
		nil, nil, apps, current},
	{"GET /repositories/{workspace}/{repo_slug}/commit/{commit}/properties/{app_key}/{property_name}", "Shows an app's property of a commit.",
		nil, nil, apps, current},
	{"PUT /repositories/{workspace}/{repo_slug}/commit/{commit}/properties/{app_key}/{property_name}", "Stores an app's property on a commit.",
		nil, nil, apps, current},
	{"DELETE /repositories/{workspace}/{repo_slug}/properties/{app_key}/{property_name}", "Removes an app's property from a repository.",
		nil, nil, apps, current},
	{"GET /repositories/{workspace}/{repo_slug}/properties/{app_key}/{property_name}", "Shows an app's property of a repository.",
		nil, nil, apps, current},
	{"PUT /repositories/{workspace}/{repo_slug}/properties/{app_key}/{property_name}", "Stores an app's property on a repository.",
		nil, nil, apps, current},
	{"DELETE /repositories/{workspace}/{repo_slug}/pullrequests/{pullrequest_id}/properties/{app_key}/{property_name}", "Removes an app's property from a pull request.",
		nil, nil, apps, current},
	{"GET /repositories/{workspace}/{repo_slug}/pullrequests/{pullrequest_id}/properties/{app_key}/{property_name}", "Shows an app's property of a pull request.",
		nil, nil, apps, current},
	{"PUT /repositories/{workspace}/{repo_slug}/pullrequests/{pullrequest_id}/properties/{app_key}/{property_name}", "Stores an app's property on a pull request.",
		nil, nil, apps, current},
	{"DELETE /users/{selected_user}/properties/{app_key}/{property_name}", "Removes an app's property from an account.",
		nil, nil, apps, current},
	{"GET /users/{selected_user}/properties/{app_key}/{property_name}", "Shows an app's property of an account.",
		nil, nil, apps, current},
	{"PUT /users/{selected_user}/properties/{app_key}/{property_name}", "Stores an app's property on an account.",
		nil, nil, apps, current},
}}

var tableWebhooks = section{"Webhooks", []row{
	{"GET /hook_events", "Names the kinds of subject a webhook can be attached to.",
		nil, nil, inRepository | Anonymous, current},
	{"GET /hook_events/{subject_type}", "Lists the events that webhooks of one kind of subject can listen to.",
		nil, nil, inRepository | Anonymous, current},
}}
