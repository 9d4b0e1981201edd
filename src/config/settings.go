package config

import (
	"math"
	"slices"
	"strings"
	"time"
)

// Setting is one row of the table: how a field of [Config] is named, read, explained and shown.
type Setting struct {
	// Name is the key in the file, in lower case with underscores. The flag and the IBUTSU_ variable follow from it.
	Name string
	// Env are the variables that set it, best known first. IBUTSU_<NAME> is always among them.
	Env []Variable
	// Group is the heading under which it stands.
	Group string
	// Help is one line without a full stop at the end.
	Help string
	// Default is the text that the field has when nothing sets it; DefaultNote explains one that depends on the machine.
	Default, DefaultNote string
	// Secret values are masked and may also come from a file (NAME_FILE, systemd credentials, flag --NAME-file).
	Secret bool
	// Common settings are listed in the help of the commands that read them; the others only in check-config and docs.
	Common bool

	bind func(*Config) value
}

// Variable is an environment variable of a setting.
type Variable struct {
	Name string
	// Weak variables are a second choice: another variable of the same setting silently wins over them. Two strong
	// ones that differ are a contradiction.
	Weak bool
}

// Groups in the order in which they are shown.
const (
	GroupServer     = "Server"
	GroupDatabase   = "Database"
	GroupRedis      = "Redis"
	GroupSignIn     = "Sign-in"
	GroupSuperadmin = "First administrator"
	GroupProviders  = "Sign-in providers"
	GroupMail       = "Mail"
	GroupLimits     = "Limits"
	GroupJobs       = "Jobs"
	GroupRetention  = "Retention"
	GroupArtifacts  = "Artifacts"
	GroupLog        = "Log"
	GroupTelemetry  = "Telemetry"
)

// Groups lists the headings in the order in which they are shown.
func Groups() []string {
	return []string{
		GroupServer, GroupDatabase, GroupRedis, GroupSignIn, GroupSuperadmin, GroupProviders,
		GroupMail, GroupLimits, GroupJobs, GroupRetention, GroupArtifacts, GroupLog, GroupTelemetry,
	}
}

// Flag is the name of the setting's flag without dashes. A secret is not taken from the command line, where every user
// of the machine can read it: its flag names a file. The database URL is the exception that people expect.
func (s Setting) Flag() string {
	switch {
	case s.Name == "state_dir":
		return "state"
	case s.FlagIsFile():
		return strings.ReplaceAll(s.Name, "_", "-") + "-file"
	default:
		return strings.ReplaceAll(s.Name, "_", "-")
	}
}

// FlagIsFile tells whether the flag takes the path of a file with the value.
func (s Setting) FlagIsFile() bool {
	return s.Secret && s.Name != "database_url" && s.Name != "redis_url"
}

// Kind names the form of the value: "duration", "HOST:PORT".
func (s Setting) Kind() string { return s.bind(new(Config)).Kind() }

// Text is the value that c has, in the form in which it is written in a file. Secrets are in it.
func (s Setting) Text(c *Config) string { return s.bind(c).String() }

// Shown is [Setting.Text] with what is secret in it masked; of a URL only its password is.
func (s Setting) Shown(c *Config) string {
	text := s.Text(c)
	switch {
	case !s.Secret || text == "":
		return text
	case strings.Contains(text, ",") && strings.Contains(text, "://"):
		masked := splitReplicas(text)
		for i, one := range masked {
			masked[i] = maskURL(one)
		}
		return strings.Join(masked, ",")
	case strings.Contains(text, "://"):
		return maskURL(text)
	default:
		return Mask
	}
}

// Find gives the setting of that name.
func Find(name string) (Setting, bool) {
	for _, s := range Settings() {
		if s.Name == name {
			return s, true
		}
	}
	return Setting{}, false
}

// Default is the configuration when nothing is set.
func Default() Config {
	var c Config
	for _, s := range Settings() {
		if s.Default == "" {
			continue
		}
		if err := s.bind(&c).Set(s.Default); err != nil {
			panic("config: default of " + s.Name + ": " + err.Error()) // a mistake in the table; a test walks it
		}
	}
	return c
}

// env builds the list of variables: names as given, then IBUTSU_<NAME> when it is not among them.
func env(name string, variables ...Variable) []Variable {
	own := "IBUTSU_" + strings.ToUpper(name)
	if slices.ContainsFunc(variables, func(v Variable) bool { return v.Name == own }) {
		return variables
	}
	return append(variables, Variable{Name: own})
}

