package config

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPrecedence(t *testing.T) {
	t.Parallel()
	in := fileInput(t, "listen: ':1'\nlog_level: warn\njwt_issuer: file\nbcrypt_cost: 5\n",
		"IBUTSU_LISTEN=:2", "IBUTSU_LOG_LEVEL=error", "JWT_ISSUER=env", "FLASK_JWT_ISSUER=flask")
	in.Flags = map[string]string{"listen": ":3"}
	loaded, err := Load(in)
	require.NoError(t, err)
	require.Equal(t, ":3", loaded.Config.Server.Listen)
	require.Equal(t, "error", loaded.Config.Log.Level)
	require.Equal(t, "flask", loaded.Config.SignIn.JWTIssuer)
	require.Equal(t, 5, loaded.Config.SignIn.BcryptCost)
	require.Equal(t, "flag --listen", loaded.Origin("listen").String())
	require.Equal(t, "environment IBUTSU_LOG_LEVEL", loaded.Origin("log_level").String())
	require.Equal(t, "environment FLASK_JWT_ISSUER", loaded.Origin("jwt_issuer").String())
	require.Equal(t, "file /etc/ibutsu.yaml line 4", loaded.Origin("bcrypt_cost").String())
	require.Equal(t, "default", loaded.Origin("mail_port").String())
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		environ []string
		want    map[string]string // setting → text
		err     []string          // parts of the error
		warning []string          // parts of the only warning
	}{
		"empty is unset":                    {environ: []string{"IBUTSU_LISTEN=", "USER_LOGIN_ENABLED="}, want: map[string]string{"listen": ":8080", "user_login_enabled": "true"}},
		"PORT":                              {environ: []string{"PORT=9000"}, want: map[string]string{"listen": ":9000", "backend_url": "http://127.0.0.1:9000"}},
		"PORT gives way":                    {environ: []string{"PORT=9000", "IBUTSU_LISTEN=[::]:1"}, want: map[string]string{"listen": "[::]:1", "backend_url": "http://127.0.0.1:1"}},
		"links follow listen":               {environ: []string{"IBUTSU_LISTEN=ci.example.com:80"}, want: map[string]string{"frontend_url": "http://ci.example.com:80"}},
		"a unix socket":                     {environ: []string{"IBUTSU_LISTEN=unix:/run/ibutsu.sock"}, want: map[string]string{"listen": "unix:/run/ibutsu.sock", "backend_url": "http://127.0.0.1:8080"}},
		"page follows the API":              {environ: []string{"BACKEND_URL=https://i.example.com/api"}, want: map[string]string{"backend_url": "https://i.example.com", "frontend_url": "https://i.example.com"}},
		"backend url with user":             {environ: []string{"BACKEND_URL=https://a:hidden@b"}, err: []string{"BACKEND_URL"}},
		"two names, same value":             {environ: []string{"JWT_LIFETIME_SECONDS=86400", "IBUTSU_JWT_LIFETIME=1d"}, want: map[string]string{"jwt_lifetime": "1d"}},
		"two names, two values":             {environ: []string{"DATABASE_URL=postgres://a/x", "SQLALCHEMY_DATABASE_URI=postgresql://b/x"}, err: []string{"DATABASE_URL", "SQLALCHEMY_DATABASE_URI", "contradict"}},
		"state from systemd":                {environ: []string{"STATE_DIRECTORY=/var/lib/ibutsu:/var/lib/other"}, want: map[string]string{"state_dir": "/var/lib/ibutsu"}},
		"flask value as JSON":               {environ: []string{`FLASK_JWT_ISSUER="quoted"`, "FLASK_USER_LOGIN_ENABLED=true", "FLASK_BCRYPT_LOG_ROUNDS=6"}, want: map[string]string{"jwt_issuer": "quoted", "user_login_enabled": "true", "bcrypt_cost": "6"}},
		"login enabled by first letter":     {environ: []string{"USER_LOGIN_ENABLED=Yellow"}, want: map[string]string{"user_login_enabled": "true"}},
		"login disabled by first letter":    {environ: []string{"USER_LOGIN_ENABLED=enabled"}, want: map[string]string{"user_login_enabled": "false"}},
		"slip of the pen":                   {environ: []string{"IBUTSU_LOGLEVEL=debug"}, warning: []string{"IBUTSU_LOGLEVEL", "did you mean IBUTSU_LOG_LEVEL?"}},
		"unknown name far from all":         {environ: []string{"IBUTSU_QQQQQQQQQQQQQQQQQQQQQ=1"}, warning: []string{"IBUTSU_QQQQQQQQQQQQQQQQQQQQQ is not a setting and is ignored"}},
		"names of the clients":              {environ: []string{"IBUTSU_TOKEN=x", "IBUTSU_PROJECT=y", "IBUTSU_CA_BUNDLE=z", "IBUTSU_TEST_DATABASE_URL=q", "IBUTSU_JWT_SECRET_FILE="}},
		"services of Kubernetes":            {environ: []string{"IBUTSU_PORT=tcp://10.0.0.1:80", "IBUTSU_SERVICE_HOST=10.0.0.1", "IBUTSU_SERVICE_PORT=80", "IBUTSU_SERVICE_PORT_HTTP=80", "IBUTSU_PORT_80_TCP=tcp://10.0.0.1:80", "IBUTSU_PORT_80_TCP_ADDR=10.0.0.1", "MAIL_PORT=tcp://10.0.0.2:25", "POSTGRESQL_PORT=tcp://10.0.0.7:5433"}, want: map[string]string{"mail_port": "25", "database_url": ""}},
		"service port of the database":      {environ: []string{"POSTGRESQL_PORT=tcp://10.0.0.7:5433", "POSTGRESQL_HOST=postgresql", "POSTGRESQL_DATABASE=ibutsu"}, want: map[string]string{"database_url": "postgres://postgresql:5433/ibutsu"}},
		"gunicorn":                          {environ: []string{"GUNICORN_THREADS=4", "GUNICORN_PROCESSES=4"}, warning: []string{"GUNICORN_PROCESSES: not used; one process serves all cores", "GUNICORN_THREADS: not used"}},
		"no number of workers":              {environ: []string{"GUNICORN_PROCESSES=many", "WEB_CONCURRENCY=0"}, err: []string{"GUNICORN_PROCESSES is not a number above zero", "WEB_CONCURRENCY is not a number above zero"}},
		"arguments of Gunicorn":             {environ: []string{"GUNICORN_CMD_ARGS=--bind :80", "GUNICORN_PID=x", "APP_CONFIG=config.py"}, warning: []string{"GUNICORN_CMD_ARGS: not used; there is no Gunicorn: --bind is listen", "GUNICORN_PID: not used", "APP_CONFIG: not used; there is no Gunicorn to configure; IBUTSU_CONFIG"}},
		"other settings of Celery":          {environ: []string{"CELERY_ACKS_LATE=1", "FLASK_CELERY_TIMEZONE=UTC", "FLOWER_BASIC_AUTH=a:b"}, warning: []string{"CELERY_ACKS_LATE, FLASK_CELERY_TIMEZONE: not used", "FLOWER_BASIC_AUTH: not used"}},
		"a certificate without its key":     {environ: []string{"IBUTSU_TLS_CERT=/c.pem"}, err: []string{"IBUTSU_TLS_KEY is missing"}},
		"a certificate":                     {environ: []string{"IBUTSU_TLS_CERT=/c.pem", "IBUTSU_TLS_KEY=/k.pem", "PORT=8443"}, want: map[string]string{"backend_url": "https://127.0.0.1:8443"}},
		"limits of Celery":                  {environ: []string{"CELERY_RESULT_EXPIRES=60", "CELERY_TASK_TIME_LIMIT=60"}, warning: []string{"CELERY_TASK_TIME_LIMIT: not used", "CELERY_RESULT_EXPIRES: not used"}},
		"engine options":                    {environ: []string{"SQLALCHEMY_ENGINE_OPTIONS={}"}, warning: []string{"SQLALCHEMY_ENGINE_OPTIONS: not used"}},
		"superadmin without e-mail":         {environ: []string{"IBUTSU_SUPERADMIN_PASSWORD=x"}, err: []string{"IBUTSU_SUPERADMIN_EMAIL is missing", "IBUTSU_SUPERADMIN_PASSWORD"}},
		"unknown superadmin setting":        {environ: []string{"IBUTSU_SUPERADMIN_EMAIL=a@b", "IBUTSU_SUPERADMIN_PASWORD=x"}, err: []string{"IBUTSU_SUPERADMIN_PASWORD is not a setting (did you mean IBUTSU_SUPERADMIN_PASSWORD?)"}},
		"two kinds of TLS":                  {environ: []string{"MAIL_USE_TLS=1", "MAIL_USE_SSL=1"}, err: []string{"MAIL_USE_TLS", "MAIL_USE_SSL", "contradict"}},
		"mail password without user":        {environ: []string{"MAIL_PASSWORD=x"}, err: []string{"MAIL_USERNAME is missing", "MAIL_PASSWORD"}},
		"sender from user":                  {environ: []string{"MAIL_USERNAME=a@b.c"}, want: map[string]string{"mail_default_sender": "a@b.c"}},
		"keycloak without address":          {environ: []string{"KEYCLOAK_CLIENT_ID=x", "KEYCLOAK_REALM=r"}, warning: []string{"KEYCLOAK_BASE_URL is missing"}},
		"keycloak without client":           {environ: []string{"KEYCLOAK_BASE_URL=https://kc"}, warning: []string{"KEYCLOAK_CLIENT_ID is missing"}},
		"keycloak without realm":            {environ: []string{"KEYCLOAK_BASE_URL=https://kc", "KEYCLOAK_CLIENT_ID=x"}, warning: []string{"KEYCLOAK_REALM is missing"}},
		"gitlab without address":            {environ: []string{"GITLAB_CLIENT_ID=x"}, warning: []string{"GITLAB_BASE_URL is missing"}},
		"several faults are all told":       {environ: []string{"IBUTSU_LISTEN=x", "BCRYPT_LOG_ROUNDS=99"}, err: []string{"IBUTSU_LISTEN is not HOST:PORT", "\nBCRYPT_LOG_ROUNDS is not a whole number from 4 to 31"}},
		"old name as the broker":            {environ: []string{"CELERY_BROKER_URL=redis://r"}, want: map[string]string{"redis_url": "redis://r:6379"}},
		"old name as the backend":           {environ: []string{"CELERY_BROKER_URL=amqp://r", "CELERY_RESULT_BACKEND=redis://r:1/2"}, want: map[string]string{"redis_url": "redis://r:1/2"}},
		"broker and backend on one server":  {environ: []string{"CELERY_BROKER_URL=redis://r/0", "CELERY_RESULT_BACKEND=redis://r:6379/1"}, want: map[string]string{"redis_url": "redis://r:6379/0"}},
		"broker and backend on two servers": {environ: []string{"CELERY_BROKER_URL=redis://r", "CELERY_RESULT_BACKEND=redis://q"}, err: []string{"CELERY_BROKER_URL", "CELERY_RESULT_BACKEND", "REDIS_URL"}},
		"redis goes before the old names":   {environ: []string{"REDIS_URL=redis://x", "CELERY_BROKER_URL=redis://r", "CELERY_RESULT_BACKEND=redis://q"}, want: map[string]string{"redis_url": "redis://x:6379"}, warning: []string{"CELERY_BROKER_URL and CELERY_RESULT_BACKEND: not used", "REDIS_URL"}},
		"another broker":                    {environ: []string{"CELERY_BROKER_URL=amqp://u:p@r"}, want: map[string]string{"redis_url": ""}, warning: []string{"CELERY_BROKER_URL: not used"}},
		"broken broker":                     {environ: []string{"CELERY_BROKER_URL=redis://"}, err: []string{"CELERY_BROKER_URL has no host"}},
		"redis by sentinels":                {environ: []string{"REDIS_URL=redis://:p@s1/0?addr=s2:26379&master_set=m&sentinel_password=q"}, want: map[string]string{"redis_url": "redis://:p@s1:6379/0?addr=s2%3A26379&master_set=m&sentinel_password=q"}},
		"redis by TLS":                      {environ: []string{"REDIS_URL=rediss://r?ssl_ca_certs=/ca.pem&ssl_cert_reqs=CERT_REQUIRED"}, want: map[string]string{"redis_url": "rediss://r:6379?ssl_ca_certs=%2Fca.pem"}},
		"old name with options of Celery":   {environ: []string{"CELERY_BROKER_URL=rediss://r?ssl_cert_reqs=CERT_NONE&health_check_interval=5"}, want: map[string]string{"redis_url": "rediss://r:6379?ssl_cert_reqs=none"}},
		"redis with an unknown parameter":   {environ: []string{"REDIS_URL=redis://:p@r?master=m"}, err: []string{"REDIS_URL has the parameter master, which is none of addr, master_set"}},
		"redis with a second host alone":    {environ: []string{"REDIS_URL=redis://r?addr=s"}, err: []string{"REDIS_URL has an addr that is not host:port"}},
		"redis with TLS in the clear":       {environ: []string{"REDIS_URL=redis://r?ssl_cert_reqs=none"}, err: []string{"REDIS_URL has parameters of TLS; write rediss://"}},
		"redis with half a certificate":     {environ: []string{"REDIS_URL=rediss://r?ssl_keyfile=/k"}, err: []string{"REDIS_URL has only one of ssl_certfile and ssl_keyfile"}},
		"redis with TLS of another kind":    {environ: []string{"REDIS_URL=rediss://r?ssl_cert_reqs=optional"}, err: []string{"REDIS_URL has an ssl_cert_reqs that is neither"}},
		"redis with sentinels without name": {environ: []string{"REDIS_URL=redis://r?sentinel_password=x"}, err: []string{"REDIS_URL has a user or password of sentinels but no master_set"}},
		"broken backend":                    {environ: []string{"CELERY_RESULT_BACKEND=redis://h/zero"}, err: []string{"CELERY_RESULT_BACKEND has a database"}},
		"parts":                             {environ: []string{"POSTGRESQL_HOSTNAME=h", "POSTGRESQL_DB=d", "POSTGRESQL_USER=u", "POSTGRESQL_PASSWORD=p@/:w", "POSTGRESQL_SSLMODE=require"}, want: map[string]string{"database_url": "postgres://u:p%40%2F%3Aw@h:5432/d?sslmode=require"}},
		"parts, second choice":              {environ: []string{"POSTGRES_HOST=h", "POSTGRES_DB=d", "POSTGRES_USER=u", "POSTGRESQL_USER=first"}, want: map[string]string{"database_url": "postgres://first@h:5432/d"}},
		"parts with a socket":               {environ: []string{"POSTGRESQL_HOST=/run/postgresql", "POSTGRESQL_DATABASE=d"}, want: map[string]string{"database_url": "postgres:///d?host=%2Frun%2Fpostgresql&port=5432"}},
		"parts with a port in the host":     {environ: []string{"POSTGRESQL_HOST=h:99", "POSTGRESQL_DATABASE=d"}, want: map[string]string{"database_url": "postgres://h:99/d"}},
		"parts with a wrong host":           {environ: []string{"POSTGRESQL_HOST=h@x", "POSTGRESQL_DATABASE=d"}, err: []string{"POSTGRESQL_HOST has a host"}},
		"parts without a host":              {environ: []string{"POSTGRESQL_DATABASE=d"}, err: []string{"POSTGRESQL_HOST is missing", "POSTGRESQL_DATABASE"}},
		"parts without a name":              {environ: []string{"POSTGRES_HOST=h"}, err: []string{"POSTGRESQL_DATABASE is missing", "POSTGRES_HOST"}},
		"url and parts that agree":          {environ: []string{"DATABASE_URL=postgres://u@h/d", "POSTGRES_USER=u", "POSTGRES_DB=d", "POSTGRES_PASSWORD=p"}, want: map[string]string{"database_url": "postgres://u@h/d"}},
		"url goes before parts":             {environ: []string{"SQLALCHEMY_DATABASE_URI=postgres://h/d", "POSTGRESQL_HOST=other"}, want: map[string]string{"database_url": "postgres://h/d"}, warning: []string{"SQLALCHEMY_DATABASE_URI goes before POSTGRESQL_HOST"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			loaded, err := Load(Input{Environ: tc.environ})
			if tc.err != nil {
				require.Error(t, err)
				for _, part := range tc.err {
					require.ErrorContains(t, err, part)
				}
				return
			}
			require.NoError(t, err)
			for name, want := range tc.want {
				s, ok := Find(name)
				require.True(t, ok, name)
				require.Equal(t, want, s.Text(&loaded.Config), name)
			}
			warnings := loaded.Warnings
			if tc.warning == nil {
				require.Empty(t, warnings)
				return
			}
			require.LessOrEqual(t, len(warnings), len(tc.warning))
			for _, part := range tc.warning {
				require.Contains(t, strings.Join(warnings, "\n"), part)
			}
		})
	}
}

