package api

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"runtime/pprof"
	"runtime/trace"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
)

// AdminGetLogLevel answers what this server logs.
func (s *Server) AdminGetLogLevel(c *fiber.Ctx) error { return s.sendLogLevel(c) }

// AdminSetLogLevel changes what this server logs, and its modules.
func (s *Server) AdminSetLogLevel(c *fiber.Ctx) error {
	body := object(c)
	if err := onlyKnown(body, "level", "seconds"); err != nil {
		return err
	}
	level, _ := body.Text("level")
	seconds, err := numberField(body, "seconds")
	if err != nil {
		return err
	}
	lasting := time.Duration(0)
	if seconds != nil {
		lasting = time.Duration(*seconds) * time.Second
	}
	if err := s.level.Turn(level, lasting, s.now()); err != nil {
		return badField("level", "%s", shown(err.Error()))
	}
	s.tell(c, "log level changed", level)
	return s.sendLogLevel(c)
}

func (s *Server) sendLogLevel(c *fiber.Ctx) error {
	state := s.level.State()
	var until *time.Time
	if !state.Until.IsZero() {
		until = &state.Until
	}
	return sendJSON(c, http.StatusOK, map[string]any{
		"level": state.Level, "configured": state.Configured, "until": momentOrNull(until), "server": thisServer(),
	})
}

// thisServer tells this process from others behind the same address.
func thisServer() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return host + ":" + strconv.Itoa(os.Getpid())
}

const (
	profileSeconds     = 30
	mostProfileSeconds = 60
	traceSeconds       = 1
	// mostTraceSeconds bounds what a trace takes of the memory: a busy server writes tens of MiB a second.
	mostTraceSeconds = 10
)

// AdminGetProfile answers a profile of this server.
func (s *Server) AdminGetProfile(c *fiber.Ctx, profile string, params contract.AdminGetProfileParams) error {
	most := mostProfileSeconds
	if profile == "trace" {
		most = mostTraceSeconds
	}
	if n := params.Seconds; n != nil && (*n < 1 || *n > most) {
		return problem(http.StatusBadRequest, "seconds: it is %d; a %s takes 1 to %d", *n, profile, most)
	}
	s.tell(c, "profile taken", profile)
	var content bytes.Buffer
	var err error
	switch profile {
	case "profile":
		err = s.during(params.Seconds, profileSeconds, func() error { return pprof.StartCPUProfile(&content) }, pprof.StopCPUProfile)
	case "trace":
		err = s.during(params.Seconds, traceSeconds, func() error { return trace.Start(&content) }, trace.Stop)
	default:
		err = pprof.Lookup(profile).WriteTo(&content, 0)
	}
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, fiber.MIMEOctetStream)
	c.Set(fiber.HeaderContentDisposition, fmt.Sprintf(`attachment; filename="ibutsu-%s"`, profile))
	return c.Send(content.Bytes())
}

// during measures for so many seconds, or until the server drains.
func (s *Server) during(seconds *int, otherwise int, start func() error, stop func()) error {
	if seconds == nil {
		seconds = &otherwise
	}
	if start() != nil {
		return problem(http.StatusConflict, "Somebody else takes one at this moment")
	}
	defer stop()
	select {
	case <-time.After(time.Duration(*seconds) * time.Second):
	case <-s.ending:
	}
	return nil
}
