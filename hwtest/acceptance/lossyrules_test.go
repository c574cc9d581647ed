package acceptance

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cradle/engine"
	"cradle/hwtest"
	"cradle/hwtest/demo"
)

// lossyScene is one computer and one phone that stores what its words say.
func lossyScene(t *testing.T, stores string) *lossyStory {
	s := &lossyStory{world: newWorld(t, tempDir(t), 1, 1), outside: map[string][]kept{}}
	t.Cleanup(s.close)
	var err error
	s.stores, err = hwtest.ParseStorage(stores)
	s.must(err)
	s.phone = s.addPhone(hwtest.Lossy, "L1")
	s.phone.shape.Stores = s.stores
	return s
}

// put makes a card in the store, or edits it.
func (s *lossyStory) put(id *string, lines ...string) {
	s.t.Helper()
	text := fold(append(append([]string{"BEGIN:VCARD", "VERSION:3.0", "UID:u"}, lines...), "END:VCARD"))
	s.steps++
	if *id == "" {
		made, err := s.pcs[0].open().Create(ctxb, "contacts", "personal", []byte(text))
		s.must(err)
		*id = made.String()
		return
	}
	_, _, err := s.pcs[0].open().Edit(ctxb, *id, []byte(text))
	s.must(err)
}

// on is a change that the phone's user makes in the one card there.
func (s *lossyStory) on(change func(text string) string) {
	s.t.Helper()
	list := s.phone.items(s.t)
	if len(list) != 1 {
		s.fail("%d items on the phone, want 1", len(list))
	}
	s.steps++
	b, err := os.ReadFile(filepath.Join(s.phone.dir, list[0].path))
	s.must(err)
	s.phone.write(s.t, list[0].path, string(s.stores.Keep([]byte(change(string(b))), s.now())), s.now())
}

func (s *lossyStory) run() *outcome {
	s.t.Helper()
	s.steps++
	o, err := s.sync(s.pcs[0], s.phone, fault{})
	s.must(err)
	return o
}