func TestSecretsFromFiles(t *testing.T) {
	t.Parallel()
	read := files(map[string]string{
		"/run/jwt": "from-file\n", "/cred/jwt-secret": "from-credential", "/cred/MAIL_PASSWORD": "mail", "/big": strings.Repeat("x", 70<<10),
	})
	for name, tc := range map[string]struct {
		environ         []string
		secret, err     string
		wantOriginLevel Level
	}{
		"variable":                    {environ: []string{"JWT_SECRET_FILE=/run/jwt"}, secret: "from-file", wantOriginLevel: LevelEnvironment},
		"credential":                  {environ: []string{"CREDENTIALS_DIRECTORY=/cred", "MAIL_USERNAME=u"}, secret: "from-credential", wantOriginLevel: LevelCredential},
		"variable goes before":        {environ: []string{"CREDENTIALS_DIRECTORY=/cred", "MAIL_USERNAME=u", "JWT_SECRET=direct"}, secret: "direct", wantOriginLevel: LevelEnvironment},
		"variable and its file":       {environ: []string{"JWT_SECRET=a", "JWT_SECRET_FILE=/run/jwt"}, err: "JWT_SECRET and JWT_SECRET_FILE contradict"},
		"file is missing":             {environ: []string{"JWT_SECRET_FILE=/nowhere"}, err: "JWT_SECRET_FILE: the file cannot be read: /nowhere"},
		"file is no secret":           {environ: []string{"JWT_SECRET_FILE=/big"}, err: "JWT_SECRET_FILE: the file is larger"},
		"two files of two names":      {environ: []string{"JWT_SECRET_FILE=/run/jwt", "IBUTSU_JWT_SECRET_FILE=/cred/jwt-secret"}, err: "contradict"},
		"not for what is no secret":   {environ: []string{"JWT_SECRET=x", "JWT_ISSUER_FILE=/run/jwt"}, secret: "x", wantOriginLevel: LevelEnvironment},
		"credentials folder is empty": {environ: []string{"CREDENTIALS_DIRECTORY=/nothing", "JWT_SECRET=y"}, secret: "y", wantOriginLevel: LevelEnvironment},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			loaded, err := Load(Input{Environ: tc.environ, ReadFile: read})
			if tc.err != "" {
				require.ErrorContains(t, err, tc.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tc.secret, loaded.Config.SignIn.JWTSecret.Reveal())
			require.Equal(t, tc.wantOriginLevel, loaded.Origin("jwt_secret").Level)
		})
	}
}

