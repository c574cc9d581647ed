package valuebag

import (
	"bytes"
	"encoding/binary"
	"math"
	"unsafe"
)

// UnmarshalBinary replaces the bag's content by what the canonical binary form
// in data says. Errors are [*DecodeError], [ErrVersion] and [ErrTooDeep]; the
// bag is then as it was. Memory stays within a small multiple (about 30) of
// len(data). data is not kept; the texts and buffers of the bag share one copy
// of it.
func (vs *Values) UnmarshalBinary(data []byte) error {
	d := decoder{data: bytes.Clone(data)}
	if string(d.take(len(binaryMagic), "the signature CVB")) != binaryMagic && d.err == nil {
		d.err = &DecodeError{0, "the signature CVB"}
	}
	if v := d.byte("a version"); d.err == nil && v != binaryVersion {
		return ErrVersion
	}
	got := d.bag(MaxDepth)
	if d.err == nil && d.at != len(d.data) {
		d.fail("the end")
	}
	if d.err != nil {
		return d.err
	}
	vs.entries = got.entries
	return nil
}

// decoder is a cursor over data that keeps its first error; after one, every
// read gives zero.
type decoder struct {
	data []byte
	at   int
	err  error
}

func (d *decoder) fail(want string) {
	if d.err == nil {
		d.err = &DecodeError{d.at, want}
	}
}

func (d *decoder) left() int { return len(d.data) - d.at }

func (d *decoder) take(n int, want string) []byte {
	if d.err != nil || n > d.left() {
		d.fail(want)
		return nil
	}
	b := d.data[d.at : d.at+n : d.at+n]
	d.at += n
	return b
}

func (d *decoder) byte(want string) byte {
	if b := d.take(1, want); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) uvarint(want string) uint64 {
	if d.err != nil {
		return 0
	}
	u, n := binary.Uvarint(d.data[d.at:])
	// A last byte of zero means that fewer would have done.
	if n <= 0 || n > 1 && d.data[d.at+n-1] == 0 {
		d.fail(want + " in its shortest form")
		return 0
	}
	d.at += n
	return u
}

// count reads a number of things that each take at least size bytes.
func (d *decoder) count(size int, want string) int {
	at := d.at
	n := d.uvarint(want)
	if n > uint64(d.left()/size) {
		if d.err == nil {
			d.err = &DecodeError{at, want + " that the rest can hold"}
		}
		return 0
	}
	return int(n)
}

// The fewest bytes of an entry (pid, kind), and of a group of one.
const (
	minEntry = 2
	minGroup = 16 + 1 + minEntry
)

// trusted is how many entries or bags are allocated on the word of a count.
// Counts are never more than the rest can hold, but bags inside one another
// could each claim the same rest, once a level.
const trusted = 64

func (d *decoder) bag(depth int) *Values {
	vs := &Values{}
	var last GUID
	for g := range d.count(minGroup, "a number of groups") {
		start := d.at
		id := d.guid()
		n := d.count(minEntry, "a number of entries")
		if d.err != nil {
			return vs
		}
		if n == 0 || g > 0 && last.Compare(id) >= 0 {
			d.at = start
			d.fail("groups in ascending order, none empty")
			return vs
		}
		last = id
		if vs.entries == nil {
			vs.entries = make([]entry, 0, min(n, trusted))
		}
		next := uint64(0)
		for range n {
			start := d.at
			delta := d.uvarint("a pid")
			if delta > math.MaxUint32 || next+delta > math.MaxUint32 {
				d.at = start
				d.fail("a pid of 32 bits")
			}
			v := d.value(depth)
			if d.err != nil {
				return vs
			}
			pid := next + delta
			vs.entries = append(vs.entries, entry{PropertyKey{id, uint32(pid)}, v})
			next = pid + 1
		}
	}
	return vs
}

func (d *decoder) value(depth int) Value {
	k := Kind(d.byte("a kind"))
	switch k {
	case KindEmpty, KindNull:
		return Value{kind: k}
	case KindValues:
		if depth == 0 {
			d.tooDeep()
			return Value{}
		}
		return Value{kind: k, ptr: unsafe.Pointer(d.bag(depth - 1))}
	case KindKeys:
		keys := make([]PropertyKey, d.count(20, "a number of keys"))
		for i := range keys {
			keys[i] = d.key()
		}
		return Keys(keys)
	case KindValuesList:
		return d.bags(depth)
	case KindVariants:
		return d.variants()
	}
	if !k.Valid() {
		d.at--
		d.fail("a known kind")
	}
	return d.payload(k)
}

