package mtp_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"cradle/hwtest"
	"cradle/mtp"
)

// hanging is a Writer that never returns from the Write that begins after so many bytes, until it is let go.
type hanging struct {
	after  int
	pause  time.Duration // of each other Write
	got    bytes.Buffer
	given  []byte // to the Write that hangs: what it was
	spoilt bool   // and wasn't any more afterwards
	hangs  chan struct{}
	letGo  chan struct{}
	ended  chan struct{}
	writes int
}

func newHanging(after int, pause time.Duration) *hanging {
	return &hanging{after: after, pause: pause, hangs: make(chan struct{}), letGo: make(chan struct{}), ended: make(chan struct{})}
}

func (h *hanging) Write(p []byte) (int, error) {
	h.writes++
	if h.got.Len() < h.after {
		time.Sleep(h.pause)
		return h.got.Write(p)
	}
	h.given = bytes.Clone(p)
	close(h.hangs)
	<-h.letGo
	h.spoilt = !bytes.Equal(h.given, p)
	close(h.ended)
	return len(p), nil
}

// TestWriterThatHangs: a caller that leaves gets its goroutine back within the grace, whatever its Writer does
// and wherever that hangs; the session goes on, and the Write that hangs keeps its bytes and is the last.
func TestWriterThatHangs(t *testing.T) {
	const grace = 3 * time.Second
	for _, tt := range []struct {
		name  string
		size  int
		after int
		pause time.Duration
	}{
		{"a small object", 1000, 0, 0},
		{"no ZLP, no rest", 512 - mtp.HeaderSize, 0, 0},
		{"a large one, at its beginning", 5 << 20, 0, 0},
		{"in its middle", 5 << 20, 2 << 20, 0},
		{"at its end", 5 << 20, 5<<20 - 300_000, 0},
		{"a slow Writer, in a goroutine of its own", 8 << 20, 3 << 20, 5 * time.Millisecond},
		{"that one, at the end", 5 << 20, 5<<20 - 600_000, 5 * time.Millisecond},
	} {
		for _, plain := range []bool{true, false} {
			name := tt.name
			if !plain {
				name += ", several transfers in flight"
			}
			t.Run(name, func(t *testing.T) {
				dir := t.TempDir()
				body := pattern(tt.size)
				tree(t, dir, map[string]string{"x.bin": string(body)})
				synctest.Test(t, func(t *testing.T) {
					p, err := hwtest.Open(hwtest.Android, dir, hwtest.Options{})
					if err != nil {
						t.Fatal(err)
					}
					defer p.Close()
					tr := p.Transport()
					if !plain {
						tr = &pipelined{Transport: tr, t: t}
					}
					s := session(t, tr)
					storage := firstStorage(t, s)
					root, err := s.ListFolder(t.Context(), storage, mtp.Root)
					if err != nil || len(root) != 1 {
						t.Fatal(root, err)
					}
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					w := newHanging(tt.after, tt.pause)
					var left time.Time
					go func() {
						<-w.hangs
						time.Sleep(time.Hour) // the caller is patient, and so is the device
						left = time.Now()
						cancel()
					}()
					n, err := s.GetObject(ctx, root[0].Handle, w)
					if took := time.Since(left); left.IsZero() || took > grace {
						t.Errorf("it came back %v after its caller had left", took)
					}
					if !errors.Is(err, context.Canceled) || !errors.Is(err, mtp.ErrWriterStuck) || errors.Is(err, mtp.ErrSessionLost) {
						t.Errorf("%v, want the caller's reason and ErrWriterStuck", err)
					}
					if n != int64(w.got.Len()) || !bytes.HasPrefix(body, w.got.Bytes()) || !bytes.HasPrefix(body[n:], w.given) {
						t.Errorf("%d bytes counted, %d written, or others", n, w.got.Len())
					}
					writes := w.writes
					for i := range 2 {
						got, err := s.GetObjectBytes(t.Context(), root[0].Handle, tt.size)
						if err != nil || !bytes.Equal(got, body) {
							t.Errorf("the next get: %d bytes, %v", len(got), err)
						}
						var slow bytes.Buffer
						if _, err := s.GetObject(t.Context(), root[0].Handle, writer(func(p []byte) (int, error) {
							time.Sleep(time.Millisecond)
							return slow.Write(p)
						})); err != nil || !bytes.Equal(slow.Bytes(), body) {
							t.Errorf("the next get, slowly: %d bytes, %v", slow.Len(), err)
						}
						if _, err := s.CreateObject(t.Context(), storage, mtp.Root, &mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: fmt.Sprint(i, ".bin")}, slices.Repeat([]byte{'y'}, 600_000)); err != nil {
							t.Errorf("the next put: %v", err)
						}
					}
					close(w.letGo)
					<-w.ended
					synctest.Wait()
					if w.spoilt || w.writes != writes {
						t.Errorf("the bytes of the Write that hung were changed: %v; %d more Writes", w.spoilt, w.writes-writes)
					}
				})
			})
		}
	}
}

