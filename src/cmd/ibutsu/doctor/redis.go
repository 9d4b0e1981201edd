package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/rueidis"

	"github.com/ibutsu/ibutsu-go/src/cache"
)

// oldestRedis is the first version with the protocol that the client-side cache needs. Every Valkey has it.
const oldestRedis = 6

func redis(ctx context.Context, p Patient) Finding {
	f := Finding{Check: "redis"}
	address := p.Config.Redis.URL.Reveal()
	if address == "" {
		f.State, f.What = Skipped, "none is configured: caches, limits and live events stay in each process, which is fine for one"
		return f
	}
	ctx, cancel := context.WithTimeout(ctx, p.Limit)
	defer cancel()
	info, err := redisInfo(ctx, p, address)
	return judgeRedis(f, info, err)
}

func redisInfo(ctx context.Context, p Patient, address string) (string, error) {
	option, err := cache.Redis(address)
	if err != nil {
		return "", err
	}
	option.DisableCache = true // an old server would refuse the connection before it could tell its version
	option.AlwaysRESP2 = true
	option.ForceSingleClient = true
	option.DisableRetry = true
	option.Dialer.Timeout, option.Sentinel.Dialer.Timeout = p.Limit, p.Limit
	client, err := rueidis.NewClient(option)
	if err != nil {
		return "", err
	}
	defer client.Close()
	return client.Do(ctx, client.B().Info().Section("server").Build()).ToString()
}

func judgeRedis(f Finding, info string, err error) Finding {
	if err != nil {
		f.State, f.Why = Warning, "the server works without it, but slower: each process keeps its answers by itself, and each backend counts attempts to sign in alone"
		f.What, f.Fix = noRedis(err)
		return f
	}
	name, version := redisVersion(info)
	f.State, f.What = OK, fmt.Sprintf("%s %s answers", name, version)
	if major, err := strconv.Atoi(strings.SplitN(version, ".", 2)[0]); err == nil && major < oldestRedis {
		f.State, f.Why = Broken, fmt.Sprintf("%d or newer is needed for the client-side cache", oldestRedis)
		f.Fix = "upgrade it, or unset REDIS_URL"
	}
	return f
}

// noRedis says why a Redis cannot be used, and what to do.
func noRedis(err error) (what, fix string) {
	if refused, ok := rueidis.IsRedisErr(err); ok {
		return "it refuses: " + refused.Error(), "correct user and password in REDIS_URL, or what Redis lets that user do (ACL)"
	}
	_, unchecked := errors.AsType[*tls.CertificateVerificationError](err)
	_, alerted := errors.AsType[tls.AlertError](err)
	if unchecked || alerted {
		return fmt.Sprintf("TLS fails: %v", reason(err)), "name the authority (?ssl_ca_certs=FILE) or a certificate of the server's own (&ssl_certfile=FILE&ssl_keyfile=FILE) in REDIS_URL; see docs/scaling.md"
	}
	return fmt.Sprintf("it does not answer: %v", reason(err)), "start Redis or Valkey, correct REDIS_URL, or unset it when there is one backend only"
}

// redisVersion reads the answer to INFO server.
func redisVersion(info string) (name, version string) {
	name, version = "Redis", "of an unknown version"
	for line := range strings.Lines(info) {
		key, text, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch key {
		case "valkey_version":
			return "Valkey", text
		case "redis_version":
			version = text
		}
	}
	return name, version
}
