package importer

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strings"

	"github.com/google/uuid"
)

// archiveVisitor is told what is in an archive, in its order.
type archiveVisitor interface {
	// member gives one file. m is used again for the next.
	member(ctx context.Context, m *archiveMember) error
	// link tells of a link, a device or the like, which are left alone.
	link()
}

// archiveMember is a file in an archive.
type archiveMember struct {
	// number counts the files of the archive.
	number int
	path   string
	kind   memberKind
	// run and result are the folders that it is in; result is zero for a file of the run.
	run, result uuid.UUID
	// filename is its path in that folder.
	filename string
	size     int64
	content  io.Reader

	limits Limits
	raw    bytes.Buffer
	clean  []byte
}

type memberKind int

const (
	runDocument memberKind = iota
	runFile
	resultDocument
	resultFile
)

// where is the member as messages name it.
func (m *archiveMember) where() string { return memberName(m.path) }

func memberName(path string) string {
	const most = 200
	if len(path) > most {
		path = path[:most] + "…"
	}
	return "member " + strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(path, "?"))
}

// key is what tells artifacts apart: folder and name.
func (m *archiveMember) key() uint64 {
	owner := m.run
	if m.kind == resultFile {
		owner = m.result
	}
	id := derive(owner, m.filename)
	return binary.BigEndian.Uint64(id[:])
}

// document reads a member that is JSON. What it gives is good until the next one is read.
func (m *archiveMember) document() ([]byte, error) {
	if m.size > m.limits.Document {
		return nil, tooMuch(m.where(), "it has %s, more than the %s that it may have", size(m.size), size(m.limits.Document))
	}
	m.raw.Reset()
	if _, err := m.raw.ReadFrom(m.content); err != nil {
		return nil, err
	}
	var err error
	m.clean, err = cleanJSON(m.clean[:0], m.raw.Bytes(), m.limits.Depth)
	if err != nil {
		return nil, &Error{Where: m.where(), Reason: "not JSON: " + err.Error(), Err: err}
	}
	return m.clean, nil
}

// readArchive reads the whole source and tells the visitor. Nothing is ever written to a disk, and links are not followed.
func readArchive(ctx context.Context, source Source, limits Limits, visitor archiveVisitor) error {
	in, err := openUpload(ctx, source, limits.Upload)
	if err != nil {
		return err
	}
	defer in.Close()
	plain, err := unpack(in, limits)
	if err != nil {
		return in.cause(err)
	}
	return in.cause(readTar(ctx, plain, limits, visitor))
}

func readTar(ctx context.Context, plain io.Reader, limits Limits, visitor archiveVisitor) error {
	members := tar.NewReader(plain)
	m := &archiveMember{limits: limits}
	content := &memberContent{}
	last := "" // the member before, for messages
	unpacked := int64(0)
	for number := 0; ; number++ {
		header, err := members.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			return damaged(after(last), notTar(number, err))
		}
		if number == limits.Members {
			return tooMuch("", "the archive has more than %d members", limits.Members)
		}
		last = header.Name
		switch header.Typeflag {
		case tar.TypeReg, tar.TypeGNUSparse:
		case tar.TypeDir, tar.TypeXGlobalHeader:
			continue
		default:
			visitor.link()
			continue
		}
		skip, err := m.place(header.Name)
		if err != nil {
			return err
		}
		if skip {
			continue
		}
		// A sparse file is small in the archive and as large as it likes when it is read.
		if unpacked += header.Size; unpacked > limits.Unpacked {
			return tooMuch("", "the archive unpacks to more than %s", size(limits.Unpacked))
		}
		if header.Size > limits.Artifact && (m.kind == runFile || m.kind == resultFile) {
			return tooMuch(m.where(), "it has %s, more than the %s that a file may have", size(header.Size), size(limits.Artifact))
		}
		*content = memberContent{r: members}
		m.number, m.size, m.content = number, header.Size, content
		if err := visitor.member(ctx, m); err != nil {
			if content.err != nil {
				return damaged(m.where(), content.err)
			}
			return err
		}
	}
	// What follows the last member holds the checksum, without which nothing says that the file came over whole.
	if _, err := io.Copy(io.Discard, plain); err != nil {
		return damaged(after(last), err)
	}
	return nil
}

// after is a place in an archive: behind a member, or nowhere in particular.
func after(path string) string {
	if path == "" {
		return ""
	}
	return "after " + memberName(path)
}

// memberContent remembers how reading a member failed: that is a fault of the archive, not of whom it was handed to.
type memberContent struct {
	r   io.Reader
	err error
}

func (c *memberContent) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if err != nil && err != io.EOF {
		c.err = err
	}
	return n, err
}

// notTar makes the message for a file that is packed but is no tar.
func notTar(number int, err error) error {
	if number == 0 && errors.Is(err, tar.ErrHeader) {
		return faulty("", "what is packed in the file is not a tar")
	}
	return err
}

// place finds out what a member is by its path. skip is true for files that no one meant to send.
func (m *archiveMember) place(path string) (skip bool, err error) {
	m.path = path
	m.run, m.result, m.filename = uuid.Nil, uuid.Nil, ""
	if strings.HasPrefix(path, "/") {
		return false, faulty(m.where(), "its path is absolute")
	}
	var parts []string
	for part := range strings.SplitSeq(path, "/") {
		switch part {
		case "", ".":
		case "..":
			return false, faulty(m.where(), "its path leads out of the archive")
		default:
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return true, nil
	}
	// What the Finder of macOS leaves everywhere.
	if base := parts[len(parts)-1]; base == ".DS_Store" || strings.HasPrefix(base, "._") {
		return true, nil
	}
	if m.run, err = uuid.Parse(parts[0]); err != nil {
		return false, faulty(m.where(), "the folder %s is not a UUID, which the folder of a run is", quote(parts[0]))
	}
	switch {
	case len(parts) == 1:
		return false, faulty(m.where(), "it is a file where the folder of a run is expected")
	case len(parts) == 2 && parts[1] == "run.json":
		m.kind = runDocument
	case len(parts) == 2:
		m.kind, m.filename = runFile, parts[1]
	default:
		if m.result, err = uuid.Parse(parts[1]); err != nil {
			return false, faulty(m.where(), "the folder %s is not a UUID, which the folder of a result is", quote(parts[1]))
		}
		m.kind, m.filename = resultFile, strings.Join(parts[2:], "/")
		if m.filename == "result.json" {
			m.kind = resultDocument
		}
	}
	m.filename = fit(strings.ToValidUTF8(m.filename, "\ufffd"), maxFilename)
	return false, nil
}
