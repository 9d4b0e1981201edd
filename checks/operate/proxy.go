package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/ibutsu/ibutsu-go/checks/harness"
)

// nginxFile is a proxy in three ways: over TCP at the root, over TCP below a path, and over a unix socket with TLS.
const nginxFile = `
daemon off; pid %[1]s/nginx.pid; error_log %[1]s/nginx.log; worker_processes 1; user root;
events { worker_connections 256; }
http {
  access_log off; client_max_body_size 0;
  client_body_temp_path %[1]s/t1; proxy_temp_path %[1]s/t2; fastcgi_temp_path %[1]s/t3; uwsgi_temp_path %[1]s/t4; scgi_temp_path %[1]s/t5;
  upstream tcp { server %[2]s; keepalive 8; }
  upstream socket { server unix:%[3]s; }
  proxy_http_version 1.1; proxy_set_header Connection "";
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $http_host;
  server { listen %[4]s;
    location /kept/ { proxy_pass http://tcp; }
    location /cut/ { rewrite ^/cut(/.*)$ /kept$1 break; proxy_pass http://tcp; }
    location /off/ { proxy_pass http://tcp/; }
  }
  server { listen %[5]s ssl; ssl_certificate %[1]s/cert.pem; ssl_certificate_key %[1]s/key.pem;
    location / { proxy_pass http://socket; }
  }
}
`

// behindNginx serves a real nginx, over TCP below a path and over a unix socket with TLS in front.
func behindNginx(ctx context.Context, program string) (said string, err error) {
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		if nginx = "/usr/sbin/nginx"; !isFile(nginx) {
			return "", errors.New("nginx is not there: scripts/prepare installs it")
		}
	}
	var addresses [3]string
	for i := range addresses {
		if addresses[i], err = freeAddress(); err != nil {
			return "", err
		}
	}
	backend, plain, secure := addresses[0], addresses[1], addresses[2]
	h, err := build(ctx, program, "IBUTSU_TRUSTED_PROXIES=127.0.0.1")
	if err != nil {
		return "", err
	}
	defer h.close()
	socket := filepath.Join(h.dir, "s")
	overTCP, err := h.start(nil, []string{"BACKEND_URL=http://" + plain + "/kept/api"}, "serve", "--listen", backend)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, overTCP.stop()) }()
	overSocket, err := h.start(nil, []string{"BACKEND_URL=https://" + secure}, "serve", "--listen", "unix:"+socket)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, overSocket.stop()) }()
	if err := errors.Join(h.ready(ctx, backend), h.signIn(ctx), selfSigned(h.dir)); err != nil {
		return "", err
	}
	file := filepath.Join(h.dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(fmt.Sprintf(nginxFile, h.dir, backend, socket, plain, secure)), 0o600); err != nil {
		return "", err
	}
	proxy := exec.Command(nginx, "-c", file, "-p", h.dir)
	proxy.Stdout, proxy.Stderr = h.log, h.log
	if err := proxy.Start(); err != nil {
		return "", err
	}
	defer func() { _ = proxy.Process.Signal(os.Interrupt); _ = proxy.Wait() }()
	client := &http.Client{
		Timeout: 10 * time.Second,
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
			DialContext:     (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}).DialContext, // no proxy of ours
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	if err := harness.Await(ctx, "nginx", func() bool {
		status, _, _ := h.ask(client, "https://"+secure+"/readyz", nil)
		return status == http.StatusOK
	}); err != nil {
		raw, _ := os.ReadFile(filepath.Join(h.dir, "nginx.log"))
		return "", fmt.Errorf("%w\n%s", err, raw)
	}

	for _, want := range []struct {
		url, location string
		status        int
	}{
		{"http://" + plain + "/kept/api/health", "", http.StatusOK},
		{"http://" + plain + "/cut/api/project", "", http.StatusOK},
		{"http://" + plain + "/off/api/project", "", http.StatusOK},
		{"http://" + plain + "/kept/readyz", "", http.StatusOK},
		{"http://" + plain + "/kept/", "/kept/api/ui/", http.StatusFound},
		{"http://" + plain + "/kept/api/project/", "http://" + plain + "/kept/api/project", http.StatusTemporaryRedirect},
		{"https://" + secure + "/api/project/?page=2", "https://" + secure + "/api/project?page=2", http.StatusTemporaryRedirect},
		{"https://" + secure + "/api/project", "", http.StatusOK},
	} {
		// The client lies about itself; nginx adds the truth at the end.
		status, header, err := h.ask(client, want.url, map[string]string{"X-Forwarded-For": "203.0.113.99", "X-Forwarded-Proto": "ftp"})
		if err != nil || status != want.status || header.Get("Location") != want.location {
			return "", fmt.Errorf("%s: %d to %q (%v), wanted %d to %q", want.url, status, header.Get("Location"), err, want.status, want.location)
		}
	}
	if h.logged(`"client":"203.0.113.99"`) > 0 || h.logged(`"client":"127.0.0.2"`) == 0 {
		return "", errors.New("the log has another client than the one that nginx saw")
	}

	// Past the proxy: from an address that is trusted, and from one that is not.
	for _, from := range []struct {
		client *http.Client
		logged int
	}{{client, 0}, {http.DefaultClient, 1}} {
		status, _, err := h.ask(from.client, "http://"+backend+"/api/project", map[string]string{"Forwarded": "for=203.0.113.5;proto=https"})
		if found := h.logged(`"client":"203.0.113.5"`); err != nil || status != http.StatusOK || found != from.logged {
			return "", fmt.Errorf("the header Forwarded: %d %w, %d times in the log and not %d", status, err, found, from.logged)
		}
	}
	return ": TCP, unix socket, TLS, path kept and cut off", nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func (h *house) ask(client *http.Client, url string, headers map[string]string) (int, http.Header, error) {
	request, err := http.NewRequest(http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Authorization", "Bearer "+h.token)
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	answer, err := client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, answer.Header, err
}

// selfSigned writes cert.pem and key.pem for 127.0.0.1.
func selfSigned(dir string) error {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return err
	}
	key, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "cert.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600),
		os.WriteFile(filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600),
	)
}
