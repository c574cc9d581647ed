package enginetest_test

import (
	"maps"
	"slices"
	"strings"

	"cradle/engine"
	"cradle/engine/enginetest/model"
)

// finish lets everybody meet everybody that they meet until nothing moves, and looks
// at what they came to.
func (s *sim) finish() {
	s.logf("-- settle")
	s.calm = true
	clear(s.bad)
	for _, n := range s.nodes {
		if !n.isSimple() {
			continue
		}
		n.place.listFails = false
		clear(n.place.unread)
		clear(n.place.hide)
		n.deep = true // what changed without a sign is found by reading all
		s.start(n)
	}
	s.settle()
	if s.sieves != nil {
		s.checkFiltered()
		s.logf("-- lift the filters")
		for j := range s.phones {
			s.sieves.next = &engine.Filter{}
			if err := s.session(0, j, -1, false); err != nil {
				s.fail("session: %v", err)
			}
		}
		s.settle()
	}
	s.check()
}

// wrote counts what everybody wrote so far.
func (s *sim) wrote() int {
	sum := 0
	for _, n := range s.nodes {
		sum += n.writes()
	}
	for _, p := range s.phones {
		sum += p.Writes
	}
	return sum
}

// settle goes on until nobody writes anything any more.
func (s *sim) settle() {
	rounds := 2*(len(s.nodes)+len(s.phones)) + 6
	for round := range rounds {
		wrote := s.wrote()
		for _, a := range s.nodes {
			for _, b := range a.peers {
				if err := s.pass(a, b, trouble{}); err != nil {
					s.fail("settling: %v", err)
				}
			}
		}
		for i := range s.full() {
			for j := range s.phones {
				if err := s.session(i, j, -1, false); err != nil {
					s.fail("settling: %v", err)
				}
			}
		}
		if s.wrote() == wrote {
			return
		}
		if round == rounds-1 {
			s.fail("never quiet")
		}
	}
}

// check: all hold the same, know the same and lost nothing; nothing came back.
func (s *sim) check() {
	first := s.nodes[0]
	want := image(first.values())
	k := first.replica()
	for _, n := range s.nodes {
		if got := image(n.values()); !slices.Equal(got, want) {
			s.fail("%s holds\n%q\n%s holds\n%q", n.name, got, first.name, want)
		}
		if len(s.twice) > 0 { // what was lost with a replica nobody will ever send
			continue
		}
		r := n.replica()
		if !r.Knowledge.Equal(k.Knowledge) {
			s.fail("%s knows %s, %s knows %s", n.name, r.Knowledge, first.name, k.Knowledge)
		}
		if e := r.Knowledge.Exceptions(); e > 0 {
			s.fail("%s's knowledge has %d exceptions: %s", n.name, e, r.Knowledge)
		}
	}
	for _, p := range s.phones {
		if got := image(slices.Collect(maps.Values(p.Objects()))); !slices.Equal(got, want) {
			s.fail("phone %s holds\n%q\n%s holds\n%q", p.Serial, got, first.name, want)
		}
	}
	s.lives(first)
	all := s.everywhere()
	for _, v := range slices.Sorted(maps.Keys(s.held)) {
		if s.held[v] == keep && v != "same" && !all[v] {
			s.fail("%s is lost", v)
		}
	}
	there := map[string]bool{}
	for _, v := range first.values() {
		if isCopy(v) {
			continue
		}
		for _, x := range values(v) {
			if there[x] && x != "same" && !s.twins[x] {
				s.fail("%s is doubled", x)
			}
			there[x] = true
		}
	}
}

// everywhere lists every value that any participant or its conflict log holds.
func (s *sim) everywhere() map[string]bool {
	all := maps.Clone(s.logged)
	note := func(v *bag) {
		if v != nil {
			for _, x := range values(v) {
				all[x] = true
			}
		}
	}
	for _, n := range s.nodes {
		for _, v := range n.values() {
			note(v)
		}
		for _, c := range n.conflicts() {
			note(c.Lost)
		}
	}
	for _, p := range s.phones {
		for _, v := range p.Objects() {
			note(v)
		}
	}
	return all
}

