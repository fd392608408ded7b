package search

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
	"time"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/document"
	"github.com/blevesearch/bleve/v2/search/query"
	bleveindex "github.com/blevesearch/bleve_index_api"
	"github.com/pailforge/pail/internal/gitstore"
	bolt "go.etcd.io/bbolt/errors"
)

// Bounds of what is indexed.
const (
	maxFile        = 512 << 10 // bytes of a file; larger ones are left out
	maxFiles       = 100_000   // files of one repository; the others are left out
	batchFiles     = 500       // at once, and
	batchText      = 2 << 20   // bytes of their text
	batchRemovals  = 5_000     // at once
	lockedPatience = "100ms"   // how long another process may take to let go of the index
)

// format is the version of what stands in the index: another one is built anew.
const format = "1"

// The fields of a file in the index. Its id is that of the repository, a slash and the path.
const (
	inRepository = "repository"
	inContent    = "content"
	inPath       = "path"
	inName       = "name"      // the last part of the path, folded
	inExtension  = "extension" // folded, without the dot
	inBlob       = "blob"      // the content's name in git; stored, not searched
)

var formatKey = []byte("format")

// errLocked says that another process uses the index.
var errLocked = errors.New("another process uses the search index")

// index is the index on disk: files, and for each repository its state. What is changed by one batch is there as a whole or
// not at all, whenever the process ends.
type index struct{ bleve.Index }

// openIndex opens the index in dir. One that is missing, broken or of another format is made anew, empty. errLocked.
func openIndex(dir string) (_ *index, anew bool, err error) {
	patience := map[string]any{"bolt_timeout": lockedPatience}
	ix, err := opened(dir, patience)
	if err == nil {
		return &index{ix}, false, nil
	}
	if errors.Is(err, bolt.ErrTimeout) {
		return nil, false, errLocked
	}
	if err := os.RemoveAll(dir); err != nil {
		return nil, false, err
	}
	made, err := bleve.NewUsing(dir, bleve.NewIndexMapping(), bleve.Config.DefaultIndexType, bleve.Config.DefaultKVStore, patience)
	if err != nil {
		return nil, false, err
	}
	if err := made.SetInternal(formatKey, []byte(format)); err != nil {
		return nil, false, errors.Join(err, made.Close())
	}
	return &index{made}, true, nil
}

var errFormat = errors.New("the search index has another format")

// opened opens what is there, and looks into each part of it.
func opened(dir string, config map[string]any) (ix bleve.Index, err error) {
	defer func() { // a damaged file may be read beyond its end
		if broken := recover(); broken != nil {
			err = fmt.Errorf("the search index is broken: %v", broken)
		}
	}()
	if ix, err = bleve.OpenUsing(dir, config); err != nil {
		return nil, err
	}
	found, err := ix.GetInternal(formatKey)
	if err == nil && string(found) != format {
		err = errFormat
	}
	if err == nil {
		_, err = (&index{ix}).repositories()
	}
	if err != nil {
		return nil, errors.Join(err, ix.Close())
	}
	return ix, nil
}

// repositories are the ids of those that have files in the index.
func (ix *index) repositories() (ids []string, err error) {
	dict, err := ix.FieldDict(inRepository)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, dict.Close()) }()
	for {
		entry, err := dict.Next()
		if err != nil || entry == nil {
			return ids, err
		}
		ids = append(ids, entry.Term)
	}
}

// state is how far a repository is indexed.
type state struct {
	Branch  string
	Updated int64         // of the repository's row, in microseconds
	Commit  gitstore.Hash // "" for none
	// Since is the commit whose files the index held before those of Commit were begun, while they are not all in it.
	Since   gitstore.Hash
	Partial bool // Commit's files are not all in the index yet
	Cut     bool // the repository has more files than are indexed
}

func stateKey(id string) []byte { return []byte("repository/" + id) }

// state is that of a repository; ok is false when it has none.
func (ix *index) state(id string) (s state, ok bool, err error) {
	data, err := ix.GetInternal(stateKey(id))
	if err != nil || data == nil {
		return state{}, false, err
	}
	return s, true, json.Unmarshal(data, &s)
}

