package main

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/alecthomas/kong"

	"github.com/ibutsu/ibutsu-go/src/config"
)

// Settings are the flags of a command that reads the configuration: --config and one for each setting of the groups that
// it was made for, built from the table of settings so that neither can be forgotten. Embed it with `embed:""`.
type Settings struct {
	File  string       `name:"config" placeholder:"FILE" help:"Settings file (YAML)" group:"Configuration" from:"IBUTSU_CONFIG"`
	Flags kong.Plugins `embed:""`

	groups   []string
	settings []config.Setting
}

// newSettings asks for the flags of all settings of some groups. The state folder is always among them: it says where the
// private database is.
func newSettings(groups ...string) Settings { return Settings{groups: groups} }

// build makes the flags.
func (s *Settings) build() {
	var fields []reflect.StructField
	for _, setting := range config.Settings() {
		if !slices.Contains(s.groups, setting.Group) && setting.Name != "state_dir" {
			continue
		}
		s.settings = append(s.settings, setting)
		fields = append(fields, flagField(setting, len(fields)))
	}
	s.Flags = kong.Plugins{reflect.New(reflect.StructOf(fields)).Interface()}
}

// buildSettings makes the flags of one command and of those below it. The others do without: hundreds of flags take
// longer to make than most commands to run.
func buildSettings(commands reflect.Value, name string) {
	for i := range commands.NumField() {
		if dashed(commands.Type().Field(i).Name) == name {
			buildAll(commands.Field(i))
		}
	}
}

func buildAll(command reflect.Value) {
	if command.Kind() != reflect.Struct {
		return
	}
	if settings, ok := reflect.TypeAssert[*Settings](command.Addr()); ok {
		settings.build()
		return
	}
	for i := range command.NumField() {
		if command.Type().Field(i).IsExported() {
			buildAll(command.Field(i))
		}
	}
}

// dashed is the name that kong gives to the command of a field: CheckConfig becomes check-config.
func dashed(field string) string {
	var b strings.Builder
	for i, r := range field {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// flagField describes a setting's flag to kong.
func flagField(s config.Setting, i int) reflect.StructField {
	tag := fmt.Sprintf(`name:%q help:%q group:%q`, s.Flag(), s.Help, s.Group)
	kind := reflect.TypeFor[*string]()
	if s.Kind() == "true or false" {
		kind = reflect.TypeFor[*bool]()
		tag += ` negatable:""`
	} else {
		tag += fmt.Sprintf(` placeholder:%q`, placeholder(s))
	}
	if !s.Common {
		tag += ` hidden:""`
	}
	variable := s.Env[0].Name
	if s.FlagIsFile() {
		variable += ", " + variable + "_FILE"
	}
	tag += fmt.Sprintf(` shown-default:%q shown-note:%q shown-env:%q`, s.Default, s.DefaultNote, variable)
	return reflect.StructField{Name: "F" + strconv.Itoa(i), Type: kind, Tag: reflect.StructTag(tag)}
}

func placeholder(s config.Setting) string {
	switch kind := s.Kind(); {
	case s.FlagIsFile():
		return "FILE"
	case s.Name == "state_dir" || strings.HasSuffix(s.Name, "_dir") || s.Name == "postgres_bin":
		return "DIR"
	case strings.Contains(kind, ", "):
		return strings.ReplaceAll(kind, ", ", "|")
	default:
		return strings.ToUpper(strings.ReplaceAll(kind, " of networks", ""))
	}
}

// given are the flags that were on the command line, by the name of their setting.
func (s *Settings) given() map[string]string {
	given := map[string]string{}
	if len(s.Flags) == 0 {
		return given
	}
	flags := reflect.ValueOf(s.Flags[0]).Elem()
	for i, setting := range s.settings {
		switch value := flags.Field(i).Interface().(type) {
		case *string:
			if value != nil {
				given[setting.Name] = *value
			}
		case *bool:
			if value != nil {
				given[setting.Name] = strconv.FormatBool(*value)
			}
		}
	}
	return given
}

// load reads the configuration for a command.
func (s *Settings) load(c *console) (*config.Loaded, error) {
	return config.Load(config.Input{
		Flags: s.given(), Environ: c.environ, File: s.File, DefaultStateDir: defaultStateDir(c),
	})
}

// loadWithDatabase is load for commands that work on the database: the configured one, or else the private one of an
// `ibutsu up` with the same state folder.
func (s *Settings) loadWithDatabase(c *console) (*config.Loaded, error) {
	loaded, err := s.load(c)
	if err != nil {
		return nil, err
	}
	if db := &loaded.Config.Database; !db.URL.IsSet() {
		if db.URL, err = privateDatabase(loaded.Config.Server.StateDir); err != nil {
			return nil, err
		}
		loaded.Origins["database_url"] = config.Origin{Level: config.LevelDerived, Name: privateOrigin}
	}
	if err := loaded.Config.RequireDatabase(); err != nil {
		return nil, failure{exitUsage, err}
	}
	return loaded, nil
}

// defaultStateDir is where a person expects what a program keeps.
func defaultStateDir(c *console) string {
	if state := c.getenv("XDG_STATE_HOME"); filepath.IsAbs(state) {
		return filepath.Join(state, "ibutsu")
	}
	home := c.getenv("HOME")
	if os.Geteuid() == 0 || home == "" {
		return "/var/lib/ibutsu"
	}
	return filepath.Join(home, ".local", "state", "ibutsu")
}

// environmentResolver gives the flags of the clients their variables, from the environment that run was given.
func environmentResolver(environ []string) kong.Resolver {
	c := &console{environ: environ}
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		for name := range strings.FieldsSeq(flag.Tag.Get("from")) {
			if text := c.getenv(name); text != "" {
				return text, nil
			}
		}
		return nil, nil
	})
}
