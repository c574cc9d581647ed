//go:build linux

package usb_test

import (
	"context"
	"os"
	"slices"
	"testing"
	"time"

	"cradle/mtp"
	"cradle/mtp/usb"
)

// TestMeasureListing measures how a large folder is listed, in turns: by all
// properties at once; by one list each of those that an entry needs; the handles
// alone; and the list of all properties by a bare loop of reads that takes
// nothing of it apart. CRADLE_HW_FOLDER names the folder, at the top of the first
// storage.
func TestMeasureListing(t *testing.T) {
	name := os.Getenv("CRADLE_HW_FOLDER")
	if name == "" {
		t.Skip("CRADLE_HW_FOLDER names no folder of the phone's")
	}
	d := phoneOnCable(t)
	took := map[string][]time.Duration{}
	var names []string
	measure := func(what string, do func()) {
		start := time.Now()
		do()
		if took[what] == nil {
			names = append(names, what)
		}
		took[what] = append(took[what], time.Since(start))
	}
	for range rounds(t) {
		for _, by := range []struct {
			name   string
			quirks mtp.Quirks
		}{{"by all properties", 0}, {"by single properties", mtp.QuirkPropListByProp}} {
			tr, err := usb.OpenBackend(t.Context(), d, usb.Usbfs)
			if err != nil {
				t.Fatal(err)
			}
			opt := d.SessionOptions()
			opt.Quirks |= by.quirks
			s, err := mtp.Open(t.Context(), tr, opt)
			if err != nil {
				t.Fatal(err)
			}
			storage, folder := folderAtTop(t, s, name)
			n := 0
			measure("listing, "+by.name, func() {
				entries, err := s.ListFolder(t.Context(), storage, folder)
				if err != nil {
					t.Fatal(err)
				}
				n = len(entries)
			})
			if by.quirks == 0 {
				measure("handles alone", func() {
					if h, err := s.GetObjectHandles(t.Context(), storage, 0, folder); err != nil || len(h) != n {
						t.Fatalf("%d handles of %d, %v", len(h), n, err)
					}
				})
				measure("list of all properties, bare", func() { bareList(t, s, tr, folder, mtp.AllProps) })
				measure("list of names, bare", func() { bareList(t, s, tr, folder, uint32(mtp.PropObjectFileName)) })
			}
			s.Close(context.Background())
			tr.Close()
		}
	}
	for _, what := range names {
		all := slices.Sorted(slices.Values(took[what]))
		t.Logf("%-32s best %6.0f ms, middle %6.0f ms", what, all[0].Seconds()*1e3, all[len(all)/2].Seconds()*1e3)
	}
}

func folderAtTop(t *testing.T, s *mtp.Session, name string) (mtp.StorageID, mtp.ObjectHandle) {
	t.Helper()
	ids, err := s.GetStorageIDs(t.Context())
	if err != nil || len(ids) == 0 {
		t.Fatal(ids, err)
	}
	top, err := s.ListFolder(t.Context(), ids[0], mtp.Root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range top {
		if e.Name == name {
			return ids[0], e.Handle
		}
	}
	t.Fatalf("no folder %q at the top", name)
	return 0, 0
}

// bareList gets a property list with a command and reads alone.
func bareList(t *testing.T, s *mtp.Session, tr mtp.Transport, folder mtp.ObjectHandle, prop uint32) {
	t.Helper()
	tx := mtp.TransactionID(s.Stats().Transactions + 1000) // ids that skip are accepted
	cmd, _ := mtp.NewMessage(mtp.ContainerCommand, mtp.OpGetObjectPropList, tx, uint32(folder), 0, prop, 0, uint32(mtp.DepthChildren)).AppendBinary(nil)
	if err := tr.Write(t.Context(), cmd); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 256<<10)
	n, err := tr.Read(t.Context(), buf)
	if err != nil {
		t.Fatal(err)
	}
	h, err := mtp.DecodeHeader(buf[:n])
	if err != nil || h.Type != mtp.ContainerData {
		t.Fatalf("%+v, %v", h, err)
	}
	left := int(h.Length) - n
	if p, ok := tr.(mtp.Pipeliner); ok {
		p.ReadAhead(int64(left))
	}
	for left > 0 {
		if n, err = tr.Read(t.Context(), buf); err != nil {
			t.Fatal(err)
		}
		left -= n
	}
	for n == 0 || n%tr.MaxPacketSize() == 0 { // a ZLP
		if n, err = tr.Read(t.Context(), buf); err != nil {
			t.Fatal(err)
		}
		if h, herr := mtp.DecodeHeader(buf[:n]); herr == nil && h.Type == mtp.ContainerResponse {
			return
		}
	}
	if _, err := tr.Read(t.Context(), buf); err != nil { // the response
		t.Fatal(err)
	}
}
