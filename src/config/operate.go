package config

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
			Help: "Address of a listener for metrics and profiles without sign-in; for loopback or a private network",
			bind: func(c *Config) value { return optionalAddressValue{&c.Server.AdminListen} },
		},
		{
			Name: "metrics_token", Group: GroupServer, Secret: true,
			Env:  env("metrics_token"),
			Help: "Bearer token that may read /metrics, beside the tokens of superadmins",
			bind: func(c *Config) value { return secretValue{&c.Server.MetricsToken} },
		},
		{
			Name: "module_memory_max", Group: GroupJobs, DefaultNote: "none",
			Env:  env("module_memory_max"),
			Help: "Resident memory above which a worker or scheduler is drained and started anew",
			bind: func(c *Config) value { return optionalSizeValue{&c.Jobs.MemoryMax} },
		},
	}
}

// telemetrySettings say where OpenTelemetry goes. What else there is to be set, the variables OTEL_* set: they are the
// library's own.
func telemetrySettings() []Setting {
	return []Setting{
		{
			Name: "otlp_endpoint", Group: GroupTelemetry, DefaultNote: "none: nothing is sent",
			Env:  env("otlp_endpoint", strong("IBUTSU_OTLP_ENDPOINT"), weak("OTEL_EXPORTER_OTLP_ENDPOINT")),
			Help: "Collector that gets traces and metrics by OTLP, such as http://localhost:4318; the variables OTEL_* say the rest",
			bind: func(c *Config) value { return rootURLValue{&c.Telemetry.Endpoint, false} },
		},
		{
			Name: "otlp_protocol", Group: GroupTelemetry, Default: "http/protobuf",
			Env:  env("otlp_protocol", strong("IBUTSU_OTLP_PROTOCOL"), weak("OTEL_EXPORTER_OTLP_PROTOCOL")),
			Help: "How OTLP is spoken",
			bind: func(c *Config) value { return choiceValue{&c.Telemetry.Protocol, []string{"http/protobuf"}} },
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
