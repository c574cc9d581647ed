package pim

import (
	"fmt"
	"io"
	"mime/quotedprintable"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Field is a line of an item as a person reads it.
type Field struct {
	Label string // "phone (home, preferred)"; a property's name and parameters where it has no other
	Value string // several lines are separated by \n
}

// Describe renders an object for a person: what everybody knows first, in a fixed order, then all
// other lines as they are, so that nothing is missing but the lines of order (VERSION, PRODID, UID,
// REV, DTSTAMP and the like) and the rules of time zones. now is when it is asked, local the zone
// of whoever reads: a repeated event shows what comes next, in that zone.
func (k *Kind) Describe(text []byte, now time.Time, local *time.Location) []Field {
	d := describer{rows: Properties(text), kind: k}
	d.used = make([]bool, len(d.rows))
	d.in = map[string][]int{}
	for i := range d.rows {
		d.in[d.rows[i].Component] = append(d.in[d.rows[i].Component], i)
	}
	if k.card() {
		d.card()
	} else {
		d.calendar(text, now, local)
	}
	d.others()
	return d.out
}

// describer takes the rows of an object one after the other.
type describer struct {
	kind *Kind
	rows []Property
	used []bool
	in   map[string][]int // by component, in order
	out  []Field
}

func (d *describer) add(label, value string) {
	if value = strings.TrimRight(value, "\r\n "); value != "" {
		d.out = append(d.out, Field{label, value})
	}
}

// take gives the rows of a name in a component, which then are shown.
func (d *describer) take(component, name string) []*Property {
	var out []*Property
	for _, i := range d.in[component] {
		if r := &d.rows[i]; r.Name == name {
			out = append(out, r)
			d.used[i] = true
		}
	}
	return out
}

// param finds a parameter of a row.
func (p *Property) param(name string) string {
	for _, q := range splitQuoted(p.Params, ';') {
		if k, v, ok := strings.Cut(q, "="); ok && strings.EqualFold(k, name) {
			return strings.Trim(v, `"`)
		}
	}
	return ""
}

// splitQuoted splits outside of double quotes.
func splitQuoted(s string, sep byte) []string {
	var out []string
	from, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == sep && !quoted:
			out = append(out, s[from:i])
			from = i + 1
		}
	}
	return append(out, s[from:])
}

// silent are lines of order, which say nothing to a person.
var silent = []string{"VERSION", "PRODID", "UID", "REV", "DTSTAMP", "LAST-MODIFIED", "CREATED", "SEQUENCE", "CALSCALE", "METHOD"}

// others shows what is left.
func (d *describer) others() {
	for i := range d.rows {
		r := &d.rows[i]
		if d.used[i] || slices.Contains(silent, r.Name) || strings.HasPrefix(r.Component, "timezone:") || r.Value == "" {
			continue
		}
		label := r.Name
		if r.Group != "" {
			label = r.Group + "." + label
		}
		if r.Params != "" {
			label += ";" + r.Params
		}
		if r.Component != "" && r.Component != "calendar" {
			label = r.Component + " " + label
		}
		d.add(label, r.Value)
	}
}

// labelled adds the types of a row to a label: "phone (home, preferred)".
func (d *describer) labelled(label string, r *Property) string {
	var types []string
	put := func(t string) {
		t = strings.ToLower(strings.TrimPrefix(strings.TrimPrefix(t, "X-"), "x-"))
		switch t {
		case "", "internet", "voice", "dom", "intl", "postal", "parcel", "x-internet", "uri", "text":
			return
		case "pref":
			t = "preferred"
		}
		if t != label && !slices.Contains(types, t) {
			types = append(types, t)
		}
	}
	if r.Group != "" {
		for i := range d.rows {
			l := &d.rows[i]
			if strings.EqualFold(l.Group, r.Group) && l.Name == "X-ABLABEL" && l.Component == r.Component {
				d.used[i] = true
				put(strings.TrimSuffix(strings.TrimPrefix(l.Value, "_$!<"), ">!$_"))
			}
		}
	}
	for _, q := range splitQuoted(r.Params, ';') {
		name, v, _ := strings.Cut(q, "=")
		switch strings.ToUpper(name) {
		case "TYPE":
			if own, ok := ownLabel(v); ok {
				put(own)
				continue
			}
			for _, t := range strings.Split(strings.Trim(v, `"`), ",") {
				put(t)
			}
		case "PREF":
			put("pref")
		}
	}
	if len(types) == 0 {
		return label
	}
	return label + " (" + strings.Join(types, ", ") + ")"
}

