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
