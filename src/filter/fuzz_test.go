package filter_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/filter"
)

func seeds(f *testing.F) {
	for _, cases := range recorded {
		for _, c := range cases {
			f.Add(expand(c.filters))
		}
	}
	for _, text := range []string{"", ",", "env=\x00", "a..b=1", "metadata.x>5", `test_id=a\,b`, "env='; DROP TABLE runs; --", "metadata.x'y=1", "summary.tests*1;x"} {
		f.Add(text)
	}
}

func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		set, err := filter.Parse([]string{text})
		if err != nil {
			require.ErrorAs(t, err, new(*filter.Error))
			return
		}
		for _, c := range set.Conditions {
			require.Regexp(t, `^[A-Za-z0-9._-]+$`, c.Field)
			require.True(t, strings.HasPrefix(c.Text, c.Field))
			require.NotContains(t, c.Value, "\n")
			require.False(t, strings.HasPrefix(c.Value, `"`) || strings.HasSuffix(c.Value, `"`), c.Value)
			again, err := filter.ParseWhole([]string{c.Text})
			require.NoError(t, err)
			require.Equal(t, []filter.Condition{c}, again.Conditions)
		}
	})
}

// vocabulary is all that a compiled condition is made of, besides column names, placeholders and quoted path keys.
var vocabulary = regexp.MustCompile(`^(AND|OR|IS|NOT|NULL|TRUE|ANY|ILIKE|CASE|WHEN|THEN|ELSE|END|COLLATE|jsonb_typeof|` +
	`uuid|text|float8|timestamp|bool|jsonb|numeric|"C"|'[A-Za-z0-9_-]*'|'\^\[\+-\]\?\[0-9\]\{1,18\}\$'|\$[0-9]+|` +
	`<>|>=|<=|<|>|=|~|@>|\?\||->>|->|::|\[\]|\(|\)|,)$`)

var token = regexp.MustCompile(`\s+|'[^']*'|"[^"]*"|\$[0-9]+|[A-Za-z_][A-Za-z0-9_]*|->>|->|@>|\?\||<>|>=|<=|::|\[\]|.`)

func FuzzCompile(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, text string) {
		set, err := filter.Parse([]string{text})
		if err != nil {
			return
		}
		for _, in := range everyTable() {
			model := in.model.As("")
			args := filter.NewArgs(2)
			where, err := filter.Compile(model, set, args)
			if err != nil {
				require.ErrorAs(t, err, new(*filter.Error))
				continue
			}
			placeholders := map[string]bool{}
			for _, word := range token.FindAllString(where, -1) {
				if strings.HasPrefix(word, "$") {
					placeholders[word] = true
				}
				_, column := model.Columns[word]
				require.True(t, column || word == "data" || word == "summary" || strings.TrimSpace(word) == "" || vocabulary.MatchString(word),
					"%q in %s", word, where)
			}
			require.Len(t, placeholders, len(args.Values()))
			for i, value := range args.Values() {
				require.Contains(t, placeholders, "$"+strconv.Itoa(i+3))
				require.Condition(t, func() bool {
					switch value.(type) {
					case string, []string:
						return true
					}
					return false
				})
			}
		}
	})
}
