package mtp_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"cradle/hwtest"
	"cradle/mtp"
)

// pipelined gives a transport the methods of a Pipeliner and holds the session
// to their rules. What is written ahead goes out as late as can be.
type pipelined struct {
	mtp.Transport
	t       *testing.T
	waiting [][]byte
	ahead   int64 // announced and not yet read

	most                int // parts that waited at once
	announced, flushed  int
	droppedAfterFailure int
	expected, pending   int // answers of small transactions
}

func (p *pipelined) ReadAhead(n int64) {
	if n > 0 {
		p.announced++
	} else {
		p.pending = 0
	}
	p.ahead = n
}

func (p *pipelined) Expect(transfers, size int) {
	if len(p.waiting) > 0 {
		p.t.Error("answers are expected while parts of a container still wait to go out")
	}
	if size < mtp.HeaderSize || size%p.MaxPacketSize() != 0 {
		p.t.Errorf("transfers of %d bytes aren't whole packets", size)
	}
	p.expected, p.pending = p.expected+transfers, transfers
}

func (p *pipelined) WriteAhead(_ context.Context, part []byte) error {
	p.waiting = append(p.waiting, bytes.Clone(part))
	p.most = max(p.most, len(p.waiting))
	return nil
}

func (p *pipelined) Flush(ctx context.Context) error {
	p.flushed++
	for len(p.waiting) > 0 {
		if ctx.Err() != nil {
			p.droppedAfterFailure += len(p.waiting)
			p.waiting = nil
			return context.Cause(ctx)
		}
		if err := p.Transport.Write(ctx, p.waiting[0]); err != nil {
			p.waiting = nil
			return err
		}
		p.waiting = p.waiting[1:]
	}
	return nil
}

func (p *pipelined) Write(ctx context.Context, b []byte) error {
	if err := p.Flush(ctx); err != nil {
		return err
	}
	return p.Transport.Write(ctx, b)
}

func (p *pipelined) Read(ctx context.Context, b []byte) (int, error) {
	if len(p.waiting) > 0 {
		p.t.Error("a read while parts of a container still wait to go out")
	}
	n, err := p.Transport.Read(ctx, b)
	p.ahead = max(0, p.ahead-int64(n))
	return n, err
}

func TestPipelinedTransfers(t *testing.T) {
	dir := t.TempDir()
	tree(t, dir, map[string]string{"dir/": ""})
	p := &pipelined{Transport: phone(t, hwtest.Android, dir, hwtest.Options{}).Transport(), t: t}
	s := session(t, p)
	storage := firstStorage(t, s)
	folder := findFolder(t, s, storage, "dir")
	for _, size := range []int{0, 1, 500, 16384 - 12, 16384, 262144 - 12, 262144, 300_000, 524288 - 12, 524288, 3_000_001} {
		body := pattern(size)
		for _, streamed := range []bool{false, true} {
			info := &mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: "x.bin"}
			var c mtp.Created
			var err error
			if streamed {
				c, err = s.CreateObjectFrom(t.Context(), storage, folder, info, bytes.NewReader(body), int64(size))
			} else {
				c, err = s.CreateObject(t.Context(), storage, folder, info, body)
			}
			if err != nil {
				t.Fatalf("put %d bytes: %v", size, err)
			}
			got, err := s.GetObjectBytes(t.Context(), c.Handle, 1<<24)
			if err != nil || !bytes.Equal(got, body) {
				t.Errorf("%d bytes came back as %d, %v", size, len(got), err)
			}
			if p.ahead != 0 {
				t.Errorf("after %d bytes: %d are still announced", size, p.ahead)
			}
			if p.pending != 0 {
				t.Errorf("after %d bytes: %d answers are still expected", size, p.pending)
			}
			if err := s.DeleteObject(t.Context(), c.Handle); err != nil {
				t.Fatal(err)
			}
		}
	}
	if p.most < 2 || p.announced == 0 {
		t.Errorf("%d parts in flight at most, %d reads ahead: large transfers go one at a time", p.most, p.announced)
	}
	if p.expected == 0 {
		t.Error("no answer is expected before its command")
	}
}

