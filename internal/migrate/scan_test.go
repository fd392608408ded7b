package migrate

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func TestTry(t *testing.T) {
	dir := os.Getenv("TRY")
	if dir == "" {
		t.Skip()
	}
	res, err := Scan(t.Context(), []string{filepath.Clean(dir)}, Options{})
	for _, f := range res.Findings {
		fmt.Printf("%s:%d:%d %s | %s | %s | %v\n", f.File, f.Line, f.Column, f.Rule, f.Evidence, f.ScopesFrom, f.Scopes)
	}
	fmt.Println(err, res.Coverage)
}
