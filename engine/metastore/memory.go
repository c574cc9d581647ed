package metastore

import (
	"context"
	"sync"
)

// Memory is a store that ends with the program: for tests, and for providers
// whose place outlives nothing either.
type Memory struct {
	mu     sync.RWMutex
	t      table
	closed bool
}

var _ Store = (*Memory)(nil)

// NewMemory makes an empty store.
func NewMemory(o Options) (*Memory, error) {
	r, err := o.Found(false)
	if err != nil {
		return nil, err
	}
	return &Memory{t: newTable(&Content{Replica: r})}, nil
}

// View implements Store.
func (m *Memory) View(ctx context.Context, fn func(Reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.closed {
		return ErrClosed
	}
	return fn(reader{&m.t})
}

// Update implements Store.
func (m *Memory) Update(ctx context.Context, fn func(Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	return m.t.update(fn, nil)
}

// Close implements Store.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}
