package acceptance

import (
	"bytes"
	"encoding/base64"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cradle/hwtest"
	"cradle/mtp/responder"
)

// The scene of the cable tests: two computers and a phone that agreed on 24 items,
// and what happened at each since. One session of PC1 is then broken off at every
// point.

const photoSize = 2 << 20

// photoCard is a contact with a picture of 2 MB, on one line as many phones write it.
func photoCard(uid, word string) string {
	picture := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("no picture at all, but many bytes"), photoSize/33))
	return with(contact(uid, word), "PHOTO;ENCODING=b;TYPE=JPEG", picture)
}

func contact(uid, word string, more ...string) string {
	l := []string{"BEGIN:VCARD", "VERSION:3.0", "N:" + word + ";;;;", "FN:" + word, "TEL;TYPE=CELL:+49301234"}
	if uid != "" {
		l = append(l, "UID:"+uid)
	}
	return fold(append(append(l, more...), "END:VCARD"))
}

func appointment(uid, word string, more ...string) string {
	l := []string{"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//y", "BEGIN:VEVENT", "UID:" + uid,
		"DTSTAMP:20260101T000000Z", "DTSTART:20260401T100000Z", "SUMMARY:" + word}
	return fold(append(append(l, more...), "END:VEVENT", "END:VCALENDAR"))
}

func task(uid, word string) string {
	return fold([]string{"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//y", "BEGIN:VTODO", "UID:" + uid,
		"DTSTAMP:20260101T000000Z", "SUMMARY:" + word, "END:VTODO", "END:VCALENDAR"})
}

// scene is a world at the moment before the session that is broken off.
type scene struct {
	*world
	*oracle
	n int
}

func (s *scene) word() string {
	s.n++
	return fmt.Sprintf("v%dx", s.n)
}

// put is what the phone's user makes or changes; the oracle hears of it.
func (s *scene) put(d *device, path, text string) {
	s.steps++
	before := ""
	if b, err := os.ReadFile(d.dir + "/" + path); err == nil {
		before = string(b)
	}
	s.typed(wordsOf(path, before), wordsOf(path, text))
	d.write(s.t, path, text, s.start.Add(-24*time.Hour+time.Duration(s.steps)*10*time.Second))
}

func (s *scene) drop(d *device, path string) {
	b, err := os.ReadFile(d.dir + "/" + path)
	s.must(err)
	s.typed(wordsOf(string(b)), nil)
	d.remove(s.t, path)
}

// create, edit, move and drop in a store; edit is given what the text becomes.
func (s *scene) create(p *pc, kind, collection, text string) {
	s.steps++
	s.typed(nil, wordsOf(collection, text))
	_, err := p.open().Create(ctxb, kind, collection, []byte(text))
	s.must(err)
}

func (s *scene) find(p *pc, uid string) held {
	for _, it := range p.items() {
		if find(it.text, "UID") == uid || uid == "" && find(it.text, "UID") == "" {
			return it
		}
	}
	s.fail("%s has no item %q", p.name, uid)
	return held{}
}

func (s *scene) edit(p *pc, uid string, change func(text string) string) {
	s.steps++
	it := s.find(p, uid)
	text := change(it.text)
	s.typed(wordsOf(it.collection, it.text), wordsOf(it.collection, text))
	_, _, err := p.open().Edit(ctxb, it.id, []byte(text))
	s.must(err)
}

func (s *scene) move(p *pc, uid, to string) {
	s.steps++
	it := s.find(p, uid)
	s.typed(wordsOf(it.collection, it.text), wordsOf(to, it.text))
	s.must(p.open().Move(ctxb, it.id, to))
}

func (s *scene) erase(p *pc, uid string) {
	s.steps++
	it := s.find(p, uid)
	s.typed(wordsOf(it.collection, it.text), nil)
	_, err := p.open().Delete(ctxb, it.id)
	s.must(err)
}

const (
	cards  = "Cradle/contacts/personal/"
	dates  = "Cradle/calendars/personal/"
	chores = "Cradle/tasks/personal/"
)

func name(text, word string) string { return with(with(text, "FN", word), "N", word+";;;;") }