func TestFile(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		content, setting, want, err, warning string
	}{
		"empty":                  {content: "", setting: "listen", want: ":8080"},
		"comments only":          {content: "# nothing\n", setting: "listen", want: ":8080"},
		"null":                   {content: "listen: null\n", setting: "listen", want: ":8080"},
		"number":                 {content: "database_port: 05433\n", setting: "database_port", want: "5433"},
		"bare no":                {content: "migrate_on_start: no\n", setting: "migrate_on_start", want: "false"},
		"list":                   {content: "cors_origins:\n  - https://a\n  - https://b\n", setting: "cors_origins", want: "https://a,https://b"},
		"Ibutsu's settings":      {content: "POSTGRESQL_HOST: localhost\nPOSTGRESQL_DATABASE: ibutsu\nPOSTGRESQL_USER: ibutsu\nPOSTGRESQL_PASSWORD: ibutsu\n", setting: "database_url", want: "postgres://ibutsu:ibutsu@localhost:5432/ibutsu"},
		"Flask's settings":       {content: "SECRET_KEY: x\n", setting: "listen", want: ":8080", warning: "/etc/ibutsu.yaml line 1: SECRET_KEY is not used here"},
		"unknown":                {content: "\nlisten_addr: ':1'\n", err: "/etc/ibutsu.yaml line 2: listen_addr is not a setting"},
		"slip of the pen":        {content: "log_levl: debug\n", err: "(did you mean log_level?)"},
		"twice by two names":     {content: "jwt_issuer: a\nJWT_ISSUER: b\n", err: "line 2: JWT_ISSUER sets what jwt_issuer already set"},
		"map":                    {content: "listen: {host: x}\n", err: "line 1: listen must be one value"},
		"list of maps":           {content: "cors_origins: [{a: b}]\n", err: "must be one value"},
		"not a map":              {content: "- a\n", err: "/etc/ibutsu.yaml: is not a list of lines"},
		"two documents":          {content: "listen: ':1'\n---\nlisten: ':2'\n", err: "several documents"},
		"set twice":              {content: "listen: ':1'\nlisten: ':2'\n", err: "/etc/ibutsu.yaml"},
		"not YAML":               {content: "a: [\n", err: "/etc/ibutsu.yaml: is not YAML"},
		"too large":              {content: strings.Repeat("#", 1<<20+1), err: "larger than 1 MiB"},
		"wrong value":            {content: "listen: nowhere\n", err: "listen in /etc/ibutsu.yaml line 1 is not HOST:PORT"},
		"secret in a file":       {content: "jwt_secret_file: /run/jwt\n", setting: "jwt_secret", want: "k"},
		"secret in a file, old":  {content: "JWT_SECRET_FILE: /run/jwt\n", setting: "jwt_secret", want: "k"},
		"secret in no file":      {content: "jwt_secret_file: /run/none\n", err: "line 1: jwt_secret_file: the file cannot be read"},
		"alias":                  {content: "jwt_issuer: &x me\nplugin_dir: *x\n", setting: "plugin_dir", want: "me"},
		"file suffix, no secret": {content: "jwt_issuer_file: /run/jwt\n", err: "jwt_issuer_file is not a setting"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			loaded, err := Load(Input{
				Environ:  []string{"IBUTSU_CONFIG=/etc/ibutsu.yaml"},
				ReadFile: files(map[string]string{"/etc/ibutsu.yaml": tc.content, "/run/jwt": "k\n"}),
			})
			if tc.err != "" {
				require.ErrorContains(t, err, tc.err)
				return
			}
			require.NoError(t, err)
			s, _ := Find(tc.setting)
			require.Equal(t, tc.want, s.Text(&loaded.Config))
			require.Equal(t, tc.warning, strings.Join(loaded.Warnings, "\n"))
		})
	}
}

