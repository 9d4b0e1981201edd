package plugin

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ibutsu/ibutsu-go/src/plugin/proto"
)

// importerHandshake is part of the contract: programs in other languages check the cookie, too.
func importerHandshake() goplugin.HandshakeConfig {
	return goplugin.HandshakeConfig{ProtocolVersion: 1, MagicCookieKey: "IBUTSU_IMPORTER", MagicCookieValue: "reads-reports"}
}

// ServeImporter is the main loop of an importer's program. It returns when the host has what it wanted.
func ServeImporter(i Importer) {
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig: importerHandshake(),
		Plugins:         goplugin.PluginSet{contractName: &importerPlugin{server: &importerServer{importer: i}}},
		GRPCServer:      goplugin.DefaultGRPCServer,
		Logger:          hclog.New(&hclog.LoggerOptions{Level: hclog.Warn, Output: os.Stderr, JSONFormat: true}),
	})
}

// importerPlugin is what go-plugin wants to know about importers.
type importerPlugin struct {
	goplugin.NetRPCUnsupportedPlugin
	server *importerServer
}

func (p *importerPlugin) GRPCServer(_ *goplugin.GRPCBroker, s *grpc.Server) error {
	if p.server == nil {
		return errors.New("a host does not serve importers")
	}
	proto.RegisterImporterServer(s, p.server)
	return nil
}

func (p *importerPlugin) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return proto.NewImporterClient(conn), nil
}

// importerServer puts an Importer behind the gRPC contract.
type importerServer struct {
	proto.UnimplementedImporterServer
	importer Importer
}

func (s *importerServer) Describe(context.Context, *proto.DescribeRequest) (*proto.DescribeResponse, error) {
	return s.importer.Describe(), nil
}

func (s *importerServer) Import(stream grpc.BidiStreamingServer[proto.Upload, proto.Row]) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	begin := first.GetBegin()
	if begin == nil {
		return status.Error(codes.InvalidArgument, "the upload does not begin with Begin")
	}
	err = s.importer.Import(stream.Context(), Upload{Begin: begin, Reader: &chunks{stream: stream}}, stream.Send)
	if fault, ok := errors.AsType[*FaultError](err); ok {
		return stream.Send(&proto.Row{Row: &proto.Row_Fault{Fault: &proto.Fault{Where: fault.Where, Reason: fault.Reason}}})
	}
	if err != nil {
		return status.Error(codes.Aborted, err.Error())
	}
	return nil
}

// chunks reads the content of an upload.
type chunks struct {
	stream grpc.BidiStreamingServer[proto.Upload, proto.Row]
	rest   []byte
}

func (c *chunks) Read(p []byte) (int, error) {
	for len(c.rest) == 0 {
		part, err := c.stream.Recv()
		if errors.Is(err, io.EOF) {
			return 0, io.EOF
		}
		if err != nil {
			return 0, err
		}
		c.rest = part.GetChunk()
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}
