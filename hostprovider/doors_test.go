package hostprovider

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"cradle/engine"
)

// checked fails the test when the store isn't as it should be.
func checked(t testing.TB, s *Store) {
	t.Helper()
	wrong, err := s.Check(context.Background())
	if err != nil || len(wrong) > 0 {
		t.Errorf("check: %v\n%s", err, strings.Join(wrong, "\n"))
	}
}

func TestDoors(t *testing.T) {
	ctx := context.Background()
	s := newTestStore(t)
	id, err := s.Create(ctx, "contacts", "", []byte(card("a", "Änne", "TEL:+49 30 123", "PHOTO;ENCODING=b:abcdefgh")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Create(ctx, "contacts", "work", []byte(card("b", "Bert"))); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		q    Query
		want string
	}{
		{"all", Query{}, "Änne Bert"},
		{"summary, another case", Query{Text: "ÄNNE"}, "Änne"},
		{"value", Query{Text: "30 12"}, "Änne"},
		{"without the accent", Query{Text: "anne"}, "Änne"},
		{"digits of a number", Query{Text: "030/123"}, "Änne"},
		{"a word of the name and digits", Query{Text: "30123 anne"}, "Änne"},
		{"every word counts", Query{Text: "anne bert"}, ""},
		{"picture", Query{Text: "abcdefgh"}, ""},
		{"collection", Query{Collection: "work"}, "Bert"},
		{"kind", Query{Kind: "events"}, ""},
		{"id", Query{Text: id.String()[:8]}, "Änne"},
	} {
		its, err := s.List(ctx, c.q)
		var names []string
		for _, it := range its {
			names = append(names, it.Summary)
		}
		if got := strings.Join(names, " "); err != nil || got != c.want {
			t.Errorf("list %s: got %q %v, want %q", c.name, got, err, c.want)
		}
	}
	for _, name := range []string{"a", id.String(), id.String()[:8], strings.ToUpper(id.String())} {
		if it := mustShow(t, s, name); it.ID != id {
			t.Errorf("show %s: %+v", name, it)
		}
	}
	if _, err := s.Show(ctx, "nobody"); !errors.Is(err, ErrNotFound) {
		t.Errorf("show nobody: %v, want ErrNotFound", err)
	}
	tick := replica(t, s, "contacts").Tick
	if _, changed, err := s.Edit(ctx, "a", []byte(card("a", "Änne", "TEL:+49 30 123", "PHOTO;ENCODING=b:abcdefgh"))); err != nil || changed {
		t.Errorf("edit to the same: %v %v, want no change", changed, err)
	}
	if got := replica(t, s, "contacts").Tick; got != tick {
		t.Errorf("an edit that changes nothing minted tick %d", got)
	}
	if _, changed, err := s.Edit(ctx, "a", []byte(card("a", "Anne"))); err != nil || !changed {
		t.Errorf("edit: %v %v", changed, err)
	}
	if err := s.Move(ctx, "a", "work"); err != nil {
		t.Errorf("move: %v", err)
	}
	if c, err := s.Collections(ctx); err != nil || !slices.Contains(c, Collection{"contacts", "work", 2, false}) {
		t.Errorf("collections: %v %v", c, err)
	}
	if gone, err := s.Delete(ctx, "a", "nobody"); !errors.Is(err, ErrNotFound) || mustShow(t, s, "a").ID != id {
		t.Errorf("delete with a bad name: %v %v, want nothing deleted", gone, err)
	}
	if gone, err := s.Delete(ctx, "a"); err != nil || len(gone) != 1 || gone[0].UID != "a" {
		t.Errorf("delete: %v %v", gone, err)
	}
	if again, err := s.Create(ctx, "contacts", "", []byte(card("a", "Anne"))); err != nil || again != id {
		t.Errorf("re-creation: %v %v, want %v", again, err, id)
	}
	checked(t, s)
}

func TestImport(t *testing.T) {
	ctx := context.Background()
	s := newTestStore(t)
	file := func(texts ...string) []ImportFile {
		return []ImportFile{{Path: "x.vcf", Data: []byte(strings.Join(texts, ""))}}
	}
	for _, step := range []struct {
		name                        string
		files                       []ImportFile
		created, updated, unchanged int
		live                        int
	}{
		{"new", file(card("a", "A"), card("b", "B"), card("", "C"), card("", "C")), 4, 0, 0, 4},
		{"the same again", file(card("a", "A"), card("b", "B"), card("", "C"), card("", "C")), 0, 0, 4, 4},
		{"one edited, others absent", file(card("b", "B2")), 0, 1, 0, 4},
		{"two holders of a UID", file(card("a", "A"), card("a", "A other")), 1, 0, 1, 5},
		{"two holders again", file(card("a", "A"), card("a", "A other")), 0, 0, 2, 5},
		{"without UID, changed", file(card("", "C", "TEL:1")), 1, 0, 0, 6},
		{"into another collection", []ImportFile{{Collection: "club", Data: []byte(card("b", "B3"))}}, 0, 1, 0, 6},
	} {
		r, err := s.Import(ctx, step.files)
		if err != nil || r.Created != step.created || r.Updated != step.updated || r.Unchanged != step.unchanged {
			t.Errorf("%s: %+v %v, want %d created, %d updated, %d unchanged", step.name, r, err, step.created, step.updated, step.unchanged)
		}
		if n, _ := s.Count(ctx, "contacts"); n != step.live {
			t.Errorf("%s: %d live, want %d", step.name, n, step.live)
		}
	}
	if it := mustShow(t, s, "b"); it.Collection != "personal" || it.Summary != "B3" {
		t.Errorf("b: %+v", it)
	}
	r, err := s.Import(ctx, file("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:ok\r\nEND:VCARD\r\nBEGIN:VFREEBUSY\r\nUID:f\r\nEND:VFREEBUSY\r\n"))
	if err != nil || r.Created != 1 || len(r.Problems) == 0 || r.Problems[0].Path != "x.vcf" {
		t.Errorf("a file with something else: %+v %v", r, err)
	}
	checked(t, s)
}

// logged saves a conflict on a unit as a session would and returns its ID.
func logged(t testing.TB, s *Store, c engine.Conflict) int64 {
	t.Helper()
	if err := s.Update(context.Background(), "contacts", func(tx engine.Tx) error { return tx.Log(1, c) }); err != nil {
		t.Fatal(err)
	}
	cs, err := s.Conflicts(context.Background(), true)
	if err != nil {
		t.Fatal(err)
	}
	return cs[len(cs)-1].ID
}
