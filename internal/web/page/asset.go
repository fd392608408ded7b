package page

import (
	"bytes"
	_ "embed" // for the files
	"net/http"
)

//go:embed assets/style.css
var styleSheet []byte

//go:embed assets/script.js
var scriptFile []byte

//go:embed assets/live.js
var liveFile []byte

// script and live are the scripts as they travel.
var script, live = lean(scriptFile), lean(liveFile)

// lean is a script without what only its readers need: indentation, and lines that are comments or empty.
func lean(script []byte) (lines []byte) {
	for line := range bytes.Lines(script) {
		if line = bytes.TrimLeft(line, " \t\n"); !bytes.HasPrefix(line, []byte("//")) {
			lines = append(lines, line...)
		}
	}
	return lines
}

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
