package plugin

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"

	"github.com/rs/zerolog"
)

const (
	maxLogLine = 64 << 10
	maxTrace   = 64 << 10
)

// logBridge turns what a module writes to its standard error into lines of the host's log: one JSON object a line, in
// the form of hclog ("@level", "@message") or of zerolog ("level", "message"). Other text becomes a line as it is, and
// the trace of a crash one single event.
type logBridge struct {
	logger zerolog.Logger

	mutex   sync.Mutex
	line    []byte
	cut     bool         // the line is longer than maxLogLine, its rest is dropped
	trace   bytes.Buffer // what follows a panic
	crashed string       // the first line of the panic
	text    string       // the last line that was no JSON
}

func (b *logBridge) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	for rest := p; len(rest) > 0; {
		part, after, found := bytes.Cut(rest, []byte{'\n'})
		rest = after
		if room := maxLogLine - len(b.line); len(part) > room {
			part, b.cut = part[:room], true
		}
		b.line = append(b.line, part...)
		if found {
			b.take(b.line)
			b.line, b.cut = b.line[:0], false
		}
	}
	return len(p), nil
}

// finish writes what is left when the process has ended.
func (b *logBridge) finish() {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if len(b.line) > 0 {
		b.take(b.line)
		b.line = nil
	}
	if b.crashed != "" {
		b.logger.Error().Str("trace", b.trace.String()).Msg(b.crashed)
	}
}

// panicked is the first line of a panic, empty when there was none.
func (b *logBridge) panicked() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.crashed
}

// lastText is the last line that was no JSON.
func (b *logBridge) lastText() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.text
}

func (b *logBridge) take(line []byte) {
	if b.crashed != "" {
		if b.trace.Len()+len(line) < maxTrace {
			b.trace.Write(line)
			b.trace.WriteByte('\n')
		}
		return
	}
	text := strings.TrimSpace(string(line))
	if text == "" {
		return
	}
	if strings.HasPrefix(text, "panic: ") || strings.HasPrefix(text, "fatal error: ") {
		b.crashed = text
		return
	}
	var fields map[string]any
	if text[0] != '{' || json.Unmarshal(line, &fields) != nil {
		b.text = text
		b.logger.Info().Bool("cut", b.cut).Msg(text)
		return
	}
	level := zerolog.InfoLevel
	if name := first(fields, "@level", "level"); name != "" {
		if l, err := zerolog.ParseLevel(name); err == nil {
			level = min(l, zerolog.ErrorLevel) // the word "fatal" of a module must not end its host
		}
	}
	message := first(fields, "@message", "message", "msg")
	delete(fields, "@timestamp") // the host's own follows at once
	delete(fields, "time")
	b.logger.WithLevel(level).Fields(fields).Msg(message)
}

// first takes the first of the named fields out of the map and returns it if it is text.
func first(fields map[string]any, names ...string) string {
	for _, name := range names {
		if value, ok := fields[name]; ok {
			delete(fields, name)
			text, _ := value.(string)
			return text
		}
	}
	return ""
}
