// Package web is the page people use. Its script and styles are built into dist (scripts/page) and live in the binary.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files are the built page, with index.html at the top. Texts are there compressed alone, as NAME.gz. A binary that was
// built without the page has no index.html.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // "dist" is a valid path, which is all that Sub asks for
	}
	return files
}
