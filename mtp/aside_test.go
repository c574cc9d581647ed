package mtp_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"testing"
	"time"

	"cradle/hwtest"
	"cradle/mtp"
)

// slowly makes a Reader or Writer take most of the time of a transaction, so that it gets a
// goroutine, and has it fail after some of the bytes.
type slowly struct {
	after int // bytes
	fail  func() error
	moved int
}

func (s *slowly) step(n int) (int, error) {
	if s.moved >= s.after && s.fail != nil {
		if err := s.fail(); err != nil {
			return 0, err
		}
	}
	time.Sleep(2 * time.Millisecond)
	s.moved += n
	return n, nil
}

func (s *slowly) Write(p []byte) (int, error) { return s.step(len(p)) }
func (s *slowly) Read(p []byte) (int, error)  { return s.step(len(p)) }

// TestCallersThatBreak: whatever becomes of a slow Reader or Writer, also in the goroutine that it
// gets, reaches the caller, and the next transfer works.
func TestCallersThatBreak(t *testing.T) {
	const size = 5 << 20
	body := pattern(size)
	boom := errors.New("boom")
	for _, after := range []int{0, 1 << 20, size - 1<<20} {
		for _, how := range []string{"error", "panic", "goexit"} {
			fail := map[string]func() error{
				"error":  func() error { return boom },
				"panic":  func() error { panic(boom) },
				"goexit": func() error { runtime.Goexit(); return nil },
			}[how]
			t.Run(how, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				tree(t, dir, map[string]string{"big.bin": string(body)})
				p := &pipelined{Transport: phone(t, hwtest.Android, dir, hwtest.Options{}).Transport(), t: t}
				s := session(t, p)
				storage := firstStorage(t, s)
				root, err := s.ListFolder(t.Context(), storage, mtp.Root)
				if err != nil || len(root) != 1 {
					t.Fatal(root, err)
				}
				for name, do := range map[string]func() error{
					"get": func() error {
						_, err := s.GetObject(t.Context(), root[0].Handle, &slowly{after: after, fail: fail})
						return err
					},
					"put": func() error {
						_, err := s.CreateObjectFrom(t.Context(), storage, mtp.Root, &mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: "y.bin"}, &slowly{after: after, fail: fail}, size)
						return err
					},
				} {
					panicked, returned, err := inGoroutine(do)
					switch {
					case how == "error" && (!errors.Is(err, boom) || !returned):
						t.Errorf("%s after %d: %v", name, after, err)
					case how == "panic" && panicked != any(boom): //nolint:errorlint // that very value
						t.Errorf("%s after %d: panicked with %v, returned %v", name, after, panicked, err)
					case how == "goexit" && returned && err == nil:
						t.Errorf("%s after %d: all is well?", name, after)
					}
					if len(p.waiting) != 0 || p.ahead != 0 {
						t.Errorf("%s after %d: %d parts wait, %d bytes announced", name, after, len(p.waiting), p.ahead)
					}
					var got bytes.Buffer
					if _, err := s.GetObject(t.Context(), root[0].Handle, io.MultiWriter(&got, &slowly{})); err != nil || !bytes.Equal(got.Bytes(), body) {
						t.Errorf("%s after %d: the next get: %d bytes, %v", name, after, got.Len(), err)
					}
					c, err := s.CreateObjectFrom(t.Context(), storage, mtp.Root, &mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: "z.bin"}, io.TeeReader(bytes.NewReader(body), &slowly{}), size)
					if err != nil {
						t.Fatalf("%s after %d: the next put: %v", name, after, err)
					}
					if err := s.DeleteObject(t.Context(), c.Handle); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
}

// inGoroutine runs do and says how that ended.
func inGoroutine(do func() error) (panicked any, returned bool, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { panicked = recover() }()
		err = do()
		returned = true
	}()
	<-done
	return panicked, returned, err
}

// intruder answers one operation's data with data of its own, which nobody has asked for, and then
// with the honest response.
type intruder struct {
	mtp.Transport
	op   mtp.OpCode
	size int
	left [][]byte // transfers
}

func (i *intruder) Read(ctx context.Context, p []byte) (int, error) {
	if len(i.left) == 0 {
		n, err := i.Transport.Read(ctx, p)
		h, herr := mtp.DecodeHeader(p[:n])
		if err != nil || herr != nil || h.Type != mtp.ContainerResponse || i.op == 0 {
			return n, err
		}
		data, _ := mtp.DataHeader(i.op, h.TransactionID, int64(i.size)).AppendBinary(nil)
		i.left = [][]byte{append(data, make([]byte, i.size)...), bytes.Clone(p[:n])}
		i.op = 0
	}
	n := copy(p, i.left[0])
	if i.left[0] = i.left[0][n:]; len(i.left[0]) == 0 {
		i.left = i.left[1:]
	}
	return n, nil
}

// TestDataNobodyAskedFor: a slow Reader, and then data that nobody wants.
func TestDataNobodyAskedFor(t *testing.T) {
	const size = 3 << 20
	dir := t.TempDir()
	i := &intruder{Transport: phone(t, hwtest.Android, dir, hwtest.Options{}).Transport()}
	s := session(t, &pipelined{Transport: i, t: t})
	storage := firstStorage(t, s)
	if _, err := s.SendObjectInfo(t.Context(), storage, mtp.Root, &mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: "y.bin", Size: size}); err != nil {
		t.Fatal(err)
	}
	i.op, i.size = mtp.OpSendObject, size
	if err := s.SendObject(t.Context(), &slowly{}, size); err != nil {
		t.Errorf("send: %v", err)
	}
	if i.op != 0 {
		t.Fatal("the intruder held still")
	}
	if _, err := s.GetStorageInfo(t.Context(), storage); err != nil {
		t.Errorf("the next: %v", err)
	}
}

