package importer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// utf8XML gives the text of an XML file as UTF-8, without a byte order mark. It knows UTF-8, UTF-16 and the character sets
// of one byte (ISO-8859-1, Windows-1252 and their like), by the mark or by what the XML declaration says.
func utf8XML(r io.Reader) (io.Reader, error) {
	in := bufio.NewReaderSize(r, xmlWindow)
	head, err := in.Peek(maxDeclaration)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return nil, faulty("", "the file is packed with gzip; a .xml file is read as it is")
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, err := in.Discard(3)
		return in, err
	case bytes.HasPrefix(head, []byte("\xff\xfe\x00\x00")), bytes.HasPrefix(head, []byte("\x00\x00\xfe\xff")):
		return nil, faulty("line 1", "the encoding UTF-32 is not supported; UTF-8 is")
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("<\x00")):
		return decoded(in, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)), nil
	case bytes.HasPrefix(head, []byte("\xfe\xff")), bytes.HasPrefix(head, []byte("\x00<")):
		return decoded(in, unicode.UTF16(unicode.BigEndian, unicode.UseBOM)), nil
	}
	if declared := declaredEncoding.FindSubmatch(head); declared != nil {
		name := string(declared[1])
		set, err := characterSet(name)
		if err != nil {
			return nil, err
		}
		if set != nil {
			return decoded(in, set), nil
		}
	}
	return in, nil
}

// maxDeclaration is how much of a file can be its XML declaration.
const maxDeclaration = 256

var declaredEncoding = regexp.MustCompile(`^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._:-]+)["']`)

func decoded(r io.Reader, set encoding.Encoding) io.Reader {
	return set.NewDecoder().Reader(r)
}

// characterSet finds the set of one byte that a declaration names, nil where the file is UTF-8.
func characterSet(name string) (encoding.Encoding, error) {
	switch plain := plainName(name); plain {
	case "utf8", "ascii", "usascii", "ansix341968":
		return nil, nil
	case "utf16", "unicode", "utf16le", "utf16be", "ucs2", "iso10646ucs2":
		// It was read as bytes of ASCII, so it is not: writers that compose a document in memory say so by mistake.
		return nil, nil
	case "latin1", "l1", "iso88591":
		return charmap.ISO8859_1, nil
	default:
		plain = strings.Replace(plain, "cp125", "windows125", 1)
		for _, set := range charmap.All {
			if known, ok := set.(fmt.Stringer); ok && plainName(known.String()) == plain {
				return set, nil
			}
		}
	}
	return nil, faulty("line 1", "the encoding %s is not supported; UTF-8 is", quote(name))
}

// plainName is a name of a character set without what its spellings differ in.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		}
		return -1
	}, name)
}
