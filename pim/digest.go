package pim

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"cradle/valuebag"
)

// DigestScheme numbers the way digests are made. It goes up when equal content
// would get another digest; digests of different schemes don't compare.
const DigestScheme = 1

// Digest is the digest of a unit's content: the first half of the SHA-256 over
// its normal forms, sorted, each with its length. It is zero when the unit is
// empty. Order, folding, dialect, quoting and case of names make no difference.
func (k *Kind) Digest(item *valuebag.Values, unit string) [16]byte {
	ss := k.unitStrings(item, unit)
	if len(ss) == 0 {
		return [16]byte{}
	}
	var room [1024]byte
	return sum16(appendDigestInput(room[:0], ss))
}

// ContentDigest is over all units but the collection: the same for items that
// are Equal apart from where they lie.
func (k *Kind) ContentDigest(item *valuebag.Values) [16]byte {
	var room [2048]byte
	b := room[:0]
	for i, u := range k.units[:len(k.units)-1] {
		if ss := k.unitStrings(item, u); len(ss) > 0 {
			b = append(b, byte(i))
			b = appendDigestInput(b, ss)
		}
	}
	return sum16(b)
}

func appendDigestInput(b []byte, ss []string) []byte {
	for _, s := range ss {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	return b
}

func sum16(b []byte) [16]byte {
	sum := sha256.Sum256(b)
	return [16]byte(sum[:16])
}

// Elements are the digests of a list unit's elements, sorted. Of equal elements
// the k-th has a digest of its own, so that a set can hold them all. Other
// units have none.
func (k *Kind) Elements(item *valuebag.Values, unit string) [][8]byte {
	if !k.IsList(unit) {
		return nil
	}
	ss := k.unitStrings(item, unit)
	if len(ss) == 0 {
		return nil
	}
	es := make([][8]byte, len(ss))
	copies := 0
	for i, s := range ss {
		if i > 0 && s == ss[i-1] {
			copies++
		} else {
			copies = 0
		}
		es[i] = elementDigest(s, copies)
	}
	slices.SortFunc(es, func(a, b [8]byte) int { return bytes.Compare(a[:], b[:]) })
	return es
}

// elementDigest is the digest of the n-th (from 0) element with this content.
func elementDigest(norm string, n int) [8]byte {
	var room [512]byte
	b := append(room[:0], norm...)
	if n > 0 {
		b = append(b, 0)
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	sum := sha256.Sum256(b)
	return [8]byte(sum[:8])
}

// Equal reports whether two items say the same: all units, the collection
// included, without the seven names that each side keeps for itself.
func (k *Kind) Equal(a, b *valuebag.Values) bool {
	for _, u := range k.units {
		if !slices.Equal(k.unitStrings(a, u), k.unitStrings(b, u)) {
			return false
		}
	}
	return true
}
