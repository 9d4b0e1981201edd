// Package config is the one typed configuration of every role of the binary: defaults, then a file, then the
// environment (the names of Ibutsu 3.1.1 included), then flags; later wins.
//
// The table in settings.go is the only list of settings. Parsing, the flags of the commands, check-config, the form
// handed to the modules and docs/configuration.md all follow from it.
package config

import (
	"net/netip"
	"net/url"
	"time"
)

// Config is the effective configuration. It is complete and checked when it comes from [Load]; the zero value is not
// usable, [Default] is.
type Config struct {
	Server     Server
	Database   Database
	Redis      Redis
	SignIn     SignIn
	Superadmin Superadmin
	Providers  Providers
	Mail       Mail
	Limits     Limits
	Jobs       Jobs
	Retention  Retention
	Artifacts  Artifacts
	Log        Log
	Telemetry  Telemetry
}

// Server is what the backend listens on and how it is reached from outside.
type Server struct {
	// Listen is HOST:PORT, where an empty host means all addresses and port 0 any free one, or unix:PATH.
	Listen string
	// BackendURL is the root under which clients reach the API, without a slash at the end and without /api.
	BackendURL string
	// FrontendURL is the root of the page, without a slash at the end.
	FrontendURL string
	// StateDir holds everything that `ibutsu up` keeps: the private PostgreSQL, sockets, spools.
	StateDir string
	// PluginDir holds third-party importers; empty means none.
	PluginDir string
	// TrustedProxies may say who the client is (X-Forwarded-For, -Proto, Forwarded); others are not believed.
	TrustedProxies []netip.Prefix
	// CORSOrigins may call from a browser; a single "*" means every origin.
	CORSOrigins []string
	// ReadTimeout bounds reading one request, its body included.
	ReadTimeout time.Duration
	// WriteTimeout bounds writing one answer.
	WriteTimeout time.Duration
	// IdleTimeout is how long a kept connection may stay silent. Reporters that pause between two posts meet a
	// closed connection when it is short.
	IdleTimeout time.Duration
	// ShutdownGrace is how long accepted requests and running jobs may take to end after SIGTERM.
	ShutdownGrace time.Duration
	// DrainDelay is how long requests are still taken before that, while the server says that it is not ready.
	DrainDelay time.Duration
	// TLSCert and TLSKey are PEM files; empty means that HTTP is spoken in the clear.
	TLSCert, TLSKey string
	// AdminListen is an address as Listen's, of a listener that asks for no sign-in; empty means none.
	AdminListen string
	// MetricsToken may read /metrics; empty means that only superadmins may.
	MetricsToken Secret
	// CacheAnswers keeps the answers of widgets and views until something is written.
	CacheAnswers bool
}

// Database is how PostgreSQL is reached.
type Database struct {
	// URL is a postgres:// URL, or empty when no database is configured (then `ibutsu up` makes its own).
	URL Secret
	// Parts are the single POSTGRESQL_* settings. They are folded into URL by [Load]; nothing else reads them.
	Parts DatabaseParts
	// PostgresBin is the folder of initdb and postgres for a private PostgreSQL; empty means that they are looked for.
	PostgresBin string
	// PoolMax is how many connections one process has at most.
	PoolMax int
	// ConnectTimeout bounds one attempt to connect, Wait all attempts at start together.
	ConnectTimeout, Wait time.Duration
	// StatementTimeout ends a statement of a request, JobStatementTimeout one of a job; 0 means no limit.
	StatementTimeout, JobStatementTimeout time.Duration
	// Replicas are the URLs of streaming standbys that reads may go to, written with commas; ReplicaWait is how long a read
	// waits for one that is behind.
	Replicas    ReplicaURLs
	ReplicaWait time.Duration
	// MigrateOnStart brings the schema up to date at start, under a lock.
	MigrateOnStart bool
}

// DatabaseParts are the pieces of a database URL as Ibutsu names them.
type DatabaseParts struct {
	Host     string // name, address or folder of a Unix socket
	Port     int
	Name     string
	User     string
	Password Secret
	SSLMode  string
}

// Redis is the optional Redis or Valkey.
type Redis struct {
	// URL is redis://, rediss:// or unix://; empty means that caches, limits and events stay in the process.
	URL Secret
	// CeleryBroker and CeleryBackend are the names under which Ibutsu knew Redis; [Load] folds them into URL.
	CeleryBroker, CeleryBackend Secret
}

// SignIn is local login and the tokens.
type SignIn struct {
	// JWTSecret is the HS256 key; empty means the one that the database keeps.
	JWTSecret   Secret
	JWTIssuer   string
	JWTLifetime time.Duration
	// PasswordHash is auto, argon2id or bcrypt; auto is argon2id but in a database that was adopted.
	PasswordHash string
	// BcryptCost is the cost of new bcrypt hashes, 4 to 31.
	BcryptCost int
	// Attempts are the wrong passwords that one client may send for one address within Lockout.
	Attempts int
	Lockout  time.Duration
	// TokensOnce shows an API token only when it is made.
	TokensOnce bool
	// UserLogin allows signing in with e-mail and password; superadmins may always.
	UserLogin bool
}

