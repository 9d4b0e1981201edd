package doctor

import (
	"context"
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
		f.State, f.What = Broken, fmt.Sprintf("it does not answer: %v", reason(err))
		f.Why = "several backends would not see each other's changes at once, and each counts its limits alone"
		f.Fix = "start Redis or Valkey, correct REDIS_URL, or unset it when there is one backend only"
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
