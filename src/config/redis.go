package config

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
)

// redisURLValue is a Redis URL, kept as redis://, rediss:// or unix://.
type redisURLValue struct{ to *Secret }

func (v redisURLValue) String() string { return v.to.Reveal() }
func (v redisURLValue) Kind() string   { return "URL" }
func (v redisURLValue) Set(s string) error {
	if strings.TrimSpace(s) == "" {
		*v.to = ""
		return nil
	}
	u, err := parseRedisURL(s)
	if err != nil {
		return err
	}
	if given, err := url.Parse(s); err == nil && u.Scheme != "unix" {
		for _, name := range slices.Sorted(maps.Keys(given.Query())) {
			if !slices.Contains(redisParameters, name) {
				return fmt.Errorf("has the parameter %s, which is none of %s", name, strings.Join(redisParameters, ", "))
			}
		}
	}
	*v.to = Secret(u.String())
	return nil
}

// redisParameters is what may stand after the question mark of an address. addr names more servers, of a cluster or the
// sentinels; master_set is what the sentinels call the primary. What begins with ssl_ has the names of Celery's addresses.
var redisParameters = []string{
	"addr", "master_set", "sentinel_password", "sentinel_username", "ssl_ca_certs", "ssl_cert_reqs", "ssl_certfile", "ssl_keyfile",
}

// errNotRedis is given for brokers that are something else, such as RabbitMQ.
var errNotRedis = errors.New("is not a Redis URL such as redis://:password@host:6379/0, rediss://… or unix:///run/redis.sock")

func parseRedisURL(text string) (*url.URL, error) {
	first, _, _ := strings.Cut(strings.TrimSpace(text), ";") // Celery lists fallbacks with semicolons
	u, err := url.Parse(first)
	if err != nil {
		return nil, errNotRedis
	}
	switch strings.ToLower(u.Scheme) {
	case "redis", "valkey":
		u.Scheme = "redis"
	case "rediss", "valkeys":
		u.Scheme = "rediss"
	case "unix", "redis+socket", "redis+unix":
		return unixRedis(u)
	default:
		return nil, errNotRedis
	}
	if u.Hostname() == "" {
		return nil, errors.New("has no host; write for example redis://localhost:6379/0")
	}
	if port := u.Port(); port != "" && !isPort(port) {
		return nil, errors.New("has a port that is not a number from 1 to 65535")
	}
	if u.Port() == "" {
		u.Host = strings.TrimSuffix(u.Host, ":") + ":6379"
	}
	db := strings.Trim(u.Path, "/")
	if strings.Trim(db, "0123456789") != "" || len(db) > 5 {
		return nil, errors.New("has a database after the host that is not a number, as in redis://host:6379/0")
	}
	u.Path, u.RawPath, u.Fragment = "", "", ""
	if db != "" {
		u.Path = "/" + db
	}
	query, err := redisQuery(u)
	if err != nil {
		return nil, err
	}
	u.RawQuery = query.Encode()
	return u, nil
}

// redisQuery keeps of the parameters those that mean something here: old addresses have more, which were for Celery.
func redisQuery(u *url.URL) (url.Values, error) {
	query := u.Query()
	maps.DeleteFunc(query, func(name string, _ []string) bool { return !slices.Contains(redisParameters, name) })
	for i, address := range query["addr"] {
		host, port, err := net.SplitHostPort(address)
		if err != nil || host == "" || !isPort(port) {
			return nil, errors.New("has an addr that is not host:port")
		}
		query["addr"][i] = net.JoinHostPort(host, port)
	}
	switch {
	case query.Get("master_set") == "" && (query.Has("sentinel_username") || query.Has("sentinel_password")):
		return nil, errors.New("has a user or password of sentinels but no master_set, the name by which they know the primary")
	case query.Has("ssl_certfile") != query.Has("ssl_keyfile"):
		return nil, errors.New("has only one of ssl_certfile and ssl_keyfile")
	case u.Scheme != "rediss" && slices.ContainsFunc(slices.Collect(maps.Keys(query)), func(name string) bool { return strings.HasPrefix(name, "ssl_") }):
		return nil, errors.New("has parameters of TLS; write rediss:// for TLS")
	}
	switch strings.TrimPrefix(strings.ToLower(query.Get("ssl_cert_reqs")), "cert_") {
	case "", "required":
		query.Del("ssl_cert_reqs")
	case "none":
		query.Set("ssl_cert_reqs", "none")
	default:
		return nil, errors.New("has an ssl_cert_reqs that is neither required nor none")
	}
	return query, nil
}

func unixRedis(u *url.URL) (*url.URL, error) {
	if u.Path == "" {
		return nil, errors.New("has no path of a socket; write for example unix:///run/redis/redis.sock")
	}
	query := url.Values{}
	for _, key := range []string{"db", "virtual_host"} {
		if db := u.Query().Get(key); db != "" {
			query.Set("db", db)
		}
	}
	return &url.URL{Scheme: "unix", User: u.User, Path: u.Path, RawQuery: query.Encode()}, nil
}

// resolveRedis takes Ibutsu's Celery addresses for Redis where REDIS_URL says nothing.
func (l *loader) resolveRedis() {
	redis := &l.config.Redis
	broker, brokerErr := parseRedisURL(redis.CeleryBroker.Reveal())
	backend, backendErr := parseRedisURL(redis.CeleryBackend.Reveal())
	var ignored []string
	for _, name := range []string{"celery_broker_url", "celery_result_backend"} {
		if l.isSet(name) {
			ignored = append(ignored, l.called(name))
		}
	}

	switch {
	case len(ignored) == 0:
		return
	case redis.URL.IsSet():
		l.warnf("%s: not used; there is no Celery here and %s says where Redis is", strings.Join(ignored, " and "), l.called("redis_url"))
	case brokerErr != nil && !errors.Is(brokerErr, errNotRedis):
		l.fail(fmt.Errorf("%s %w", l.called("celery_broker_url"), brokerErr))
	case backendErr != nil && !errors.Is(backendErr, errNotRedis):
		l.fail(fmt.Errorf("%s %w", l.called("celery_result_backend"), backendErr))
	case brokerErr == nil && backendErr == nil && !sameRedis(broker, backend):
		l.fail(fmt.Errorf("%s and %s name two different Redis servers; set REDIS_URL to the one that is meant",
			l.called("celery_broker_url"), l.called("celery_result_backend")))
	case brokerErr == nil:
		redis.URL = Secret(broker.String())
		l.origins["redis_url"] = l.origins["celery_broker_url"]
	case backendErr == nil:
		redis.URL = Secret(backend.String())
		l.origins["redis_url"] = l.origins["celery_result_backend"]
	default:
		l.warnf("%s: not used; jobs are kept in PostgreSQL", strings.Join(ignored, " and "))
	}
}

// sameRedis compares the servers; the database number may differ, Celery set-ups often use two.
func sameRedis(a, b *url.URL) bool {
	if a.Scheme == "unix" || b.Scheme == "unix" {
		return a.Scheme == b.Scheme && a.Path == b.Path
	}
	return a.Scheme == b.Scheme && strings.EqualFold(a.Host, b.Host)
}
