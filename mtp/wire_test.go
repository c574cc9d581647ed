package mtp_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"cradle/mtp"
	"cradle/mtp/mtptest"
)

const packet = 512

// device writes the transcript of a device by hand, transaction by transaction.
type device struct {
	steps []mtptest.Step
	tx    mtp.TransactionID
	op    mtp.OpCode
}

func (d *device) out(p []byte) { d.steps = append(d.steps, mtptest.Step{Kind: mtptest.Out, Data: p}) }
func (d *device) in(p []byte)  { d.steps = append(d.steps, mtptest.Step{Kind: mtptest.In, Data: p}) }

func (d *device) fail(kind mtptest.Kind, p []byte, err error) {
	d.steps = append(d.steps, mtptest.Step{Kind: kind, Data: p, Err: err})
}

func (d *device) control(kind mtptest.Kind, r mtp.ClassRequest, p []byte) {
	d.steps = append(d.steps, mtptest.Step{Kind: kind, Request: r, Data: p})
}

// command begins the next transaction.
func (d *device) command(op mtp.OpCode, params ...uint32) {
	d.tx++
	d.commandAs(op, d.tx, params...)
}

func (d *device) commandAs(op mtp.OpCode, tx mtp.TransactionID, params ...uint32) {
	d.op = op
	b, _ := mtp.NewMessage(mtp.ContainerCommand, op, tx, params...).AppendBinary(nil)
	d.out(b)
}

func response(tx mtp.TransactionID, code mtp.RespCode, params ...uint32) []byte {
	b, _ := mtp.NewMessage(mtp.ContainerResponse, code, tx, params...).AppendBinary(nil)
	return b
}

func (d *device) respond(code mtp.RespCode, params ...uint32) { d.in(response(d.tx, code, params...)) }

// data is a data container of the transaction under way.
func (d *device) data(payload []byte) []byte {
	b, _ := mtp.DataHeader(d.op, d.tx, int64(len(payload))).AppendBinary(nil)
	return append(b, payload...)
}

// opened is a device whose session has been opened. Its next transaction is 2.
func opened(info mtp.DeviceInfo) *device {
	d := &device{}
	d.commandAs(mtp.OpOpenSession, 0, 1)
	d.respond(mtp.OK)
	d.described(info)
	return d
}

func (d *device) described(info mtp.DeviceInfo) {
	p, err := info.AppendBinary(nil)
	if err != nil {
		panic(err)
	}
	d.command(mtp.OpGetDeviceInfo)
	d.in(d.data(p))
	d.respond(mtp.OK)
}

// describedAs is described as a given transaction.
func (d *device) describedAs(tx mtp.TransactionID, info mtp.DeviceInfo) {
	was := d.tx
	d.tx = tx
	p, err := info.AppendBinary(nil)
	if err != nil {
		panic(err)
	}
	d.commandAs(mtp.OpGetDeviceInfo, tx)
	d.in(d.data(p))
	d.in(response(tx, mtp.OK))
	d.tx = was
}

// play opens a session on the device and has f use it. Everything must go by
// the transcript.
func play(t *testing.T, d *device, opt mtp.Options, f func(*mtp.Session)) {
	t.Helper()
	p := mtptest.Play(d.steps, packet)
	s, err := mtp.Open(t.Context(), p, opt)
	if err != nil {
		t.Fatalf("open: %v (transcript: %v)", err, p.Err())
	}
	f(s)
	if err := p.Err(); err != nil {
		t.Error(err)
	}
	// What is left of the session ends with the transport.
	p.Close()
	s.Close(context.Background())
}

func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

// sized answers a question for object 9.
func (d *device) sized(n uint64) {
	d.command(mtp.OpGetObjectInfo, 9)
	b, _ := (&mtp.ObjectInfo{FileName: "nine", Size: n}).AppendBinary(nil)
	d.in(d.data(b))
	d.respond(mtp.OK)
}

