package metastore

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cradle/engine"
)

// flaky is a place in memory that fails on demand: before it saved, or after.
type flaky struct {
	b     []byte
	fails string // "", "before", "after", "load", "aside"
	aside []byte
	saves int
}

var errFlaky = errors.New("no connection")

func (p *flaky) Load(context.Context) ([]byte, error) {
	if p.fails == "load" {
		return nil, errFlaky
	}
	return p.b, nil
}

func (p *flaky) Save(_ context.Context, old, b []byte) error {
	if !bytes.Equal(old, p.b) {
		return ErrOvertaken
	}
	if p.fails == "before" {
		return errFlaky
	}
	p.b = b
	p.saves++
	if p.fails == "after" {
		return errFlaky
	}
	return nil
}

func (p *flaky) SetAside(context.Context) (string, error) {
	if p.fails == "aside" {
		return "", errFlaky
	}
	p.aside, p.b = p.b, nil
	return "beside", nil
}

func (p *flaky) String() string { return "the flaky place" }

func tickOf(t *testing.T, s Store) uint64 {
	t.Helper()
	var tick uint64
	err := s.View(context.Background(), func(r Reader) error {
		rep, err := r.Replica()
		tick = rep.Tick
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tick
}

func mint(tx Tx) error { _, err := tx.NextTick(); return err }

// A save that failed may have got through all the same: what the place holds
// counts, and no tick is given twice.
func TestBlobSaveFails(t *testing.T) {
	ctx := context.Background()
	p := &flaky{}
	s, err := OpenBlob(ctx, p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		fails string
		tick  uint64
	}{{"", 1}, {"before", 1}, {"", 2}, {"after", 3}, {"", 4}} {
		p.fails = step.fails
		err := s.Update(ctx, mint)
		if (step.fails != "") != errors.Is(err, errFlaky) || err != nil && !strings.Contains(err.Error(), "the flaky place") {
			t.Errorf("%q: got %v", step.fails, err)
		}
		if got := tickOf(t, s); got != step.tick {
			t.Errorf("%q: tick %d, want %d", step.fails, got, step.tick)
		}
	}
	p.fails = "before"
	if err := s.Update(ctx, mint); !errors.Is(err, errFlaky) {
		t.Errorf("got %v", err)
	}
	p.fails = "load"
	if err := s.Update(ctx, mint); !errors.Is(err, errFlaky) {
		t.Errorf("while it isn't known what the place holds: update gave %v", err)
	}
	if err := s.View(ctx, func(Reader) error { return nil }); !errors.Is(err, errFlaky) {
		t.Errorf("while it isn't known what the place holds: view gave %v", err)
	}
}

func TestBlobWritesOnlyChanges(t *testing.T) {
	ctx := context.Background()
	p := &flaky{}
	s, err := OpenBlob(ctx, p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	it := &Item{Meta: engine.ItemMeta{ID: engine.ItemID{1}}}
	for range 2 {
		if err := s.Update(ctx, func(tx Tx) error { return tx.Put(it) }); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Update(ctx, func(Tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if p.saves != 2 { // the new replica, the item
		t.Errorf("%d saves, want 2: one that changes nothing writes nothing", p.saves)
	}
}

func TestBlobOvertaken(t *testing.T) {
	ctx := context.Background()
	f := File(filepath.Join(t.TempDir(), "meta"))
	a, err := OpenBlob(ctx, f, Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := OpenBlob(ctx, f, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Update(ctx, mint); err != nil {
		t.Fatal(err)
	}
	if err := b.Update(ctx, mint); !errors.Is(err, ErrOvertaken) {
		t.Errorf("the second program: got %v, want ErrOvertaken", err)
	}
	if err := b.Update(ctx, mint); err != nil || tickOf(t, b) != 2 {
		t.Errorf("once more: %v, tick %d; want tick 2", err, tickOf(t, b))
	}
}

func TestBlobRecoverNeedsRoom(t *testing.T) {
	p := &flaky{b: []byte("CRDLMETA\x00"), fails: "aside"}
	if _, err := OpenBlob(context.Background(), p, Options{Recover: true}); !errors.Is(err, errFlaky) || string(p.b) != "CRDLMETA\x00" {
		t.Errorf("got %v, and the place holds %q", err, p.b)
	}
	p.b = append(p.b[:8:8], blobVersion+1)
	p.fails = ""
	if _, err := OpenBlob(context.Background(), p, Options{Recover: true}); !errors.Is(err, engine.ErrNewer) || p.aside != nil {
		t.Errorf("a newer version isn't damaged: got %v, kept aside %q", err, p.aside)
	}
}

// What a program that was killed in mid-write left beside the file means nothing.
func TestFileLeftover(t *testing.T) {
	ctx := context.Background()
	f := File(filepath.Join(t.TempDir(), "meta"))
	s, err := OpenBlob(ctx, f, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(string(f)+".new", []byte("CRDLMETA torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Update(ctx, mint); err != nil {
		t.Fatal(err)
	}
	again, err := OpenBlob(ctx, f, Options{})
	if err != nil || tickOf(t, again) != 1 {
		t.Errorf("after it: %v", err)
	}
	if _, err := os.Stat(string(f) + ".new"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the leftover is still there: %v", err)
	}
}

func TestFileAsideNumbers(t *testing.T) {
	f := File(filepath.Join(t.TempDir(), "meta"))
	for _, want := range []string{".damaged", ".damaged.2", ".damaged.3"} {
		if err := os.WriteFile(string(f), []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		name, err := f.SetAside(context.Background())
		if err != nil || name != string(f)+want {
			t.Errorf("got %q, %v; want the ending %s", name, err, want)
		}
		if b, err := os.ReadFile(name); err != nil || string(b) != want {
			t.Errorf("%s holds %q, %v", name, b, err)
		}
	}
}
