package engine

import (
	"crypto/sha1"
	"strconv"

	"github.com/google/uuid"
)

// kindNamespaces holds the UUIDv5 namespace of each kind. They are part of the
// format of every state and store: a changed one gives every item a new ID.
var kindNamespaces = map[string]uuid.UUID{
	"contacts": uuid.MustParse("6f1c2f0e-7a52-4c1f-9b0e-2d3e5a8c4101"),
	"events":   uuid.MustParse("6f1c2f0e-7a52-4c1f-9b0e-2d3e5a8c4102"),
	"tasks":    uuid.MustParse("6f1c2f0e-7a52-4c1f-9b0e-2d3e5a8c4103"),
	"notes":    uuid.MustParse("6f1c2f0e-7a52-4c1f-9b0e-2d3e5a8c4104"),
}

// otherKinds is the namespace from which a kind without a constant gets its own.
var otherKinds = uuid.MustParse("6f1c2f0e-7a52-4c1f-9b0e-2d3e5a8c4100")

func kindNamespace(kind string) uuid.UUID {
	if ns, ok := kindNamespaces[kind]; ok {
		return ns
	}
	return uuid.NewSHA1(otherKinds, []byte(kind))
}

// ItemIDFromUID is the ID of the nth holder of a UID in a kind, so that every
// computer comes to the same one. The first holder has n = 1 (0 means the same)
// and UUIDv5(kind, UID); a further one UUIDv5(kind, UID, n), the parts separated
// by a NUL, which no UID contains.
func ItemIDFromUID(kind, uid string, n int) ItemID {
	data := make([]byte, 0, len(uid)+8)
	data = append(data, uid...)
	if n > 1 {
		data = append(data, 0)
		data = strconv.AppendInt(data, int64(n), 10)
	}
	return ItemID(uuidV5(kindNamespace(kind), data))
}

// uuidV5 is uuid.NewSHA1 without its allocations: a first sync makes tens of
// thousands.
func uuidV5(space uuid.UUID, data []byte) uuid.UUID {
	var room [256]byte
	b := append(append(room[:0], space[:]...), data...)
	sum := sha1.Sum(b)
	id := uuid.UUID(sum[:16])
	id[6] = id[6]&0x0f | 0x50 // version 5
	id[8] = id[8]&0x3f | 0x80 // RFC 9562's variant
	return id
}

// ItemIDFromContent is the ID of an item without a UID: UUIDv5(kind, NUL, digest
// of its text at first sight, n), where n = 1, 2, … counts equal texts in the
// order of their paths (0 means 1).
func ItemIDFromContent(kind string, d Digest, n int) ItemID {
	data := make([]byte, 0, len(d)+8)
	data = append(data, 0)
	data = append(data, d[:]...)
	data = strconv.AppendInt(data, int64(max(n, 1)), 10)
	return ItemID(uuidV5(kindNamespace(kind), data))
}

// maxHolders bounds how many further holders of a UID IsItemIDOfUID looks at.
const maxHolders = 64

// IsItemIDOfUID reports whether id is the ID of one of uid's holders. An item
// whose ID isn't made from its UID is anonymous: it pairs by content.
func IsItemIDOfUID(id ItemID, kind, uid string) bool {
	if uid == "" {
		return false
	}
	for n := 1; n <= maxHolders; n++ {
		if ItemIDFromUID(kind, uid, n) == id {
			return true
		}
	}
	return false
}
