package telemetry

import (
	"bytes"
	"encoding/json"
	"io"
	"regexp"
)

// PassOn is the one field that is never masked: a link that the operator has to hand on, where no mail is set up.
const PassOn = "pass_on"

// mask stands in place of a secret.
const mask = "********"

// leastSecret is the length from which known secrets are looked for in every line.
const leastSecret = 8

// redactor masks secrets in the JSON lines that pass through it: values of fields with telling names, bearer tokens and
// JWTs, passwords in URLs and in name=value texts, and the secrets of the configuration wherever they stand.
type redactor struct {
	out     io.Writer
	secrets [][]byte
}

func newRedactor(out io.Writer, secrets []string) *redactor {
	r := &redactor{out: out}
	for _, secret := range secrets {
		if len(secret) < leastSecret {
			continue
		}
		r.secrets = append(r.secrets, []byte(secret))
		if quoted, err := json.Marshal(secret); err == nil && string(quoted[1:len(quoted)-1]) != secret {
			r.secrets = append(r.secrets, quoted[1:len(quoted)-1])
		}
	}
	return r
}

// Write implements [io.Writer] for one line. It reports the length of p: the caller knows of no masking.
func (r *redactor) Write(p []byte) (int, error) {
	line := p
	for _, secret := range r.secrets {
		if bytes.Contains(line, secret) {
			line = bytes.ReplaceAll(line, secret, []byte(mask))
		}
	}
	if suspicious(line) {
		line = redact(line)
	}
	if _, err := r.out.Write(line); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Redact masks what looks like a secret in a text that is shown to people.
func Redact(text string) string {
	if !suspicious([]byte(text)) {
		return text
	}
	return string(redactText([]byte(text)))
}

// suspicious looks for the beginnings of what redact masks. Most lines have none and pass at the cost of one look at each
// byte: the access log writes thousands of them a second.
func suspicious(line []byte) bool {
	for i, c := range line {
		switch c | 0x20 {
		case 'a':
			if startsWith(line[i:], "authorization") || startsWith(line[i:], "api") && isKey(line[i+3:]) || startsWith(line[i:], "activat") {
				return true
			}
		case 'b':
			if startsWith(line[i:], "bearer") {
				return true
			}
		case 'c':
			if startsWith(line[i:], "cookie") || startsWith(line[i:], "credential") {
				return true
			}
		case 'e':
			if startsWith(line[i:], "eyj") {
				return true
			}
		case 'p':
			if startsWith(line[i:], "passw") || startsWith(line[i:], "private") {
				return true
			}
		case 's':
			if startsWith(line[i:], "secret") {
				return true
			}
		case 't':
			if startsWith(line[i:], "token") {
				return true
			}
		case ':':
			if startsWith(line[i:], "://") {
				return true
			}
		}
	}
	return false
}

// isKey tells whether the rest of an api… is key, _key or -key.
func isKey(b []byte) bool {
	return startsWith(b, "key") || startsWith(b, "_key") || startsWith(b, "-key")
}

// startsWith compares without regard to case; prefix is in lower case.
func startsWith(b []byte, prefix string) bool {
	if len(b) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		if b[i] != prefix[i] && b[i]|0x20 != prefix[i] {
			return false
		}
	}
	return true
}

const names = `[a-z0-9_-]*(?:passw(?:or)?d|secret|api[_-]?key|token|activation[_-]?code)`

var (
	secretName = regexp.MustCompile(`(?i)passw(or)?d|secret|authorization|cookie|credential|api[_-]?key|private[_-]?key|activation[_-]?code|token$`)
	bearer     = regexp.MustCompile(`(?i)(bearer) +[A-Za-z0-9._~+/=-]{12,}`)
	jwt        = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*`)
	urlPasswd  = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://[^\s:/@"\\]*):((?:\\.|[^\s"\\/?])+)@`)
	// assigned is a value in a text, password=x; quoted one in JSON, "token":"x", whose quotes may be escaped.
	assigned = regexp.MustCompile(`(?i)(` + names + `=)((?:\\.|[^\s"'\\&,;}])+)`)
	quoted   = regexp.MustCompile(`(?i)(` + names + `\\*["'] *: *\\*["'])((?:\\[^"'\\]|[^"'\\])+)`)
	codePath = regexp.MustCompile(`(/(?:login/activate|reset-password)/)[A-Za-z0-9_%=.-]+`)
)

func redactText(text []byte) []byte {
	text = bearer.ReplaceAll(text, []byte("${1} "+mask))
	text = jwt.ReplaceAll(text, []byte(mask))
	text = urlPasswd.ReplaceAll(text, []byte("${1}:"+mask+"@"))
	text = assigned.ReplaceAll(text, []byte("${1}"+mask))
	text = quoted.ReplaceAll(text, []byte("${1}"+mask))
	return codePath.ReplaceAll(text, []byte("${1}"+mask))
}

// redact walks the tokens of a JSON line. What is no JSON is treated as text.
func redact(line []byte) []byte {
	if len(line) == 0 || line[0] != '{' && line[0] != '[' {
		return redactText(line)
	}
	out := make([]byte, 0, len(line)+len(mask))
	for i := 0; i < len(line); {
		if line[i] != '"' {
			out = append(out, line[i])
			i++
			continue
		}
		end := stringEnd(line, i)
		if end < 0 { // not JSON, or cut off
			return redactText(line)
		}
		content := line[i+1 : end-1]
		if end >= len(line) || line[end] != ':' {
			out = append(append(append(out, '"'), redactText(content)...), '"')
			i = end
			continue
		}
		out = append(out, line[i:end+1]...)
		i = end + 1
		meant := string(content) == PassOn
		if !meant && !secretName.Match(content) {
			continue
		}
		if end = valueEnd(line, i); end < 0 {
			return redactText(line)
		}
		if meant || isEmptyValue(line[i:end]) {
			out = append(out, line[i:end]...)
		} else {
			out = append(out, `"`+mask+`"`...)
		}
		i = end
	}
	return out
}

// isEmptyValue tells values that hide nothing and help when seen: "no password" and true/false switches.
func isEmptyValue(value []byte) bool {
	switch string(value) {
	case `""`, "null", "true", "false":
		return true
	}
	return false
}

// stringEnd is the index behind the closing quote of the string that opens at i, or -1.
func stringEnd(line []byte, i int) int {
	for i++; i < len(line); i++ {
		switch line[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

// valueEnd is the index behind the JSON value that begins at i, or -1.
func valueEnd(line []byte, i int) int {
	depth := 0
	for i < len(line) {
		switch line[i] {
		case '"':
			end := stringEnd(line, i)
			if end < 0 || depth == 0 {
				return end
			}
			i = end
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return -1
}
