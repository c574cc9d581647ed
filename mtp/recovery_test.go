package mtp_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cradle/mtp"
	"cradle/mtp/mtptest"
)

func cancelData(tx mtp.TransactionID) []byte {
	return binary.LittleEndian.AppendUint32([]byte{1, 0x40}, uint32(tx))
}

// calledOff is how the session calls a transaction off and checks that the
// device is in step again.
func (d *device) calledOff() {
	d.control(mtptest.ControlOut, mtp.RequestCancel, cancelData(d.tx))
	d.fail(mtptest.In, nil, mtptest.ErrSilence)
	d.control(mtptest.ControlIn, mtp.RequestStatus, []byte{4, 0, 0x19, 0x20}) // busy
	d.control(mtptest.ControlIn, mtp.RequestStatus, []byte{4, 0, 1, 0x20})
	d.described(mtp.DeviceInfo{})
}

func TestSilenceIsCalledOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := opened(mtp.DeviceInfo{})
		d.command(mtp.OpGetObjectHandles, 1, 0, 0xFFFFFFFF)
		d.fail(mtptest.In, nil, mtptest.ErrSilence)
		d.calledOff()
		d.command(mtp.OpDeleteObject, 3, 0)
		d.respond(mtp.OK)
		play(t, d, mtp.Options{}, func(s *mtp.Session) {
			start := time.Now()
			_, err := s.GetObjectHandles(t.Context(), 1, 0, mtp.Root)
			if !errors.Is(err, mtp.ErrTimeout) || errors.Is(err, mtp.ErrSessionLost) {
				t.Errorf("got %v, want ErrTimeout with the session alive", err)
			}
			if took := time.Since(start); took < 20*time.Second || took > 25*time.Second {
				t.Errorf("gave up after %v, want 20 s", took)
			}
			if err := s.DeleteObject(t.Context(), 3); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	})
}

func TestSilenceForEverLosesSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := opened(mtp.DeviceInfo{})
		d.command(mtp.OpGetStorageIDs)
		d.fail(mtptest.In, nil, mtptest.ErrSilence)
		d.control(mtptest.ControlOut, mtp.RequestCancel, cancelData(d.tx))
		d.fail(mtptest.In, nil, mtptest.ErrSilence)
		d.control(mtptest.ControlIn, mtp.RequestStatus, []byte{4, 0, 1, 0x20})
		d.command(mtp.OpGetDeviceInfo)
		d.fail(mtptest.In, nil, mtptest.ErrSilence)
		play(t, d, mtp.Options{}, func(s *mtp.Session) {
			_, err := s.GetStorageIDs(t.Context())
			if !errors.Is(err, mtp.ErrSessionLost) || errors.Is(err, mtp.ErrDeviceGone) {
				t.Errorf("got %v, want ErrSessionLost", err)
			}
			if _, err := s.GetStorageIDs(t.Context()); !errors.Is(err, mtp.ErrSessionLost) {
				t.Errorf("later: %v, want ErrSessionLost", err)
			}
		})
	})
}

func TestGone(t *testing.T) {
	d := opened(mtp.DeviceInfo{})
	d.command(mtp.OpGetObject, 3)
	c := d.data(pattern(100_000))
	d.in(c[:16384])
	d.fail(mtptest.In, nil, mtp.ErrDeviceGone)
	play(t, d, mtp.Options{}, func(s *mtp.Session) {
		n, err := s.GetObject(t.Context(), 3, io.Discard)
		if !errors.Is(err, mtp.ErrDeviceGone) || !errors.Is(err, mtp.ErrSessionLost) || n != 16384-12 {
			t.Errorf("got %d bytes, %v, want ErrDeviceGone", n, err)
		}
		if !errors.Is(s.Err(), mtp.ErrDeviceGone) {
			t.Errorf("session says %v", s.Err())
		}
	})
}