func strong(name string) Variable { return Variable{Name: name} }
func weak(name string) Variable   { return Variable{Name: name, Weak: true} }

const (
	// forEver is the longest duration that a setting takes, well inside what time arithmetic survives.
	forEver = 100 * 365 * day
)

// Settings is the table. The order is the order of help and documentation.
func Settings() []Setting {
	return slices.Concat(serverSettings(), databaseSettings(), redisSettings(), signInSettings(), providerSettings(),
		mailSettings(), limitSettings(), jobSettings(), artifactSettings(), logSettings(), telemetrySettings(), operateSettings())
}

func serverSettings() []Setting {
	return []Setting{
		{
			Name: "listen", Group: GroupServer, Common: true, Default: ":8080",
			Env:  env("listen", strong("IBUTSU_LISTEN"), weak("PORT")),
			Help: "Address of the page and the API; a socket from systemd goes before it",
			bind: func(c *Config) value { return addressValue{&c.Server.Listen} },
		},
		{
			Name: "backend_url", Group: GroupServer, Common: true, DefaultNote: "http://127.0.0.1 and the port of listen",
			Env:  env("backend_url", strong("BACKEND_URL")),
			Help: "Where clients reach the API, with or without /api; used in links and sign-in redirects",
			bind: func(c *Config) value { return rootURLValue{&c.Server.BackendURL, true} },
		},
		{
			Name: "frontend_url", Group: GroupServer, Common: true, DefaultNote: "as backend_url",
			Env:  env("frontend_url", strong("FRONTEND_URL")),
			Help: "Where people reach the page; used in links that clients print and in mails",
			bind: func(c *Config) value { return rootURLValue{&c.Server.FrontendURL, false} },
		},
		{
			Name: "state_dir", Group: GroupServer, Common: true,
			DefaultNote: "/var/lib/ibutsu as root, else ~/.local/state/ibutsu",
			Env:         env("state_dir", strong("IBUTSU_STATE_DIR"), weak("STATE_DIRECTORY")),
			Help:        "Folder of what is kept on this machine: private PostgreSQL, sockets, locks",
			bind:        func(c *Config) value { return textValue{&c.Server.StateDir} },
		},
		{
			Name: "cache_answers", Group: GroupServer, Default: "true",
			Env:  env("cache_answers"),
			Help: "Keep the answers of widgets and views until something is written; without it each is computed anew",
			bind: func(c *Config) value { return boolValue{&c.Server.CacheAnswers} },
		},
		{
			Name: "plugin_dir", Group: GroupServer,
			Env:  env("plugin_dir"),
			Help: "Folder of third-party importers",
			bind: func(c *Config) value { return textValue{&c.Server.PluginDir} },
		},
		{
			Name: "trusted_proxies", Group: GroupServer,
			Default: "127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7",
			Env:     env("trusted_proxies", strong("IBUTSU_TRUSTED_PROXIES"), weak("FORWARDED_ALLOW_IPS")),
			Help:    "Networks whose X-Forwarded-For, X-Forwarded-Proto and Forwarded are believed",
			bind:    func(c *Config) value { return networksValue{&c.Server.TrustedProxies} },
		},
		{
			Name: "cors_origins", Group: GroupServer, Default: "*",
			Env:  env("cors_origins"),
			Help: "Origins whose pages may call the API",
			bind: func(c *Config) value { return listValue{&c.Server.CORSOrigins} },
		},
		{
			Name: "read_timeout", Group: GroupServer, Default: "5m",
			Env:  env("read_timeout"),
			Help: "How long a client may take to send one request, uploads included",
			bind: func(c *Config) value { return durationValue{to: &c.Server.ReadTimeout, min: time.Second, max: day} },
		},
		{
			Name: "write_timeout", Group: GroupServer, Default: "5m",
			Env:  env("write_timeout"),
			Help: "How long a client may take to read one answer",
			bind: func(c *Config) value { return durationValue{to: &c.Server.WriteTimeout, min: time.Second, max: day} },
		},
		{
			Name: "idle_timeout", Group: GroupServer, Default: "2m",
			Env:  env("idle_timeout"),
			Help: "How long a kept connection may stay silent",
			bind: func(c *Config) value { return durationValue{to: &c.Server.IdleTimeout, min: time.Second, max: day} },
		},
		{
			Name: "shutdown_grace", Group: GroupServer, Default: "30s",
			Env:  env("shutdown_grace"),
			Help: "How long requests and jobs may take to end after SIGTERM",
			bind: func(c *Config) value { return durationValue{to: &c.Server.ShutdownGrace, max: day} },
		},
		{
			Name: "drain_delay", Group: GroupServer, Default: "0s",
			Env:  env("drain_delay"),
			Help: "How long requests are still taken after SIGTERM while /readyz says no: a load balancer's time to notice",
			bind: func(c *Config) value { return durationValue{to: &c.Server.DrainDelay, max: time.Hour} },
		},
	}
}

