package api

import (
	"bufio"
	"fmt"
	"net/http"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
)

const (
	// mostStreams bounds the clients that hear of changes at the same time: each holds a connection.
	mostStreams = 2000
	// streamLife is when a client has to come back, and its rights are looked at anew.
	streamLife = 5 * time.Minute
	// heartbeat is how often a silent stream shows that it lives, to proxies that end silent ones and to find clients that
	// are gone.
	heartbeat = 15 * time.Second
	// slowReader is how long one event may take to be taken.
	slowReader = 10 * time.Second
)

// GetProjectEvents tells a client of each change of a project, until one of the two goes.
func (s *Server) GetProjectEvents(c *fiber.Ctx, text contract.PlainId) error {
	id, err := pathID(text)
	if err != nil {
		return err
	}
	if _, err := s.store.Project(c.UserContext(), id); err != nil {
		return missing(err, "Project not found")
	}
	if err := s.allow(c, "get_project_events", &id); err != nil {
		return err
	}
	stream, ok := s.feed.listen(id)
	if !ok {
		c.Set(fiber.HeaderRetryAfter, "5")
		return problem(http.StatusTooManyRequests, "Too many clients hear of changes already")
	}
	c.Set(fiber.HeaderContentType, "text/event-stream")
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set("X-Accel-Buffering", "no") // nginx would keep events until it has a page of them
	if c.Method() == fiber.MethodHead {
		stream.leave()
		return nil
	}
	conn := c.Context().Conn()
	c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
		defer stream.leave()
		err := tell(stream, s.feed.ended, func(event string) error {
			if err := conn.SetWriteDeadline(time.Now().Add(slowReader)); err != nil {
				return err
			}
			if _, err := w.WriteString(event); err != nil {
				return err
			}
			return w.Flush()
		})
		if err == nil {
			// The end of the answer is written after this, and the last event may be longer ago than it was given.
			_ = conn.SetWriteDeadline(time.Now().Add(slowReader))
		}
	})
	return nil
}

// tell writes what a stream hears until it has lived long enough, the server ends, or the client is gone.
func tell(stream *stream, ended <-chan struct{}, write func(string) error) error {
	if err := write("retry: 2000\n\n"); err != nil {
		return err
	}
	over := time.NewTimer(streamLife)
	defer over.Stop()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		event := ": still here\n\n"
		select {
		case version := <-stream.versions:
			event = fmt.Sprintf("event: change\ndata: %d\n\n", version)
		case <-beat.C:
		case <-over.C:
			return nil
		case <-ended:
			return nil
		}
		if err := write(event); err != nil {
			return err
		}
	}
}
