package middleware_test

import (
	"fmt"
	"net"
	"net/netip"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"

	"github.com/ibutsu/ibutsu-go/src/api/middleware"
)

func TestOnlyTrustedProxiesSayWhoTheClientIs(t *testing.T) {
	t.Parallel()
	proxy := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 1}
	stranger := &net.TCPAddr{IP: net.IPv4(198, 51, 100, 9), Port: 1}
	socket := &net.UnixAddr{Name: "@", Net: "unix"}
	for name, tc := range map[string]struct {
		peer    net.Addr
		headers map[string]string
		want    string
	}{
		"nobody between":          {stranger, nil, "198.51.100.9 http here"},
		"a stranger claims":       {stranger, map[string]string{"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil", "X-Forwarded-Ssl": "on"}, "198.51.100.9 http here"},
		"a stranger forwards":     {stranger, map[string]string{"Forwarded": "for=127.0.0.1;proto=https"}, "198.51.100.9 http here"},
		"a proxy":                 {proxy, map[string]string{"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "ci.example"}, "203.0.113.7 https ci.example"},
		"what the client wrote":   {proxy, map[string]string{"X-Forwarded-For": "127.0.0.1, 203.0.113.7"}, "203.0.113.7 http here"},
		"two proxies":             {proxy, map[string]string{"X-Forwarded-For": "1.1.1.1, 203.0.113.7, 10.0.0.2"}, "203.0.113.7 http here"},
		"nonsense":                {proxy, map[string]string{"X-Forwarded-For": "203.0.113.7, unknown"}, "10.0.0.1 http here"},
		"with a port":             {proxy, map[string]string{"X-Forwarded-For": "203.0.113.7:4711"}, "203.0.113.7 http here"},
		"all the way in":          {proxy, map[string]string{"X-Forwarded-For": "10.0.0.3"}, "10.0.0.3 http here"},
		"a unix socket":           {socket, map[string]string{"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}, "203.0.113.7 https here"},
		"the standard":            {proxy, map[string]string{"Forwarded": `for=1.1.1.1, for="[2001:db8::1]:80";proto=https;host=ci.example`}, "2001:db8::1 https ci.example"},
		"the standard, two":       {proxy, map[string]string{"Forwarded": `for=203.0.113.7;proto=https;host=outer, for=10.0.0.2;proto=http;host=inner`}, "203.0.113.7 https outer"},
		"a host that is no host":  {proxy, map[string]string{"X-Forwarded-Host": "a/b@c", "X-Forwarded-Proto": "javascript"}, "10.0.0.1 http here"},
		"an old name for TLS":     {proxy, map[string]string{"X-Forwarded-For": "203.0.113.7", "X-Url-Scheme": "https"}, "203.0.113.7 http here"},
		"several values of proto": {proxy, map[string]string{"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "http, https"}, "203.0.113.7 https here"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := fiber.New()
			app.Use(middleware.Proxy([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}))
			app.Get("/", func(c *fiber.Ctx) error {
				return c.SendString(fmt.Sprintf("%s %s %s", c.IP(), c.Protocol(), c.Hostname()))
			})
			var request fasthttp.Request
			request.SetRequestURI("/")
			request.SetHost("here")
			for header, value := range tc.headers {
				request.Header.Set(header, value)
			}
			var c fasthttp.RequestCtx
			c.Init(&request, tc.peer, nil)
			app.Handler()(&c)
			require.Equal(t, tc.want, string(c.Response.Body()))
		})
	}
}
