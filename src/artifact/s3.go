package artifact

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/ibutsu/ibutsu-go/src/telemetry/tracing"
)

// S3Options say where a bucket is.
type S3Options struct {
	// Endpoint is https://HOST[:PORT], or http:// for one without TLS.
	Endpoint string
	Bucket   string
	// Prefix stands before all keys, so that a bucket can be shared.
	Prefix string
	Region string // "": us-east-1
	// AccessKey and SecretKey; without them the environment and the machine's role are asked.
	AccessKey, SecretKey string
}

// S3 keeps contents in a bucket.
type S3 struct {
	client         *minio.Client
	bucket, prefix string
}

// s3Patience bounds one request to the store.
const s3Patience = time.Minute

// NewS3 makes a store of a bucket that exists. It asks nothing of it yet.
func NewS3(o S3Options) (*S3, error) {
	u, err := url.Parse(o.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("s3_endpoint: it has to be https://HOST or http://HOST")
	}
	if o.Bucket == "" {
		return nil, errors.New("s3_bucket: it is missing")
	}
	keys := credentials.NewChainCredentials([]credentials.Provider{&credentials.EnvAWS{}, &credentials.IAM{}})
	if o.AccessKey != "" {
		keys = credentials.NewStaticV4(o.AccessKey, o.SecretKey, "")
	}
	region := o.Region
	if region == "" {
		region = "us-east-1"
	}
	transport, err := minio.DefaultTransport(u.Scheme == "https")
	if err != nil {
		return nil, fmt.Errorf("s3: %w", err)
	}
	client, err := minio.New(u.Host, &minio.Options{Transport: tracing.Transport{Base: transport}, Creds: keys, Secure: u.Scheme == "https", Region: region, MaxRetries: 3})
	if err != nil {
		return nil, fmt.Errorf("s3: %w", err)
	}
	return &S3{client: client, bucket: o.Bucket, prefix: o.Prefix}, nil
}

// Name implements Blobs.
func (s *S3) Name() string { return InS3 }

// fault gives an error of the store the sentinel that callers decide by.
func fault(doing, key string, err error) error {
	if err == nil {
		return nil
	}
	said := minio.ToErrorResponse(err)
	if said.Code == minio.NoSuchKey {
		return fmt.Errorf("s3: %s %s: %w", doing, key, ErrMissing)
	}
	return fmt.Errorf("s3: %s %s: %w (%w)", doing, key, ErrUnavailable, err)
}

// Put implements Blobs: the store answers when it has the content for good.
func (s *S3) Put(ctx context.Context, key string, content []byte) error {
	ctx, cancel := context.WithTimeout(ctx, s3Patience)
	defer cancel()
	_, err := s.client.PutObject(ctx, s.bucket, s.prefix+key, bytes.NewReader(content), int64(len(content)),
		minio.PutObjectOptions{ContentType: "application/octet-stream", DisableMultipart: true})
	return fault("put", key, err)
}

// Get implements Blobs.
func (s *S3) Get(ctx context.Context, key string, first, length int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, s3Patience)
	defer cancel()
	if length == 0 {
		return []byte{}, nil
	}
	var o minio.GetObjectOptions
	if length > 0 {
		if err := o.SetRange(first, first+length-1); err != nil {
			return nil, err
		}
	} else if first > 0 {
		if err := o.SetRange(first, 0); err != nil {
			return nil, err
		}
	}
	object, err := s.client.GetObject(ctx, s.bucket, s.prefix+key, o)
	if err != nil {
		return nil, fault("get", key, err)
	}
	defer func() { _ = object.Close() }()
	content, err := io.ReadAll(object)
	return content, fault("get", key, err)
}

// Delete implements Blobs.
func (s *S3) Delete(ctx context.Context, key string) error {
	ctx, cancel := context.WithTimeout(ctx, s3Patience)
	defer cancel()
	err := fault("delete", key, s.client.RemoveObject(ctx, s.bucket, s.prefix+key, minio.RemoveObjectOptions{}))
	if errors.Is(err, ErrMissing) {
		return nil
	}
	return err
}

// Each implements Blobs.
func (s *S3) Each(ctx context.Context, tell func(string, time.Time) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for object := range s.client.ListObjects(ctx, s.bucket, minio.ListObjectsOptions{Prefix: s.prefix, Recursive: true}) {
		if object.Err != nil {
			return fault("list", s.prefix, object.Err)
		}
		if err := tell(strings.TrimPrefix(object.Key, s.prefix), object.LastModified); err != nil {
			return err
		}
	}
	return ctx.Err()
}
