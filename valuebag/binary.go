package valuebag

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
)

// The canonical binary form, version 1. A bag has exactly one: encode(decode(b))
// is b, and decoding refuses everything else, so bytes and digests can stand for
// the bag. All integers little-endian; uvarint is the base-128 form of
// encoding/binary, in as few bytes as possible.
//
//	form   = "CVB" version bag                   version: one byte, 1
//	bag    = uvarint(groups) group…              groups in ascending order of fmtid
//	group  = fmtid(16) uvarint(n) entry…         n ≥ 1, entries in ascending order of pid
//	entry  = uvarint(pid of the first; then pid - previous pid - 1) value
//	value  = kind(1) payload
//
//	payload by kind (the byte is Kind):
//	  empty null                         nothing
//	  bool                               1 byte, 0 or 1
//	  int8 uint8                         1 byte
//	  int16 uint16                       2 bytes
//	  int32 uint32 float32 error         4 bytes; NaN only as 7FC00000
//	  int64 uint64 float64 date          8 bytes; NaN only as 7FF8000000000001
//	  string bytes                       uvarint(length) and so many bytes
//	  guid                               16 bytes in memory order
//	  key                                guid, pid(4)
//	  values                             bag
//	  keys                               uvarint(n) key…
//	  variants                           uvarint(n) kind(1) payload…   kind empty only if n = 0
//	  valuesList                         uvarint(n) bag…
const (
	binaryMagic   = "CVB"
	binaryVersion = 1
)

// MaxDepth is how many bags may lie inside one another in the binary and JSON
// forms, the outermost not counted.
const MaxDepth = 32

var (
	// ErrVersion: the bytes are a bag of a version that this program does not
	// know. They may be kept, not read.
	ErrVersion = errors.New("valuebag: binary form of an unknown version")
	// ErrTooDeep: more than [MaxDepth] bags inside one another.
	ErrTooDeep = fmt.Errorf("valuebag: more than %d bags inside one another", MaxDepth)
)

// DecodeError says where in its input a binary form is not canonical.
type DecodeError struct {
	Offset int    // in bytes from the start
	Want   string // what was expected there
}

func (e *DecodeError) Error() string {
	return fmt.Sprintf("valuebag: binary form: offset %d: want %s", e.Offset, e.Want)
}

// MarshalBinary gives the canonical binary form. The only error is [ErrTooDeep].
func (vs *Values) MarshalBinary() ([]byte, error) { return vs.AppendBinary(nil) }

// AppendBinary appends the canonical binary form to b. The only error is
// [ErrTooDeep]; b is then returned as it was.
func (vs *Values) AppendBinary(b []byte) ([]byte, error) {
	if vs.deeper(MaxDepth) {
		return b, ErrTooDeep
	}
	return vs.appendForm(b), nil
}

// deeper reports whether more than n levels of bags lie inside vs.
func (vs *Values) deeper(n int) bool {
	for i := range vs.all() {
		switch v := &vs.entries[i].value; v.kind {
		case KindValues:
			if n == 0 || v.bag().deeper(n-1) {
				return true
			}
		case KindValuesList:
			for _, b := range v.bags() {
				if n == 0 || b.deeper(n-1) {
					return true
				}
			}
		}
	}
	return false
}

var digestBuffers = sync.Pool{New: func() any { return new([]byte) }}

// Digest is the SHA-256 of the canonical binary form. Equal bags have equal
// digests, whatever order they were filled in.
func (vs *Values) Digest() [32]byte {
	buf := digestBuffers.Get().(*[]byte)
	b := vs.appendForm((*buf)[:0])
	d := sha256.Sum256(b)
	if cap(b) <= 1<<20 { // one bag with a large photo should not pin its buffer
		*buf = b
	}
	digestBuffers.Put(buf)
	return d
}

func (vs *Values) appendForm(b []byte) []byte {
	b = append(b, binaryMagic...)
	b = append(b, binaryVersion)
	return appendBag(b, vs)
}

func appendBag(b []byte, vs *Values) []byte {
	e := vs.all()
	groups := 0
	for i := range e {
		if i == 0 || e[i].key.FmtID != e[i-1].key.FmtID {
			groups++
		}
	}
	b = binary.AppendUvarint(b, uint64(groups))
	for len(e) > 0 {
		n := 1
		for n < len(e) && e[n].key.FmtID == e[0].key.FmtID {
			n++
		}
		b = append(b, e[0].key.FmtID[:]...)
		b = binary.AppendUvarint(b, uint64(n))
		next := uint32(0)
		for i := range e[:n] {
			pid := e[i].key.PID
			b = binary.AppendUvarint(b, uint64(pid-next))
			b = append(b, byte(e[i].value.kind))
			b = appendPayload(b, &e[i].value)
			next = pid + 1 // may wrap after the last entry only
		}
		e = e[n:]
	}
	return b
}

func appendPayload(b []byte, v *Value) []byte {
	switch v.kind {
	case KindBool, KindInt8, KindUint8:
		return append(b, byte(v.num))
	case KindInt16, KindUint16:
		return binary.LittleEndian.AppendUint16(b, uint16(v.num))
	case KindInt32, KindUint32, KindFloat32, KindError:
		return binary.LittleEndian.AppendUint32(b, uint32(v.num))
	case KindInt64, KindUint64, KindFloat64, KindDate:
		return binary.LittleEndian.AppendUint64(b, v.num)
	case KindString, KindBytes:
		return appendText(b, v.text())
	case KindGUID:
		return append(b, v.guid()[:]...)
	case KindKey:
		return appendKey(b, v.key())
	case KindValues:
		return appendBag(b, v.bag())
	}
	// Collections begin with their count; what is left has no payload.
	switch v.kind {
	case KindKeys:
		b = binary.AppendUvarint(b, v.num)
		keys := v.keys()
		for i := range keys {
			b = appendKey(b, &keys[i])
		}
	case KindValuesList:
		b = binary.AppendUvarint(b, v.num)
		for _, vs := range v.bags() {
			b = appendBag(b, vs)
		}
	case KindVariants:
		b = append(binary.AppendUvarint(b, v.num), byte(v.elem))
		if v.elem == KindString {
			for _, s := range v.strings() {
				b = appendText(b, s)
			}
			return b
		}
		elems := v.elems()
		for i := range elems {
			b = appendPayload(b, &elems[i])
		}
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendKey(b []byte, k *PropertyKey) []byte {
	return binary.LittleEndian.AppendUint32(append(b, k.FmtID[:]...), k.PID)
}