func databaseSettings() []Setting {
	part := func(name string, suffixes ...string) []Variable {
		var variables []Variable
		for _, prefix := range []string{"POSTGRESQL_", "POSTGRES_"} {
			for _, suffix := range suffixes {
				variables = append(variables, Variable{Name: prefix + suffix, Weak: len(variables) > 0})
			}
		}
		return env(name, variables...)
	}
	return []Setting{
		{
			Name: "database_url", Group: GroupDatabase, Common: true, Secret: true,
			Env:  env("database_url", strong("DATABASE_URL"), strong("SQLALCHEMY_DATABASE_URI")),
			Help: "PostgreSQL as postgres://USER:PASSWORD@HOST:PORT/NAME; goes before the database_* parts",
			bind: func(c *Config) value { return databaseURLValue{&c.Database.URL} },
		},
		{
			Name: "database_host", Group: GroupDatabase,
			Env:  part("database_host", "HOST", "HOSTNAME"),
			Help: "Host of PostgreSQL, or the folder of its Unix socket",
			bind: func(c *Config) value { return textValue{&c.Database.Parts.Host} },
		},
		{
			Name: "database_port", Group: GroupDatabase, Default: "5432",
			Env:  part("database_port", "PORT"),
			Help: "Port of PostgreSQL",
			bind: func(c *Config) value { return intValue{&c.Database.Parts.Port, 1, math.MaxUint16} },
		},
		{
			Name: "database_name", Group: GroupDatabase,
			Env:  part("database_name", "DATABASE", "DB"),
			Help: "Name of the database",
			bind: func(c *Config) value { return textValue{&c.Database.Parts.Name} },
		},
		{
			Name: "database_user", Group: GroupDatabase,
			Env:  part("database_user", "USER"),
			Help: "User of the database",
			bind: func(c *Config) value { return textValue{&c.Database.Parts.User} },
		},
		{
			Name: "database_password", Group: GroupDatabase, Secret: true,
			Env:  part("database_password", "PASSWORD"),
			Help: "Password of that user",
			bind: func(c *Config) value { return secretValue{&c.Database.Parts.Password} },
		},
		{
			Name: "database_sslmode", Group: GroupDatabase,
			DefaultNote: "prefer",
			Env:         part("database_sslmode", "SSLMODE"),
			Help:        "TLS to PostgreSQL",
			bind: func(c *Config) value {
				return choiceValue{&c.Database.Parts.SSLMode,
					[]string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}}
			},
		},
		{
			Name: "postgres_bin", Group: GroupDatabase, DefaultNote: "PATH and the usual folders",
			Env:  env("postgres_bin"),
			Help: "Folder of initdb and postgres for the private PostgreSQL of `ibutsu up`",
			bind: func(c *Config) value { return textValue{&c.Database.PostgresBin} },
		},
		{
			Name: "database_pool_max", Group: GroupDatabase, Default: "16",
			Env:  env("database_pool_max"),
			Help: "Most connections of one process",
			bind: func(c *Config) value { return intValue{&c.Database.PoolMax, 1, 10000} },
		},
		{
			Name: "database_connect_timeout", Group: GroupDatabase, Default: "5s",
			Env:  env("database_connect_timeout"),
			Help: "How long one attempt to connect may take",
			bind: func(c *Config) value {
				return durationValue{to: &c.Database.ConnectTimeout, min: 100 * time.Millisecond, max: time.Hour}
			},
		},
		{
			Name: "database_wait", Group: GroupDatabase, Default: "1m",
			Env:  env("database_wait"),
			Help: "How long to wait at start for a database that does not answer yet",
			bind: func(c *Config) value { return durationValue{to: &c.Database.Wait, max: day} },
		},
		{
			Name: "statement_timeout", Group: GroupDatabase, Default: "25s",
			Env:  env("statement_timeout"),
			Help: "When a statement of a request is ended; 0 for never",
			bind: func(c *Config) value { return durationValue{to: &c.Database.StatementTimeout, max: day} },
		},
		{
			Name: "job_statement_timeout", Group: GroupDatabase, Default: "30m",
			Env:  env("job_statement_timeout"),
			Help: "When a statement of a background job is ended; 0 for never",
			bind: func(c *Config) value { return durationValue{to: &c.Database.JobStatementTimeout, max: day} },
		},
		{
			Name: "database_replicas", Group: GroupDatabase, Secret: true,
			Env:  env("database_replicas"),
			Help: "Streaming standbys, as URLs like database_url with commas between: lists and widgets are read there when they are up to date",
			bind: func(c *Config) value { return replicasValue{&c.Database.Replicas} },
		},
		{
			Name: "database_replica_wait", Group: GroupDatabase, Default: "50ms",
			Env:  env("database_replica_wait"),
			Help: "How long a read waits for a standby that is behind before it goes to database_url",
			bind: func(c *Config) value {
				return durationValue{to: &c.Database.ReplicaWait, min: time.Millisecond, max: time.Minute}
			},
		},
		{
			Name: "migrate_on_start", Group: GroupDatabase, Default: "true",
			Env:  env("migrate_on_start"),
			Help: "Bring the schema up to date at start, under a lock",
			bind: func(c *Config) value { return boolValue{&c.Database.MigrateOnStart} },
		},
	}
}

