package variables

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/token"
)

// paired finds pairs of variables by how their names go together: an e-mail and a token with the same beginning, as many
// programs have them (BITBUCKET_EMAIL and BITBUCKET_API_TOKEN, MYTOOL_BITBUCKET_EMAIL and MYTOOL_BITBUCKET_TOKEN), and
// what Jenkins makes of a binding to a user and a secret (NAME, NAME_USR, NAME_PSW).
func paired(values map[string]string) []tool {
	var list []tool
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if begin, ok := strings.CutSuffix(name, "BITBUCKET_EMAIL"); ok {
			list = append(list, byEmail(values, begin)...)
		}
		if begin, ok := strings.CutSuffix(name, "_PSW"); ok && isBinding(values, begin) {
			list = append(list, tool{name: "Jenkins credentials " + begin, logins: []login{{shape: basic, user: begin + "_USR", secret: name, surface: unknown}}})
		}
	}
	return list
}

func byEmail(values map[string]string, begin string) []tool {
	t := tool{name: "readers of " + begin + "BITBUCKET_EMAIL"}
	if _, backup := values["BITBUCKET_WORKSPACES"]; backup && begin == "" {
		return nil // gitbackup's, which the table has
	}
	for _, end := range []string{"API_TOKEN", "TOKEN", "PASSWORD", "APP_PASSWORD"} {
		if _, ok := values[begin+"BITBUCKET_"+end]; ok {
			t.logins = append(t.logins, login{shape: basic, user: begin + "BITBUCKET_EMAIL", secret: begin + "BITBUCKET_" + end, surface: rest})
		}
	}
	return []tool{t}
}

// isBinding tells whether three variables are one binding, and of a Bitbucket credential as far as can be told.
func isBinding(values map[string]string, name string) bool {
	user, secret := values[name+"_USR"], values[name+"_PSW"]
	if whole, ok := values[name]; !ok || whole != user+":"+secret {
		return false
	}
	return strings.Contains(strings.ToUpper(name), "BITBUCKET") || looksLike(secret)
}

// looksLike tells whether a secret has a form that Bitbucket's and Pail's have.
func looksLike(secret string) bool {
	shape := token.Inspect(secret)
	return (shape.Origin == token.OriginAtlassian || shape.Origin == token.OriginPail) && shape.Kind != token.Unknown
}

// gitConfig reads the configuration that git takes from variables, GIT_CONFIG_COUNT and what belongs to it, for headers
// that git is told to send.
func gitConfig(values map[string]string, found []Tool) []Tool {
	n, err := strconv.Atoi(values["GIT_CONFIG_COUNT"])
	if err != nil {
		return found
	}
	t := Tool{Name: "git"}
	for i := range min(n, 1000) {
		key, at := values["GIT_CONFIG_KEY_"+strconv.Itoa(i)], "GIT_CONFIG_VALUE_"+strconv.Itoa(i)
		name, value, ok := strings.Cut(values[at], ":")
		if !ok || !strings.EqualFold(strings.TrimSpace(name), "Authorization") || !isExtraHeader(key) {
			continue
		}
		t.Variables = append(t.Variables, Variable{Name: at, Role: "header that git sends (" + key + ")", Value: "Authorization, " + strconv.Itoa(len(strings.TrimSpace(value))) + " characters"})
		t.Cases = append(t.Cases, doctor.Case{Surface: git, Client: "git",
			Header: []doctor.Field{{Name: "Authorization", Value: doctor.Value{Text: strings.TrimLeft(value, " \t"), Place: at}}}})
	}
	if len(t.Cases) == 0 {
		return found
	}
	return append(found, t)
}

// isExtraHeader tells whether a key of git's configuration sets a header for everything or for bitbucket.org.
func isExtraHeader(key string) bool {
	key = strings.ToLower(key)
	if key == "http.extraheader" {
		return true
	}
	where, ok := strings.CutSuffix(strings.TrimPrefix(key, "http."), ".extraheader")
	u, err := url.Parse(where)
	return ok && err == nil && (u.Hostname() == "bitbucket.org" || strings.HasSuffix(u.Hostname(), ".bitbucket.org"))
}

// renovate knows which service Renovate talks to: it takes GitHub when nobody says otherwise.
func (r *reading) renovate(c *doctor.Case) {
	r.note("RENOVATE_PLATFORM", "address: which service")
	bitbuckets := looksLike(r.values["RENOVATE_PASSWORD"]) || looksLike(r.values["RENOVATE_TOKEN"]) || strings.Contains(r.values["RENOVATE_ENDPOINT"], "bitbucket.org")
	platform := strings.TrimSpace(r.values["RENOVATE_PLATFORM"])
	switch {
	case platform == "bitbucket":
	case !bitbuckets:
		r.skipped = true
	case platform == "bitbucket-server":
		c.Notes = append(c.Notes, finding(reason.HostDataCenter, doctor.Likely, "The credential or the address is that of the Cloud.",
			"RENOVATE_PLATFORM is bitbucket-server, which is Renovate's name for Data Center.", "RENOVATE_PLATFORM",
			"Name the Cloud.", "export RENOVATE_PLATFORM=bitbucket"))
	case platform == "" && !r.isSet("RENOVATE_CONFIG_FILE"):
		c.Notes = append(c.Notes, finding(reason.HostOtherProduct, doctor.Possible, "The platform may also be set in a configuration file.",
			"RENOVATE_PLATFORM is not set; Renovate then talks to GitHub, with this credential.", "RENOVATE_PLATFORM",
			"Name the service.", "export RENOVATE_PLATFORM=bitbucket"))
	case platform != "":
		c.Notes = append(c.Notes, finding(reason.HostOtherProduct, doctor.Likely, "The credential or the address is Bitbucket's.",
			"RENOVATE_PLATFORM names another service, "+doctor.Shown(platform)+".", "RENOVATE_PLATFORM",
			"Name the service that the credential belongs to.", "export RENOVATE_PLATFORM=bitbucket"))
	}
}

// bkt sends the secret as Bearer when it is told to.
func (r *reading) bkt(c *doctor.Case) {
	r.note("BKT_AUTH_METHOD", "address: how the secret is sent")
	if c.Login == nil || !strings.EqualFold(strings.TrimSpace(r.values["BKT_AUTH_METHOD"]), "bearer") {
		return
	}
	c.Login.Bearer, c.Login.User = true, doctor.Value{}
	for i, v := range r.found.Variables {
		if v.Name == "BKT_TOKEN" {
			r.found.Variables[i].Role = "secret, sent as Bearer"
		}
	}
}
