package responder

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"cradle/mtp"
	"cradle/mtp/mtptest"
)

// tape is what a fuzzer wrote, read from front to back; past its end it gives
// zeros.
type tape []byte

func (t *tape) byte() byte {
	if len(*t) == 0 {
		return 0
	}
	b := (*t)[0]
	*t = (*t)[1:]
	return b
}

func (t *tape) uint32() uint32 {
	var b [4]byte
	for i := range b {
		b[i] = t.byte()
	}
	return binary.LittleEndian.Uint32(b[:])
}

func (t *tape) take(n int) []byte {
	n = min(n, len(*t))
	b := (*t)[:n]
	*t = (*t)[n:]
	return b
}

// What a hostile initiator does next, by the first byte of a step.
const (
	hostCommand  = iota // operation, count of parameters, parameters that are small or any
	hostData            // length, what the header lies about it, payload
	hostTransfer        // any bytes
	hostZLP
	hostRead
	hostCancel
	hostReset
	hostStatus
	hostControl // any request
	hostCable
	hostEvent
	hostFault // a fault is planned
	hostSteps
)

// seedSteps turns a transcript into the steps of such an initiator.
func seedSteps(steps []mtptest.Step) []byte {
	var out []byte
	for _, s := range steps {
		m, err := mtp.DecodeMessage(s.Data)
		switch {
		case s.Kind == mtptest.In:
			out = append(out, hostRead)
		case s.Kind != mtptest.Out:
		case err == nil && m.Type == mtp.ContainerCommand:
			i := slices.Index(known, mtp.OpCode(m.Code))
			if i < 0 {
				i = 255
			}
			out = append(out, hostCommand, byte(i), byte(m.N))
			for _, p := range m.Params[:m.N] {
				if p < 200 {
					out = append(out, byte(p))
				} else {
					out = binary.LittleEndian.AppendUint32(append(out, 255), p)
				}
			}
		case len(s.Data) == 0:
			out = append(out, hostZLP)
		case len(s.Data) < mtp.HeaderSize: // what follows a header of its own
			out = append(out, hostTransfer, byte((len(s.Data)+2)/3))
			out = append(out, s.Data...)
		default:
			body := s.Data[mtp.HeaderSize:]
			out = append(out, hostData, byte(len(body)), byte(len(body)>>8), 0)
			out = append(out, body...)
		}
	}
	return out
}

// known are the operations in a fixed order.
var known = func() []mtp.OpCode {
	var all []mtp.OpCode
	for op := range operations {
		all = append(all, op)
	}
	slices.Sort(all)
	return all
}()

