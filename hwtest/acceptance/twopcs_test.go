package acceptance

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"cradle/engine"
	"cradle/hwtest"
)

// pair is two computers and a phone that agreed on some items.
func pair(t *testing.T, kind hwtest.Kind) *scene {
	s := &scene{world: newWorld(t, tempDir(t), 1, 2), oracle: newOracle()}
	t.Cleanup(s.close)
	serial := "P1"
	if kind == folderKind {
		serial = ""
	}
	d := s.addPhone(kind, serial)
	for i := range 4 {
		s.put(d, fmt.Sprintf("%sc%d.vcf", cards, i), contact(fmt.Sprintf("c%d", i), s.word()))
	}
	s.put(d, dates+"e0.ics", appointment("e0", s.word()))
	for i := range 4 {
		s.create(s.pcs[0], "contacts", "personal", contact(fmt.Sprintf("d%d", i), s.word()))
	}
	s.create(s.pcs[1], "events", "personal", appointment("f0", s.word()))
	s.end()
	return s
}

// end lets everybody sync with everybody and checks what is there then.
func (s *scene) end() {
	s.t.Helper()
	s.settle()
	s.check(s.world)
	for _, p := range s.pcs {
		wrong, err := p.open().Check(ctxb)
		s.must(err)
		if len(wrong) > 0 {
			s.fail("%s: %v", p.name, wrong)
		}
	}
}

// note is the usual edit of a story: a field that nobody else touches.
func (s *scene) note(p *pc, uid string) {
	s.edit(p, uid, func(text string) string { return with(text, "NOTE", s.word()) })
}

func (s *scene) number(p *pc, uid string) {
	s.edit(p, uid, func(text string) string { return plus(text, "TEL:+49170"+s.word()) })
}

// meet runs a session that must go through.
func (s *scene) meet(p *pc, d *device) {
	s.t.Helper()
	_, err := s.sync(p, d, fault{})
	s.must(err)
}

// TestTwoPCs tells stories of two computers and one phone. In the end all three hold
// the same, each item once, nothing is lost and nothing that was deleted is back.
func TestTwoPCs(t *testing.T) {
	stories := []struct {
		name string
		tell func(s *scene, one, two *pc, d *device)
	}{
		{"edits at all three", func(s *scene, one, two *pc, d *device) {
			s.put(d, cards+"c0.vcf", name(contact("c0", ""), s.word()))
			s.note(one, "c0")
			s.number(two, "c0")
			s.erase(one, "d0")
			s.erase(two, "d1")
			s.drop(d, cards+"c1.vcf")
			s.move(one, "d2", "team-"+s.word())
			s.create(two, "contacts", "personal", contact("n0", s.word()))
			s.put(d, cards+"n1.vcf", contact("n1", s.word()))
		}},
		{"a number added here, another deleted there", func(s *scene, one, two *pc, d *device) {
			s.number(one, "d0")
			s.number(one, "d0")
			s.end()
			s.edit(one, "d0", func(text string) string { return minus(text, "TEL", 1) })
			s.number(two, "d0")
		}},
		{"an edit and a deletion of one item", func(s *scene, one, two *pc, d *device) {
			s.erase(one, "d0")
			s.note(two, "d0")
			s.meet(one, d)
		}},
		{"a wiped store", func(s *scene, one, two *pc, d *device) {
			s.erase(two, "d0")
			s.meet(two, d)
			s.wipeStore(one)
			s.note(two, "c0")
			s.put(d, cards+"c1.vcf", name(contact("c1", ""), s.word()))
			s.meet(one, d)
			s.number(one, "c2")
			s.erase(one, "c3")
		}},
		{"a wiped state", func(s *scene, one, two *pc, d *device) {
			s.erase(one, "d0")
			s.end()
			s.must(os.RemoveAll(filepath.Join(d.dir, "Cradle/state")))
			s.note(one, "c0")
			s.number(two, "c0")
			s.put(d, cards+"c1.vcf", name(contact("c1", ""), s.word()))
		}},
		{"a copied store used twice", func(s *scene, one, two *pc, d *device) {
			one.close()
			s.forget(two)
			two.close()
			two.path = s.newName(".db")
			copyFile(s.t, one.path, two.path)
			s.replaced(s.world)
			s.note(one, "c0")
			s.number(two, "c0")
			s.create(one, "contacts", "personal", contact("n0", s.word()))
			s.create(two, "contacts", "personal", contact("n1", s.word()))
			s.meet(one, d)
			s.erase(two, "c1")
			s.meet(two, d)
			s.note(one, "d0")
			s.note(two, "d1")
		}},
		{"yesterday's store restored in place, fewer edits than were lost", func(s *scene, one, two *pc, d *device) {
			s.yesterday(one, d)
			s.create(one, "contacts", "personal", contact("n0", s.word()))
		}},
		{"yesterday's store restored in place, more edits than were lost", func(s *scene, one, two *pc, d *device) {
			s.yesterday(one, d)
			for i := range 12 {
				s.create(one, "contacts", "personal", contact(fmt.Sprintf("n%d", i), s.word()))
			}
			s.number(one, "c2")
		}},
		{"the other PC in between a restored store", func(s *scene, one, two *pc, d *device) {
			s.yesterday(one, d)
			for i := range 12 {
				s.create(one, "contacts", "personal", contact(fmt.Sprintf("n%d", i), s.word()))
			}
			s.note(two, "d2")
			s.meet(two, d)
		}},
		{"the phone restored from last week", func(s *scene, one, two *pc, d *device) {
			week := s.newName(".phone")
			copyTree(s.t, d.dir, week)
			s.note(one, "c0")
			s.erase(one, "d0")
			s.drop(d, cards+"c1.vcf")
			s.create(two, "contacts", "personal", contact("n0", s.word()))
			s.end()
			d.restore(s.t, week)
			s.put(d, cards+"c2.vcf", name(contact("c2", ""), s.word()))
			s.note(two, "c3")
		}},
		{"the storage cloned to a second phone, both used", func(s *scene, one, two *pc, d *device) {
			if d.kind == folderKind {
				return // a folder has no serial number: its clone is the same phone
			}
			c := s.addPhone(d.kind, "P2")
			copyTree(s.t, d.dir, c.dir)
			s.put(d, cards+"c0.vcf", name(contact("c0", ""), s.word()))
			s.put(c, cards+"c1.vcf", name(contact("c1", ""), s.word()))
			s.put(d, cards+"n0.vcf", contact("n0", s.word()))
			s.put(c, cards+"n1.vcf", contact("n1", s.word()))
			s.drop(c, cards+"c3.vcf")
			s.meet(one, d)
			s.meet(two, c)
			s.note(one, "d1")
			s.note(two, "d2")
		}},
	}
	for _, kind := range []hwtest.Kind{hwtest.Android, hwtest.Basic, folderKind} {
		for _, story := range stories {
			t.Run(string(kind)+"/"+story.name, func(t *testing.T) {
				s := pair(t, kind)
				story.tell(s, s.pcs[0], s.pcs[1], s.phones[0])
				s.end()
			})
		}
	}
}

