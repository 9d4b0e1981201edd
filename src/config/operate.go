package config

import (
	"math"
	"time"
)

// operateSettings are those of the people who keep it running: certificates, what is measured and who may look at it.
func operateSettings() []Setting {
	return []Setting{
		{
			Name: "tls_cert", Group: GroupServer,
			Env:  env("tls_cert"),
			Help: "Certificate to listen with, a PEM file with its chain; a renewed file is taken within seconds",
			bind: func(c *Config) value { return textValue{&c.Server.TLSCert} },
		},
		{
			Name: "tls_key", Group: GroupServer,
			Env:  env("tls_key"),
			Help: "Key of that certificate, a PEM file",
			bind: func(c *Config) value { return textValue{&c.Server.TLSKey} },
		},
		{
			Name: "admin_listen", Group: GroupServer,
			Env:  env("admin_listen"),
			Help: "Address of a listener for probes, metrics and profiles without sign-in; for loopback or a private network",
			bind: func(c *Config) value { return optionalAddressValue{&c.Server.AdminListen} },
		},
		{
			Name: "metrics_token", Group: GroupServer, Secret: true,
			Env:  env("metrics_token"),
			Help: "Bearer token that may read /metrics, beside the tokens of superadmins",
			bind: func(c *Config) value { return secretValue{&c.Server.MetricsToken} },
		},
		{
			Name: "otlp_endpoint", Group: GroupLog,
			Env:  env("otlp_endpoint", strong("OTEL_EXPORTER_OTLP_ENDPOINT")),
			Help: "Where traces and metrics go by OTLP over gRPC, as http://HOST:4317 or https://; none are made without it",
			bind: func(c *Config) value { return rootURLValue{to: &c.Log.OTLPEndpoint} },
		},
		{
			Name: "module_memory_max", Group: GroupJobs, DefaultNote: "none",
			Env:  env("module_memory_max"),
			Help: "Resident memory above which a worker or scheduler is drained and started anew",
			bind: func(c *Config) value { return optionalSizeValue{&c.Jobs.MemoryMax} },
		},
		{
			Name: "redis_timeout", Group: GroupRedis, Default: "100ms",
			Env:  env("redis_timeout"),
			Help: "How long Redis may take before a process goes on without it",
			bind: func(c *Config) value {
				return durationValue{to: &c.Redis.Timeout, min: time.Millisecond, max: time.Minute}
			},
		},
		{
			Name: "redis_connections", Group: GroupRedis, Default: "1",
			Env:  env("redis_connections"),
			Help: "Connections to each Redis, rounded up to a power of two; all requests share them",
			bind: func(c *Config) value { return intValue{&c.Redis.Connections, 1, math.MaxUint8} },
		},
		{
			Name: "redis_ca", Group: GroupRedis,
			Env:  env("redis_ca"),
			Help: "Authorities that a rediss:// server's certificate is checked with, a PEM file; else those of the system",
			bind: func(c *Config) value { return textValue{&c.Redis.CA} },
		},
		{
			Name: "redis_cert", Group: GroupRedis,
			Env:  env("redis_cert"),
			Help: "Certificate to show to a rediss:// server, a PEM file",
			bind: func(c *Config) value { return textValue{&c.Redis.Cert} },
		},
		{
			Name: "redis_key", Group: GroupRedis,
			Env:  env("redis_key"),
			Help: "Key of that certificate, a PEM file",
			bind: func(c *Config) value { return textValue{&c.Redis.Key} },
		},
		{
			Name: "redis_sentinel_user", Group: GroupRedis,
			Env:  env("redis_sentinel_user"),
			Help: "User of the Sentinels, where they ask for one",
			bind: func(c *Config) value { return textValue{&c.Redis.SentinelUser} },
		},
		{
			Name: "redis_sentinel_password", Group: GroupRedis, Secret: true,
			Env:  env("redis_sentinel_password"),
			Help: "Password of the Sentinels, where they ask for one",
			bind: func(c *Config) value { return secretValue{&c.Redis.SentinelPassword} },
		},
	}
}

// optionalAddressValue is an address or nothing.
type optionalAddressValue struct{ to *string }

func (v optionalAddressValue) String() string { return *v.to }
func (v optionalAddressValue) Kind() string   { return addressValue(v).Kind() }
func (v optionalAddressValue) Set(s string) error {
	if s == "" {
		*v.to = ""
		return nil
	}
	return addressValue(v).Set(s)
}

// optionalSizeValue is a size or 0, which is no limit.
type optionalSizeValue struct{ to *int64 }

func (v optionalSizeValue) String() string {
	if *v.to == 0 {
		return ""
	}
	return sizeValue(v).String()
}
func (v optionalSizeValue) Kind() string { return "size" }
func (v optionalSizeValue) Set(s string) error {
	if s == "" || s == "0" {
		*v.to = 0
		return nil
	}
	return sizeValue(v).Set(s)
}
