package pim

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"cradle/pim/recur"
	"cradle/valuebag"
)

// WPD shows the item under the property keys of Windows Portable Devices and of device
// services, as a service or an abstract object would carry it. It is a view: what the
// keys can't hold (a third number, labels, unknown lines) isn't in it, and nothing is
// ever written back from it as a whole; [Kind.FromWPD] brings back what changed. Of a
// series it is the series; the changed occurrences are in [Kind.WPDOccurrences]. zone is the
// phone's, whose clock dates and times without a zone are on, as a device says all times in
// UTC; nil is UTC.
func (k *Kind) WPD(item *valuebag.Values, zone *time.Location) *valuebag.Values {
	p, err := k.parseFor(item, zone)
	if err != nil {
		return valuebag.New(0)
	}
	return p.wpd().Values
}

// parseFor takes an item apart for the view of a phone in that zone.
func (k *Kind) parseFor(item *valuebag.Values, zone *time.Location) (*parsed, error) {
	p, err := k.parseItem(string(k.Text(item)))
	if err == nil && zone != nil {
		p.phone = recur.InLocation(zone)
	}
	return p, err
}

func (p *parsed) wpd() *wpdBag {
	vs := &wpdBag{valuebag.New(16), map[valuebag.PropertyKey]wpdSlot{}}
	if !p.kind.card() {
		p.wpdCalendar(vs.Values)
		return vs
	}
	p.wpdContact(vs)
	if s := p.summary(); s != "" {
		vs.SetString(valuebag.WPDContactDisplayName, s)
		if l := p.wpdLines("FN"); len(l) > 0 {
			vs.slots[valuebag.WPDContactDisplayName] = wpdSlot{[]*wpdLine{l[0]}, -1}
		}
	}
	return vs
}

// wpdBag is a view that knows where its values come from.
type wpdBag struct {
	*valuebag.Values
	slots map[valuebag.PropertyKey]wpdSlot
}

// wpdSlot is what stands behind a key: a line, several of a list, or a part of one.
type wpdSlot struct {
	lines []*wpdLine
	part  int // of a structured value, from 0; -1 the whole
}

// put fills a key from a line, if there is something to say.
func (vs *wpdBag) put(k valuebag.PropertyKey, v string, l *wpdLine, part int) {
	if v != "" {
		vs.SetString(k, v)
		vs.slots[k] = wpdSlot{[]*wpdLine{l}, part}
	}
}

// putList fills a key with the values of several lines.
func (vs *wpdBag) putList(k valuebag.PropertyKey, lines []*wpdLine, value func(*wpdLine) string) {
	if len(lines) == 0 {
		return
	}
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = value(l)
	}
	vs.Set(k, valuebag.Strings(out))
	vs.slots[k] = wpdSlot{lines, -1}
}

// wpdLine is a line with what a slot asks of it.
type wpdLine struct {
	modern
	at    int    // index of Text.Lines
	types string // " home voice " in lower case
	rank  int    // its preference, the first the smallest
	label string // its X-ABLabel
}

func (l *wpdLine) is(t string) bool { return strings.Contains(l.types, " "+t+" ") }

func (l *wpdLine) text() string { return oneLine(unescapeText(l.value)) }

// wpdLines gives the lines of that name, the preferred ones first, else in
// order of appearance.
func (p *parsed) wpdLines(name string) []*wpdLine {
	var out []*wpdLine
	for i := range p.t.Lines {
		l := &p.t.Lines[i]
		if l.Component != p.main || l.Junk || l.Name != name {
			continue
		}
		w := &wpdLine{modern: modernise(l, p.d), at: i}
		var b strings.Builder
		b.WriteByte(' ')
		for _, q := range w.params {
			if q.Name != "TYPE" {
				continue
			}
			for _, v := range q.Values {
				for _, t := range strings.Split(v, ",") {
					b.WriteString(strings.ToLower(strings.TrimSpace(t)) + " ")
				}
			}
		}
		w.types, w.rank = b.String(), rank(w.params)
		if w.group != "" {
			w.label = p.label(w.group)
		}
		if w.text() != "" {
			out = append(out, w)
		}
	}
	slices.SortStableFunc(out, func(a, b *wpdLine) int { return cmp.Compare(a.rank, b.rank) })
	return out
}

func (p *parsed) label(group string) string {
	for i := range p.t.Lines {
		l := &p.t.Lines[i]
		if l.Component == p.main && l.Name == "X-ABLABEL" && strings.EqualFold(l.Group, group) {
			m := modernise(l, p.d)
			return strings.ToLower(strings.Trim(unescapeText(m.value), "_$!<>"))
		}
	}
	return ""
}

// fill fills keys one after the other; the lines that are left over come back.
func fill(vs *wpdBag, lines []*wpdLine, value func(*wpdLine) string, keys ...valuebag.PropertyKey) (over []*wpdLine) {
	for i, l := range lines {
		if i < len(keys) {
			vs.put(keys[i], value(l), l, -1)
		} else {
			over = append(over, l)
		}
	}
	return over
}

