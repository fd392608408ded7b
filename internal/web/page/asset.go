package page

import (
	_ "embed" // for the files
	"net/http"
)

//go:embed assets/style.css
var styleSheet []byte

//go:embed assets/script.js
var script []byte

//go:embed assets/live.js
var live []byte

// asset serves a file. With its current version in the address it may be kept for ever.
func (s *Site) asset(path, contentType string, content []byte) {
	version := "v=" + digest(content)
	s.Raw("GET "+path, func(w http.ResponseWriter, r *http.Request) {
		a := Answer{ContentType: contentType, Cache: Revalidate, Body: content}
		if r.URL.RawQuery == version {
			a.Cache = Forever
		}
		a.Write(w, r)
	})
}