// The caller goes away: what is short is finished, what is long is called off.
func TestCancelWithinData(t *testing.T) {
	t.Run("short body is finished", func(t *testing.T) {
		d := opened(mtp.DeviceInfo{})
		d.command(mtp.OpGetObject, 3)
		d.in(d.data(pattern(300_000)))
		d.respond(mtp.OK)
		play(t, d, mtp.Options{}, func(s *mtp.Session) {
			ctx, cancel := context.WithCancel(t.Context())
			n, err := s.GetObject(ctx, 3, writer(func(p []byte) (int, error) { cancel(); return len(p), nil }))
			if n != 300_000 || err != nil {
				t.Errorf("got %d bytes, %v", n, err)
			}
			if _, err := s.GetObject(ctx, 3, io.Discard); !errors.Is(err, context.Canceled) || s.Err() != nil {
				t.Errorf("next: %v, session %v, want context.Canceled and nil", err, s.Err())
			}
		})
	})
	long := func() *device {
		d := opened(mtp.DeviceInfo{})
		d.command(mtp.OpGetObject, 3)
		d.in(d.data(pattern(4 << 20))[:16384])
		d.control(mtptest.ControlOut, mtp.RequestCancel, cancelData(d.tx))
		d.in(pattern(5000)) // what was on its way
		d.in(response(d.tx, mtp.TransactionCancelled))
		d.fail(mtptest.In, nil, mtptest.ErrSilence)
		d.control(mtptest.ControlIn, mtp.RequestStatus, []byte{4, 0, 1, 0x20})
		d.described(mtp.DeviceInfo{})
		return d
	}
	t.Run("long body is called off", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			play(t, long(), mtp.Options{}, func(s *mtp.Session) {
				ctx, cancel := context.WithCancel(t.Context())
				_, err := s.GetObject(ctx, 3, writer(func(p []byte) (int, error) { cancel(); return len(p), nil }))
				if !errors.Is(err, context.Canceled) || s.Err() != nil {
					t.Errorf("got %v, session %v, want context.Canceled and nil", err, s.Err())
				}
			})
		})
	})
	t.Run("the writer fails", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			full := errors.New("disk full")
			play(t, long(), mtp.Options{}, func(s *mtp.Session) {
				_, err := s.GetObject(t.Context(), 3, writer(func(p []byte) (int, error) { return 0, full }))
				if !errors.Is(err, full) || s.Err() != nil {
					t.Errorf("got %v, session %v, want %v and nil", err, s.Err(), full)
				}
			})
		})
	})
	t.Run("the reader ends early", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := opened(mtp.DeviceInfo{})
			d.command(mtp.OpSendObject)
			d.calledOff()
			play(t, d, mtp.Options{}, func(s *mtp.Session) {
				err := s.SendObject(t.Context(), strings.NewReader("too short"), 1000)
				if !errors.Is(err, io.ErrUnexpectedEOF) || s.Err() != nil {
					t.Errorf("got %v, session %v, want ErrUnexpectedEOF and nil", err, s.Err())
				}
			})
		})
	})
}

// A caller that goes away while the device is silent waits for the grace, not
// for the whole timeout.
func TestCancelWhileSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := opened(mtp.DeviceInfo{})
		d.command(mtp.OpDeleteObject, 3, 0)
		d.fail(mtptest.In, nil, mtptest.ErrSilence)
		d.calledOff()
		play(t, d, mtp.Options{}, func(s *mtp.Session) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			start := time.Now()
			err := s.DeleteObject(ctx, 3)
			if !errors.Is(err, context.DeadlineExceeded) || s.Err() != nil {
				t.Errorf("got %v, session %v, want DeadlineExceeded and nil", err, s.Err())
			}
			if took := time.Since(start); took < 4*time.Second || took > 6*time.Second {
				t.Errorf("took %v, want 1 s and the grace of 3 s", took)
			}
		})
	})
}

type writer func([]byte) (int, error)

func (f writer) Write(p []byte) (int, error) { return f(p) }

