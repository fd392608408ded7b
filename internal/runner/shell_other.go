//go:build !linux

package runner

import (
	"errors"
)

func newShell(*engine) (executor, error) {
	return nil, errors.New("the shell executor needs Linux, whose kernel ends all processes of a step with it; the executor docker runs everywhere")
}