// TestSlowWriterOfUnknownLength: a body whose length nobody tells comes whole, however slow the
// Writer; and one that is too slow for its caller's patience ends in the caller's error.
func TestSlowWriterOfUnknownLength(t *testing.T) {
	for _, size := range []int{5<<20 - 12, 5 << 20, 5<<20 + 1} { // with a ZLP, a short packet, another
		dir := t.TempDir()
		body := pattern(size)
		tree(t, dir, map[string]string{"big.bin": string(body)})
		sc, err := hwtest.ParseScenario("on GetObject: length unknown")
		if err != nil {
			t.Fatal(err)
		}
		p := &pipelined{Transport: phone(t, hwtest.Android, dir, hwtest.Options{Scenario: sc}).Transport(), t: t}
		s := session(t, p)
		root, err := s.ListFolder(t.Context(), firstStorage(t, s), mtp.Root)
		if err != nil || len(root) != 1 {
			t.Fatal(root, err)
		}
		var got bytes.Buffer
		if n, err := s.GetObject(t.Context(), root[0].Handle, io.MultiWriter(&slowly{}, &got)); err != nil || n != int64(size) || !bytes.Equal(got.Bytes(), body) {
			t.Errorf("%d bytes came as %d, %v", size, n, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		n := &slowly{after: 2 << 20, fail: func() error { cancel(); return nil }}
		if _, err := s.GetObject(ctx, root[0].Handle, n); !errors.Is(err, context.Canceled) || n.moved > 4<<20 {
			t.Errorf("a caller that gave up after 2 MiB got %d bytes more, %v", n.moved-2<<20, err)
		}
		if p.ahead != 0 {
			t.Errorf("%d bytes are still announced", p.ahead)
		}
		if n, err := s.GetObject(t.Context(), root[0].Handle, io.Discard); err != nil || n != int64(size) {
			t.Errorf("the next get: %d bytes, %v", n, err)
		}
	}
}
