package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// wire is one kept connection that speaks just enough HTTP/1.1. The load shares the machine's two cores with the server,
// and the client of the standard library costs more than the server's own side of a small request.
type wire struct {
	conn   net.Conn
	reader *bufio.Reader
	out    []byte
	head   string // the header lines that every request has
}

func dial(url, token string) (*wire, error) {
	host := strings.TrimPrefix(url, "http://")
	conn, err := net.DialTimeout("tcp", host, 5*time.Second)
	if err != nil {
		return nil, err
	}
	head := " HTTP/1.1\r\nHost: " + host + "\r\n"
	if token != "" {
		head += "Authorization: Bearer " + token + "\r\n"
	}
	return &wire{conn: conn, reader: bufio.NewReaderSize(conn, 64<<10), head: head}, nil
}

func (w *wire) close() { _ = w.conn.Close() }

// do sends one request and reads its answer; the body is read and forgotten, its length returned.
func (w *wire) do(method, path, contentType string, body []byte) (status, length int, err error) {
	w.out = append(w.out[:0], method...)
	w.out = append(w.out, ' ')
	w.out = append(w.out, path...)
	w.out = append(w.out, w.head...)
	if body != nil {
		w.out = append(w.out, "Content-Type: "...)
		w.out = append(w.out, contentType...)
		w.out = append(w.out, "\r\nContent-Length: "...)
		w.out = strconv.AppendInt(w.out, int64(len(body)), 10)
		w.out = append(w.out, "\r\n"...)
	}
	w.out = append(w.out, "\r\n"...)
	w.out = append(w.out, body...)
	if err := w.conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return 0, 0, err
	}
	if _, err := w.conn.Write(w.out); err != nil {
		return 0, 0, err
	}
	return w.answer()
}

func (w *wire) answer() (status, length int, err error) {
	line, err := w.reader.ReadSlice('\n')
	if err != nil {
		return 0, 0, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, 0, fmt.Errorf("not an answer: %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, 0, err
	}
	length, chunked := -1, false
	for {
		if line, err = w.reader.ReadSlice('\n'); err != nil {
			return status, 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return status, 0, err
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = true
		}
	}
	if chunked {
		length, err = w.chunks()
		return status, length, err
	}
	if length < 0 {
		return status, 0, errors.New("an answer without a length")
	}
	_, err = w.reader.Discard(length)
	return status, length, err
}

func (w *wire) chunks() (total int, err error) {
	for {
		line, err := w.reader.ReadSlice('\n')
		if err != nil {
			return total, err
		}
		size, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 64)
		if err != nil {
			return total, err
		}
		if _, err := io.CopyN(io.Discard, w.reader, size+2); err != nil {
			return total, err
		}
		total += int(size)
		if size == 0 {
			return total, nil
		}
	}
}
