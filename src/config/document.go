package config

import (
	"fmt"
	"strings"
)

// Markdown is docs/configuration.md, made from the table of settings.
func Markdown() string {
	var b strings.Builder
	b.WriteString(markdownIntro)
	for _, group := range Groups() {
		fmt.Fprintf(&b, "\n## %s\n\n| setting | variables | form | default | meaning |\n| --- | --- | --- | --- | --- |\n", group)
		for _, s := range Settings() {
			if s.Group == group {
				fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", s.Name, s.markdownVariables(), s.Kind(), s.markdownDefault(), s.markdownHelp())
			}
		}
	}
	b.WriteString(markdownIgnored)
	return b.String()
}

func (s Setting) markdownVariables() string {
	names := make([]string, len(s.Env))
	for i, variable := range s.Env {
		names[i] = "`" + variable.Name + "`"
	}
	return strings.Join(names, " ")
}

func (s Setting) markdownDefault() string {
	switch {
	case s.Default != "":
		return "`" + s.Default + "`"
	case s.DefaultNote != "":
		return s.DefaultNote
	default:
		return "–"
	}
}

func (s Setting) markdownHelp() string {
	help := s.Help
	if s.Secret {
		help += ". Secret"
	}
	return help
}

const markdownIntro = `# Configuration

<!-- Made from src/config/settings.go by ` + "`go generate ./src/config`" + `; do not edit. -->

Every setting can be given in four places; later ones win:

1. its default;
2. a YAML file named by ` + "`--config FILE` or `IBUTSU_CONFIG`" + ` (none is looked for by itself), with lines such as ` + "`database_url: postgres://…`" + `;
   the variables below are accepted as keys too, so a ` + "`settings.yaml`" + ` of Ibutsu works as it is;
3. the environment, by any of the variables below; an empty variable counts as unset, and ` + "`FLASK_<NAME>`" + ` goes before ` + "`<NAME>`" + `;
4. a flag: the name with dashes, such as ` + "`--listen`" + `; ` + "`--state`" + ` for ` + "`state_dir`" + `.

Two variables of one setting with different values are an error. Second choices give way without a word: ` + "`POSTGRES_*`" + ` to
` + "`POSTGRESQL_*`" + `, and general names such as ` + "`PORT`, `LOG_LEVEL` and `STATE_DIRECTORY`" + ` to Ibutsu's own.

**Secrets** may also come from a file: ` + "`JWT_SECRET_FILE=/run/secrets/jwt`" + `, ` + "`jwt_secret_file:`" + ` in the file, ` + "`--jwt-secret-file`" + `, or a
systemd credential (` + "`LoadCredential=jwt_secret:…`" + `) called as the setting or as one of its variables. They are never
logged, and ` + "`ibutsu check-config`" + ` masks them.

**Forms.** Durations have a unit: ` + "`500ms`, `25s`, `5m`, `1h30m`, `30d`" + `. Sizes: ` + "`64MiB`, `2GB`, `1048576`" + `. Lists are written with
commas, in the file also as YAML lists.

` + "`ibutsu check-config`" + ` prints what is in force and where each value came from, and ends with status 1 when something is wrong.
`

var markdownIgnored = `
## Accepted and not used

| variable | why |
| --- | --- |
` + foreignTable() + `| ` + "`CELERY_BROKER_URL`, `CELERY_RESULT_BACKEND`" + ` beside ` + "`REDIS_URL`" + `, or with another broker than Redis | jobs are kept in PostgreSQL |

Any other ` + "`IBUTSU_…`" + ` variable is pointed out at start, with the name that was probably meant. The variables that Kubernetes
adds for services (` + "`POSTGRESQL_PORT=tcp://…`" + `) are recognised.
`
