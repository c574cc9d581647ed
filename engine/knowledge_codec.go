package engine

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"cradle/engine/wire"
)

// knowledgeVersion is the first byte of a Knowledge in binary form.
const knowledgeVersion = 1

// ErrNormalForm: bytes or a bag that say something, but not as this program writes
// it. They are refused, because equal knowledge and metadata must have equal forms.
var ErrNormalForm = wire.ErrNormalForm

// AppendBinary appends the canonical binary form: equal knowledge has equal
// bytes, and a clean one takes 4 bytes and 18 to 27 for each replica. Numbers
// are unsigned LEB128 unless they are single bytes:
//
//	version     1 byte, 1
//	replicas    count, then 16 bytes each, ascending, each in use
//	rows        count, then each distinct row in order of first use:
//	              clock  of all units
//	              units  count, then name (length, bytes) and clock, by name
//	ranges      row number of the first range; count of the others, then each:
//	              step   1 byte: 0 the lowest ID follows (16 bytes),
//	                     1 it is the one after the former range's lowest
//	              row    number
//
// A clock is a count, then (replica number, tick) pairs, ascending, ticks above 0.
//
// The replica numbers are this form's replica keys (sync-model §1.1). Its key
// table goes with the bytes and ends with them: in memory there are whole replica
// IDs only, so reading maps every key to what it stands for, and no knowledge or
// version of another replica can be taken for one of ours. Mapping remote keys to
// local ones before use, a step of its own in the Sync Framework, is ParseKnowledge.
//
// The form has no checksum: the state and the store that it lies in have theirs.
// A changed bit that leaves a normal form is another knowledge; CheckClaims finds
// the part of those that can be found.
func (k Knowledge) AppendBinary(b []byte) []byte {
	replicas := k.Replicas()
	b = append(b, knowledgeVersion)
	b = binary.AppendUvarint(b, uint64(len(replicas)))
	for _, r := range replicas {
		b = append(b, r[:]...)
	}
	rows, numbers := k.rows(replicas)
	b = binary.AppendUvarint(b, uint64(len(rows)))
	for _, r := range rows {
		b = append(b, r...)
	}
	b = binary.AppendUvarint(b, uint64(numbers[k.start()]))
	b = binary.AppendUvarint(b, uint64(len(k.cuts)))
	last := MinItemID
	for _, c := range k.cuts {
		if after, ok := last.next(); ok && after == c.low {
			b = append(b, 1)
		} else {
			b = append(append(b, 0), c.low[:]...)
		}
		b = binary.AppendUvarint(b, uint64(numbers[c.row]))
		last = c.low
	}
	return b
}

// rows gives the distinct rows in order of first use, in binary form, and the
// number of each row.
func (k Knowledge) rows(replicas []ReplicaID) (rows []string, numbers map[*row]int) {
	numbers = make(map[*row]int, 1)
	byForm := make(map[string]int, 1)
	for _, r := range k.ranges() {
		if _, ok := numbers[r]; ok {
			continue
		}
		form := string(r.append(nil, replicas))
		n, ok := byForm[form]
		if !ok {
			n = len(rows)
			byForm[form] = n
			rows = append(rows, form)
		}
		numbers[r] = n
	}
	return rows, numbers
}

func (r *row) append(b []byte, replicas []ReplicaID) []byte {
	b = r.all.append(b, replicas)
	b = binary.AppendUvarint(b, uint64(len(r.units)))
	for _, u := range r.units {
		b = binary.AppendUvarint(b, uint64(len(u.unit)))
		b = append(b, u.unit...)
		b = u.clock.append(b, replicas)
	}
	return b
}

func (c clock) append(b []byte, replicas []ReplicaID) []byte {
	b = binary.AppendUvarint(b, uint64(len(c)))
	for _, v := range c {
		i, _ := slices.BinarySearchFunc(replicas, v.Replica, ReplicaID.Compare)
		b = binary.AppendUvarint(b, uint64(i))
		b = binary.AppendUvarint(b, v.Tick)
	}
	return b
}

