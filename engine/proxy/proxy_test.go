package proxy_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"cradle/engine"
	. "cradle/engine/enginetest"
	"cradle/engine/proxy"
	"cradle/valuebag"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const scope = "toys"

// piped gives a provider as it is behind a pipe; the pipe goes with the test.
func piped(t testing.TB, p engine.Provider) *proxy.Client {
	t.Helper()
	here, there := net.Pipe()
	done := make(chan error, 1)
	go func() { done <- proxy.Serve(context.Background(), there, p) }()
	t.Cleanup(func() {
		here.Close()
		if err := <-done; err != nil {
			t.Errorf("serve: %v", err)
		}
		there.Close()
	})
	c, err := proxy.Dial(here)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// far is a store in memory behind a pipe, as a participant of the suite.
type far struct{ *MemParticipant }

func (f far) Start(t testing.TB) engine.Provider { return piped(t, f.Store.Full()) }

func newStore(first byte) *MemStore {
	var n byte
	return NewMemStore(func() engine.ReplicaID { n++; return engine.ReplicaID{first, n} }, Toy{Scope: scope})
}

func TestProviderBehindAPipe(t *testing.T) {
	Providers(t, Subject{
		Schema:  Toy{Scope: scope},
		Item:    Item,
		Units:   [3]string{"name", "note", "tags"},
		Filter:  engine.Filter{Rules: []engine.Rule{{Name: RuleLeaveOut, Params: []string{"out"}}}},
		Outside: func(v *valuebag.Values) *valuebag.Values { return With(v, KeyCollection, "out") },
		New:     func(testing.TB) Participant { return far{NewMemParticipant(newStore(0x80), scope)} },
		Skip:    map[Capability]string{CanUnread: "what is in memory can always be read"},
	})
}

// A Resolve is asked across the pipe, with both items.
func TestResolveAcrossThePipe(t *testing.T) {
	a, b := newStore(0xa0), newStore(0xb0)
	id := engine.ItemIDFromUID(scope, "u", 1)
	a.Edit(scope, id, Item("u", "x", ""), 1000)
	exchange := func(opt engine.ExchangeOptions) *engine.Exchanged {
		t.Helper()
		x, err := engine.Exchange(context.Background(), a.Full(), piped(t, b.Full()), []string{scope}, opt)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	exchange(engine.ExchangeOptions{})
	a.Edit(scope, id, Item("u", "xa", ""), 9_000_000)
	b.Edit(scope, id, Item("u", "xb", ""), 20_000_000)
	x := exchange(engine.ExchangeOptions{Resolve: func(c engine.Clash) (engine.ConflictAction, *valuebag.Values) {
		if c.Item != id || c.Unit != "name" || c.SourceEdited != 9_000_000 || c.LocalEdited != 20_000_000 {
			t.Errorf("asked about %+v", c)
		}
		return engine.Merge, Item("u", Str(c.Source, KeyName)+"+"+Str(c.Destination, KeyName), "")
	}})
	if got := x.ToB[scope].Conflicts; got != 1 {
		t.Errorf("%d conflicts, want 1", got)
	}
	for _, s := range []*MemStore{a, b} {
		if got := Str(s.Live(scope)[id], KeyName); got != "xa+xb" {
			t.Errorf("name %q, want xa+xb", got)
		}
	}
}

// slow is a provider that takes its time until it is told to stop.
type slow struct{ engine.Provider }

func (s slow) Maintain(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestCancelReachesTheOtherSide(t *testing.T) {
	c := piped(t, slow{newStore(1).Full()})
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(10*time.Millisecond, cancel)
	if err := c.Maintain(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want a cancellation", err)
	}
	if _, err := c.Replica(context.Background(), scope); err != nil {
		t.Errorf("the next call: %v", err)
	}
}

func TestErrorsKeepTheirMeaning(t *testing.T) {
	a := newStore(1)
	c := piped(t, a.Full())
	ctx := context.Background()
	rep, err := c.Replica(ctx, scope)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Process(ctx, scope, &engine.Batch{Source: rep.ID, Last: true}, engine.Processing{}); !errors.Is(err, engine.ErrSameReplica) {
		t.Errorf("a batch of its own: %v, want ErrSameReplica", err)
	}
	forgot := engine.NewKnowledge(engine.Version{Replica: engine.ReplicaID{9}, Tick: 3})
	if _, err := c.Process(ctx, scope, &engine.Batch{Source: engine.ReplicaID{9}, Forgotten: forgot, MadeWith: forgot}, engine.Processing{}); !errors.Is(err, engine.ErrOutdated) {
		t.Errorf("forgotten deletions: %v, want ErrOutdated", err)
	}
}

// frame is a message as the pipe carries it.
func frame(t testing.TB, b []byte) []byte {
	t.Helper()
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...)
}

func TestNonsenseEndsTheConversation(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   []byte
		want string
	}{
		{"not a bag", frame(t, []byte("hello")), "message"},
		{"too long", []byte{0xff, 0xff, 0xff, 0xff}, "expected at most"},
		{"cut", []byte{0, 0, 1, 0, 'x'}, "EOF"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rw := struct {
				io.Reader
				io.Writer
			}{bytes.NewReader(tt.in), io.Discard}
			if err := proxy.Serve(context.Background(), rw, newStore(1).Full()); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("serve: %v, want %q in it", err, tt.want)
			}
			if _, err := proxy.Dial(rw); err == nil {
				t.Error("dial: no error")
			}
		})
	}
	here, there := net.Pipe()
	go func() {
		io.CopyN(io.Discard, there, 4)
		there.Close()
	}()
	if _, err := proxy.Dial(here); !errors.Is(err, engine.ErrGone) {
		t.Errorf("a pipe that breaks: %v, want ErrGone", err)
	}
	here.Close()
}

// FuzzServe feeds a server whatever comes.
func FuzzServe(f *testing.F) {
	var talk bytes.Buffer
	here, there := net.Pipe()
	go proxy.Serve(context.Background(), there, newStore(1).Full())
	c, err := proxy.Dial(struct {
		io.Reader
		io.Writer
	}{here, io.MultiWriter(here, &talk)})
	if err != nil {
		f.Fatal(err)
	}
	b := newStore(2)
	b.Edit(scope, engine.ItemID{1}, Item("u", "x", "n", "t"), 1)
	if _, err := engine.Exchange(context.Background(), b.Full(), c, []string{scope}, engine.ExchangeOptions{}); err != nil {
		f.Fatal(err)
	}
	here.Close()
	f.Add(talk.Bytes())
	f.Fuzz(func(t *testing.T, in []byte) {
		rw := struct {
			io.Reader
			io.Writer
		}{bytes.NewReader(in), io.Discard}
		_ = proxy.Serve(context.Background(), rw, newStore(1).Full()) // it ends, and doesn't panic
	})
}
