// Package importers brings the importers of third parties, executables in the plugin folder, among the formats of the
// worker. Each upload is read by a process of its own, which sees that upload and nothing else of ours.
package importers

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/importer"
	"github.com/ibutsu/ibutsu-go/src/plugin"
	"github.com/ibutsu/ibutsu-go/src/plugin/proto"
)

// Options say where importers are and how they run.
type Options struct {
	// Dir is the plugin folder; empty means that there are no importers.
	Dir string
	// RuntimeDir is a private folder for sockets, whose path leaves plugin.SocketRoom.
	RuntimeDir string
	// Environment is all that an importer's process gets.
	Environment []string
	Log         zerolog.Logger
}

// Discover asks every executable of the plugin folder what it reads. One that cannot be trusted or does not answer is left
// out, with a line in the log: the others, and the worker, go on.
func Discover(ctx context.Context, o Options) ([]importer.Format, error) {
	if o.Dir == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(o.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the plugin folder: %w", err)
	}
	var formats []importer.Format
	for _, entry := range entries {
		f, err := open(ctx, o, filepath.Join(o.Dir, entry.Name()))
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			o.Log.Error().Err(err).Str("importer", entry.Name()).Msg("importer is left out")
		case f != nil:
			o.Log.Info().Str("importer", entry.Name()).Str("format", f.Name()).Msg("importer found")
			formats = append(formats, f)
		}
	}
	return formats, nil
}

// open describes the importer in the file, nil when the file is no executable.
func open(ctx context.Context, o Options, path string) (*format, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
		return nil, nil
	}
	executable, err := plugin.MeasureTrusted(path)
	if err != nil {
		return nil, err
	}
	f := &format{options: o, executable: executable}
	p, err := f.start(ctx)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	description, err := p.Describe(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking what it reads: %w", err)
	}
	f.name, f.claims = description.GetName(), description.GetClaims()
	return f, f.check()
}

// format is an importer as the worker sees it.
type format struct {
	options    Options
	executable plugin.Executable
	name       string
	claims     []*proto.Claim
}

var validName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)

func (f *format) check() error {
	if !validName.MatchString(f.name) {
		return fmt.Errorf("its name %.60q is not of the form a-z, 0-9 and -", f.name)
	}
	if len(f.claims) == 0 {
		return errors.New("it claims no uploads")
	}
	if slices.ContainsFunc(f.claims, func(c *proto.Claim) bool { return c.GetNameSuffix() == "" && len(c.GetHeadPrefix()) == 0 }) {
		return errors.New("it claims every upload, also those of the built-in formats")
	}
	return nil
}

// Name implements importer.Format.
func (f *format) Name() string { return f.name }

// Suffixes are the ends of the names of the files that it claims, in lower case; "" where it tells them by their first bytes.
func (f *format) Suffixes() []string {
	suffixes := make([]string, len(f.claims))
	for i, c := range f.claims {
		suffixes[i] = strings.ToLower(c.GetNameSuffix())
	}
	return suffixes
}

// Claims implements importer.Format. A claim about the first bytes is not met as long as they are not known.
func (f *format) Claims(name string, head []byte) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(f.claims, func(c *proto.Claim) bool {
		return strings.HasSuffix(name, strings.ToLower(c.GetNameSuffix())) && bytes.HasPrefix(head, c.GetHeadPrefix())
	})
}

func (f *format) start(ctx context.Context) (*plugin.ImporterProcess, error) {
	return plugin.StartImporter(ctx, plugin.ImporterOptions{
		Executable:  f.executable,
		Environment: f.options.Environment,
		RuntimeDir:  f.options.RuntimeDir,
		Logger:      f.options.Log.With().Str("importer", cmp.Or(f.name, filepath.Base(f.executable.Path))).Logger(),
	})
}
