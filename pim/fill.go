package pim

import (
	"slices"

	"cradle/valuebag"
)

// Fill gives dst with what src has and dst lacks: the units that dst has nothing
// in, and the elements of list units. What dst has stays as it is, and a number or
// an address of any sort in another spelling is no new one. dst's collection stays.
func (k *Kind) Fill(dst, src *valuebag.Values) (*valuebag.Values, error) {
	out := dst
	var units []string
	for i, u := range k.units[:len(k.units)-1] {
		have, more := k.unitStrings(dst, u), k.unitStrings(src, u)
		switch {
		case len(more) == 0:
		case len(have) == 0:
			units = append(units, u)
		case k.list[i]:
			keep := k.Elements(dst, u)
			known := map[string]bool{}
			for _, s := range have {
				known[k.matchElement(u, s)] = true
			}
			for e, s := range k.elementNorms(src, u) {
				if !known[k.matchElement(u, s)] && !slices.Contains(keep, e) {
					keep = append(keep, e)
				}
			}
			drop := k.Exclusive(dst, src, u, keep, false)
			keep = slices.DeleteFunc(keep, func(e [8]byte) bool { return slices.Contains(drop, e) })
			var err error
			if out, err = k.MergeList(out, src, u, keep); err != nil {
				return nil, err
			}
		}
	}
	return k.Replace(out, src, units)
}

// matchElement is an element as it matches another: a number or an address of any sort in
// matching form without its parameters, all else as it is.
func (k *Kind) matchElement(unit, norm string) string {
	p := parser{}
	var l Line
	if !k.card() || !p.head(firstLine(norm), &l) {
		return norm
	}
	switch {
	case unit == "tel" && l.Name == "TEL":
		if d := matchPhone(unescapeText(l.RawValue)); d != "" {
			return d
		}
	case unit == "email" && l.Name == "EMAIL":
		if e := matchEmail(unescapeText(l.RawValue)); e != "" {
			return e
		}
	case unit == "adr" && l.Name == "ADR":
		if a := matchAddress(l.RawValue); a != "" {
			return a
		}
	case unit == "net" && l.Name == "URL":
		if u := matchURL(l.RawValue); u != "" {
			return u
		}
	}
	return norm
}
