//go:build linux

package usb_test

import (
	"io"
	"testing"
	"time"

	"cradle/mtp"
)

// TestRateHardware measures large transfers: by the session, which has several
// transfers in flight where the backend can, and the same bytes by a bare loop that knows nothing of containers. Of each the best of a few.
func TestRateHardware(t *testing.T) {
	s, tr := openPhone(t)
	storage, folder := workFolder(t, s)
	const size, rounds = 64<<20 - 100, 4
	info := &mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: "rate.bin"}
	var handle mtp.ObjectHandle
	put := func(s *mtp.Session) {
		if handle != 0 {
			if err := s.DeleteObject(t.Context(), handle); err != nil {
				t.Fatal(err)
			}
		}
		c, err := s.CreateObjectFrom(t.Context(), storage, folder, info, zeros{}, size)
		if err != nil {
			t.Fatal(err)
		}
		handle = c.Handle
	}
	get := func(s *mtp.Session) {
		if n, err := s.GetObject(t.Context(), handle, io.Discard); n != size || err != nil {
			t.Fatalf("got %d bytes, %v", n, err)
		}
	}
	report := func(what string, do func()) {
		best := time.Hour
		for range rounds {
			start := time.Now()
			do()
			best = min(best, time.Since(start))
		}
		t.Logf("rate of %-24s %7.1f MB/s", what, size/1e6/best.Seconds())
	}
	report("put", func() { put(s) })
	report("get", func() { get(s) })
	tx := mtp.TransactionID(s.Stats().Transactions + 1000) // ids that skip are accepted
	bare := func(ahead bool) func() {
		buf := make([]byte, 256<<10)
		return func() {
			tx++
			cmd, _ := mtp.NewMessage(mtp.ContainerCommand, mtp.OpGetObject, tx, uint32(handle)).AppendBinary(nil)
			if err := tr.Write(t.Context(), cmd); err != nil {
				t.Fatal(err)
			}
			if p, ok := tr.(mtp.Pipeliner); ok && ahead {
				p.ReadAhead(size + mtp.HeaderSize)
			}
			for n := 0; n < size+mtp.HeaderSize; {
				m, err := tr.Read(t.Context(), buf)
				if err != nil {
					t.Fatalf("after %d bytes: %v", n, err)
				}
				n += m
			}
			if _, err := tr.Read(t.Context(), buf); err != nil {
				t.Fatal(err)
			}
		}
	}
	report("a bare loop", bare(false))
	if _, ok := tr.(mtp.Pipeliner); ok {
		report("a bare loop, queued", bare(true))
	}
}
