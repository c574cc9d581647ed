package enginetest_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

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
		if !alive && !isCopy(v) {
			w.fail("%s came back: %v", id, vals)
		}
		if isCopy(v) { // it holds what the item has, too, that it was made of
			continue
		}
		for _, x := range vals {
			names[x]++
			if names[x] > 1 {
				w.fail("%s is doubled", x)
			}
		}
	}
}

// isCopy reports whether an item is one that preset Both made of the phone's value.
// Whoever deletes it, or changes it, does nothing to the item that it was made of.
func isCopy(v *valuebag.Values) bool { return strings.HasPrefix(Str(v, KeyUID), "cradle-") }
