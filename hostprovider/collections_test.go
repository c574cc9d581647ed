package hostprovider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func collections(t *testing.T, s *Store) []string {
	t.Helper()
	list, err := s.Collections(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, c := range list {
		line := fmt.Sprintf("%s %s %d", c.Kind, c.Name, c.Items)
		if c.Made {
			line += " made"
		}
		out = append(out, line)
	}
	return out
}

const lunch = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y\r\nBEGIN:VEVENT\r\nUID:e\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260401T100000Z\r\nSUMMARY:Lunch\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"

func TestCollections(t *testing.T) {
	ctx := context.Background()
	for _, tt := range []struct {
		name string
		do   func(s *Store) error
		err  error
		want []string // afterwards; nil: as before
	}{
		{"a new one", func(s *Store) error { return s.MakeCollection(ctx, "tasks", "home") }, nil,
			[]string{"contacts empty 0 made", "contacts family 2", "contacts work 1", "events family 1", "tasks home 0 made"}},
		{"one that has items", func(s *Store) error { return s.MakeCollection(ctx, "contacts", "work") }, ErrExists, nil},
		{"one that was made", func(s *Store) error { return s.MakeCollection(ctx, "contacts", "empty") }, ErrExists, nil},
		{"no kind", func(s *Store) error { return s.MakeCollection(ctx, "mail", "x") }, errAny, nil},
		{"no name", func(s *Store) error { return s.MakeCollection(ctx, "tasks", " x") }, ErrCollectionName, nil},
		{"a name that leaves its folder", func(s *Store) error { return s.MakeCollection(ctx, "tasks", "a/../b") }, ErrCollectionName, nil},
		{"a name with a line's end", func(s *Store) error { return s.MakeCollection(ctx, "tasks", "a\nb") }, ErrCollectionName, nil},
		{"a long name", func(s *Store) error { return s.MakeCollection(ctx, "tasks", strings.Repeat("x", maxCollection+1)) }, ErrCollectionName, nil},
		{"renamed everywhere", func(s *Store) error { return moves(s.RenameCollection(ctx, "", "family", "clan", false))(3) }, nil,
			[]string{"contacts clan 2", "contacts empty 0 made", "contacts work 1", "events clan 1"}},
		{"renamed in one kind", func(s *Store) error { return moves(s.RenameCollection(ctx, "events", "family", "clan", false))(1) }, nil,
			[]string{"contacts empty 0 made", "contacts family 2", "contacts work 1", "events clan 1"}},
		{"an empty one renamed", func(s *Store) error { return moves(s.RenameCollection(ctx, "", "empty", "void", false))(0) }, nil,
			[]string{"contacts family 2", "contacts void 0 made", "contacts work 1", "events family 1"}},
		{"renamed to itself", func(s *Store) error { return moves(s.RenameCollection(ctx, "", "family", "family", false))(0) }, nil, nil},
		{"renamed to one that there is", func(s *Store) error { return moves(s.RenameCollection(ctx, "", "family", "work", false))(0) }, ErrExists, nil},
		{"merged", func(s *Store) error { return moves(s.RenameCollection(ctx, "contacts", "family", "work", true))(2) }, nil,
			[]string{"contacts empty 0 made", "contacts work 3", "events family 1"}},
		{"merged into an empty one", func(s *Store) error { return moves(s.RenameCollection(ctx, "contacts", "work", "empty", true))(1) }, nil,
			[]string{"contacts empty 1 made", "contacts family 2", "events family 1"}},
		{"renamed, and isn't there", func(s *Store) error { return moves(s.RenameCollection(ctx, "", "nobody", "x", false))(0) }, ErrNotFound, nil},
		{"renamed, and isn't of that kind", func(s *Store) error { return moves(s.RenameCollection(ctx, "tasks", "work", "x", false))(0) }, ErrNotFound, nil},
		{"renamed to no name", func(s *Store) error { return moves(s.RenameCollection(ctx, "", "work", "", false))(0) }, ErrCollectionName, nil},
		{"an empty one removed", func(s *Store) error { return gone(s.RemoveCollection(ctx, "", "empty", false))(0) }, nil,
			[]string{"contacts family 2", "contacts work 1", "events family 1"}},
		{"one with items removed", func(s *Store) error { return gone(s.RemoveCollection(ctx, "", "family", false))(0) }, ErrNotEmpty, nil},
		{"with its items", func(s *Store) error { return gone(s.RemoveCollection(ctx, "", "family", true))(3) }, nil,
			[]string{"contacts empty 0 made", "contacts work 1"}},
		{"with its items, in one kind", func(s *Store) error { return gone(s.RemoveCollection(ctx, "contacts", "family", true))(2) }, nil,
			[]string{"contacts empty 0 made", "contacts work 1", "events family 1"}},
		{"removed, and isn't there", func(s *Store) error { return gone(s.RemoveCollection(ctx, "", "nobody", true))(0) }, ErrNotFound, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newTestStore(t)
			for _, it := range []struct{ kind, collection, text string }{
				{"contacts", "family", card("a", "A")}, {"contacts", "family", card("b", "B")}, {"contacts", "work", card("c", "C")}, {"events", "family", lunch},
			} {
				if _, err := s.Create(ctx, it.kind, it.collection, []byte(it.text)); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.MakeCollection(ctx, "contacts", "empty"); err != nil {
				t.Fatal(err)
			}
			before := collections(t, s)
			tick := replica(t, s, "contacts").Tick
			err := tt.do(s)
			switch {
			case errors.Is(tt.err, errAny) && err != nil:
			case !errors.Is(err, tt.err):
				t.Fatalf("got %v, want %v", err, tt.err)
			}
			want := tt.want
			if want == nil {
				want = before
				if now := replica(t, s, "contacts").Tick; now != tick {
					t.Errorf("nothing changes, but the tick goes from %d to %d", tick, now)
				}
			}
			if diff := cmp.Diff(want, collections(t, s)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			checked(t, s)
		})
	}
}

// errAny stands for an error without a sentinel.
var errAny = errors.New("any")

func moves(n int, err error) func(int) error {
	return func(want int) error {
		if err == nil && n != want {
			return fmt.Errorf("%d items moved, want %d", n, want)
		}
		return err
	}
}

func gone(list []Item, err error) func(int) error { return moves(len(list), err) }

// A rename is an edit of the unit collection and of nothing else.
func TestRenameIsAnEditOfTheCollection(t *testing.T) {
	ctx := context.Background()
	s := newTestStore(t)
	id, err := s.Create(ctx, "contacts", "family", []byte(card("a", "A", "TEL:1")))
	if err != nil {
		t.Fatal(err)
	}
	was := metaOf(t, s, "contacts", id)
	if _, err := s.RenameCollection(ctx, "", "family", "clan", false); err != nil {
		t.Fatal(err)
	}
	now := metaOf(t, s, "contacts", id)
	for i := range now.Units {
		u := now.Units[i]
		if changed := u.Version != was.Units[i].Version; changed != (u.Unit == "collection") {
			t.Errorf("unit %s: version %v, was %v", u.Unit, u.Version, was.Units[i].Version)
		}
	}
}
