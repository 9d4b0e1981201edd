package config

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Input is where a configuration comes from. Everything is passed in, so that tests and other processes see only what
// they are given.
type Input struct {
	// Flags are the flags that were given, by the name of their setting.
	Flags map[string]string
	// Environ is the environment as of [os.Environ].
	Environ []string
	// File is the path of a YAML file; empty means IBUTSU_CONFIG, and none when that is empty too. No file is looked
	// for by itself: one for a service of the same machine must not reach a private `ibutsu up`.
	File string
	// ReadFile reads files; nil means [os.ReadFile].
	ReadFile func(path string) ([]byte, error)
	// DefaultStateDir is the state folder when nothing sets one.
	DefaultStateDir string
}

// Level says which kind of source a value came from. Later levels win.
type Level string

// The levels, weakest first.
const (
	LevelDefault     Level = "default"
	LevelDerived     Level = "derived"
	LevelFile        Level = "file"
	LevelCredential  Level = "credential"
	LevelEnvironment Level = "environment"
	LevelFlag        Level = "flag"
)

// Origin is where a value came from.
type Origin struct {
	Level Level `json:"level"`
	// Name is the variable, flag, file or setting; empty for defaults.
	Name string `json:"name,omitempty"`
}

func (o Origin) String() string {
	if o.Name == "" {
		return string(o.Level)
	}
	return string(o.Level) + " " + o.Name
}

// Loaded is a configuration and what is to be said about it.
type Loaded struct {
	Config Config
	// Origins has an entry for each setting that is not at its default, by name.
	Origins map[string]Origin
	// Warnings are single lines for the log.
	Warnings []string
}

// Origin tells where the value of a setting came from.
func (l *Loaded) Origin(name string) Origin {
	if origin, ok := l.Origins[name]; ok {
		return origin
	}
	return Origin{Level: LevelDefault}
}

// Errors are all that is wrong with a configuration, a line for each, so that it can be mended in one go.
type Errors []error

func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, err := range e {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.Is and errors.As look inside.
func (e Errors) Unwrap() []error { return e }

// Load reads the configuration: defaults, file, credentials, environment, flags; later wins. Its error is an [Errors]
// and names the variable, flag or key of each fault. No error or warning repeats a value.
func Load(in Input) (*Loaded, error) {
	l := newLoader(in)
	l.readFile()
	l.readCredentials()
	l.readEnvironment()
	l.readFlags()
	l.resolve()
	if len(l.errs) > 0 {
		return nil, l.errs
	}
	return &Loaded{Config: l.config, Origins: l.origins, Warnings: l.warnings}, nil
}

type loader struct {
	in       Input
	vars     map[string]string // the environment; empty values are as good as unset and left out
	settings []Setting
	config   Config
	origins  map[string]Origin
	warnings []string
	errs     Errors
}

func newLoader(in Input) *loader {
	if in.ReadFile == nil {
		in.ReadFile = os.ReadFile
	}
	vars := map[string]string{}
	for _, entry := range in.Environ {
		// Compose files and unit files turn an unset variable into an empty one.
		if name, text, ok := strings.Cut(entry, "="); ok && text != "" {
			vars[name] = text
		}
	}
	return &loader{in: in, vars: vars, settings: Settings(), config: Default(), origins: map[string]Origin{}}
}

func (l *loader) fail(err error) { l.errs = append(l.errs, err) }

func (l *loader) warnf(format string, args ...any) {
	if line := fmt.Sprintf(format, args...); !slices.Contains(l.warnings, line) {
		l.warnings = append(l.warnings, line)
	}
}

// set gives a setting a value and remembers where it came from.
func (l *loader) set(s Setting, text string, from Origin) {
	if err := s.bind(&l.config).Set(text); err != nil {
		l.fail(fmt.Errorf("%s %w", l.describe(s, from), err))
		return
	}
	l.origins[s.Name] = from
}

// describe names a value as the person wrote it.
func (l *loader) describe(s Setting, from Origin) string {
	switch from.Level {
	case LevelFile:
		return s.Name + " in " + from.Name
	case LevelCredential:
		return "credential " + from.Name
	default:
		return from.Name
	}
}

func (l *loader) isSet(name string) bool {
	_, ok := l.origins[name]
	return ok
}

// called is the name under which a setting was given, or its best known variable when it was not.
func (l *loader) called(name string) string {
	s, _ := Find(name)
	from, ok := l.origins[name]
	if !ok {
		return s.Env[0].Name
	}
	return l.describe(s, from)
}

func (l *loader) readFlags() {
	for _, s := range l.settings {
		text, ok := l.in.Flags[s.Name]
		if !ok {
			continue
		}
		from := Origin{Level: LevelFlag, Name: "--" + s.Flag()}
		if s.FlagIsFile() {
			content, err := l.readSecret(text)
			if err != nil {
				l.fail(fmt.Errorf("%s: %w", from.Name, err))
				continue
			}
			text = content
		}
		l.set(s, text, from)
	}
}

// maxSecretFile bounds a file with a secret: a wrong path, /dev/zero say, must not fill the memory.
const maxSecretFile = 64 << 10

// readSecret reads a file with one value in it; the line end that editors add is no part of it.
func (l *loader) readSecret(path string) (string, error) {
	content, err := l.in.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("the file cannot be read: %w", pathError(err))
	}
	if len(content) > maxSecretFile {
		return "", errors.New("the file is larger than 64 KiB; it must hold the value alone")
	}
	return strings.TrimRight(string(content), "\r\n"), nil
}

// pathError keeps the path and the reason of a file error and drops the name of the system call.
func pathError(err error) error {
	if pathErr, ok := errors.AsType[*os.PathError](err); ok {
		return fmt.Errorf("%s: %w", pathErr.Path, pathErr.Err)
	}
	return err
}