// gone is run after somebody was replaced by an older image: what only that one held
// is gone with it.
func (s *sim) gone() {
	all := s.everywhere()
	for v, f := range s.held {
		if f == keep && !all[v] {
			s.held[v] = free
		}
	}
}

// isReplica reports whether an ID is that of a participant now, and no phone's.
func (s *sim) isReplica(id engine.ReplicaID) bool {
	return slices.ContainsFunc(s.nodes, func(n *node) bool { return n.replica().ID == id })
}

// lives looks for items that came back: an item lives if and only if somebody
// changed it without knowing of the last deletion, or nobody deleted it.
func (s *sim) lives(n *node) {
	for id, m := range s.metas(n) {
		if m.Deleted {
			continue
		}
		var changes []model.Change
		for unit, v := range m.EachVersion {
			changes = append(changes, model.Change{Item: id, Unit: unit, Version: v})
		}
		if dead := s.model.Dead(id, changes); dead != "" {
			s.fail("item %s came back: %s\n%s", id.String()[:4], dead, s.model.Story(id))
		}
	}
}

func changesOf(m *engine.ItemMeta) []model.Change {
	var out []model.Change
	if m == nil {
		return nil
	}
	out = append(out, model.Change{Item: m.ID, Unit: engine.Life, Version: m.LifeVersion})
	for i := range m.Units {
		out = append(out, model.Change{Item: m.ID, Unit: m.Units[i].Unit, Version: m.Units[i].Version})
	}
	return out
}

// observe tells the model what is new at a replica and checks it: had is what it
// held before, theirs what came in.
func (s *sim) observe(n *node, had, theirs map[engine.ItemID]*engine.ItemMeta) {
	s.observeSession(n, had, theirs, nil)
}

