package hwtest_test

import (
	"context"
	"testing"
	"time"

	"cradle/mtp"
)

// raw speaks containers by hand, to say what a Session never would.
type raw struct {
	t  testing.TB
	tr mtp.Transport
	tx mtp.TransactionID
}

func newRaw(t testing.TB, tr mtp.Transport) *raw {
	t.Cleanup(func() { tr.Close() })
	return &raw{t: t, tr: tr}
}

// do makes one transaction and returns the response and the data.
func (r *raw) do(op mtp.OpCode, data []byte, params ...uint32) (mtp.Message, []byte) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	m, _ := mtp.NewMessage(mtp.ContainerCommand, op, r.tx, params...).AppendBinary(nil)
	if err := r.tr.Write(ctx, m); err != nil {
		r.t.Fatalf("%v: command: %v", op, err)
	}
	if data != nil {
		b, _ := mtp.DataHeader(op, r.tx, int64(len(data))).AppendBinary(nil)
		if err := r.tr.Write(ctx, append(b, data...)); err != nil {
			r.t.Fatalf("%v: data: %v", op, err)
		}
	}
	r.tx++
	var got []byte
	buf := make([]byte, 1<<20)
	for {
		n, err := r.tr.Read(ctx, buf)
		if err != nil {
			r.t.Fatalf("%v: %v", op, err)
		}
		if n == 0 {
			continue
		}
		h, err := mtp.DecodeHeader(buf[:n])
		if err == nil && h.Type == mtp.ContainerResponse {
			m, err := mtp.DecodeMessage(buf[:n])
			if err != nil {
				r.t.Fatalf("%v: %v", op, err)
			}
			return m, got
		}
		got = append(got, buf[mtp.HeaderSize:n]...)
	}
}