func redisSettings() []Setting {
	return []Setting{
		{
			Name: "redis_url", Group: GroupRedis, Common: true, Secret: true,
			Env:  env("redis_url", strong("REDIS_URL")),
			Help: "Redis or Valkey as redis://:PASSWORD@HOST:PORT/0, with TLS, Sentinel and clusters as docs/scaling.md has them; without it caches stay in the process",
			bind: func(c *Config) value { return redisURLValue{&c.Redis.URL} },
		},
		{
			Name: "celery_broker_url", Group: GroupRedis, Secret: true,
			Env:  env("celery_broker_url", strong("CELERY_BROKER_URL")),
			Help: "Ibutsu's old name: taken as redis_url when that is unset, else ignored",
			bind: func(c *Config) value { return secretValue{&c.Redis.CeleryBroker} },
		},
		{
			Name: "celery_result_backend", Group: GroupRedis, Secret: true,
			Env:  env("celery_result_backend", strong("CELERY_RESULT_BACKEND"), strong("CELERY_RESULT_BACKEND_URL")),
			Help: "Ibutsu's old name: taken as redis_url when neither that nor celery_broker_url is set",
			bind: func(c *Config) value { return secretValue{&c.Redis.CeleryBackend} },
		},
	}
}

func signInSettings() []Setting {
	return []Setting{
		{
			Name: "jwt_secret", Group: GroupSignIn, Common: true, Secret: true,
			DefaultNote: "made at the first start and kept in the database",
			Env:         env("jwt_secret", strong("JWT_SECRET")),
			Help:        "Key that signs the tokens; that of the old server keeps its tokens valid",
			bind:        func(c *Config) value { return secretValue{&c.SignIn.JWTSecret} },
		},
		{
			Name: "jwt_issuer", Group: GroupSignIn, Default: "org.ibutsu-project.server",
			Env:  env("jwt_issuer", strong("JWT_ISSUER")),
			Help: "Issuer written into the tokens",
			bind: func(c *Config) value { return textValue{&c.SignIn.JWTIssuer} },
		},
		{
			Name: "jwt_lifetime", Group: GroupSignIn, Default: "30d",
			Env:  env("jwt_lifetime", strong("JWT_LIFETIME_SECONDS")),
			Help: "How long a sign-in lasts; a bare number is seconds",
			bind: func(c *Config) value {
				return durationValue{to: &c.SignIn.JWTLifetime, min: time.Minute, max: forEver, bare: time.Second}
			},
		},
		{
			Name: "password_hash", Group: GroupSignIn, Default: "auto",
			Env:  env("password_hash"),
			Help: "Kind of password hashes, renewed at sign-in: argon2id, bcrypt (Ibutsu's), or auto: argon2id but in a database taken over from Ibutsu",
			bind: func(c *Config) value {
				return choiceValue{&c.SignIn.PasswordHash, []string{"auto", "argon2id", "bcrypt"}}
			},
		},
		{
			Name: "login_attempts", Group: GroupSignIn, Default: "10",
			Env:  env("login_attempts"),
			Help: "Wrong passwords for one address that one client may send before it has to wait; ten times as many for all clients",
			bind: func(c *Config) value { return intValue{&c.SignIn.Attempts, 1, 10000} },
		},
		{
			Name: "login_lockout", Group: GroupSignIn, Default: "5m",
			Env:  env("login_lockout"),
			Help: "How long that is counted, and waited for",
			bind: func(c *Config) value {
				return durationValue{to: &c.SignIn.Lockout, min: time.Second, max: day}
			},
		},
		{
			Name: "tokens_shown_once", Group: GroupSignIn, Default: "false",
			Env:  env("tokens_shown_once"),
			Help: "Show an API token only when it is made, and keep no more than its hash; Ibutsu's own page shows them always",
			bind: func(c *Config) value { return boolValue{&c.SignIn.TokensOnce} },
		},
		{
			Name: "bcrypt_cost", Group: GroupSignIn, Default: "12",
			Env:  env("bcrypt_cost", strong("BCRYPT_LOG_ROUNDS")),
			Help: "Cost of new bcrypt hashes; one more doubles the time",
			bind: func(c *Config) value { return intValue{&c.SignIn.BcryptCost, 4, 31} },
		},
		{
			Name: "user_login_enabled", Group: GroupSignIn, Default: "true",
			Env:  env("user_login_enabled", strong("USER_LOGIN_ENABLED")),
			Help: "Allow signing in with e-mail and password: y…, t… or 1 (superadmins always may)",
			bind: func(c *Config) value { return firstLetterValue{&c.SignIn.UserLogin} },
		},
		{
			Name: "superadmin_email", Group: GroupSuperadmin, Common: true,
			Env:  env("superadmin_email"),
			Help: "E-mail of the administrator that is made, or promoted, at start",
			bind: func(c *Config) value { return textValue{&c.Superadmin.Email} },
		},
		{
			Name: "superadmin_password", Group: GroupSuperadmin, Common: true, Secret: true,
			Env:  env("superadmin_password"),
			Help: "Password of that administrator, only used when it is made",
			bind: func(c *Config) value { return secretValue{&c.Superadmin.Password} },
		},
		{
			Name: "superadmin_name", Group: GroupSuperadmin, Default: "Ibutsu Admin",
			Env:  env("superadmin_name"),
			Help: "Name of that administrator",
			bind: func(c *Config) value { return textValue{&c.Superadmin.Name} },
		},
		{
			Name: "superadmin_own_project", Group: GroupSuperadmin,
			Env:  env("superadmin_own_project"),
			Help: "Project made for that administrator the first time",
			bind: func(c *Config) value { return textValue{&c.Superadmin.OwnProject} },
		},
	}
}

