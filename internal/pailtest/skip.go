package pailtest

import (
	"testing"

	"github.com/pailforge/pail/internal/pailtest/need"
)

// Skip is need.Skip.
func Skip(t testing.TB, what, why string) { t.Helper(); need.Skip(t, what, why) }
