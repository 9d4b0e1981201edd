package push

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMetadata(t *testing.T) {
	t.Parallel()
	none := func(string) string { return "" }
	jenkins := func(name string) string {
		return map[string]string{"JOB_NAME": "folder/nightly", "BUILD_NUMBER": "7", "BUILD_URL": "http://ci/7", "IBUTSU_ENV_ID": "e1"}[name]
	}
	for name, tc := range map[string]struct {
		pairs  []string
		getenv func(string) string
		want   map[string]any
		err    string
	}{
		"nothing":           {nil, none, nil, ""},
		"plain and nested":  {[]string{"env=qa", "a.b.c=x=y", "a.b.d="}, none, map[string]any{"env": "qa", "a": map[string]any{"b": map[string]any{"c": "x=y", "d": ""}}}, ""},
		"later wins":        {[]string{"a=1", "a=2"}, none, map[string]any{"a": "2"}, ""},
		"from CI":           {[]string{"jenkins.build_number=8"}, jenkins, map[string]any{"jenkins": map[string]any{"job_name": "folder/nightly", "build_number": "8", "build_url": "http://ci/7"}, "env_id": "e1"}, ""},
		"no equals sign":    {[]string{"env"}, none, nil, `"env" is not key=value`},
		"no key":            {[]string{"=x"}, none, nil, "is not key=value"},
		"value with parts":  {[]string{"a=1", "a.b=2"}, none, nil, "a is a value already"},
		"empty part":        {[]string{"a.=1"}, none, nil, "a part of the key is empty"},
		"job without build": {nil, func(name string) string { return map[string]string{"JOB_NAME": "x"}[name] }, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Metadata(tc.pairs, tc.getenv)
			if tc.err != "" {
				require.ErrorContains(t, err, tc.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tc.want, got)
		})
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"":                              nil,
		" a=1  b=2\n":                   {"a=1", "b=2"},
		`a="x y" 'b=z w' c=\ d`:         {"a=x y", "b=z w", "c= d"},
		`a="say \"hi\"" b='back\slash'`: {`a=say "hi"`, `b=back\slash`},
		`a=""`:                          {"a="},
	} {
		got, err := Words(text)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, text := range []string{`a="x`, `a='`, `a\`} {
		_, err := Words(text)
		require.Error(t, err)
	}
}