func providerSettings() []Setting {
	row := func(name, variable, help string, bind func(*Config) value) Setting {
		return Setting{Name: name, Group: GroupProviders, Env: env(name, strong(variable)), Help: help, bind: bind}
	}
	text := func(name, help string, field func(*Config) *string) Setting {
		return row(name, strings.ToUpper(name), help, func(c *Config) value { return textValue{field(c)} })
	}
	root := func(name, help string, field func(*Config) *string) Setting {
		return row(name, strings.ToUpper(name), help, func(c *Config) value { return rootURLValue{to: field(c)} })
	}
	settings := []Setting{
		text("keycloak_client_id", "Keycloak: client id", func(c *Config) *string { return &c.Providers.Keycloak.ClientID }),
		root("keycloak_base_url", "Keycloak: address of the server", func(c *Config) *string { return &c.Providers.Keycloak.BaseURL }),
		text("keycloak_realm", "Keycloak: realm", func(c *Config) *string { return &c.Providers.Keycloak.Realm }),
		text("keycloak_auth_path", "Keycloak: path between address and realms, such as auth", func(c *Config) *string { return &c.Providers.Keycloak.AuthPath }),
		text("keycloak_name", "Keycloak: text of the button", func(c *Config) *string { return &c.Providers.Keycloak.Name }),
		text("keycloak_icon", "Keycloak: icon of the button", func(c *Config) *string { return &c.Providers.Keycloak.Icon }),
	}
	verify := row("keycloak_verify_ssl", "KEYCLOAK_VERIFY_SSL", "Keycloak: check its certificate: y…, t… or 1",
		func(c *Config) value { return firstLetterValue{&c.Providers.Keycloak.VerifySSL} })
	verify.Default = "true"
	secretOf := func(name, help string, field func(*Config) *Secret) Setting {
		s := row(name, strings.ToUpper(name), help, func(c *Config) value { return secretValue{field(c)} })
		s.Secret = true
		return s
	}
	flag := func(name, help string, field func(*Config) *bool) Setting {
		s := row(name, strings.ToUpper(name), help, func(c *Config) value { return boolValue{field(c)} })
		s.Default = "false"
		return s
	}
	scopes := row("oidc_scopes", "OIDC_SCOPES", "OpenID Connect: what is asked for", func(c *Config) value { return listValue{&c.Providers.OpenID.Scopes} })
	scopes.Default = "openid,email,profile"
	original := flag("sign_in_original_page", "Let the page of Ibutsu 3.1.1 sign people in by providers: without state and PKCE, and with the token in the address",
		func(c *Config) *bool { return &c.Providers.OriginalPage })
	original.Env = env(original.Name)
	settings = append(settings, verify,
		secretOf("keycloak_client_secret", "Keycloak: client secret; none for a public client", func(c *Config) *Secret { return &c.Providers.Keycloak.ClientSecret }),
		flag("keycloak_trust_email", "Keycloak: take every e-mail address for verified", func(c *Config) *bool { return &c.Providers.Keycloak.TrustEmail }),
		text("oidc_issuer_url", "OpenID Connect: the issuer exactly as it calls itself, under which /.well-known/openid-configuration is", func(c *Config) *string { return &c.Providers.OpenID.IssuerURL }),
		text("oidc_client_id", "OpenID Connect: client id", func(c *Config) *string { return &c.Providers.OpenID.ClientID }),
		secretOf("oidc_client_secret", "OpenID Connect: client secret; none for a public client", func(c *Config) *Secret { return &c.Providers.OpenID.ClientSecret }),
		scopes,
		text("oidc_name", "OpenID Connect: text of the button", func(c *Config) *string { return &c.Providers.OpenID.Name }),
		text("oidc_icon", "OpenID Connect: icon of the button", func(c *Config) *string { return &c.Providers.OpenID.Icon }),
		flag("oidc_trust_email", "OpenID Connect: take every e-mail address for verified", func(c *Config) *bool { return &c.Providers.OpenID.TrustEmail }),
		original,
	)

	for _, p := range []struct {
		name, title string
		of          func(*Config) *Provider
	}{
		{"google", "Google", func(c *Config) *Provider { return &c.Providers.Google }},
		{"github", "GitHub", func(c *Config) *Provider { return &c.Providers.GitHub }},
		{"gitlab", "GitLab", func(c *Config) *Provider { return &c.Providers.GitLab }},
		{"facebook", "Facebook", func(c *Config) *Provider { return &c.Providers.Facebook }},
	} {
		id := text(p.name+"_client_id", p.title+": client id", func(c *Config) *string { return &p.of(c).ClientID })
		if p.name == "facebook" {
			id = text("facebook_app_id", "Facebook: app id", func(c *Config) *string { return &p.of(c).ClientID })
		}
		secret := row(p.name+"_client_secret", strings.ToUpper(p.name)+"_CLIENT_SECRET", p.title+": client secret",
			func(c *Config) value { return secretValue{&p.of(c).ClientSecret} })
		secret.Secret = true
		settings = append(settings, id, secret,
			root(p.name+"_base_url", p.title+": address in front of relative paths", func(c *Config) *string { return &p.of(c).BaseURL }),
			text(p.name+"_auth_url", p.title+": page of authorization", func(c *Config) *string { return &p.of(c).AuthURL }),
			text(p.name+"_token_url", p.title+": where codes become tokens", func(c *Config) *string { return &p.of(c).TokenURL }),
			text(p.name+"_user_url", p.title+": where it says who a token is for", func(c *Config) *string { return &p.of(c).UserURL }),
		)
	}
	return settings
}

