package diff

import "github.com/pailforge/pail/internal/gitstore"

// Blob is a file that a page shows.
type Blob struct {
	Path   string
	Hash   gitstore.Hash
	Info   gitstore.FileInfo
	Raw    string // the address of its bytes, in this version
	Lines  string // what the ids of its lines begin with: "" where it is alone on its page
	Source bool   // as its source, where it could be shown as what it means
}