func (d *decoder) tooDeep() {
	if d.err == nil {
		d.err = ErrTooDeep
	}
}

func (d *decoder) bags(depth int) Value {
	n := d.count(1, "a number of bags")
	if n > 0 && depth == 0 {
		d.tooDeep()
		return Value{}
	}
	list := make([]*Values, 0, min(n, trusted))
	for range n {
		vs := d.bag(depth - 1)
		if d.err != nil {
			return Value{}
		}
		list = append(list, vs)
	}
	return valuesList(list)
}

func (d *decoder) variants() Value {
	n := d.count(1, "a number of elements")
	k := Kind(d.byte("a kind of element"))
	if d.err == nil && !k.element() && (k != KindEmpty || n > 0) {
		d.at--
		d.fail("a kind that a collection can hold")
	}
	if d.err != nil {
		return Value{}
	}
	switch {
	case k == KindString:
		list := make([]string, n)
		for i := range list {
			list[i] = d.text("a text")
		}
		return Strings(list)
	case n*payloadSize(k) > d.left():
		d.fail("as many elements as announced")
		return Value{}
	}
	list := make([]Value, n)
	for i := range list {
		list[i] = d.payload(k)
	}
	return Value{kind: KindVariants, elem: k, ptr: unsafe.Pointer(unsafe.SliceData(list)), num: uint64(n)}
}

// payloadSize is the fewest bytes that a payload of the kind takes.
func payloadSize(k Kind) int {
	switch k {
	case KindInt16, KindUint16:
		return 2
	case KindInt32, KindUint32, KindFloat32, KindError:
		return 4
	case KindInt64, KindUint64, KindFloat64, KindDate:
		return 8
	case KindGUID:
		return 16
	}
	return 1
}

// payload reads a kind that is neither nested nor without a payload.
func (d *decoder) payload(k Kind) Value {
	start := d.at
	switch k {
	case KindBool:
		b := d.byte("a bool")
		if b > 1 {
			d.at = start
			d.fail("0 or 1")
		}
		return Bool(b == 1)
	case KindInt8:
		return Int8(int8(d.byte("an int8")))
	case KindUint8:
		return Uint8(d.byte("a uint8"))
	case KindInt16:
		return Int16(int16(d.uint16()))
	case KindUint16:
		return Uint16(d.uint16())
	case KindInt32:
		return Int32(int32(d.uint32()))
	case KindUint32:
		return Uint32(d.uint32())
	case KindError:
		return ErrorCode(HRESULT(d.uint32()))
	case KindFloat32:
		bits := d.uint32()
		v := Float32(math.Float32frombits(bits))
		if v.num != uint64(bits) {
			d.at = start
			d.fail("the canonical NaN")
		}
		return v
	case KindFloat64, KindDate:
		bits := d.uint64()
		v := Value{kind: k, num: float64Bits(math.Float64frombits(bits))}
		if v.num != bits {
			d.at = start
			d.fail("the canonical NaN")
		}
		return v
	case KindInt64, KindUint64:
		return Value{kind: k, num: d.uint64()}
	case KindString:
		return String(d.text("a text"))
	case KindBytes:
		return Bytes(d.take(d.count(1, "a length"), "a buffer"))
	case KindGUID:
		return GUIDValue(d.guid())
	case KindKey:
		return Key(d.key())
	}
	d.fail("a known kind")
	return Value{}
}

// text is a view of the decoder's own copy of its input, which nothing changes.
func (d *decoder) text(want string) string {
	b := d.take(d.count(1, "a length"), want)
	return unsafe.String(unsafe.SliceData(b), len(b))
}

func (d *decoder) uint16() uint16 {
	if b := d.take(2, "2 bytes"); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (d *decoder) uint32() uint32 {
	if b := d.take(4, "4 bytes"); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (d *decoder) uint64() uint64 {
	if b := d.take(8, "8 bytes"); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (d *decoder) guid() (g GUID) {
	copy(g[:], d.take(16, "a GUID"))
	return g
}

func (d *decoder) key() PropertyKey { return PropertyKey{d.guid(), d.uint32()} }