// take splits the lines that match from the others.
func take(lines []*wpdLine, match func(*wpdLine) bool) (yes, no []*wpdLine) {
	for _, l := range lines {
		if match(l) {
			yes = append(yes, l)
		} else {
			no = append(no, l)
		}
	}
	return yes, no
}

func typed(ts ...string) func(*wpdLine) bool {
	return func(l *wpdLine) bool {
		for _, t := range ts {
			if !l.is(t) {
				return false
			}
		}
		return true
	}
}

func (p *parsed) wpdContact(vs *wpdBag) {
	text := func(l *wpdLine) string { return l.text() }
	if n := p.wpdLines("N"); len(n) > 0 {
		v := n[0].value
		vs.put(valuebag.WPDContactLastName, joinParts(v, " ", 0), n[0], 0)
		vs.put(valuebag.WPDContactFirstName, joinParts(v, " ", 1), n[0], 1)
		vs.put(valuebag.WPDContactMiddleNames, joinParts(v, " ", 2), n[0], 2)
		vs.put(valuebag.WPDContactPrefix, joinParts(v, " ", 3), n[0], 3)
		vs.put(valuebag.WPDContactSuffix, joinParts(v, " ", 4), n[0], 4)
	}
	one := func(name string, k valuebag.PropertyKey) {
		if l := p.wpdLines(name); len(l) > 0 {
			vs.put(k, l[0].text(), l[0], -1)
		}
	}
	one("X-PHONETIC-FIRST-NAME", valuebag.WPDContactPhoneticFirstName)
	one("X-PHONETIC-LAST-NAME", valuebag.WPDContactPhoneticLastName)
	one("X-PHONETIC-ORG", valuebag.WPDContactPhoneticCompanyName)
	one("ROLE", valuebag.WPDContactRole)
	one("TITLE", valuebag.WPDContactRole) // TITLE, else ROLE
	if l := p.wpdLines("ORG"); len(l) > 0 {
		vs.put(valuebag.WPDContactCompanyName, joinParts(l[0].value, " ", 0), l[0], 0)
	}

	mail := p.wpdLines("EMAIL")
	if len(mail) > 0 {
		vs.put(valuebag.WPDContactPrimaryEmailAddress, mail[0].text(), mail[0], -1)
	}
	home, mail := take(mail, typed("home"))
	work, mail := take(mail, typed("work"))
	over := fill(vs, home, text, valuebag.WPDContactPersonalEmail, valuebag.WPDContactPersonalEmail2)
	over = append(over, fill(vs, work, text, valuebag.WPDContactBusinessEmail, valuebag.WPDContactBusinessEmail2)...)
	vs.putList(valuebag.WPDContactOtherEmails, append(over, mail...), text)
	p.wpdPhones(vs)

	web := p.wpdLines("URL")
	if len(web) > 0 {
		vs.put(valuebag.WPDContactPrimaryWebAddress, web[0].text(), web[0], -1)
	}
	home, _ = take(web, func(l *wpdLine) bool { return l.is("home") || l.label == "homepage" })
	work, _ = take(web, typed("work"))
	fill(vs, home[:min(len(home), 1)], text, valuebag.WPDContactPersonalWebAddress)
	fill(vs, work[:min(len(work), 1)], text, valuebag.WPDContactBusinessWebAddress)
	im := p.wpdLines("IMPP")
	fill(vs, im, text, valuebag.WPDContactInstantMessenger, valuebag.WPDContactInstantMessenger2, valuebag.WPDContactInstantMessenger3)

	adr := p.wpdLines("ADR")
	home, adr = take(adr, typed("home"))
	work, adr = take(adr, typed("work"))
	wpdAddress(vs, home, valuebag.WPDContactPersonalFullPostalAddress, valuebag.WPDContactPersonalPostalAddressLine1, valuebag.WPDContactPersonalPostalAddressLine2,
		valuebag.WPDContactPersonalPostalAddressCity, valuebag.WPDContactPersonalPostalAddressRegion, valuebag.WPDContactPersonalPostalAddressPostalCode, valuebag.WPDContactPersonalPostalAddressCountry)
	wpdAddress(vs, work, valuebag.WPDContactBusinessFullPostalAddress, valuebag.WPDContactBusinessPostalAddressLine1, valuebag.WPDContactBusinessPostalAddressLine2,
		valuebag.WPDContactBusinessPostalAddressCity, valuebag.WPDContactBusinessPostalAddressRegion, valuebag.WPDContactBusinessPostalAddressPostalCode, valuebag.WPDContactBusinessPostalAddressCountry)
	wpdAddress(vs, adr, valuebag.WPDContactOtherFullPostalAddress, valuebag.WPDContactOtherPostalAddressLine1, valuebag.WPDContactOtherPostalAddressLine2,
		valuebag.WPDContactOtherPostalAddressCity, valuebag.WPDContactOtherPostalAddressRegion, valuebag.WPDContactOtherPostalAddressPostalCode, valuebag.WPDContactOtherPostalAddressPostalCountry)

	p.wpdDates(vs)
	p.wpdRelated(vs)
	if l := p.wpdLines("NOTE"); len(l) > 0 {
		vs.put(valuebag.WPDCommonInformationNotes, unescapeText(l[0].value), l[0], -1)
	}
}

