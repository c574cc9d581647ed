package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"

	"cradle/engine"
	"cradle/valuebag"
)

// Client is the provider at the other end of a pipe. Once the pipe is broken every
// call fails with engine.ErrGone; a new pipe needs a new client.
type Client struct {
	rw      io.ReadWriter
	mu      sync.Mutex // one conversation at a time
	sending sync.Mutex
	broken  error
}

var _ engine.Provider = (*Client)(nil)

// Dial greets the server at the other end.
func Dial(rw io.ReadWriter) (*Client, error) {
	m := message(hello)
	m.SetUint32(keyVersion, protocol)
	if err := write(rw, m); err != nil {
		return nil, err
	}
	vs, kind, err := read(rw)
	if err != nil {
		return nil, fmt.Errorf("%w: no provider answers: %w", engine.ErrGone, err)
	}
	if kind != hello {
		return nil, fmt.Errorf("the other side says %q: expected %q", kind, hello)
	}
	if err := checkVersion(vs); err != nil {
		return nil, err
	}
	return &Client{rw: rw}, nil
}

func checkVersion(vs *valuebag.Values) error {
	switch v, err := vs.GetUint32(keyVersion); {
	case err != nil:
		return fmt.Errorf("greeting: %w", err)
	case v > protocol:
		return fmt.Errorf("the other side speaks version %d of the protocol, this program 1: %w", v, engine.ErrNewer)
	case v != protocol:
		return fmt.Errorf("the other side speaks version %d of the protocol: expected %d", v, protocol)
	}
	return nil
}

func (c *Client) send(vs *valuebag.Values) error {
	c.sending.Lock()
	defer c.sending.Unlock()
	return write(c.rw, vs)
}

// call asks one thing. Until the result has come the other side may ask about
// conflicts; a context that ends is told to it, and it answers at once.
func (c *Client) call(ctx context.Context, m *valuebag.Values, resolve engine.Resolve) (*valuebag.Values, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken != nil {
		return nil, c.broken
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := c.send(m); err != nil {
		return nil, c.fail(err)
	}
	stop := context.AfterFunc(ctx, func() { _ = c.send(message(cancel)) }) // a broken pipe shows in read
	defer stop()
	for {
		vs, kind, err := read(c.rw)
		if err != nil {
			return nil, c.fail(err)
		}
		switch kind {
		case result:
			if err := getError(vs); err != nil {
				return nil, err
			}
			return vs, nil
		case ask:
			a, err := answerTo(vs, resolve)
			if err != nil {
				return nil, c.fail(err)
			}
			if err := c.send(a); err != nil {
				return nil, c.fail(err)
			}
		default:
			return nil, c.fail(fmt.Errorf("the other side says %q: expected %q", kind, result))
		}
	}
}

// fail notes that the conversation can't go on.
func (c *Client) fail(err error) error {
	if !errors.Is(err, engine.ErrGone) {
		err = fmt.Errorf("%w: %w", engine.ErrGone, err)
	}
	c.broken = err
	return err
}

// Maintain, and the other methods, are engine.Provider's.
func (c *Client) Maintain(ctx context.Context) error {
	_, err := c.call(ctx, message(maintain), nil)
	return err
}

// Greet shows the other side what its peer is.
func (c *Client) Greet(ctx context.Context, peer map[string]engine.Replica) error {
	m := message(greet)
	putReplicas(m, peer, slices.Sorted(maps.Keys(peer)))
	_, err := c.call(ctx, m, nil)
	return err
}

// Replica is the scope's own metadata.
func (c *Client) Replica(ctx context.Context, scope string) (engine.Replica, error) {
	m := message(replica)
	m.SetString(keyScope, scope)
	vs, err := c.call(ctx, m, nil)
	if err != nil {
		return engine.Replica{}, err
	}
	return body(vs, engine.ReplicaFromValues)
}

// Batch gives the next changes.
func (c *Client) Batch(ctx context.Context, scope string, req engine.Request) (*engine.Batch, error) {
	m := message(batch)
	m.SetString(keyScope, scope)
	m.SetValues(keyBody, req.Values())
	vs, err := c.call(ctx, m, nil)
	if err != nil {
		return nil, err
	}
	return body(vs, engine.BatchFromValues)
}

// Process has a batch taken in. A Resolve is asked from the other side.
func (c *Client) Process(ctx context.Context, scope string, b *engine.Batch, opt engine.Processing) (*engine.Outcome, error) {
	if err := b.Check(); err != nil {
		return nil, err
	}
	m := message(process)
	m.SetString(keyScope, scope)
	m.SetValues(keyBody, b.Values())
	m.SetValues(keySecond, opt.Values())
	if opt.Resolve != nil {
		m.SetBool(keyAsk, true)
	}
	if opt.Now != nil {
		m.SetInt64(keyNow, opt.Now())
	}
	vs, err := c.call(ctx, m, opt.Resolve)
	if err != nil {
		return nil, err
	}
	return body(vs, engine.OutcomeFromValues)
}

func body[T any](vs *valuebag.Values, parse func(*valuebag.Values) (T, error)) (T, error) {
	b, err := vs.GetValues(keyBody)
	if err != nil {
		var none T
		return none, fmt.Errorf("message: %w", err)
	}
	return parse(b)
}
