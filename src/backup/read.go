package backup

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// mostJSON bounds the two members that are read into memory.
const mostJSON = 16 << 20

// reader reads the archive, section by section.
type reader struct {
	Header Header

	zip     *zstd.Decoder
	tar     *tar.Reader
	head    string // SHA-256 of backup.json as it came
	waiting *tar.Header
	found   map[string]sum
}

// openArchive reads the beginning. Close it in any case that gives no error.
func openArchive(in io.Reader) (*reader, error) {
	zip, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(window))
	if err != nil {
		return nil, err
	}
	r := &reader{zip: zip, tar: tar.NewReader(zip), found: map[string]sum{}}
	if err := r.begin(); err != nil {
		zip.Close()
		return nil, err
	}
	return r, nil
}

func (r *reader) begin() error {
	if err := r.step(); err != nil {
		return err
	}
	if r.waiting == nil || r.waiting.Name != headerName {
		return fmt.Errorf("%w: it does not begin with %s", ErrDamaged, headerName)
	}
	text, err := r.json(&r.Header)
	if err != nil {
		return err
	}
	digest := sha256.Sum256(text)
	r.head = hex.EncodeToString(digest[:])
	if r.Header.Format > format {
		return fmt.Errorf("%w: its form is %d, this one reads up to %d", ErrNewer, r.Header.Format, format)
	}
	return r.step()
}

func (r *reader) close() { r.zip.Close() }

// step goes to the next member; none is left when waiting is nil.
func (r *reader) step() error {
	next, err := r.tar.Next()
	if errors.Is(err, io.EOF) {
		r.waiting = nil
		return nil
	}
	if err != nil {
		return damaged(err)
	}
	r.waiting = next
	return nil
}

func (r *reader) json(into any) ([]byte, error) {
	if r.waiting.Size > mostJSON {
		return nil, fmt.Errorf("%w: %s is too large", ErrDamaged, r.waiting.Name)
	}
	text, err := io.ReadAll(r.tar)
	if err != nil {
		return nil, damaged(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return nil, damaged(err)
	}
	return text, nil
}

func damaged(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: it is cut off", ErrDamaged)
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

// next returns the next table, which must be read to its end, and nil after the last one. Then contents goes on.
func (r *reader) next() (*sectionReader, error) {
	if r.waiting == nil {
		return nil, fmt.Errorf("%w: it has no end", ErrDamaged)
	}
	if r.waiting.Name == sumsName || strings.HasPrefix(r.waiting.Name, contentsFolder) {
		return nil, nil
	}
	name := path.Dir(r.waiting.Name)
	if _, again := r.found[name]; again || r.waiting.Name != pieceName(name, 1) || !strings.HasPrefix(name, tablesFolder) {
		return nil, fmt.Errorf("%w: %s is out of place", ErrDamaged, r.waiting.Name)
	}
	return &sectionReader{r: r, name: name, number: 1, count: newCounter()}, nil
}

// finish compares what came with what was written. When it gives no error, everything was there and as it was written.
func (r *reader) finish() error {
	if r.waiting == nil || r.waiting.Name != sumsName {
		return fmt.Errorf("%w: it has no end", ErrDamaged)
	}
	var want sums
	if _, err := r.json(&want); err != nil {
		return err
	}
	if err := r.step(); err != nil {
		return err
	}
	if r.waiting != nil {
		return fmt.Errorf("%w: it goes on after its end", ErrDamaged)
	}
	// To the last byte: the compression has a checksum of its own, and nothing may follow.
	n, err := io.Copy(io.Discard, r.zip)
	if err != nil {
		return damaged(err)
	}
	if n > 0 {
		return fmt.Errorf("%w: it goes on after its end", ErrDamaged)
	}
	if want.Header != r.head {
		return fmt.Errorf("%w: %s was changed", ErrDamaged, headerName)
	}
	empty := newCounter()
	for _, t := range r.Header.Tables {
		if _, came := r.found[section(t.Name)]; !came {
			r.found[section(t.Name)] = empty.sum()
		}
	}
	for name, got := range r.found {
		if want.Sections[name] != got {
			return fmt.Errorf("%w: %s has %d rows of %d bytes instead of %d of %d, or others", ErrDamaged, name, got.Rows, got.Bytes,
				want.Sections[name].Rows, want.Sections[name].Bytes)
		}
	}
	if len(want.Sections) != len(r.found) {
		return fmt.Errorf("%w: %d sections came of %d", ErrDamaged, len(r.found), len(want.Sections))
	}
	return nil
}

// table is the table of the header with that name.
func (r *reader) table(name string) (Table, bool) {
	i := slices.IndexFunc(r.Header.Tables, func(t Table) bool { return section(t.Name) == name })
	if i < 0 {
		return Table{}, false
	}
	return r.Header.Tables[i], true
}

// sectionReader reads the pieces of a section as one.
type sectionReader struct {
	r      *reader
	name   string
	number int
	count  counter
	err    error // how it ended: io.EOF, or what was wrong
}

// Read implements [io.Reader].
func (s *sectionReader) Read(p []byte) (int, error) {
	for s.err == nil {
		n, err := s.r.tar.Read(p)
		s.count.add(p[:n])
		if err != nil {
			s.err = s.advance(err)
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, s.err
}

// advance goes on to the next piece, or ends.
func (s *sectionReader) advance(err error) error {
	if !errors.Is(err, io.EOF) {
		return damaged(err)
	}
	if err := s.r.step(); err != nil {
		return err
	}
	s.number++
	if s.r.waiting != nil && s.r.waiting.Name == pieceName(s.name, s.number) {
		return nil
	}
	s.r.found[s.name] = s.count.sum()
	return io.EOF
}

// Verify reads a whole backup and says what is in it. ErrDamaged: it is not what was written.
func Verify(in io.Reader) (Summary, error) {
	r, err := openArchive(in)
	if err != nil {
		return Summary{}, err
	}
	defer r.close()
	for {
		s, err := r.next()
		if err != nil {
			return Summary{}, err
		}
		if s == nil {
			break
		}
		if _, err := io.Copy(io.Discard, s); err != nil {
			return Summary{}, err
		}
	}
	if err := r.contents(func([]byte, []byte) error { return nil }); err != nil {
		return Summary{}, err
	}
	return r.summary(), nil
}

func (r *reader) summary() Summary {
	s := Summary{Header: r.Header}
	for _, t := range r.Header.Tables {
		s.add(t.Name, r.found[section(t.Name)])
	}
	contents := r.found[contentsSection]
	s.Contents = contents.Rows
	s.Bytes += contents.Bytes
	return s
}
