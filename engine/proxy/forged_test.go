package proxy_test

import (
	"context"
	"errors"
	"testing"

	"cradle/engine"
	. "cradle/engine/enginetest"
)

// forger is a provider that changes what it says.
type forger struct {
	engine.Provider
	batch   func(*engine.Batch)
	replica func(*engine.Replica)
}

func (f *forger) Batch(ctx context.Context, scope string, req engine.Request) (*engine.Batch, error) {
	b, err := f.Provider.Batch(ctx, scope, req)
	if err == nil && f.batch != nil {
		c := *b
		f.batch(&c)
		b = &c
	}
	return b, err
}

func (f *forger) Replica(ctx context.Context, scope string) (engine.Replica, error) {
	r, err := f.Provider.Replica(ctx, scope)
	if err == nil && f.replica != nil {
		f.replica(&r)
	}
	return r, err
}

// TestForgedAcrossThePipe: what comes through a pipe claims ticks of the receiver that
// it never made. It is refused with what and where, teaches nothing, and the next
// honest exchange brings all of it once.
func TestForgedAcrossThePipe(t *testing.T) {
	beyond := func(r engine.Replica) engine.Version { return engine.Version{Replica: r.ID, Tick: r.Tick + 1} }
	id := engine.ItemIDFromUID(scope, "u", 1)
	for _, row := range []struct {
		name   string
		forge  func(f *forger, home engine.Replica)
		failed bool // of the one item; else the session ends
		renew  bool // the receiver takes itself for a copy
	}{
		{"what a batch was made with", func(f *forger, home engine.Replica) {
			f.batch = func(b *engine.Batch) { b.MadeWith = b.MadeWith.WithTick(beyond(home)) }
		}, false, false},
		{"what a batch's maker forgot", func(f *forger, home engine.Replica) {
			f.batch = func(b *engine.Batch) { b.Full, b.Forgotten = true, b.Forgotten.WithTick(beyond(home)) }
		}, false, false},
		{"an item", func(f *forger, home engine.Replica) {
			f.batch = func(b *engine.Batch) {
				m := b.Changes[0].Meta.Clone()
				m.Unit("name").Version = beyond(home)
				b.Changes = []engine.Change{{Meta: m, Value: b.Changes[0].Value}}
			}
		}, true, false},
		{"what a replica says that it knows", func(f *forger, home engine.Replica) {
			f.replica = func(r *engine.Replica) { r.Knowledge = r.Knowledge.WithTick(beyond(home)) }
		}, false, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			far, home := newStore(0xa0), newStore(0xb0)
			far.Edit(scope, id, Item("u", "name", ""), 10_000)
			home.Edit(scope, engine.ItemIDFromUID(scope, "own", 1), Item("own", "own", ""), 10_000)
			was, err := home.Replica(context.Background(), scope)
			if err != nil {
				t.Fatal(err)
			}
			f := &forger{Provider: far.Full()}
			row.forge(f, was)
			x, err := engine.Exchange(context.Background(), piped(t, f), home.Full(), []string{scope}, engine.ExchangeOptions{Direction: engine.OnlyAB})
			now, rerr := home.Replica(context.Background(), scope)
			if rerr != nil {
				t.Fatal(rerr)
			}
			var failed []engine.ItemError
			if x.ToB[scope] != nil {
				failed = x.ToB[scope].Failed
			}
			switch {
			case row.renew:
				if err != nil || now.ID == was.ID {
					t.Errorf("got %v and replica %s, want a new one", err, now.ID)
				}
			case row.failed:
				if err != nil || len(failed) != 1 || failed[0].Item != id || !errors.Is(failed[0].Reason, engine.ErrClaim) {
					t.Errorf("got %v, failed %v, want ErrClaim of %s", err, failed, id)
				}
			case !errors.Is(err, engine.ErrClaim):
				t.Errorf("got %v, want ErrClaim", err)
			}
			if !row.renew && (len(home.Live(scope)) != 1 || now.Knowledge.Contains(id, "name", engine.Version{Replica: was.ID, Tick: was.Tick + 1})) {
				t.Errorf("it took %d items and knows %s", len(home.Live(scope)), now.Knowledge)
			}
			if _, err := engine.Exchange(context.Background(), piped(t, far.Full()), home.Full(), []string{scope}, engine.ExchangeOptions{}); err != nil {
				t.Fatal(err)
			}
			if len(home.Live(scope)) != 2 || len(far.Live(scope)) != 2 {
				t.Errorf("after an honest exchange: %d and %d items, want 2 each", len(home.Live(scope)), len(far.Live(scope)))
			}
		})
	}
}
