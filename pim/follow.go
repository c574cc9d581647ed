package pim

import (
	"slices"
	"strings"
	"time"

	"cradle/pim/recur"
)

// Lines that go together: where the peer's user changed one, the others that the peer
// didn't hold as they were sent can't stay as they are.

// once lists lines of which an item has one at most (RFC 5545, 3.6.1 to 3.6.6; RFC 6350,
// 6.2; two RRULEs are allowed, but no phone's user means a second one): one that the peer has now takes the place of one that it didn't store.
var once = map[bool][]string{
	true:  {"N", "BDAY", "ANNIVERSARY", "GENDER"},
	false: {"SUMMARY", "DTSTART", "DTEND", "DUE", "DURATION", "RRULE", "LOCATION", "STATUS", "TRANSP", "CLASS", "PRIORITY", "PERCENT-COMPLETE", "COMPLETED", "GEO", "ORGANIZER"},
}

// replaced is the line of the full object, unknown to the peer, that one which is new
// there replaces; -1 none.
func (d *slotDiff) replaced(now int, mapped []bool) int {
	a := &d.now[now]
	if a.comp || !slices.Contains(once[d.card], a.name) {
		return -1
	}
	if len(named(d.full, a.name)) > 1 {
		return -1 // which of them nobody knows
	}
	return slices.IndexFunc(indexes(len(d.full)), func(f int) bool { return !mapped[f] && !d.full[f].comp && d.full[f].name == a.name })
}

func indexes(n int) []int {
	at := make([]int, n)
	for i := range at {
		at[i] = i
	}
	return at
}

// named gives the lines with one of these names, by their index.
func named(slots []slot, names ...string) (at []int) {
	for i := range slots {
		if s := &slots[i]; !s.comp && slices.Contains(names, s.name) {
			at = append(at, i)
		}
	}
	return at
}

// endNames are the ways to say when an entry ends: one at most counts.
var endNames = []string{"DTEND", "DUE", "DURATION"}

// followStart keeps the end of an entry with its start: a peer may say by DURATION what
// was sent as DTEND, and the other way round, or store no end.
func (d *slotDiff) followStart(ops *slotOps) {
	ends := named(d.full, endNames...)
	if d.card || len(ends) != 1 {
		return
	}
	end := ends[0]
	held, has := named(d.was, endNames...), named(d.now, endNames...)
	same := func(i int) bool { return d.was[i].name == d.full[end].name }
	if slices.ContainsFunc(held, same) {
		return
	}
	starts := named(d.now, "DTSTART")
	if len(held) == 0 && len(has) == 0 {
		if len(starts) != 1 || d.full[end].name != "DTEND" {
			return
		}
		for _, e := range ops.edits {
			if e.now == starts[0] && e.was.value != d.now[e.now].value {
				ops.edits = append(ops.edits, slotEdit{end, e.now, e.was}) // by as much
				return
			}
		}
		return
	}
	if d.was == nil && sameLength(d.full, d.now) && !slices.ContainsFunc(ops.edits, func(e slotEdit) bool { return slices.Contains(starts, e.now) }) {
		ops.added = slices.DeleteFunc(ops.added, func(n int) bool { return slices.Contains(has, n) })
		return
	}
	if d.was != nil && d.sameNorms(append(held, named(d.was, "DTSTART")...), append(has, starts...)) {
		return
	}
	// The end as the peer has it.
	ops.gone = append(slices.DeleteFunc(ops.gone, func(f int) bool { return f == end }), end)
	isEnd := func(n int) bool { return slices.Contains(has, n) }
	ops.edits = slices.DeleteFunc(ops.edits, func(e slotEdit) bool { return e.full == end || isEnd(e.now) })
	ops.added = append(slices.DeleteFunc(ops.added, isEnd), has...)
}

// sameNorms compares lines that the peer held with lines that it holds.
func (d *slotDiff) sameNorms(was, now []int) bool {
	var a, b []string
	for _, i := range was {
		a = append(a, d.was[i].norm)
	}
	for _, i := range now {
		b = append(b, d.now[i].norm)
	}
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// sameLength reports whether two entries are known to last as long as each other.
func sameLength(a, b []slot) bool {
	x, ok := length(a)
	y, ok2 := length(b)
	return ok && ok2 && x == y
}

// length is how long an entry lasts, as far as its lines say so without its zones.
func length(slots []slot) (time.Duration, bool) {
	starts, ends := named(slots, "DTSTART"), named(slots, endNames...)
	if len(starts) != 1 || len(ends) != 1 {
		return 0, false
	}
	start, end := &slots[starts[0]], &slots[ends[0]]
	if end.name == "DURATION" {
		return parseDuration(end.value)
	}
	a, err := recur.ParseStamp(start.value, nil)
	b, err2 := recur.ParseStamp(end.value, nil)
	utc := strings.HasSuffix(start.value, "Z") == strings.HasSuffix(end.value, "Z")
	return b.Wall.Sub(a.Wall), err == nil && err2 == nil && utc && paramOf(start.params, "TZID") == paramOf(end.params, "TZID")
}

// How far a task is, as a line says it.
const (
	nothingSaid = iota
	underWay
	done
)

func progress(s *slot) int {
	switch {
	case s.comp:
	case s.name == "COMPLETED",
		s.name == "STATUS" && strings.EqualFold(s.value, "COMPLETED"),
		s.name == "PERCENT-COMPLETE" && s.value == "100":
		return done
	case s.name == "STATUS" && (strings.EqualFold(s.value, "NEEDS-ACTION") || strings.EqualFold(s.value, "IN-PROCESS")),
		s.name == "PERCENT-COMPLETE":
		return underWay
	}
	return nothingSaid
}

func furthest(slots []slot) int {
	far := nothingSaid
	for i := range slots {
		far = max(far, progress(&slots[i]))
	}
	return far
}

// followDone takes away what says the contrary of a task that the peer's user finished,
// or took up again, where the peer didn't hold it.
func (d *slotDiff) followDone(ops *slotOps, mapped []bool) {
	was, now := furthest(d.was), furthest(d.now)
	if d.card || was == now || now == nothingSaid || was != done && now != done {
		return
	}
	for f := range d.full {
		if says := progress(&d.full[f]); says != nothingSaid && says != now && !mapped[f] && !slices.Contains(ops.gone, f) {
			ops.gone = append(ops.gone, f)
		}
	}
}
