package pim

import (
	"fmt"
	"slices"
	"strings"

	"cradle/pim/recur"
)

// withZones puts a VTIMEZONE into a text for each zone that only the edited lines name: a TZID
// has to be defined in its calendar (RFC 5545 §3.2.19). What named its zones without that
// before still does.
func (w *wpdBack) withZones(text []byte) ([]byte, error) {
	if w.d != ICalendar2 || !w.r.wrapped() {
		return text, nil
	}
	var ids []string
	name := func(p *Property) {
		for _, q := range rowParams(p) {
			if q.Name != "TZID" || len(q.Values) != 1 || slices.Contains(ids, q.Values[0]) {
				continue
			}
			id := q.Values[0]
			named := slices.ContainsFunc(w.t.Lines, func(l Line) bool { return l.Param("TZID") == id })
			if _, known := recur.LoadZone(id); known && !named && w.parsed.zone(id) == 0 {
				ids = append(ids, id)
			}
		}
	}
	for _, p := range w.rows {
		name(p)
	}
	for i := range w.added {
		name(&w.added[i])
	}
	if len(ids) == 0 {
		return text, nil
	}
	slices.Sort(ids)
	p, err := w.kind.parseItem(string(text))
	if err != nil {
		return nil, err
	}
	at := -1
	for i := range p.t.Components {
		if c := &p.t.Components[i]; i > 0 && w.kind.holds(c.Name) && (at < 0 || c.Start < at) {
			at = c.Start
		}
	}
	if at < 0 {
		return text, nil
	}
	from := w.start.Wall
	if from.IsZero() {
		from = w.at
	}
	var b strings.Builder
	for _, id := range ids {
		z, _ := recur.LoadZone(id)
		b.WriteString(vtimezone(id, z.Observances(from), lineEnd(string(text))))
	}
	return slices.Insert(slices.Clone(text), at, []byte(b.String())...), nil
}

// vtimezone writes a zone as a VTIMEZONE.
func vtimezone(id string, parts []recur.Observance, eol string) string {
	var b strings.Builder
	line := func(format string, args ...any) {
		b.Write(appendFolded(nil, fmt.Sprintf(format, args...), eol))
	}
	line("BEGIN:VTIMEZONE")
	line("TZID:%s", id)
	for _, o := range parts {
		kind := "STANDARD"
		if o.To > o.From {
			kind = "DAYLIGHT"
		}
		line("BEGIN:%s", kind)
		line("DTSTART:%s", o.Start.Wall.Format("20060102T150405"))
		line("TZOFFSETFROM:%s", offsetText(o.From))
		line("TZOFFSETTO:%s", offsetText(o.To))
		line("TZNAME:%s", escapeText(o.Name))
		for _, r := range o.Rules {
			line("RRULE:%s", r.String())
		}
		line("END:%s", kind)
	}
	line("END:VTIMEZONE")
	return b.String()
}
