package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// page measures what somebody at a browser feels. A script does that in Chromium; each line that it prints is one of the
// table.
func (b *bench) page(ctx context.Context) error {
	script := exec.CommandContext(ctx, "node", filepath.Join("src", "web", "e2e", "bench.mjs"),
		"--url", b.server.URL, "--token", b.server.Token, "--project", benchProject, "--passes", fmt.Sprint(b.passes))
	script.Stderr = os.Stderr
	out, err := script.StdoutPipe()
	if err != nil {
		return err
	}
	if err := script.Start(); err != nil {
		return fmt.Errorf("starting the browser's script: %w", err)
	}
	for lines := json.NewDecoder(out); lines.More(); {
		var l line
		if err := lines.Decode(&l); err != nil {
			return fmt.Errorf("reading what the browser's script prints: %w", err)
		}
		b.note(l)
	}
	return script.Wait()
}
