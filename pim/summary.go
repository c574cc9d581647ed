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
		p := parser{}
		var l Line
		if p.head(firstLine(s), &l) {
			out = append(out, l)
		}
	}
	return out
}

// firstLine is the main line of a normal form.
func firstLine(norm string) string {
	s, _, _ := strings.Cut(norm, "\n")
	return s
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
// the subject of a calendar item. Of several lines the first counts. It may be
// "".
func (k *Kind) Summary(item *valuebag.Values) string {
	s, _ := item.GetString(KeySummary)
	return s
}

// summary makes the summary of the parsed item.
func (p *parsed) summary() string {
	if p.kind.card() {
		return p.cardSummary()
	}
	comps := p.overrides
	if p.main != 0 {
		comps = append([]int{p.main}, comps...)
	}
	for _, c := range comps {
		if s := p.textOf(c, "SUMMARY"); s != "" {
			return s
		}
		if p.kind == Notes {
			for _, n := range []string{"DESCRIPTION", "BODY"} {
				text := strings.TrimSpace(p.lineValue(c, n))
				if i := strings.IndexByte(text, '\n'); i >= 0 {
					text = text[:i]
				}
				if text = oneLine(text); text != "" {
					return text
				}
			}
		}
	}
	return ""
}

// textOf is the first non-empty value of that name on one line.
func (p *parsed) textOf(c int, name string) string {
	return p.firstOf(c, name, func(v string) string { return oneLine(unescapeText(v)) })
}

// partsOf is joinParts of the first line of that name where that isn't empty.
func (p *parsed) partsOf(c int, name, sep string, order ...int) string {
	return p.firstOf(c, name, func(v string) string { return joinParts(v, sep, order...) })
}

// firstOf is the first that text makes of the values of that name.
func (p *parsed) firstOf(c int, name string, text func(value string) string) string {
	t := p.t
	end := t.Components[c].End
	for i := t.linesFrom(t.Components[c].BodyStart); i < len(t.Lines) && t.Lines[i].Start < end; i++ {
		l := &t.Lines[i]
		if l.Component != c || l.Name != name || l.RawValue == "" {
			continue
		}
		m := modernise(l, p.d)
		if s := text(m.value); s != "" {
			return s
		}
	}
	return ""
}

func (p *parsed) cardSummary() string {
	if s := p.textOf(p.main, "FN"); s != "" {
		return s
	}
	if s := p.partsOf(p.main, "N", " ", 3, 1, 2, 0, 4); s != "" {
		return s
	}
	if s := p.textOf(p.main, "NICKNAME"); s != "" {
		return s
	}
	if s := p.partsOf(p.main, "ORG", ", ", 0, 1); s != "" {
		return s
	}
	if s := p.textOf(p.main, "EMAIL"); s != "" {
		return s
	}
	return p.textOf(p.main, "TEL")
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
			for _, i := range []int{4, 0, 2, 1, 3} { // the last that the summary shows
				if i < len(parts) && parts[i] != "" {
					parts[i] += escapeText(nameSuffix)
					break
				}
			}
			m.value = strings.Join(parts, ";")
		} else {
			m.value += escapeText(nameSuffix)
		}
		changes = append(changes, change{start: l.Start, end: l.End, text: string(appendLine(nil, &m, p.d, eol))})
	} else if p.main != 0 {
		m := modern{name: "SUMMARY", value: escapeText(strings.TrimSpace(p.summary() + nameSuffix))}
		if k.card() {
			m.name = "FN"
		}
		at := p.t.Components[p.main].BodyStart
		if v := p.line(p.main, "VERSION"); v != nil {
			at = v.End
		}
		changes = append(changes, change{start: at, end: at, text: string(appendLine(nil, &m, p.d, eol))})
	}
	text := applyChanges(p.t, changes, eol)
	q, err := k.parseItem(text)
	if err != nil {
		return nil, fmt.Errorf("copying the item: %w", err)
	}
	return q.bag([]byte(text), k.Collection(item)), nil
}

// nameLine is the line that the summary comes from, nil if that is no name.
func (p *parsed) nameLine() *Line {
	names := []string{"SUMMARY"}
	if p.kind.card() {
		names = []string{"FN", "N"}
	}
	comps := p.overrides
	if p.main != 0 {
		comps = append([]int{p.main}, comps...)
	}
	for _, c := range comps {
		for _, n := range names {
			t := p.t
			for i := t.linesFrom(t.Components[c].BodyStart); i < len(t.Lines) && t.Lines[i].Start < t.Components[c].End; i++ {
				l := &t.Lines[i]
				if l.Component == c && l.Name == n && strings.Trim(l.RawValue, "; \t") != "" {
					return l
				}
			}
		}
	}
	return nil
}