// ownLabel is the label in Samsung's X-CUSTOM(CHARSET=UTF-8,ENCODING=QUOTED-PRINTABLE,=EB=B3=B4),
// which stands where others have a type.
func ownLabel(t string) (string, bool) {
	const head = "X-CUSTOM("
	t = strings.Trim(t, `"`)
	if len(t) <= len(head) || !strings.EqualFold(t[:len(head)], head) || !strings.HasSuffix(t, ")") {
		return "", false
	}
	parts := strings.Split(t[len(head):len(t)-1], ",")
	label := parts[len(parts)-1]
	if slices.ContainsFunc(parts[:len(parts)-1], func(p string) bool { return strings.EqualFold(strings.TrimSpace(p), "ENCODING=QUOTED-PRINTABLE") }) {
		b, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(label)))
		if err != nil || !utf8.Valid(b) {
			return "", false
		}
		label = string(b)
	}
	return label, label != ""
}

func (d *describer) card() {
	summary := ""
	for _, r := range d.take("", "FN") {
		if one := oneLine(r.Value); summary == "" {
			summary = one // the heading
		} else {
			d.add("name", one)
		}
	}
	for _, r := range d.take("", "N") {
		if n := joinParts(r.Value, " ", 3, 1, 2, 0, 4); n != summary && summary != "" {
			d.add("name", n)
		}
	}
	d.each("NICKNAME", "nickname", listed)
	for _, n := range []struct{ name, label string }{{"X-PHONETIC-FIRST-NAME", "first name, as spoken"}, {"X-PHONETIC-LAST-NAME", "last name, as spoken"}} {
		d.each(n.name, n.label, plainly)
	}
	d.each("ORG", "organisation", func(r *Property) string { return joinParts(r.Value, ", ", 0, 1, 2, 3, 4, 5) })
	d.each("TITLE", "title", plainly)
	d.each("ROLE", "role", plainly)
	d.each("TEL", "phone", withoutScheme)
	d.each("EMAIL", "email", withoutScheme)
	d.each("IMPP", "messenger", plainly)
	d.each("URL", "web", plainly)
	d.each("ADR", "address", func(r *Property) string { return joinParts(r.Value, ", ", 2, 1, 0, 3, 4, 5, 6) })
	d.each("BDAY", "birthday", birthday)
	d.each("ANNIVERSARY", "anniversary", birthday)
	d.each("X-ABDATE", "date", birthday)
	d.each("RELATED", "related", withoutScheme)
	d.each("CATEGORIES", "categories", listed)
	d.each("NOTE", "note", plainly)
	for _, n := range []string{"PHOTO", "LOGO", "SOUND", "KEY"} {
		d.each(n, strings.ToLower(n), binarySize)
	}
}

// each shows the lines of a name.
func (d *describer) each(name, label string, value func(*Property) string) {
	for _, r := range d.take("", name) {
		d.add(d.labelled(label, r), value(r))
	}
}

func plainly(r *Property) string { return r.Value }

func listed(r *Property) string {
	parts := splitEscaped(r.Value, ',')
	for i := range parts {
		parts[i] = oneLine(unescapeText(parts[i]))
	}
	return strings.Join(parts, ", ")
}

// withoutScheme drops what a URI of a number or address begins with.
func withoutScheme(r *Property) string {
	for _, s := range []string{"tel:", "mailto:"} {
		if hasFold(r.Value, s) {
			return r.Value[len(s):]
		}
	}
	return r.Value
}

// binarySize says how big a picture is instead of showing it.
func binarySize(r *Property) string {
	v := r.Value
	kind := strings.ToUpper(r.param("TYPE"))
	if kind == "" {
		kind = r.param("MEDIATYPE")
	}
	if hasFold(v, "data:") {
		head, data, _ := strings.Cut(v, ",")
		kind, v = strings.TrimSuffix(head[len("data:"):], ";base64"), data
	} else if r.param("ENCODING") == "" && (strings.Contains(v, "://") || len(v) < 40) {
		return v
	}
	n := len(v) * 3 / 4
	size := fmt.Sprintf("%d bytes", n)
	if n >= 10_000 {
		size = fmt.Sprintf("%d kB", n/1000)
	}
	if kind != "" {
		size = kind + ", " + size
	}
	return size
}

// birthday says a date of a card in words; one that isn't understood stays as it is.
func birthday(r *Property) string {
	v := strings.TrimSpace(r.Value)
	day, _, _ := strings.Cut(v, "T")
	digits := strings.ReplaceAll(day, "-", "")
	if strings.HasPrefix(day, "--") && len(digits) == 4 {
		digits = "1604" + digits
	}
	t, err := time.Parse("20060102", digits)
	switch {
	case err != nil:
		return v
	case t.Year() == 1604: // no year: Apple's, and ours above; a leap year
		return t.Format("2 January")
	}
	return t.Format("2 January 2006")
}
