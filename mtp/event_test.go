package mtp_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"cradle/hwtest"
	"cradle/mtp"
)

// badPipe fails each read of its interrupt pipe until the hundredth.
type badPipe struct {
	mtp.Transport
	reads atomic.Int32
}

func (b *badPipe) ReadEvent(ctx context.Context) ([]byte, error) {
	switch n := b.reads.Add(1); {
	case n < 100:
		return nil, mtp.ErrStalled
	case n == 100:
		return mtp.Event{Code: mtp.EventObjectAdded}.AppendBinary(nil)
	}
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestEventsOfABadPipe: an interrupt pipe that fails is tried again, ever more seldom, and ends neither
// the events nor the session.
func TestEventsOfABadPipe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		phone, err := hwtest.Open(hwtest.Android, t.TempDir(), hwtest.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer phone.Close()
		s, err := mtp.Open(t.Context(), &badPipe{Transport: phone.Transport()}, mtp.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close(t.Context())
		began := time.Now()
		if e, ok := <-s.Events(); !ok || e.Code != mtp.EventObjectAdded {
			t.Errorf("%v, %v", e, ok)
		}
		if took := time.Since(began); took < 10*time.Minute {
			t.Errorf("a hundred reads in %v", took)
		}
	})
}