// wpdNumber is a number, also of a URI.
func wpdNumber(l *wpdLine) string { return strings.TrimPrefix(l.text(), "tel:") }

// wpdPhones puts the numbers into their slots: faxes and pagers by their type,
// then cell, home, work, and the rest in the list of others.
func (p *parsed) wpdPhones(vs *wpdBag) {
	number := wpdNumber
	tel := p.wpdLines("TEL")
	fax, tel := take(tel, typed("fax"))
	pager, tel := take(tel, typed("pager"))
	if len(tel) > 0 {
		vs.put(valuebag.WPDContactPrimaryPhone, number(tel[0]), tel[0], -1)
	}
	var over []*wpdLine
	faxHome, fax := take(fax, typed("home"))
	faxWork, fax := take(fax, typed("work"))
	over = append(over, fill(vs, faxHome, number, valuebag.WPDContactPersonalFax)...)
	over = append(over, fill(vs, faxWork, number, valuebag.WPDContactBusinessFax)...)
	over = append(over, fill(vs, fax, number, valuebag.WPDContactPrimaryFax)...)
	over = append(over, fill(vs, pager, number, valuebag.WPDContactPager)...)
	cell, tel := take(tel, typed("cell"))
	home, tel := take(tel, typed("home"))
	work, tel := take(tel, typed("work"))
	over = append(over, fill(vs, cell, number, valuebag.WPDContactMobilePhone, valuebag.WPDContactMobilePhone2)...)
	over = append(over, fill(vs, home, number, valuebag.WPDContactPersonalPhone, valuebag.WPDContactPersonalPhone2)...)
	over = append(over, fill(vs, work, number, valuebag.WPDContactBusinessPhone, valuebag.WPDContactBusinessPhone2)...)
	vs.putList(valuebag.WPDContactOtherPhones, append(over, tel...), number)
}

// wpdAddress fills the slots of one address: whole, street, extended, locality,
// region, code, country.
func wpdAddress(vs *wpdBag, lines []*wpdLine, keys ...valuebag.PropertyKey) {
	if len(lines) == 0 {
		return
	}
	v := lines[0].value
	whole := joinParts(v, ", ", 0, 1, 2, 3, 4, 5, 6)
	if whole == "" {
		return
	}
	vs.put(keys[0], whole, lines[0], -1)
	for i, part := range []int{2, 1, 3, 4, 5, 6} {
		vs.put(keys[i+1], joinParts(v, " ", part), lines[0], part)
	}
}

func (p *parsed) wpdDates(vs *wpdBag) {
	day := func(k valuebag.PropertyKey, names ...string) {
		for _, n := range names {
			for _, l := range p.wpdLines(n) {
				if n == "X-ABDATE" && l.label != "anniversary" {
					continue
				}
				if d, ok := parseDay(l.value); ok {
					vs.SetDate(k, d)
					vs.slots[k] = wpdSlot{[]*wpdLine{l}, -1}
					return
				}
			}
		}
	}
	day(valuebag.WPDContactBirthdate, "BDAY")
	day(valuebag.WPDContactAnniversaryDate, "ANNIVERSARY", "X-ANNIVERSARY", "X-EVOLUTION-ANNIVERSARY", "X-ABDATE")
}

// parseDay reads a whole date; one without year (--0412, Apple's 1604) has no
// place in a VT_DATE.
func parseDay(s string) (time.Time, bool) {
	s = strings.TrimSpace(s)
	if i := strings.IndexByte(s, 'T'); i >= 0 {
		s = s[:i]
	}
	for _, f := range []string{"2006-01-02", "20060102"} {
		if d, err := time.Parse(f, s); err == nil && d.Year() != 1604 {
			return d, true
		}
	}
	return time.Time{}, false
}

func (p *parsed) wpdRelated(vs *wpdBag) {
	var children []*wpdLine
	put := func(kind string, l *wpdLine) {
		switch kind {
		case "spouse":
			if !vs.Has(valuebag.WPDContactSpouse) {
				vs.put(valuebag.WPDContactSpouse, l.text(), l, -1)
			}
		case "assistant":
			if !vs.Has(valuebag.WPDContactAssistant) {
				vs.put(valuebag.WPDContactAssistant, l.text(), l, -1)
			}
		case "child":
			children = append(children, l)
		}
	}
	for _, l := range p.wpdLines("RELATED") {
		for _, t := range []string{"spouse", "child"} {
			if l.is(t) {
				put(t, l)
			}
		}
	}
	for _, l := range p.wpdLines("X-SPOUSE") {
		put("spouse", l)
	}
	for _, l := range p.wpdLines("X-ABRELATEDNAMES") {
		put(l.label, l)
	}
	vs.putList(valuebag.WPDContactChildren, children, (*wpdLine).text)
}
