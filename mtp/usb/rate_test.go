//go:build linux

package usb_test

import (
	"context"
	"io"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"cradle/mtp"
	"cradle/mtp/usb"
)

// TestMeasureRates measures large transfers through both backends: by the
// session, and the same bytes by a bare loop that knows nothing of containers. All
// take turns, round by round, so that a machine that gets busy in between slows
// all alike.
func TestMeasureRates(t *testing.T) {
	d := phoneOnCable(t)
	r := rates{of: map[string][]float64{}}
	for range rounds(t) {
		for _, b := range []usb.Backend{usb.Gousb, usb.Usbfs} {
			tr, err := usb.OpenBackend(t.Context(), d, b)
			if err != nil {
				t.Fatal(err)
			}
			r.measure(t, tr, d, string(b))
			tr.Close()
		}
	}
	for _, name := range r.names {
		all := slices.Sorted(slices.Values(r.of[name]))
		t.Logf("%-32s best %6.1f MB/s, middle %6.1f MB/s", name, all[len(all)-1], all[len(all)/2])
	}
	// What the session adds, round by round: in the middle a tenth at most.
	for _, p := range [...][2]string{{"get", "bare get"}, {"put", "bare put"}} {
		ours, bare := r.of["usbfs, "+p[0]], r.of["usbfs, "+p[1]]
		of := make([]float64, len(ours))
		for i := range of {
			of[i] = ours[i] / bare[i]
		}
		slices.Sort(of)
		t.Logf("usbfs, %s: %.0f %% of a bare loop's MB/s in the middle, %.0f to %.0f", p[0], 100*of[len(of)/2], 100*of[0], 100*of[len(of)-1])
		if of[len(of)/2] < 0.9 {
			t.Errorf("usbfs, %s: %.0f %% of a bare loop, the floor is 90", p[0], 100*of[len(of)/2])
		}
	}
}

// rounds is how often each does it: CRADLE_HW_ROUNDS.
func rounds(t *testing.T) int {
	text := os.Getenv("CRADLE_HW_ROUNDS")
	if text == "" {
		return 5
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("CRADLE_HW_ROUNDS is %q, want a number", text)
	}
	return n
}

const rateSize = 64<<20 - 100

// rates are what was measured, in MB/s.
type rates struct {
	names []string
	of    map[string][]float64
}

func (r *rates) time(name string, do func()) {
	start := time.Now()
	do()
	if r.of[name] == nil {
		r.names = append(r.names, name)
	}
	r.of[name] = append(r.of[name], rateSize/1e6/time.Since(start).Seconds())
}

func (r *rates) measure(t *testing.T, tr mtp.Transport, d usb.DeviceDesc, name string) {
	t.Helper()
	s, err := mtp.Open(t.Context(), tr, d.SessionOptions())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	ids, err := s.GetStorageIDs(t.Context())
	if err != nil || len(ids) == 0 {
		t.Fatal(ids, err)
	}
	var c mtp.Created
	// A pair takes a moment, so that each is measured several times.
	for round := range 4 {
		r.time(name+", put", func() {
			c, err = s.CreateObjectFrom(t.Context(), ids[0], mtp.Root, &mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: "rate.bin"}, zeros{}, rateSize)
			if err != nil {
				t.Fatal(err)
			}
		})
		if err := s.DeleteObject(t.Context(), c.Handle); err != nil {
			t.Fatal(err)
		}
		r.time(name+", bare put", func() { c = barePut(t, s, tr, ids[0]) })
		gets := []func(){
			func() {
				r.time(name+", get", func() {
					if n, err := s.GetObject(t.Context(), c.Handle, io.Discard); n != rateSize || err != nil {
						t.Fatalf("got %d bytes, %v", n, err)
					}
				})
			},
			func() { r.time(name+", bare get", func() { bareGet(t, s, tr, c.Handle) }) },
		}
		// The first to read what was just written has it slower on some phones, or quicker.
		gets[round%2]()
		gets[1-round%2]()
		if err := s.DeleteObject(t.Context(), c.Handle); err != nil {
			t.Fatal(err)
		}
	}
}

// barePut sends an object with a command, a loop of reading the source and writing, and a read.
func barePut(t *testing.T, s *mtp.Session, tr mtp.Transport, storage mtp.StorageID) mtp.Created {
	t.Helper()
	c, err := s.SendObjectInfo(t.Context(), storage, mtp.Root, &mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: "bare.bin", Size: rateSize})
	if err != nil {
		t.Fatal(err)
	}
	tx := mtp.TransactionID(s.Stats().Transactions + 1000)
	cmd, _ := mtp.NewMessage(mtp.ContainerCommand, mtp.OpSendObject, tx).AppendBinary(nil)
	if err := tr.Write(t.Context(), cmd); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 256<<10)
	_, _ = mtp.DataHeader(mtp.OpSendObject, tx, rateSize).AppendBinary(buf[:0])
	write, flush := tr.Write, func(context.Context) error { return nil }
	if p, ok := tr.(mtp.Pipeliner); ok {
		write, flush = p.WriteAhead, p.Flush
	}
	const total = rateSize + mtp.HeaderSize
	for n, from := 0, mtp.HeaderSize; n < total; n, from = n+len(buf), 0 {
		if _, err := (zeros{}).Read(buf[from:]); err != nil {
			t.Fatal(err)
		}
		if err := write(t.Context(), buf[:min(len(buf), total-n)]); err != nil {
			t.Fatalf("after %d bytes: %v", n, err)
		}
	}
	if err := flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	n, err := tr.Read(t.Context(), buf)
	if h, herr := mtp.DecodeHeader(buf[:n]); err != nil || herr != nil || h.Code != uint16(mtp.OK) {
		t.Fatalf("response %x: %v", buf[:n], err)
	}
	return c
}

// bareGet reads an object with a command and reads alone.
func bareGet(t *testing.T, s *mtp.Session, tr mtp.Transport, h mtp.ObjectHandle) {
	t.Helper()
	tx := mtp.TransactionID(s.Stats().Transactions + 1000) // ids that skip are accepted
	cmd, _ := mtp.NewMessage(mtp.ContainerCommand, mtp.OpGetObject, tx, uint32(h)).AppendBinary(nil)
	if err := tr.Write(t.Context(), cmd); err != nil {
		t.Fatal(err)
	}
	const total = rateSize + mtp.HeaderSize
	if p, ok := tr.(mtp.Pipeliner); ok {
		p.ReadAhead(total)
	}
	buf := make([]byte, 256<<10)
	for n := 0; n < total; {
		m, err := tr.Read(t.Context(), buf)
		if err != nil {
			t.Fatalf("after %d bytes: %v", n, err)
		}
		n += m
	}
	if _, err := tr.Read(t.Context(), buf); err != nil { // the response
		t.Fatal(err)
	}
}
