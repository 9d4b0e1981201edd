package cache_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/checks/harness"
	"github.com/ibutsu/ibutsu-go/src/cache"
)

// share says that what one process keeps is what the other gets, by way of Redis.
func share(t *testing.T, one, other cache.Cache, key string) {
	t.Helper()
	ctx := context.Background()
	require.Eventually(t, func() bool {
		one.Set(ctx, key, []byte("value of "+key), time.Minute)
		value, ok := other.Get(ctx, key)
		return ok && string(value) == "value of "+key
	}, 30*time.Second, 5*time.Millisecond, key)
}

// alone says that this process keeps what it is given, and nobody else gets it: the address does not lead to Redis.
func alone(t *testing.T, url, reader, key string) {
	t.Helper()
	ctx := context.Background()
	c := open(t, url, "")
	c.Set(ctx, key, []byte("own"), time.Minute)
	value, ok := c.Get(ctx, key)
	require.True(t, ok, "Redis that refuses is no failure")
	require.Equal(t, "own", string(value))
	_, ok = open(t, reader, "").Get(ctx, key)
	require.False(t, ok, key)
}

func TestRedisWithUserAndPassword(t *testing.T) {
	t.Parallel()
	redis, err := harness.StartRedis(t.Context(), "--user", "default", "off",
		"--user", "ibutsu", "on", ">s3cret/:", "~ibutsu:*", "+@all")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, redis.Stop()) })
	host := strings.TrimPrefix(redis.URL, "redis://")
	known := "redis://ibutsu:" + url.QueryEscape("s3cret/:") + "@" + host

	share(t, open(t, known, ""), open(t, known, ""), "key")
	alone(t, redis.URL, known, "without a password")
	alone(t, "redis://ibutsu:wrong@"+host, known, "wrong password")
}

func TestRedisByTLS(t *testing.T) {
	t.Parallel()
	ours, theirs := makeCertificates(t), makeCertificates(t)
	redis, err := harness.StartRedis(t.Context(), "--requirepass", "s3cret")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, redis.Stop()) })
	port := tlsPort(t, redis, ours)
	address := func(query url.Values) string { return "rediss://:s3cret@127.0.0.1:" + port + "?" + query.Encode() }
	known := address(url.Values{"ssl_ca_certs": {ours.authority}, "ssl_certfile": {ours.certificate}, "ssl_keyfile": {ours.key}})

	share(t, open(t, known, ""), open(t, known, ""), "key")
	unchecked := address(url.Values{"ssl_cert_reqs": {"none"}, "ssl_certfile": {ours.certificate}, "ssl_keyfile": {ours.key}})
	share(t, open(t, unchecked, ""), open(t, known, ""), "unchecked")
	alone(t, address(url.Values{"ssl_certfile": {ours.certificate}, "ssl_keyfile": {ours.key}}), known, "an authority that nobody knows")
	alone(t, address(url.Values{"ssl_ca_certs": {theirs.authority}, "ssl_certfile": {ours.certificate}, "ssl_keyfile": {ours.key}}), known, "another authority")
	alone(t, address(url.Values{"ssl_ca_certs": {ours.authority}}), known, "no certificate of the client")

	_, err = cache.Open(cache.Options{RedisURL: address(url.Values{"ssl_ca_certs": {ours.key}})})
	require.ErrorContains(t, err, "no certificate is in "+ours.key)
	require.NotContains(t, err.Error(), "s3cret")
	_, err = cache.Open(cache.Options{RedisURL: address(url.Values{"ssl_ca_certs": {"/nowhere"}})})
	require.ErrorContains(t, err, "ssl_ca_certs of the Redis address: open /nowhere")
}

// tlsPort has a running server listen by TLS, too, to clients that show a certificate.
func tlsPort(t *testing.T, redis *harness.Redis, c certificates) string {
	t.Helper()
	port := ""
	require.Eventually(t, func() bool { // somebody else may take the port meanwhile
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		_, port, _ = net.SplitHostPort(l.Addr().String())
		require.NoError(t, l.Close())
		answer, err := redis.Ask(t.Context(), "AUTH s3cret\r\nCONFIG SET tls-cert-file "+c.certificate+" tls-key-file "+c.key+
			" tls-ca-cert-file "+c.authority+" tls-port "+port)
		require.NoError(t, err)
		require.Equal(t, "+OK", answer)
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		return err == nil && conn.Close() == nil
	}, 10*time.Second, time.Millisecond)
	return port
}

// certificates are files: an authority, and a certificate of its for 127.0.0.1 with the key.
type certificates struct{ authority, certificate, key string }

func makeCertificates(t *testing.T) certificates {
	t.Helper()
	dir := t.TempDir()
	now := time.Now()
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "redis"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	write := func(name, kind string, content []byte, err error) string {
		require.NoError(t, err)
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), 0o600))
		return path
	}
	signed := func(template *x509.Certificate, key *ecdsa.PrivateKey) ([]byte, error) {
		return x509.CreateCertificate(rand.Reader, template, authority, &key.PublicKey, authorityKey)
	}
	ca, caErr := signed(authority, authorityKey)
	certificate, certificateErr := signed(leaf, leafKey)
	key, keyErr := x509.MarshalECPrivateKey(leafKey)
	return certificates{
		write("ca.pem", "CERTIFICATE", ca, caErr),
		write("cert.pem", "CERTIFICATE", certificate, certificateErr),
		write("key.pem", "EC PRIVATE KEY", key, keyErr),
	}
}

func TestProcessesShareAfterTheSentinelsMadeAnotherPrimary(t *testing.T) {
	t.Parallel()
	redis, err := harness.StartSentinels(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, redis.Stop()) })
	one, two := open(t, redis.URL, ""), open(t, redis.URL, "")
	share(t, one, two, "before")
	require.NoError(t, redis.FailOver(t.Context()))
	share(t, one, two, "after")
	keys, err := redis.Primary().Keys(t.Context())
	require.NoError(t, err)
	require.Positive(t, keys, "the new primary has them")
}

func TestACacheIsSpreadOverACluster(t *testing.T) {
	t.Parallel()
	redis, err := harness.StartRedisCluster(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, redis.Stop()) })
	one, two := open(t, redis.URL, ""), open(t, redis.URL, "")
	const many = 50
	for i := range many {
		share(t, one, two, strconv.Itoa(i))
	}
	for _, server := range redis.Servers {
		keys, err := server.Keys(t.Context())
		require.NoError(t, err)
		require.Positive(t, keys)
	}
	limits, ctx := cache.LimitsOf(one), context.Background()
	for i := range many { // scripts go where their one key is
		wait, ok := limits.Take(ctx, strconv.Itoa(i), 1, time.Hour)
		require.True(t, ok)
		require.Zero(t, wait)
		wait, ok = cache.LimitsOf(two).Take(ctx, strconv.Itoa(i), 1, time.Hour)
		require.True(t, ok)
		require.Positive(t, wait)
	}

	require.NoError(t, redis.Servers[2].Kill())
	for i := range many {
		key := fmt.Sprint("later ", i)
		require.Eventually(t, func() bool {
			one.Set(ctx, key, []byte("1"), time.Minute)
			_, ok := one.Get(ctx, key)
			return ok
		}, 10*time.Second, time.Millisecond, "a server less is no failure")
	}
	require.NoError(t, redis.Servers[2].Start(ctx))
	for i := range many {
		share(t, one, two, fmt.Sprint("again ", i))
	}
}
