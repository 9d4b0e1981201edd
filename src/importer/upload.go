package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// upload reads a Source: it counts, stops at the limit and when the context ends, and remembers a failing read, which
// must not be taken for a broken file.
type upload struct {
	ctx   context.Context //nolint:containedctx // Read has no context of its own
	r     io.ReadCloser
	n     int64
	limit int64
	err   error
}

func openUpload(ctx context.Context, source Source, limit int64) (*upload, error) {
	if source.Size() > limit {
		return nil, tooMuch("", "the file has %s, more than the %s that an import may have", size(source.Size()), size(limit))
	}
	r, err := source.Open(ctx)
	if err != nil {
		return nil, fmt.Errorf("open the upload: %w", err)
	}
	return &upload{ctx: ctx, r: r, limit: limit}, nil
}

func (u *upload) Read(p []byte) (int, error) {
	if u.err != nil {
		return 0, u.err
	}
	if u.err = u.ctx.Err(); u.err != nil {
		return 0, u.err
	}
	n, err := u.r.Read(p)
	u.n += int64(n)
	switch {
	case u.n > u.limit:
		u.err = tooMuch("", "the file has more than the %s that an import may have", size(u.limit))
		return 0, u.err
	case errors.Is(err, io.EOF):
		return n, io.EOF
	case err != nil:
		u.err = fmt.Errorf("read the upload: %w", err)
		return n, u.err
	}
	return n, nil
}

// cause picks what really ended a read: the upload's own failure where there was one, else what the reader of the format
// made of it.
func (u *upload) cause(err error) error {
	if err != nil && u.err != nil {
		return u.err
	}
	return err
}

func (u *upload) Close() error { return u.r.Close() }
