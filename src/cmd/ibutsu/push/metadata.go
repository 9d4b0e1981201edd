package push

import (
	"errors"
	"fmt"
	"strings"
)

// Metadata builds the metadata of the runs from key=value texts; dots in a key nest (jenkins.job_name=x). What the
// environment of a CI job says goes below that.
func Metadata(pairs []string, getenv func(string) string) (map[string]any, error) {
	data := fromCI(getenv)
	for _, pair := range pairs {
		key, text, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("%q is not key=value", pair)
		}
		if err := put(data, strings.Split(key, "."), text); err != nil {
			return nil, fmt.Errorf("%q: %w", pair, err)
		}
	}
	if len(data) == 0 {
		return nil, nil
	}
	return data, nil
}

func put(data map[string]any, keys []string, text string) error {
	for _, key := range keys[:len(keys)-1] {
		inner, ok := data[key].(map[string]any)
		if !ok {
			if _, taken := data[key]; taken {
				return fmt.Errorf("%s is a value already and cannot have parts", key)
			}
			inner = map[string]any{}
			data[key] = inner
		}
		data = inner
	}
	last := keys[len(keys)-1]
	if last == "" {
		return errors.New("a part of the key is empty")
	}
	data[last] = text
	return nil
}

// fromCI is what the other clients of Ibutsu take from the environment.
func fromCI(getenv func(string) string) map[string]any {
	data := map[string]any{}
	if job, build := getenv("JOB_NAME"), getenv("BUILD_NUMBER"); job != "" && build != "" {
		jenkins := map[string]any{"job_name": job, "build_number": build}
		if url := getenv("BUILD_URL"); url != "" {
			jenkins["build_url"] = url
		}
		data["jenkins"] = jenkins
	}
	if id := getenv("IBUTSU_ENV_ID"); id != "" {
		data["env_id"] = id
	}
	return data
}

// Words splits a text at blanks; quotes and backslashes keep blanks, as in a shell.
func Words(text string) ([]string, error) {
	var words []string
	var word strings.Builder
	inWord := false
	quote := rune(0)
	escaped := false
	for _, r := range text {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quote != '\'':
			escaped, inWord = true, true
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '"' || r == '\'':
			quote, inWord = r, true
		case r == ' ' || r == '\t' || r == '\n':
			if inWord {
				words = append(words, word.String())
				word.Reset()
				inWord = false
			}
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	if quote != 0 || escaped {
		return nil, errors.New("a quote is not closed")
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}