// newScene makes the scene in w's folder.
func newScene(t testing.TB, dir string, kind hwtest.Kind) *scene {
	s := &scene{world: newWorld(t, dir, 1, 2), oracle: newOracle()}
	serial := "P1"
	if kind == folderKind {
		serial = ""
	}
	d := s.addPhone(kind, serial)
	one, two := s.pcs[0], s.pcs[1]
	for i := range 8 {
		s.put(d, fmt.Sprintf("%sc%d.vcf", cards, i), contact(fmt.Sprintf("c%d", i), s.word()))
	}
	for i := range 5 {
		s.put(d, fmt.Sprintf("%se%d.ics", dates, i), appointment(fmt.Sprintf("e%d", i), s.word()))
	}
	s.put(d, cards+"noname.vcf", contact("", s.word()))
	s.put(d, cards+"bundle.vcf", contact("b0", s.word())+contact("b1", s.word())+contact("b2", s.word()))
	s.put(d, chores+"t0.ics", task("t0", s.word()))
	for i := range 6 {
		s.create(one, "contacts", "personal", contact(fmt.Sprintf("d%d", i), s.word()))
	}
	s.settle()
	s.equal()

	// At the phone.
	s.put(d, cards+"c0.vcf", name(contact("c0", ""), s.word()))
	s.put(d, cards+"new.vcf", contact("p0", s.word()))
	s.drop(d, cards+"c1.vcf")
	b, err := os.ReadFile(d.dir + "/" + cards + "c2.vcf")
	s.must(err)
	to := "team-" + s.word()
	s.typed(nil, []string{to[5:]})
	s.item[to[5:]] = s.item[wordsOf(string(b))[0]]
	d.remove(t, cards+"c2.vcf")
	d.write(t, "Cradle/contacts/"+to+"/c2.vcf", string(b), time.Time{})
	s.put(d, dates+"e0.ics", plus(appointment("e0", s.word()), "LOCATION:"+s.word()))
	// At PC1.
	s.edit(one, "c3", func(text string) string { return plus(text, "TEL:+49170"+s.word()) })
	s.edit(one, "c0", func(text string) string { return with(text, "NOTE", s.word()) })
	s.edit(one, "c7", func(text string) string { return name(text, s.word()) })
	s.put(d, cards+"c7.vcf", contact("c7", s.word())) // the conflict
	s.edit(one, "", func(text string) string { return plus(text, "EMAIL:"+s.word()+"@example.org") })
	s.edit(one, "b0", func(text string) string { return with(text, "NOTE", s.word()) })
	s.create(one, "contacts", "personal", photoCard("photo", s.word()))
	s.create(one, "events", "personal", appointment("e9", s.word()))
	s.create(one, "contacts", "personal", contact("", s.word()))
	s.erase(one, "d0")
	s.erase(one, "e1")
	s.move(one, "d1", "team-"+s.word())
	s.edit(one, "t0", func(text string) string { return with(text, "DESCRIPTION", s.word()) })
	s.edit(one, "c4", func(text string) string { return with(text, "ORG", s.word()) })
	s.edit(one, "c5", func(text string) string { return name(text, s.word()) })
	s.edit(one, "e4", func(text string) string { return with(text, "LOCATION", s.word()) })
	s.put(d, cards+"c6.vcf", name(contact("c6", ""), s.word()))
	// At PC2.
	s.edit(two, "d2", func(text string) string { return with(text, "NOTE", s.word()) })
	s.edit(two, "e2", func(text string) string { return with(text, "LOCATION", s.word()) })
	s.create(two, "events", "personal", appointment("e8", s.word()))
	s.erase(two, "d3")
	s.move(two, "e3", "team-"+s.word())
	for _, p := range s.pcs {
		p.close()
	}
	return s
}

// reset puts the scene back to its beginning. A store that is copied knows that it is
// a copy: so the stores' bytes go back into the same files.
func (s *scene) reset(t testing.TB, images []string, phone string) {
	s.t = t
	s.trace = s.trace[:0]
	for i, p := range s.pcs {
		p.close()
		overwrite(t, images[i], p.path)
	}
	s.phones[0].restore(t, phone)
}

// afterwards is who comes first after the session was broken off.
type afterwards int

const (
	samePC    afterwards = iota
	otherPC              // the other computer first
	editedPC2            // the phone's user edits what lies there, then the other computer
)

func (a afterwards) String() string {
	return [...]string{"the same PC first", "the other PC first", "edited on the phone, then the other PC first"}[a]
}

// sample is about how many ways of breaking off the fast suite tries a phone; the
// step between them is odd and no multiple of three, so that all phases and all
// ways of going on come up.
const sample = 45

var cuts = flag.Int("cuts", sample, "how many ways of breaking off to try on each phone")

