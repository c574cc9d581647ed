package usbip_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cradle/hwtest"
	"cradle/hwtest/usbip"
	"cradle/mtp"
)

// BenchmarkHuge gets an object of 4.3 GiB from a phone over USB/IP, and tells how much memory both
// ends of it, which are this process, held at most (VmHWM), beside that for 64 MiB.
func BenchmarkHuge(b *testing.B) {
	for _, size := range []int64{64 << 20, 4400 << 20} {
		b.Run(fmt.Sprintf("%dMiB", size>>20), func(b *testing.B) {
			dir := b.TempDir()
			f, err := os.Create(filepath.Join(dir, "hole"))
			if err != nil {
				b.Fatal(err)
			}
			if err := f.Truncate(size); err != nil {
				b.Skip(err) // a file system without holes
			}
			f.Close()
			p, err := hwtest.Open(hwtest.Android, dir, hwtest.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer p.Close()
			ctx := context.Background()
			k, err := usbip.Attach(dial(b, serve(b, p)))
			if err != nil {
				b.Fatal(err)
			}
			defer k.Close()
			s, err := mtp.Open(ctx, k, mtp.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close(ctx)
			ids, err := s.GetStorageIDs(ctx)
			if err != nil {
				b.Fatal(err)
			}
			top, err := s.ListFolder(ctx, ids[0], mtp.Root)
			if err != nil || len(top) != 1 || top[0].Size != uint64(size) {
				b.Fatalf("%+v, %v", top, err)
			}
			if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil { // the peak begins anew
				b.Skip(err)
			}
			b.SetBytes(size)
			for b.Loop() {
				if n, err := s.GetObject(ctx, top[0].Handle, io.Discard); n != size || err != nil {
					b.Fatalf("%d of %d bytes, %v", n, size, err)
				}
			}
			b.ReportMetric(float64(peak(b))/1024, "peak-MiB")
		})
	}
}

// peak is how many KiB this process held at most.
func peak(b *testing.B) (kib int) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip(err)
	}
	for line := range strings.Lines(string(status)) {
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kib); n == 1 {
			return kib
		}
	}
	b.Fatal("no VmHWM in /proc/self/status")
	return 0
}