// ParseKnowledge reads what AppendBinary wrote, which must fill b. An error says
// at which byte what was expected; that of a version this program doesn't know
// is ErrNewer, that of anything that isn't in normal form ErrNormalForm. The
// memory it takes is proportional to len(b).
func ParseKnowledge(b []byte) (Knowledge, error) {
	c := newCursor(b)
	k := c.knowledge()
	if c.Err == nil && len(c.Rest()) > 0 {
		c.Fail("the end of the knowledge")
	}
	if c.Err == nil && !bytes.Equal(k.AppendBinary(make([]byte, 0, len(b))), b) {
		c.Err = ErrNormalForm
	}
	if c.Err != nil {
		return Knowledge{}, fmt.Errorf("knowledge: %w", c.Err)
	}
	return k, nil
}

func (c *cursor) knowledge() Knowledge {
	if v := c.Byte("a version"); c.Err == nil && v != knowledgeVersion {
		if v > knowledgeVersion {
			c.Err = fmt.Errorf("version %d: %w", v, ErrNewer)
		} else {
			c.FailAt(0, "version 1")
		}
	}
	replicas := make([]ReplicaID, c.Count(16, "a count of replicas"))
	for i := range replicas {
		copy(replicas[i][:], c.Bytes(16, "a replica ID"))
		if i > 0 && c.Err == nil && replicas[i].Compare(replicas[i-1]) <= 0 {
			c.FailAt(c.Off-16, "a greater replica ID")
		}
	}
	rows := make([]*row, c.Count(2, "a count of rows"))
	for i := range rows {
		rows[i] = c.row(replicas)
	}
	var b builder
	b.add(MinItemID, c.rowNumber(rows))
	n := c.Count(2, "a count of ranges")
	b.cuts = make([]cut, 0, n)
	var last ItemID
	for ; n > 0 && c.Err == nil; n-- {
		at := c.Off
		low, ok := last.next()
		switch c.Byte("a step") {
		case 0:
			copy(low[:], c.Bytes(16, "an item ID"))
			ok = low.Compare(last) > 0
		case 1:
		default:
			c.FailAt(at, "step 0 or 1")
		}
		if !ok {
			c.FailAt(at, "a greater item ID")
		}
		b.add(low, c.rowNumber(rows))
		last = low
	}
	return b.knowledge()
}

func (c *cursor) row(replicas []ReplicaID) *row {
	r := &row{all: c.clock(replicas)}
	n := c.Count(2, "a count of units")
	if n > 0 {
		r.units = make([]unitClock, n)
	}
	for i := range r.units {
		at := c.Off
		r.units[i].unit = string(c.Bytes(c.Count(1, "a length of a name"), "a name"))
		if i > 0 && r.units[i].unit <= r.units[i-1].unit {
			c.FailAt(at, "a greater name")
		}
		r.units[i].clock = c.clock(replicas)
		if c.Err == nil && r.units[i].clock.equal(r.all) {
			c.Err = fmt.Errorf("byte %d of %d: unit %q is as its row: %w", at, len(c.Buf), r.units[i].unit, ErrNormalForm)
		}
	}
	return r
}

func (c *cursor) clock(replicas []ReplicaID) clock {
	n := c.Count(2, "a count of ticks")
	if n == 0 {
		return nil
	}
	v := make(clock, n)
	next := uint64(0)
	for i := range v {
		at := c.Off
		key := c.Uvarint("a replica number")
		if c.Err == nil && (key < next || key >= uint64(len(replicas))) {
			c.FailAt(at, fmt.Sprintf("a replica number from %d to %d", next, len(replicas)-1))
		}
		at = c.Off
		tick := c.Uvarint("a tick")
		if c.Err == nil && (tick == 0 || tick == pendingTick) {
			c.FailAt(at, "a tick above 0 and below 2^64-1")
		}
		if c.Err != nil {
			return nil
		}
		v[i] = Version{replicas[key], tick}
		next = key + 1
	}
	return v
}

func (c *cursor) rowNumber(rows []*row) *row {
	at := c.Off
	n := c.Uvarint("a row number")
	if c.Err == nil && n >= uint64(len(rows)) {
		c.FailAt(at, fmt.Sprintf("a row number below %d", len(rows)))
	}
	if c.Err != nil {
		return &emptyRow
	}
	return rows[n]
}
