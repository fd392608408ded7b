package account

import (
	"net/mail"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/pailforge/pail/internal/access"
	"github.com/pailforge/pail/internal/rest"
)

// Account is a person.
type Account struct {
	access.Account
	Active  bool
	Created time.Time
}

// New is what it takes to create an account.
type New struct {
	Email       string
	Username    string
	DisplayName string // empty: the username
	Password    string
	Admin       bool // administers the whole server
}

// Bounds of what people may choose.
const (
	minPassword    = 10
	maxPassword    = 200
	maxEmail       = 254
	maxDisplayName = 100
)

var usernamePattern = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_-]{0,61}$`)

// normalize checks n and brings it into the stored form. The errors are *rest.Error and name the field.
func (n New) normalize() (New, error) {
	n.Email = strings.ToLower(strings.TrimSpace(n.Email))
	n.Username = strings.TrimSpace(n.Username)
	n.DisplayName = strings.TrimSpace(n.DisplayName)
	if err := checkEmail(n.Email); err != nil {
		return n, err
	}
	if !usernamePattern.MatchString(n.Username) {
		return n, rest.InvalidField("username", "use 1 to 62 letters, digits, _ and -, and do not begin with -")
	}
	if n.DisplayName == "" {
		n.DisplayName = n.Username
	}
	if !printable(n.DisplayName) || utf8.RuneCountInString(n.DisplayName) > maxDisplayName {
		return n, rest.InvalidField("display_name", "use at most 100 printable characters")
	}
	return n, checkPassword(n.Password)
}

func checkEmail(email string) error {
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Address != email || len(email) > maxEmail || strings.ContainsAny(email, `: "<>()`) || !printable(email) {
		return rest.InvalidField("email", "this is no e-mail address")
	}
	return nil
}

func checkPassword(password string) error {
	if n := utf8.RuneCountInString(password); n < minPassword || n > maxPassword || !utf8.ValidString(password) {
		return rest.InvalidField("password", "use 10 to 200 characters")
	}
	return nil
}

// printable reports whether s can stand in a line of text.
func printable(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}
