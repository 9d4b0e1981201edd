package config

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// databaseURLValue is a PostgreSQL URL in any of the spellings that Ibutsu's users have, kept as one that pgx reads.
type databaseURLValue struct{ to *Secret }

func (v databaseURLValue) String() string { return v.to.Reveal() }
func (v databaseURLValue) Kind() string   { return "URL" }
func (v databaseURLValue) Set(s string) error {
	if strings.TrimSpace(s) == "" {
		*v.to = ""
		return nil
	}
	address, err := parseDatabaseURL(s)
	if err != nil {
		return err
	}
	*v.to = Secret(address.String())
	return nil
}

// ReplicaURLs are addresses of databases, each a secret.
type ReplicaURLs []Secret

// Reveal gives them as they are.
func (r ReplicaURLs) Reveal() []string {
	urls := make([]string, len(r))
	for i, s := range r {
		urls[i] = s.Reveal()
	}
	return urls
}

// replicasValue is a list of database URLs, with commas between.
type replicasValue struct{ to *ReplicaURLs }

func (v replicasValue) String() string { return strings.Join(v.to.Reveal(), ",") }
func (v replicasValue) Kind() string   { return "list of URLs" }
func (v replicasValue) Set(s string) error {
	var urls ReplicaURLs
	for _, text := range splitReplicas(s) {
		var one Secret
		if err := (databaseURLValue{&one}).Set(text); err != nil {
			return err
		}
		urls = append(urls, one)
	}
	*v.to = urls
	return nil
}

// splitReplicas cuts where a comma and a new URL begin: a URL may have several hosts, with commas between them too.
func splitReplicas(s string) []string {
	var urls []string
	for _, part := range splitList(s) {
		if strings.Contains(part, "://") || len(urls) == 0 {
			urls = append(urls, part)
			continue
		}
		urls[len(urls)-1] += "," + part
	}
	return urls
}

// databaseAddress is a database URL taken apart.
type databaseAddress struct {
	user, password string
	hosts, ports   []string // as many ports as hosts; an empty port is the default one
	name           string
	params         url.Values
}

// psycopgOnly are connection parameters of libpq that pgx would hand to the server, which refuses the connection.
var psycopgOnly = []string{
	"keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout",
	"gssencmode", "gsslib", "sslcompression", "sslcrl", "sslcrldir", "requirepeer", "load_balance_hosts",
	"prepare_threshold", "async_fallback",
}

// parseDatabaseURL takes postgres:// and postgresql:// URLs, with a driver (postgresql+psycopg2://) as SQLAlchemy has
// them, and as lenient as SQLAlchemy: a password may have / ? # and % in it unescaped.
func parseDatabaseURL(text string) (databaseAddress, error) {
	var none databaseAddress
	scheme, rest, ok := strings.Cut(strings.TrimSpace(text), "://")
	if !ok {
		return none, errors.New("is not a URL such as postgres://user:password@host:5432/ibutsu")
	}
	scheme, _, _ = strings.Cut(strings.ToLower(scheme), "+")
	if scheme != "postgres" && scheme != "postgresql" {
		return none, errors.New("is not a PostgreSQL URL (postgres://…); no other database works")
	}
	if strings.ContainsRune(rest, 0) {
		return none, errors.New("has a NUL character in it")
	}

	userinfo, location := splitUserinfo(rest)
	user, password, _ := strings.Cut(userinfo, ":")
	authorityAndPath, query, _ := strings.Cut(location, "?")
	authority, name, _ := strings.Cut(authorityAndPath, "/")
	address := databaseAddress{user: unescape(user), password: unescape(password), name: unescape(name)}

	params, err := url.ParseQuery(query)
	if err != nil {
		return none, errors.New("has a part after ? that cannot be read; write it as ?sslmode=require&…")
	}
	take := func(key string) []string {
		values := params[key]
		params.Del(key)
		return values
	}
	for _, key := range psycopgOnly {
		params.Del(key)
	}
	address.fillFrom(take)
	address.params = params

	hosts := strings.Split(authority, ",")
	if given := take("host"); len(given) > 0 {
		hosts = strings.Split(strings.Join(given, ","), ",") // SQLAlchemy repeats host=, libpq joins with commas
	}
	ports := strings.Split(strings.Join(take("port"), ","), ",")
	return address, address.setHosts(hosts, ports)
}

