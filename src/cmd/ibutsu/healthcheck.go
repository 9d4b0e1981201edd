package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/ibutsu/ibutsu-go/src/config"
	"github.com/ibutsu/ibutsu-go/src/telemetry/health"
)

// HealthcheckCmd asks the server of this machine how it is, for containers whose image has no other program.
type HealthcheckCmd struct {
	Live bool `help:"Ask only whether it lives"`

	Settings `embed:""`
}

func newHealthcheckCmd() HealthcheckCmd {
	return HealthcheckCmd{Settings: newSettings(config.GroupServer)}
}

func (HealthcheckCmd) note() string {
	return "Asks /readyz (or /livez) at the address of the setting listen, prints how each part is, and fails when the server is not ready."
}

func (HealthcheckCmd) examples() []example {
	return []example{{"ibutsu healthcheck --listen :8080", "is the server on this machine ready for requests?"}}
}

// Run implements the command.
func (cmd *HealthcheckCmd) Run(ctx context.Context, c *console) error {
	loaded, err := cmd.load(c)
	if err != nil {
		return err
	}
	path := "/readyz"
	if cmd.Live {
		path = "/livez"
	}
	report, err := askProbe(ctx, loaded.Config.Server, path)
	if err != nil {
		return fmt.Errorf("asking the server at %s: %w", loaded.Config.Server.Listen, err)
	}
	for _, part := range report.Parts {
		fmt.Fprintf(c.out, "%-10s %-6s %s\n", part.Name, part.Status, part.Message)
	}
	if report.Status != health.OK {
		return errors.New("the server is not ready")
	}
	return nil
}

func askProbe(ctx context.Context, server config.Server, path string) (health.Report, error) {
	listen := server.Listen
	network, address := "tcp", listen
	if socket, ok := strings.CutPrefix(listen, "unix:"); ok || strings.HasPrefix(listen, "/") {
		network, address = "unix", socket
	} else if host, port, err := net.SplitHostPort(listen); err == nil && (host == "" || net.ParseIP(host).IsUnspecified()) {
		address = net.JoinHostPort("localhost", port)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, ownURL(server.TLSCert != "", path), http.NoBody)
	if err != nil {
		return health.Report{}, err
	}
	client := ownClient(network, address, 5*time.Second)
	answer, err := client.Do(request)
	if err != nil {
		return health.Report{}, err
	}
	defer func() { _ = answer.Body.Close() }()
	var report health.Report
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&report); err != nil {
		return health.Report{}, fmt.Errorf("what answers there (%s) is no server of Ibutsu: %w", answer.Status, err)
	}
	return report, nil
}
