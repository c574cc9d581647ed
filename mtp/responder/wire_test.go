package responder

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"
	"testing"

	"cradle/mtp"
)

// TestLengthsOut: what a data container says of its length is one thing, where
// its packets end another.
func TestLengthsOut(t *testing.T) {
	for _, tt := range []struct {
		name   string
		size   int // announced by ObjectInfo, and sent
		length uint32
		pieces []int // sizes of transfers; the rest is one more
		zlp    bool
		want   mtp.RespCode
	}{
		{"unknown, a short packet ends it", 700, mtp.UnknownLength, nil, false, mtp.OK},
		{"unknown, a ZLP ends it", 1024 - 12, mtp.UnknownLength, nil, true, mtp.OK},
		{"unknown, header of its own, a short packet", 700, mtp.UnknownLength, []int{12}, false, mtp.OK},
		{"unknown, header of its own, a ZLP", 1024, mtp.UnknownLength, []int{12}, true, mtp.OK},
		{"unknown, nothing but a ZLP", 0, mtp.UnknownLength, []int{12}, true, mtp.OK},
		{"more than comes, a short packet ends it", 700, 5000, nil, false, mtp.IncompleteTransfer},
		{"more than comes, a ZLP ends it", 1024 - 12, 5000, nil, true, mtp.IncompleteTransfer},
		{"less than comes: the rest is nothing", 700, 112, nil, false, mtp.IncompleteTransfer},
		{"less than a header", 0, 5, nil, false, mtp.OK},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t, all()).open()
			body := bytes.Repeat([]byte("abcdefg"), tt.size/7+1)[:tt.size]
			h.announce("x", tt.size)
			h.command(mtp.OpSendObject)
			c := container(mtp.OpSendObject, h.tx, body)
			binary.LittleEndian.PutUint32(c, tt.length)
			for _, n := range tt.pieces {
				h.write(c[:n])
				c = c[n:]
			}
			if len(c) > 0 {
				h.write(c)
			}
			if tt.zlp {
				h.write(nil)
			}
			h.response(tt.want)
			if got, ok := h.body("x"); ok != (tt.want == mtp.OK) || ok && got != string(body) {
				t.Errorf("object there: %v with %d bytes, want %d", ok, len(got), tt.size)
			}
			h.write(nil) // a stray ZLP between transactions is nothing
			h.do(mtp.OK, mtp.OpGetStorageIDs, nil)
		})
	}
}

// TestUnusedParameters may be left out, and are then 0.
func TestUnusedParameters(t *testing.T) {
	h := newHost(t, all()).open()
	h.announce("a", 0)
	h.do(mtp.OK, mtp.OpSendObject, []byte{})
	for _, params := range [][]uint32{{uint32(mtp.AllStorages)}, {uint32(mtp.AllStorages), 0}, {uint32(mtp.AllStorages), 0, 0}, {uint32(mtp.AllStorages), 0, 0, 0, 0}} {
		h.command(mtp.OpGetNumObjects, params...)
		if m := h.response(mtp.OK); m.N != 1 || m.Params[0] != 1 {
			t.Errorf("%d parameters: %v, want 1 object", len(params), m)
		}
	}
}

// vast is a backend with one object of so many bytes, which are nowhere.
type vast struct {
	*memory
	size int64
	got  int64 // that came
	end  string
}

func (v *vast) Open(mtp.ObjectHandle) (Content, error) { return nothing{v.size}, nil }
func (v *vast) Receive(mtp.ObjectHandle) (Sink, error) { return v, nil }
func (v *vast) Write(p []byte) (int, error)            { v.got += int64(len(p)); return len(p), nil }
func (v *vast) Commit() error                          { v.end = "commit"; return nil }
func (v *vast) Abort()                                 { v.end = "abort" }
func (v *vast) Pull()                                  { v.end = "pull" }

type nothing struct{ size int64 }

func (nothing) ReadAt(p []byte, _ int64) (int, error) { return len(p), nil }
func (nothing) Close() error                          { return nil }
func (n nothing) Size() int64                         { return n.size }

// TestBeyond4GiB: the length is all ones in both directions, and a short packet
// or a ZLP is the end. Memory stays as it is.
func TestBeyond4GiB(t *testing.T) {
	for _, size := range []int64{1<<32 - 13, 1<<32 - 12, 1 << 32, 1<<32 + 500, 5<<30 + 1} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			v := &vast{memory: &memory{}, size: size}
			v.objects = []*memObject{{o: Object{Handle: 1, Storage: memStorage, Name: "vast"}, there: true}}
			h := &host{t: t, c: New(all(), v).Connect(), m: v.memory}
			h.open()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			room := make([]byte, 1<<20)

			h.command(mtp.OpGetObject, 1)
			length := uint32(mtp.UnknownLength)
			if size+mtp.HeaderSize < mtp.UnknownLength {
				length = uint32(size + mtp.HeaderSize)
			}
			var came int64
			for {
				n, err := h.c.Read(t.Context(), room)
				if err != nil {
					t.Fatal(err)
				}
				if came == 0 && binary.LittleEndian.Uint32(room) != length {
					t.Errorf("the container says %#x bytes, want %#x", binary.LittleEndian.Uint32(room), length)
				}
				if came += int64(n); n < len(room) {
					break
				}
			}
			h.response(mtp.OK)
			if came != size+mtp.HeaderSize {
				t.Errorf("%d bytes came, want %d and a header", came, size)
			}

			info := mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: "vast", Size: uint64(size)}
			b, err := info.AppendBinary(nil)
			if err != nil {
				t.Fatal(err)
			}
			h.do(mtp.OK, mtp.OpSendObjectInfo, b, uint32(memStorage), uint32(mtp.AllHandles))
			h.command(mtp.OpSendObject)
			head, _ := mtp.DataHeader(mtp.OpSendObject, h.tx, size).AppendBinary(nil)
			clear(room)
			copy(room, head)
			for left := size + mtp.HeaderSize; left > 0; {
				n := min(left, int64(len(room)))
				h.write(room[:n])
				left -= n
				clear(room[:mtp.HeaderSize])
			}
			if (size+mtp.HeaderSize)%512 == 0 {
				h.write(nil)
			}
			h.response(mtp.OK)
			if v.got != size || v.end != "commit" {
				t.Errorf("%d bytes arrived, want %d; %s", v.got, size, v.end)
			}
			runtime.ReadMemStats(&after)
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
				t.Errorf("%d bytes were allocated", grown)
			}
		})
	}
}
