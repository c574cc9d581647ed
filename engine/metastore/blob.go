package metastore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
)

// Place keeps one opaque byte string, whole and atomically: a file, an object on
// a device, a column of somebody's database.
type Place interface {
	// Load gives the bytes; none when nothing was saved yet.
	Load(ctx context.Context) ([]byte, error)
	// Save replaces old, which is what Load or the last Save had, by b: afterwards
	// the place holds b durably, or old when Save failed. It gives ErrOvertaken when
	// the place no longer holds old, if it can tell.
	Save(ctx context.Context, old, b []byte) error
	// SetAside moves what is there out of the way and says where it is now. A place
	// with no room for that gives an error, and the damaged metadata stays.
	SetAside(ctx context.Context) (string, error)
	// String names the place for a person.
	String() string
}

// Blob is a store in a place that keeps one byte string (Encode). It is read
// once and held in memory; each transaction that changes something saves all of
// it anew, so it suits some thousands of items.
type Blob struct {
	place  Place
	aside  string
	mu     sync.RWMutex
	t      table
	saved  []byte
	stale  bool // the last Save failed: what the place holds has to be read again
	closed bool
}

var _ Store = (*Blob)(nil)

// OpenBlob reads what place holds; an empty place gets a new replica at once.
// ErrDamaged (see Options.Recover) and engine.ErrNewer name the place.
func OpenBlob(ctx context.Context, place Place, o Options) (*Blob, error) {
	s := &Blob{place: place}
	err := s.load(ctx)
	recovered := false
	if errors.Is(err, ErrDamaged) && o.Recover {
		if s.aside, err = place.SetAside(ctx); err != nil {
			return nil, fmt.Errorf("%s is damaged and can't be kept aside: %w", place, err)
		}
		s.saved, recovered = nil, true
	}
	if err != nil {
		return nil, err
	}
	if len(s.saved) == 0 {
		r, err := o.Found(recovered)
		if err != nil {
			return nil, err
		}
		s.t = newTable(&Content{Replica: r})
		// The ID has to be the same after the next start.
		b := Encode(s.t.content())
		if err := place.Save(ctx, nil, b); err != nil {
			return nil, fmt.Errorf("%s: %w", place, err)
		}
		s.saved = b
	}
	return s, nil
}

// Aside is where damaged metadata was kept, if Options.Recover came to that.
func (s *Blob) Aside() string { return s.aside }

func (s *Blob) load(ctx context.Context) error {
	b, err := s.place.Load(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", s.place, err)
	}
	if len(b) > 0 {
		c, err := Decode(b)
		if err != nil {
			return fmt.Errorf("%s: %w", s.place, err)
		}
		s.t = newTable(c)
	}
	s.saved, s.stale = b, false
	return nil
}

// View implements Store.
func (s *Blob) View(ctx context.Context, fn func(Reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.refresh(ctx); err != nil {
		return err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return ErrClosed
	}
	return fn(reader{&s.t})
}

// refresh reads the place again if it isn't known what it holds.
func (s *Blob) refresh(ctx context.Context) error {
	s.mu.RLock()
	stale := s.stale
	s.mu.RUnlock()
	if !stale {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.stale || s.closed {
		return nil
	}
	return s.load(ctx)
}

// Update implements Store.
func (s *Blob) Update(ctx context.Context, fn func(Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	if s.stale {
		if err := s.load(ctx); err != nil {
			return err
		}
	}
	return s.t.update(fn, func() error {
		b := Encode(s.t.content())
		if bytes.Equal(b, s.saved) {
			return nil
		}
		if err := s.place.Save(ctx, s.saved, b); err != nil {
			// A failed save may have got through after all.
			s.stale = true
			return fmt.Errorf("%s: %w", s.place, err)
		}
		s.saved = b
		return nil
	})
}

// Close implements Store.
func (s *Blob) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}