// fillFrom takes what libpq allows in the query in place of the part in front of it.
func (a *databaseAddress) fillFrom(take func(string) []string) {
	for key, field := range map[string]*string{"user": &a.user, "password": &a.password, "dbname": &a.name} {
		if values := take(key); len(values) > 0 && *field == "" {
			*field = values[len(values)-1]
		}
	}
}

func (a *databaseAddress) setHosts(hosts, ports []string) error {
	if len(ports) > 1 && len(ports) != len(hosts) {
		return errors.New("has another number of ports than of hosts")
	}
	for i, host := range hosts {
		host, port, err := splitHostPort(host)
		if err != nil {
			return err
		}
		if host == "" && len(hosts) > 1 {
			return errors.New("has an empty host among several")
		}
		switch {
		case port != "":
		case len(ports) == 1:
			port = ports[0]
		default:
			port = ports[i]
		}
		if port != "" && !isPort(port) {
			return errors.New("has a port that is not a number from 1 to 65535")
		}
		a.hosts = append(a.hosts, host)
		a.ports = append(a.ports, port)
	}
	return nil
}

// splitHostPort accepts name, name:port, [v6], [v6]:port, a folder, and nothing.
func splitHostPort(s string) (host, port string, err error) {
	wrong := errors.New("has a host that cannot be read; write host:port, [v6]:port, or ?host=/folder for a socket")
	if decoded := unescape(s); strings.HasPrefix(decoded, "/") { // postgres://%2Frun%2Fpostgresql/name
		return decoded, "", nil
	}
	if rest, ok := strings.CutPrefix(s, "["); ok {
		inside, after, closed := strings.Cut(rest, "]")
		after, hasPort := strings.CutPrefix(after, ":")
		if !closed || net.ParseIP(inside) == nil || (!hasPort && after != "") {
			return "", "", wrong
		}
		return inside, after, nil
	}
	if net.ParseIP(s) != nil { // a bare v6 address, as in ?host=::1
		return s, "", nil
	}
	host, port, _ = strings.Cut(s, ":")
	if strings.ContainsFunc(host, notInHost) || strings.Contains(port, ":") {
		return "", "", wrong
	}
	return host, port, nil
}

func notInHost(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-._", r) || r == utf8.RuneError
}

// splitUserinfo cuts off user:password. It is at the last @ in front of the query; a password with ? in it is
// recognised by what would otherwise be a port that is no number.
func splitUserinfo(rest string) (userinfo, location string) {
	beforeQuery, _, _ := strings.Cut(rest, "?")
	if i := strings.LastIndexByte(beforeQuery, '@'); i >= 0 {
		return rest[:i], rest[i+1:]
	}
	authority, _, _ := strings.Cut(beforeQuery, "/")
	_, port, hasPort := strings.Cut(authority, ":")
	if i := strings.LastIndexByte(rest, '@'); i >= 0 && hasPort && !isPort(port) && !strings.ContainsAny(authority, "[,") {
		return rest[:i], rest[i+1:]
	}
	return "", rest
}

// String is the URL in the one form that pgx and net/url agree upon. Several hosts and folders go into the query:
// newer net/url refuses them in front.
func (a databaseAddress) String() string {
	var b strings.Builder
	b.WriteString("postgres://")
	switch {
	case a.password != "":
		b.WriteString(url.UserPassword(a.user, a.password).String() + "@")
	case a.user != "":
		b.WriteString(url.User(a.user).String() + "@")
	}
	params := url.Values{}
	maps.Copy(params, a.params)
	switch {
	case len(a.hosts) == 1 && !strings.HasPrefix(a.hosts[0], "/") && a.hosts[0] != "":
		b.WriteString(joinHostPort(a.hosts[0], a.ports[0]))
	case strings.Join(a.hosts, "") != "":
		params.Set("host", strings.Join(a.hosts, ","))
		fallthrough
	default:
		if ports := strings.Join(a.ports, ","); strings.Trim(ports, ",") != "" {
			params.Set("port", ports)
		}
	}
	b.WriteString("/" + url.PathEscape(a.name))
	if len(params) > 0 {
		b.WriteString("?" + params.Encode())
	}
	return b.String()
}

