package artifact

import (
	"os"
	"path/filepath"

	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// Open makes the library that the configuration asks for; without a database it only reads and puts back contents whose rows are
// told to it. All stores that are set up can be read, whichever new contents go to.
func Open(c *config.Config, db *store.Store) (*Library, error) {
	o := LibraryOptions{DB: db, Keep: c.Artifacts.Store}
	if c.Artifacts.S3Endpoint != "" || o.Keep == InS3 {
		s3, err := NewS3(S3Options{Endpoint: c.Artifacts.S3Endpoint, Bucket: c.Artifacts.S3Bucket, Prefix: c.Artifacts.S3Prefix, Region: c.Artifacts.S3Region,
			AccessKey: c.Artifacts.S3AccessKey, SecretKey: c.Artifacts.S3SecretKey.Reveal()})
		if err != nil {
			return nil, err
		}
		o.Stores = append(o.Stores, s3)
	}
	dir := c.Artifacts.Dir
	if dir == "" {
		dir = filepath.Join(c.Server.StateDir, "artifacts")
	}
	// A server whose contents were never in files needs no folder, and may have no place for one.
	_, err := os.Stat(dir)
	if err == nil || c.Artifacts.Dir != "" || o.Keep == InFiles {
		files, err := NewFiles(dir)
		if err != nil {
			return nil, err
		}
		o.Stores = append(o.Stores, files)
	}
	return NewLibrary(o)
}
