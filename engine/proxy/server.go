package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"

	"cradle/engine"
	"cradle/valuebag"
)

// Serve answers for a provider until the other side closes the pipe, which is no
// error, or the context ends. A conversation that makes no sense ends it.
func Serve(ctx context.Context, rw io.ReadWriter, p engine.Provider) error {
	vs, kind, err := read(rw)
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	case kind != hello:
		return fmt.Errorf("the other side says %q: expected %q", kind, hello)
	}
	m := message(hello)
	m.SetUint32(keyVersion, protocol)
	if err := write(rw, m); err != nil {
		return err
	}
	if err := checkVersion(vs); err != nil {
		return err
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	s := &server{p: p, rw: rw, in: make(chan incoming)}
	go s.listen(ctx)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case m := <-s.in:
			switch {
			case errors.Is(m.err, io.EOF):
				return nil
			case m.err != nil:
				return m.err
			case m.kind == cancel: // it came too late
				continue
			}
			if err := s.serve(ctx, m); err != nil {
				return err
			}
		}
	}
}

type server struct {
	p  engine.Provider
	rw io.ReadWriter
	in chan incoming
}

type incoming struct {
	vs   *valuebag.Values
	kind string
	err  error
}

// listen reads messages ahead: a cancel comes while a call is being answered.
func (s *server) listen(ctx context.Context) {
	for {
		var m incoming
		m.vs, m.kind, m.err = read(s.rw)
		select {
		case s.in <- m:
		case <-ctx.Done():
			return
		}
		if m.err != nil {
			return
		}
	}
}

// serve answers one call. Only what ends the conversation is returned.
func (s *server) serve(ctx context.Context, m incoming) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	type reply struct {
		vs  *valuebag.Values
		err error
	}
	done := make(chan reply, 1)
	questions, answers := make(chan *valuebag.Values), make(chan *valuebag.Values)
	go func() {
		vs, err := s.call(ctx, m, func(c engine.Clash) (engine.ConflictAction, *valuebag.Values) {
			select {
			case questions <- question(c):
			case <-ctx.Done():
				return engine.Defer, nil
			}
			select {
			case a := <-answers:
				action, _ := a.GetString(keyAction) // empty: by preset
				value, _ := a.GetValues(keyBody)
				return engine.ConflictAction(action), value
			case <-ctx.Done():
				return engine.Defer, nil
			}
		})
		done <- reply{vs, err}
	}()
	var broken error
	for {
		select {
		case r := <-done:
			if broken != nil {
				return broken
			}
			out := message(result)
			if r.vs != nil {
				out.SetValues(keyBody, r.vs)
			}
			if r.err != nil {
				putError(out, r.err)
			}
			return write(s.rw, out)
		case q := <-questions:
			if err := write(s.rw, q); err != nil {
				broken = err
				stop()
			}
		case m := <-s.in:
			switch {
			case m.err != nil:
				broken = m.err // the call is waited for: it may be in a transaction
				stop()
				s.in = nil
			case m.kind == cancel:
				stop()
			case m.kind == answer:
				select {
				case answers <- m.vs:
				case <-ctx.Done():
				}
			default:
				broken = fmt.Errorf("the other side says %q while it waits", m.kind)
				stop()
			}
		}
	}
}

func (s *server) call(ctx context.Context, m incoming, resolve engine.Resolve) (*valuebag.Values, error) {
	scope := func() (string, error) {
		n, err := m.vs.GetString(keyScope)
		if err != nil {
			return "", fmt.Errorf("message: %w", err)
		}
		return n, nil
	}
	switch m.kind {
	case maintain:
		return nil, s.p.Maintain(ctx)
	case greet:
		peer, err := getReplicas(m.vs)
		if err != nil {
			return nil, fmt.Errorf("message: %w", err)
		}
		return nil, s.p.Greet(ctx, peer)
	case replica:
		n, err := scope()
		if err != nil {
			return nil, err
		}
		r, err := s.p.Replica(ctx, n)
		if err != nil {
			return nil, err
		}
		return r.Values(), nil
	case batch:
		n, err := scope()
		if err != nil {
			return nil, err
		}
		req, err := body(m.vs, engine.RequestFromValues)
		if err != nil {
			return nil, err
		}
		b, err := s.p.Batch(ctx, n, req)
		if err != nil {
			return nil, err
		}
		if err := b.Check(); err != nil {
			return nil, err
		}
		return b.Values(), nil
	case process:
		n, err := scope()
		if err != nil {
			return nil, err
		}
		return s.process(ctx, n, m.vs, resolve)
	}
	return nil, fmt.Errorf("message %q: not known here", m.kind)
}

func (s *server) process(ctx context.Context, scope string, vs *valuebag.Values, resolve engine.Resolve) (*valuebag.Values, error) {
	b, err := body(vs, engine.BatchFromValues)
	if err != nil {
		return nil, err
	}
	second, err := vs.GetValues(keySecond)
	if err != nil {
		return nil, fmt.Errorf("message: %w", err)
	}
	opt, err := engine.ProcessingFromValues(second)
	if err != nil {
		return nil, err
	}
	if ask, _ := vs.GetBool(keyAsk); ask {
		opt.Resolve = resolve
	}
	if now, err := vs.GetInt64(keyNow); err == nil {
		opt.Now = func() int64 { return now }
	}
	out, err := s.p.Process(ctx, scope, b, opt)
	if err != nil {
		return nil, err
	}
	// A canceled resolution must not pass for a decision.
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return out.Values(), nil
}
