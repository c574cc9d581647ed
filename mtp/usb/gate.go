package usb

import (
	"context"
	"sync"

	"cradle/mtp"
)

// gate counts the calls on a transport, so that Close can end those under way
// and wait for them.
type gate struct {
	closing context.Context // ends pending calls
	stop    context.CancelFunc
	mu      sync.Mutex // guards closed against new calls
	closed  bool
	calls   sync.WaitGroup
	once    sync.Once
}

func (g *gate) init() { g.closing, g.stop = context.WithCancel(context.Background()) }

// begin registers a call, and gives a context that also ends with close.
func (g *gate) begin(ctx context.Context) (context.Context, func(), error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, nil, mtp.ErrTransportClosed
	}
	g.calls.Add(1)
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(g.closing, func() { cancel(mtp.ErrTransportClosed) })
	return ctx, func() { stop(); cancel(nil); g.calls.Done() }, nil
}

// close ends all calls, waits for them and then has release run, once.
func (g *gate) close(release func()) {
	g.once.Do(func() {
		g.mu.Lock()
		g.closed = true
		g.mu.Unlock()
		g.stop()
		g.calls.Wait()
		release()
	})
}
