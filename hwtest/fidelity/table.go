package main

import (
	"fmt"
	"slices"
	"strings"
)

// document is docs/fidelity.md.
func document(res result) []byte {
	var b []byte
	p := func(format string, args ...any) { b = fmt.Appendf(b, format+"\n", args...) }
	var sum row
	for _, r := range res.rows {
		sum.files += r.files
		sum.objects += r.objects
		sum.cradle.read += r.cradle.read
		sum.cradle.kept += r.cradle.kept
		sum.rewritten += r.rewritten
		sum.converted += r.converted
		sum.library.read += r.library.read
		sum.library.kept += r.library.kept
	}
	p("# Fidelity\n")
	p("What comes out of Cradle is what went in. `make fidelity` measures it on %d files with %d cards and", sum.files, sum.objects)
	p("calendar entries that %d programs wrote, broken ones among them, and writes this page. Each object is", len(res.rows))
	p("compared line by line by a reader that shares no code with Cradle's (`hwtest/reader`): the same")
	p("groups, names, parameters and decoded values, as often as before.\n")
	p("* **read**: objects found. **kept**: objects that say the same after reading and writing.")
	p("* **anew**: the same after each line was changed, changed back and so encoded from its decoded")
	p("  value; a line that nobody edits keeps its bytes.")
	p("* **converted**: the same after each other version of the format (vCard 2.1, 3.0, 4.0, vCalendar 1.0,")
	p("  iCalendar 2.0) and back, one after the other, but for what a version spells in its own way")
	p("  ([dialects.md](dialects.md)).")
	p("* **go libraries**: go-vcard for cards and go-ical for calendars, on the same files. A calendar that")
	p("  go-ical refuses to write counts as lost.\n")
	p("| Producer | files | objects | Cradle: read | kept | anew | converted | go libraries: read | kept |")
	p("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
	line := func(r row) {
		p("| %s | %d | %d | %d | %d | %d | %d | %d | %d |", r.producer, r.files, r.objects,
			r.cradle.read, r.cradle.kept, r.rewritten, r.converted, r.library.read, r.library.kept)
	}
	for _, r := range res.rows {
		line(r)
	}
	sum.producer = "**all**"
	line(sum)
	p("\n## What other readers find\n")
	p("Every object that one of these finds, Cradle finds too: same component, same UID.\n")
	p("| Reader | version | files | objects | refuses or gives up in | crashes or hangs in |")
	p("|---|---|--:|--:|--:|--:|")
	for _, o := range res.others {
		if o.absent != "" {
			p("| %s | absent when this was measured | | | | |", o.name)
			continue
		}
		objects, refused, crashed := 0, 0, 0
		for _, r := range o.files {
			objects += len(r.seen)
			switch {
			case r.err == "crashed", r.err == "hangs", strings.HasPrefix(r.err, "panic"):
				crashed++
			case r.err != "":
				refused++
			}
		}
		p("| %s | %s | %d | %d | %d | %d |", o.name, o.version, len(o.files), objects, refused, crashed)
	}
	p("\nvobject, icalendar, libical and versit (libical's reader of vCard 2.1 and vCalendar 1.0) are Debian's")
	p("python3-vobject, python3-icalendar and libical3. The readers of both formats get all files.")
	p("\n## Through phones that store only part\n")
	p("What such a phone leaves out stays on the computer, byte for byte: [lossy-phones.md](lossy-phones.md).")
	if len(res.findings) > 0 {
		p("\n## Losses\n")
		for _, f := range slices.Sorted(slices.Values(res.findings)) {
			p("* %s", f)
		}
	}
	return b
}