func TestOpenLadder(t *testing.T) {
	for _, tt := range []struct {
		name string
		wire func(*device)
		want error
	}{
		{"already open", func(d *device) {
			d.commandAs(mtp.OpOpenSession, 0, 1)
			d.in(response(0, mtp.SessionAlreadyOpen, 77))
			d.describedAs(1, mtp.DeviceInfo{})
			d.commandAs(mtp.OpCloseSession, 2)
			d.in(response(2, mtp.OK))
			d.commandAs(mtp.OpOpenSession, 0, 1)
			d.in(response(0, mtp.OK))
			d.described(mtp.DeviceInfo{})
		}, nil},
		{"left open, since the device goes away when it is closed", func(d *device) {
			tp7 := mtp.DeviceInfo{Manufacturer: "teenage engineering", Model: "TP-7"}
			d.commandAs(mtp.OpOpenSession, 0, 1)
			d.in(response(0, mtp.SessionAlreadyOpen, 1))
			d.describedAs(1, tp7)
			d.describedAs(2, tp7)
		}, nil},
		{"busy at first", func(d *device) {
			d.commandAs(mtp.OpOpenSession, 0, 1)
			d.in(response(0, mtp.DeviceBusy))
			d.commandAs(mtp.OpOpenSession, 0, 1)
			d.in(response(0, mtp.OK))
			d.described(mtp.DeviceInfo{})
		}, nil},
		{"half a body of a crashed program", func(d *device) {
			d.commandAs(mtp.OpOpenSession, 0, 1)
			d.in(pattern(16384))
			d.control(mtptest.ControlOut, mtp.RequestCancel, cancelData(0))
			d.in(pattern(100_000))
			d.fail(mtptest.In, nil, mtptest.ErrSilence)
			d.control(mtptest.ControlIn, mtp.RequestStatus, []byte{4, 0, 1, 0x20})
			d.commandAs(mtp.OpOpenSession, 0, 1)
			d.in(response(0, mtp.OK))
			d.described(mtp.DeviceInfo{})
		}, nil},
		{"killed while it sent, the command is taken for data", func(d *device) {
			d.commandAs(mtp.OpOpenSession, 0, 1)
			d.in(response(4, mtp.IncompleteTransfer))
			d.fail(mtptest.In, nil, mtptest.ErrSilence)
			d.commandAs(mtp.OpOpenSession, 0, 1)
			d.in(response(0, mtp.SessionAlreadyOpen, 1))
			d.describedAs(1, mtp.DeviceInfo{})
			d.commandAs(mtp.OpCloseSession, 2)
			d.in(response(2, mtp.OK))
			d.commandAs(mtp.OpOpenSession, 0, 1)
			d.in(response(0, mtp.OK))
			d.described(mtp.DeviceInfo{})
		}, nil},
		{"stalled", func(d *device) {
			d.fail(mtptest.Out, nil, mtp.ErrStalled)
			d.control(mtptest.ControlOut, mtp.RequestCancel, cancelData(0))
			d.fail(mtptest.In, nil, mtptest.ErrSilence)
			d.control(mtptest.ControlIn, mtp.RequestStatus, []byte{4, 0, 1, 0x20})
			d.commandAs(mtp.OpOpenSession, 0, 1)
			d.in(response(0, mtp.OK))
			d.described(mtp.DeviceInfo{})
		}, nil},
		{"refused", func(d *device) {
			d.commandAs(mtp.OpOpenSession, 0, 1)
			d.in(response(0, mtp.AccessDenied))
		}, mtp.AccessDenied},
		{"silent for ever", func(d *device) {
			for range 4 {
				d.commandAs(mtp.OpOpenSession, 0, 1)
				d.fail(mtptest.In, nil, mtptest.ErrSilence)
				d.control(mtptest.ControlOut, mtp.RequestCancel, cancelData(0))
				d.fail(mtptest.In, nil, mtptest.ErrSilence)
				d.control(mtptest.ControlIn, mtp.RequestStatus, []byte{4, 0, 1, 0x20})
			}
		}, mtp.ErrSessionLost},
		{"gone", func(d *device) {
			d.fail(mtptest.Out, nil, mtp.ErrDeviceGone)
		}, mtp.ErrDeviceGone},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &device{}
				tt.wire(d)
				p := mtptest.Play(d.steps, packet)
				s, err := mtp.Open(t.Context(), p, mtp.Options{})
				if !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
				if err := p.Err(); err != nil {
					t.Error(err)
				}
				p.Close()
				if s != nil {
					s.Close(context.Background())
				}
			})
		})
	}
}
