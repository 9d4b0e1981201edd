package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// maxFile bounds the configuration file.
const maxFile = 1 << 20

// readFile takes the settings of a YAML file: one flat map of setting names (database_url) or, as in Ibutsu's
// settings.yaml, variable names (DATABASE_URL). Lists may be written as YAML lists. A secret may be named by
// <name>_file in its place.
func (l *loader) readFile() {
	path := l.in.File
	if path == "" {
		path = l.vars["IBUTSU_CONFIG"]
	}
	if path == "" {
		return
	}
	content, err := l.in.ReadFile(path)
	if err != nil {
		l.fail(fmt.Errorf("configuration file: %w", pathError(err)))
		return
	}
	if len(content) > maxFile {
		l.fail(fmt.Errorf("%s is larger than 1 MiB and cannot be a configuration file", path))
		return
	}
	entries, err := parseFile(content)
	if err != nil {
		l.fail(fmt.Errorf("%s: %w", path, err))
		return
	}
	seen := map[string]string{}
	for _, entry := range entries {
		l.readEntry(path, entry, seen)
	}
}

// fileEntry is a line of the file.
type fileEntry struct {
	key, text string
	line      int
	scalar    bool
}

func parseFile(content []byte) ([]fileEntry, error) {
	var documents []yaml.Node
	err := yaml.Load(content, &documents, yaml.WithAllDocuments())
	switch {
	case err != nil:
		return nil, fmt.Errorf("is not YAML: %s", firstLine(err.Error()))
	case len(documents) > 1:
		return nil, errors.New("has several documents; write the settings into one")
	case len(documents) == 0 || len(documents[0].Content) == 0:
		return nil, nil
	}
	root := documents[0].Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return nil, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, errors.New("is not a list of lines `name: value`")
	}
	var entries []fileEntry
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, node := root.Content[i], root.Content[i+1]
		entry := fileEntry{key: key.Value, line: key.Line}
		entry.text, entry.scalar = nodeText(node)
		entries = append(entries, entry)
	}
	return entries, nil
}

// nodeText is the text of a scalar, or of a list of scalars joined with commas.
func nodeText(node *yaml.Node) (string, bool) {
	switch {
	case node.Kind == yaml.AliasNode:
		return nodeText(node.Alias)
	case node.Kind == yaml.ScalarNode && node.Tag == "!!null":
		return "", true
	case node.Kind == yaml.ScalarNode:
		return node.Value, true
	case node.Kind == yaml.SequenceNode:
		parts := make([]string, 0, len(node.Content))
		for _, item := range node.Content {
			if item.Kind != yaml.ScalarNode {
				return "", false
			}
			parts = append(parts, item.Value)
		}
		return strings.Join(parts, ","), true
	default:
		return "", false
	}
}

func (l *loader) readEntry(path string, entry fileEntry, seen map[string]string) {
	where := fmt.Sprintf("%s line %d", path, entry.line)
	s, isFile, ok := l.settingOfKey(entry.key)
	switch {
	case !ok && entry.key != strings.ToUpper(entry.key):
		l.fail(fmt.Errorf("%s: %s is not a setting%s", where, entry.key, didYouMean(entry.key, l.names())))
		return
	case !ok: // Ibutsu's settings.yaml may hold anything that Flask or its extensions read
		l.warnf("%s: %s is not used here", where, entry.key)
		return
	case !entry.scalar:
		l.fail(fmt.Errorf("%s: %s must be one value or a list of values", where, entry.key))
		return
	case entry.text == "":
		return
	}
	if other, twice := seen[s.Name]; twice {
		l.fail(fmt.Errorf("%s: %s sets what %s already set; keep one of them", where, entry.key, other))
		return
	}
	seen[s.Name] = entry.key
	text := entry.text
	if isFile {
		content, err := l.readSecret(text)
		if err != nil {
			l.fail(fmt.Errorf("%s: %s: %w", where, entry.key, err))
			return
		}
		text = content
	}
	l.set(s, text, Origin{Level: LevelFile, Name: where})
}

// settingOfKey finds the setting of a key, and whether the key names a file with the value.
func (l *loader) settingOfKey(key string) (s Setting, isFile, ok bool) {
	for _, s := range l.settings {
		names := []string{s.Name}
		for _, variable := range s.Env {
			names = append(names, variable.Name)
		}
		if slices.Contains(names, key) {
			return s, false, true
		}
		if plain, cut := cutFileSuffix(key); s.Secret && cut && slices.Contains(names, plain) {
			return s, true, true
		}
	}
	return Setting{}, false, false
}

func cutFileSuffix(key string) (string, bool) {
	if plain, ok := strings.CutSuffix(key, "_file"); ok {
		return plain, true
	}
	return strings.CutSuffix(key, "_FILE")
}

func (l *loader) names() []string {
	names := make([]string, len(l.settings))
	for i, s := range l.settings {
		names[i] = s.Name
	}
	return names
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
