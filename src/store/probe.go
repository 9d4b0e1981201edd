package store

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"
)

// ErrSchema means that the database is not, or not yet, in the shape that this build works with.
var ErrSchema = errors.New("the tables are not those of this version: `ibutsu migrate` makes them so")

// Probe asks the database how it is, over a connection of its own: a pool whose connections are all at work is no
// database that is away. Safe for concurrent use.
type Probe struct {
	config *pgx.ConnConfig

	mutex   sync.Mutex
	conn    *pgx.Conn // nil until somebody asks, and after a failure
	current bool      // the schema was, and only moves forward
}

// NewProbe returns a probe of the database at a postgres:// address. It connects when it is first asked.
func NewProbe(url string) (*Probe, error) {
	config, err := poolConfig(Options{URL: url, Name: "probe"})
	if err != nil {
		return nil, err
	}
	return &Probe{config: config.ConnConfig}, nil
}

// Ask returns nil when the database answers and has the tables of this build, else ErrUnavailable or ErrSchema.
func (p *Probe) Ask(ctx context.Context) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	err := p.ask(ctx)
	if err != nil && !errors.Is(err, ErrSchema) {
		p.drop(ctx)
		return fmt.Errorf("%w (%w)", ErrUnavailable, err)
	}
	return err
}

func (p *Probe) ask(ctx context.Context) (err error) {
	if p.conn == nil {
		if p.conn, err = pgx.ConnectConfig(ctx, p.config.Copy()); err != nil {
			return err
		}
	}
	if p.current {
		return p.conn.Ping(ctx)
	}
	if p.current, err = upToDate(ctx, p.conn); err == nil && !p.current {
		err = ErrSchema
	}
	return err
}

func (p *Probe) drop(ctx context.Context) {
	if p.conn == nil {
		return
	}
	// Its context may have ended; what a broken connection has to say is not waited for.
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	cancel()
	_ = p.conn.Close(ctx)
	p.conn = nil
}

// Close gives the connection up.
func (p *Probe) Close() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.drop(context.Background())
}
