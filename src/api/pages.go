package api

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/gofiber/fiber/v2"
	swagger "github.com/swaggest/swgui/v5/static"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
)

// uiPath is where the contract can be tried out.
const uiPath = contract.BasePath + "/ui/"

//go:embed pages/index.html
var uiPage []byte

//go:embed pages/start.js
var uiStart []byte

// uiPolicy lets the page load what this server has, and talk to this server; nothing else.
const uiPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// uiFiles are the parts of Swagger UI that the page loads, compressed as the module brings them.
var uiFiles = []string{"swagger-ui-bundle.js.gz", "swagger-ui.css.gz", "favicon-32x32.png"}

// pages registers what needs no token and is no operation: the contract and the page to try it out.
func (s *Server) pages(app *fiber.App) error {
	app.Get("/", func(c *fiber.Ctx) error {
		if s.wantsPage(c) {
			return s.page(c)
		}
		return redirect(c, s.base+uiPath, http.StatusFound)
	})
	app.Get(contract.BasePath+"/openapi.json", document(fiber.MIMEApplicationJSON, contract.JSON()))
	app.Get(contract.BasePath+"/openapi.yaml", document("text/yaml; charset=utf-8", contract.YAML()))
	app.Get(strings.TrimSuffix(uiPath, "/"), func(c *fiber.Ctx) error { return redirect(c, c.BaseURL()+s.base+uiPath, http.StatusTemporaryRedirect) })
	app.Get(uiPath, func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderContentSecurityPolicy, uiPolicy)
		return document(fiber.MIMETextHTMLCharsetUTF8, uiPage)(c)
	})
	app.Get(uiPath+"start.js", document(fiber.MIMETextJavaScriptCharsetUTF8, uiStart))
	for _, name := range uiFiles {
		content, err := swagger.FS.ReadFile(name)
		if err != nil {
			return fmt.Errorf("api: the page's files: %w", err)
		}
		plain, compressed := strings.CutSuffix(name, ".gz")
		mediaType := mime.TypeByExtension(path.Ext(plain))
		if !compressed {
			app.Get(uiPath+plain, document(mediaType, content))
			continue
		}
		app.Get(uiPath+plain, compressedDocument(mediaType, content))
	}
	return nil
}

// document answers with a text that stays the same as long as the server runs.
func document(mediaType string, content []byte) fiber.Handler {
	return func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderContentType, mediaType)
		c.Set(fiber.HeaderCacheControl, "no-cache")
		c.Response().SetBodyRaw(content)
		return nil
	}
}

// compressedDocument is document for a text that is kept compressed; who cannot read it so gets it unpacked.
func compressedDocument(mediaType string, content []byte) fiber.Handler {
	return func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderContentType, mediaType)
		c.Set(fiber.HeaderCacheControl, "max-age=86400")
		c.Vary(fiber.HeaderAcceptEncoding)
		if strings.Contains(c.Get(fiber.HeaderAcceptEncoding), "gzip") {
			c.Set(fiber.HeaderContentEncoding, "gzip")
			c.Response().SetBodyRaw(content)
			return nil
		}
		r, err := gzip.NewReader(bytes.NewReader(content))
		if err != nil {
			return fmt.Errorf("unpack %s: %w", mediaType, err)
		}
		plain, err := io.ReadAll(r)
		if err != nil {
			return fmt.Errorf("unpack %s: %w", mediaType, err)
		}
		return c.Send(plain)
	}
}
