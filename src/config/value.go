package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// value is one field of a Config seen as text.
type value interface {
	// Set parses text into the field. Its error says what is expected, and never repeats the text, which may be a secret.
	Set(text string) error
	// String writes the field so that Set reads it back.
	String() string
	// Kind names the form for help and documentation: "duration", "HOST:PORT".
	Kind() string
}

type textValue struct{ to *string }

func (v textValue) String() string { return *v.to }
func (v textValue) Kind() string   { return "text" }
func (v textValue) Set(s string) error {
	if strings.ContainsRune(s, 0) {
		return errors.New("has a NUL character in it")
	}
	*v.to = s
	return nil
}

type secretValue struct{ to *Secret }

func (v secretValue) String() string     { return v.to.Reveal() }
func (v secretValue) Kind() string       { return "text" }
func (v secretValue) Set(s string) error { return textValue{(*string)(v.to)}.Set(s) }

type boolValue struct{ to *bool }

func (v boolValue) String() string { return strconv.FormatBool(*v.to) }
func (v boolValue) Kind() string   { return "true or false" }
func (v boolValue) Set(s string) error {
	switch strings.ToLower(s) {
	case "1", "t", "true", "y", "yes", "on":
		*v.to = true
	case "0", "f", "false", "n", "no", "off":
		*v.to = false
	default:
		return errors.New("is neither true nor false")
	}
	return nil
}

// firstLetterValue reads a switch as Ibutsu does: true if the first letter is y, t or 1, else false ("on" included).
// An existing set-up must not change its meaning.
type firstLetterValue struct{ to *bool }

func (v firstLetterValue) String() string { return strconv.FormatBool(*v.to) }
func (v firstLetterValue) Kind() string   { return "true or false" }
func (v firstLetterValue) Set(s string) error {
	if s == "" {
		return errors.New("is empty; write true or false")
	}
	*v.to = strings.ContainsRune("yYtT1", rune(s[0]))
	return nil
}

type intValue struct {
	to       *int
	min, max int
}

func (v intValue) String() string { return strconv.Itoa(*v.to) }
func (v intValue) Kind() string   { return "number" }
func (v intValue) Set(s string) error {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil || n < v.min || n > v.max {
		return fmt.Errorf("is not a whole number from %d to %d", v.min, v.max)
	}
	*v.to = n
	return nil
}

// sizeValue is a number of bytes, written plainly or with a unit: 64MiB, 1G, 500kB.
type sizeValue struct{ to *int64 }

var sizeUnits = []struct {
	suffix string
	bytes  int64
}{
	{"tib", 1 << 40}, {"gib", 1 << 30}, {"mib", 1 << 20}, {"kib", 1 << 10},
	{"tb", 1e12}, {"gb", 1e9}, {"mb", 1e6}, {"kb", 1e3},
	{"t", 1 << 40}, {"g", 1 << 30}, {"m", 1 << 20}, {"k", 1 << 10}, {"b", 1},
}

func (v sizeValue) Kind() string { return "size" }
func (v sizeValue) String() string {
	for _, u := range sizeUnits[:4] {
		if *v.to >= u.bytes && *v.to%u.bytes == 0 {
			return strconv.FormatInt(*v.to/u.bytes, 10) + strings.ToUpper(u.suffix[:1]) + "iB"
		}
	}
	return strconv.FormatInt(*v.to, 10)
}