func joinHostPort(host, port string) string {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port == "" {
		return host
	}
	return host + ":" + port
}

// url builds the database URL from the single settings.
func (p DatabaseParts) url() databaseAddress {
	address := databaseAddress{
		user: p.User, password: p.Password.Reveal(), name: p.Name,
		hosts: []string{p.Host}, ports: []string{""}, params: url.Values{},
	}
	if p.Port != 0 {
		address.ports[0] = strconv.Itoa(p.Port)
	}
	if p.SSLMode != "" {
		address.params.Set("sslmode", p.SSLMode)
	}
	return address
}

// resolveDatabase folds the POSTGRESQL_* parts into the URL.
func (l *loader) resolveDatabase() {
	db := &l.config.Database
	parts := []string{"database_host", "database_name", "database_user", "database_password", "database_sslmode", "database_port"}
	var given []string
	for _, name := range parts {
		if l.isSet(name) {
			given = append(given, l.called(name))
		}
	}
	switch {
	case db.URL.IsSet():
		if len(given) > 0 && !db.sameServer() {
			l.warnf("%s goes before %s, which point to another database and are ignored", l.called("database_url"), strings.Join(given, ", "))
		}
		return
	case len(given) == 0 || (len(given) == 1 && l.isSet("database_port")):
		return // a port alone says nothing: Kubernetes sets POSTGRESQL_PORT for a service of that name
	case db.Parts.Host == "":
		l.fail(fmt.Errorf("POSTGRESQL_HOST is missing although %s is set; set it, or DATABASE_URL in its place", given[0]))
		return
	case db.Parts.Name == "":
		l.fail(fmt.Errorf("POSTGRESQL_DATABASE is missing although %s is set; set it, or DATABASE_URL in its place", given[0]))
		return
	}
	address := db.Parts.url()
	host, port, err := splitHostPort(db.Parts.Host)
	if err != nil {
		l.fail(fmt.Errorf("%s %w", l.called("database_host"), err))
		return
	}
	address.hosts[0] = host
	if port != "" {
		if !isPort(port) {
			l.fail(fmt.Errorf("%s has a port that is not a number from 1 to 65535", l.called("database_host")))
			return
		}
		address.ports[0] = port
	}
	db.URL = Secret(address.String())
	l.origins["database_url"] = Origin{Level: l.origins["database_host"].Level, Name: strings.Join(given, ", ")}
}

// sameServer tells whether the parts that are set agree with the URL, so that nobody is warned of nothing.
func (d Database) sameServer() bool {
	address, err := parseDatabaseURL(d.URL.Reveal())
	if err != nil {
		return false
	}
	return (d.Parts.Host == "" || d.Parts.Host == strings.Join(address.hosts, ",")) &&
		(d.Parts.Name == "" || d.Parts.Name == address.name) && (d.Parts.User == "" || d.Parts.User == address.user)
}

// RequireDatabase is the error for commands that cannot do without a database.
func (c *Config) RequireDatabase() error {
	if c.Database.URL.IsSet() {
		return nil
	}
	return errors.New("no database is configured: set DATABASE_URL=postgres://user:password@host:5432/name " +
		"(or POSTGRESQL_HOST, POSTGRESQL_DATABASE, …), or start one of your own with `ibutsu up`")
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}

// unescape undoes percent escapes; a text with a % that is none is meant as it stands.
func unescape(s string) string {
	if decoded, err := url.PathUnescape(s); err == nil {
		return decoded
	}
	return s
}

// maskURL hides the password of a URL; a text that is no URL is hidden whole.
func maskURL(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return Mask
	}
	if query := u.Query(); query.Has("password") || query.Has("sslpassword") || query.Has("sentinel_password") {
		return Mask
	}
	if u.User == nil {
		return text
	}
	if _, has := u.User.Password(); !has {
		return text
	}
	user := url.User(u.User.Username()).String()
	u.User = nil
	scheme, rest, _ := strings.Cut(u.String(), "://")
	return scheme + "://" + user + ":" + Mask + "@" + rest
}