func mailSettings() []Setting {
	settings := []Setting{
		{
			Name: "mail_server", DefaultNote: "none: mails are written to the log",
			Help: "SMTP server",
			bind: func(c *Config) value { return textValue{&c.Mail.Server} },
		},
		{
			Name: "mail_port", Default: "25",
			Help: "Port of the SMTP server",
			bind: func(c *Config) value { return intValue{&c.Mail.Port, 1, math.MaxUint16} },
		},
		{
			Name: "mail_use_tls", Default: "false",
			Help: "Begin in the clear and go on with STARTTLS",
			bind: func(c *Config) value { return boolValue{&c.Mail.UseTLS} },
		},
		{
			Name: "mail_use_ssl", Default: "false",
			Help: "TLS from the first byte",
			bind: func(c *Config) value { return boolValue{&c.Mail.UseSSL} },
		},
		{
			Name: "mail_username",
			Help: "User of the SMTP server",
			bind: func(c *Config) value { return textValue{&c.Mail.Username} },
		},
		{
			Name: "mail_password", Secret: true,
			Help: "Password of that user",
			bind: func(c *Config) value { return secretValue{&c.Mail.Password} },
		},
		{
			Name: "mail_default_sender", DefaultNote: "mail_username if it is an address, else ibutsu@localhost",
			Help: "Sender of the mails",
			bind: func(c *Config) value { return textValue{&c.Mail.Sender} },
		},
		{
			Name: "mail_suppress_send", Default: "false",
			Help: "Write mails to the log instead of sending them",
			bind: func(c *Config) value { return boolValue{&c.Mail.SuppressSend} },
		},
		{
			Name: "mail_ca_file",
			Help: "File with certificates of authorities that vouch for the SMTP server, besides the system's",
			bind: func(c *Config) value { return textValue{&c.Mail.CAFile} },
		},
		{
			Name: "mail_timeout", Default: "30s",
			Help: "How long sending one mail may take; a bare number is seconds",
			bind: func(c *Config) value {
				return durationValue{to: &c.Mail.Timeout, min: time.Second, max: time.Hour, bare: time.Second}
			},
		},
	}
	for i := range settings {
		settings[i].Group = GroupMail
		settings[i].Env = env(settings[i].Name, strong(strings.ToUpper(settings[i].Name)))
	}
	return settings
}

