package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/ibutsu/ibutsu-go/src/config"
)

// withTLS puts TLS on a listener, where there is a certificate.
func withTLS(l net.Listener, server config.Server, now func() time.Time, log zerolog.Logger) (net.Listener, error) {
	if server.TLSCert == "" {
		return l, nil
	}
	c := &certificate{files: [2]string{server.TLSCert, server.TLSKey}, now: now, log: log}
	if err := c.read(); err != nil {
		return nil, err
	}
	return tls.NewListener(l, &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current(), nil },
	}), nil
}

// certificate is a certificate in files that somebody renews now and then.
type certificate struct {
	files [2]string // certificate and key
	now   func() time.Time
	log   zerolog.Logger

	mutex  sync.Mutex
	pair   *tls.Certificate
	stamps [2]os.FileInfo
	looked time.Time
}

// look is how often, at most, the files are looked at.
const look = time.Second

// current is the certificate, read anew when its files have changed. One that cannot be read, since its other half is
// still being written, leaves the old one in place.
func (c *certificate) current() *tls.Certificate {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if now := c.now(); now.Sub(c.looked) >= look {
		c.looked = now
		if stamps, err := c.stat(); err == nil && stamps != nil {
			if err := c.read(); err != nil {
				c.log.Warn().Err(err).Msg("the renewed certificate is not usable, the old one stays")
			} else {
				c.log.Info().Str("certificate", c.files[0]).Msg("certificate read anew")
			}
		}
	}
	return c.pair
}

// stat returns the files as they are when they have changed, else nil.
func (c *certificate) stat() (*[2]os.FileInfo, error) {
	var found [2]os.FileInfo
	changed := false
	for i, file := range c.files {
		info, err := os.Stat(file)
		if err != nil {
			return nil, err
		}
		found[i] = info
		old := c.stamps[i]
		changed = changed || old == nil || !os.SameFile(old, info) || !old.ModTime().Equal(info.ModTime()) || old.Size() != info.Size()
	}
	if !changed {
		return nil, nil
	}
	return &found, nil
}

func (c *certificate) read() error {
	stamps, err := c.stat()
	if err != nil {
		return fmt.Errorf("reading the certificate: %w", err)
	}
	pair, err := tls.LoadX509KeyPair(c.files[0], c.files[1])
	if err != nil {
		return fmt.Errorf("reading the certificate %s: %w", c.files[0], err)
	}
	c.pair = &pair
	if stamps != nil {
		c.stamps = *stamps
	}
	return nil
}
