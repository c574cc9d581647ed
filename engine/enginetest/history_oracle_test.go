package enginetest_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cradle/engine"
	. "cradle/engine/enginetest"
	"cradle/valuebag"
)

// image is what a participant holds, for comparison.
func image(items []*valuebag.Values) []string {
	var out []string
	for _, v := range items {
		out = append(out, fmt.Sprint(Str(v, KeyName), "|", Str(v, KeyNote), "|", Tags(v)))
	}
	slices.Sort(out)
	return out
}

func (w *world) check() {
	want := image(slices.Collect(maps.Values(w.stores[0].Live(scope))))
	for i, s := range w.stores {
		if got := image(slices.Collect(maps.Values(s.Live(scope)))); !slices.Equal(got, want) {
			w.fail("PC%d differs from PC1:\n%q\n%q", i+1, got, want)
		}
	}
	for _, p := range w.phones {
		if got := image(slices.Collect(maps.Values(p.Objects()))); !slices.Equal(got, want) {
			w.fail("phone %s differs from PC1:\n%q\n%q", p.Serial, got, want)
		}
	}
	all := w.everywhere()
	for v, f := range w.held {
		if f == keep && !all[v] {
			w.fail("%s is lost", v)
		}
	}
	names := map[string]int{}
	for id, v := range w.stores[0].Live(scope) {
		vals := values(v)
		alive := len(vals) == 0
		for x, f := range w.held {
			alive = alive || f != over && w.item[x] == w.item[append(vals, "")[0]]
		}
		if first := w.item[append(vals, "")[0]]; !alive && !isCopy(v) && !w.split(first) && !w.crossed(first) && !w.madeTwice(first) {
			w.fail("%s came back: %v", id, vals)
		}
		if isCopy(v) { // it holds what the item has, too, that it was made of
			continue
		}
		for _, x := range vals {
			names[x]++
			if names[x] > 1 && !w.split(w.item[x]) {
				w.fail("%s is doubled", x)
			}
		}
	}
}

// isCopy reports whether an item is one that preset Both made of the phone's value.
// Whoever deletes it, or changes it, does nothing to the item that it was made of.
func isCopy(v *valuebag.Values) bool { return strings.HasPrefix(Str(v, KeyUID), "cradle-") }

// named notes under which IDs the items without a UID are held.
func (w *world) named() {
	if w.ids == nil {
		w.ids = map[string]map[engine.ItemID]bool{}
	}
	note := func(id engine.ItemID, v *valuebag.Values) {
		vals := values(v)
		if Str(v, KeyUID) != "" || len(vals) == 0 {
			return
		}
		first := w.item[vals[0]]
		if w.ids[first] == nil {
			w.ids[first] = map[engine.ItemID]bool{}
		}
		w.ids[first][id] = true
	}
	for _, s := range w.stores {
		for id, v := range s.Live(scope) {
			note(id, v)
		}
	}
	for _, p := range w.phones {
		objects := p.Objects()
		for _, it := range p.State(scope).Items {
			if v := objects[it.Place.Path]; v != nil && !it.Meta.Deleted {
				note(it.Meta.ID, v)
			}
		}
	}
}

// split reports whether an object without a UID got two IDs: a session that wrote or
// took it ended before the phone's state said so, its text changed, and another computer
// came next. If the two forms meet elsewhere than on that phone, nothing tells that they
// are one: there may be two items, or what became of the one doesn't become of the other.
func (w *world) split(first string) bool { return len(w.ids[first]) > 1 }

// deleted notes what a user saw who deleted an item.
func (w *world) deleted(who string, before, after *valuebag.Values) {
	if after != nil {
		return
	}
	vals := values(before)
	first := w.item[append(vals, "")[0]]
	if w.deletions == nil {
		w.deletions = map[string]map[string]string{}
	}
	if w.deletions[first] == nil {
		w.deletions[first] = map[string]string{}
	}
	w.deletions[first][who] = fmt.Sprint(vals)
}

// crossed reports whether two people deleted an item of which each had seen another form.
// Who comes between may let an edit live that only one of them had seen, and the other's
// deletion, which hadn't seen that, doesn't take it away again: an edit beats a deletion.
func (w *world) crossed(first string) bool {
	saw := map[string]bool{}
	for _, vals := range w.deletions[first] {
		saw[vals] = true
	}
	return len(saw) > 1
}

// leaves notes what an unfinished session leaves on a phone. An object of an item that
// somebody has deleted before, and that isn't listed, can't be told from a new one.
func (w *world) leaves(i int, p *MemPhone, err error) {
	if err == nil {
		delete(w.unfinished[p.Serial], i)
		return
	}
	for path, v := range p.Objects() {
		if !p.Touched(path) {
			continue
		}
		if w.unfinished == nil {
			w.unfinished = map[string]map[int]map[string]bool{}
		}
		if w.unfinished[p.Serial] == nil {
			w.unfinished[p.Serial] = map[int]map[string]bool{}
		}
		if w.unfinished[p.Serial][i] == nil {
			w.unfinished[p.Serial][i] = map[string]bool{}
		}
		w.unfinished[p.Serial][i][path] = true
		for _, x := range values(v) {
			if w.held[x] == over {
				w.held[x] = free
			}
		}
	}
}

// isUnfinished reports whether some computer, in a session that didn't end, wrote or took
// what is at path, and didn't come back since.
func (w *world) isUnfinished(p *MemPhone, path string) bool {
	for _, paths := range w.unfinished[p.Serial] {
		if paths[path] {
			return true
		}
	}
	return false
}
