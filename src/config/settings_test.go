package config

import (
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// option says for one setting what a text means, and which text is refused ("" when every text is good).
type option struct {
	text string
	get  func(*Config) any
	want any
	bad  string
}

func options() map[string]option {
	return map[string]option{
		"listen":          {"0.0.0.0:9000", func(c *Config) any { return c.Server.Listen }, "0.0.0.0:9000", "localhost"},
		"backend_url":     {"https://api.example.com/api/", func(c *Config) any { return c.Server.BackendURL }, "https://api.example.com", "api.example.com"},
		"frontend_url":    {"https://example.com/", func(c *Config) any { return c.Server.FrontendURL }, "https://example.com", "ftp://example.com"},
		"state_dir":       {"/srv/ibutsu", func(c *Config) any { return c.Server.StateDir }, "/srv/ibutsu", ""},
		"cache_answers":   {"false", func(c *Config) any { return c.Server.CacheAnswers }, false, "sometimes"},
		"plugin_dir":      {"/srv/plugins", func(c *Config) any { return c.Server.PluginDir }, "/srv/plugins", ""},
		"trusted_proxies": {"10.1.2.3/8, 192.0.2.1", func(c *Config) any { return c.Server.TrustedProxies }, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.1/32")}, "*"},
		"cors_origins":    {"https://a.example, https://b.example", func(c *Config) any { return c.Server.CORSOrigins }, []string{"https://a.example", "https://b.example"}, ""},
		"read_timeout":    {"90s", func(c *Config) any { return c.Server.ReadTimeout }, 90 * time.Second, "90"},
		"write_timeout":   {"1m30s", func(c *Config) any { return c.Server.WriteTimeout }, 90 * time.Second, "soon"},
		"idle_timeout":    {"75s", func(c *Config) any { return c.Server.IdleTimeout }, 75 * time.Second, "-1s"},
		"drain_delay":     {"5s", func(c *Config) any { return c.Server.DrainDelay }, 5 * time.Second, "5"},
		"shutdown_grace":  {"0", func(c *Config) any { return c.Server.ShutdownGrace }, time.Duration(0), "2d"},

		"database_url":             {"postgresql+psycopg2://u:p@h/d", func(c *Config) any { return c.Database.URL.Reveal() }, "postgres://u:p@h/d", "sqlite:///ibutsu.db"},
		"database_host":            {"db", func(c *Config) any { return c.Database.Parts.Host }, "db", ""},
		"database_port":            {"5433", func(c *Config) any { return c.Database.Parts.Port }, 5433, "70000"},
		"database_name":            {"ibutsu", func(c *Config) any { return c.Database.Parts.Name }, "ibutsu", ""},
		"database_user":            {"me", func(c *Config) any { return c.Database.Parts.User }, "me", ""},
		"database_password":        {"p ss", func(c *Config) any { return c.Database.Parts.Password.Reveal() }, "p ss", ""},
		"database_sslmode":         {"verify-full", func(c *Config) any { return c.Database.Parts.SSLMode }, "verify-full", "on"},
		"postgres_bin":             {"/opt/pg/bin", func(c *Config) any { return c.Database.PostgresBin }, "/opt/pg/bin", ""},
		"database_pool_max":        {"40", func(c *Config) any { return c.Database.PoolMax }, 40, "0"},
		"database_connect_timeout": {"2s", func(c *Config) any { return c.Database.ConnectTimeout }, 2 * time.Second, "1ms"},
		"database_replicas": {
			"postgres://u:p@b/x, postgres://c/y", func(c *Config) any { return c.Database.Replicas.Reveal() },
			[]string{"postgres://u:p@b/x", "postgres://c/y"}, "mysql://b",
		},
		"database_replica_wait": {"20ms", func(c *Config) any { return c.Database.ReplicaWait }, 20 * time.Millisecond, "20"},
		"database_wait":         {"10m", func(c *Config) any { return c.Database.Wait }, 10 * time.Minute, "x"},
		"statement_timeout":     {"500ms", func(c *Config) any { return c.Database.StatementTimeout }, 500 * time.Millisecond, "25000"},
		"job_statement_timeout": {"2h", func(c *Config) any { return c.Database.JobStatementTimeout }, 2 * time.Hour, "2 hours"},
		"migrate_on_start":      {"no", func(c *Config) any { return c.Database.MigrateOnStart }, false, "maybe"},

		"redis_url":             {"redis://:p@h", func(c *Config) any { return c.Redis.URL.Reveal() }, "redis://:p@h:6379", "http://h"},
		"celery_broker_url":     {"amqp://rabbit", func(c *Config) any { return c.Redis.CeleryBroker.Reveal() }, "amqp://rabbit", ""},
		"celery_result_backend": {"db+mysql://x", func(c *Config) any { return c.Redis.CeleryBackend.Reveal() }, "db+mysql://x", ""},

		"jwt_secret":             {"s3cret", func(c *Config) any { return c.SignIn.JWTSecret.Reveal() }, "s3cret", ""},
		"jwt_issuer":             {"me", func(c *Config) any { return c.SignIn.JWTIssuer }, "me", ""},
		"jwt_lifetime":           {"3600", func(c *Config) any { return c.SignIn.JWTLifetime }, time.Hour, "for ever"},
		"password_hash":          {"argon2id", func(c *Config) any { return c.SignIn.PasswordHash }, "argon2id", "md5"},
		"login_attempts":         {"3", func(c *Config) any { return c.SignIn.Attempts }, 3, "0"},
		"login_lockout":          {"1h", func(c *Config) any { return c.SignIn.Lockout }, time.Hour, "0s"},
		"tokens_shown_once":      {"true", func(c *Config) any { return c.SignIn.TokensOnce }, true, "x"},
		"bcrypt_cost":            {"10", func(c *Config) any { return c.SignIn.BcryptCost }, 10, "3"},
		"user_login_enabled":     {"on", func(c *Config) any { return c.SignIn.UserLogin }, false, ""},
		"superadmin_email":       {"a@b.c", func(c *Config) any { return c.Superadmin.Email }, "a@b.c", "nobody"},
		"superadmin_password":    {"pw", func(c *Config) any { return c.Superadmin.Password.Reveal() }, "pw", strings.Repeat("x", 73)},
		"superadmin_name":        {"Ann", func(c *Config) any { return c.Superadmin.Name }, "Ann", ""},
		"superadmin_own_project": {"shop", func(c *Config) any { return c.Superadmin.OwnProject }, "shop", ""},

		"keycloak_client_id":     {"id", func(c *Config) any { return c.Providers.Keycloak.ClientID }, "id", ""},
		"keycloak_base_url":      {"https://kc/", func(c *Config) any { return c.Providers.Keycloak.BaseURL }, "https://kc", "kc"},
		"keycloak_realm":         {"r", func(c *Config) any { return c.Providers.Keycloak.Realm }, "r", ""},
		"keycloak_auth_path":     {"auth", func(c *Config) any { return c.Providers.Keycloak.AuthPath }, "auth", ""},
		"keycloak_name":          {"SSO", func(c *Config) any { return c.Providers.Keycloak.Name }, "SSO", ""},
		"keycloak_icon":          {"key", func(c *Config) any { return c.Providers.Keycloak.Icon }, "key", ""},
		"keycloak_client_secret": {"s", func(c *Config) any { return c.Providers.Keycloak.ClientSecret.Reveal() }, "s", ""},
		"keycloak_trust_email":   {"true", func(c *Config) any { return c.Providers.Keycloak.TrustEmail }, true, "x"},
		"oidc_issuer_url":        {"https://op/", func(c *Config) any { return c.Providers.OpenID.IssuerURL }, "https://op/", ""},
		"oidc_client_id":         {"id", func(c *Config) any { return c.Providers.OpenID.ClientID }, "id", ""},
		"oidc_client_secret":     {"s", func(c *Config) any { return c.Providers.OpenID.ClientSecret.Reveal() }, "s", ""},
		"oidc_scopes":            {"openid,email", func(c *Config) any { return c.Providers.OpenID.Scopes }, []string{"openid", "email"}, ""},
		"oidc_name":              {"SSO", func(c *Config) any { return c.Providers.OpenID.Name }, "SSO", ""},
		"oidc_icon":              {"key", func(c *Config) any { return c.Providers.OpenID.Icon }, "key", ""},
		"oidc_trust_email":       {"true", func(c *Config) any { return c.Providers.OpenID.TrustEmail }, true, "x"},
		"sign_in_original_page":  {"true", func(c *Config) any { return c.Providers.OriginalPage }, true, "x"},
		"google_user_url":        {"u", func(c *Config) any { return c.Providers.Google.UserURL }, "u", ""},
		"github_user_url":        {"u", func(c *Config) any { return c.Providers.GitHub.UserURL }, "u", ""},
		"gitlab_user_url":        {"u", func(c *Config) any { return c.Providers.GitLab.UserURL }, "u", ""},
		"facebook_user_url":      {"u", func(c *Config) any { return c.Providers.Facebook.UserURL }, "u", ""},
		"mail_ca_file":           {"/ca.pem", func(c *Config) any { return c.Mail.CAFile }, "/ca.pem", ""},
		"keycloak_verify_ssl":    {"no", func(c *Config) any { return c.Providers.Keycloak.VerifySSL }, false, ""},

		"google_client_id":       {"id", func(c *Config) any { return c.Providers.Google.ClientID }, "id", ""},
		"google_client_secret":   {"s", func(c *Config) any { return c.Providers.Google.ClientSecret.Reveal() }, "s", ""},
		"google_base_url":        {"https://g", func(c *Config) any { return c.Providers.Google.BaseURL }, "https://g", "g"},
		"google_auth_url":        {"https://g/a", func(c *Config) any { return c.Providers.Google.AuthURL }, "https://g/a", ""},
		"google_token_url":       {"t", func(c *Config) any { return c.Providers.Google.TokenURL }, "t", ""},
		"github_client_id":       {"id", func(c *Config) any { return c.Providers.GitHub.ClientID }, "id", ""},
		"github_client_secret":   {"s", func(c *Config) any { return c.Providers.GitHub.ClientSecret.Reveal() }, "s", ""},
		"github_base_url":        {"https://g", func(c *Config) any { return c.Providers.GitHub.BaseURL }, "https://g", "g"},
		"github_auth_url":        {"a", func(c *Config) any { return c.Providers.GitHub.AuthURL }, "a", ""},
		"github_token_url":       {"t", func(c *Config) any { return c.Providers.GitHub.TokenURL }, "t", ""},
		"gitlab_client_id":       {"id", func(c *Config) any { return c.Providers.GitLab.ClientID }, "id", ""},
		"gitlab_client_secret":   {"s", func(c *Config) any { return c.Providers.GitLab.ClientSecret.Reveal() }, "s", ""},
		"gitlab_base_url":        {"https://g", func(c *Config) any { return c.Providers.GitLab.BaseURL }, "https://g", "g"},
		"gitlab_auth_url":        {"a", func(c *Config) any { return c.Providers.GitLab.AuthURL }, "a", ""},
		"gitlab_token_url":       {"t", func(c *Config) any { return c.Providers.GitLab.TokenURL }, "t", ""},
		"facebook_app_id":        {"id", func(c *Config) any { return c.Providers.Facebook.ClientID }, "id", ""},
		"facebook_client_secret": {"s", func(c *Config) any { return c.Providers.Facebook.ClientSecret.Reveal() }, "s", ""},
		"facebook_base_url":      {"https://f", func(c *Config) any { return c.Providers.Facebook.BaseURL }, "https://f", "f"},
		"facebook_auth_url":      {"a", func(c *Config) any { return c.Providers.Facebook.AuthURL }, "a", ""},
		"facebook_token_url":     {"t", func(c *Config) any { return c.Providers.Facebook.TokenURL }, "t", ""},

		"mail_server":         {"smtp", func(c *Config) any { return c.Mail.Server }, "smtp", ""},
		"mail_port":           {"587", func(c *Config) any { return c.Mail.Port }, 587, "smtp"},
		"mail_use_tls":        {"True", func(c *Config) any { return c.Mail.UseTLS }, true, "2"},
		"mail_use_ssl":        {"1", func(c *Config) any { return c.Mail.UseSSL }, true, "tls"},
		"mail_username":       {"u", func(c *Config) any { return c.Mail.Username }, "u", ""},
		"mail_password":       {"p", func(c *Config) any { return c.Mail.Password.Reveal() }, "p", ""},
		"mail_default_sender": {"a@b.c", func(c *Config) any { return c.Mail.Sender }, "a@b.c", ""},
		"mail_suppress_send":  {"true", func(c *Config) any { return c.Mail.SuppressSend }, true, "x"},
		"mail_timeout":        {"10", func(c *Config) any { return c.Mail.Timeout }, 10 * time.Second, "0"},

		"limit_upload":          {"2GB", func(c *Config) any { return c.Limits.Upload }, int64(2e9), "0"},
		"limit_unpacked":        {"1 TiB", func(c *Config) any { return c.Limits.Unpacked }, int64(1 << 40), "-1"},
		"limit_members":         {"10", func(c *Config) any { return c.Limits.Members }, 10, "1k"},
		"limit_artifact":        {"10m", func(c *Config) any { return c.Limits.Artifact }, int64(10 << 20), "9999999999GiB"},
		"limit_import_artifact": {"64k", func(c *Config) any { return c.Limits.ImportArtifact }, int64(64 << 10), "big"},
		"limit_json":            {"1000", func(c *Config) any { return c.Limits.JSONBody }, int64(1000), "1.5M"},

		"worker_concurrency": {"8", func(c *Config) any { return c.Jobs.Concurrency }, 8, "0"},
		"keep_imports":       {"14d", func(c *Config) any { return c.Retention.Imports }, 14 * day, "14"},
		"keep_artifacts":     {"0", func(c *Config) any { return c.Retention.Artifacts }, time.Duration(0), "-1d"},
		"keep_results":       {"1000d", func(c *Config) any { return c.Retention.Results }, 1000 * day, "99999d"},
		"keep_audit":         {"48h", func(c *Config) any { return c.Retention.Audit }, 2 * day, "2 d"},
		"artifact_store":     {"files", func(c *Config) any { return c.Artifacts.Store }, "files", "ftp"},
		"artifact_dir":       {"/srv/artifacts", func(c *Config) any { return c.Artifacts.Dir }, "/srv/artifacts", ""},
		"s3_endpoint":        {"https://s3", func(c *Config) any { return c.Artifacts.S3Endpoint }, "https://s3", ""},
		"s3_bucket":          {"ibutsu", func(c *Config) any { return c.Artifacts.S3Bucket }, "ibutsu", ""},
		"s3_prefix":          {"a/", func(c *Config) any { return c.Artifacts.S3Prefix }, "a/", ""},
		"s3_region":          {"eu", func(c *Config) any { return c.Artifacts.S3Region }, "eu", ""},
		"s3_access_key":      {"key", func(c *Config) any { return c.Artifacts.S3AccessKey }, "key", ""},
		"s3_secret_key":      {"secret", func(c *Config) any { return c.Artifacts.S3SecretKey.Reveal() }, "secret", ""},
		"keep_runs":          {"48h", func(c *Config) any { return c.Retention.Runs }, 2 * day, "2 d"},

		"tls_cert":          {"/c.pem", func(c *Config) any { return c.Server.TLSCert }, "/c.pem", ""},
		"tls_key":           {"/k.pem", func(c *Config) any { return c.Server.TLSKey }, "/k.pem", ""},
		"admin_listen":      {"127.0.0.1:9090", func(c *Config) any { return c.Server.AdminListen }, "127.0.0.1:9090", "localhost"},
		"metrics_token":     {"scrape", func(c *Config) any { return c.Server.MetricsToken.Reveal() }, "scrape", ""},
		"module_memory_max": {"1GiB", func(c *Config) any { return c.Jobs.MemoryMax }, int64(1 << 30), "much"},

		"log_level":     {"DEBUG", func(c *Config) any { return c.Log.Level }, "debug", "loud"},
		"tally_fields":  {"yes", func(c *Config) any { return c.Jobs.TallyFields }, true, "perhaps"},
		"access_log":    {"off", func(c *Config) any { return c.Log.Access }, false, "sometimes"},
		"otlp_endpoint": {"http://collector:4318/", func(c *Config) any { return c.Telemetry.Endpoint }, "http://collector:4318", "collector:4318"},
		"otlp_protocol": {"http/protobuf", func(c *Config) any { return c.Telemetry.Protocol }, "http/protobuf", "grpc"},
		"log_format":    {"json", func(c *Config) any { return c.Log.Format }, "json", "xml"},
	}
}

// companions are settings that others need beside them to make sense.
func companions(name string) []string {
	switch {
	case strings.HasPrefix(name, "superadmin_") && name != "superadmin_email":
		return []string{"IBUTSU_SUPERADMIN_EMAIL=root@example.com"}
	case name == "tls_cert":
		return []string{"IBUTSU_TLS_KEY=/k.pem"}
	case name == "tls_key":
		return []string{"IBUTSU_TLS_CERT=/c.pem"}
	case name == "mail_password":
		return []string{"MAIL_USERNAME=u"}
	case name == "database_host":
		return []string{"POSTGRESQL_DATABASE=d"}
	case strings.HasPrefix(name, "database_") && name != "database_url" && name != "database_name":
		return []string{"POSTGRESQL_HOST=h", "POSTGRESQL_DATABASE=d"}
	case name == "database_name":
		return []string{"POSTGRESQL_HOST=h"}
	}
	return nil
}

func TestEverySettingFromEverySource(t *testing.T) {
	t.Parallel()
	settings := Settings()
	require.Len(t, options(), len(settings), "each setting has its row in options and no row is left over")
	for _, s := range settings {
		o, ok := options()[s.Name]
		require.True(t, ok, s.Name)
		sources := map[string]func(text string) Input{
			"file by name": func(text string) Input {
				return fileInput(t, s.Name+": "+quoteYAML(text), companions(s.Name)...)
			},
			"flag": func(text string) Input {
				in := Input{Environ: companions(s.Name), Flags: map[string]string{s.Name: text}}
				if s.FlagIsFile() {
					in.Flags[s.Name] = "/secret"
					in.ReadFile = files(map[string]string{"/secret": text + "\n"})
				}
				return in
			},
		}
		for _, variable := range s.Env {
			sources["variable "+variable.Name] = func(text string) Input {
				return Input{Environ: append(companions(s.Name), variable.Name+"="+text)}
			}
			sources["variable FLASK_"+variable.Name] = func(text string) Input {
				return Input{Environ: append(companions(s.Name), "FLASK_"+variable.Name+"="+text, variable.Name+"=")}
			}
			sources["file by variable "+variable.Name] = func(text string) Input {
				return fileInput(t, variable.Name+": "+quoteYAML(text), companions(s.Name)...)
			}
		}
		for source, input := range sources {
			t.Run(s.Name+"/"+source, func(t *testing.T) {
				t.Parallel()
				loaded, err := Load(input(o.text))
				require.NoError(t, err)
				require.Equal(t, o.want, o.get(&loaded.Config))
				require.NotEqual(t, LevelDefault, loaded.Origin(s.Name).Level)
				if o.bad == "" {
					return
				}
				_, err = Load(input(o.bad))
				require.Error(t, err)
				require.NotContains(t, err.Error(), "\n", "one fault, one line")
				if len(o.bad) > 4 {
					require.NotContains(t, err.Error(), o.bad, "an error does not repeat a value, which may be a secret")
				}
			})
		}
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	loaded, err := Load(Input{DefaultStateDir: "/state"})
	require.NoError(t, err)
	require.Empty(t, loaded.Warnings)
	c := loaded.Config
	require.Equal(t, ":8080", c.Server.Listen)
	require.Equal(t, "http://127.0.0.1:8080", c.Server.BackendURL)
	require.Equal(t, "http://localhost:8080", c.Server.FrontendURL)
	require.Equal(t, "/state", c.Server.StateDir)
	require.Equal(t, 25*time.Second, c.Database.StatementTimeout)
	require.False(t, c.Database.URL.IsSet())
	require.ErrorContains(t, c.RequireDatabase(), "DATABASE_URL")
	require.Equal(t, 30*day, c.SignIn.JWTLifetime)
	require.Equal(t, 12, c.SignIn.BcryptCost)
	require.True(t, c.SignIn.UserLogin)
	require.True(t, c.Providers.Keycloak.VerifySSL)
	require.Equal(t, "Ibutsu Admin", c.Superadmin.Name)
	require.Equal(t, int64(5<<20), c.Limits.Artifact)
	require.GreaterOrEqual(t, c.Server.IdleTimeout, 75*time.Second, "reporters pause between two posts")
}

func TestNamesAndFlagsAreUnique(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, s := range Settings() {
		for _, name := range append([]string{s.Name, "--" + s.Flag()}, envNames(s)...) {
			require.Empty(t, seen[name], "%s names two settings", name)
			seen[name] = s.Name
		}
		require.Contains(t, Groups(), s.Group)
		require.NotEmpty(t, s.Help, s.Name)
		require.False(t, strings.HasSuffix(s.Help, "."), s.Name)
		require.Contains(t, envNames(s), "IBUTSU_"+strings.ToUpper(s.Name))
	}
}

func envNames(s Setting) []string {
	var names []string
	for _, variable := range s.Env {
		names = append(names, variable.Name)
	}
	return names
}

// files is a file system made of a map.
func files(content map[string]string) func(string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		if text, ok := content[path]; ok {
			return []byte(text), nil
		}
		return nil, &os.PathError{Op: "open", Path: path, Err: os.ErrNotExist}
	}
}

func fileInput(t *testing.T, content string, environ ...string) Input {
	t.Helper()
	return Input{File: "/etc/ibutsu.yaml", Environ: environ, ReadFile: files(map[string]string{"/etc/ibutsu.yaml": content})}
}

func quoteYAML(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

func TestPasswordsOfReplicasAreNotShown(t *testing.T) {
	t.Parallel()
	loaded, err := Load(Input{Environ: []string{"DATABASE_URL=postgres://a/x", "IBUTSU_DATABASE_REPLICAS=postgres://u:first@b/x,postgres://u:second@c/x"}})
	require.NoError(t, err)
	setting, ok := Find("database_replicas")
	require.True(t, ok)
	shown := setting.Shown(&loaded.Config)
	require.NotContains(t, shown, "first")
	require.NotContains(t, shown, "second")
	require.Contains(t, shown, "@c/x")
	require.Subset(t, loaded.Config.Secrets(), []string{"first", "second"}, "for the log to mask")
}
