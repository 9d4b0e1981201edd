package middleware

import (
	"net"
	"net/netip"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// headerForwarded is the standard's (RFC 7239); the others are what most proxies send.
const headerForwarded = "Forwarded"

// maxHops bounds how many proxies a request may have passed.
const maxHops = 32

// Proxy finds out who the client is, and how it reached us, from what proxies tell; trusted are the networks of proxies
// that are believed. The chain is read from its end, which is the proxy that we see, as long as each one is trusted: what
// a client has written into the headers itself stands before that, and is never reached. Behind it, the address of the
// connection is the client's, and X-Forwarded-Proto and -Host are there only when they are true.
func Proxy(trusted []netip.Prefix) fiber.Handler {
	believed := func(a netip.Addr) bool {
		for _, p := range trusted {
			if p.Contains(a) {
				return true
			}
		}
		return false
	}
	return func(c *fiber.Ctx) error {
		h := &c.Request().Header
		forwarded, chain := string(h.Peek(headerForwarded)), string(h.Peek(fiber.HeaderXForwardedFor))
		proto, host := string(h.Peek(fiber.HeaderXForwardedProto)), string(h.Peek(fiber.HeaderXForwardedHost))
		if forwarded == "" && chain == "" && proto == "" && host == "" {
			dropProxyHeaders(c)
			return c.Next()
		}
		peer, local := peerOf(c.Context().RemoteAddr())
		if !local && !believed(peer) {
			dropProxyHeaders(c)
			return c.Next()
		}
		var hops []hop
		if forwarded != "" {
			hops = forwardedHops(forwarded)
		} else {
			hops = commonHops(chain, proto, host)
		}
		client, last := peer, hop{}
		for i := len(hops) - 1; i >= 0 && len(hops)-i <= maxHops; i-- {
			last = last.or(hops[i])
			if !hops[i].client.IsValid() {
				break
			}
			client = hops[i].client
			if !believed(client) {
				break
			}
		}
		dropProxyHeaders(c)
		if client.IsValid() {
			c.Context().SetRemoteAddr(&net.TCPAddr{IP: client.AsSlice()})
		}
		if last.proto == "http" || last.proto == "https" {
			h.Set(fiber.HeaderXForwardedProto, last.proto)
		}
		if usableHost(last.host) {
			h.Set(fiber.HeaderXForwardedHost, last.host)
		}
		return c.Next()
	}
}

// hop is what a proxy says of who came to it, and how.
type hop struct {
	client      netip.Addr // invalid when it does not say
	proto, host string
}

// or takes over what a proxy farther out says: it is nearer to the client. Both are believed.
func (h hop) or(outer hop) hop {
	if outer.proto != "" {
		h.proto = outer.proto
	}
	if outer.host != "" {
		h.host = outer.host
	}
	return h
}

// peerOf is the address of the other end; local tells a unix socket, whose other end is on this machine.
func peerOf(a net.Addr) (peer netip.Addr, local bool) {
	switch a := a.(type) {
	case *net.TCPAddr:
		return a.AddrPort().Addr().Unmap(), false
	case *net.UnixAddr:
		return netip.Addr{}, true
	}
	return netip.Addr{}, false
}

// dropProxyHeaders forgets what anybody may have written.
func dropProxyHeaders(c *fiber.Ctx) {
	h := &c.Request().Header
	for _, name := range []string{
		headerForwarded, fiber.HeaderXForwardedFor, fiber.HeaderXForwardedProto, fiber.HeaderXForwardedHost,
		"X-Forwarded-Protocol", "X-Forwarded-Ssl", "X-Url-Scheme",
	} {
		h.Del(name)
	}
}

// commonHops reads the X-Forwarded- headers. Proxies add to the first and mostly replace the others, whose last value
// is that of the nearest.
func commonHops(chain, proto, host string) []hop {
	hops := []hop{}
	if chain != "" {
		for text := range strings.SplitSeq(chain, ",") {
			hops = append(hops, hop{client: address(text)})
		}
	}
	if len(hops) == 0 {
		hops = append(hops, hop{})
	}
	nearest := &hops[len(hops)-1]
	nearest.proto, nearest.host = strings.ToLower(lastOf(proto)), lastOf(host)
	return hops
}

func lastOf(list string) string { return strings.TrimSpace(list[strings.LastIndexByte(list, ',')+1:]) }

func forwardedHops(text string) []hop {
	var hops []hop
	for element := range strings.SplitSeq(text, ",") {
		var h hop
		for pair := range strings.SplitSeq(element, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
			value = strings.Trim(value, `"`)
			switch strings.ToLower(name) {
			case "for":
				h.client = address(value)
			case "proto":
				h.proto = strings.ToLower(value)
			case "host":
				h.host = value
			}
		}
		hops = append(hops, h)
	}
	return hops
}

// address reads an address with or without a port; names that hide one, and nonsense, are none.
func address(text string) netip.Addr {
	text = strings.TrimSpace(text)
	if withPort, err := netip.ParseAddrPort(text); err == nil {
		return withPort.Addr().Unmap().WithZone("")
	}
	a, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

// usableHost keeps out what would become another address in a redirect.
func usableHost(host string) bool {
	return host != "" && len(host) <= 255 && !strings.ContainsAny(host, "/\\@?# \t\"'<>")
}
