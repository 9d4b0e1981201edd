package push

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Collect gives the files to send: files as they are named, and of each folder, at any depth, the archives (.tar.gz) and
// those XML files that are JUnit reports. Hidden folders and node_modules are passed over.
func Collect(paths []string) ([]string, error) {
	var files []string
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, reason(err))
		}
		if !info.IsDir() {
			if !isReport(path) {
				return nil, fmt.Errorf("%s: is neither .xml (JUnit) nor .tar.gz (archive)", path)
			}
			files = append(files, path)
			continue
		}
		found, err := inFolder(path)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("%s: there is no JUnit file (.xml) and no archive (.tar.gz) in this folder", path)
		}
		files = append(files, found...)
	}
	return files, nil
}

func inFolder(root string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", path, reason(err))
		case entry.IsDir() && path != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules"):
			return fs.SkipDir
		case !entry.Type().IsRegular() || !isReport(path):
			return nil
		case isArchive(path) || looksLikeJUnit(path):
			files = append(files, path)
		}
		return nil
	})
	return files, err
}

func isArchive(name string) bool { return strings.HasSuffix(strings.ToLower(name), ".tar.gz") }

func isReport(name string) bool {
	return isArchive(name) || strings.HasSuffix(strings.ToLower(name), ".xml")
}

// looksLikeJUnit reads the first element of an XML file. Folders of CI jobs are full of others: coverage, checkstyle, pom.
func looksLikeJUnit(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	decoder := xml.NewDecoder(io.LimitReader(f, 64<<10))
	decoder.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // names are ASCII in any charset
	for {
		token, err := decoder.RawToken()
		if err != nil {
			return false
		}
		if start, ok := token.(xml.StartElement); ok {
			return start.Name.Local == "testsuites" || start.Name.Local == "testsuite"
		}
	}
}

// runID is a UUID of version 4 as the server looks for it in the names of JUnit files.
var runID = regexp.MustCompile(`(?i)[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)

// nameWithRunID gives a JUnit file the id of its run in its name, which makes sending it again harmless: the server then
// has that run already. Archives have their ids inside.
func nameWithRunID(path, id string) string {
	name := filepath.Base(path)
	if isArchive(name) || runID.MatchString(name) {
		return name
	}
	ext := filepath.Ext(name)
	return strings.TrimSuffix(name, ext) + "-" + id + ext
}

// reason is what is wrong with a file, without the name of the system call.
func reason(err error) error {
	var pathErr *fs.PathError
	var linkErr *os.LinkError
	switch {
	case errors.As(err, &pathErr):
		return pathErr.Err
	case errors.As(err, &linkErr):
		return linkErr.Err
	}
	return err
}
