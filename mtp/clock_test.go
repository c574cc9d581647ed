package mtp_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cradle/hwtest"
	"cradle/mtp"
)

// watched is a context that counts who waits for its end.
type watched struct {
	context.Context
	mu       sync.Mutex
	watchers int
}

// Value hides what the context package knows its own by, so that it asks AfterFunc.
func (w *watched) Value(any) any { return nil }

func (w *watched) AfterFunc(f func()) (stop func() bool) {
	end := context.AfterFunc(w.Context, f)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watchers++
	var once sync.Once
	return func() bool {
		once.Do(func() { w.mu.Lock(); defer w.mu.Unlock(); w.watchers-- })
		return end()
	}
}

// TestSessionsLeaveNothing: a caller that lives on, as a daemon does, isn't watched for sessions
// that are closed, lost, or were never opened.
func TestSessionsLeaveNothing(t *testing.T) {
	for _, fault := range []string{
		"", "on OpenSession: answer GeneralError", "on GetDeviceInfo: answer GeneralError", "on OpenSession: dead",
		"on GetStorageIDs: answer GeneralError", "on GetStorageIDs at response: dead", "on GetStorageIDs: pull 1s", "on CloseSession: answer GeneralError",
	} {
		t.Run(fault, func(t *testing.T) {
			dir := t.TempDir()
			sc, err := hwtest.ParseScenario(fault)
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				p, err := hwtest.Open(hwtest.Android, dir, hwtest.Options{Scenario: sc})
				if err != nil {
					t.Fatal(err)
				}
				defer p.Close()
				w := &watched{Context: t.Context()}
				for range 3 {
					tr := p.Transport()
					s, err := mtp.Open(w, tr, mtp.Options{})
					if err == nil {
						_, _ = s.GetStorageIDs(w)
						_ = s.Close(w)
					}
					_ = tr.Close()
					time.Sleep(2 * time.Second)
				}
				synctest.Wait()
				if w.watchers != 0 {
					t.Errorf("%d still watch the caller", w.watchers)
				}
			})
		})
	}
}

// slowTo lets a read wait for a while, once.
type slowTo struct {
	mtp.Transport
	after time.Duration
}

func (s *slowTo) Read(ctx context.Context, p []byte) (int, error) {
	after := s.after
	s.after = 0
	select {
	case <-time.After(after):
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
	return s.Transport.Read(ctx, p)
}

// TestClockOfManyCallers: each transaction has all of its time and no more, whoever called before it
// and however that ended; a caller that leaves gives it the grace, and nothing to the next.
func TestClockOfManyCallers(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		p, err := hwtest.Open(hwtest.Android, dir, hwtest.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		tr := &slowTo{Transport: p.Transport()}
		s, err := mtp.Open(t.Context(), tr, mtp.Options{Timeout: 10 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close(context.Background())
		one, endOne := context.WithCancel(t.Context())
		defer endOne()
		type key struct{}
		same := context.WithValue(one, key{}, "with something")
		for i, tt := range []struct {
			ctx    context.Context
			leaves time.Duration // after; 0: never
			answer time.Duration // takes the device
			idle   time.Duration // afterwards
			fails  time.Duration // after; 0: it doesn't
		}{
			{ctx: one, answer: 4 * time.Second, idle: 9 * time.Second},
			{ctx: one, answer: 9900 * time.Millisecond},
			{ctx: t.Context(), answer: 4 * time.Second, idle: time.Minute},
			{ctx: one, answer: 4 * time.Second},
			{ctx: same, answer: 4 * time.Second},
			{ctx: one, leaves: time.Second, answer: 3900 * time.Millisecond},      // within the grace
			{ctx: t.Context(), answer: 4 * time.Second},                           // of which nothing is left
			{ctx: t.Context(), answer: 11 * time.Second, fails: 10 * time.Second}, // its own time
			{ctx: t.Context(), answer: 4 * time.Second},
			{leaves: time.Second, answer: 9 * time.Second, fails: 4 * time.Second}, // the grace is over
			{leaves: 5 * time.Second, answer: 4 * time.Second, idle: 3 * time.Second},
			{ctx: t.Context(), answer: 9 * time.Second},
		} {
			ctx := tt.ctx
			if ctx == nil {
				timed, cancel := context.WithTimeout(t.Context(), tt.leaves)
				defer cancel()
				ctx = timed
			} else if tt.leaves > 0 {
				time.AfterFunc(tt.leaves, endOne)
			}
			tr.after = tt.answer
			start := time.Now()
			_, err := s.GetStorageIDs(ctx)
			took := time.Since(start)
			what := fmt.Sprintf("%d: after %v: %v", i, took, err)
			switch {
			case tt.fails == 0 && err != nil, tt.fails > 0 && err == nil:
				t.Error(what)
			case tt.fails > 0 && took < tt.fails:
				t.Errorf("%s: too early", what)
			case tt.fails > 0 && took > tt.fails+2*time.Second:
				t.Errorf("%s: too late", what)
			}
			if s.Err() != nil {
				t.Fatalf("%s: lost", what)
			}
			time.Sleep(tt.idle)
		}
	})
}
