package curlline

import (
	"fmt"

	"github.com/pailforge/pail/internal/doctor"
	"github.com/pailforge/pail/internal/doctor/netrc"
)

// netrcLogin is what curl takes from a .netrc file for a host, with a user for that user.
func netrcLogin(text, file, host, user string) (login *doctor.Login, ok bool) {
	e := netrc.Find(netrc.Parse(text), host, user)
	if e == nil {
		return nil, false
	}
	at := func(text string, line int) doctor.Value {
		if line == 0 {
			line = e.Line
		}
		return doctor.Value{Text: text, Place: fmt.Sprintf("line %d of %s", line, file)}
	}
	return &doctor.Login{From: ".netrc", User: at(e.Login, e.LoginLine), Secret: at(e.Password, e.PasswordLine)}, true
}