// Superadmin is the administrator made, or promoted, at start. Unused when Email is empty.
type Superadmin struct {
	Email      string
	Password   Secret
	Name       string
	OwnProject string
}

// Providers are the external sign-in providers. One whose ClientID is empty is off.
type Providers struct {
	Keycloak Keycloak
	OpenID   OpenID
	Google   Provider
	GitHub   Provider
	GitLab   Provider
	// Facebook has its app id in ClientID.
	Facebook Provider
	// OriginalPage lets the page of Ibutsu 3.1.1 sign people in, which sends no state.
	OriginalPage bool
}

// Provider is one OAuth 2 provider. Empty URLs mean the provider's own.
type Provider struct {
	ClientID     string
	ClientSecret Secret
	BaseURL      string
	AuthURL      string
	TokenURL     string
	// UserURL says who a token is for.
	UserURL string
}

// OpenID is any provider that speaks OpenID Connect. It needs ClientID and IssuerURL, else it is off.
type OpenID struct {
	IssuerURL    string
	ClientID     string
	ClientSecret Secret
	Scopes       []string
	Name         string
	Icon         string
	// TrustEmail takes every address for verified that the provider gives.
	TrustEmail bool
}

// Keycloak needs ClientID and BaseURL, else it is off.
type Keycloak struct {
	ClientID  string
	BaseURL   string
	Realm     string
	AuthPath  string
	Name      string
	Icon      string
	VerifySSL bool
	// ClientSecret is empty for a public client.
	ClientSecret Secret
	// TrustEmail takes every address for verified that Keycloak gives.
	TrustEmail bool
}

// Mail is the SMTP server. Empty Server means that mails are written to the log instead.
type Mail struct {
	Server       string
	Port         int
	UseTLS       bool // STARTTLS
	UseSSL       bool // TLS from the first byte
	Username     string
	Password     Secret
	Sender       string
	SuppressSend bool
	Timeout      time.Duration
	// CAFile has certificates of authorities that vouch for the server, besides the system's.
	CAFile string
}

// Sends says whether mails are sent, and not only written to the log.
func (m Mail) Sends() bool { return m.Server != "" && !m.SuppressSend }

// Limits bound what a caller may send. Sizes are bytes.
type Limits struct {
	// Upload is one uploaded import file.
	Upload int64
	// Unpacked is everything inside one archive, unpacked; Members is how many files it may have.
	Unpacked int64
	Members  int
	// Artifact is one artifact sent to the API, ImportArtifact one inside an archive or a JUnit file.
	Artifact       int64
	ImportArtifact int64
	// JSONBody is one JSON request body.
	JSONBody int64
}

// Jobs is the work in the background.
type Jobs struct {
	// Concurrency is how many imports one worker process runs at a time.
	Concurrency int
	// TallyFields allows tallies for fields of the metadata that dashboards often count; else they are only proposed.
	TallyFields bool
	// MemoryMax is the resident memory, in bytes, above which a module's process is started anew; 0 means no limit.
	MemoryMax int64
}

// Retention is how old rows get before they are deleted; 0 keeps them for ever.
type Retention struct {
	Imports   time.Duration
	Artifacts time.Duration
	Results   time.Duration
	Runs      time.Duration
	// Audit is the age at which records of who changed what are deleted.
	Audit time.Duration
}

// Artifacts is where their contents are kept.
type Artifacts struct {
	// Store is where new ones go: postgresql, files or s3.
	Store string
	// Dir is the folder of files; empty means artifacts below the state folder.
	Dir string
	// S3Endpoint is https://HOST; with it, contents in S3 can be read, whatever Store is.
	S3Endpoint, S3Bucket, S3Prefix, S3Region, S3AccessKey string
	S3SecretKey                                           Secret
}

// Telemetry is where traces and metrics go besides what is asked of us.
type Telemetry struct {
	// Endpoint is the root of a collector of OpenTelemetry; empty means that nothing is sent.
	Endpoint string
	// Protocol is how it is spoken to.
	Protocol string
}

// Log is what is logged and in which form.
type Log struct {
	// Level is trace, debug, info, warn or error.
	Level string
	// Format is json, pretty or auto (pretty on a terminal).
	Format string
	// Access writes one line for each request.
	Access bool
}

// Secrets are all secret texts of the configuration, and the passwords inside its URLs, for the log to mask.
func (c *Config) Secrets() []string {
	var secrets []string
	for _, s := range Settings() {
		text := s.Text(c)
		if !s.Secret || text == "" {
			continue
		}
		secrets = append(secrets, text)
		if s.Name == "database_replicas" {
			for _, one := range c.Database.Replicas {
				secrets = append(secrets, passwordOf(one.Reveal())...)
			}
			continue
		}
		secrets = append(secrets, passwordOf(text)...)
	}
	return secrets
}

// passwordOf is the password in a URL, if there is one.
func passwordOf(text string) []string {
	u, err := url.Parse(text)
	if err != nil || u.User == nil {
		return nil
	}
	if password, ok := u.User.Password(); ok && password != "" {
		return []string{password}
	}
	return nil
}