// FuzzHostileInitiator: whatever an initiator sends, in bytes or in sequence, the
// device doesn't panic, hang or grow, and a reset makes it a device that answers.
func FuzzHostileInitiator(f *testing.F) {
	files, err := filepath.Glob("testdata/transcripts/*.txt")
	if err != nil || len(files) == 0 {
		f.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		r, err := os.Open(file)
		if err != nil {
			f.Fatal(err)
		}
		steps, err := mtptest.Parse(r)
		r.Close()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(seedSteps(steps))
	}
	f.Add([]byte{hostCommand, 255, 1, 1, hostCancel, hostStatus, hostReset, hostCable, hostEvent, hostTransfer, 12, 1, 2, 3})
	f.Add([]byte{hostFault, 0, byte(Stall), byte(AtCommand), 0, hostCommand, 0, 0, hostRead, hostRead})
	f.Fuzz(func(t *testing.T, p []byte) {
		if len(p) > 1<<14 {
			return
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		d, m := golden()
		r := New(d, m)
		h := hostile{r: r, c: r.Connect(), tape: p}
		for len(h.tape) > 0 {
			h.step()
		}
		runtime.ReadMemStats(&after)
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 256<<20 {
			t.Errorf("%d MiB for %d bytes", grown>>20, len(p))
		}
		h.sane(t)
	})
}

type hostile struct {
	r    *Responder
	c    *Conn
	tape tape
	tx   uint32
}

func (h *hostile) write(p []byte) {
	if _, held := h.r.held(); held {
		return // it would wait for ever, as it should
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	_ = h.c.Write(ctx, p)
}

func (h *hostile) step() {
	ctx := context.Background()
	switch t := &h.tape; t.byte() % hostSteps {
	case hostCommand:
		op := mtp.OpCode(t.byte())
		if int(op) < len(known) {
			op = known[op]
		}
		params := make([]uint32, t.byte()%6)
		for i := range params {
			if params[i] = uint32(t.byte()); params[i] == 255 {
				params[i] = t.uint32()
			}
		}
		b, _ := mtp.NewMessage(mtp.ContainerCommand, op, mtp.TransactionID(h.tx), params...).AppendBinary(nil)
		h.tx++
		h.write(b)
	case hostData:
		size := int(t.byte()) | int(t.byte())<<8
		lie := int64(int8(t.byte()))
		body := t.take(size)
		b, _ := mtp.DataHeader(0, mtp.TransactionID(h.tx-1), max(-1, int64(len(body))+lie)).AppendBinary(nil)
		h.write(append(b, body...))
	case hostTransfer:
		h.write(t.take(int(t.byte()) * 3))
	case hostZLP:
		h.write(nil)
	case hostRead:
		if _, held := h.r.held(); !held && (len(h.r.out.segments) > 0 || h.r.stalled) {
			ctx, cancel := context.WithTimeout(ctx, time.Millisecond)
			_, _ = h.c.Read(ctx, make([]byte, 4096))
			cancel()
		}
	case hostCancel:
		h.control(mtp.RequestCancel, []byte{1, 0x40, t.byte(), 0, 0, 0})
	case hostReset:
		h.control(mtp.RequestReset, nil)
	case hostStatus:
		h.control(mtp.RequestStatus, make([]byte, t.byte()))
	case hostControl:
		h.control(mtp.ClassRequest(t.byte()), t.take(int(t.byte())))
	case hostCable:
		if t.byte()&1 == 0 {
			h.r.Pull()
		} else {
			_ = h.c.Close()
		}
		h.c = h.r.Connect()
		h.tx = 0
	case hostEvent:
		h.r.Do(func() { h.r.Emit(mtp.EventObjectAdded, t.uint32()) })
	case hostFault:
		fault := Fault{
			Do: Action(t.byte()), Phase: Phase(t.byte() % 6), Bytes: int64(t.byte()) * 7,
			Code: mtp.RespCode(0x2000 + uint16(t.byte())), Size: int64(int8(t.byte())), Call: func() {},
		}
		if i := int(t.byte()); i < len(known) {
			fault.Op = known[i]
		}
		fault.Count = int(t.byte() % 4)
		if fault.Do == Wait { // time is not what is tried here
			fault.For = time.Microsecond
		}
		if fault.Check() == nil {
			h.r.Plan(fault)
		}
	}
}

func (h *hostile) control(q mtp.ClassRequest, data []byte) {
	_, _ = h.c.Control(context.Background(), mtp.ControlRequest{Request: q, Data: data, Timeout: time.Microsecond})
}

// sane checks that a new cable finds a device.
func (h *hostile) sane(t *testing.T) {
	h.r.Pull()
	h.r.faults = nil
	c := h.r.Connect()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	s, err := mtp.Open(ctx, c, mtp.Options{})
	if err != nil {
		t.Fatalf("afterwards: %v", err)
	}
	if ids, err := s.GetStorageIDs(ctx); err != nil || len(ids) != 1 {
		t.Errorf("afterwards: storages %v, %v", ids, err)
	}
	if err := s.Close(ctx); err != nil && !errors.Is(err, mtp.ErrDeviceGone) {
		t.Errorf("afterwards: %v", err)
	}
	_ = c.Close()
}
