package acceptance

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"cradle/hwtest"
	"cradle/mtp/responder"
)

var (
	oneSeed   = flag.Uint64("seed", 0, "run this history alone, and show its steps")
	histories = flag.Int("histories", 0, "how many histories to run; 0: as many as the suite has")
	fromSeed  = flag.Uint64("from", 1, "the seed of the first history")
)

// all reports whether nothing is to be left out.
func all() bool { return os.Getenv("CRADLE_ACCEPT") == "all" }

// history is a generated one: two computers, up to two phones, and what their
// people did.
type history struct {
	*world
	*oracle
	n       int
	backups map[*device]string // folders
	stores  map[*pc]string     // files
	inPlace *pc                // restored where it was, and no session since
	// pinned: a state was wiped while there were items without a UID, and these
	// computers haven't synced since. Such items are known by their path and content
	// alone, and people leave them as they are. halted: a session ended before the
	// state listed such an object, and these haven't synced since; computers then
	// leave them alone.
	pinned, halted map[*pc]bool
	// dirty: the last session with a device ended early, so that what was written
	// there may be in no state.
	dirty map[*device]bool
	// twins: items of which one of two files, which a cut left, was edited.
	twins map[string]bool
}

func newHistory(t testing.TB, dir string, seed uint64) *history {
	h := &history{
		world: newWorld(t, dir, seed, 2), oracle: newOracle(),
		backups: map[*device]string{}, stores: map[*pc]string{}, pinned: map[*pc]bool{}, halted: map[*pc]bool{},
		dirty: map[*device]bool{}, twins: map[string]bool{},
	}
	kinds := []hwtest.Kind{hwtest.Android, hwtest.Android, hwtest.Basic, folderKind}
	kind := kinds[h.r.IntN(len(kinds))]
	serial := "P1"
	if kind == folderKind {
		serial = "" // a folder has no serial number
	}
	d := h.addPhone(kind, serial)
	if kind != folderKind && h.r.IntN(4) == 0 {
		d.shape.Times = []hwtest.Times{hwtest.Times2s, hwtest.TimesNone}[h.r.IntN(2)]
	}
	h.logf("seed %d: a phone of kind %s, %+v", seed, kind, d.shape.Times)
	return h
}

func (h *history) fault() fault {
	if h.r.IntN(3) == 0 {
		return fault{kill: 1 + h.r.IntN(8)}
	}
	f := fault{cut: 1 + h.r.IntN(60), phase: responder.Phase(h.r.IntN(4))}
	if f.phase == responder.InData {
		f.bytes = int64([]int{0, 1, 50, 120, 400, 1 << 20}[h.r.IntN(6)])
	}
	return f
}

func (h *history) step() {
	h.steps++
	p, d := h.pcs[h.r.IntN(len(h.pcs))], h.phones[h.r.IntN(len(h.phones))]
	switch x := h.r.IntN(20); {
	case x < 5:
		h.stepStore(p)
	case x < 10:
		h.stepPhone(d)
	case x < 15:
		h.run(p, d, fault{})
	case x < 17:
		f := h.fault()
		if _, err := os.Stat(path.Join(d.dir, "Cradle/state")); err != nil && d.kind == folderKind {
			f = fault{} // a folder gets its identity with its first state
		}
		h.run(p, d, f)
	default:
		h.disaster(p, d)
	}
}

func (h *history) run(p *pc, d *device, f fault) {
	out, err := h.sync(p, d, f)
	h.dirty[d] = err != nil
	if err == nil {
		delete(h.pinned, p)
		delete(h.halted, p)
		clear(h.twins)
		if h.inPlace == p {
			h.inPlace = nil
		}
	}
	if err != nil && h.unlisted(d) {
		for _, p := range h.pcs {
			h.halted[p] = true
		}
	}
	if out.res == nil {
		return
	}
	for _, x := range out.res.Failed {
		if !strings.Contains(x.Err.Error(), "only in part") {
			h.fail("failed item %s: %v", x.Path, x.Err)
		}
	}
}

// lies reports whether the state has an object with this body elsewhere: the one
// at hand was moved, and with another text on top it would be another one.
func (h *history) lies(d *device, text string) bool {
	for _, it := range d.listing(h.world) {
		if it.Place.Body == bodyOf(text) {
			return true
		}
	}
	return false
}

// unlisted reports whether the device holds an object without a UID that its state
// doesn't list.
func (h *history) unlisted(d *device) bool {
	list := d.listing(h.world)
	return slices.ContainsFunc(d.items(h.t), func(it held) bool {
		_, ok := list[it.path]
		return !ok && find(it.text, "UID") == ""
	})
}

// agreed reports whether every computer holds the device's objects without a UID
// as they are, and no others.
func (h *history) agreed(d *device) bool {
	anonymous := func(list []held) []string {
		return told(slices.DeleteFunc(list, func(it held) bool { return find(it.text, "UID") != "" }))
	}
	want := anonymous(d.items(h.t))
	return !slices.ContainsFunc(h.pcs, func(p *pc) bool { return !slices.Equal(anonymous(p.items()), want) })
}

