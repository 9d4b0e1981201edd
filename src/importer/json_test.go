package importer

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestCleanJSON(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"\t{ \"a\" : [ 1 , -0.5e3 , true , false , null , \"x\" ] , \"b\" : { } }\r\n": `{"a":[1,-0.5e3,true,false,null,"x"],"b":{}}`,
		"\xef\xbb\xbf{}":                                      `{}`,
		`[NaN,Infinity,-Infinity]`:                            `[null,null,null]`,
		`[1e999,-1e-999,0e5,1e300]`:                           `["1e999","-1e-999","0e5",1e300]`,
		`"\u0000\u0001\ud800\udc00\ud800x\udc00\ud800\u0041"`: "\"\ufffd\\u0001\U00010000\ufffdx\ufffd\ufffdA\"",
		"\"\x00\x1b\n\xff\u00e9\"":                            "\"\ufffd\\u001b\\n\ufffd\u00e9\"",
		`"\"\\\/\b\f\n\r\t\u0022\u005c"`:                      `"\"\\\/\b\f\n\r\t\"\\"`,
		`12345678901234567890123`:                             `12345678901234567890123`,
		strings.Repeat("9", 400):                              `"` + strings.Repeat("9", 400) + `"`,
	} {
		got, err := cleanJSON(nil, []byte(in), 10)
		require.NoError(t, err, in)
		require.Equal(t, want, string(got), in)
	}
	for in, want := range map[string]string{
		``:                 "it ends too early",
		`{`:                "it ends too early",
		`"x`:               "it ends too early",
		`"\`:               "it ends too early",
		`"\u12`:            "it ends too early",
		`{}}`:              "unexpected '}' at byte 3",
		`[1,]`:             "unexpected ']' at byte 4",
		`{"a":1,}`:         "unexpected '}' at byte 8",
		`{a:1}`:            "unexpected 'a' at byte 2",
		`{"a" 1}`:          "unexpected '1' at byte 6",
		`[01]`:             "unexpected ']' at byte 4",
		`[+1]`:             "unexpected '+' at byte 2",
		`[1.]`:             "unexpected ']' at byte 4",
		`[-]`:              "unexpected ']' at byte 3",
		`"\x"`:             "unexpected 'x' at byte 3",
		`"\u00zz"`:         "unexpected '0' at byte 4",
		`nil`:              "unexpected 'n' at byte 1",
		"{\"a\":\xff}":     "unexpected '\ufffd' at byte 6",
		"[[[[[[[[[[[]]]]]": "values are nested too deep at byte 11",
	} {
		_, err := cleanJSON(nil, []byte(in), 10)
		require.ErrorContains(t, err, want, in)
	}
}

func TestAppendJSON(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "plain", "\"\\/", "\n\t\r\x01\x7f", "ü🎉", "\u2028", strings.Repeat("x", 300)} {
		var back string
		require.NoError(t, json.Unmarshal(appendJSON(nil, s), &back))
		require.Equal(t, s, back)
	}
	require.Equal(t, "\"\ufffdx\ufffd\"", string(appendJSON(nil, "\x00x\xff")))
}

func TestObject(t *testing.T) {
	t.Parallel()
	for _, n := range []int{3, 3 * fewMembers} {
		var o object
		for i := range n {
			o.set(strconv.Itoa(i), []byte("1"))
		}
		o.set("1", []byte(`"new"`))
		o.remove("2")
		o.remove("absent")
		require.Equal(t, `"new"`, string(o.get("1")))
		require.Nil(t, o.get("2"))
		require.Nil(t, o.get("absent"))
		copied := o.clone()
		copied.set("0", []byte("2"))
		require.Equal(t, "1", string(o.get("0")))
		back, err := parseObject(copied.json())
		require.NoError(t, err)
		require.Len(t, back.members, n-1)
		require.Equal(t, "2", string(back.get("0")))
	}
}

// What comes out can be stored, reads the same as what went in, and does not change when it is cleaned again.
func FuzzCleanJSON(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,-0.5e3,true,null,"x"],"b":{}}`, `[NaN]`, `"\ud800\udc00\u0000"`, `{"a":{"a":{"a":1}},"a":2}`, `1e999`, "\"\xff\"", `{"":""}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		out, err := cleanJSON(nil, []byte(in), 100)
		if err != nil {
			require.False(t, json.Valid([]byte(in)) && strings.Count(in, "[")+strings.Count(in, "{") < 100, "%v", err)
			return
		}
		require.True(t, json.Valid(out), "%s", out)
		require.True(t, utf8.Valid(out))
		// An escaped backslash before u0000 is a text that reads so, and no NUL.
		require.NotContains(t, strings.ReplaceAll(string(out), `\\`, ""), `\u0000`)
		again, err := cleanJSON(nil, out, 100)
		require.NoError(t, err)
		require.Equal(t, string(out), string(again))

		var want, got any
		if json.Unmarshal([]byte(in), &want) == nil && !strings.ContainsAny(in, "eE0\x00") {
			require.NoError(t, json.Unmarshal(out, &got))
			require.Equal(t, want, got)
		}
		if o, err := parseObject(out); err == nil && json.Unmarshal(out, &got) == nil {
			back := o.json()
			if members, ok := got.(map[string]any); ok {
				require.JSONEq(t, string(out), string(back))
				require.Len(t, members, len(o.members))
			}
		}
	})
}
