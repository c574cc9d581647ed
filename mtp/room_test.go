package mtp_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"cradle/hwtest"
	"cradle/mtp"
)

// lender lends one piece of memory, and writes over it as soon as it is its own again.
type lender struct {
	*pipelined
	memory []byte
	lent   bool
	direct int // bytes that were sent out of it
}

func (l *lender) Room() []byte {
	l.lent = true
	return l.memory
}

func (l *lender) back(p []byte) {
	if l.lent && len(p) > 0 && &p[0] == &l.memory[0] {
		l.direct += len(p)
		l.reclaim()
	}
}

func (l *lender) reclaim() {
	l.lent = false
	for i := range l.memory {
		l.memory[i] = 0xA5
	}
}

func (l *lender) WriteAhead(ctx context.Context, p []byte) error {
	defer l.back(p)
	return l.pipelined.WriteAhead(ctx, p)
}

func (l *lender) Write(ctx context.Context, p []byte) error {
	defer l.back(p)
	return l.pipelined.Write(ctx, p)
}

func (l *lender) Flush(ctx context.Context) error {
	l.reclaim()
	return l.pipelined.Flush(ctx)
}

// TestRoom: a session reads what it sends into the memory that a transport lends, if it is large enough, and
// gives it back in any case.
func TestRoom(t *testing.T) {
	errBroken := errors.New("broken")
	for _, memory := range []int{256 << 10, 1 << 10} {
		l := &lender{memory: make([]byte, memory)}
		l.pipelined = &pipelined{Transport: phone(t, hwtest.Android, t.TempDir(), hwtest.Options{}).Transport(), t: t}
		s, err := mtp.Open(t.Context(), l, mtp.Options{})
		if err != nil {
			t.Fatal(err)
		}
		storage := firstStorage(t, s)
		for _, size := range []int{0, 1, 1000, 256<<10 - mtp.HeaderSize, 256 << 10, 256<<10 + 1, 3<<20 + 5} {
			want := pattern(size)
			l.direct = 0
			c, err := s.CreateObjectFrom(t.Context(), storage, mtp.Root, &mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: "f"}, iotest.HalfReader(bytes.NewReader(want)), int64(size))
			if err != nil {
				t.Fatal(err)
			}
			if l.lent {
				t.Errorf("%d bytes: the memory is kept", size)
			}
			if full := memory == 256<<10; full && size > 0 && l.direct < size || !full && l.direct > 0 {
				t.Errorf("%d bytes: %d were sent out of %d bytes of memory", size, l.direct, memory)
			}
			if got, err := s.GetObjectBytes(t.Context(), c.Handle, 1<<30); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d bytes: %d came back, or others: %v", size, len(got), err)
			}
			if err := s.DeleteObject(t.Context(), c.Handle); err != nil {
				t.Fatal(err)
			}
		}
		broken := io.MultiReader(bytes.NewReader(pattern(1<<20)), iotest.ErrReader(errBroken))
		if _, err := s.CreateObjectFrom(t.Context(), storage, mtp.Root, &mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: "f"}, broken, 2<<20); !errors.Is(err, errBroken) {
			t.Errorf("%v, want the Reader's error", err)
		}
		if l.lent {
			t.Error("the memory is kept after the Reader's error")
		}
		_ = s.Close(t.Context())
		_ = l.Close()
	}
}