func limitSettings() []Setting {
	settings := []Setting{
		{
			Name: "limit_upload", Default: "1GiB",
			Help: "Largest file that may be sent for import",
			bind: func(c *Config) value { return sizeValue{&c.Limits.Upload} },
		},
		{
			Name: "limit_unpacked", Default: "8GiB",
			Help: "Largest content of one archive, unpacked",
			bind: func(c *Config) value { return sizeValue{&c.Limits.Unpacked} },
		},
		{
			Name: "limit_members", Default: "1000000",
			Help: "Most files in one archive",
			bind: func(c *Config) value { return intValue{&c.Limits.Members, 1, math.MaxInt32} },
		},
		{
			Name: "limit_artifact", Default: "5MiB",
			Help: "Largest artifact that may be sent to the API",
			bind: func(c *Config) value { return sizeValue{&c.Limits.Artifact} },
		},
		{
			Name: "limit_import_artifact", Default: "64MiB",
			Help: "Largest artifact inside an imported file",
			bind: func(c *Config) value { return sizeValue{&c.Limits.ImportArtifact} },
		},
		{
			Name: "limit_json", Default: "16MiB",
			Help: "Largest JSON body",
			bind: func(c *Config) value { return sizeValue{&c.Limits.JSONBody} },
		},
	}
	for i := range settings {
		settings[i].Group = GroupLimits
		settings[i].Env = env(settings[i].Name)
	}
	return settings
}

