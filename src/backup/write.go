package backup

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/klauspost/compress/zstd"
)

// piece is how much of a section one member of the archive holds, in bytes; more only where one row is longer.
const piece = 1 << 20

// window bounds what the compression looks back to, and with it the memory of both sides.
const window = 4 << 20

// writer writes the archive.
type writer struct {
	zip  *zstd.Encoder
	tar  *tar.Writer
	at   time.Time
	sums sums
}

func newWriter(out io.Writer, h Header) (*writer, error) {
	zip, err := zstd.NewWriter(out, zstd.WithEncoderConcurrency(2), zstd.WithWindowSize(window), zstd.WithEncoderCRC(true))
	if err != nil {
		return nil, err
	}
	w := &writer{zip: zip, tar: tar.NewWriter(zip), at: h.Taken, sums: sums{Sections: map[string]sum{}}}
	text, err := json.MarshalIndent(h, "", "  ")
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(text)
	w.sums.Header = hex.EncodeToString(digest[:])
	return w, w.member(headerName, text)
}

func (w *writer) member(name string, content []byte) error {
	err := w.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(content)), ModTime: w.at, Typeflag: tar.TypeReg, Format: tar.FormatPAX})
	if err != nil {
		return err
	}
	_, err = w.tar.Write(content)
	return err
}

// close writes the end. Without it the file is no backup.
func (w *writer) close() error {
	text, err := json.MarshalIndent(w.sums, "", "  ")
	if err != nil {
		return err
	}
	if err := w.member(sumsName, text); err != nil {
		return err
	}
	if err := w.tar.Close(); err != nil {
		return err
	}
	return w.zip.Close()
}

// abandon gives the memory back; what was written is no backup.
func (w *writer) abandon() { w.zip.Reset(nil) }

// sectionWriter cuts what is written into pieces, never within one Write.
type sectionWriter struct {
	w      *writer
	name   string
	pieces int
	waits  []byte
	count  counter
}

func (w *writer) section(name string) *sectionWriter {
	return &sectionWriter{w: w, name: name, count: newCounter()}
}

// Write takes whole rows.
func (s *sectionWriter) Write(p []byte) (int, error) {
	s.count.add(p)
	if len(s.waits) > 0 && len(s.waits)+len(p) > piece {
		if err := s.flush(s.waits); err != nil {
			return 0, err
		}
		s.waits = s.waits[:0]
	}
	if len(p) >= piece {
		return len(p), s.flush(p)
	}
	s.waits = append(s.waits, p...)
	return len(p), nil
}

func (s *sectionWriter) flush(content []byte) error {
	s.pieces++
	return s.w.member(pieceName(s.name, s.pieces), content)
}

func pieceName(section string, number int) string { return fmt.Sprintf("%s/%08d", section, number) }

// Close writes what waits, and notes what the section came to.
func (s *sectionWriter) Close() error {
	if len(s.waits) > 0 {
		if err := s.flush(s.waits); err != nil {
			return err
		}
	}
	s.w.sums.Sections[s.name] = s.count.sum()
	return nil
}

// counter sums up what passes.
type counter struct {
	rows, bytes int64
	digest      hash.Hash
}

func newCounter() counter { return counter{digest: sha256.New()} }

func (c *counter) add(p []byte) {
	c.bytes += int64(len(p))
	c.rows += int64(bytes.Count(p, []byte{'\n'})) // COPY escapes those within values
	c.digest.Write(p)
}

// addOne adds a content as a whole.
func (c *counter) addOne(p []byte) {
	c.rows++
	c.bytes += int64(len(p))
	c.digest.Write(p)
}

func (c *counter) sum() sum {
	return sum{Rows: c.rows, Bytes: c.bytes, SHA256: hex.EncodeToString(c.digest.Sum(nil))}
}
