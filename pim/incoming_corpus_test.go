package pim

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"cradle/valuebag"
)

// without takes the lines of some names, and some components, out of an object, as a peer
// that has no place for them does.
func without(t *Text, drop func(name string) bool) string {
	var changes []change
	for i := range t.Components {
		c := &t.Components[i]
		if c.Name == "VALARM" && drop(c.Name) {
			changes = append(changes, change{start: c.Start, end: c.End})
		}
	}
	for i := range t.Lines {
		if l := &t.Lines[i]; !l.Junk && drop(l.Name) {
			changes = append(changes, change{start: l.Start, end: l.End})
		}
	}
	return applyChanges(t, changes, "\r\n")
}

// TestIncomingCorpus: of real programs' objects a peer stores half of the names, and one
// line is edited or deleted there. Every line of another name keeps its bytes.
func TestIncomingCorpus(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	kept := []string{"VERSION", "UID", "DTSTART", "RECURRENCE-ID", "TZID", "PRODID", "DTSTAMP", "AGENT"}
	edits, objects := 0, 0
	for _, f := range corpusFiles(t) {
		for _, o := range Read(f.data).Objects {
			if len(o.Text) > 1<<18 {
				continue
			}
			full, err := o.Item("c")
			if err != nil {
				continue
			}
			objects++
			names := map[string]bool{}
			drop := func(name string) bool {
				if _, ok := names[name]; !ok {
					names[name] = r.IntN(2) == 0
					for _, k := range kept {
						names[name] = names[name] && name != k
					}
				}
				return names[name]
			}
			k := o.Kind
			part := without(parse(string(k.Text(full))), drop)
			held, err := k.New([]byte(part), "c")
			if err != nil {
				continue
			}
			check := func(what string, was, now *valuebag.Values, exact bool) {
				got, err := k.Incoming(full, was, now)
				if err != nil {
					t.Errorf("%s %q, %s: %v", f.name, o.UID, what, err)
					return
				}
				if exact && !bytes.Equal(k.Text(got), k.Text(full)) {
					t.Errorf("%s %q, %s: got\n%s\nwant\n%s", f.name, o.UID, what, k.Text(got), k.Text(full))
					return
				}
				before, after := parse(string(k.Text(full))), string(k.Text(got))
				for i := range before.Lines {
					if l := &before.Lines[i]; !l.Junk && l.Group == "" && names[l.Name] && l.Component <= 2 && !strings.Contains(after, strings.TrimRight(before.Raw(l), "\r\n")) {
						t.Errorf("%s %q, %s: %q is gone from\n%s", f.name, o.UID, what, before.Raw(l), after)
						return
					}
				}
			}
			check("nothing changed", k.Shadow(held), held, true)
			check("nothing known", nil, held, k != Notes)
			text := parse(part)
			var at []int
			for i := range text.Lines {
				if l := &text.Lines[i]; !l.Junk && lookup(k.card(), l.Name).value == kindText && lookup(k.card(), l.Name).unit != unitNone && len(l.Params) == 0 && !l.dangling && l.Group == "" && k.holds(text.Components[l.Component].Name) {
					at = append(at, i)
				}
			}
			if len(at) == 0 {
				continue
			}
			l := &text.Lines[at[r.IntN(len(at))]]
			for what, c := range map[string]change{
				"an edit":    {start: l.Start, end: l.End, text: l.NameAsWritten + ":" + "Quite another\r\n"},
				"a deletion": {start: l.Start, end: l.End},
			} {
				now, err := k.New([]byte(applyChanges(text, []change{c}, "\r\n")), "c")
				if err != nil {
					continue
				}
				check(what+" of "+l.Name, k.Shadow(held), now, false)
				check(what+" of "+l.Name+", nothing known", nil, now, false)
				edits++
			}
		}
	}
	if objects < 1000 || edits < 1000 {
		t.Errorf("%d objects, %d edits: want 1000 and more of each", objects, edits)
	}
}