// batch collects what changes together.
type batch struct {
	*bleve.Batch
	ix    *index
	files int
	text  int // bytes
}

func (ix *index) batch() *batch { return &batch{Batch: ix.NewBatch(), ix: ix} }

func (b *batch) setState(id string, s state) error {
	data, err := json.Marshal(s)
	if err == nil {
		b.SetInternal(stateKey(id), data)
	}
	return err
}

func (b *batch) full() bool { return b.files >= batchFiles || b.text >= batchText }

// apply writes the batch, and begins another.
func (b *batch) apply() error {
	err := b.ix.Batch(b.Batch)
	b.Batch = b.ix.NewBatch() // one that is used again is still looked at by what wrote the last one
	b.files, b.text = 0, 0
	return err
}

func fileID(repository, path string) string { return repository + "/" + path }

// splitID is the reverse of fileID.
func splitID(id string) (repository, path string) {
	repository, path, _ = strings.Cut(id, "/")
	return repository, path
}

// add puts a file into the index, in place of what was at its path.
func (b *batch) add(repository, at string, blob gitstore.Hash, text []byte) error {
	name := fold(path.Base(at))
	const searched = bleveindex.IndexField
	doc := document.NewDocument(fileID(repository, at))
	doc.AddField(document.NewTextFieldWithIndexingOptions(inRepository, nil, []byte(repository), searched))
	doc.AddField(document.NewTextFieldWithIndexingOptions(inName, nil, []byte(name), searched))
	if ext := path.Ext(name); ext != "" {
		doc.AddField(document.NewTextFieldWithIndexingOptions(inExtension, nil, []byte(ext[1:]), searched))
	}
	doc.AddField(document.NewTextFieldCustom(inPath, nil, []byte(asText(at)), searched|bleveindex.IncludeTermVectors, splitter{}))
	doc.AddField(document.NewTextFieldCustom(inContent, nil, []byte(asText(string(text))), searched|bleveindex.IncludeTermVectors, splitter{}))
	doc.AddField(document.NewTextFieldWithIndexingOptions(inBlob, nil, []byte(blob), bleveindex.StoreField))
	b.files++
	b.text += len(text)
	return b.IndexAdvanced(doc)
}

// asText is text as UTF-8. What is not comes out as a sign that no word holds.
func asText(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

// term is the query for files that have this value in a field.
func term(field, value string) query.Query {
	q := bleve.NewTermQuery(value)
	q.SetField(field)
	return q
}

// count is how many files of a repository are in the index.
func (ix *index) count(ctx context.Context, id string) (uint64, error) {
	found, err := ix.find(ctx, term(inRepository, id), 0, 0)
	if err != nil {
		return 0, err
	}
	return found.Total, nil
}

// find is a part of the files that fit, in the order of their ids. They have no ranks: those of others' words, which are
// counted over the whole index, would say something of repositories that the caller may not see.
func (ix *index) find(ctx context.Context, q query.Query, size, offset int) (*bleve.SearchResult, error) {
	request := bleve.NewSearchRequestOptions(q, size, offset, false)
	request.Score = bleve.ScoreNone
	request.SortBy([]string{"_id"})
	request.Fields = []string{inBlob}
	return ix.SearchInContext(ctx, request)
}

// clear takes all files of a repository out of the index.
func (ix *index) clear(ctx context.Context, id string) error {
	for {
		found, err := ix.find(ctx, term(inRepository, id), batchRemovals, 0)
		if err != nil || len(found.Hits) == 0 {
			return err
		}
		b := ix.batch()
		for _, hit := range found.Hits {
			b.Delete(hit.ID)
		}
		if err := b.apply(); err != nil {
			return err
		}
	}
}

// forget removes all that the index knows of a repository.
func (ix *index) forget(ctx context.Context, id string) error {
	if err := ix.clear(ctx, id); err != nil {
		return err
	}
	return ix.DeleteInternal(stateKey(id))
}

// micros is a time as states keep it.
func micros(t time.Time) int64 { return t.UnixMicro() }