func jobSettings() []Setting {
	keep := func(name, text, help string, field func(*Config) *time.Duration) Setting {
		return Setting{
			Name: name, Group: GroupRetention, Default: text, Env: env(name), Help: help + "; 0 keeps them for ever",
			bind: func(c *Config) value { return durationValue{to: field(c), max: forEver} },
		}
	}
	return []Setting{
		{
			Name: "worker_concurrency", Group: GroupJobs, Common: true, Default: "2",
			Env:  env("worker_concurrency", strong("IBUTSU_WORKER_CONCURRENCY"), weak("CELERY_WORKER_CONCURRENCY")),
			Help: "Imports that one worker runs at a time",
			bind: func(c *Config) value { return intValue{&c.Jobs.Concurrency, 1, 1000} },
		},
		{
			Name: "tally_fields", Group: GroupJobs, Default: "false",
			Env:  env("tally_fields"),
			Help: "Keep counts of metadata fields that dashboards often group by; else the log proposes them",
			bind: func(c *Config) value { return boolValue{&c.Jobs.TallyFields} },
		},
		keep("keep_imports", "7d", "Age at which imports are deleted", func(c *Config) *time.Duration { return &c.Retention.Imports }),
		keep("keep_artifacts", "90d", "Age at which artifacts are deleted", func(c *Config) *time.Duration { return &c.Retention.Artifacts }),
		keep("keep_results", "150d", "Age at which results are deleted", func(c *Config) *time.Duration { return &c.Retention.Results }),
		keep("keep_audit", "365d", "Age at which records of who changed what are deleted", func(c *Config) *time.Duration { return &c.Retention.Audit }),
		keep("keep_runs", "360d", "Age at which runs are deleted", func(c *Config) *time.Duration { return &c.Retention.Runs }),
	}
}

func artifactSettings() []Setting {
	settings := []Setting{
		{
			Name: "artifact_store", Common: true, Default: "postgresql",
			Help: "Where the contents of new artifacts are kept; all stores that are set up can be read",
			bind: func(c *Config) value {
				return choiceValue{&c.Artifacts.Store, []string{"postgresql", "files", "s3"}}
			},
		},
		{
			Name: "artifact_dir", DefaultNote: "artifacts below the state folder, where artifact_store is files",
			Help: "Folder of artifacts in files; backends and workers have to share it",
			bind: func(c *Config) value { return textValue{&c.Artifacts.Dir} },
		},
		{
			Name: "s3_endpoint",
			Help: "Address of the S3-compatible store, such as https://s3.example.com",
			bind: func(c *Config) value { return textValue{&c.Artifacts.S3Endpoint} },
		},
		{
			Name: "s3_bucket",
			Help: "Bucket, which has to exist",
			bind: func(c *Config) value { return textValue{&c.Artifacts.S3Bucket} },
		},
		{
			Name: "s3_prefix",
			Help: "What stands before all names, in a bucket that others use too",
			bind: func(c *Config) value { return textValue{&c.Artifacts.S3Prefix} },
		},
		{
			Name: "s3_region", Default: "us-east-1",
			Help: "Region of the bucket",
			bind: func(c *Config) value { return textValue{&c.Artifacts.S3Region} },
		},
		{
			Name: "s3_access_key",
			Help: "Access key; without it the environment and the role of the machine are asked",
			bind: func(c *Config) value { return textValue{&c.Artifacts.S3AccessKey} },
		},
		{
			Name: "s3_secret_key", Secret: true,
			Help: "Secret key",
			bind: func(c *Config) value { return secretValue{&c.Artifacts.S3SecretKey} },
		},
	}
	for i := range settings {
		settings[i].Group = GroupArtifacts
		settings[i].Env = env(settings[i].Name)
	}
	return settings
}

func logSettings() []Setting {
	return []Setting{
		{
			Name: "log_level", Group: GroupLog, Common: true, Default: "info",
			Env:  env("log_level", strong("IBUTSU_LOG_LEVEL"), weak("LOG_LEVEL")),
			Help: "Least level that is logged",
			bind: func(c *Config) value {
				return choiceValue{&c.Log.Level, []string{"trace", "debug", "info", "warn", "error"}}
			},
		},
		{
			Name: "log_format", Group: GroupLog, Common: true, Default: "auto",
			Env:  env("log_format", strong("IBUTSU_LOG_FORMAT"), weak("LOG_FORMAT")),
			Help: "Form of the log; auto is pretty on a terminal, else JSON",
			bind: func(c *Config) value { return choiceValue{&c.Log.Format, []string{"auto", "json", "pretty"}} },
		},
		{
			Name: "access_log", Group: GroupLog, Default: "true",
			Env:  env("access_log"),
			Help: "Log one line for each request",
			bind: func(c *Config) value { return boolValue{&c.Log.Access} },
		},
	}
}
