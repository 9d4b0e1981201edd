package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	goplugin "github.com/hashicorp/go-plugin"
	"github.com/rs/zerolog"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/ibutsu/ibutsu-go/src/plugin/proto"
)

const (
	uploadChunk = 64 << 10
	maxRow      = 4 << 20
)

// ImporterOptions say how an importer's process is started.
type ImporterOptions struct {
	Executable Executable
	// Environment is all that the process gets beside what go-plugin needs. It is a third party's: no secrets.
	Environment []string
	// RuntimeDir is a private folder whose path leaves SocketRoom.
	RuntimeDir string
	Logger     zerolog.Logger
	// StartTimeout bounds the start and an answer to Describe; 10 s when zero.
	StartTimeout time.Duration
}

// ImporterProcess is a running importer. It serves one upload and is closed then, so that nothing of one upload can reach
// another.
type ImporterProcess struct {
	connection *connection
	client     proto.ImporterClient
	patience   time.Duration
}

// StartImporter starts the importer's process.
func StartImporter(ctx context.Context, o ImporterOptions) (*ImporterProcess, error) {
	o.StartTimeout = or(o.StartTimeout, 10*time.Second)
	c, err := launch{
		executable:   o.Executable,
		environment:  o.Environment,
		sockets:      o.RuntimeDir,
		startTimeout: o.StartTimeout,
		logger:       o.Logger,
		handshake:    importerHandshake(),
		contract:     &importerPlugin{},
	}.connect(ctx, func(context.Context, *connection) error { return nil })
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", o.Executable.name(), err)
	}
	return &ImporterProcess{connection: c, client: c.contract.(proto.ImporterClient), patience: o.StartTimeout}, nil
}

// Close ends the process.
func (p *ImporterProcess) Close() {
	p.connection.close()
}

// Describe asks what the importer reads.
func (p *ImporterProcess) Describe(ctx context.Context) (*proto.DescribeResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, p.patience)
	defer cancel()
	d, err := p.client.Describe(ctx, &proto.DescribeRequest{}, grpc.MaxCallRecvMsgSize(uploadChunk))
	return d, plain(err)
}

// UploadInfo is what an importer is told about an upload.
type UploadInfo struct {
	FileName string
	Size     int64 // bytes
	// ImportedAt stands for every time that the report does not give.
	ImportedAt time.Time
}

// Import sends the upload and hands its rows to receive, one after the other. The error is that of content or receive as
// it is, or says how the importer failed.
func (p *ImporterProcess) Import(ctx context.Context, info UploadInfo, content io.Reader, receive func(*proto.Row) error) error {
	begin := &proto.Begin{FileName: info.FileName, Size: info.Size, ImportedAt: timestamppb.New(info.ImportedAt)}
	streaming, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := p.client.Import(streaming, grpc.MaxCallRecvMsgSize(maxRow))
	if err != nil {
		return p.failed(ctx, err)
	}
	sent := make(chan error, 1)
	go func() {
		err := send(stream, begin, content)
		if err != nil {
			cancel() // the importer would wait for the rest for ever
		}
		sent <- err
	}()
	received := receiveAll(stream, receive)
	cancel() // an importer that is done before it has read everything leaves the sender waiting
	var receiver *receiverError
	var source *contentError
	switch sendErr := <-sent; {
	case errors.As(received, &receiver):
		return receiver.error
	case errors.As(sendErr, &source):
		return source.error
	case received != nil:
		return p.failed(ctx, received)
	}
	return nil
}

// contentError and receiverError are the caller's own errors, to tell them from those of the connection.
type (
	contentError  struct{ error }
	receiverError struct{ error }
)

func send(stream proto.Importer_ImportClient, begin *proto.Begin, content io.Reader) error {
	if err := stream.Send(&proto.Upload{Part: &proto.Upload_Begin{Begin: begin}}); err != nil {
		return err
	}
	buffer := make([]byte, uploadChunk)
	for {
		n, err := content.Read(buffer)
		if n > 0 {
			// Send keeps nothing of the message, so the buffer can be used again.
			if err := stream.Send(&proto.Upload{Part: &proto.Upload_Chunk{Chunk: buffer[:n]}}); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return stream.CloseSend()
		}
		if err != nil {
			return &contentError{err}
		}
	}
}

func receiveAll(stream proto.Importer_ImportClient, receive func(*proto.Row) error) error {
	for {
		row, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := receive(row); err != nil {
			return &receiverError{err}
		}
	}
}

// failed says how the importer failed: by its own words, or by how its process ended.
func (p *ImporterProcess) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	select {
	case <-p.connection.process.done():
		p.connection.close()
		return fmt.Errorf("the importer's process ended: %w", p.connection.explain(err))
	case <-time.After(200 * time.Millisecond):
		return plain(err)
	}
}

// NestedRuntimeDir is a folder for the sockets of processes that a module starts itself. It is go-plugin's own folder for
// this process, which the host removes.
func NestedRuntimeDir() string { return os.Getenv(goplugin.EnvUnixSocketDir) }

// NestedSocketRoom is what a host's RuntimeDir has to leave when its module starts processes of its own.
const NestedSocketRoom = len("/plugin-dir4294967295") + SocketRoom
