package config

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOldVariables has every variable that set-ups of Ibutsu 3.1.1 give to backend, worker, scheduler and Flower: it is
// understood, refused with a sentence, or answered with one that says what there is instead.
func TestOldVariables(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		variables string // those that are given together, with blanks between
		understood,
		warned,
		refused string
	}{
		{variables: "SQLALCHEMY_DATABASE_URI=postgresql+psycopg2://u@h/d", understood: "database_url"},
		{variables: "POSTGRESQL_HOST=h POSTGRESQL_DATABASE=d", understood: "database_url"},
		{variables: "POSTGRESQL_HOSTNAME=h POSTGRESQL_DB=d", understood: "database_url"},
		{variables: "POSTGRES_HOST=h POSTGRES_DATABASE=d", understood: "database_url"},
		{variables: "POSTGRES_HOSTNAME=h POSTGRES_DB=d", understood: "database_url"},
		{variables: "POSTGRESQL_PORT=99", understood: "database_port"},
		{variables: "POSTGRES_PORT=99", understood: "database_port"},
		{variables: "POSTGRESQL_USER=u", understood: "database_user"},
		{variables: "POSTGRES_USER=u", understood: "database_user"},
		{variables: "POSTGRESQL_PASSWORD=p", understood: "database_password"},
		{variables: "POSTGRES_PASSWORD=p", understood: "database_password"},
		{variables: "POSTGRESQL_SSLMODE=require", understood: "database_sslmode"},
		{variables: "POSTGRES_SSLMODE=require", understood: "database_sslmode"},
		{variables: "SQLALCHEMY_ENGINE_OPTIONS={}", warned: "see statement_timeout"},
		{variables: "CELERY_BROKER_URL=redis://h", understood: "redis_url"},
		{variables: "CELERY_RESULT_BACKEND=redis://h", understood: "redis_url"},
		{variables: "CELERY_RESULT_BACKEND_URL=redis://h", understood: "redis_url"},
		{variables: "CELERY_WORKER_CONCURRENCY=4", understood: "worker_concurrency"},
		{variables: "CELERY_WORKER_CONCURRENCY=none", refused: "CELERY_WORKER_CONCURRENCY is not a whole number"},
		{variables: "CELERY_TASK_TIME_LIMIT=60", warned: "job_statement_timeout"},
		{variables: "CELERY_RESULT_EXPIRES=60", warned: "finished jobs"},
		{variables: "CELERY_WORKER_MAX_TASKS_PER_CHILD=100", warned: "module_memory_max"},
		{variables: "CELERY_WORKER_MAX_MEMORY_PER_CHILD=100", warned: "module_memory_max"},
		{variables: "CELERY_ANYTHING=1", warned: "jobs are kept in PostgreSQL"},
		{variables: "JWT_SECRET=s", understood: "jwt_secret"},
		{variables: "JWT_ISSUER=i", understood: "jwt_issuer"},
		{variables: "JWT_LIFETIME_SECONDS=60", understood: "jwt_lifetime"},
		{variables: "JWT_LIFETIME_SECONDS=never", refused: "JWT_LIFETIME_SECONDS is not"},
		{variables: "BCRYPT_LOG_ROUNDS=5", understood: "bcrypt_cost"},
		{variables: "BACKEND_URL=http://b", understood: "backend_url"},
		{variables: "FRONTEND_URL=http://f", understood: "frontend_url"},
		{variables: "IBUTSU_SUPERADMIN_EMAIL=a@b IBUTSU_SUPERADMIN_PASSWORD=p", understood: "superadmin_email"},
		{variables: "IBUTSU_SUPERADMIN_EMAIL=a@b IBUTSU_SUPERADMIN_NAME=n", understood: "superadmin_name"},
		{variables: "IBUTSU_SUPERADMIN_EMAIL=a@b IBUTSU_SUPERADMIN_OWN_PROJECT=o", understood: "superadmin_own_project"},
		{variables: "IBUTSU_SUPERADMIN_EMAIL=a@b IBUTSU_SUPERADMIN_TEAM=t", refused: "IBUTSU_SUPERADMIN_TEAM is not a setting"},
		{variables: "USER_LOGIN_ENABLED=off", understood: "user_login_enabled"},
		{variables: "KEYCLOAK_CLIENT_ID=c KEYCLOAK_BASE_URL=http://k KEYCLOAK_REALM=r", understood: "keycloak_client_id"},
		{variables: "KEYCLOAK_AUTH_PATH=auth", understood: "keycloak_auth_path"},
		{variables: "KEYCLOAK_NAME=n", understood: "keycloak_name"},
		{variables: "KEYCLOAK_ICON=i", understood: "keycloak_icon"},
		{variables: "KEYCLOAK_VERIFY_SSL=no", understood: "keycloak_verify_ssl"},
		{variables: "GOOGLE_CLIENT_ID=c", understood: "google_client_id"},
		{variables: "GITHUB_CLIENT_ID=c GITHUB_CLIENT_SECRET=s", understood: "github_client_secret"},
		{variables: "GITLAB_CLIENT_ID=c GITLAB_CLIENT_SECRET=s GITLAB_BASE_URL=http://g", understood: "gitlab_base_url"},
		{variables: "FACEBOOK_APP_ID=c", understood: "facebook_app_id"},
		{variables: "GOOGLE_AUTH_URL=http://a", understood: "google_auth_url"},
		{variables: "GITHUB_TOKEN_URL=http://t", understood: "github_token_url"},
		{variables: "MAIL_SERVER=m", understood: "mail_server"},
		{variables: "MAIL_PORT=587", understood: "mail_port"},
		{variables: "MAIL_USE_TLS=true", understood: "mail_use_tls"},
		{variables: "MAIL_USE_SSL=true", understood: "mail_use_ssl"},
		{variables: "MAIL_USERNAME=u MAIL_PASSWORD=p", understood: "mail_password"},
		{variables: "MAIL_DEFAULT_SENDER=a@b", understood: "mail_default_sender"},
		{variables: "MAIL_SUPPRESS_SEND=true", understood: "mail_suppress_send"},
		{variables: "MAIL_TIMEOUT=5", understood: "mail_timeout"},
		{variables: "PORT=9", understood: "listen"},
		{variables: "PORT=high", refused: "PORT is not"},
		{variables: "FLASK_JWT_ISSUER=i", understood: "jwt_issuer"},
		{variables: "FORWARDED_ALLOW_IPS=10.1.0.0/16", understood: "trusted_proxies"},
		{variables: "APP_CONFIG=config.py", warned: "IBUTSU_CONFIG names a file"},
		{variables: "HAS_FRONTEND=true", warned: "the page is in the server"},
		{variables: "REACT_APP_SERVER_URL=http://b/api", warned: "the page is in the server"},
		{variables: "GUNICORN_PROCESSES=4", warned: "one process serves all cores"},
		{variables: "GUNICORN_PROCESSES=many", refused: "GUNICORN_PROCESSES is not a number above zero"},
		{variables: "GUNICORN_THREADS=4", warned: "database_pool_max"},
		{variables: "GUNICORN_THREADS=0", refused: "GUNICORN_THREADS is not a number above zero"},
		{variables: "WEB_CONCURRENCY=4", warned: "one process serves all cores"},
		{variables: "WEB_CONCURRENCY=-1", refused: "WEB_CONCURRENCY is not a number above zero"},
		{variables: "GUNICORN_MAX_REQUESTS=1000 GUNICORN_MAX_REQUESTS_JITTER=50", warned: "module_memory_max"},
		{variables: "GUNICORN_TIMEOUT=30", warned: "read_timeout"},
		{variables: "GUNICORN_GRACEFUL_TIMEOUT=30", warned: "shutdown_grace"},
		{variables: "GUNICORN_KEEPALIVE=5", warned: "idle_timeout"},
		{variables: "GUNICORN_BIND=0.0.0.0:8080", warned: "see listen"},
		{variables: "GUNICORN_CMD_ARGS=--workers", warned: "--bind is listen"},
		{variables: "GUNICORN_ANYTHING=1", warned: "there is no Gunicorn"},
		{variables: "UVICORN_PORT=8000", warned: "--host and --port are listen"},
		{variables: "FLOWER_BASIC_AUTH=u:p", warned: "there is no Flower"},
		{variables: "FLASK_FLOWER_BASIC_AUTH=u:p", warned: "there is no Flower"},
		// Of the scripts around it: nothing that it would be an error to leave set.
		{variables: "PYTHONUNBUFFERED=yes COLUMNS=80 SQLALCHEMY_WARN_20=1 HOME=/ NODE_ENV=production PGDATA=/x REDIS_PASSWORD=p"},
	} {
		t.Run(tc.variables, func(t *testing.T) {
			t.Parallel()
			loaded, err := Load(Input{Environ: strings.Fields(tc.variables)})
			if tc.refused != "" {
				require.ErrorContains(t, err, tc.refused)
				return
			}
			if err != nil && strings.HasPrefix(tc.understood, "database_") {
				require.ErrorContains(t, err, "is missing") // the other parts
				return
			}
			require.NoError(t, err)
			warnings := strings.Join(loaded.Warnings, "\n")
			switch {
			case tc.understood != "":
				require.Equal(t, LevelEnvironment, loaded.Origin(tc.understood).Level, warnings)
				require.NotContains(t, warnings, "not used")
			case tc.warned != "":
				require.Contains(t, warnings, tc.warned)
				require.Len(t, loaded.Warnings, 1, "said once")
			default:
				require.Empty(t, warnings)
			}
		})
	}
}
