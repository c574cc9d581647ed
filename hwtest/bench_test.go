package hwtest_test

import (
	"context"
	"fmt"
	"io"
	"testing"

	"cradle/hwtest"
	"cradle/mtp"
)

const many = 10_000

func fill(b *testing.B, dir string) {
	body := string(make([]byte, 1024))
	for i := range many {
		stamp(b, write(b, dir, fmt.Sprintf("c/contact-%05d.vcf", i), body), noon)
	}
}

// BenchmarkCreate sends 10,000 objects of 1 KiB: 20,000 transactions, and as
// many files made on the host.
func BenchmarkCreate(b *testing.B) {
	ctx := context.Background()
	body := make([]byte, 1024)
	for b.Loop() {
		_, s := plug(b, hwtest.Android, b.TempDir(), "")
		storage := top(b, s)
		folder, err := s.CreateFolder(ctx, storage, mtp.Root, "c")
		if err != nil {
			b.Fatal(err)
		}
		for i := range many {
			_, err := s.CreateObject(ctx, storage, folder.Handle,
				&mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: fmt.Sprintf("contact-%05d.vcf", i), ModificationDate: noonText}, body)
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkTransactions is the protocol without the host's files.
func BenchmarkTransactions(b *testing.B) {
	dir := b.TempDir()
	_, s := plug(b, hwtest.Android, dir, "")
	for b.Loop() {
		if _, err := s.GetStorageIDs(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkList lists a folder of 10,000 objects from a phone just plugged in.
func BenchmarkList(b *testing.B) {
	dir := b.TempDir()
	fill(b, dir)
	for b.Loop() {
		_, s := plug(b, hwtest.Android, dir, "")
		l, err := s.ListFolder(context.Background(), top(b, s), handle(b, s, "c"))
		if err != nil || len(l) != many {
			b.Fatalf("%d entries, %v", len(l), err)
		}
	}
}

// BenchmarkRead reads 10,000 objects of 1 KiB.
func BenchmarkRead(b *testing.B) {
	dir := b.TempDir()
	fill(b, dir)
	ctx := context.Background()
	_, s := plug(b, hwtest.Android, dir, "")
	all, err := s.GetObjectHandles(ctx, top(b, s), 0, handle(b, s, "c"))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		for _, h := range all {
			if _, err := s.GetObject(ctx, h, io.Discard); err != nil {
				b.Fatal(err)
			}
		}
	}
}