// A body that isn't what the device announced is one only if the object's size
// says so: half a file must never pass for a whole one.
func TestBodyNotWhole(t *testing.T) {
	for _, tt := range []struct {
		name string
		wire func(*device, []byte)
		want error
	}{
		{"the size says more", func(d *device, b []byte) { d.sized(uint64(len(b)) + 1) }, mtp.ErrMalformed},
		{"the size says less", func(d *device, b []byte) { d.sized(7) }, mtp.ErrMalformed},
		{"the size says that it is whole", func(d *device, b []byte) { d.sized(uint64(len(b))) }, nil},
		{"the device won't say", func(d *device, _ []byte) {
			d.command(mtp.OpGetObjectInfo, 9)
			d.respond(mtp.GeneralError)
		}, mtp.ErrMalformed},
		{"the size is unknown", func(d *device, _ []byte) { d.sized(mtp.UnknownSize) }, mtp.ErrMalformed},
	} {
		for _, whole := range []bool{false, true} { // by GetObject, GetObjectBytes
			t.Run(fmt.Sprint(tt.name, ", bytes ", whole), func(t *testing.T) {
				d := opened(mtp.DeviceInfo{})
				d.command(mtp.OpGetObject, 9)
				body := pattern(1101)
				c := d.data(body)
				binary.LittleEndian.PutUint32(c, 5000)
				d.in(c)
				d.respond(mtp.OK)
				tt.wire(d, body)
				play(t, d, mtp.Options{}, func(s *mtp.Session) {
					var err error
					if whole {
						_, err = s.GetObjectBytes(t.Context(), 9, 10_000)
					} else {
						_, err = s.GetObject(t.Context(), 9, io.Discard)
					}
					if !errors.Is(err, tt.want) || tt.want == nil && err != nil || s.Err() != nil {
						t.Errorf("got %v, session %v; want %v", err, s.Err(), tt.want)
					}
				})
			})
		}
	}
}

