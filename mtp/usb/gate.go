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

// enter registers a call, which leave ends.
func (g *gate) enter() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return mtp.ErrTransportClosed
	}
	g.calls.Add(1)
	return nil
}

func (g *gate) leave() { g.calls.Done() }

// begin is enter with a context that also ends with close.
func (g *gate) begin(ctx context.Context) (_ context.Context, leave func(), err error) {
	if err := g.enter(); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(g.closing, func() { cancel(mtp.ErrTransportClosed) })
	return ctx, func() { stop(); cancel(nil); g.leave() }, nil
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
