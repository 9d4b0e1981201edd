package config

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// readEnvironment takes each setting from the variables that name it. FLASK_<NAME> goes before <NAME>, as in Ibutsu.
func (l *loader) readEnvironment() {
	for _, s := range l.settings {
		l.readVariables(s)
	}
	l.readForeign()
	l.warnUnknown()
}

// found is a value of a setting and the variable that has it.
type found struct {
	name, text string
	weak       bool
}

func (l *loader) readVariables(s Setting) {
	var values []found
	for _, variable := range s.Env {
		if name, text, ok := l.lookup(s, variable.Name); ok {
			values = append(values, found{name, text, variable.Weak})
		}
	}
	if len(values) == 0 {
		return
	}
	best := values[0]
	if i := slices.IndexFunc(values, func(v found) bool { return !v.weak }); i >= 0 {
		best = values[i]
	}
	for _, other := range values {
		if !other.weak && !best.weak && !sameValue(s, best.text, other.text) {
			l.fail(fmt.Errorf("%s and %s contradict each other; set only one of them", best.name, other.name))
			return
		}
	}
	l.set(s, best.text, Origin{Level: LevelEnvironment, Name: best.name})
}

// lookup finds the value that a variable gives, be it in FLASK_NAME, in NAME, or in the file that NAME_FILE names.
func (l *loader) lookup(s Setting, name string) (from, text string, ok bool) {
	if text, ok := l.vars["FLASK_"+name]; ok {
		return "FLASK_" + name, flaskText(text), true
	}
	text, ok = l.vars[name]
	if ok && isServiceLink(name, text) {
		text, ok = servicePort(text), strings.HasPrefix(s.Name, "database_")
	}
	path, hasFile := l.vars[name+"_FILE"]
	switch {
	case !s.Secret || !hasFile:
		return name, preset(name, text), ok
	case ok:
		l.fail(fmt.Errorf("%s and %s_FILE contradict each other; set only one of them", name, name))
		return "", "", false
	}
	text, err := l.readSecret(path)
	if err != nil {
		l.fail(fmt.Errorf("%s_FILE: %w", name, err))
		return "", "", false
	}
	return name + "_FILE", text, true
}

// preset mends what a variable's owner means by it. systemd lists several folders with colons.
func preset(name, text string) string {
	if name == "STATE_DIRECTORY" {
		text, _, _ = strings.Cut(text, ":")
	}
	return text
}

// sameValue compares two texts as values: 30d is 2592000 for a setting that takes both.
func sameValue(s Setting, a, b string) bool {
	var x, y Config
	errA, errB := s.bind(&x).Set(a), s.bind(&y).Set(b)
	if errA != nil || errB != nil {
		return a == b
	}
	return s.Text(&x) == s.Text(&y)
}

// flaskText reads a value as Flask does: JSON if it is JSON, else as it stands.
func flaskText(text string) string {
	var parsed any
	if json.Unmarshal([]byte(text), &parsed) != nil {
		return text
	}
	switch parsed := parsed.(type) {
	case string:
		return parsed
	case bool:
		return strconv.FormatBool(parsed)
	default:
		return text
	}
}

// Kubernetes gives every pod variables for the services around it. A service called postgresql overwrites
// POSTGRESQL_PORT with tcp://10.0.0.7:5432, one called ibutsu adds IBUTSU_PORT and more.
var (
	serviceLink     = regexp.MustCompile(`^(tcp|udp|sctp)://[^/]+:(\d+)$`)
	serviceVariable = regexp.MustCompile(`_SERVICE_HOST$|_SERVICE_PORT(_|$)|_PORT_\d+_(TCP|UDP|SCTP)(_|$)`)
)

func isServiceLink(name, text string) bool {
	return (strings.HasSuffix(name, "_PORT") || name == "PORT") && serviceLink.MatchString(text)
}

func servicePort(text string) string { return serviceLink.FindStringSubmatch(text)[2] }

// readCredentials takes secrets from the folder of systemd's LoadCredential: a file called as the setting
// (jwt_secret or jwt-secret) or as one of its variables (JWT_SECRET).
func (l *loader) readCredentials() {
	folder, ok := l.vars["CREDENTIALS_DIRECTORY"]
	if !ok {
		return
	}
	for _, s := range l.settings {
		if !s.Secret {
			continue
		}
		names := []string{s.Name, strings.ReplaceAll(s.Name, "_", "-")}
		for _, variable := range s.Env {
			names = append(names, variable.Name)
		}
		for _, name := range names {
			text, err := l.readSecret(filepath.Join(folder, name))
			if err != nil {
				continue // not given by this name; a folder of credentials is readable or the unit does not start
			}
			l.set(s, text, Origin{Level: LevelCredential, Name: name})
			break
		}
	}
}

// ClientVariables are IBUTSU_ names that belong to the clients (`ibutsu push`, pytest-ibutsu, playwright-ibutsu) and to
// the tests of this project; the server knows them so that it does not warn of them.
func ClientVariables() []string {
	return []string{
		"IBUTSU_CONFIG", "IBUTSU_API", "IBUTSU_SERVER", "IBUTSU_URL", "IBUTSU_TOKEN", "IBUTSU_TOKEN_FILE", "IBUTSU_PROJECT",
		"IBUTSU_SOURCE", "IBUTSU_SPOOL", "IBUTSU_MODE", "IBUTSU_DATA", "IBUTSU_RUN_ID", "IBUTSU_NO_ARCHIVE",
		"IBUTSU_CA_BUNDLE", "IBUTSU_ENV_ID", "IBUTSU_COMPONENT", "IBUTSU_ENV",
	}
}

// warnUnknown points at IBUTSU_ names that nothing reads: a slip of the pen must not go unnoticed. An unknown
// IBUTSU_SUPERADMIN_ name ends the start, as in Ibutsu: it is about who rules the server.
func (l *loader) warnUnknown() {
	known := ClientVariables()
	for _, s := range l.settings {
		for _, variable := range s.Env {
			known = append(known, variable.Name)
			if s.Secret {
				known = append(known, variable.Name+"_FILE")
			}
		}
	}
	var unknown []string
	for name := range l.vars {
		plain := strings.TrimPrefix(name, "FLASK_")
		if strings.HasPrefix(plain, "IBUTSU_") && !strings.HasPrefix(plain, "IBUTSU_TEST_") &&
			!slices.Contains(known, plain) && !serviceVariable.MatchString(plain) && !isServiceLink(plain, l.vars[name]) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	for _, name := range unknown {
		hint := didYouMean(strings.TrimPrefix(name, "FLASK_"), known)
		if strings.HasPrefix(strings.TrimPrefix(name, "FLASK_"), "IBUTSU_SUPERADMIN_") {
			l.fail(fmt.Errorf("%s is not a setting%s; there are IBUTSU_SUPERADMIN_EMAIL, _PASSWORD, _NAME and _OWN_PROJECT", name, hint))
			continue
		}
		l.warnf("%s is not a setting and is ignored%s", name, hint)
	}
}