// A body comes over in all the ways that devices have been seen to send it.
func TestReceiveDeviations(t *testing.T) {
	full := pattern(packet*3 - mtp.HeaderSize) // fills its last packet
	odd := pattern(packet*2 + 77)
	for _, tt := range []struct {
		name   string
		body   []byte
		quirks mtp.Quirks
		wire   func(d *device, body []byte)
	}{
		{"as the text says", odd, 0, func(d *device, b []byte) { d.in(d.data(b)); d.respond(mtp.OK) }},
		{"empty", nil, 0, func(d *device, b []byte) { d.in(d.data(nil)); d.respond(mtp.OK) }},
		{"empty, no data phase at all", nil, 0, func(d *device, b []byte) { d.respond(mtp.OK) }},
		{"header in a packet of its own", odd, 0, func(d *device, b []byte) {
			c := d.data(b)
			d.in(c[:12])
			d.in(c[12:])
			d.respond(mtp.OK)
		}},
		{"header of its own, payload of full packets, ZLP", pattern(packet * 4), 0, func(d *device, b []byte) {
			c := d.data(b)
			d.in(c[:12])
			d.in(c[12:])
			d.in(nil)
			d.respond(mtp.OK)
		}},
		{"full last packet, ZLP ends the transfer", full, 0, func(d *device, b []byte) { d.in(d.data(b)); d.respond(mtp.OK) }},
		{"full last packet, ZLP by itself", full, 0, func(d *device, b []byte) {
			d.in(d.data(b))
			d.in(nil)
			d.respond(mtp.OK)
		}},
		{"full last packet, response in the same transfer", full, 0, func(d *device, b []byte) {
			d.in(append(d.data(b), response(d.tx, mtp.OK)...))
		}},
		{"full last packet, a byte of dirt", full, 0, func(d *device, b []byte) {
			d.in(d.data(b))
			d.in([]byte{0x55})
			d.respond(mtp.OK)
		}},
		{"full last packet, a byte of dirt in the same transfer", full, 0, func(d *device, b []byte) {
			d.in(append(d.data(b), 0x55))
			d.respond(mtp.OK)
		}},
		{"two ZLPs before the response", odd, 0, func(d *device, b []byte) {
			d.in(d.data(b))
			d.in(nil)
			d.in(nil)
			d.respond(mtp.OK)
		}},
		{"padded response", odd, 0, func(d *device, b []byte) {
			d.in(d.data(b))
			d.in(append(response(d.tx, mtp.OK), make([]byte, 20)...))
		}},
		{"length too long, a short packet ends it", odd, 0, func(d *device, b []byte) {
			c := d.data(b)
			binary.LittleEndian.PutUint32(c, 1<<20)
			d.in(c)
			d.respond(mtp.OK)
			d.sized(uint64(len(b)))
		}},
		{"length too long, full packets, ZLP", full, 0, func(d *device, b []byte) {
			c := d.data(b)
			binary.LittleEndian.PutUint32(c, 1<<20)
			d.in(c)
			d.respond(mtp.OK)
			d.sized(uint64(len(b)))
		}},
		{"length too short", odd, 0, func(d *device, b []byte) {
			c := d.data(b)
			binary.LittleEndian.PutUint32(c, 100)
			d.in(c)
			d.respond(mtp.OK)
			d.sized(uint64(len(b)))
		}},
		{"length unknown, short packet", pattern(100_000), 0, func(d *device, b []byte) {
			c := d.data(b)
			binary.LittleEndian.PutUint32(c, mtp.UnknownLength)
			d.in(c)
			d.respond(mtp.OK)
		}},
		{"length unknown, ZLP", pattern(packet*200 - 12), 0, func(d *device, b []byte) {
			c := d.data(b)
			binary.LittleEndian.PutUint32(c, mtp.UnknownLength)
			d.in(c)
			d.respond(mtp.OK)
		}},
		{"in small transfers of full packets", pattern(packet*8 + 9), 0, func(d *device, b []byte) {
			c := d.data(b)
			for len(c) > 1024 {
				d.in(c[:1024])
				c = c[1024:]
			}
			d.in(c)
			d.respond(mtp.OK)
		}},
		{"several transfers of ours", pattern(700_000), 0, func(d *device, b []byte) { d.in(d.data(b)); d.respond(mtp.OK) }},
		{"late response to the transaction before", odd, 0, func(d *device, b []byte) {
			d.in(response(d.tx-1, mtp.TransactionCancelled))
			d.in(d.data(b))
			d.respond(mtp.OK)
		}},
		{"late data of the transaction before", odd, 0, func(d *device, b []byte) {
			old := d.data(pattern(2000))
			binary.LittleEndian.PutUint32(old[8:], uint32(d.tx-1))
			d.in(old)
			d.in(response(d.tx-1, mtp.TransactionCancelled))
			d.in(d.data(b))
			d.respond(mtp.OK)
		}},
		{"garbage in the headers", odd, mtp.QuirkIgnoreHeader, func(d *device, b []byte) {
			c := d.data(b)
			copy(c[6:12], []byte{0xd1, 1, 0xd1, 2, 0xd2, 1})
			d.in(c)
			d.respond(mtp.OK)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := opened(mtp.DeviceInfo{})
			d.command(mtp.OpGetObject, 9)
			tt.wire(d, tt.body)
			d.command(mtp.OpGetStorageIDs) // still in step
			d.in(d.data(mtp.AppendStorageIDs(nil, []mtp.StorageID{0x10001})))
			d.respond(mtp.OK)
			play(t, d, mtp.Options{Quirks: tt.quirks}, func(s *mtp.Session) {
				var got bytes.Buffer
				n, err := s.GetObject(t.Context(), 9, &got)
				if err != nil || n != int64(len(tt.body)) || !bytes.Equal(got.Bytes(), tt.body) {
					t.Errorf("got %d bytes, %v; want %d, equal %v", n, err, len(tt.body), bytes.Equal(got.Bytes(), tt.body))
				}
				if ids, err := s.GetStorageIDs(t.Context()); err != nil || !slices.Equal(ids, []mtp.StorageID{0x10001}) {
					t.Errorf("next transaction: %x, %v", ids, err)
				}
			})
		})
	}
}

