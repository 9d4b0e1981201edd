package middleware

import (
	"fmt"
	"runtime/debug"

	"github.com/gofiber/fiber/v2"
	"github.com/rs/zerolog"
)

// PanicError is what a panic of an operation becomes. It is answered as any other fault of the server.
type PanicError struct{ Value any }

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Recover keeps a panic from ending the process. The stack goes to the log, never to the client.
func Recover(log zerolog.Logger) fiber.Handler {
	return func(c *fiber.Ctx) (err error) {
		defer func() {
			if value := recover(); value != nil {
				log.Error().Ctx(c.UserContext()).Str("request_id", ID(c)).Str("method", c.Method()).Str("route", c.Route().Path).
					Str("panic", fmt.Sprint(value)).Bytes("stack", debug.Stack()).Msg("an operation panicked")
				err = &PanicError{value}
			}
		}()
		return c.Next()
	}
}
