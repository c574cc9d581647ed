package mtp_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cradle/hwtest"
	"cradle/mtp"
)

// wedge is a device that falls silent at a given call, for good or for that call
// alone.
type wedge struct {
	mtp.Transport
	at      func(call string) bool // "write", "read", "control": silent from here?
	forever bool
	wedged  bool
}

func (w *wedge) silent(ctx context.Context, call string) error {
	if !w.wedged && w.at != nil && w.at(call) {
		w.wedged = true
		if !w.forever {
			w.at = nil
		}
	}
	if !w.wedged {
		return nil
	}
	w.wedged = w.forever
	<-ctx.Done()
	return context.Cause(ctx)
}

func (w *wedge) Write(ctx context.Context, p []byte) error {
	if err := w.silent(ctx, "write"); err != nil {
		return err
	}
	return w.Transport.Write(ctx, p)
}

func (w *wedge) Read(ctx context.Context, p []byte) (int, error) {
	if err := w.silent(ctx, "read"); err != nil {
		return 0, err
	}
	return w.Transport.Read(ctx, p)
}

func (w *wedge) Control(ctx context.Context, r mtp.ControlRequest) (int, error) {
	timed, cancel := context.WithTimeoutCause(ctx, time.Second, mtp.ErrTimeout) // as a transport has to
	defer cancel()
	if err := w.silent(timed, "control"); err != nil {
		return 0, err
	}
	return w.Transport.Control(ctx, r)
}

// TestDeadlines: in whatever phase a device falls silent, the call comes back
// within its time with one clear error, and what follows works, or says at once
// that the session is lost.
func TestDeadlines(t *testing.T) {
	const bound = 35 * time.Second // 20 s of silence, 10 s to call it off, some more
	for _, tt := range []struct {
		name string
		// nth call of a kind since the operation began
		call string
		nth  int
		op   string
	}{
		{"the command isn't taken", "write", 1, "get"},
		{"no data", "read", 1, "get"},
		{"silent within the data", "read", 3, "get"},
		{"no response", "read", 10, "get"},
		{"no announcement", "write", 2, "put"},
		{"the body isn't taken", "write", 5, "put"},
		{"no response to a body", "read", 2, "put"},
		{"no list", "read", 1, "list"},
	} {
		for _, forever := range []bool{false, true} {
			name := tt.name + map[bool]string{true: ", for good", false: ", once"}[forever]
			t.Run(name, func(t *testing.T) {
				dir := t.TempDir()
				tree(t, dir, map[string]string{"big.bin": strings.Repeat("0123456789abcdef", 2<<20/16)})
				synctest.Test(t, func(t *testing.T) {
					p, err := hwtest.Open(hwtest.Basic, dir, hwtest.Options{})
					if err != nil {
						t.Fatal(err)
					}
					defer p.Close()
					w := &wedge{Transport: p.Transport(), forever: forever}
					s, err := mtp.Open(t.Context(), w, mtp.Options{})
					if err != nil {
						t.Fatal(err)
					}
					storage := firstStorage(t, s)
					es, err := s.ListFolder(t.Context(), storage, mtp.Root)
					if err != nil || len(es) != 1 {
						t.Fatal(es, err)
					}
					n := 0
					w.at = func(call string) bool {
						if call == tt.call {
							n++
						}
						return call == tt.call && n == tt.nth
					}
					start := time.Now()
					switch tt.op {
					case "get":
						_, err = s.GetObject(t.Context(), es[0].Handle, io.Discard)
					case "put":
						_, err = s.CreateObject(t.Context(), storage, mtp.Root, &mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: "new"}, make([]byte, 1<<20))
					case "list":
						_, err = s.ListFolder(t.Context(), storage, mtp.Root)
					}
					took := time.Since(start)
					if !errors.Is(err, mtp.ErrTimeout) || took > bound {
						t.Errorf("after %v: %v; want ErrTimeout within %v", took, err, bound)
					}
					if forever != (s.Err() != nil) || forever && !errors.Is(err, mtp.ErrSessionLost) {
						t.Errorf("session: %v, after %v", s.Err(), err)
					}
					if !forever {
						if _, err := s.GetObject(t.Context(), es[0].Handle, io.Discard); err != nil {
							t.Errorf("the next transaction: %v", err)
						}
					} else {
						start := time.Now()
						if _, err := s.GetStorageIDs(t.Context()); !errors.Is(err, mtp.ErrSessionLost) || time.Since(start) > 0 {
							t.Errorf("the next transaction, after %v: %v; want ErrSessionLost at once", time.Since(start), err)
						}
					}
					s.Close(context.Background())
					if !forever {
						return
					}
					// The device comes to itself: a new session opens.
					start = time.Now()
					if _, err := mtp.Open(t.Context(), w, mtp.Options{}); !errors.Is(err, mtp.ErrSessionLost) || time.Since(start) > 2*time.Minute {
						t.Errorf("open a silent device, after %v: %v", time.Since(start), err)
					}
					w.forever, w.wedged, w.at = false, false, nil
					s, err = mtp.Open(t.Context(), w, mtp.Options{})
					if err != nil {
						t.Fatalf("open it again: %v", err)
					}
					if _, err := s.GetStorageIDs(t.Context()); err != nil {
						t.Error(err)
					}
					s.Close(context.Background())
				})
			})
		}
	}
}