func TestMissingFile(t *testing.T) {
	t.Parallel()
	_, err := Load(Input{File: "/nowhere.yaml", ReadFile: files(nil)})
	require.EqualError(t, err, "configuration file: /nowhere.yaml: file does not exist")
}

func TestSecretsAreNeverShown(t *testing.T) {
	t.Parallel()
	loaded, err := Load(Input{Environ: []string{
		"JWT_SECRET=hunter2", "DATABASE_URL=postgres://u:hunter2@h/d", "REDIS_URL=redis://:hunter2@h", "GITHUB_CLIENT_SECRET=hunter2",
	}})
	require.NoError(t, err)
	c := loaded.Config
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		require.NotContains(t, fmt.Sprintf(verb, c), "hunter2", verb)
		require.NotContains(t, fmt.Sprintf(verb, c.SignIn.JWTSecret), "hunter2", verb)
	}
	inside, err := json.Marshal(c.SignIn)
	require.NoError(t, err)
	require.NotContains(t, string(inside), "hunter2")
	for _, s := range Settings() {
		require.NotContains(t, s.Shown(&c), "hunter2", s.Name)
	}
	url, _ := Find("database_url")
	require.Equal(t, "postgres://u:"+Mask+"@h/d", url.Shown(&c))
	redis, _ := Find("redis_url")
	require.Equal(t, "redis://:"+Mask+"@h:6379", redis.Shown(&c))
	c.Redis.URL = "redis://h:6379?master_set=m&sentinel_password=hunter2"
	require.Equal(t, Mask, redis.Shown(&c))
	secret, _ := Find("jwt_secret")
	require.Equal(t, Mask, secret.Shown(&c))
}

