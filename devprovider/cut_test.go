package devprovider

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"cradle/engine"
	"cradle/pim"
	"cradle/valuebag"
)

// outcome is what an item may be: its old text or its new one; "" is absence.
type outcome struct{ old, new string }

// cutScene is a device with a state, and what a session is to change on it.
type cutScene struct {
	// doubles: an item may be there twice, as on a phone that never shows all of a
	// folder, so that what was written is written again.
	doubles bool
	device  *memStore // nil on a virtual phone
	clock   *testClock
	put     func(path, text string)
	a       *pc
	folder  string             // where its items lie at first, if not in the tree
	want    map[string]outcome // by UID
	// moves in order: the collection and text that the item gets.
	moves []cutMove
}

type cutMove struct{ uid, collection, text string }

func newCutScene(t *testing.T, shape func(*memStore)) *cutScene { return newCutSceneAt(t, shape, "") }

// newCutSceneAt has the items of the collection personal in a vdir outside the tree.
func newCutSceneAt(t *testing.T, shape func(*memStore), folder string) *cutScene {
	s := &cutScene{clock: newTestClock(), a: newPC(t, 'A'), folder: folder}
	if folder != "" {
		s.a.vdirs = []Vdir{{Folder: folder, Collection: "personal"}}
	}
	s.device = newMemStore(s.clock.now)
	shape(s.device)
	s.put = s.device.put
	s.hold()
	s.clock.later()
	s.a.sync(replaceable(s.device), s.options())
	s.clock.later()
	return s
}

// hold puts the scene's items on the device and says what they are to become.
func (s *cutScene) hold() {
	folder := personal
	if s.folder != "" {
		folder = s.folder + "/"
	}
	s.want = map[string]outcome{}
	hold := func(uid, path, text string) {
		s.put(path, text)
		s.want[uid] = outcome{text, text}
	}
	for _, uid := range []string{"edit", "delete", "move", "both", "stay"} {
		hold(uid, folder+uid+".vcf", card(uid, "Old "+uid))
	}
	s.put(folder+"anon.vcf", card("", "Old anon"))
	s.want["anon"] = outcome{card("", "Old anon"), card("", "Old anon")}
	bundled := map[string]string{"in1": card("in1", "Old in1"), "in2": card("in2", "Old in2"), "in3": card("in3", "Old in3")}
	s.put(folder+"all.vcf", bundled["in1"]+bundled["in2"]+bundled["in3"])
	for uid, text := range bundled {
		s.want[uid] = outcome{text, text}
	}
	move := func(uid, collection, text string) {
		s.moves = append(s.moves, cutMove{uid, collection, text})
		s.want[uid] = outcome{s.want[uid].old, text}
	}
	move("edit", "personal", card("edit", "New edit"))
	move("new", "personal", card("new", "New new", "NOTE:"+strings.Repeat("long ", 50)))
	move("delete", "", "")
	move("move", "work", card("move", "Old move"))
	move("both", "work", card("both", "New both"))
	move("in1", "personal", card("in1", "New in1"))
	move("in2", "", "")
	move("anon", "personal", card("", "New anon"))
}

// cutID is the ID of one of the scene's items.
func cutID(uid string) engine.ItemID {
	if uid != "anon" {
		return uidOf(uid)
	}
	v, err := pim.Contacts.New([]byte(card("", "Old anon")), "personal")
	if err != nil {
		panic(err)
	}
	return engine.ItemIDFromContent("contacts", engine.Digest(pim.Contacts.ContentDigest(v)), 1)
}

// replaceable gives a store its Replace, where it is of that shape.
func replaceable(m *memStore) ObjectStore {
	if m.replace {
		return replacing{m}
	}
	return m
}

func (s *cutScene) options() Options {
	if s.clock == nil {
		return Options{Serial: "S"}
	}
	return Options{Serial: "S", Now: s.clock.now}
}

