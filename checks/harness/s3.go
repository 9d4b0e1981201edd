package harness

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
)

// S3 is a temporary store that speaks S3, with one bucket.
type S3 struct {
	Endpoint, Bucket     string
	AccessKey, SecretKey string

	dir     string
	command *exec.Cmd
}

// StartS3 starts versitygw, from PATH or from where scripts/prepare puts it, on a free port.
func StartS3(ctx context.Context) (*S3, error) {
	program, err := exec.LookPath("versitygw")
	if err != nil {
		_, here, _, _ := runtime.Caller(0)
		program = filepath.Join(filepath.Dir(here), "..", "..", "bin", "tools", "versitygw")
		if _, err := os.Stat(program); err != nil {
			return nil, fmt.Errorf("versitygw is not there; scripts/prepare test installs it: %w", err)
		}
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "ibutsu-s3-")
	if err != nil {
		return nil, err
	}
	s := &S3{Endpoint: "http://" + address, Bucket: "ibutsu", AccessKey: "test", SecretKey: "secret-test", dir: dir}
	data, meta := filepath.Join(dir, "data"), filepath.Join(dir, "meta")
	if err := errors.Join(os.MkdirAll(filepath.Join(data, s.Bucket), 0o700), os.Mkdir(meta, 0o700)); err != nil {
		return nil, err
	}
	s.command = exec.Command(program, "--port", address, "--quiet", "posix", "--sidecar", meta, data)
	s.command.Env = []string{"ROOT_ACCESS_KEY=" + s.AccessKey, "ROOT_SECRET_KEY=" + s.SecretKey, "HOME=" + dir}
	s.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	err = Await(ctx, "the S3 server", func() bool {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		return err == nil && conn.Close() == nil
	})
	if err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// Stop ends it and removes what it kept.
func (s *S3) Stop() error {
	err := s.command.Process.Kill()
	_ = s.command.Wait()
	return errors.Join(err, os.RemoveAll(s.dir))
}
