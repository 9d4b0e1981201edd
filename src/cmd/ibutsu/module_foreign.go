package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/plugin"
)

// foreign tells whether the module is a third party's.
func (cmd *ModuleCmd) foreign() bool { return !slices.Contains(moduleNames(), cmd.Name) }

// moduleFolder is where in the plugin folder the programs of modules are; its own files are importers.
const moduleFolder = "modules"

// moduleName keeps names what they are in paths, logs and lists of processes.
var moduleName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)

// foreignOptions are those of the host of a third party's module. Of ours it gets no setting and no secret: what it needs
// is given to it by whoever runs it.
func (cmd *ModuleCmd) foreignOptions(c *console, cfg *config.Config, sockets string, log zerolog.Logger) (plugin.HostOptions, error) {
	executable, err := cmd.executable(cfg.Server.PluginDir)
	if err != nil {
		return plugin.HostOptions{}, failure{exitUsage, fmt.Errorf("there is no module %q: %w", cmd.Name, err)}
	}
	settings := []byte("{}")
	if cmd.ModuleConfig != "" {
		if settings, err = os.ReadFile(cmd.ModuleConfig); err != nil {
			return plugin.HostOptions{}, failure{exitUsage, err}
		}
		if !json.Valid(settings) {
			return plugin.HostOptions{}, failure{exitUsage, fmt.Errorf("%s is no JSON", cmd.ModuleConfig)}
		}
	}
	return plugin.HostOptions{
		Name:         cmd.Name,
		Executable:   executable,
		Config:       settings,
		Environment:  foreignEnvironment(c.environ),
		RuntimeDir:   sockets,
		Logger:       log,
		DrainTimeout: cfg.Server.ShutdownGrace,
	}, nil
}

func (cmd *ModuleCmd) executable(plugins string) (plugin.Executable, error) {
	switch {
	case !moduleName.MatchString(cmd.Name):
		return plugin.Executable{}, errors.New("names have a-z, 0-9 and -, and begin with a letter")
	case cmd.Program != "":
		return plugin.MeasureTrusted(cmd.Program)
	case plugins == "":
		return plugin.Executable{}, errors.New("there are worker and scheduler; others are programs that --program names, or that the folder " +
			moduleFolder + " of plugin_dir holds")
	}
	return plugin.MeasureTrusted(filepath.Join(plugins, moduleFolder, cmd.Name))
}

// foreignEnvironment are the variables but for those that mean this process: our settings, many of them secret, and what
// systemd says to us.
func foreignEnvironment(environ []string) []string {
	ours := map[string]bool{"PGPASSWORD": true, "NOTIFY_SOCKET": true, "WATCHDOG_PID": true, "WATCHDOG_USEC": true, "GOMEMLIMIT": true}
	for _, s := range config.Settings() {
		for _, variable := range s.Env {
			ours[variable.Name] = true
			ours[variable.Name+"_FILE"] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(environ), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return ours[name] || strings.HasPrefix(name, "IBUTSU_") || strings.HasPrefix(name, "LISTEN_")
	})
}
