package devprovider

import (
	"slices"
	"strings"

	"cradle/engine"
	"cradle/valuebag"
)

// sameness says by which units an object without a UID, under another name and with
// other content, is still an item of the state: those that have to be equal, and lists
// of which an element has to be.
type sameness struct {
	equal []string
	share []string
}

// samenesses are by kind; a note has nothing that would tell it from another one.
var samenesses = map[string]sameness{
	"contacts": {equal: []string{"name"}, share: []string{"tel", "email"}},
	"events":   {equal: []string{"summary", "when"}},
	"tasks":    {equal: []string{"summary", "when"}},
}

// byLikeness finds objects that a program of the phone wrote anew under another name
// and without their UID, while its user changed something: of a contact the name and a
// number or an address are still those that the state tells of, or that the device held
// of it, and nobody else there has that name. Where two could be meant, none is.
func (s *survey) byLikeness() {
	for _, scope := range sortedKeys(samenesses) {
		if s.want[scope] && s.f.kinds[scope] != nil {
			s.likeIn(scope, samenesses[scope])
		}
	}
}

func (s *survey) likeIn(scope string, same sameness) {
	open := func(it *item) bool { return it.scope == scope && !it.claimed && it.uid == "" && !it.file.held.bundle }
	if !slices.ContainsFunc(s.loose, open) || !slices.ContainsFunc(s.refs, func(r ref) bool { return r.scope == scope && s.missing(&r) }) {
		return
	}
	there := map[string][]*item{} // what was read
	for _, fl := range s.walk.files {
		for i := range fl.held.items {
			if it := &fl.held.items[i]; it.scope == scope && fl.status == statusRead {
				if key := unitsKey(s.f.describe(it), same); key != "" {
					there[key] = append(there[key], it)
				}
			}
		}
	}
	// What the device held of an item stands for it, where that isn't all of it.
	held := map[*ref]*valuebag.Values{}
	known := map[string][]*ref{}
	for i := range s.refs {
		r := &s.refs[i]
		if r.scope != scope {
			continue
		}
		key := ""
		if sh := s.f.state.shadows[itemKey{scope, r.id()}]; sh != nil {
			if v, err := sh.units(); err == nil {
				held[r], key = v, s.heldKey(scope, v, same)
			}
		} else {
			key = unitsKey(r.item.Meta.Units, same)
		}
		if key != "" {
			known[key] = append(known[key], r)
		}
	}
	for _, key := range sortedKeys(there) {
		its := there[key]
		if len(its) != 1 || !open(its[0]) {
			continue
		}
		refs := slices.Concat(known[key], known[s.heldKey(scope, its[0].value, same)])
		if len(refs) != 1 || !s.missing(refs[0]) || refs[0].item.Place.Bundle {
			continue
		}
		if s.shares(its[0], refs[0], held[refs[0]], same) {
			s.take(its[0], refs[0].id())
		}
	}
}

// unitsKey is what has to be equal; "" where one of the units is empty.
func unitsKey(units []engine.UnitMeta, same sameness) string {
	var b strings.Builder
	for _, u := range same.equal {
		i := slices.IndexFunc(units, func(m engine.UnitMeta) bool { return m.Unit == u })
		if i < 0 || units[i].Digest.IsZero() {
			return ""
		}
		b.Write(units[i].Digest[:])
	}
	return b.String()
}

// heldKey is the same of what a device held, or holds, in normal form.
func (s *survey) heldKey(scope string, v *valuebag.Values, same sameness) string {
	k := s.f.kinds[scope]
	var b strings.Builder
	for _, u := range same.equal {
		lines, _ := v.GetStrings(k.KeyUnit(u))
		if len(lines) == 0 {
			return ""
		}
		b.WriteString(u + "\n" + strings.Join(lines, "\n") + "\n")
	}
	return b.String()
}

// shares reports whether an element of the lists is still the same.
func (s *survey) shares(it *item, r *ref, held *valuebag.Values, same sameness) bool {
	if len(same.share) == 0 {
		return true
	}
	k := s.f.kinds[it.scope]
	for _, u := range same.share {
		if held != nil {
			was, _ := held.GetStrings(k.KeyUnit(u))
			now, _ := it.value.GetStrings(k.KeyUnit(u))
			if slices.ContainsFunc(now, func(l string) bool { return slices.Contains(was, l) }) {
				return true
			}
			continue
		}
		was := elementsOf(r.item.Meta.Units, u)
		if slices.ContainsFunc(elementsOf(s.f.describe(it), u), func(e engine.Element) bool {
			return slices.ContainsFunc(was, func(w engine.Element) bool { return w.Digest == e.Digest })
		}) {
			return true
		}
	}
	return false
}

func elementsOf(units []engine.UnitMeta, unit string) []engine.Element {
	for i := range units {
		if units[i].Unit == unit {
			return units[i].Elements
		}
	}
	return nil
}
