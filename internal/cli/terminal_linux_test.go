package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pailforge/pail/internal/pailtest"
	"golang.org/x/sys/unix"
)

// terminalPair opens a pseudo-terminal: what a person sees and types, and what the program reads.
func terminalPair(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("skipped: no pseudo-terminal here: %v", err)
	}
	t.Cleanup(func() { _ = person.Close() })
	if err := unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.Close() })
	return person, program
}

// echoes tells whether the terminal shows what is typed.
func echoes(tty *os.File) bool {
	state, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	return err == nil && state.Lflag&unix.ECHO != 0
}

// TestLoginAsks: on a terminal pail login asks for what is missing, and does not show the secret.
func TestLoginAsks(t *testing.T) {
	w := pailtest.Start(t, pailtest.Options{}).World()
	secret := w.Secret(w.Admin, "read:user")
	person, program := terminalPair(t)
	var shown, out bytes.Buffer
	answers := writerFunc(func(p []byte) { // a person reads the question and then types
		shown.Write(p)
		switch {
		case bytes.Contains(p, []byte("it is not shown): ")):
			go func() { // whoever types before the echo is off sees it, as everywhere
				for end := time.Now().Add(10 * time.Second); echoes(program) && time.Now().Before(end); {
					runtime.Gosched()
				}
				_, _ = io.WriteString(person, secret+"\n")
			}()
		case bytes.Contains(p, []byte("E-mail of the account: ")):
			_, _ = io.WriteString(person, w.Admin.Email+"\n")
		}
	})
	code := run(t.Context(), []string{"login", "--api", w.URL}, program, &out, answers, []string{"PAIL_CONFIG_DIR=" + t.TempDir()})
	if code != 0 || !strings.Contains(out.String(), "Logged in to ") || !strings.Contains(out.String(), " as "+w.Admin.Username) {
		t.Fatalf("exit code %d\n%s\n%s", code, out.String(), shown.String())
	}
	screen := make([]byte, 4096)
	n, err := person.Read(screen)
	if err != nil || !strings.Contains(string(screen[:n]), w.Admin.Email) {
		t.Errorf("the e-mail is not on the screen: %q %v", screen[:n], err)
	}
	if strings.Contains(string(screen[:n])+out.String()+shown.String(), secret[:13]) {
		t.Errorf("the secret is on the screen: %q", screen[:n])
	}
}
