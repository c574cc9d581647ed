package hwtest_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cradle/hwtest"
	"cradle/mtp"
)

// TestFaultWithinAFile: what a fault in the data phase lets through arrives,
// whatever the object's size, and the phone's log says so.
func TestFaultWithinAFile(t *testing.T) {
	const packet = 512
	whole := func(n int64) int64 { return (n+mtp.HeaderSize)/packet*packet - mtp.HeaderSize }
	for _, size := range []int64{100_000, 256 << 10, 256<<10 + 1, 1 << 20} {
		body := bytes.Repeat([]byte("0123456789abcdef-"), int(size/17+1))[:size]
		at := size / 2
		for _, f := range []struct {
			action string
			let    int64
			want   mtp.RespCode
		}{
			{"pull", at, 0},
			{"stall", whole(at), 0},
			{"silent", whole(at), 0},
			{"end", at, mtp.OK},
		} {
			t.Run(fmt.Sprint(f.action, " in ", size), func(t *testing.T) {
				dir := t.TempDir()
				write(t, dir, "big", string(body))
				file := filepath.Join(t.TempDir(), "s")
				text := fmt.Sprintf("on GetObject nth 1 at data 1000: wait 1ms\non GetObject nth 1 at data %d: %s\n", at, f.action)
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				p := open(t, hwtest.Android, dir, "scenario="+file)
				tr := p.Transport()
				defer tr.Close()
				ctx := context.Background()
				command := func(op mtp.OpCode, tx mtp.TransactionID, params ...uint32) {
					t.Helper()
					m, _ := mtp.NewMessage(mtp.ContainerCommand, op, tx, params...).AppendBinary(nil)
					if err := tr.Write(ctx, m); err != nil {
						t.Fatal(err)
					}
				}
				buf := make([]byte, 4096)
				command(mtp.OpOpenSession, 0, 1)
				if _, err := tr.Read(ctx, buf); err != nil {
					t.Fatal(err)
				}
				command(mtp.OpGetObjectHandles, 1, uint32(mtp.AllStorages), 0, 0xFFFFFFFF)
				_, _ = tr.Read(ctx, buf)
				_, _ = tr.Read(ctx, buf)
				command(mtp.OpGetObject, 2, 1)
				patience := 10 * time.Second
				if f.action == "silent" {
					patience = 50 * time.Millisecond
				}
				var got []byte
				reading, stop := context.WithTimeout(ctx, patience)
				defer stop()
				for {
					n, err := tr.Read(reading, buf)
					got = append(got, buf[:n]...)
					if err != nil || n < len(buf) {
						break
					}
				}
				got = got[min(len(got), mtp.HeaderSize):]
				if !bytes.Equal(got, body[:f.let]) {
					t.Errorf("%d bytes arrived, want the first %d", len(got), f.let)
				}
				switch f.action {
				case "end":
					_, _ = tr.Read(ctx, buf)
				case "silent":
					_, _ = tr.Control(ctx, mtp.ControlRequest{Request: mtp.RequestCancel, Data: []byte{1, 0x40, 2, 0, 0, 0}})
				}
				log := p.Log()
				last := log[len(log)-1]
				if told := strings.HasSuffix(last.String(), "no response"); told != (f.want == 0) {
					t.Errorf("the trace says %v", last)
				}
				if last.Op() != mtp.OpGetObject || last.In != f.let || last.Response != f.want {
					t.Errorf("the phone's log says %v, want in=%d and response %v", last, f.let, f.want)
				}
			})
		}
	}
}
