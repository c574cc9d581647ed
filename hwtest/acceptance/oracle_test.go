package acceptance

import (
	"crypto/sha256"
	"slices"
	"strings"

	"cradle/devprovider"
	"cradle/engine"
	"cradle/pim"
)

// fate is what has to become of a word that somebody typed.
type fate int

const (
	keep fate = iota // it must be somewhere at the end
	over             // somebody who saw it replaced or deleted it: it must not decide anything any more
	free             // a device that was replaced took the word, or its deletion, with it
)

func (f fate) String() string { return [...]string{"to be kept", "gone", "free"}[f] }

// oracle knows every word that any side ever held and what must come of it.
type oracle struct {
	words map[string]fate
	// item is the first word of the item that a word was typed into.
	item map[string]string
}

func newOracle() *oracle { return &oracle{words: map[string]fate{}, item: map[string]string{}} }

// typed notes what a person did who saw before and left after.
func (o *oracle) typed(before, after []string) {
	for _, v := range before {
		if !slices.Contains(after, v) {
			o.words[v] = over
		}
	}
	for _, v := range after {
		if slices.Contains(before, v) {
			continue
		}
		o.words[v] = keep
		o.item[v] = o.item[append(before, "")[0]]
		if len(before) == 0 {
			o.item[v] = after[0]
		}
	}
}

// release frees words from every duty.
func (o *oracle) release(words []string) {
	for _, v := range words {
		o.words[v] = free
	}
}

// everywhere lists every word that a store, its conflict log or a phone holds.
func (w *world) everywhere() map[string]bool {
	all := map[string]bool{}
	add := func(list []held) {
		for _, h := range list {
			for _, v := range wordsOf(h.collection, h.text) {
				all[v] = true
			}
		}
	}
	for _, p := range w.pcs {
		add(p.items())
		add(p.logged())
	}
	for _, d := range w.phones {
		add(d.items(w.t))
	}
	return all
}

// replaced is called after a device was replaced by an older image: what only it
// held is gone with it, and so may be what only it had deleted.
func (o *oracle) replaced(w *world) {
	all := w.everywhere()
	for v, f := range o.words {
		if f == keep && !all[v] || f == over && all[v] {
			o.words[v] = free
		}
	}
}

// forget is called before a store is replaced: its conflict log goes with it.
func (o *oracle) forget(p *pc) {
	for _, h := range p.logged() {
		o.release(wordsOf(h.collection, h.text))
	}
}

// settle syncs everybody with everybody until nothing moves and nothing is written.
func (w *world) settle() {
	w.t.Helper()
	const rounds = 8
	for range rounds {
		quiet := true
		for _, p := range w.pcs {
			for _, d := range w.phones {
				before := d.image(w.t)
				out, err := w.sync(p, d, fault{})
				w.must(err)
				quiet = quiet && out.moved() == 0 && out.commits == 0 && sameImage(before, d.image(w.t))
			}
		}
		if quiet {
			return
		}
	}
	w.fail("never quiet")
}

func sameImage(a, b map[string]string) bool {
	if len(a) != len(b) {
		return false
	}
	for p, s := range a {
		if b[p] != s {
			return false
		}
	}
	return true
}

// told is what a participant holds, one line an item, for comparison.
func told(list []held) []string {
	var out []string
	for _, h := range list {
		out = append(out, h.kind+" "+h.collection+": "+strings.Join(sayings(h.text), " "))
	}
	slices.Sort(out)
	return out
}

// equal fails unless all stores and phones hold the same.
func (w *world) equal() {
	w.t.Helper()
	want := told(w.pcs[0].items())
	diff := func(name string, got []string) {
		w.t.Helper()
		if slices.Equal(got, want) {
			return
		}
		var d []string
		for _, s := range got {
			if !slices.Contains(want, s) {
				d = append(d, "only on "+name+": "+s)
			}
		}
		for _, s := range want {
			if !slices.Contains(got, s) {
				d = append(d, "not on "+name+": "+s)
			}
		}
		w.fail("%s differs from %s (%d items, %d):\n%s", name, w.pcs[0].name, len(got), len(want), strings.Join(d, "\n"))
	}
	for _, p := range w.pcs[1:] {
		diff(p.name, told(p.items()))
	}
	for _, d := range w.phones {
		diff("phone "+d.serial, told(d.items(w.t)))
	}
}

// check compares the end with what the oracle knows.
func (o *oracle) check(w *world) {
	w.t.Helper()
	w.equal()
	all := w.everywhere()
	for v, f := range o.words {
		if f == keep && !all[v] {
			w.fail("%s is lost", v)
		}
	}
	o.once(w)
}

// once fails if a word stands in two items, or if an item came back that nobody
// brought back.
func (o *oracle) once(w *world) {
	w.t.Helper()
	seen := map[string]bool{}
	for _, h := range w.pcs[0].items() {
		vals := wordsOf(h.collection, h.text)
		alive := len(vals) == 0
		for x, f := range o.words {
			alive = alive || f != over && o.item[x] == o.item[append(vals, "")[0]]
		}
		if !alive {
			w.fail("%v came back", vals)
		}
		for _, v := range vals {
			if seen[v] && !strings.Contains(h.collection, v) {
				w.fail("%s is doubled", v)
			}
			seen[v] = true
		}
	}
}

// listing is the device's own state by path: what it says of each object.
func (d *device) listing(w *world) map[string]engine.PartialItem {
	w.t.Helper()
	s, err := devprovider.OpenDir(d.dir)
	w.must(err)
	f, err := devprovider.Open(ctxb, s, devprovider.Options{Serial: d.serial, Kinds: pim.Kinds()})
	w.must(err)
	out := map[string]engine.PartialItem{}
	for _, k := range pim.Kinds() {
		for _, it := range f.State(k.Name()).Items {
			if !it.Meta.Deleted {
				out[it.Place.Path] = it
			}
		}
	}
	return out
}

// bodyOf is the digest by which a state knows an object's bytes.
func bodyOf(text string) engine.Digest {
	sum := sha256.Sum256([]byte(text))
	return engine.Digest(sum[:16])
}

// unsynced reports whether an object isn't as the device's state says: nobody has
// versioned what it holds.
func (d *device) unsynced(w *world) bool {
	w.t.Helper()
	list := d.listing(w)
	for _, h := range d.items(w.t) {
		if it, ok := list[h.path]; !ok || it.Place.Body != bodyOf(h.text) {
			return true
		}
	}
	return false
}

// nameless reports whether an object has no UID: without its line in a state it
// is known by its path alone.
func (d *device) nameless(w *world) bool {
	return slices.ContainsFunc(d.items(w.t), func(h held) bool { return find(h.text, "UID") == "" })
}
