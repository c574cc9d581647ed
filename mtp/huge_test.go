package mtp_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"runtime"
	"testing"

	"cradle/mtp"
)

// huge is a device with an object of so many bytes, which it neither has nor
// keeps: it counts, so that many gigabytes go by in a moment.
type huge struct {
	t    *testing.T
	size int64 // of the object, on the wire in both directions

	in      [][]byte // what is to be read before the body
	header  []byte   // of the body's first packet
	left    int64    // of the body, header included; -1 none
	zlp     bool     // one comes after it
	after   []byte   // the response that follows it
	cmd     mtp.Message
	sending bool
	sent    int64 // bytes of the data container that came
	packets bool  // all were full so far
}

func (h *huge) Write(_ context.Context, p []byte) error {
	if h.sending {
		if h.sent == 0 {
			if n := binary.LittleEndian.Uint32(p); n != mtp.UnknownLength {
				h.t.Errorf("the container says %#x bytes, want all ones", n)
			}
		}
		if !h.packets {
			h.t.Errorf("%d bytes after a short packet at %d", len(p), h.sent)
		}
		h.sent += int64(len(p))
		h.packets = len(p) > 0 && len(p)%packet == 0
		if !h.packets {
			h.sending = false
			h.respond(mtp.OK)
		}
		return nil
	}
	m, err := mtp.DecodeMessage(p)
	if err != nil {
		return nil //nolint:nilerr // the dataset of SendObjectInfo
	}
	h.cmd = m
	switch mtp.OpCode(m.Code) {
	case mtp.OpGetDeviceInfo:
		info := mtp.DeviceInfo{}
		b, _ := info.AppendBinary(nil)
		d, _ := mtp.DataHeader(mtp.OpGetDeviceInfo, m.TransactionID, int64(len(b))).AppendBinary(nil)
		h.in = append(h.in, append(d, b...))
		h.respond(mtp.OK)
	case mtp.OpGetObject:
		h.header, _ = mtp.DataHeader(mtp.OpGetObject, m.TransactionID, h.size).AppendBinary(nil)
		h.left = h.size + mtp.HeaderSize
		h.zlp = h.left%packet == 0
		h.after = response(m.TransactionID, mtp.OK)
	case mtp.OpSendObjectInfo:
		h.respond(mtp.OK, 1, 0, 7)
	case mtp.OpSendObject:
		h.sending, h.sent, h.packets = true, 0, true
	default:
		h.respond(mtp.OK)
	}
	return nil
}

func (h *huge) respond(code mtp.RespCode, params ...uint32) {
	h.in = append(h.in, response(h.cmd.TransactionID, code, params...))
}

func (h *huge) Read(ctx context.Context, p []byte) (int, error) {
	switch {
	case len(h.in) > 0:
		n := copy(p, h.in[0])
		h.in = h.in[1:]
		return n, nil
	case h.left > 0:
		n := int(min(int64(len(p)), h.left))
		copy(p, h.header)
		h.header = nil
		h.left -= int64(n)
		return n, nil
	case h.zlp:
		h.zlp = false
		return 0, nil
	case h.after != nil:
		n := copy(p, h.after)
		h.after = nil
		return n, nil
	}
	<-ctx.Done()
	return 0, context.Cause(ctx)
}

func (h *huge) ReadEvent(ctx context.Context) ([]byte, error) {
	<-ctx.Done()
	return nil, context.Cause(ctx)
}

func (h *huge) Control(context.Context, mtp.ControlRequest) (int, error) { return 0, mtp.ErrStalled }
func (h *huge) MaxPacketSize() int                                       { return packet }
func (h *huge) Close() error                                             { return nil }

// TestBeyond4GiB: the container's length can't say how long it is, only a short
// packet ends it, or a ZLP where the last one is full. Memory stays as it is.
func TestBeyond4GiB(t *testing.T) {
	for _, size := range []int64{1<<32 - 13, 1 << 32, 1<<32 + 500, 6<<30 + 1} {
		for _, queued := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d bytes, queued %v", size, queued), func(t *testing.T) {
				h := &huge{t: t, size: size}
				var tr mtp.Transport = h
				if queued {
					tr = &pipelined{Transport: h, t: t}
				}
				s, err := mtp.Open(t.Context(), tr, mtp.Options{})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close(context.Background())
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				count := writer(func(p []byte) (int, error) { return len(p), nil })
				if n, err := s.GetObject(t.Context(), 1, count); n != size || err != nil {
					t.Errorf("get: %d bytes, %v", n, err)
				}
				if !queued {
					nothing := reader(func(p []byte) (int, error) { return len(p), nil })
					info := &mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: "huge"}
					if _, err := s.CreateObjectFrom(t.Context(), 1, mtp.Root, info, nothing, size); err != nil {
						t.Errorf("put: %v", err)
					}
					if h.sent != size+mtp.HeaderSize {
						t.Errorf("%d bytes arrived, want %d and a header", h.sent, size)
					}
				}
				runtime.ReadMemStats(&after)
				if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
					t.Errorf("%d bytes were allocated", grown)
				}
			})
		}
	}
}