// wipeStore takes a computer's store away; its conflict log goes with it.
func (s *scene) wipeStore(p *pc) {
	s.forget(p)
	p.close()
	p.path = s.newName(".db")
	s.replaced(s.world)
}

// yesterday puts a store back, in the same file, to before edits that the phone has
// seen.
func (s *scene) yesterday(p *pc, d *device) {
	p.close()
	image := s.newName(".image")
	copyFile(s.t, p.path, image)
	s.note(p, "c0")
	s.note(p, "c1")
	s.create(p, "contacts", "personal", contact("y0", s.word()))
	s.meet(p, d)
	s.erase(p, "d3")
	s.number(p, "c2")
	s.meet(p, d)
	s.forget(p)
	p.close()
	overwrite(s.t, image, p.path)
	s.replaced(s.world)
}

// TestSecondSyncIsNothing holds that a session with nothing to do writes nothing: not
// a byte of the store's files, not a byte or time on the phone.
func TestSecondSyncIsNothing(t *testing.T) {
	for _, kind := range []hwtest.Kind{hwtest.Android, hwtest.Basic, folderKind} {
		t.Run(string(kind), func(t *testing.T) {
			s := pair(t, kind)
			p, d := s.pcs[0], s.phones[0]
			p.close()
			store, err := os.ReadFile(p.path)
			s.must(err)
			phone := d.image(t)
			s.meet(p, d)
			p.close()
			after, err := os.ReadFile(p.path)
			s.must(err)
			if !slices.Equal(store, after) {
				t.Errorf("the store's file changed")
			}
			if _, err := os.Stat(p.path + "-wal"); err == nil {
				t.Errorf("the store was written to")
			}
			if !sameImage(phone, d.image(t)) {
				t.Errorf("the phone was written to")
			}
		})
	}
}

// TestBrakes holds that an emptied side stops the session before anything is
// written, and that an accepted plan goes through once.
func TestBrakes(t *testing.T) {
	for _, kind := range []hwtest.Kind{hwtest.Android, folderKind} {
		t.Run(string(kind), func(t *testing.T) {
			s := pair(t, kind)
			p, d := s.pcs[0], s.phones[0]
			s.must(os.RemoveAll(filepath.Join(d.dir, "Cradle/contacts")))
			before, commits := d.image(t), p.commits
			out, err := s.session(p, d, fault{}, engine.Options{})
			if !errors.Is(err, engine.ErrBraked) || out.res.Plan.Brake == nil {
				t.Fatalf("an emptied phone: got %v, want a brake", err)
			}
			if !sameImage(before, d.image(t)) || p.commits != commits {
				t.Fatalf("a session that was stopped wrote something")
			}
			accept := out.res.Plan.Brake.Accept
			if _, err := s.session(p, d, fault{}, engine.Options{Accept: accept}); err != nil {
				t.Fatalf("the accepted plan: %v", err)
			}
			if n := len(slices.DeleteFunc(p.items(), func(h held) bool { return h.kind != "contacts" })); n != 0 {
				t.Fatalf("%d contacts are left in the store", n)
			}
		})
	}
}
