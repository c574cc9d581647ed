package engine

import (
	"bytes"
	"cmp"
	"fmt"

	"github.com/google/uuid"
)

// ReplicaID names one writer of one scope: a store, or a store's proxy for a
// partial participant (sync-model: replica ID, 16-byte GUID).
type ReplicaID [16]byte

// ItemID names an item in its scope, the same at every replica.
type ItemID [16]byte

// PeerID names a partial participant (a phone) across sessions and computers.
type PeerID [16]byte

// Digest is the digest of one unit's content or of a whole body. The zero
// Digest stands for "empty".
type Digest [16]byte

// ElementDigest is the digest of one element of a list unit.
type ElementDigest [8]byte

func (id ReplicaID) String() string { return uuid.UUID(id).String() }
func (id ItemID) String() string    { return uuid.UUID(id).String() }
func (id PeerID) String() string    { return uuid.UUID(id).String() }
func (d Digest) String() string     { return fmt.Sprintf("%x", d[:]) }

// IsZero reports whether the ID was never set.
func (id ReplicaID) IsZero() bool { return id == ReplicaID{} }

// IsZero reports whether the ID was never set.
func (id ItemID) IsZero() bool { return id == ItemID{} }

// IsZero reports whether the ID was never set.
func (id PeerID) IsZero() bool { return id == PeerID{} }

// IsZero reports whether d is the digest of an empty unit.
func (d Digest) IsZero() bool { return d == Digest{} }

// Compare orders item IDs bytewise, the order of enumeration.
func (id ItemID) Compare(o ItemID) int { return bytes.Compare(id[:], o[:]) }

// Compare orders replica IDs bytewise.
func (id ReplicaID) Compare(o ReplicaID) int { return bytes.Compare(id[:], o[:]) }

// ParseItemID reads the text form of an item ID.
func ParseItemID(s string) (ItemID, error) {
	u, err := uuid.Parse(s)
	if err != nil {
		return ItemID{}, fmt.Errorf("item ID %q: %w", s, err)
	}
	return ItemID(u), nil
}

// ProxyID is the replica under which the store home versions what the user of
// peer did: UUIDv5 of the peer's ID in the namespace of the store's replica ID.
// Its tick lives in the store and commits with the item (invariant I17).
func ProxyID(home ReplicaID, peer PeerID) ReplicaID {
	return ReplicaID(uuid.NewSHA1(uuid.UUID(home), peer[:]))
}

// Version is one change: the tick of the replica that made it. The zero
// Version is "no version".
type Version struct {
	Replica ReplicaID
	Tick    uint64
}

// pendingTick marks a version that the plan needs but that is minted only when
// it is applied. No knowledge ever contains it.
const pendingTick = ^uint64(0)

// Pending is the placeholder for a version of r that is minted at apply.
func Pending(r ReplicaID) Version { return Version{r, pendingTick} }

// IsPending reports whether v has still to be minted.
func (v Version) IsPending() bool { return v.Tick == pendingTick }

// IsZero reports whether v is no version at all.
func (v Version) IsZero() bool { return v == Version{} }

// Compare orders versions by (tick, replica ID): the order that decides between
// versions whose contents are equal (sync-model §1.4).
func (v Version) Compare(o Version) int {
	if c := cmp.Compare(v.Tick, o.Tick); c != 0 {
		return c
	}
	return v.Replica.Compare(o.Replica)
}

func (v Version) String() string {
	if v.IsPending() {
		return v.Replica.String()[:8] + ":new"
	}
	return fmt.Sprintf("%s:%d", v.Replica.String()[:8], v.Tick)
}