// TestWriterThatComesBack: one that is slow, or returns soon after its caller has left, ends the call as
// ever.
func TestWriterThatComesBack(t *testing.T) {
	dir := t.TempDir()
	body := pattern(5 << 20)
	tree(t, dir, map[string]string{"x.bin": string(body)})
	synctest.Test(t, func(t *testing.T) {
		p, err := hwtest.Open(hwtest.Android, dir, hwtest.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		s := session(t, p.Transport())
		root, err := s.ListFolder(t.Context(), firstStorage(t, s), mtp.Root)
		if err != nil || len(root) != 1 {
			t.Fatal(root, err)
		}
		for _, wait := range []time.Duration{0, time.Second} {
			ctx, cancel := context.WithCancel(t.Context())
			var got bytes.Buffer
			over := false
			_, err := s.GetObject(ctx, root[0].Handle, writer(func(p []byte) (int, error) {
				if over {
					t.Error("a Write after the end")
				}
				if got.Len() > 1<<20 {
					cancel()
					time.Sleep(wait)
				}
				return got.Write(p)
			}))
			over = true
			cancel()
			if !errors.Is(err, context.Canceled) || errors.Is(err, mtp.ErrWriterStuck) || !bytes.HasPrefix(body, got.Bytes()) {
				t.Errorf("back after %v: %d bytes, %v", wait, got.Len(), err)
			}
		}
	})
}

// hangingReader never returns from the Read that begins after so many bytes, until it is let go.
type hangingReader struct {
	after, n, reads     int
	pause               time.Duration
	hangs, letGo, ended chan struct{}
}

func (h *hangingReader) Read(p []byte) (int, error) {
	h.reads++
	if h.n < h.after {
		time.Sleep(h.pause)
		n := min(len(p), h.after-h.n)
		h.n += n
		return n, nil
	}
	close(h.hangs)
	<-h.letGo
	for i := range p { // into whose buffer?
		p[i] = 0xEE
	}
	close(h.ended)
	return len(p), nil
}

// TestReaderThatHangs: the same for a Reader: no byte of what it reads in the end gets anywhere.
func TestReaderThatHangs(t *testing.T) {
	const grace = 3 * time.Second
	for _, tt := range []struct {
		name        string
		size, after int
		pause       time.Duration
	}{
		{"a small object", 1000, 0, 0},
		{"a small one, in its middle", 1000, 300, 0},
		{"a large one", 5 << 20, 0, 0},
		{"in its middle", 5 << 20, 2<<20 + 5, 0},
		{"a slow Reader, in a goroutine of its own", 8 << 20, 3 << 20, 5 * time.Millisecond},
		{"that one, at the end", 5 << 20, 5<<20 - 5, 5 * time.Millisecond},
	} {
		for _, plain := range []bool{true, false} {
			name := tt.name
			if !plain {
				name += ", several transfers in flight"
			}
			t.Run(name, func(t *testing.T) {
				dir := t.TempDir()
				body := pattern(3 << 20)
				tree(t, dir, map[string]string{"x.bin": string(body)})
				synctest.Test(t, func(t *testing.T) {
					p, err := hwtest.Open(hwtest.Android, dir, hwtest.Options{})
					if err != nil {
						t.Fatal(err)
					}
					defer p.Close()
					tr := p.Transport()
					if !plain {
						tr = &pipelined{Transport: tr, t: t}
					}
					s := session(t, tr)
					storage := firstStorage(t, s)
					root, err := s.ListFolder(t.Context(), storage, mtp.Root)
					if err != nil || len(root) != 1 {
						t.Fatal(root, err)
					}
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					r := &hangingReader{after: tt.after, pause: tt.pause, hangs: make(chan struct{}), letGo: make(chan struct{}), ended: make(chan struct{})}
					var left time.Time
					go func() {
						<-r.hangs
						time.Sleep(10 * time.Second)
						left = time.Now()
						cancel()
					}()
					create := func(ctx context.Context, name string, from io.Reader, size int) (mtp.Created, error) {
						return s.CreateObjectFrom(ctx, storage, mtp.Root, &mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: name}, from, int64(size))
					}
					_, err = create(ctx, "torn", r, tt.size)
					if took := time.Since(left); left.IsZero() || took > grace {
						t.Errorf("it came back %v after its caller had left", took)
					}
					if !errors.Is(err, context.Canceled) || !errors.Is(err, mtp.ErrReaderStuck) || errors.Is(err, mtp.ErrSessionLost) {
						t.Errorf("%v, want the caller's reason and ErrReaderStuck", err)
					}
					reads := r.reads
					for i := range 2 {
						if i == 1 {
							close(r.letGo)
							<-r.ended
						}
						from := bytes.NewReader(body)
						c, err := create(t.Context(), fmt.Sprint("whole", i), reader(func(p []byte) (int, error) {
							time.Sleep(time.Millisecond)
							return from.Read(p)
						}), len(body))
						if err != nil {
							t.Fatalf("the next put: %v", err)
						}
						for _, h := range []mtp.ObjectHandle{root[0].Handle, c.Handle} {
							if got, err := s.GetObjectBytes(t.Context(), h, len(body)); err != nil || !bytes.Equal(got, body) {
								t.Errorf("the next get: %d bytes, %v", len(got), err)
							}
						}
					}
					synctest.Wait()
					if r.reads != reads {
						t.Errorf("%d more Reads", r.reads-reads)
					}
				})
			})
		}
	}
}
