package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// program is a server beside ours.
type program struct {
	command *exec.Cmd
	log     string
}

// start runs a program and waits until it listens.
func start(ctx context.Context, log, address string, args ...string) (*program, error) {
	file, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	p := &program{command: exec.Command(args[0], args[1:]...), log: log}
	p.command.Stdout, p.command.Stderr = file, file
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w; `make tools` builds it, or scripts/prepare installs it", args[0], err)
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		if conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address); err == nil {
			return p, conn.Close()
		}
		select {
		case <-ctx.Done():
			said, _ := os.ReadFile(log)
			p.stop()
			return nil, fmt.Errorf("%s did not start:\n%s", args[0], said)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (p *program) stop() {
	if p == nil {
		return
	}
	_ = p.command.Process.Signal(syscall.SIGKILL) // it keeps nothing
	_ = p.command.Wait()
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// certificate makes one for 127.0.0.1 that vouches for itself.
func certificate(dir string) (cert, key string, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "checks"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return "", "", err
	}
	rawKey, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", "", err
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	return cert, key, errors.Join(
		os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), 0o644),
		os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: rawKey}), 0o600))
}

// The people at the provider. All have the same password.
const (
	providerPassword = "at-the-provider"
	known            = "ana"
	unverified       = "eve"
)

func providerUsers(dir string) (string, error) {
	users := map[string]any{}
	for _, name := range []string{known, unverified} {
		users["id-"+name] = map[string]any{
			"ID": "id-" + name, "Username": name, "Password": providerPassword, "FirstName": strings.ToUpper(name[:1]) + name[1:], "LastName": "Example",
			"Email": name + "@example.com", "EmailVerified": name != unverified,
		}
	}
	text, err := json.Marshal(users)
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "users.json")
	return file, os.WriteFile(file, text, 0o600)
}