// want compares the lines of the one card in the store.
func (s *lossyStory) want(lines ...string) {
	s.t.Helper()
	list := s.pcs[0].items()
	if len(list) != 1 {
		s.fail("%d items in the store, want 1", len(list))
	}
	got := unfold(list[0].text)
	got = got[3 : len(got)-1]
	slices.Sort(got)
	slices.Sort(lines)
	if !slices.Equal(got, lines) {
		s.fail("in the store\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(lines, "\n"))
	}
}

func replace(old, now string) func(string) string {
	return func(text string) string { return strings.Replace(text, old, now, 1) }
}

// TestRule1TheStoreHoldsTheFullObject: what goes to a phone and back any number of times is
// as it was.
func TestRule1TheStoreHoldsTheFullObject(t *testing.T) {
	s := lossyScene(t, "FN,TEL:1,NOTE/5,+nolabels,+stamp,+order,-UID")
	id := ""
	lines := []string{"FN:Ada", "item1.TEL;X-P=1:1111", "item1.X-ABLabel:Castle", "TEL:2222", "NOTE:0123456789", "X-A:1"}
	s.put(&id, lines...)
	for range 3 {
		s.run()
		s.want(slices.Clone(lines)...)
		lines = append(lines, fmt.Sprintf("X-B:%d", s.steps))
		s.put(&id, lines...)
	}
	s.run()
	if o := s.run(); o.moved() != 0 {
		t.Errorf("a further sync moved %v", o)
	}
}

// TestRule12WholeObjects: an item that is deleted on the phone is deleted, what it never
// stored with it; an emptied phone stops the run.
func TestRule12WholeObjects(t *testing.T) {
	s := lossyScene(t, "FN")
	for i := range 6 {
		_, err := s.pcs[0].open().Create(ctxb, "contacts", "personal", []byte(fold([]string{"BEGIN:VCARD", "VERSION:3.0", fmt.Sprintf("UID:u%d", i), fmt.Sprintf("FN:n%d", i), "NOTE:n", "END:VCARD"})))
		s.must(err)
	}
	s.run()
	list := s.phone.items(t)
	s.phone.remove(t, list[0].path)
	s.run()
	if n := len(s.pcs[0].items()); n != 5 {
		t.Errorf("items in the store: got %d, want 5", n)
	}
	for _, h := range s.phone.items(t) {
		s.phone.remove(t, h.path)
	}
	s.steps++
	if _, err := s.session(s.pcs[0], s.phone, fault{}, engine.Options{}); !errors.Is(err, engine.ErrBraked) {
		t.Errorf("an emptied phone: got %v, want %v", err, engine.ErrBraked)
	}
	if n := len(s.pcs[0].items()); n != 5 {
		t.Errorf("items in the store: got %d, want 5", n)
	}
}

// TestRule13BothSides: different fields and different elements of a list merge, the same
// field is settled by the preset and the other value logged.
func TestRule13BothSides(t *testing.T) {
	s := lossyScene(t, "FN,TEL:2,TITLE,NOTE/10,+nolabels")
	id := ""
	s.put(&id, "FN:Ada", "item1.TEL:1111", "item1.X-ABLabel:Castle", "TEL:2222", "TEL:3333", "NOTE:0123456789abc", "ROLE:r", "X-A:1")
	s.run()
	s.put(&id, "FN:Ada", "item1.TEL:1111", "item1.X-ABLabel:Castle", "TEL:2222", "TEL:4444", "NOTE:0123456789abc", "ROLE:r", "X-A:2")
	s.on(func(text string) string {
		return replace("0123456789", "01x3456789")(replace("TEL:1111", "TEL:5555")(text))
	})
	s.run()
	s.want("FN:Ada", "item1.TEL:5555", "item1.X-ABLabel:Castle", "TEL:2222", "TEL:4444", "NOTE:01x3456789abc", "ROLE:r", "X-A:2")
	s.run()

	s.preset = engine.Desktop
	s.put(&id, "FN:Ada", "TEL:2222", "NOTE:desktop", "X-A:2")
	s.on(replace("01x3456789", "phone"))
	s.run()
	s.want("FN:Ada", "TEL:2222", "NOTE:desktop", "X-A:2")
	if !s.arrived(s.pcs[0], "phone") {
		t.Error("what the phone's user typed is not in the log of conflicts")
	}
	if o := s.run(); o.moved() != 0 {
		t.Errorf("a further sync moved %v", o)
	}
}

// TestRule14FromTheFullObject: what a phone made of an item is never what it gets next.
func TestRule14FromTheFullObject(t *testing.T) {
	s := lossyScene(t, "FN,NOTE/5")
	id := ""
	s.put(&id, "FN:Ada", "NOTE:0123456789", "X-A:1")
	s.run()
	s.put(&id, "FN:Ada B", "NOTE:0123456789", "X-A:1")
	s.run()
	s.stores, _ = hwtest.ParseStorage("FN,NOTE,X-A") // a newer firmware stores all of it
	s.phone.shape.Stores = s.stores
	s.put(&id, "FN:Ada C", "NOTE:0123456789", "X-A:1")
	s.run()
	if got := s.phone.items(t)[0].text; !strings.Contains(got, "NOTE:0123456789\r\n") || !strings.Contains(got, "X-A:1\r\n") {
		t.Errorf("on the phone\n%s\nwant all of it", got)
	}
	s.want("FN:Ada C", "NOTE:0123456789", "X-A:1")
}

// TestThereAndBack: phone → store → phone → store, through each kind of phone: both stores
// hold the same items.
func TestThereAndBack(t *testing.T) {
	corpus := corpusObjects(t)
	for _, kind := range hwtest.AllKinds() {
		t.Run(string(kind), func(t *testing.T) {
			w := newWorld(t, tempDir(t), 3, 2)
			defer w.close()
			from, to := w.addPhone(hwtest.Android, "P1"), w.addPhone(kind, "P2")
			w.must(demo.Seed(from.dir, time.Now()))
			seen := map[string]bool{}
			for i := 0; i < len(corpus); i += 7 {
				o := &corpus[i]
				text := strings.ToUpper(string(o.Text))
				if n := strings.Count(text, "BEGIN:VEVENT"); n > 0 && n == strings.Count(text, "\nRECURRENCE-ID") {
					continue // changed occurrences alone: such a phone has nothing to store of them
				}
				if !seen[o.UID] {
					seen[o.UID] = true
					tree, ext := "contacts", ".vcf"
					if o.Kind.Name() == "events" {
						tree, ext = "calendars", ".ics"
					}
					from.write(t, fmt.Sprintf("Cradle/%s/corpus/%d%s", tree, i, ext), string(o.Text), time.Now().Add(-time.Hour))
				}
			}
			for _, leg := range []struct {
				pc    *pc
				phone *device
			}{{w.pcs[0], from}, {w.pcs[0], to}, {w.pcs[1], to}} {
				out, err := w.sync(leg.pc, leg.phone, fault{})
				w.must(err)
				for _, f := range out.res.Failed {
					t.Errorf("%s with %s: %s: %v", leg.pc.name, leg.phone.serial, f.Path, f.Err)
				}
				w.steps++
			}
			want, got := map[string]string{}, map[string]string{}
			for _, h := range w.pcs[0].items() {
				want[h.id] = h.kind + "\n" + h.collection + "\n" + strings.Join(sayings(h.text), "\n")
			}
			for _, h := range w.pcs[1].items() {
				got[h.id] = h.kind + "\n" + h.collection + "\n" + strings.Join(sayings(h.text), "\n")
			}
			if len(want) < 300 {
				t.Errorf("%d items, want 300 and more", len(want))
			}
			part := len(slices.DeleteFunc(to.files(t), func(f string) bool { return !strings.HasPrefix(f, "Cradle/state/whole/") }))
			if kind == hwtest.Lossy && part < len(want)/4 {
				t.Errorf("the phone stores %d of %d items in part: too few to show anything", part, len(want))
			}
			if kind != hwtest.Lossy && part > 0 {
				t.Errorf("%d full texts on a phone that stores all", part)
			}
			missing := 0
			for id, text := range want {
				if got[id] != text {
					if missing++; missing < 4 {
						t.Errorf("%s: in the other store\n%s\nwant\n%s", id, got[id], text)
					}
				}
			}
			if missing > 0 || len(got) != len(want) {
				t.Errorf("%d of %d items differ; the other store has %d", missing, len(want), len(got))
			}
			for _, p := range w.pcs {
				w.steps++
				out, err := w.sync(p, to, fault{})
				w.must(err)
				if out.moved() != 0 {
					t.Errorf("%s: a further sync moved %v", p.name, out)
				}
			}
		})
	}
}
