package api

import (
	"errors"
	"net/http"
	"strings"
	"sync"

	"github.com/gofiber/fiber/v2"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
	"github.com/ibutsu/ibutsu-go/src/api/middleware"
)

// routes registers the operations of the contract, each behind the checks that its description asks for. An operation that
// the contract does not have cannot be registered, and one that it does not call public asks for a token.
type routes struct {
	fiber.Router
	server *Server
}

func (r routes) add(method, path string, handlers []fiber.Handler) fiber.Router {
	template := strings.TrimPrefix(path, contract.BasePath)
	for segment := range strings.SplitSeq(template, "/") {
		if name, ok := strings.CutPrefix(segment, ":"); ok {
			template = strings.Replace(template, segment, "{"+name+"}", 1)
		}
	}
	op := r.server.contract.Operation(method, template)
	if op == nil {
		panic("api: the contract has no " + method + " " + template) // generated routes and document are out of step
	}
	all := append([]fiber.Handler{r.server.check(op)}, handlers...)
	if method == fiber.MethodGet {
		r.Router.Add(fiber.MethodHead, path, all...)
	}
	return r.Router.Add(method, path, all...)
}

func (r routes) Get(path string, h ...fiber.Handler) fiber.Router {
	return r.add(fiber.MethodGet, path, h)
}

func (r routes) Post(path string, h ...fiber.Handler) fiber.Router {
	return r.add(fiber.MethodPost, path, h)
}

func (r routes) Put(path string, h ...fiber.Handler) fiber.Router {
	return r.add(fiber.MethodPut, path, h)
}

func (r routes) Delete(path string, h ...fiber.Handler) fiber.Router {
	return r.add(fiber.MethodDelete, path, h)
}

type objectKey struct{}

// check lets a request through to its operation when it is what the contract asks for, in the contract's order: token,
// parameters, content type, body, and only then whether who asks may do it at all.
func (s *Server) check(op *contract.Operation) fiber.Handler {
	jsonBody := op.BodyType() == fiber.MIMEApplicationJSON
	return func(c *fiber.Ctx) error {
		if err := s.admit(c, op); err != nil {
			return err
		}
		for _, name := range c.Route().Params {
			if err := op.CheckPath(name, c.Params(name)); err != nil {
				return err
			}
		}
		uri := c.Request().URI()
		query, err := op.CheckQuery(uri.QueryString())
		if err != nil {
			return err
		}
		if len(query) != len(uri.QueryString()) || string(query) != string(uri.QueryString()) {
			uri.SetQueryStringBytes(query)
		}
		given, err := op.CheckMediaType(c.Get(fiber.HeaderContentType))
		if err != nil {
			return err
		}
		recorded := s.recorded(c, op)
		next := func() error {
			if err := s.enter(c, op); err != nil {
				return err
			}
			return recorded()
		}
		if !jsonBody {
			return next()
		}
		return s.withObject(c, op, given, next)
	}
}

// admit lets in who has a token, and everybody where the operation is public.
func (s *Server) admit(c *fiber.Ctx, op *contract.Operation) error {
	if op.Public {
		return nil
	}
	_, err := s.authenticate(c)
	return err
}

// enter lets through who may do the operation at all. Both have to call it public: the contract and the table of permissions.
func (s *Server) enter(c *fiber.Ctx, op *contract.Operation) error {
	if op.Public {
		return s.permissions.Enter(op.ID, nil)
	}
	if err := s.permissions.Enter(op.ID, identity(c)); err != nil {
		return problem(http.StatusForbidden, "Only superadmins may do this")
	}
	return nil
}

// buffers are the bodies of requests on their way through.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// keptBuffer bounds the buffers that wait for the next request.
const keptBuffer = 256 << 10

// withObject reads and checks a JSON body, and does next while it is there.
func (s *Server) withObject(c *fiber.Ctx, op *contract.Operation, given bool, next func() error) error {
	if encoding := c.Get(fiber.HeaderContentEncoding); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return problem(http.StatusUnsupportedMediaType, "Content-Encoding: %q is not taken; send the body as it is", encoding)
	}
	buf := buffers.Get().(*[]byte)
	text, err := middleware.ReadBody(c, (*buf)[:0], s.limits.JSONBody)
	if cap(text) <= keptBuffer {
		*buf = text
		defer buffers.Put(buf)
	}
	if err != nil {
		return bodyError(err)
	}
	object, err := op.ParseBody(text)
	if err != nil {
		return err
	}
	if !given {
		return refuse(http.StatusBadRequest, "Bad Request JSON required")
	}
	c.Context().SetUserValue(objectKey{}, object)
	return next()
}

// bodyError is the answer to a body that did not come in whole.
func bodyError(err error) error {
	if errors.Is(err, middleware.ErrTooLarge) {
		return err
	}
	return problem(http.StatusBadRequest, "The body did not come in whole")
}

// object returns the JSON body of the request, taken apart and checked. What is kept of it beyond the request is copied.
func object(c *fiber.Ctx) contract.Object {
	o, _ := c.Context().UserValue(objectKey{}).(contract.Object)
	return o
}