// TestCable breaks one session off at every point: the cable is pulled after each
// transaction and within each data phase, and the program is killed at each commit
// of its store. Whoever comes next, nothing is lost, doubled, torn or brought back.
// The fast suite takes an even sample; CRADLE_ACCEPT=all takes all.
func TestCable(t *testing.T) {
	kinds := []hwtest.Kind{hwtest.Android, hwtest.Basic, folderKind}
	for _, kind := range kinds {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := newScene(t, tempDir(t), kind)
			defer s.close()
			var images []string
			for _, p := range s.pcs {
				images = append(images, s.newName(".image"))
				copyFile(t, p.path, images[len(images)-1])
			}
			phone := s.newName(".phone")
			copyTree(t, s.phones[0].dir, phone)
			words, items := clone(s.words), clone(s.item)
			n, steps, made := s.n, s.steps, s.made
			again := func(t testing.TB) {
				s.reset(t, images, phone)
				s.words, s.item = clone(words), clone(items)
				s.n, s.steps, s.made = n, steps, made
			}
			faults := s.everyFault(t, again)
			step := 1
			if !all() {
				step = max(1, len(faults)*3 / *cuts) | 1
			}
			if step%3 == 0 {
				step += 2
			}
			var ran atomic.Int64
			for at := 3 % step; at < len(faults)*3; at += step {
				f, then := faults[at/3], afterwards(at%3)
				t.Run(fmt.Sprintf("%v, %v", f, then), func(t *testing.T) {
					again(t)
					s.breakOff(f, then)
					ran.Add(1)
				})
			}
			t.Logf("%d of %d ways of breaking off and going on", ran.Load(), len(faults)*3)
		})
	}
}

func clone[V any](m map[string]V) map[string]V {
	c := make(map[string]V, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}

// everyFault runs the session whole and lists the points at which it can be broken
// off.
func (s *scene) everyFault(t testing.TB, again func(testing.TB)) []fault {
	again(t)
	out, err := s.sync(s.pcs[0], s.phones[0], fault{})
	s.must(err)
	if out.moved() < 20 {
		t.Fatalf("the scene moves %d, want at least 20: %v", out.moved(), out)
	}
	if out.commits < 5 || out.transactions < 40 {
		t.Fatalf("the session has %d commits and %d transactions", out.commits, out.transactions)
	}
	var list []fault
	for n := 1; n <= out.transactions; n++ {
		var data int64
		if s.phones[0].kind != folderKind {
			data = max(out.log[n-1].In, out.log[n-1].Out)
		} else {
			data = out.sizes[n]
		}
		if data > 0 {
			for _, b := range []int64{0, data / 2, data - 1} {
				f := fault{cut: n, phase: responder.InData, bytes: b}
				if !slices.Contains(list, f) {
					list = append(list, f)
				}
			}
		}
		list = append(list, fault{cut: n, phase: responder.After})
	}
	for n := 1; n <= out.commits; n++ {
		list = append(list, fault{kill: n})
	}
	return list
}

// breakOff runs the session with a fault, lets whoever comes first go on, and checks
// the end.
func (s *scene) breakOff(f fault, then afterwards) {
	d := s.phones[0]
	s.sync(s.pcs[0], d, f)
	s.pcs[0].close()
	if then == editedPC2 {
		s.editAll(d)
	}
	if then != samePC {
		_, err := s.sync(s.pcs[1], d, fault{})
		s.must(err)
	}
	s.settle()
	s.check(s.world)
	for _, h := range d.items(s.t) {
		if strings.Contains(h.path, "~") && d.kind != hwtest.Basic {
			s.fail("%s is left", h.path)
		}
	}
	for _, path := range d.files(s.t) {
		if strings.HasPrefix(path, "Cradle/state/") || path == "Cradle/README.txt" {
			continue
		}
		b, err := os.ReadFile(filepath.Join(d.dir, path))
		s.must(err)
		if !whole(string(b)) {
			s.fail("%s is torn", path)
		}
	}
}

// editAll has the phone's user add a line to every third object, of two files with
// one item to the first.
func (s *scene) editAll(d *device) {
	seen := map[string]bool{}
	for i, h := range d.items(s.t) {
		uid := find(h.text, "UID")
		if h.bundled || uid != "" && seen[uid] {
			continue
		}
		seen[uid] = true
		if i%3 == 0 {
			line := "CATEGORIES:" + s.word()
			before := wordsOf(h.collection, h.text)
			text := plus(h.text, line)
			s.typed(before, wordsOf(h.collection, text))
			d.write(s.t, h.path, text, time.Time{})
			s.logf("phone edits %s: %v", h.path, wordsOf(h.collection, text))
		}
	}
}
