package importer

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
)

// unpack gives the plain content of an archive, whichever way it is packed: what the file is called says gzip, but older
// readers of Ibutsu looked at the bytes, so archives of other kinds are about under this name.
func unpack(in *upload, limits Limits) (io.Reader, error) {
	packed := bufio.NewReaderSize(in, 64<<10)
	head, err := packed.Peek(HeadSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	kind := func(magic string) bool { return bytes.HasPrefix(head, []byte(magic)) }
	var plain io.Reader
	switch {
	case len(head) == 0:
		return nil, faulty("", "the file is empty")
	case kind("\x1f\x8b"):
		plain, err = newGzipReader(packed)
		if err != nil {
			return nil, damaged("", err)
		}
	case kind("BZh"):
		plain = bzip2.NewReader(packed)
	case len(head) > tarMagic+5 && string(head[tarMagic:tarMagic+5]) == "ustar":
		plain = packed
	case kind("\xfd7zXZ\x00"):
		return nil, faulty("", "the archive is packed with xz, which is not supported; use gzip")
	case kind("\x28\xb5\x2f\xfd"):
		return nil, faulty("", "the archive is packed with zstd, which is not supported; use gzip")
	case kind("PK\x03\x04"):
		return nil, faulty("", "this is a zip file; an archive is a tar packed with gzip")
	case bytes.HasPrefix(bytes.TrimSpace(head), []byte("<")):
		return nil, faulty("", "this looks like XML; a file named .tar.gz is a tar packed with gzip")
	default:
		return nil, faulty("", "this is no archive: it is neither packed with gzip or bzip2 nor a tar")
	}
	return &unpackGuard{plain: plain, in: in, limits: limits}, nil
}

// tarMagic is where a tar says that it is one.
const tarMagic = 257

// unpackGuard ends an archive that unpacks to too much: a file of a few kilobytes can unpack to terabytes.
type unpackGuard struct {
	plain  io.Reader
	in     *upload
	limits Limits
	n      int64
}

// freeOfRatio is how much may be unpacked at any ratio.
const freeOfRatio = 64 << 20

func (g *unpackGuard) Read(p []byte) (int, error) {
	n, err := g.plain.Read(p)
	g.n += int64(n)
	switch {
	case g.n > g.limits.Unpacked:
		return 0, tooMuch("", "the archive unpacks to more than %s", size(g.limits.Unpacked))
	case g.n > freeOfRatio && g.n/g.limits.Ratio > g.in.n:
		return 0, tooMuch("", "the archive unpacks to more than %d times its size", g.limits.Ratio)
	}
	return n, err
}

// gzipReader reads the streams of a gzip file one after the other. What follows the last one and is no gzip is left
// alone: it is padding, or what a broken transfer appended, while a stream that is cut short is an error.
type gzipReader struct {
	packed *bufio.Reader
	stream *gzip.Reader
}

func newGzipReader(packed *bufio.Reader) (*gzipReader, error) {
	stream, err := gzip.NewReader(packed)
	if err != nil {
		return nil, err
	}
	stream.Multistream(false)
	return &gzipReader{packed, stream}, nil
}

func (g *gzipReader) Read(p []byte) (int, error) {
	for {
		n, err := g.stream.Read(p)
		if !errors.Is(err, io.EOF) {
			return n, err
		}
		if n > 0 {
			return n, nil
		}
		magic, err := g.packed.Peek(2)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		if string(magic) != "\x1f\x8b" {
			return 0, io.EOF
		}
		if err := g.stream.Reset(g.packed); err != nil {
			return 0, err
		}
		g.stream.Multistream(false)
	}
}

// damaged tells what a broken archive is to its author.
func damaged(where string, err error) error {
	var known *Error
	switch {
	case errors.As(err, &known):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return &Error{Where: where, Reason: "the archive is cut short", Err: err}
	}
	return &Error{Where: where, Reason: "the archive is damaged: " + err.Error(), Err: err}
}
