package devprovider

import (
	"bytes"
	"cmp"
	"slices"

	"cradle/engine"
)

// The versions of the state's form. A newer one of either is read-only for this
// program.
const (
	stateVersion = 3
	digestScheme = 1
)

// state is one generation of what the device keeps. docs/state-format.md is its
// form.
type state struct {
	generation uint64
	serial     string // of the device that it was written on; empty without one
	name       string // of the device, for a person
	phone      engine.PeerID
	home       string // the lasting name of the storage that it was written to
	written    int64  // by the writing computer's clock, Unix milliseconds
	offset     int64  // the device's clock minus the writing computer's, milliseconds
	hasOffset  bool
	readmeTime int64  // README.txt's time on the device, a witness of its clock; 0 unknown
	program    string // that wrote it
	marks      map[engine.ReplicaID][16]byte
	scopes     map[string]*scopeState
	superseded []superseded
	bundles    []engine.Place    // bundles with superseded copies
	aside      map[spot][]string // entries of files with items that are none, with why
	folders    []folderName
	vdirs      []Vdir // by storage and folder
	learned    map[string]string
	shadows    map[itemKey]*shadow // of items that the device stores in part
	unknown    []section
	filters    map[string]filterState // while it is read
}

// scopeState is the state of one scope. byPath is parallel to Items: the item's ID
// isn't made from a UID in its object, so the object is known by where it lies.
type scopeState struct {
	engine.PartialState
	byPath []bool
}

// superseded is a copy of an item in a bundle that no longer counts, because the
// item was edited into a file of its own or deleted. The copy is recognised by its
// content, as long as the bundle still holds it.
type superseded struct {
	scope   string
	item    engine.ItemID
	content engine.Digest // of its units but the collection
}

func (s superseded) compare(o superseded) int {
	return cmp.Or(cmp.Compare(s.scope, o.scope), s.item.Compare(o.item), bytes.Compare(s.content[:], o.content[:]))
}

// folderName is a collection whose folder could not have its name.
type folderName struct {
	folder     string // path below the storage's root
	collection string
}

// section is a part of the state that this program doesn't know and keeps byte for
// byte.
type section struct {
	kind uint32
	data []byte
}

func newState() *state {
	return &state{marks: map[engine.ReplicaID][16]byte{}, scopes: map[string]*scopeState{}, learned: map[string]string{}, shadows: map[itemKey]*shadow{}, aside: map[spot][]string{}}
}

// sortedKeys gives a map's keys in order, so that equal states have equal bytes.
func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func sortedSpots[V any](m map[spot]V) []spot {
	keys := make([]spot, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b spot) int { return cmp.Or(cmp.Compare(a.storage, b.storage), cmp.Compare(a.path, b.path)) })
	return keys
}

func sortedIDs[V any](m map[engine.ReplicaID]V) []engine.ReplicaID {
	keys := make([]engine.ReplicaID, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, engine.ReplicaID.Compare)
	return keys
}
