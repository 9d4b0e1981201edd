package harness

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// primaryName is what the sentinels call what they watch over.
const primaryName = "ibutsu"

// Sentinels watch over a Redis and its replica, which they make the primary when that one is gone.
type Sentinels struct {
	URL       string
	servers   []*Redis // the first is the first primary
	sentinels []*Redis
}

// StartSentinels starts a primary, a replica of it and three sentinels, two of which have to agree.
func StartSentinels(ctx context.Context) (*Sentinels, error) {
	s := &Sentinels{}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func (s *Sentinels) start(ctx context.Context) error {
	primary, err := StartRedis(ctx, "--repl-diskless-sync-delay", "0")
	if err != nil {
		return err
	}
	s.servers = append(s.servers, primary)
	replica, err := StartRedis(ctx, "--repl-diskless-sync-delay", "0", "--replicaof", "127.0.0.1 "+primary.port())
	if err != nil {
		return err
	}
	s.servers = append(s.servers, replica)
	if err := Await(ctx, "the replica", func() bool { return replica.replicates(ctx) }); err != nil {
		return err // sentinels ask who the replicas are at once, and then only every ten seconds
	}
	for range 3 {
		if err := s.startSentinel(ctx, primary); err != nil {
			return err
		}
	}
	for _, sentinel := range s.sentinels {
		if err := Await(ctx, "sentinels that know each other", func() bool { return sentinel.knows(ctx) }); err != nil {
			return err
		}
	}
	s.URL = fmt.Sprintf("%s?addr=%s&addr=%s&master_set=%s", s.sentinels[0].URL, s.sentinels[1].address, s.sentinels[2].address, primaryName)
	return nil
}

// startSentinel starts one with a file of its own, which it writes to.
func (s *Sentinels) startSentinel(ctx context.Context, primary *Redis) error {
	r, err := newRedis()
	if err != nil {
		return err
	}
	file := filepath.Join(r.dir, "sentinel.conf")
	settings := strings.NewReplacer("NAME", primaryName, "PRIMARY", primary.port(), "PORT", r.port(), "DIR", r.dir).Replace(`port PORT
bind 127.0.0.1
dir DIR
logfile DIR/log
sentinel monitor NAME 127.0.0.1 PRIMARY 2
sentinel down-after-milliseconds NAME 300
sentinel failover-timeout NAME 3000
`)
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		return err
	}
	r.arguments = []string{file, "--sentinel"}
	if err := r.Start(ctx); err != nil {
		return err
	}
	s.sentinels = append(s.sentinels, r)
	return nil
}

// knows says whether a sentinel has met both others and the replica.
func (r *Redis) knows(ctx context.Context) bool {
	others, err := r.Ask(ctx, "SENTINEL SENTINELS "+primaryName)
	replicas, err2 := r.Ask(ctx, "SENTINEL REPLICAS "+primaryName)
	return err == nil && err2 == nil && others == "*2" && replicas == "*1"
}

// replicates says whether it is a replica that has everything.
func (r *Redis) replicates(ctx context.Context) bool {
	info, err := r.Ask(ctx, "INFO replication")
	return err == nil && strings.Contains(info, "master_link_status:up")
}

// FailOver kills the primary, waits until the other server is the primary, and starts the killed one again, which takes
// itself for the primary until a sentinel tells it better.
func (s *Sentinels) FailOver(ctx context.Context) error {
	old, other := s.servers[0], s.servers[1]
	if err := old.Kill(); err != nil {
		return err
	}
	s.servers = []*Redis{other, old}
	err := Await(ctx, "a new primary", func() bool {
		info, err := other.Ask(ctx, "INFO replication")
		return err == nil && strings.Contains(info, "role:master")
	})
	return errors.Join(err, old.Start(ctx))
}

// Primary is the server that is the primary now.
func (s *Sentinels) Primary() *Redis { return s.servers[0] }

// Stop ends all of them.
func (s *Sentinels) Stop() error { return stopAll(append(s.sentinels, s.servers...)) }

func stopAll(servers []*Redis) error {
	var err error
	for _, r := range servers {
		err = errors.Join(err, r.Stop())
	}
	return err
}

// slots is how many slots the keys of a cluster are spread over.
const slots = 16384

// RedisCluster is a Redis that is spread over three servers, each with a third of the keys and without replicas.
type RedisCluster struct {
	URL     string
	Servers []*Redis
}

// StartRedisCluster starts one. It goes on with the keys that are left when a server is gone.
func StartRedisCluster(ctx context.Context) (*RedisCluster, error) {
	c := &RedisCluster{}
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

func (c *RedisCluster) start(ctx context.Context) error {
	const count = 3
	for i := range count {
		r, err := StartRedis(ctx, "--cluster-enabled", "yes", "--cluster-node-timeout", "500", "--cluster-require-full-coverage", "no")
		if err != nil {
			return err
		}
		c.Servers = append(c.Servers, r)
		own := fmt.Sprintf("CLUSTER ADDSLOTSRANGE %d %d", i*slots/count, (i+1)*slots/count-1)
		meet := "CLUSTER MEET 127.0.0.1 " + c.Servers[0].port()
		for _, command := range []string{fmt.Sprintf("CLUSTER SET-CONFIG-EPOCH %d", i+1), own, meet} {
			if answer, err := r.Ask(ctx, command); err != nil || answer != "+OK" {
				return fmt.Errorf("%s: %s %w", command, answer, err)
			}
		}
	}
	c.URL = c.Servers[0].URL
	for _, r := range c.Servers {
		if err := Await(ctx, "a cluster of all three", func() bool {
			info, err := r.Ask(ctx, "CLUSTER INFO")
			return err == nil && strings.Contains(info, "cluster_state:ok") && strings.Contains(info, fmt.Sprint("cluster_slots_ok:", slots))
		}); err != nil {
			return err
		}
	}
	return nil
}

// Stop ends all servers.
func (c *RedisCluster) Stop() error { return stopAll(c.Servers) }
