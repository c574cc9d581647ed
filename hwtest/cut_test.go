package hwtest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"cradle/hwtest"
	"cradle/mtp"
	"cradle/mtp/responder"
)

// scenario is a small sync; it stops at the first error.
func scenario(p *hwtest.Phone) error {
	ctx := context.Background()
	tr := p.Transport()
	defer tr.Close()
	s, err := mtp.Open(ctx, tr, mtp.Options{})
	if err != nil {
		return err
	}
	defer s.Close(ctx)
	ids, err := s.GetStorageIDs(ctx)
	if err != nil {
		return err
	}
	l, err := s.ListFolder(ctx, ids[0], mtp.Root)
	if err != nil {
		return err
	}
	for _, e := range l {
		if _, err := s.GetObject(ctx, e.Handle, new(bytes.Buffer)); err != nil {
			return err
		}
	}
	c, err := s.CreateObject(ctx, ids[0], mtp.Root,
		&mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: "new"}, []byte(newBody))
	if err != nil {
		return err
	}
	if err := s.Rename(ctx, c.Handle, "newer"); err != nil {
		return err
	}
	if err := s.DeleteObject(ctx, c.Handle); err != nil {
		return err
	}
	return s.Close(ctx)
}

var newBody = strings.Repeat("0123456789", 90) // two packets

// TestCutEverywhere pulls the cable at the command, within the data phase, at
// the response and after each transaction of a scenario; then the phone is
// plugged in again and the scenario runs through.
func TestCutEverywhere(t *testing.T) {
	fresh := func() (*hwtest.Phone, string) {
		dir := t.TempDir()
		write(t, dir, "old", strings.Repeat("o", 700))
		return open(t, hwtest.Android, dir, ""), dir
	}
	p, _ := fresh()
	if err := scenario(p); err != nil {
		t.Fatal(err)
	}
	log := p.Log()
	var cuts []responder.Cut
	for _, tx := range log {
		for _, ph := range []responder.Phase{responder.AtCommand, responder.AtResponse, responder.After} {
			cuts = append(cuts, responder.Cut{Transaction: tx.Number, Phase: ph})
		}
		if size := max(tx.In, tx.Out); size > 0 {
			for _, n := range []int64{0, 1, size / 2, size - 1, size} {
				cuts = append(cuts, responder.Cut{Transaction: tx.Number, Phase: responder.InData, Bytes: n})
			}
		}
	}
	for _, c := range cuts {
		tx := log[c.Transaction-1]
		t.Run(fmt.Sprintf("%d %v %v %d", c.Transaction, tx.Op(), c.Phase, c.Bytes), func(t *testing.T) {
			p, dir := fresh()
			p.CutAt(c.Transaction, c.Phase, c.Bytes)
			err := scenario(p)
			last := c.Transaction == len(log)
			switch {
			case err == nil && !last:
				t.Fatal("the scenario ran through")
			case err != nil && !errors.Is(err, mtp.ErrDeviceGone):
				t.Fatalf("error %v, want ErrDeviceGone", err)
			}
			if got := p.Transactions(); got != c.Transaction {
				t.Errorf("%d transactions reached the phone, want %d", got, c.Transaction)
			}
			if tx.Op() == mtp.OpSendObject {
				want, left := newBody, slices.Contains(names(t, dir), "new")
				if c.Phase == responder.InData {
					want = newBody[:c.Bytes]
				}
				switch {
				case c.Phase == responder.AtCommand && left:
					t.Error("the object is there, and its command never came")
				case c.Phase != responder.AtCommand && (!left || read(t, dir, "new") != want):
					t.Errorf("the object isn't there with the %d bytes that came", len(want))
				}
			}
			// Plugged in again: the session is forgotten, the folder stays.
			for _, name := range []string{"new", "newer"} {
				if slices.Contains(names(t, dir), name) {
					s := session(t, p)
					if err := s.DeleteObject(context.Background(), handle(t, s, name)); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := scenario(p); err != nil {
				t.Fatalf("after the cable was put back: %v", err)
			}
			if got := names(t, dir); !slices.Equal(got, []string{"old"}) {
				t.Errorf("in the folder: %q, want old alone", got)
			}
		})
	}
}

func TestCutSwitch(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "old", "old")
	// 1 OpenSession, 2 GetDeviceInfo, 3 GetStorageIDs, 4 …
	for _, tt := range []struct {
		cut  string
		want int
	}{{"3", 3}, {"2.5", 2}, {"1.0", 1}} {
		p := open(t, hwtest.Android, dir, "cut="+tt.cut)
		if err := scenario(p); !errors.Is(err, mtp.ErrDeviceGone) {
			t.Errorf("cut=%s: %v, want ErrDeviceGone", tt.cut, err)
		}
		if got := p.Transactions(); got != tt.want {
			t.Errorf("cut=%s: %d transactions, want %d", tt.cut, got, tt.want)
		}
	}
}

// TestPull pulls the cable from another goroutine while the initiator waits.
func TestPull(t *testing.T) {
	p := open(t, hwtest.Android, t.TempDir(), "")
	tr := p.Transport()
	defer tr.Close()
	ctx := context.Background()
	errs := make(chan error, 2)
	go func() {
		_, err := tr.Read(ctx, make([]byte, 512))
		errs <- err
	}()
	go func() {
		_, err := tr.ReadEvent(ctx)
		errs <- err
	}()
	p.Pull()
	for range 2 {
		if err := <-errs; !errors.Is(err, mtp.ErrDeviceGone) {
			t.Errorf("pending call: %v, want ErrDeviceGone", err)
		}
	}
	if err := tr.Write(ctx, make([]byte, 12)); !errors.Is(err, mtp.ErrDeviceGone) {
		t.Errorf("later call: %v, want ErrDeviceGone", err)
	}
	if s := session(t, p); s.Err() != nil {
		t.Errorf("plugged in again: %v", s.Err())
	}
}

// TestLeftOpen: a program that ended without a word leaves its session and what
// it hasn't read to the next one.
func TestLeftOpen(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a", strings.Repeat("x", 100_000))
	p := open(t, hwtest.Android, dir, "")
	r := newRaw(t, p.Transport())
	r.do(mtp.OpOpenSession, nil, 7)
	r.do(mtp.OpGetObjectHandles, nil, 0x10001, 0, uint32(mtp.AllHandles))
	m, _ := mtp.NewMessage(mtp.ContainerCommand, mtp.OpGetObject, r.tx, 1).AppendBinary(nil)
	if err := r.tr.Write(context.Background(), m); err != nil {
		t.Fatal(err)
	}
	r.tr.Close()
	if _, err := r.tr.Read(context.Background(), make([]byte, 512)); !errors.Is(err, mtp.ErrTransportClosed) {
		t.Errorf("after Close: %v, want ErrTransportClosed", err)
	}
	s := session(t, p) // copes with all that
	if body, err := s.GetObjectBytes(context.Background(), handle(t, s, "a"), 1<<20); err != nil || len(body) != 100_000 {
		t.Errorf("read %d bytes, %v", len(body), err)
	}
}
