package udev

import (
	"cmp"
	"slices"
	"time"
)

// Debounce makes one of the events that come together. Android leaves the bus and
// comes back when its USB mode is changed, and each time is several events; what is to
// be looked at is the port, once it is quiet.
//
// It has no clock of its own and is used by one goroutine.
type Debounce struct {
	Quiet time.Duration // without an event, before a port is due
	Limit time.Duration // since the first event: then it is due, quiet or not
	ports map[string]burst
}

type burst struct{ first, last time.Time }

// Note takes an event of a port.
func (d *Debounce) Note(port string, at time.Time) {
	if d.ports == nil {
		d.ports = map[string]burst{}
	}
	b, ok := d.ports[port]
	if !ok {
		b.first = at
	}
	b.last = at
	d.ports[port] = b
}

func (d *Debounce) due(b burst) time.Time {
	quiet, limit := b.last.Add(d.Quiet), b.first.Add(d.Limit)
	if limit.Before(quiet) {
		return limit
	}
	return quiet
}

// Next is when the next port is due; false when none is waiting.
func (d *Debounce) Next() (at time.Time, ok bool) {
	for _, b := range d.ports {
		if t := d.due(b); !ok || t.Before(at) {
			at, ok = t, true
		}
	}
	return at, ok
}

// Due takes the ports out that are due, in the order of their times and names.
func (d *Debounce) Due(now time.Time) []string {
	var out []string
	for p, b := range d.ports {
		if !d.due(b).After(now) {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b string) int {
		return cmp.Or(d.due(d.ports[a]).Compare(d.due(d.ports[b])), cmp.Compare(a, b))
	})
	for _, p := range out {
		delete(d.ports, p)
	}
	return out
}
