package api

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/ibutsu/ibutsu-go/src/api/contract"
)

// frontendPolicy lets the page run its own script and talk to this server. Pictures and videos of artifacts are fetched
// with the token and shown from memory, hence blob:.
const frontendPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data: blob:; " +
	"media-src 'self' blob:; connect-src 'self'; frame-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// showcase is the document in which the page shows HTML that came as an artifact: it takes a text from the page and becomes it.
// It has no origin of its own, and of scripts only its own runs, so that what somebody uploaded gets at no token and
// at no other host; its styles and pictures, as far as they are in the text, are shown.
const (
	showcase       = "<!doctype html><meta charset=utf-8><script>" + showcaseScript + "</script>"
	showcaseScript = `addEventListener('message',e=>{if(e.source===parent){document.open();document.write(e.data);document.close()}},{once:true});parent.postMessage('ready','*')`
)

func showcasePolicy() string {
	sum := sha256.Sum256([]byte(showcaseScript))
	return "sandbox allow-scripts; default-src 'none'; script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; " +
		"style-src 'unsafe-inline'; img-src data:; font-src data:; media-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
}

// frontendFiles serves the page of files, if there is one: its parts by their names, and the page itself wherever a browser asks
// for an address that is no operation, since the page's own addresses are made up by its script.
func (s *Server) frontendFiles(app *fiber.App, files fs.FS) error {
	if files == nil {
		return nil
	}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		plain, compressed := strings.CutSuffix(name, ".gz")
		if plain == "index.html" {
			if content, err = s.placed(content, compressed); err != nil {
				return err
			}
		}
		serve := document(mediaType(plain), content)
		if compressed {
			serve = compressedDocument(mediaType(plain), content)
		}
		if plain == "index.html" {
			s.page = withHeaders(recognised(serve, content), "no-cache", frontendPolicy)
			return nil
		}
		caching := "no-cache"
		if strings.HasPrefix(plain, "assets/") { // their names have a hash of what is in them
			caching = "public, max-age=31536000, immutable"
		}
		app.Get("/"+plain, withHeaders(recognised(serve, content), caching, ""))
		return nil
	})
	if err != nil {
		return fmt.Errorf("api: the files of the page: %w", err)
	}
	if s.page != nil {
		app.Get("/showcase", withHeaders(document(fiber.MIMETextHTMLCharsetUTF8, []byte(showcase)), "no-cache", showcasePolicy()))
	}
	return nil
}

// placed is the page with addresses below the path at which a proxy shows it. The page's own script finds that path in it.
func (s *Server) placed(content []byte, compressed bool) ([]byte, error) {
	if compressed {
		r, err := gzip.NewReader(bytes.NewReader(content))
		if err != nil {
			return nil, err
		}
		if content, err = io.ReadAll(r); err != nil {
			return nil, err
		}
	}
	content = bytes.ReplaceAll(content, []byte(`="./`), []byte(`="`+s.base+`/`))
	content = bytes.Replace(content, []byte(`name="base" content=""`), []byte(`name="base" content="`+html.EscapeString(s.base)+`"`), 1)
	if !compressed {
		return content, nil
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	err := w.Close()
	return packed.Bytes(), err
}

// wantsPage tells a browser that goes to an address from a client that asks for data: curl and client libraries accept
// anything and name nothing.
func (s *Server) wantsPage(c *fiber.Ctx) bool {
	below := strings.TrimPrefix(c.Path(), contract.BasePath)
	ours := below != c.Path() && (below == "" || below[0] == '/')
	reading := c.Method() == http.MethodGet || c.Method() == http.MethodHead
	return s.page != nil && reading && !ours && strings.Contains(c.Get(fiber.HeaderAccept), fiber.MIMETextHTML)
}

// recognised names the content, so that a browser which has it already is told so instead of being sent it again. The name
// is weak: it stands for the content packed and unpacked.
func recognised(serve fiber.Handler, content []byte) fiber.Handler {
	sum := sha256.Sum256(content)
	name := `"` + hex.EncodeToString(sum[:12]) + `"`
	return func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderETag, "W/"+name)
		if matchesTag(c.Get(fiber.HeaderIfNoneMatch), name) {
			c.Status(http.StatusNotModified)
			return nil
		}
		return serve(c)
	}
}

// withHeaders sets how an answer is kept and what it may do, after what serve has set.
func withHeaders(serve fiber.Handler, caching, policy string) fiber.Handler {
	return func(c *fiber.Ctx) error {
		err := serve(c)
		c.Set(fiber.HeaderCacheControl, caching)
		if policy != "" {
			c.Set(fiber.HeaderContentSecurityPolicy, policy)
			c.Set(fiber.HeaderReferrerPolicy, "same-origin")
			c.Vary(fiber.HeaderAccept)
		}
		return err
	}
}

// mediaType does not depend on the tables of the machine for what the page is made of.
func mediaType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return fiber.MIMETextHTMLCharsetUTF8
	case ".js":
		return fiber.MIMETextJavaScriptCharsetUTF8
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	}
	if known := mime.TypeByExtension(path.Ext(name)); known != "" {
		return known
	}
	return fiber.MIMEOctetStream
}
