package cache

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/redis/rueidis"
)

// sentinelsAsked is how often sentinels are asked for the primary, besides being listened to: a change that was missed would
// leave this process with the old one for good.
const sentinelsAsked = 5 * time.Second

// Redis is how a server, a cluster or what sentinels watch over is reached, by an address as [config] keeps it. Errors never
// have the address in them, which may have a password.
func Redis(address string) (rueidis.ClientOption, error) {
	u, err := url.Parse(address)
	if err != nil {
		return rueidis.ClientOption{}, errors.New("the Redis address is not valid")
	}
	query := u.Query()
	option, err := rueidis.ParseURL(address)
	if err != nil {
		return rueidis.ClientOption{}, errors.New("the Redis address is not valid")
	}
	if option.TLSConfig != nil {
		if option.TLSConfig, err = redisTLS(query); err != nil {
			return rueidis.ClientOption{}, err
		}
	}
	if option.Sentinel.MasterSet != "" {
		option.Sentinel.Username, option.Sentinel.Password = query.Get("sentinel_username"), query.Get("sentinel_password")
		option.Sentinel.TLSConfig = option.TLSConfig
		option.Sentinel.TopologyRefreshInterval = sentinelsAsked
	}
	return option, nil
}

// redisTLS checks each server by the name under which it is reached: those of a cluster have several.
func redisTLS(query url.Values) (*tls.Config, error) {
	checked := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: query.Get("ssl_cert_reqs") == "none"} //nolint:gosec // asked for
	if file := query.Get("ssl_ca_certs"); file != "" {
		pem, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("ssl_ca_certs of the Redis address: %w", err)
		}
		checked.RootCAs = x509.NewCertPool()
		if !checked.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ssl_ca_certs of the Redis address: no certificate is in %s", file)
		}
	}
	if file := query.Get("ssl_certfile"); file != "" {
		pair, err := tls.LoadX509KeyPair(file, query.Get("ssl_keyfile"))
		if err != nil {
			return nil, fmt.Errorf("ssl_certfile of the Redis address: %w", err)
		}
		checked.Certificates = []tls.Certificate{pair}
	}
	return checked, nil
}
