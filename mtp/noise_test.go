package mtp_test

import (
	"context"
	"testing"
	"time"

	"cradle/mtp"
)

// noise is a device that answers with whatever it was given, in pieces, and
// then is gone.
type noise struct {
	in [][]byte
}

func (n *noise) Write(context.Context, []byte) error { return nil }

func (n *noise) Read(_ context.Context, p []byte) (int, error) {
	if len(n.in) == 0 {
		return 0, mtp.ErrDeviceGone
	}
	m := copy(p, n.in[0])
	n.in = n.in[1:]
	return m, nil
}

func (n *noise) ReadEvent(ctx context.Context) ([]byte, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (n *noise) Control(context.Context, mtp.ControlRequest) (int, error) {
	return 0, mtp.ErrStalled
}
func (n *noise) MaxPacketSize() int { return 64 }
func (n *noise) Close() error       { return nil }

// A session ends its calls whatever comes, and never panics.
func FuzzSession(f *testing.F) {
	d := opened(player)
	d.handles(5, 3, 4)
	d.command(mtp.OpGetObjectPropList, 5, 0, mtp.AllProps, 0, 1)
	list, _ := mtp.AppendObjectPropList(nil, append(described(4, 5, "four", 1), described(3, 5, "three", 3)...))
	d.in(d.data(list))
	d.respond(mtp.OK)
	var seed []byte
	opening := 0
	for i, s := range d.steps {
		if s.Kind != '<' {
			continue
		}
		if i < 5 {
			opening++
			continue
		}
		seed = append(append(seed, byte(len(s.Data)), byte(len(s.Data)>>8)), s.Data...)
	}
	f.Add(seed)
	f.Add([]byte{12, 0, 12, 0, 0, 0, 3, 0, 0x19, 0x20, 2, 0, 0, 0})
	f.Fuzz(func(t *testing.T, p []byte) {
		n := &noise{}
		for _, s := range d.steps {
			if s.Kind == '<' && len(n.in) < opening {
				n.in = append(n.in, s.Data)
			}
		}
		for len(p) >= 2 {
			size := min(int(p[0])|int(p[1])<<8, len(p)-2)
			n.in = append(n.in, p[2:2+size])
			p = p[2+size:]
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		s, err := mtp.Open(ctx, n, mtp.Options{Timeout: 50 * time.Millisecond, OpenTimeout: 50 * time.Millisecond})
		if err != nil {
			return
		}
		es, err := s.ListFolder(ctx, 1, 5)
		if err == nil && len(es) == 0 && s.Stats().Transactions == 2 {
			t.Error("a folder was listed without a question")
		}
		_, _ = s.GetObjectBytes(ctx, 3, 1000)
		s.Close(ctx)
	})
}
