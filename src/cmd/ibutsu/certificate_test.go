package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"github.com/ibutsu/ibutsu-go/src/config"
)

// issue writes a certificate for a name, and its key.
func issue(t *testing.T, name, certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	require.NoError(t, err)
	raw, err := x509.MarshalECPrivateKey(private)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: raw}), 0o600))
}

func TestACertificateIsServedAndReadAnew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server := config.Server{TLSCert: filepath.Join(dir, "cert.pem"), TLSKey: filepath.Join(dir, "key.pem")}
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	now := time.Now()
	_, err = withTLS(plain, server, func() time.Time { return now }, zerolog.Nop())
	require.ErrorContains(t, err, "cert.pem", "a server that cannot speak TLS does not start")

	issue(t, "old.example", server.TLSCert, server.TLSKey)
	l, err := withTLS(plain, server, func() time.Time { return now }, zerolog.Nop())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	served := func() string {
		go func() {
			conn, err := l.Accept()
			if err == nil {
				_, _ = conn.Write([]byte("x"))
				_ = conn.Close()
			}
		}()
		conn, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{InsecureSkipVerify: true}) // the name is what is asked for
		require.NoError(t, err)
		defer func() { require.NoError(t, conn.Close()) }()
		_, err = io.ReadAll(conn)
		require.NoError(t, err)
		return conn.ConnectionState().PeerCertificates[0].Subject.CommonName
	}
	require.Equal(t, "old.example", served())

	now = now.Add(look)
	require.NoError(t, os.WriteFile(server.TLSCert, []byte("half a certif"), 0o600))
	require.Equal(t, "old.example", served(), "one that is being written leaves the old one in place")

	now = now.Add(look)
	issue(t, "new.example", server.TLSCert, server.TLSKey)
	require.Equal(t, "new.example", served())
}
