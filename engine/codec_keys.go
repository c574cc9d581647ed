package engine

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// KeyMap gives the replica IDs and unit names of a stream of metadata short
// numbers, in order of first use (the replica key map of sync-model §1.1, with
// unit names beside it). It belongs to one stream and is written next to it: keys
// of different streams have nothing to do with each other, and reading gives whole
// IDs, which is all the mapping from remote to local keys there is. The zero KeyMap is empty and ready. It must not be used by two goroutines at once.
type KeyMap struct {
	// Key 0 is the zero replica, which needs no entry; replicas[i] is key i+1.
	replicas []ReplicaID
	names    []string
	// Filled once a list is too long to be searched from end to end.
	replicaKeys map[ReplicaID]int
	nameKeys    map[string]int
	stamps      []stamp // of the item being written
}

// linearKeys is the length up to which a list is searched without an index.
const linearKeys = 16

// replica is the key of r, new if need be.
func (k *KeyMap) replica(r ReplicaID) uint64 {
	if r.IsZero() {
		return 0
	}
	if k.replicaKeys != nil {
		if i, ok := k.replicaKeys[r]; ok {
			return uint64(i + 1)
		}
	} else if i := slices.Index(k.replicas, r); i >= 0 {
		return uint64(i + 1)
	}
	k.addReplica(r)
	return uint64(len(k.replicas))
}

func (k *KeyMap) addReplica(r ReplicaID) {
	if k.replicas == nil {
		k.replicas = make([]ReplicaID, 0, 4)
	}
	k.replicas = append(k.replicas, r)
	switch {
	case k.replicaKeys != nil:
		k.replicaKeys[r] = len(k.replicas) - 1
	case len(k.replicas) > linearKeys:
		k.replicaKeys = make(map[ReplicaID]int, 2*linearKeys)
		for i, r := range k.replicas {
			k.replicaKeys[r] = i
		}
	}
}

// name is the key of a unit name, new if need be. A guess that is right saves
// the search.
func (k *KeyMap) name(name string, guess int) int {
	if guess < len(k.names) && k.names[guess] == name {
		return guess
	}
	if k.nameKeys != nil {
		if i, ok := k.nameKeys[name]; ok {
			return i
		}
	} else if i := slices.Index(k.names, name); i >= 0 {
		return i
	}
	k.addName(name)
	return len(k.names) - 1
}

func (k *KeyMap) addName(name string) {
	if k.names == nil {
		k.names = make([]string, 0, linearKeys)
	}
	k.names = append(k.names, name)
	switch {
	case k.nameKeys != nil:
		k.nameKeys[name] = len(k.names) - 1
	case len(k.names) > linearKeys:
		k.nameKeys = make(map[string]int, 2*linearKeys)
		for i, n := range k.names {
			k.nameKeys[n] = i
		}
	}
}

// AppendBinary appends the map: the count of replicas and 16 bytes for each, the
// count of names and for each its length and bytes, in order of their keys.
// Numbers are unsigned LEB128. A writer knows it only after its last AppendMeta.
func (k *KeyMap) AppendBinary(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(k.replicas)))
	for i := range k.replicas {
		b = append(b, k.replicas[i][:]...)
	}
	b = binary.AppendUvarint(b, uint64(len(k.names)))
	for _, n := range k.names {
		b = binary.AppendUvarint(b, uint64(len(n)))
		b = append(b, n...)
	}
	return b
}

// ParseKeyMap reads what KeyMap.AppendBinary wrote at the beginning of b and
// returns how many bytes that were. An error says at which byte what was
// expected. The map keeps nothing of b.
func ParseKeyMap(b []byte) (*KeyMap, int, error) {
	c := newCursor(b)
	k := new(KeyMap)
	c.keyMap(k, nil)
	if c.Err != nil {
		return nil, 0, fmt.Errorf("key map: %w", c.Err)
	}
	return k, c.Off, nil
}

// keyMap reads into an empty k. Names are taken from known where they are in it,
// else added to it; known may be nil.
func (c *cursor) keyMap(k *KeyMap, known map[string]string) {
	n := c.Count(16, "a count of replicas")
	if n > cap(k.replicas) {
		k.replicas = make([]ReplicaID, 0, n)
	}
	for ; n > 0; n-- {
		var r ReplicaID
		copy(r[:], c.Bytes(16, "a replica ID"))
		had := len(k.replicas)
		if c.Err == nil && k.replica(r) <= uint64(had) {
			c.FailAt(c.Off-16, "a replica ID that is new")
		}
	}
	n = c.Count(1, "a count of unit names")
	if n > cap(k.names) {
		k.names = make([]string, 0, n)
	}
	for ; n > 0 && c.Err == nil; n-- {
		at := c.Off
		raw := c.Bytes(c.Count(1, "a length of a unit name"), "a unit name")
		name, ok := known[string(raw)]
		if !ok {
			name = string(raw)
			if known != nil {
				known[name] = name
			}
		}
		had := len(k.names)
		if c.Err == nil && k.name(name, had) < had {
			c.FailAt(at, "a unit name that is new")
		}
	}
}

// reset empties the map and keeps its memory.
func (k *KeyMap) reset() {
	k.replicas, k.names = k.replicas[:0], k.names[:0]
	k.replicaKeys, k.nameKeys = nil, nil
}