// run carries the changes out that aren't done yet.
func (s *cutScene) run(p *pc, device ObjectStore) error {
	if err := p.open(device, s.options()); err != nil {
		return err
	}
	if _, err := p.take(); err != nil {
		return err
	}
	for i, m := range s.moves {
		id := cutID(m.uid)
		it, known := p.next["contacts"][id]
		if m.text == "" {
			if !known || it.Meta.Deleted {
				continue
			}
		} else if v, err := p.f.Load(ctxb, "contacts", id, it.Place); known && !it.Meta.Deleted && err == nil {
			if wholeText(v) == m.text && pim.Contacts.Collection(v) == m.collection {
				continue
			}
		} else if errors.Is(err, engine.ErrGone) {
			return err
		}
		if err := p.write("contacts", id, m.collection, m.text); err != nil {
			return err
		}
		if i == 3 {
			if err := p.commit(); err != nil {
				return err
			}
		}
	}
	return p.commit()
}

// wholeText is an item's text. A cut may have taken the last line's end, which
// changes nothing.
func wholeText(v *valuebag.Values) string {
	return strings.TrimRight(string(pim.Contacts.Text(v)), "\r\n") + "\r\n"
}

// holds checks that every item of the scene is on the device once, whole, old or
// new.
func (s *cutScene) holds(p *pc, final bool) error {
	byID := map[engine.ItemID]string{}
	for uid := range s.want {
		byID[cutID(uid)] = uid
	}
	got := map[string]string{}
	for id, it := range p.next["contacts"] {
		uid, known := byID[id]
		if it.Meta.Deleted {
			continue
		}
		if !known && s.doubles {
			continue
		}
		if !known {
			return fmt.Errorf("a doubled item at %s", it.Place.Path)
		}
		v, err := p.f.Load(ctxb, "contacts", id, it.Place)
		if err != nil {
			return fmt.Errorf("%s: %w", uid, err)
		}
		got[uid] = wholeText(v)
	}
	for uid, w := range s.want {
		if g := got[uid]; g != w.new && (final || g != w.old) {
			return fmt.Errorf("%s: got %q, want %q or (not at the end) %q", uid, g, w.new, w.old)
		}
	}
	return nil
}

func clonePC(t *testing.T, p *pc) *pc {
	c := *p
	c.t, c.views, c.items = t, maps.Clone(p.views), maps.Clone(p.items)
	return &c
}

// shapes are the devices that cuts are tried on.
var shapes = map[string]func(*memStore){
	"can all":       func(*memStore) {},
	"replaces":      func(m *memStore) { m.replace = true },
	"no rename":     func(m *memStore) { m.noRename, m.noMove = true, true },
	"no move":       func(m *memStore) { m.noMove = true },
	"lies":          func(m *memStore) { m.lieName, m.noMove = true, true },
	"coarse times":  func(m *memStore) { m.grain = 2 * time.Second },
	"without times": func(m *memStore) { m.grain = -1 },
}

// TestCuts pulls the cable after every operation of a session and inside every
// write, and lets the same computer, or another one first, go on.
func TestCuts(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(shapes)) {
		t.Run(name, func(t *testing.T) {
			newCutScene(t, shapes[name]).cutEverywhere(t)
		})
	}
}

// TestCutsInVdir does the same with items in a vdir outside the tree, which the
// computer that comes first after the cut knows of only by the device's state; also
// where the vdir lies on another storage than the tree.
func TestCutsInVdir(t *testing.T) {
	card := func(m *memStore) {
		home := &memStorage{Storage: Storage{Name: "home", Label: "home", Writable: true, Free: 1 << 30}, files: map[string]*memFile{}, folders: map[string]bool{"": true, rootFolder: true}}
		m.storages = append(m.storages, home)
	}
	for _, name := range []string{"can all", "replaces", "no rename"} {
		t.Run(name, func(t *testing.T) {
			newCutSceneAt(t, shapes[name], "Documents/Contacts").cutEverywhere(t)
		})
		t.Run(name+", on a card", func(t *testing.T) {
			s := newCutSceneAt(t, func(m *memStore) { shapes[name](m); card(m) }, "Documents/Contacts")
			if home, _ := s.a.f.Home(); home != "home" {
				t.Fatalf("the tree lies on %s", home)
			}
			s.cutEverywhere(t)
		})
	}
}

