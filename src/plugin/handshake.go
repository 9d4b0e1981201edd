package plugin

import (
	"context"
	"errors"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/ibutsu/ibutsu-go/src/plugin/proto"
)

// moduleVersion is the version of the contract in proto/module.proto. It changes when a host and a module of different
// versions could no longer understand each other.
const moduleVersion = 1

// moduleHandshake is no secret: it tells a module that was started by hand from one that a host has started.
var moduleHandshake = goplugin.HandshakeConfig{
	ProtocolVersion:  moduleVersion,
	MagicCookieKey:   "IBUTSU_MODULE",
	MagicCookieValue: "b7f7a9d0c4f54d0fb2c1a5b85a1c0f6e",
}

// modulePlugin is what go-plugin wants to know about modules. The process that serves sets server.
type modulePlugin struct {
	goplugin.NetRPCUnsupportedPlugin
	server *moduleServer
}

func (p *modulePlugin) GRPCServer(_ *goplugin.GRPCBroker, s *grpc.Server) error {
	if p.server == nil {
		return errors.New("a host does not serve modules")
	}
	proto.RegisterModuleServer(s, p.server)
	return nil
}

func (p *modulePlugin) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return &moduleClient{client: proto.NewModuleClient(conn)}, nil
}
