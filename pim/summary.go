package pim

import (
	"fmt"
	"strings"

	"cradle/valuebag"
)

// unitLines gives the normal lines of a unit taken apart, for views.
func (k *Kind) unitLines(item *valuebag.Values, unit string) []Line {
	var out []Line
	for _, s := range k.unitStrings(item, unit) {
		if i := strings.IndexByte(s, '\n'); i >= 0 {
			s = s[:i]
		}
		p := parser{}
		var l Line
		if p.head(s, &l) {
			out = append(out, l)
		}
	}
	return out
}

func firstValue(lines []Line, name string) string {
	for i := range lines {
		if lines[i].Name == name && lines[i].RawValue != "" {
			if v := oneLine(unescapeText(lines[i].RawValue)); v != "" {
				return v
			}
		}
	}
	return ""
}

// oneLine puts a text on one line: runs of blanks and line ends are one blank.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// joinParts joins the non-empty parts of a structured value in that order.
func joinParts(v, sep string, order ...int) string {
	parts := splitEscaped(v, ';')
	var out []string
	for _, i := range order {
		if i < len(parts) {
			if s := oneLine(unescapeText(parts[i])); s != "" {
				out = append(out, s)
			}
		}
	}
	return strings.Join(out, sep)
}

// Summary is one line for a person: the display name, else what comes nearest;
// the subject of a calendar item. It may be "".
func (k *Kind) Summary(item *valuebag.Values) string {
	if k.card() {
		return k.cardSummary(item)
	}
	lines := k.unitLines(item, "summary")
	if s := firstValue(lines, "SUMMARY"); s != "" {
		return s
	}
	if k == Notes {
		if l := k.unitLines(item, "description"); len(l) > 0 {
			text := strings.TrimSpace(unescapeText(l[0].RawValue))
			if i := strings.IndexByte(text, '\n'); i >= 0 {
				text = text[:i]
			}
			return oneLine(text)
		}
	}
	for _, o := range k.unitStrings(item, "overrides") {
		for _, l := range strings.Split(o, "\n") {
			if v, ok := strings.CutPrefix(l, "SUMMARY"); ok {
				if i := strings.IndexByte(v, ':'); i >= 0 {
					return oneLine(unescapeText(v[i+1:]))
				}
			}
		}
	}
	return ""
}

func (k *Kind) cardSummary(item *valuebag.Values) string {
	name := k.unitLines(item, "name")
	if s := firstValue(name, "FN"); s != "" {
		return s
	}
	for i := range name {
		if name[i].Name == "N" {
			if s := joinParts(name[i].RawValue, " ", 3, 1, 2, 0, 4); s != "" {
				return s
			}
		}
	}
	if s := firstValue(name, "NICKNAME"); s != "" {
		return s
	}
	for _, l := range k.unitLines(item, "org") {
		if l.Name == "ORG" {
			if s := joinParts(l.RawValue, ", ", 0, 1); s != "" {
				return s
			}
		}
	}
	if s := firstValue(k.unitLines(item, "email"), "EMAIL"); s != "" {
		return s
	}
	return firstValue(k.unitLines(item, "tel"), "TEL")
}

// Copy gives the item under another UID, with the suffix behind its name (FN,
// else N; SUMMARY): the second item that the policy "both" makes. The suffix is
// put in as it is, for example " (phone)".
func (k *Kind) Copy(item *valuebag.Values, nameSuffix, uid string) (*valuebag.Values, error) {
	p, err := k.parseItem(string(k.Text(item)))
	if err != nil {
		return nil, fmt.Errorf("copying the item: %w", err)
	}
	eol := lineEnd(p.t.Source)
	var changes []change
	comps := append([]int{}, p.overrides...)
	if p.main != 0 {
		comps = append(comps, p.main)
	}
	for _, c := range comps {
		m := modern{name: "UID", value: uid}
		b := string(appendLine(nil, &m, p.d, eol))
		if l := p.line(c, "UID"); l != nil {
			changes = append(changes, change{start: l.Start, end: l.End, text: b})
		} else {
			at := p.t.Components[c].BodyStart
			changes = append(changes, change{start: at, end: at, text: b})
		}
	}
	if l := p.nameLine(); l != nil {
		m := modernise(l, p.d)
		if m.name == "N" {
			parts := splitEscaped(m.value, ';')
			n := 0
			for i := range parts {
				if i < 2 && parts[i] != "" {
					n = i
					break
				}
			}
			parts[n] += escapeText(nameSuffix)
			m.value = strings.Join(parts, ";")
		} else {
			m.value += escapeText(nameSuffix)
		}
		changes = append(changes, change{start: l.Start, end: l.End, text: string(appendLine(nil, &m, p.d, eol))})
	}
	text := applyChanges(p.t.Source, changes, eol)
	q, err := k.parseItem(text)
	if err != nil {
		return nil, fmt.Errorf("copying the item: %w", err)
	}
	return q.bag([]byte(text), k.Collection(item)), nil
}

// nameLine is the line that a person knows the item by.
func (p *parsed) nameLine() *Line {
	names := []string{"SUMMARY", "DESCRIPTION", "BODY"}
	if p.kind.card() {
		names = []string{"FN", "N", "ORG"}
	}
	comp := p.main
	if comp == 0 {
		comp = p.overrides[0]
	}
	for _, n := range names {
		if l := p.line(comp, n); l != nil && strings.Trim(l.RawValue, "; ") != "" {
			return l
		}
	}
	return nil
}