// cutEverywhere cuts the scene's session at every place.
func (s *cutScene) cutEverywhere(t *testing.T) {
	whole := s.device.clone()
	if err := s.run(clonePC(t, s.a), replaceable(whole)); err != nil {
		t.Fatalf("without a cut: %v", err)
	}
	for at := 1; at < whole.ops; at++ {
		for _, bytes := range partly(whole.log[at], 0, 1, 60, 1<<20) {
			for _, first := range []string{"same", "other"} {
				if err := s.cutAt(t, at, bytes, first); err != nil {
					t.Fatalf("cut after operation %d (%s), %d bytes of the next (%s), %s PC first: %v",
						at, whole.log[at-1], bytes, whole.log[at], first, err)
				}
			}
		}
	}
}

// partly are the ways in which a cut may divide an operation: before it, and, if
// it changes something, after so many bytes of it.
func partly(op string, bytes ...int) []int {
	name, _, _ := strings.Cut(op, " ")
	switch name {
	case "create":
		return append([]int{-1}, bytes...)
	case "delete", "rename", "move", "replace":
		return []int{-1, 0}
	}
	return []int{-1}
}

// wantPulled judges how a session on a phone that is cut ended.
func wantPulled(device *memStore, err error) error {
	switch {
	case errors.Is(err, engine.ErrGone):
		return nil
	case err != nil:
		return fmt.Errorf("the session ended with %w, want a pulled cable", err)
	case !device.gone:
		return errors.New("the session ended well, want a pulled cable")
	}
	return nil // a commit whose new state stands is done, although an old one is left
}

func (s *cutScene) cutAt(t *testing.T, at, bytes int, first string) error {
	device := s.device.clone()
	device.cut, device.bytes = at, bytes
	a := clonePC(t, s.a)
	if err := wantPulled(device, s.run(a, replaceable(device))); err != nil {
		return err
	}
	device = device.clone()
	saved := s.clock.t
	defer func() { s.clock.t = saved }()
	s.clock.later()
	if first == "other" {
		b := newPC(t, 'B')
		if err := b.open(replaceable(device), s.options()); err != nil {
			return err
		}
		if _, err := b.take(); err != nil {
			return err
		}
		if err := s.holds(b, false); err != nil {
			return fmt.Errorf("as the other PC finds it: %w", err)
		}
		if err := b.commit(); err != nil {
			return err
		}
		s.clock.later()
	}
	if err := a.open(replaceable(device), s.options()); err != nil {
		return err
	}
	if _, err := a.take(); err != nil {
		return err
	}
	if err := s.holds(a, false); err != nil {
		return fmt.Errorf("as the same PC finds it: %w", err)
	}
	if err := s.run(a, replaceable(device)); err != nil {
		return fmt.Errorf("going on: %w", err)
	}
	s.clock.later()
	c := newPC(t, 'C')
	if err := c.open(replaceable(device), s.options()); err != nil {
		return err
	}
	sv, err := c.take()
	if err != nil {
		return err
	}
	if len(sv["contacts"].Objects)+len(sv["contacts"].Absent)+len(sv["contacts"].Failed)+len(sv["contacts"].Untouched) > 0 {
		return fmt.Errorf("a third PC finds changes:\n%s", told(sv))
	}
	if err := s.holds(c, true); err != nil {
		return fmt.Errorf("at the end: %w", err)
	}
	tree := device.tree()
	if n := len(tree); n != 8 {
		return fmt.Errorf("%d files at the end, want 8: %v", n, slices.Sorted(maps.Keys(tree)))
	}
	for path := range tree {
		if strings.Contains(path, "~") && !device.noRename && !device.lieName {
			return fmt.Errorf("%s is left", path)
		}
	}
	states := 0
	for _, st := range device.storages {
		for path := range st.files {
			if strings.HasPrefix(path, stateFolder+"/") {
				states++
			}
		}
	}
	if states != 1 {
		return fmt.Errorf("%d states at the end, want 1", states)
	}
	return nil
}

