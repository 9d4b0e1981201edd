package importer

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// events are what a reader says of a document: <name a="b">, </name>, and the text between.
func events(x *xmlReader) ([]string, error) {
	var all []string
	text := xmlText{}
	for {
		text.reset()
		x.text = &text
		token, err := x.next()
		if err != nil {
			return all, err
		}
		if len(text.data) > 0 {
			all = append(all, string(text.data))
		}
		switch token {
		case xmlEOF:
			return all, nil
		case xmlEnd:
			all = append(all, "</"+string(x.name)+">")
		case xmlStart:
			tag := []string{"<" + string(x.name)}
			for _, a := range x.attrs {
				tag = append(tag, string(a.name)+"="+string(a.value))
			}
			all = append(all, strings.Join(tag, " ")+">")
		}
	}
}

func TestXMLReader(t *testing.T) {
	t.Parallel()
	for document, want := range map[string][]string{
		`<a/>`:                                             {"<a>", "</a>"},
		`<?xml version="1.0"?><!-- < --><a/>`:              {"<a>", "</a>"},
		"<a\n b = 'c'\td=\"e>'f\" ></a >":                  {"<a b=c d=e>'f>", "</a>"},
		`<n:a xmlns:n="u" n:b="c"></n:a>`:                  {"<a n=u b=c>", "</a>"},
		"<a>x\r\ny\rz</a>":                                 {"<a>", "x\ny\nz", "</a>"},
		"<a b='x\r\ny\tz&#10;'/>":                          {"<a b=x y z\n>", "</a>"},
		`<a>&lt;&amp;&gt;&quot;&apos;&#65;&#x1F389;</a>`:   {"<a>", "<&>\"'A🎉", "</a>"},
		`<a>x<![CDATA[<&amp;]]]]>y<!-- c --><?p ?>z</a>`:   {"<a>", "x<&amp;]]yz", "</a>"},
		`<a>1<b>2</b>3</a>`:                                {"<a>", "1", "<b>", "2", "</b>", "3", "</a>"},
		`<a>&;&#;&#x;&#+1;&#99999999;&longerthanany;&</a>`: {"<a>", "&;&#;&#x;&#+1;\ufffd&longerthanany;&", "</a>"},
		"<\u00e4 \u00f6='\u00fc'/>":                        {"<ä ö=ü>", "</ä>"},
	} {
		for _, in := range []io.Reader{strings.NewReader(document), iotest.OneByteReader(strings.NewReader(document))} {
			got, err := events(newXMLReader(in, DefaultLimits()))
			require.NoError(t, err, document)
			require.Equal(t, want, got, document)
		}
	}
}

// A text that is longer than what is read at a time, with something to decode at every place where it may be cut.
func TestXMLReaderAcrossWindows(t *testing.T) {
	t.Parallel()
	for _, piece := range []string{"&#x1F389;", "🎉", "\r\n", "]]&gt;", "ü"} {
		for shift := range 12 {
			lead := strings.Repeat("x", xmlWindow-shift)
			document := "<a>" + lead + piece + "</a>"
			got, err := events(newXMLReader(strings.NewReader(document), DefaultLimits()))
			require.NoError(t, err)
			want := strings.NewReplacer("&#x1F389;", "🎉", "\r\n", "\n", "&gt;", ">").Replace(lead + piece)
			require.Equal(t, []string{"<a>", want, "</a>"}, got)

			got, err = events(newXMLReader(strings.NewReader("<a b='"+lead+piece+"'/>"), DefaultLimits()))
			require.NoError(t, err)
			require.Equal(t, []string{"<a b=" + strings.ReplaceAll(want, "\n", " ") + ">", "</a>"}, got)

			got, err = events(newXMLReader(strings.NewReader("<a><![CDATA["+lead+piece+"]]></a>"), DefaultLimits()))
			require.NoError(t, err)
			require.Equal(t, []string{"<a>", strings.ReplaceAll(lead+piece, "\r\n", "\n"), "</a>"}, got)
		}
	}
}

// goEvents are the same by encoding/xml. ok is false for what the two are meant to differ in.
func goEvents(document string) (all []string, ok bool) {
	d := xml.NewDecoder(strings.NewReader(document))
	var open []xml.Name
	roots := 0
	text := ""
	flush := func() {
		if text != "" {
			all = append(all, text)
			text = ""
		}
	}
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return all, len(open) == 0 && roots == 1
		}
		if err != nil {
			return nil, false
		}
		switch token := token.(type) {
		case xml.StartElement:
			flush()
			if len(open) == 0 {
				roots++
			}
			open = append(open, token.Name)
			tag := []string{"<" + token.Name.Local}
			for _, a := range token.Attr {
				tag = append(tag, a.Name.Local+"="+a.Value)
			}
			all = append(all, strings.Join(tag, " ")+">")
		case xml.EndElement:
			flush()
			if len(open) == 0 || open[len(open)-1] != token.Name {
				return nil, false
			}
			open = open[:len(open)-1]
			all = append(all, "</"+token.Name.Local+">")
		case xml.CharData:
			if len(open) > 0 {
				text += string(token)
			} else if strings.Trim(string(token), " \t\r\n") != "" {
				return nil, false
			}
		case xml.Directive:
			return nil, false
		}
	}
}

// What encoding/xml accepts is read the same here, and nothing makes it fail in another way than by a fault of the file.
func FuzzXMLReader(f *testing.F) {
	for _, seed := range []string{
		`<a/>`, `<a b="c">d<e f='g'/>&lt;&#65;</a>`, "<?xml version='1.0'?><a><![CDATA[x]]>y<!-- c --></a>\n", "<a:b xmlns:a='u'>\r\n</a:b>",
		"<a>\x00\xff&#0;</a>", "<a b='\n&#10;'/>", "<!DOCTYPE a><a/>", "<a><b></a></b>", "<a b=c/>", "<a", "<a>]]></a>",
	} {
		f.Add(seed)
	}
	limits := DefaultLimits()
	limits.Depth, limits.Attributes, limits.Text = 20, 20, 4000
	f.Fuzz(func(t *testing.T, document string) {
		got, err := events(newXMLReader(strings.NewReader(document), limits))
		bytewise, bytewiseErr := events(newXMLReader(iotest.OneByteReader(strings.NewReader(document)), limits))
		if err != nil {
			require.True(t, isFault(err), "%v", err)
			require.Error(t, bytewiseErr)
		} else {
			require.NoError(t, bytewiseErr)
			require.Equal(t, got, bytewise)
		}
		want, ok := goEvents(document)
		if !ok || errors.Is(err, ErrLimit) || strings.ContainsAny(document, ":") {
			return
		}
		require.NoError(t, err)
		for i := range want {
			// Blanks in an attribute are where the two differ.
			if strings.HasPrefix(want[i], "<") {
				want[i], got[i] = blanks.Replace(want[i]), blanks.Replace(got[i])
			}
		}
		require.Equal(t, want, got)
	})
}

var blanks = strings.NewReplacer("\t", " ", "\r", " ", "\n", " ")