// What goes out is cut at packets, with a ZLP after a full one.
func TestSendDataPhases(t *testing.T) {
	const transfer = 256 << 10
	for _, tt := range []struct {
		name   string
		size   int
		quirks mtp.Quirks
		cuts   []int // of the container; -1 is a ZLP
	}{
		{"empty", 0, 0, []int{12}},
		{"small", 100, 0, []int{112}},
		{"one full packet", 500, 0, []int{512, -1}},
		{"one full packet, no ZLP wanted", 500, mtp.QuirkNoOutZLP, []int{512}},
		{"header by itself", 100, mtp.QuirkSplitHeader, []int{12, 100}},
		{"header by itself, full packet", 512, mtp.QuirkSplitHeader, []int{12, 512, -1}},
		{"header by itself, empty", 0, mtp.QuirkSplitHeader, []int{12}},
		{"one transfer", transfer - 12, 0, []int{transfer, -1}},
		{"two transfers", transfer + 100, 0, []int{transfer, 112}},
		{"tail shorter than a header", transfer - 7, 0, []int{transfer - packet, packet + 5}},
		{"tail of a header", transfer, 0, []int{transfer, 12}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := pattern(tt.size)
			d := opened(mtp.DeviceInfo{})
			d.command(mtp.OpSendObject)
			c := d.data(body)
			for _, n := range tt.cuts {
				if n < 0 {
					d.out(nil)
					continue
				}
				d.out(c[:n])
				c = c[n:]
			}
			if len(c) != 0 {
				t.Fatalf("%d bytes are in no cut", len(c))
			}
			d.respond(mtp.OK)
			play(t, d, mtp.Options{Quirks: tt.quirks}, func(s *mtp.Session) {
				if err := s.SendObject(t.Context(), bytes.NewReader(body), int64(len(body))); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestZLPRefused: a device that stalls on the ZLP, or lets it wait, and has the
// data all the same, isn't sent another one.
func TestZLPRefused(t *testing.T) {
	for _, refusal := range []error{mtp.ErrStalled, mtptest.ErrSilence} {
		synctest.Test(t, func(t *testing.T) {
			body := pattern(500)
			d := opened(mtp.DeviceInfo{})
			d.command(mtp.OpSendObject)
			d.out(d.data(body))
			d.fail(mtptest.Out, nil, refusal)
			d.respond(mtp.OK)
			d.command(mtp.OpSendObject)
			d.out(d.data(body))
			d.respond(mtp.OK)
			play(t, d, mtp.Options{}, func(s *mtp.Session) {
				for range 2 {
					if err := s.SendObject(t.Context(), bytes.NewReader(body), 500); err != nil {
						t.Error(err)
					}
				}
				if !s.Quirks().Has(mtp.QuirkNoOutZLP) {
					t.Error("nothing was learned")
				}
			})
		})
	}
}

func TestRefusalKeepsSession(t *testing.T) {
	d := opened(mtp.DeviceInfo{})
	d.command(mtp.OpSendObjectInfo, 0x10001, 0xFFFFFFFF)
	info := mtp.ObjectInfo{Format: mtp.FormatText, FileName: "x.vcf", Size: 7}
	p, _ := info.AppendBinary(nil)
	d.out(d.data(p))
	d.respond(mtp.StoreFull, 1, 2)
	d.command(mtp.OpMoveObject, 5, 0x10001, 0)
	d.respond(mtp.OK)
	var seen []mtp.Transaction
	opt := mtp.Options{Observe: func(x mtp.Transaction) { seen = append(seen, x) }}
	play(t, d, opt, func(s *mtp.Session) {
		_, err := s.SendObjectInfo(t.Context(), 0x10001, mtp.Root, &info)
		var op *mtp.OpError
		if !errors.Is(err, mtp.StoreFull) || !errors.As(err, &op) || !slices.Equal(op.RespParams, []uint32{1, 2}) || !mtp.IsRefusal(err) {
			t.Errorf("got %v, want StoreFull with parameters 1 and 2", err)
		}
		if err := s.MoveObject(t.Context(), 5, 0x10001, mtp.Root); err != nil {
			t.Error(err)
		}
		if st := s.Stats(); st.Transactions != 4 || st.BytesOut != int64(len(p)) {
			t.Errorf("stats %+v, want 4 transactions and %d bytes out", st, len(p))
		}
	})
	if len(seen) < 4 || seen[2].Op != mtp.OpSendObjectInfo || !errors.Is(seen[2].Err, mtp.StoreFull) || seen[3].ID != 3 {
		t.Errorf("observed %+v", seen)
	}
}

// A device that stalls the data it has no use for says why in its response.
func TestStalledDataOut(t *testing.T) {
	d := opened(mtp.DeviceInfo{})
	d.command(mtp.OpSendObject)
	d.fail(mtptest.Out, nil, mtp.ErrStalled)
	d.respond(mtp.NoValidObjectInfo)
	play(t, d, mtp.Options{}, func(s *mtp.Session) {
		if err := s.SendObjectBytes(t.Context(), []byte("x")); !errors.Is(err, mtp.NoValidObjectInfo) {
			t.Errorf("got %v, want NoValidObjectInfo", err)
		}
	})
}

func TestEventsAreReadAlways(t *testing.T) {
	d := opened(mtp.DeviceInfo{})
	const n = 300 // more than wait in the channel
	for i := range n {
		e, _ := mtp.Event{Code: mtp.EventObjectAdded, Params: [3]uint32{uint32(i)}}.AppendBinary(nil)
		d.steps = append(d.steps, mtptest.Step{Kind: mtptest.Event, Data: e})
	}
	d.steps = append(d.steps, mtptest.Step{Kind: mtptest.Event, Data: []byte{1, 2, 3}}) // noise
	play(t, d, mtp.Options{}, func(s *mtp.Session) {
		for deadline := time.Now().Add(5 * time.Second); s.Stats().Events < n && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		st := s.Stats()
		if st.Events != n || st.EventsDropped == 0 {
			t.Fatalf("stats %+v, want %d events, some dropped", st, n)
		}
		if e := <-s.Events(); e.Code != mtp.EventObjectAdded || int64(e.Params[0]) != st.EventsDropped {
			t.Errorf("first is %v after %d dropped", e, st.EventsDropped)
		}
	})
}

// Handles 0 and all-ones mean "everything" on the wire of DeleteObject.
func TestDeleteEverythingIsRefused(t *testing.T) {
	play(t, opened(mtp.DeviceInfo{}), mtp.Options{}, func(s *mtp.Session) {
		for _, h := range []mtp.ObjectHandle{mtp.Root, mtp.AllHandles} {
			if err := s.DeleteObject(t.Context(), h); !errors.Is(err, mtp.InvalidObjectHandle) {
				t.Errorf("delete %#x: %v", h, err)
			}
		}
	})
}

func TestPartialObject(t *testing.T) {
	body := pattern(5000)
	t.Run("32 bits", func(t *testing.T) {
		d := opened(mtp.DeviceInfo{Operations: []mtp.OpCode{mtp.OpGetPartialObject}})
		d.command(mtp.OpGetPartialObject, 9, 100, 50)
		d.in(d.data(body[100:150]))
		d.respond(mtp.OK, 50)
		play(t, d, mtp.Options{}, func(s *mtp.Session) {
			if got, err := s.GetPartialObject(t.Context(), 9, 100, 50); err != nil || !bytes.Equal(got, body[100:150]) {
				t.Errorf("got %d bytes, %v", len(got), err)
			}
			if _, err := s.GetPartialObject(t.Context(), 9, 1<<33, 50); !errors.Is(err, mtp.InvalidParameter) {
				t.Errorf("beyond 4 GiB: %v", err)
			}
		})
	})
	t.Run("64 bits, low half first", func(t *testing.T) {
		d := opened(mtp.DeviceInfo{VendorExtensions: "android.com: 1.0;", Operations: []mtp.OpCode{mtp.OpGetPartialObject64}})
		d.command(mtp.OpGetPartialObject64, 9, 5, 2, 50)
		d.in(d.data(body[:50]))
		d.respond(mtp.OK, 50)
		play(t, d, mtp.Options{}, func(s *mtp.Session) {
			if got, err := s.GetPartialObject(t.Context(), 9, 2<<32+5, 50); err != nil || len(got) != 50 {
				t.Errorf("got %d bytes, %v", len(got), err)
			}
		})
	})
	t.Run("a full last packet in two pieces", func(t *testing.T) {
		d := opened(mtp.DeviceInfo{Operations: []mtp.OpCode{mtp.OpGetPartialObject}})
		d.command(mtp.OpGetPartialObject, 9, 0, 499)
		d.in(d.data(body[:499]))
		d.respond(mtp.OK)
		d.command(mtp.OpGetPartialObject, 9, 499, 1)
		d.in(d.data(body[499:500]))
		d.respond(mtp.OK)
		play(t, d, mtp.Options{Quirks: mtp.QuirkPartialEnd}, func(s *mtp.Session) {
			if got, err := s.GetPartialObject(t.Context(), 9, 0, 500); err != nil || !bytes.Equal(got, body[:500]) {
				t.Errorf("got %d bytes, %v", len(got), err)
			}
		})
	})
}

func TestSendPartialObjectSplitsHeader(t *testing.T) {
	d := opened(mtp.DeviceInfo{})
	d.command(mtp.OpSendPartialObject, 9, 7, 0, 4)
	c := d.data([]byte("abcd"))
	d.out(c[:12])
	d.out(c[12:])
	d.respond(mtp.OK, 4)
	play(t, d, mtp.Options{}, func(s *mtp.Session) {
		if err := s.SendPartialObject(t.Context(), 9, 7, []byte("abcd")); err != nil {
			t.Error(err)
		}
	})
}