// observeSession is observe after a session with a phone; phone is what its user
// saw, but for the units that its filter leaves out.
func (s *sim) observeSession(n *node, had, theirs map[engine.ItemID]*engine.ItemMeta, phone map[engine.ItemID][]model.Change, without ...string) {
	s.dump(*dumpItem)
	now := s.metas(n)
	rep := n.replica()
	s.forgotten = s.forgotten.Union(rep.Forgotten)
	view := model.Replica{
		Name: n.name, Items: map[engine.ItemID]model.Item{},
		Contains: func(c model.Change) bool {
			return rep.Knowledge.Contains(c.Item, c.Unit, c.Version)
		},
		// What a phone's user types where a filter leaves the unit out was made without the
		// rest of the unit, which the model can't tell from having taken it away.
		Excused: func(c model.Change) bool {
			// And what it leaves out goes with an item that is deleted there.
			gone := now[c.Item] != nil && now[c.Item].Deleted
			return s.buried[c] && gone || s.leftOut[c.Unit] && (gone || !s.isReplica(c.Version.Replica)) || s.agreed[c]
		},
		// Who forgot a deletion and then hears of an edit made beside it sends that with the
		// deletion in its knowledge: so it goes on to those who forgot nothing.
		Forgotten: func(c model.Change) bool { return s.forgotten.Contains(c.Item, c.Unit, c.Version) },
	}
	for id, saw := range phone {
		// A deletion on the phone that met another gets no version: that one stands for both.
		if now[id] != nil && now[id].Deleted && had[id] != nil && had[id].Deleted {
			for _, c := range saw {
				s.buried[c] = true
			}
		}
	}
	for _, id := range slices.SortedFunc(maps.Keys(now), engine.ItemID.Compare) {
		m := now[id]
		seen := append(changesOf(had[id]), changesOf(theirs[id])...)
		for _, c := range n.unfinished {
			if c.Item == id && view.Contains(c) {
				seen = append(seen, c)
			}
		}
		if had[id] == nil { // made again, it may be, after its tombstone was forgotten
			seen = append(seen, s.model.Seen(id, func(c model.Change) bool { return n.seen.Contains(c.Item, c.Unit, c.Version) })...)
		}
		if m.Deleted && phone == nil {
			// A copied or restored replica isn't looked at before it has its lasting identity: of
			// what was changed and then deleted there the tombstone alone tells.
			for i := range m.Units {
				u := &m.Units[i]
				c := model.Change{Item: id, Unit: u.Unit, Version: u.Version}
				if u.Version.Replica != rep.ID || s.model.Known(c) {
					continue
				}
				if err := s.model.Make(n.name, c, model.Content{Digest: u.Digest}, seen); err != nil {
					s.fail("%s: %v\n%s", n.name, err, s.model.Story(id))
				}
				seen = append(seen, c)
			}
		}
		it := model.Item{Gone: m.Deleted, Units: map[string]engine.Version{}}
		for unit, v := range m.EachVersion {
			it.Units[unit] = v
			if v.IsZero() || v.IsPending() {
				s.fail("%s: item %s has version %s", n.name, id, v)
			}
			content := model.Content{Gone: unit == engine.Life && m.Deleted}
			if u := m.Unit(unit); u != nil && unit != engine.Life {
				content.Digest = u.Digest
				for i := range u.Elements {
					content.Parts += string(u.Elements[i].Digest[:])
				}
			}
			saw := seen
			if phone != nil && v.Replica != rep.ID { // the phone's user's edit
				saw = slices.Clone(phone[id])
				for _, unit := range without { // what the phone isn't given goes with what is deleted there
					if u := had[id].Unit(unit); m.Deleted && u != nil {
						saw = append(saw, model.Change{Item: id, Unit: unit, Version: u.Version})
					}
				}
			}
			c := model.Change{Item: id, Unit: unit, Version: v}
			// What was left open isn't learned: what is edited here meanwhile is beside it, though the
			// item may live by somebody who saw it.
			var beside []model.Change
			if theirs == nil && phone == nil {
				beside = slices.DeleteFunc(slices.Clone(n.open), func(o model.Change) bool { return o.Item != id || o.Unit != unit })
			}
			if err := s.model.Make(n.name, c, content, saw, beside...); err != nil {
				s.fail("%s: %v\n%s", n.name, err, s.model.Story(id))
			}
			if v.Replica == rep.ID && v.Tick > rep.Tick {
				s.fail("%s: %s is beyond its tick %d", n.name, v, rep.Tick)
			}
		}
		view.Items[id] = it
	}
	if bad := s.model.Phantoms(view); len(bad) > 0 {
		stories := ""
		for _, id := range s.ids() {
			if strings.Contains(bad[0], " "+id.String()[:4]+"/") {
				stories += s.model.Story(id)
			}
		}
		s.fail("%s\n%s", strings.Join(bad, "\n"), stories)
	}
	if rep.ID == n.id && !rep.Knowledge.Covers(n.seen) {
		s.fail("%s's knowledge shrank from %s to %s", n.name, n.seen, rep.Knowledge)
	}
	n.id, n.seen = rep.ID, rep.Knowledge
	log := n.conflicts()
	if n.isSimple() { // it lists them by item, and they go with an item that is dropped
		n.log = 0
		for _, c := range log {
			if c.Lost != nil {
				for _, x := range values(c.Lost) {
					s.logged[x] = true
				}
			}
		}
	}
	n.open = nil
	for _, c := range log {
		if c.State == engine.Waiting {
			n.open = append(n.open, model.Change{Item: c.Item, Unit: c.Unit, Version: c.Phone})
		}
	}
	for _, c := range log[min(n.log, len(log)):] {
		a, b := model.Change{Item: c.Item, Unit: c.Unit, Version: c.Store}, model.Change{Item: c.Item, Unit: c.Unit, Version: c.Phone}
		// A copy can't tell which changes under its old ID were its own: it may report a
		// conflict that strictly is none.
		unsure := s.twice[c.Store.Replica] || s.twice[c.Phone.Replica]
		// A simple participant that was killed after it wrote an item holds its version, and
		// may edit it, and doesn't know what that was made after before it is sent it again.
		unsure = unsure || s.interrupted
		// Of what a filter leaves out a phone's state says nothing: a value that its user types
		// there all the same is met by each computer for itself.
		unsure = unsure || s.leftOut[c.Unit]
		if !unsure && s.model.Known(a) && s.model.Known(b) && !s.model.Concurrent(a, b) {
			s.fail("%s reported a conflict of %s/%s between %s and %s, of which one knew the other\n%s", n.name, c.Item.String()[:2], c.Unit, c.Store, c.Phone, s.model.Story(c.Item))
		}
	}
	n.log = len(log)
}
