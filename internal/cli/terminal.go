package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"golang.org/x/term"
)

// terminal is standard input where a person types, else nil.
func (a *app) terminal() *os.File {
	if f, ok := a.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return f
	}
	return nil
}

// toTerminal tells whether a person reads standard output.
func (a *app) toTerminal() bool {
	f, ok := a.out.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// ask reads a line from a terminal. It reads no byte behind it.
func (a *app) ask(tty *os.File, question string) (string, error) {
	fmt.Fprint(a.err, question)
	var line strings.Builder
	var one [1]byte
	for {
		n, err := tty.Read(one[:])
		if n == 1 && one[0] == '\n' || errors.Is(err, io.EOF) && line.Len() > 0 {
			return strings.TrimSpace(line.String()), nil
		}
		if err != nil {
			return "", err
		}
		line.Write(one[:n])
	}
}

// askSecret reads a line from a terminal without showing it. An interrupt gives the terminal back as it was.
func (a *app) askSecret(tty *os.File, question string) (string, error) {
	fd := int(tty.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	interrupted, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(interrupted, os.Interrupt)
	defer func() { signal.Stop(interrupted); close(done) }()
	go func() {
		select {
		case <-interrupted:
			_ = term.Restore(fd, before)
			fmt.Fprintln(a.err)
			os.Exit(130) // nothing was begun, and the read cannot be ended otherwise
		case <-done:
		}
	}()
	fmt.Fprint(a.err, question)
	secret, err := term.ReadPassword(fd)
	fmt.Fprintln(a.err)
	return string(secret), err
}
