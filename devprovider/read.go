package devprovider

import (
	"bytes"
	"fmt"
	"strings"

	"cradle/engine"
	"cradle/pim"
	"cradle/valuebag"
)

// maxObject bounds an object's size; photos of 20 MB are met with.
const maxObject = 128 << 20

// body is what a file turned out to hold.
type body struct {
	items  []item
	bundle bool // more than one item: read only
	torn   bool // written only in part
	other  int  // items of kinds that weren't asked for
	// problems are lines and entries that were set aside.
	problems []string
	lost     []string // entries that are no item of ours, or can't be one
}

// item is one item of a file.
type item struct {
	scope string
	uid   string
	value *valuebag.Values
	pos   int // in its file

	file    *file
	id      engine.ItemID
	ref     *ref          // the state's line that it belongs to; nil without one
	viewID  engine.ItemID // the ID by the view, where it differs
	anon    bool          // neither UID nor state nor view gave the ID
	units   []engine.UnitMeta
	claimed bool
	whole   bool             // the device stores part of it; value is all of it
	raw     *valuebag.Values // then: what the device holds
	broken  error            // why it could not be made whole
}

// parse takes the file at a path apart. Items of kinds that are not asked for are
// left out.
func (f *Folder) parse(data []byte, path, collection string, want func(scope string) bool) body {
	read := pim.Read
	if isPlainNote(path) {
		read = func(data []byte) pim.File {
			return pim.ReadPlain(strings.TrimSuffix(base(path), extOf(path)), data)
		}
	}
	parsed := read(data)
	b := body{bundle: parsed.Bundle, torn: parsed.Torn || len(parsed.Objects) == 0 && !isPlainNote(path) && isBeginning(data)}
	for _, p := range parsed.Problems {
		if p.Lost {
			b.lost = append(b.lost, p.String())
		} else {
			b.problems = append(b.problems, p.String())
		}
	}
	for i := range parsed.Objects {
		o := &parsed.Objects[i]
		k := o.Kind
		if k == nil || f.kinds[k.Name()] == nil || !want(k.Name()) {
			b.other++
			continue
		}
		v, err := o.Item(collection)
		if err != nil {
			b.lost = append(b.lost, fmt.Sprintf("object %d: %v", i+1, err))
			continue
		}
		// A copy of the UID: it is part of the file, and would keep that in memory.
		b.items = append(b.items, item{scope: k.Name(), uid: strings.Clone(o.UID), value: v, pos: i})
	}
	return b
}

// asOne takes the parts of a series that the device wrote without its UID for the one item
// that they are: a master and changed occurrences. It is for objects that are known to be
// one item's.
func (f *Folder) asOne(b body, data []byte, collection string) body {
	if !b.bundle || b.torn || len(b.items) < 2 || b.other+len(b.lost) > 0 {
		return b
	}
	scope := b.items[0].scope
	for i := range b.items {
		if b.items[i].uid != "" || b.items[i].scope != scope {
			return b
		}
	}
	v, err := f.kinds[scope].New(data, collection)
	if err != nil {
		return b
	}
	b.items, b.bundle = []item{{scope: scope, value: v}}, false
	return b
}

// isBeginning reports whether data is what a cut leaves before the first line is
// whole.
func isBeginning(data []byte) bool {
	const begin = "BEGIN:"
	head := strings.ToUpper(string(data[:min(len(data), len(begin))]))
	return strings.HasPrefix(begin, head) && !bytes.Contains(bytes.ToUpper(data), []byte("END:"))
}

// describe gives the item's units, once.
func (f *Folder) describe(it *item) []engine.UnitMeta {
	if it.units == nil {
		it.units = engine.Describe(f.kinds[it.scope], it.value)
	}
	return it.units
}

// unitCollection is in no content digest: where a copy lies isn't what it says.
const unitCollection = "collection"

// contentOf is one digest over the units of an item but the collection.
func contentOf(units []engine.UnitMeta) engine.Digest {
	b := make([]byte, 0, 32*len(units))
	for i := range units {
		if units[i].Unit == unitCollection || units[i].Digest.IsZero() {
			continue
		}
		b = append(append(b, units[i].Unit...), 0)
		b = append(b, units[i].Digest[:]...)
	}
	return bodyDigest(b)
}

// alike counts the units, but the collection, in which two items are equal.
func alike(a, b []engine.UnitMeta) int {
	n := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i].Unit < b[j].Unit:
			i++
		case a[i].Unit > b[j].Unit:
			j++
		default:
			if a[i].Unit != unitCollection && a[i].Digest == b[j].Digest && !a[i].Digest.IsZero() {
				n++
			}
			i++
			j++
		}
	}
	return n
}

// holderOf finds the number under which id holds a UID; 0 when it isn't made from
// it.
func holderOf(scope, uid string, id engine.ItemID) int {
	if uid == "" {
		return 0
	}
	for n := 1; n <= maxHolders; n++ {
		if engine.ItemIDFromUID(scope, uid, n) == id {
			return n
		}
	}
	return 0
}

// maxHolders bounds the search for a holder's number; free numbers are found
// beyond it.
const maxHolders = 16