// same reports whether every computer holds just what the device holds.
func (h *history) same(d *device) bool {
	want := told(d.items(h.t))
	return !slices.ContainsFunc(h.pcs, func(p *pc) bool { return !slices.Equal(told(p.items()), want) })
}

// disaster is a device that is wiped, copied, cloned or brought back from a backup.
func (h *history) disaster(p *pc, d *device) {
	if h.inPlace != nil || d.unsynced(h.world) {
		// A copy of what nobody has versioned is the same edit made twice: nothing
		// can tell a deletion of the one from an edit that the other's deletion met.
		// A store that was restored where it was finds that out in its next session.
		return
	}
	switch h.r.IntN(8) {
	case 0:
		if d.kind == folderKind && !h.same(d) {
			return // without a serial number it becomes another phone
		}
		if !h.agreed(d) || len(h.phones) > 1 && d.nameless(h.world) {
			return // nothing would say what objects without a UID are
		}
		if d.nameless(h.world) {
			for _, p := range h.pcs {
				h.pinned[p] = true
			}
		}
		h.logf("state of phone %s wiped", d.serial)
		h.must(os.RemoveAll(path.Join(d.dir, "Cradle/state")))
		clear(h.backups)
		clear(h.stores)
		h.replaced(h.world)
	case 1:
		h.logf("backup of phone %s", d.serial)
		h.backups[d] = h.newName(".phone")
		copyTree(h.t, d.dir, h.backups[d])
	case 2:
		if b := h.backups[d]; b != "" {
			h.logf("phone %s restored", d.serial)
			d.restore(h.t, b)
			h.replaced(h.world)
		}
	case 3:
		if len(h.phones) == 1 && d.kind != folderKind {
			h.logf("P1 cloned to P2")
			c := h.addPhone(d.kind, "P2")
			c.shape = d.shape
			copyTree(h.t, d.dir, c.dir)
		}
	case 4, 5:
		h.logf("backup of %s", p.name)
		p.open()
		p.close()
		h.stores[p] = h.newName(".backup")
		copyFile(h.t, p.path, h.stores[p])
	case 6:
		b := h.stores[p]
		from := p.name
		if h.r.IntN(3) == 0 { // the other computer's store as it is now
			for _, o := range h.pcs {
				if o != p {
					o.open()
					o.close()
					b, from = o.path, o.name
				}
			}
		}
		if b == "" {
			return
		}
		h.forget(p)
		p.close()
		if from == p.name && len(h.phones) == 1 && h.r.IntN(2) == 0 {
			h.logf("%s restored in place", p.name)
			overwrite(h.t, b, p.path)
			h.inPlace = p
		} else {
			h.logf("%s is a copy of %s", p.name, path.Base(b))
			p.path = h.newName(".db")
			copyFile(h.t, b, p.path)
		}
		h.replaced(h.world)
	case 7:
		h.logf("store of %s wiped", p.name)
		h.forget(p)
		p.close()
		p.path = h.newName(".db")
		delete(h.stores, p)
		h.replaced(h.world)
	}
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// overwrite puts a file's bytes into another, which stays the same file.
func overwrite(t testing.TB, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		var f *os.File
		if f, err = os.OpenFile(to, os.O_WRONLY|os.O_TRUNC, 0); err == nil {
			_, err = f.Write(b)
			if e := f.Close(); err == nil {
				err = e
			}
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(to + "-wal")
	os.Remove(to + "-shm")
}

// runHistory runs the history of one seed in a folder of its own.
func runHistory(t *testing.T, root string, seed uint64) {
	dir, err := os.MkdirTemp(root, "h")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	h := newHistory(t, dir, seed)
	defer h.close()
	for range 3 + h.r.IntN(28) {
		h.step()
	}
	h.logf("-- settle")
	h.settle()
	h.check(h.world)
	if *oneSeed != 0 {
		t.Log(strings.Join(h.trace, "\n"))
		for _, v := range slices.Sorted(maps.Keys(h.words)) {
			t.Log(v, h.words[v])
		}
	}
}

// TestHistories runs generated histories through every layer. A failing one names
// its seed: -seed N runs it alone.
func TestHistories(t *testing.T) {
	root := tempDir(t)
	if *oneSeed != 0 {
		runHistory(t, root, *oneSeed)
		return
	}
	n := *histories
	if n == 0 {
		n = 2000
		if all() {
			n = 10000
		}
	}
	var next atomic.Uint64
	for worker := range 2 {
		t.Run(fmt.Sprint("worker", worker+1), func(t *testing.T) {
			t.Parallel()
			for {
				i := next.Add(1) - 1
				if i >= uint64(n) {
					return
				}
				seed := *fromSeed + i
				t.Run(fmt.Sprint("seed", seed), func(t *testing.T) { runHistory(t, root, seed) })
			}
		})
	}
}
