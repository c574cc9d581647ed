package enginetest_test

import (
	"slices"

	"cradle/engine"
	. "cradle/engine/enginetest"
	"cradle/engine/enginetest/model"
)

// full lists the participants that phones are synced with.
func (s *sim) full() []*node {
	var out []*node
	for _, n := range s.nodes {
		if !n.isSimple() {
			out = append(out, n)
		}
	}
	return out
}

// stepPhones is something that happens to a phone.
func (s *sim) stepPhones() {
	full := s.full()
	i, j := s.r.IntN(len(full)), s.r.IntN(len(s.phones))
	switch x := s.r.IntN(20); {
	case x < 7:
		s.editPhone(j)
	case x < 13 || !s.faults:
		s.session(i, j, -1, false)
	case x < 16:
		s.session(i, j, 1+s.r.IntN(12), s.r.IntN(2) == 0)
	case x < 18 && s.sieves != nil:
		f := s.sieves.filters[s.r.IntN(len(s.sieves.filters))]
		s.sieves.next = &f
		s.session(i, j, -1, false)
	default:
		s.breakPhone(j)
	}
}

func (s *sim) editPhone(j int) {
	p := s.phones[j]
	if s.r.IntN(4) > 0 {
		s.stepPhone(j)
		return
	}
	u := 1 + s.r.IntN(9)
	for _, v := range p.Objects() {
		if Str(v, KeyUID) == uidOf(u) {
			return
		}
	}
	v := s.made(u)
	s.logf("phone %s creates %v", p.Serial, show(v))
	s.typed(nil, v)
	p.Edit("personal/"+uidOf(u), v, s.tick())
}

// session syncs a phone with a full participant.
func (s *sim) session(i, j, cutAt int, kill bool) error {
	full := s.full()
	s.stores, s.presets = nil, nil
	for _, n := range full {
		s.stores = append(s.stores, n.store)
		preset := engine.Newest
		if !s.calm {
			preset = []engine.Preset{engine.Newest, engine.Phone, engine.Desktop, engine.Both}[s.r.IntN(4)]
		}
		s.presets = append(s.presets, preset)
	}
	n, p := full[i], s.phones[j]
	// What its user saw there: as the state says, and what this computer took or wrote
	// since in a session that didn't come to its end.
	before, there := s.metas(n), map[engine.ItemID][]model.Change{}
	rows, _ := n.store.ViewItems(s.ctx(), scope, p.Facts().ID, s.ids())
	for id, rs := range rows {
		there[id] = changesOf(&rs[0].Meta)
		there[id] = append(there[id], deletedAs(p, &rs[0], before[id])...)
	}
	st := p.State(scope)
	agree := func(id engine.ItemID, path string) { // equal contents get no version
		v := p.Objects()[path]
		if v == nil || before[id] == nil {
			return
		}
		units := engine.ItemMeta{Units: engine.Describe(Toy{scope}, v)}
		for _, c := range there[id] {
			if u := before[id].Unit(c.Unit); c.Unit == engine.Life || digestOf(u) != digestOf(units.Unit(c.Unit)) {
				continue
			}
			for _, o := range s.model.Seen(id, func(o model.Change) bool { return o.Unit == c.Unit && s.model.Covers(c, o) }) {
				s.agreed[o] = true
			}
		}
	}
	theirs := map[engine.ItemID]*engine.ItemMeta{}
	for k := range st.Items {
		m := &st.Items[k].Meta
		theirs[m.ID] = m
		there[m.ID] = append(there[m.ID], changesOf(m)...)
		agree(m.ID, st.Items[k].Place.Path)
	}
	err := s.sync(i, j, cutAt, kill)
	if err != nil {
		// What has no UID and isn't in the state yet, its user edits and another computer
		// then takes first is a new item there: only the state would tell.
		for _, v := range p.Unlisted() {
			for _, x := range values(v) {
				s.twins[x] = true
			}
		}
	}
	without := slices.Concat(st.Filter.Without, p.State(scope).Filter.Without)
	for _, unit := range without {
		s.leftOut[unit] = true
	}
	s.observeSession(n, before, theirs, there, without...)
	return err
}

// deletedAs is what the user of a phone saw who deleted what a session had taken from there:
// settled for what they had typed at once, it has versions of the computer's besides those
// of the view.
func deletedAs(p *MemPhone, row *engine.ViewRow, m *engine.ItemMeta) []model.Change {
	if _, ok := p.Objects()[row.Path]; ok || row.Announced || row.Meta.Deleted || !m.Live() {
		return nil
	}
	var saw []model.Change
	for i := range row.Meta.Units {
		if u := m.Unit(row.Meta.Units[i].Unit); u != nil && u.Resolved && u.Digest == row.Meta.Units[i].Digest {
			saw = append(saw, model.Change{Item: m.ID, Unit: u.Unit, Version: u.Version})
		}
	}
	return saw
}

func digestOf(u *engine.UnitMeta) (d engine.Digest) {
	if u != nil {
		d = u.Digest
	}
	return d
}

// ids are all items that anybody ever heard of.
func (s *sim) ids() []engine.ItemID {
	var ids []engine.ItemID
	for _, n := range s.nodes {
		for id := range s.metas(n) {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, engine.ItemID.Compare)
	return slices.Compact(ids)
}

// breakPhone is what else befalls phones.
func (s *sim) breakPhone(j int) {
	p := s.phones[j]
	if p.Unsynced() {
		// A copy of what nobody has versioned is the same edit made twice: nothing
		// can tell a deletion of the one from an edit that the other's deletion met.
		return
	}
	switch s.r.IntN(4) {
	case 0:
		if p.Nameless() {
			return // an object without a UID is another item for one that never saw it
		}
		s.logf("state of %s wiped", p.Serial)
		p.Wipe()
	case 1:
		s.logf("backup of %s", p.Serial)
		s.world.backup[p.Serial] = p.Copy(p.Serial)
	case 2:
		if b, ok := s.world.backup[p.Serial].(*MemPhone); ok {
			s.logf("%s restored", p.Serial)
			s.phones[j] = b.Copy(b.Serial)
			s.phones[j].Writes = p.Writes
			s.gone()
		}
	case 3:
		if len(s.phones) == 1 {
			s.logf("%s cloned to P2", p.Serial)
			s.phones = append(s.phones, p.Copy("P2"))
		}
	}
}
