package pim

import (
	"strings"
	"time"

	"cradle/valuebag"
)

// WPD shows the item under the property keys of Windows Portable Devices, as a
// device service or an abstract object would carry it. It is a view: what the
// keys can't hold (a third number, labels, unknown lines) isn't in it, and
// nothing is ever written back from it as a whole.
func (k *Kind) WPD(item *valuebag.Values) *valuebag.Values {
	vs := valuebag.New(16)
	p, err := k.parseItem(string(k.Text(item)))
	if err != nil {
		return vs
	}
	if k.card() {
		p.wpdContact(vs)
		if s := k.Summary(item); s != "" {
			vs.SetString(valuebag.WPDContactDisplayName, s)
		}
	} else {
		p.wpdCalendar(vs)
	}
	return vs
}

// wpdLine is a line with what a slot asks of it.
type wpdLine struct {
	modern
	types string // " home voice " in lower case
	pref  bool
	label string // its X-ABLabel
}

func (l *wpdLine) is(t string) bool { return strings.Contains(l.types, " "+t+" ") }

func (l *wpdLine) text() string { return oneLine(unescapeText(l.value)) }

// wpdLines gives the lines of that name, the preferred ones first, else in
// order of appearance.
func (p *parsed) wpdLines(name string) []*wpdLine {
	var first, rest []*wpdLine
	for i := range p.t.Lines {
		l := &p.t.Lines[i]
		if l.Component != p.main || l.Junk || l.Name != name {
			continue
		}
		w := &wpdLine{modern: modernise(l, p.d)}
		var b strings.Builder
		b.WriteByte(' ')
		for _, q := range w.params {
			switch q.Name {
			case "TYPE":
				for _, v := range q.Values {
					for _, t := range strings.Split(v, ",") {
						b.WriteString(strings.ToLower(strings.TrimSpace(t)) + " ")
					}
				}
			case "PREF":
				w.pref = w.pref || len(q.Values) > 0 && q.Values[0] == "1"
			}
		}
		w.types = b.String()
		w.pref = w.pref || w.is("pref")
		if w.group != "" {
			w.label = p.label(w.group)
		}
		if w.text() == "" {
			continue
		}
		if w.pref {
			first = append(first, w)
		} else {
			rest = append(rest, w)
		}
	}
	return append(first, rest...)
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

// slots fills keys one after the other; what is left over comes back.
func fill(vs *valuebag.Values, lines []*wpdLine, value func(*wpdLine) string, keys ...valuebag.PropertyKey) (over []string) {
	for i, l := range lines {
		if i < len(keys) {
			vs.SetString(keys[i], value(l))
		} else {
			over = append(over, value(l))
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

func (p *parsed) wpdContact(vs *valuebag.Values) {
	set := func(k valuebag.PropertyKey, v string) {
		if v != "" {
			vs.SetString(k, v)
		}
	}
	text := func(l *wpdLine) string { return l.text() }
	if n := p.wpdLines("N"); len(n) > 0 {
		v := n[0].value
		set(valuebag.WPDContactLastName, joinParts(v, " ", 0))
		set(valuebag.WPDContactFirstName, joinParts(v, " ", 1))
		set(valuebag.WPDContactMiddleNames, joinParts(v, " ", 2))
		set(valuebag.WPDContactPrefix, joinParts(v, " ", 3))
		set(valuebag.WPDContactSuffix, joinParts(v, " ", 4))
	}
	one := func(name string, k valuebag.PropertyKey) {
		if l := p.wpdLines(name); len(l) > 0 {
			set(k, l[0].text())
		}
	}
	one("X-PHONETIC-FIRST-NAME", valuebag.WPDContactPhoneticFirstName)
	one("X-PHONETIC-LAST-NAME", valuebag.WPDContactPhoneticLastName)
	one("X-PHONETIC-ORG", valuebag.WPDContactPhoneticCompanyName)
	one("ROLE", valuebag.WPDContactRole)
	one("TITLE", valuebag.WPDContactRole) // TITLE, else ROLE
	if l := p.wpdLines("ORG"); len(l) > 0 {
		set(valuebag.WPDContactCompanyName, joinParts(l[0].value, " ", 0))
	}

	mail := p.wpdLines("EMAIL")
	if len(mail) > 0 {
		set(valuebag.WPDContactPrimaryEmailAddress, mail[0].text())
	}
	home, mail := take(mail, typed("home"))
	work, mail := take(mail, typed("work"))
	over := fill(vs, home, text, valuebag.WPDContactPersonalEmail, valuebag.WPDContactPersonalEmail2)
	over = append(over, fill(vs, work, text, valuebag.WPDContactBusinessEmail, valuebag.WPDContactBusinessEmail2)...)
	if over = append(over, fill(vs, mail, text)...); len(over) > 0 {
		vs.Set(valuebag.WPDContactOtherEmails, valuebag.Strings(over))
	}
	p.wpdPhones(vs)

	number := func(l *wpdLine) string { return l.text() }
	web := p.wpdLines("URL")
	if len(web) > 0 {
		set(valuebag.WPDContactPrimaryWebAddress, web[0].text())
	}
	home, _ = take(web, func(l *wpdLine) bool { return l.is("home") || l.label == "homepage" })
	work, _ = take(web, typed("work"))
	fill(vs, home[:min(len(home), 1)], number, valuebag.WPDContactPersonalWebAddress)
	fill(vs, work[:min(len(work), 1)], number, valuebag.WPDContactBusinessWebAddress)
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
		set(valuebag.WPDCommonInformationNotes, unescapeText(l[0].value))
	}
}

// wpdPhones puts the numbers into their slots: faxes and pagers by their type,
// then cell, home, work, and the rest in the list of others.
func (p *parsed) wpdPhones(vs *valuebag.Values) {
	number := func(l *wpdLine) string {
		return strings.TrimPrefix(l.text(), "tel:")
	}
	tel := p.wpdLines("TEL")
	fax, tel := take(tel, typed("fax"))
	pager, tel := take(tel, typed("pager"))
	if len(tel) > 0 {
		vs.SetString(valuebag.WPDContactPrimaryPhone, number(tel[0]))
	}
	var over []string
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
	if over = append(over, fill(vs, tel, number)...); len(over) > 0 {
		vs.Set(valuebag.WPDContactOtherPhones, valuebag.Strings(over))
	}
}

// wpdAddress fills the slots of one address: whole, street, extended, locality,
// region, code, country.
func wpdAddress(vs *valuebag.Values, lines []*wpdLine, keys ...valuebag.PropertyKey) {
	if len(lines) == 0 {
		return
	}
	v := lines[0].value
	whole := joinParts(v, ", ", 0, 1, 2, 3, 4, 5, 6)
	if whole == "" {
		return
	}
	vs.SetString(keys[0], whole)
	for i, part := range []int{2, 1, 3, 4, 5, 6} {
		if s := joinParts(v, " ", part); s != "" {
			vs.SetString(keys[i+1], s)
		}
	}
}

func (p *parsed) wpdDates(vs *valuebag.Values) {
	day := func(k valuebag.PropertyKey, names ...string) {
		for _, n := range names {
			for _, l := range p.wpdLines(n) {
				if n == "X-ABDATE" && l.label != "anniversary" {
					continue
				}
				if d, ok := parseDay(l.value); ok {
					vs.SetDate(k, d)
					return
				}
			}
		}
	}
	day(valuebag.WPDContactBirthdate, "BDAY")
	day(valuebag.WPDContactAnniversaryDate, "ANNIVERSARY", "X-EVOLUTION-ANNIVERSARY", "X-ABDATE")
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

func (p *parsed) wpdRelated(vs *valuebag.Values) {
	var children []string
	put := func(kind, name string) {
		switch kind {
		case "spouse":
			if !vs.Has(valuebag.WPDContactSpouse) {
				vs.SetString(valuebag.WPDContactSpouse, name)
			}
		case "assistant":
			if !vs.Has(valuebag.WPDContactAssistant) {
				vs.SetString(valuebag.WPDContactAssistant, name)
			}
		case "child":
			children = append(children, name)
		}
	}
	for _, l := range p.wpdLines("RELATED") {
		for _, t := range []string{"spouse", "child"} {
			if l.is(t) {
				put(t, l.text())
			}
		}
	}
	for _, l := range p.wpdLines("X-SPOUSE") {
		put("spouse", l.text())
	}
	for _, l := range p.wpdLines("X-ABRELATEDNAMES") {
		put(l.label, l.text())
	}
	if len(children) > 0 {
		vs.Set(valuebag.WPDContactChildren, valuebag.Strings(children))
	}
}
