package pipefile

import (
	"os"
	"testing"
)

func TestEveryKey(t *testing.T) {
	data, err := os.ReadFile("testdata/all.yml")
	if err != nil {
		t.Fatal(err)
	}
	f, faults := Parse(data, nil)
	for _, x := range faults {
		t.Error(x)
	}
	_ = f
}