func TestSecretsForTheLog(t *testing.T) {
	t.Parallel()
	loaded, err := Load(Input{Environ: []string{"JWT_SECRET=jwt", "DATABASE_URL=postgres://u:p%40@h/d"}})
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"jwt", "postgres://u:p%40@h/d", "p@"}, loaded.Config.Secrets())
}

func TestPasswordInTheQueryOfAURLIsMasked(t *testing.T) {
	t.Parallel()
	loaded, err := Load(Input{Environ: []string{"DATABASE_URL=postgres://h/d?user=u&password=hunter2&sslpassword=hunter2"}})
	require.NoError(t, err)
	url, _ := Find("database_url")
	require.NotContains(t, url.Shown(&loaded.Config), "hunter2")
}

func TestHandover(t *testing.T) {
	t.Parallel()
	loaded, err := Load(Input{DefaultStateDir: "/state", Environ: []string{
		"DATABASE_URL=postgres://u:p%40@h:1/d?sslmode=disable", "REDIS_URL=unix:///run/redis.sock?db=3", "JWT_SECRET=s\"{}\n", "IBUTSU_LISTEN=:1",
		"IBUTSU_SUPERADMIN_EMAIL=a@b", "IBUTSU_TRUSTED_PROXIES=none", "IBUTSU_KEEP_RUNS=36h", "IBUTSU_LIMIT_UPLOAD=1234567", "MAIL_USE_TLS=yes",
	}})
	require.NoError(t, err)
	wire, err := json.Marshal(loaded.Config)
	require.NoError(t, err)
	var got Config
	require.NoError(t, json.Unmarshal(wire, &got))
	require.Equal(t, loaded.Config, got)

	for text, want := range map[string]string{
		`{"listen": "x"}`:   "listen is not HOST:PORT",
		`{"colour": "red"}`: "colour is not a setting",
		`[]`:                "reading a configuration",
	} {
		require.ErrorContains(t, json.Unmarshal([]byte(text), &got), want)
	}
	require.Equal(t, loaded.Config, got, "a failed reading leaves the configuration alone")
}