// TestPipelinedFailures: when the source, the sink or the caller gives up in
// mid-transfer nothing stays in flight, and the session goes on.
func TestPipelinedFailures(t *testing.T) {
	const size = 8 << 20
	dir := t.TempDir()
	tree(t, dir, map[string]string{"big.bin": string(pattern(size))})
	p := &pipelined{Transport: phone(t, hwtest.Android, dir, hwtest.Options{}).Transport(), t: t}
	s := session(t, p)
	storage := firstStorage(t, s)
	root, err := s.ListFolder(t.Context(), storage, mtp.Root)
	if err != nil || len(root) != 1 {
		t.Fatal(root, err)
	}
	boom := errors.New("boom")
	send := func(r io.Reader, ctx context.Context) error {
		_, err := s.CreateObjectFrom(ctx, storage, mtp.Root, &mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: "y.bin"}, r, size)
		return err
	}
	for _, tt := range []struct {
		name string
		do   func(ctx context.Context, cancel func()) error
		want error
	}{
		{"source fails", func(ctx context.Context, _ func()) error {
			return send(io.MultiReader(bytes.NewReader(make([]byte, size/2)), reader(func([]byte) (int, error) { return 0, boom })), ctx)
		}, boom},
		{"source is short", func(ctx context.Context, _ func()) error { return send(bytes.NewReader(make([]byte, size/2)), ctx) }, io.ErrUnexpectedEOF},
		{"caller ends a send", func(ctx context.Context, cancel func()) error {
			n := 0
			return send(reader(func(b []byte) (int, error) {
				if n += len(b); n > 2<<20 {
					cancel()
				}
				return len(b), nil
			}), ctx)
		}, context.Canceled},
		{"caller ends a get", func(ctx context.Context, cancel func()) error {
			_, err := s.GetObject(ctx, root[0].Handle, writer(func(b []byte) (int, error) { cancel(); return len(b), nil }))
			return err
		}, context.Canceled},
		{"sink fails", func(ctx context.Context, _ func()) error {
			_, err := s.GetObject(ctx, root[0].Handle, writer(func([]byte) (int, error) { return 0, boom }))
			return err
		}, boom},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if err := tt.do(ctx, cancel); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if p.ahead != 0 || len(p.waiting) != 0 {
				t.Errorf("%d bytes announced, %d parts wait", p.ahead, len(p.waiting))
			}
			if n, err := s.GetObject(t.Context(), root[0].Handle, io.Discard); n != size || err != nil {
				t.Errorf("the next get: %d bytes, %v", n, err)
			}
		})
	}
	if p.droppedAfterFailure == 0 {
		t.Error("no part was ever called back")
	}
}

// TestSlowEnds: a Reader or a Writer that takes longer than any device may takes its time.
func TestSlowEnds(t *testing.T) {
	const size, limit = 3 << 20, 200 * time.Millisecond
	dir := t.TempDir()
	body := pattern(size)
	tree(t, dir, map[string]string{"big.bin": string(body), "small.bin": string(body[:100_000])})
	for _, large := range []bool{true, false} {
		for _, plain := range []bool{true, false} {
			var tr mtp.Transport = phone(t, hwtest.Android, dir, hwtest.Options{}).Transport()
			if !plain {
				tr = &pipelined{Transport: tr, t: t}
			}
			s, err := mtp.Open(t.Context(), tr, mtp.Options{Timeout: limit})
			if err != nil {
				t.Fatal(err)
			}
			storage := firstStorage(t, s)
			name, want := "small.bin", body[:100_000]
			if large {
				name, want = "big.bin", body
			}
			slept := false
			rest := func() {
				if !slept {
					time.Sleep(2 * limit)
				}
				slept = true
			}
			var got bytes.Buffer
			root, err := s.ListFolder(t.Context(), storage, mtp.Root)
			at := slices.IndexFunc(root, func(e mtp.ObjectEntry) bool { return e.Name == name })
			if err != nil || at < 0 {
				t.Fatal(root, err)
			}
			if _, err := s.GetObject(t.Context(), root[at].Handle, writer(func(b []byte) (int, error) { rest(); return got.Write(b) })); err != nil || !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%s, a slow Writer: %d bytes, %v", name, got.Len(), err)
			}
			slept = false
			from := bytes.NewReader(want)
			c, err := s.CreateObjectFrom(t.Context(), storage, mtp.Root, &mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: "slow.bin"},
				reader(func(b []byte) (int, error) { rest(); return from.Read(b) }), int64(len(want)))
			if err != nil {
				t.Fatalf("%s, a slow Reader: %v", name, err)
			}
			if back, err := s.GetObjectBytes(t.Context(), c.Handle, size); err != nil || !bytes.Equal(back, want) {
				t.Errorf("%s, a slow Reader: %d bytes arrived, %v", name, len(back), err)
			}
			if err := s.DeleteObject(t.Context(), c.Handle); err != nil {
				t.Fatal(err)
			}
			_ = s.Close(t.Context())
			_ = tr.Close()
		}
	}
}

type reader func([]byte) (int, error)

func (f reader) Read(p []byte) (int, error) { return f(p) }
