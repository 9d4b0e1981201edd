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
	{"GUNICORN_MAX_REQUESTS*", "a backend does not grow with its requests; module_memory_max starts a worker anew that does, and GOMEMLIMIT bounds any process"},
	{"GUNICORN_TIMEOUT", "see read_timeout, write_timeout and statement_timeout"},
	{"GUNICORN_GRACEFUL_TIMEOUT", "see shutdown_grace"},
	{"GUNICORN_KEEPALIVE", "see idle_timeout"},
	{"GUNICORN_BIND", "see listen"},
	{"GUNICORN_*", "there is no Gunicorn; one process serves all cores, and GUNICORN_CMD_ARGS says what its options are called here"},
	{"UVICORN_*", "there is no Uvicorn: --host and --port are listen, --uds is a listen that begins with unix:, --forwarded-allow-ips is trusted_proxies, " +
		"--timeout-keep-alive is idle_timeout, --ssl-certfile and --ssl-keyfile are tls_cert and tls_key, --log-level is log_level"},
	{"APP_CONFIG", "there is no Gunicorn to configure; IBUTSU_CONFIG names a file with settings"},
	{"HAS_FRONTEND", "the page is in the server"},
	{"CELERY_TASK_TIME_LIMIT", "each kind of job has limits of its own; job_statement_timeout ends their statements"},
	{"CELERY_RESULT_EXPIRES", "each kind of job has limits of its own, and finished jobs are kept for hours"},
	{"CELERY_WORKER_MAX_TASKS_PER_CHILD", "a worker is started anew for its memory, not for its jobs; see module_memory_max"},
	{"CELERY_WORKER_MAX_MEMORY_PER_CHILD", "see module_memory_max, which has a unit"},
	{"CELERY_*", "there is no Celery; jobs are kept in PostgreSQL"},
	{"FLOWER_*", "there is no Flower; superadmins see the jobs in the page and the API, and their tokens open it"},
	{"REACT_APP_SERVER_URL", "the page is in the server and asks the address that it came from"},
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
		prefix, all := strings.CutSuffix(f.name, "*")
		for name := range l.vars {
			plain := strings.TrimPrefix(name, "FLASK_")
			fits := plain == f.name || all && strings.HasPrefix(plain, prefix)
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
