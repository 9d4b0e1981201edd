package api

import (
	"errors"
	"net/http"

	"github.com/gofiber/fiber/v2"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/api/encode"
	"github.com/ibutsu/ibutsu-go/src/auth"
	"github.com/ibutsu/ibutsu-go/src/store"
)

// GetTask answers how far a task is, and its result once it is there. Nobody but a superadmin sees those of others.
func (s *Server) GetTask(c *fiber.Ctx, text contract.Id) error {
	id, err := pathID(text)
	if err != nil {
		return err
	}
	task, err := s.store.Task(c.UserContext(), id)
	if errors.Is(err, store.ErrNotFound) {
		// A task of another server, or one that is long over, is no error to clients that poll.
		task, err = store.Task{State: store.TaskPending, UserID: identity(c).UserID}, nil
	}
	if err != nil {
		return err
	}
	if err := s.permissions.Allow("get_task", identity(c), auth.Object{User: &task.UserID}); err != nil {
		return err
	}
	return sendTask(c, task)
}

func sendTask(c *fiber.Ctx, task store.Task) error {
	switch task.State {
	case store.TaskSuccess:
		return send(c, http.StatusOK, func(dst []byte) []byte {
			return appendAnswer(appendState(dst, task.State, "Task has succeeded"), task.Answer)
		})
	case store.TaskPending:
		return sendState(c, http.StatusPartialContent, task.State, "Task not yet started or invalid, check back later")
	case store.TaskStarted:
		return sendState(c, http.StatusPartialContent, task.State, "Task has started but is still running, check back later")
	case store.TaskRetry:
		return sendState(c, http.StatusPartialContent, task.State, "Task is tried again after a failure, check back later")
	}
	return send(c, http.StatusNonAuthoritativeInfo, func(dst []byte) []byte {
		dst = append(appendState(dst, store.TaskFailure, "Task has failed!"), `,"error":[`...)
		if task.Error != nil {
			dst = encode.Text(dst, *task.Error)
		}
		return append(dst, ']', '}')
	})
}

func sendState(c *fiber.Ctx, status int, state, message string) error {
	return send(c, status, func(dst []byte) []byte { return append(appendState(dst, state, message), '}') })
}

func appendState(dst []byte, state, message string) []byte {
	dst = encode.Text(append(dst, `{"state":`...), state)
	return encode.Text(append(dst, `,"message":`...), message)
}

// appendAnswer puts the members of a task's answer beside its state.
func appendAnswer(dst, answer []byte) []byte {
	if len(answer) < 3 || answer[0] != '{' {
		return append(dst, '}')
	}
	return append(append(dst, ','), answer[1:]...)
}
