package pim

import (
	"fmt"
	"strings"

	"github.com/emersion/go-ical"
	"github.com/emersion/go-vcard"

	"cradle/valuebag"
)

// Normalized is the item as clean text for readers that know one dialect only:
// vCard 4.0 for 4.0 cards, else 3.0; iCalendar 2.0. UTF-8, CRLF, folded; what
// is no content line is left out. It is a view, never written back.
func (k *Kind) Normalized(item *valuebag.Values) string {
	p, err := k.parseItem(string(k.Text(item)))
	if err != nil {
		return ""
	}
	to := ICalendar2
	if k.card() {
		to = VCard30
		if p.d == VCard40 {
			to = VCard40
		}
	}
	n := normalizer{parsed: p, to: to}
	switch {
	case k.card():
		n.component(p.main, "VCARD")
	case p.d == VNote11:
		n.wrapped(func() { n.component(p.main, "VJOURNAL") })
	case len(p.wrappers) == 0:
		n.wrapped(func() { n.children(0) })
	default:
		n.wrapped(func() {
			for _, w := range p.wrappers {
				n.lines(w)
			}
			for _, w := range p.wrappers {
				n.children(w)
			}
			n.children(0)
		})
	}
	return string(n.b)
}

type normalizer struct {
	*parsed
	to Dialect
	b  []byte
}

func (n *normalizer) text(s string) { n.b = append(append(n.b, s...), "\r\n"...) }

func (n *normalizer) wrapped(body func()) {
	n.text("BEGIN:VCALENDAR")
	n.text("VERSION:2.0")
	id := ProductID
	if len(n.wrappers) > 0 {
		if v := n.lineValue(n.wrappers[0], "PRODID"); v != "" {
			id = escapeText(v)
		}
	}
	n.b = appendFolded(n.b, "PRODID:"+id, "\r\n")
	body()
	n.text("END:VCALENDAR")
}

// component writes a component; name stands for its own.
func (n *normalizer) component(i int, name string) {
	n.text("BEGIN:" + name)
	if name == "VCARD" {
		v := "3.0"
		if n.to == VCard40 {
			v = "4.0"
		}
		n.text("VERSION:" + v)
	}
	n.lines(i)
	n.children(i)
	n.text("END:" + name)
}

func (n *normalizer) lines(i int) {
	t := n.t
	for j := t.linesFrom(t.Components[i].BodyStart); j < len(t.Lines) && t.Lines[j].Start < t.Components[i].End; j++ {
		l := &t.Lines[j]
		if l.Component != i || l.Junk || l.Name == "AGENT" && n.agentComponent(j) != 0 {
			continue
		}
		name := t.Components[i].Name
		if l.Name == "VERSION" || l.Name == "PRODID" && name == "VCALENDAR" {
			continue
		}
		m := modernise(l, n.d)
		n.b = appendLine(n.b, &m, n.to, "\r\n")
	}
}

func (n *normalizer) children(i int) {
	for _, c := range n.t.Children(i) {
		name := n.t.Components[c].Name
		if i == 0 && name == "VCALENDAR" {
			continue
		}
		n.component(c, name)
	}
}

// VCard is the contact as go-vcard's type, made from the normalized text.
// Whatever that reader does with it, an error is all that can come of it.
func (k *Kind) VCard(item *valuebag.Values) (card vcard.Card, err error) {
	if k != Contacts {
		return nil, fmt.Errorf("%s are no vCards", k.name)
	}
	defer func() {
		if r := recover(); r != nil {
			card, err = nil, fmt.Errorf("reading the card: %v", r)
		}
	}()
	// Folding is left out: go-vcard joins folded lines in quadratic time.
	text := strings.ReplaceAll(k.Normalized(item), "\r\n ", "")
	card, err = vcard.NewDecoder(strings.NewReader(text)).Decode()
	if err != nil {
		return nil, fmt.Errorf("reading the card: %w", err)
	}
	return card, nil
}

// ICal is the calendar item as go-ical's type, made from the normalized text.
func (k *Kind) ICal(item *valuebag.Values) (cal *ical.Calendar, err error) {
	if k == Contacts {
		return nil, fmt.Errorf("%s are no calendar items", k.name)
	}
	defer func() {
		if r := recover(); r != nil {
			cal, err = nil, fmt.Errorf("reading the calendar item: %v", r)
		}
	}()
	cal, err = ical.NewDecoder(strings.NewReader(k.Normalized(item))).Decode()
	if err != nil {
		return nil, fmt.Errorf("reading the calendar item: %w", err)
	}
	return cal, nil
}