func (v sizeValue) Set(s string) error {
	wrong := errors.New("is not a size above zero such as 64MiB, 2GB or 1048576")
	digits := strings.ToLower(strings.TrimSpace(s))
	unit := int64(1)
	for _, u := range sizeUnits {
		if rest, ok := strings.CutSuffix(digits, u.suffix); ok {
			digits, unit = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 1 || n > (1<<62)/unit {
		return wrong
	}
	*v.to = n * unit
	return nil
}

// durationValue is a time such as 25s, 1h30m or 30d. A bare number is refused unless bare says its unit: 25000 would
// be milliseconds to who knows PostgreSQL and seconds to who knows Ibutsu.
type durationValue struct {
	to       *time.Duration
	min, max time.Duration
	bare     time.Duration
}

const day = 24 * time.Hour

func (v durationValue) Kind() string { return "duration" }
func (v durationValue) String() string {
	d := *v.to
	if d >= day && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	s := d.String()
	if t, ok := strings.CutSuffix(s, "m0s"); ok {
		s = t + "m"
	}
	if t, ok := strings.CutSuffix(s, "h0m"); ok {
		s = t + "h"
	}
	return s
}

func (v durationValue) Set(s string) error {
	d, err := v.parse(strings.TrimSpace(s))
	if err != nil {
		return err
	}
	if d < v.min || d > v.max {
		return fmt.Errorf("is not from %s to %s", durationValue{to: &v.min}, durationValue{to: &v.max})
	}
	*v.to = d
	return nil
}

func (v durationValue) parse(s string) (time.Duration, error) {
	if s == "0" {
		return 0, nil
	}
	if n, err := strconv.ParseInt(s, 10, 32); err == nil {
		if v.bare == 0 {
			return 0, errors.New("has no unit; write for example 25s, 5m or 30d")
		}
		return time.Duration(n) * v.bare, nil
	}
	if digits, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.ParseInt(digits, 10, 16); err == nil {
			return time.Duration(n) * day, nil
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, errors.New("is not a duration such as 25s, 5m, 1h30m or 30d")
	}
	return d, nil
}

type choiceValue struct {
	to      *string
	choices []string
}

func (v choiceValue) String() string { return *v.to }
func (v choiceValue) Kind() string   { return strings.Join(v.choices, ", ") }
func (v choiceValue) Set(s string) error {
	s = strings.ToLower(strings.TrimSpace(s))
	if !slices.Contains(v.choices, s) {
		return fmt.Errorf("is none of %s", strings.Join(v.choices, ", "))
	}
	*v.to = s
	return nil
}

// listValue is a list written with commas.
type listValue struct{ to *[]string }

func (v listValue) String() string { return strings.Join(*v.to, ",") }
func (v listValue) Kind() string   { return "list" }
func (v listValue) Set(s string) error {
	*v.to = splitList(s)
	return nil
}

// networksValue is a list of addresses and networks written with commas; "none" is the empty list.
type networksValue struct{ to *[]netip.Prefix }

func (v networksValue) Kind() string { return "list of networks" }
func (v networksValue) String() string {
	if len(*v.to) == 0 {
		return "none"
	}
	parts := make([]string, len(*v.to))
	for i, p := range *v.to {
		parts[i] = p.String()
	}
	return strings.Join(parts, ",")
}

func (v networksValue) Set(s string) error {
	if strings.TrimSpace(s) == "none" {
		*v.to = nil
		return nil
	}
	var networks []netip.Prefix
	for _, part := range splitList(s) {
		prefix, err := parseNetwork(part)
		if err != nil {
			return errors.New("is not a list of addresses or networks such as 10.0.0.0/8,192.0.2.7 (or none)")
		}
		networks = append(networks, prefix)
	}
	*v.to = networks
	return nil
}

func parseNetwork(s string) (netip.Prefix, error) {
	if !strings.Contains(s, "/") {
		addr, err := netip.ParseAddr(s)
		if err != nil {
			return netip.Prefix{}, err
		}
		return addr.Prefix(addr.BitLen())
	}
	prefix, err := netip.ParsePrefix(s)
	return prefix.Masked(), err
}

// addressValue is HOST:PORT, :PORT, a port alone, or the path of a Unix socket.
type addressValue struct{ to *string }

func (v addressValue) String() string { return *v.to }
func (v addressValue) Kind() string   { return "HOST:PORT" }
func (v addressValue) Set(s string) error {
	s = strings.TrimSpace(s)
	if _, err := strconv.ParseUint(s, 10, 16); err == nil {
		s = ":" + s
	}
	if path, ok := strings.CutPrefix(s, "unix:"); ok && path != "" || strings.HasPrefix(s, "/") {
		*v.to = s
		return nil
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil || strings.ContainsAny(host, " /") {
		return errors.New("is not HOST:PORT, for example 127.0.0.1:8080 or :8080")
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return errors.New("has no port from 0 to 65535, for example 127.0.0.1:8080")
	}
	*v.to = s
	return nil
}

// rootURLValue is an http(s) URL without a slash at the end. withoutAPI also cuts /api: half of Ibutsu wanted
// BACKEND_URL with it and half without, so both forms are about.
type rootURLValue struct {
	to         *string
	withoutAPI bool
}

func (v rootURLValue) String() string { return *v.to }
func (v rootURLValue) Kind() string   { return "URL" }
func (v rootURLValue) Set(s string) error {
	wrong := errors.New("is not a URL such as https://ibutsu.example.com")
	s = strings.TrimSpace(s)
	if s == "" {
		*v.to = ""
		return nil
	}
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return wrong
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("must be a plain URL without a user, a query or a fragment")
	}
	s = strings.TrimRight(s, "/")
	if v.withoutAPI {
		s = strings.TrimRight(strings.TrimSuffix(s, "/api"), "/")
	}
	*v.to = s
	return nil
}

func splitList(s string) []string {
	var parts []string
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}
