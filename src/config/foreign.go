package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// foreign are variables of Ibutsu's old set-ups that set nothing here, and why. A name that ends in * stands for all that
// begin so.
var foreign = []struct{ name, why string }{
	{"GUNICORN_PROCESSES", "one process serves all cores; GOMAXPROCS makes it use fewer"},
	{"WEB_CONCURRENCY", "one process serves all cores; GOMAXPROCS makes it use fewer"},
	{"GUNICORN_THREADS", "a process serves as many requests at a time as come; database_pool_max bounds what they ask of PostgreSQL"},
	{"GUNICORN_CMD_ARGS", "there is no Gunicorn: --bind is listen, --timeout is read_timeout and statement_timeout, --graceful-timeout is shutdown_grace, " +
		"--keep-alive is idle_timeout, --forwarded-allow-ips is trusted_proxies, --certfile and --keyfile are tls_cert and tls_key"},
	{"GUNICORN_*", "one process serves all cores"},
	{"APP_CONFIG", "there is no Gunicorn to configure; IBUTSU_CONFIG names a file with settings"},
	{"HAS_FRONTEND", "the page is in the server"},
	{"CELERY_TASK_TIME_LIMIT", "each kind of job has limits of its own; job_statement_timeout ends their statements"},
	{"CELERY_RESULT_EXPIRES", "each kind of job has limits of its own, and finished jobs are kept for hours"},
	{"CELERY_*", "there is no Celery; jobs are kept in PostgreSQL"},
	{"FLOWER_*", "there is no Flower; superadmins see the jobs in the page and the API, and their tokens open it"},
	{"SQLALCHEMY_ENGINE_OPTIONS", "see statement_timeout and database_pool_max"},
}

// readForeign says once what is accepted from Ibutsu's old set-ups and has no meaning here, and refuses what can have had
// none there either.
func (l *loader) readForeign() {
	for _, name := range []string{"GUNICORN_PROCESSES", "GUNICORN_THREADS", "WEB_CONCURRENCY"} {
		if text, ok := l.vars[name]; ok {
			if n, err := strconv.Atoi(strings.TrimSpace(text)); err != nil || n < 1 {
				l.fail(fmt.Errorf("%s is not a number above zero", name))
			}
		}
	}
	var known []string
	for _, s := range l.settings {
		for _, variable := range s.Env {
			known = append(known, variable.Name)
		}
	}
	said := map[string]bool{}
	for _, f := range foreign {
		var given []string
		prefix, any := strings.CutSuffix(f.name, "*")
		for name := range l.vars {
			plain := strings.TrimPrefix(name, "FLASK_")
			fits := plain == f.name || any && strings.HasPrefix(plain, prefix)
			if fits && !said[name] && !slices.Contains(known, strings.TrimSuffix(plain, "_FILE")) {
				given, said[name] = append(given, name), true
			}
		}
		if len(given) > 0 {
			slices.Sort(given)
			l.warnf("%s: not used; %s", strings.Join(given, ", "), f.why)
		}
	}
}

// foreignTable is what is accepted and not used, for the documentation.
func foreignTable() string {
	var b strings.Builder
	for _, f := range foreign {
		fmt.Fprintf(&b, "| `%s` | %s |\n", f.name, f.why)
	}
	return b.String()
}