// TestCutsThenEdits has the phone's user edit what a cut left, and another PC come
// first: every edit is taken over.
func TestCutsThenEdits(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(shapes)) {
		t.Run(name, func(t *testing.T) {
			scene := newCutScene(t, shapes[name])
			whole := scene.device.clone()
			if err := scene.run(clonePC(t, scene.a), replaceable(whole)); err != nil {
				t.Fatalf("without a cut: %v", err)
			}
			for at := 1; at < whole.ops; at++ {
				for _, bytes := range partly(whole.log[at], 60, 1<<20) {
					for _, which := range []string{"old", "new"} {
						if err := scene.editAfter(t, at, bytes, which == "new"); err != nil {
							t.Fatalf("cut after operation %d (%s), %d bytes of the next (%s), the %s file edited: %v",
								at, whole.log[at-1], bytes, whole.log[at], which, err)
						}
					}
				}
			}
		})
	}
}

// editAfter edits every whole file that a cut left; where the old and the new one
// of an item lie side by side, one of them.
func (s *cutScene) editAfter(t *testing.T, at, bytes int, editNew bool) error {
	device := s.device.clone()
	device.cut, device.bytes = at, bytes
	a := clonePC(t, s.a)
	if err := wantPulled(device, s.run(a, replaceable(device))); err != nil {
		return err
	}
	device = device.clone()
	saved := s.clock.t
	defer func() { s.clock.t = saved }()
	s.clock.later()
	edited := map[string]string{} // by UID
	paths := slices.Sorted(maps.Keys(device.tree()))
	slices.SortStableFunc(paths, func(a, b string) int { // step files last, or first
		x, y := strings.Contains(a, "~"), strings.Contains(b, "~")
		if x == y {
			return 0
		}
		if x == editNew {
			return -1
		}
		return 1
	})
	for _, path := range paths {
		text := device.tree()[path]
		f := pim.Read([]byte(text))
		if f.Torn || f.Bundle || len(f.Objects) != 1 {
			continue
		}
		uid := f.Objects[0].UID
		if uid == "" {
			uid = "anon"
		}
		if edited[uid] != "" {
			continue
		}
		edited[uid] = strings.Replace(text, "END:VCARD", "NOTE:by the user\r\nEND:VCARD", 1)
		device.put(path, edited[uid])
	}
	s.clock.later()
	b := newPC(t, 'B')
	if err := b.open(replaceable(device), s.options()); err != nil {
		return err
	}
	if _, err := b.take(); err != nil {
		return err
	}
	for uid, text := range edited {
		it, ok := b.next["contacts"][cutID(uid)]
		if !ok || it.Meta.Deleted {
			return fmt.Errorf("%s is not there: %v", uid, slices.Sorted(maps.Keys(device.tree())))
		}
		v, err := b.f.Load(ctxb, "contacts", cutID(uid), it.Place)
		if err != nil {
			return fmt.Errorf("%s: %w", uid, err)
		}
		if got := string(pim.Contacts.Text(v)); got != text {
			return fmt.Errorf("%s: got %q, want %q", uid, got, text)
		}
	}
	if n, max := b.live("contacts"), len(s.want); n > max {
		return fmt.Errorf("%d items, want at most %d", n, max)
	}
	if err := b.commit(); err != nil {
		return err
	}
	s.clock.later()
	c := newPC(t, 'C')
	if err := c.open(replaceable(device), s.options()); err != nil {
		return err
	}
	sv, err := c.take()
	if err != nil {
		return err
	}
	if n := len(sv["contacts"].Objects) + len(sv["contacts"].Absent); n > 0 {
		return fmt.Errorf("a third PC finds changes:\n%s", told(sv))
	}
	return nil
}

func collectionIs(v *valuebag.Values, want string) bool { return pim.Contacts.Collection(v) == want }
