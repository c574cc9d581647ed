package devprovider

import (
	"fmt"
	"strings"
	"testing"

	"cradle/engine"
)

// notesOf is what the session told, one line a note.
func notesOf(f *Folder) string {
	var b strings.Builder
	for _, n := range f.Notes() {
		fmt.Fprintf(&b, "%s: %v\n", strings.TrimPrefix(n.Path, personal), n.Reason)
	}
	return b.String()
}

// holders are the texts of a UID's live items by their numbers.
func (s *scene) holders(uid string) string {
	var b strings.Builder
	for n := 1; n <= maxHolders; n++ {
		id := engine.ItemIDFromUID("contacts", uid, n)
		it, ok := s.next["contacts"][id]
		if !ok || it.Meta.Deleted {
			continue
		}
		text := s.text(id)
		_, fn, _ := strings.Cut(text, "FN:")
		fn, _, _ = strings.Cut(fn, "\r\n")
		fmt.Fprintf(&b, "%d %s %s\n", n, strings.TrimPrefix(it.Place.Path, personal), fn)
	}
	return b.String()
}

// TestBundleOfOneUID has a file of its own beside a bundle whose cards share its
// UID. Whatever is found first, no card's content goes without a word.
func TestBundleOfOneUID(t *testing.T) {
	all, one := personal+"all.vcf", personal+"one.vcf"
	further := func(path string, n int) string { return strings.Repeat(path+": "+errFurther.Error()+"\n", n) }
	var (
		three = card("u", "A") + card("u", "B") + card("u", "C")
		lost  = "all.vcf: " + errSuperseded.Error() + "\n"
		twin  = "all.vcf: " + errCopy.Error() + "\n"
	)
	cases := []struct {
		name          string
		before, after map[string]string // files when the state was written, and then
		want, notes   string
	}{
		{"at first sight", nil, map[string]string{all: three, one: card("u", "S")},
			"1 one.vcf S\n2 all.vcf A\n3 all.vcf B\n4 all.vcf C\n", further("all.vcf", 3)},
		{"at first sight, one the same", nil, map[string]string{all: three, one: card("u", "B")},
			"1 one.vcf B\n2 all.vcf A\n3 all.vcf C\n", further("all.vcf", 1) + twin + further("all.vcf", 1)},
		{"at first sight, a single card of the UID", nil, map[string]string{all: card("u", "A") + card("v", "V"), one: card("u", "S")},
			"1 one.vcf S\n", lost},
		{"at first sight, a single card, the same", nil, map[string]string{all: card("u", "A") + card("v", "V"), one: card("u", "A")},
			"1 one.vcf A\n", twin},
		{"the file comes later", map[string]string{all: three}, map[string]string{one: card("u", "S")},
			"1 all.vcf A\n2 all.vcf B\n3 all.vcf C\n4 one.vcf S\n", further("one.vcf", 1)},
		{"the file comes later, one the same", map[string]string{all: three}, map[string]string{one: card("u", "B")},
			"1 all.vcf A\n2 one.vcf B\n3 all.vcf C\n", twin},
		{"the file comes later, a single card", map[string]string{all: card("u", "A") + card("v", "V")}, map[string]string{one: card("u", "S")},
			"1 one.vcf S\n", lost},
		{"the bundle comes later", map[string]string{one: card("u", "S")}, map[string]string{all: three},
			"1 one.vcf S\n2 all.vcf A\n3 all.vcf B\n4 all.vcf C\n", further("all.vcf", 3)},
		{"the bundle comes later, all of it the same", map[string]string{one: card("u", "S")}, map[string]string{all: card("u", "S") + card("u", "S")},
			"1 one.vcf S\n", twin},
		{"a card in the bundle is edited", map[string]string{all: three, one: card("u", "S")}, map[string]string{all: card("u", "A") + card("u", "B2") + card("u", "C")},
			"1 one.vcf S\n2 all.vcf A\n3 all.vcf B2\n4 all.vcf C\n", ""},
		{"all others of the UID leave the bundle", map[string]string{all: three, one: card("u", "S")}, map[string]string{all: card("u", "C2") + card("v", "V")},
			"1 one.vcf S\n2 all.vcf C2\n", ""},
		{"the file goes", map[string]string{all: three, one: card("u", "S")}, map[string]string{one: ""},
			"2 all.vcf A\n3 all.vcf B\n4 all.vcf C\n", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t, c.before)
			for path, text := range c.after {
				if text == "" {
					s.m.drop(path)
				} else {
					s.m.put(path, text)
				}
			}
			s.clock.later()
			s.survey()
			if got := s.holders("u"); got != c.want {
				t.Errorf("holders: got\n%swant\n%s", got, c.want)
			}
			if got := notesOf(s.f); got != c.notes {
				t.Errorf("notes: got\n%swant\n%s", got, c.notes)
			}
			s.must(s.commit())
			s.clock.later()
			sv, reads := s.survey(), s.m.did["read"]
			if got := s.holders("u"); got != c.want {
				t.Errorf("in the next session: got\n%swant\n%s", got, c.want)
			}
			for _, o := range sv["contacts"].Objects {
				t.Errorf("in the next session %s is news", o.Place.Path)
			}
			if got := notesOf(s.f); got != "" || reads > 0 || sv["contacts"].Unsaved {
				t.Errorf("in the next session: %d reads, unsaved %v, notes\n%s", reads, sv["contacts"].Unsaved, got)
			}
			// A wiped state loses nothing without a word, either.
			s.wipeState()
			b := &scene{pc: newPC(t, 'B'), m: s.m, clock: s.clock, opt: s.opt}
			b.survey()
			got := strings.Count(b.holders("u"), "\n") + strings.Count(notesOf(b.f), errSuperseded.Error())
			if want := strings.Count(c.want, "\n"); got < want {
				t.Errorf("without the state: %d holders and lost copies, want %d", got, want)
			}
		})
	}
}

// TestSupersededBundleIsKept: a bundle that brings nothing but copies is news for the
// state alone, and is read once.
func TestSupersededBundleIsKept(t *testing.T) {
	s := newScene(t, map[string]string{personal + "one.vcf": card("u", "S"), personal + "two.vcf": card("v", "V")})
	s.m.put(personal+"all.vcf", card("u", "S, older")+card("v", "V"))
	s.clock.later()
	sv := s.survey()
	if !sv["contacts"].Unsaved || len(sv["contacts"].Objects) != 0 {
		t.Errorf("got unsaved %v, objects %d; want the state alone to change", sv["contacts"].Unsaved, len(sv["contacts"].Objects))
	}
	if got, want := notesOf(s.f), "all.vcf: "+errSuperseded.Error()+"\nall.vcf: "+errCopy.Error()+"\n"; got != want {
		t.Errorf("notes: got %q, want %q", got, want)
	}
	s.must(s.commit())
	s.clock.later()
	sv = s.survey()
	if sv["contacts"].Unsaved || len(s.f.Notes()) > 0 || s.m.did["read"] > 0 {
		t.Errorf("again: unsaved %v, %d reads, notes %v", sv["contacts"].Unsaved, s.m.did["read"], s.f.Notes())
	}
}
