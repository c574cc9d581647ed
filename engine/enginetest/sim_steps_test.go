package enginetest_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"

	"cradle/engine"
	. "cradle/engine/enginetest"
	"cradle/engine/enginetest/model"
	"cradle/engine/metastore"
	"cradle/engine/simple"
)

func (s *sim) step() {
	n := s.nodes[s.r.IntN(len(s.nodes))]
	if len(s.phones) > 0 && s.r.IntN(2) == 0 {
		s.stepPhones()
		return
	}
	switch x := s.r.IntN(26); {
	case x < 11:
		s.edit(n)
	case x < 19 || !s.faults:
		s.pass(n, s.other(n), s.trouble(n))
	case x == 19:
		s.forget(n)
	case x == 20:
		s.now += int64(s.r.IntN(5)-2) * 86_400_000
		s.logf("the clock jumps")
	case x == 21:
		s.backup(n)
	case x == 22:
		s.copy(n)
	case x == 23:
		s.replay()
	default:
		s.lie(n)
	}
}

func (s *sim) other(n *node) *node { return n.peers[s.r.IntN(len(n.peers))] }

func uidOf(n int) string { return fmt.Sprintf("u%d", n) }

func simItem(n int) engine.ItemID { return engine.ItemIDFromUID(scope, uidOf(n), 1) }

// typing is typed for those who aren't at a phone.
func (s *sim) typing(before, after *bag) {
	s.sieves.typing(true)
	s.typed(before, after)
	s.sieves.typing(false)
	if before != nil {
		s.hidden(before, after)
	}
}

// revised is an item as a person leaves it; nil: deleted.
func (s *sim) revised(v *bag) *bag {
	switch x := s.r.IntN(7); x {
	case 0:
		return nil
	case 1, 2, 3:
		return With(v, KeyName, s.text("name"))
	case 4:
		return With(v, KeyNote, []string{"", "same", s.text("note")}[s.r.IntN(3)])
	default:
		tags := slices.Clone(Tags(v))
		if len(tags) > 0 && x == 5 {
			tags = slices.Delete(tags, 0, 1)
		} else {
			tags = append(tags, s.text("tag"))
		}
		return WithTags(v, tags...)
	}
}

func (s *sim) made(n int) *bag {
	return Item(uidOf(n), s.text("name"), "", s.text("tag"))
}

// edit is what a person does at a replica.
func (s *sim) edit(n *node) {
	s.now += int64(s.r.IntN(20_000))
	if n.isSimple() {
		s.editPlace(n, false)
		return
	}
	live := n.store.Live(scope)
	ids := slices.SortedFunc(maps.Keys(live), engine.ItemID.Compare)
	before := s.metas(n)
	if len(ids) == 0 || s.r.IntN(10) < 3 {
		u := 1 + s.r.IntN(9)
		if _, ok := live[simItem(u)]; ok {
			return
		}
		v := s.made(u)
		s.logf("%s creates %s: %v", n.name, uidOf(u), show(v))
		s.typing(nil, v)
		n.store.Edit(scope, simItem(u), v, s.now)
	} else {
		id := ids[s.r.IntN(len(ids))]
		v := s.revised(live[id])
		s.logf("%s edits %s %s: %v", n.name, Str(live[id], KeyUID), id.String()[:4], show(v))
		s.typing(live[id], v)
		s.unsure(live[id], v)
		n.store.Edit(scope, id, v, s.now)
	}
	if n.base == nil {
		s.observe(n, before, nil)
	}
}

// unsure: a first sync with a phone never deletes, so that what was deleted may
// come back from one that has no state.
func (s *sim) unsure(before, after *bag) {
	for _, p := range s.phones {
		if after == nil && !p.Facts().HasState {
			for _, x := range values(before) {
				s.held[x] = free
			}
		}
	}
}

// editPlace is what a person does in the place of a simple participant; unnoticed,
// neither its version field nor its journal tells of it.
func (s *sim) editPlace(n *node, unnoticed bool) {
	keys := slices.DeleteFunc(slices.Sorted(maps.Keys(n.place.objects)), func(k string) bool { return n.place.hide[k] })
	if len(keys) == 0 || s.r.IntN(10) < 3 && !unnoticed {
		u := uidOf(1 + s.r.IntN(9))
		if n.place.holds(u) {
			return
		}
		v := Item(u, s.text("name"), "", s.text("tag"))
		s.logf("%s creates %s: %v", n.name, u, show(v))
		s.typing(nil, v)
		n.place.put("", v, s.now, unnoticed)
		return
	}
	s.editObject(n, keys[s.r.IntN(len(keys))], unnoticed)
}

func (s *sim) editObject(n *node, key string, unnoticed bool) {
	old := n.place.objects[key].Value
	v := s.revised(old)
	s.logf("%s edits %s %s: %v, unnoticed %t", n.name, Str(old, KeyUID), key, show(v), unnoticed)
	s.typing(old, v)
	s.unsure(old, v)
	if v == nil {
		n.place.drop(key, unnoticed)
		return
	}
	n.place.put(key, v, s.now, unnoticed)
}

// lie is what places and pipes do to those who believe them.
func (s *sim) lie(n *node) {
	if !n.isSimple() {
		return
	}
	p := n.place
	keys := slices.Sorted(maps.Keys(p.objects))
	switch s.r.IntN(8) {
	case 0:
		s.editPlace(n, true)
	case 1: // touched, not edited
		if len(keys) > 0 {
			key := keys[s.r.IntN(len(keys))]
			s.logf("%s touches %s", n.name, key)
			p.put(key, p.objects[key].Value, s.now, false)
		}
	case 2:
		p.listFails = !p.listFails
		s.logf("%s lists in part with an error: %t", n.name, p.listFails)
	case 3:
		clear(p.unread)
		for _, key := range keys {
			p.unread[key] = s.r.IntN(3) == 0
		}
		s.logf("%s can't read %v", n.name, p.unread)
		s.mayDouble(n, func(key string, _ simple.Object) bool { return p.unread[key] && n.unfound[key] && !s.knows(n, key) })
	case 4: // nobody can tell that from deletions
		clear(p.hide)
		for _, key := range keys {
			if p.hide[key] = s.r.IntN(4) == 0; p.hide[key] {
				for _, x := range values(p.objects[key].Value) {
					s.held[x], s.twins[x] = free, true
				}
			} else {
				delete(p.hide, key)
			}
		}
		s.logf("%s hides %v", n.name, p.hide)
	case 5:
		p.oldest = len(p.journal)
		s.logf("%s forgets its journal", n.name)
	case 6:
		s.logf("the program at %s starts anew", n.name)
		s.start(n)
	case 7:
		if n.base == nil && !p.holds("") { // an edited object without a UID would be another item
			s.lose(n)
		}
	}
}

// lose: the metadata of a simple participant is gone, or refused as damaged and kept
// aside; all is enumerated again under a new identity.
func (s *sim) lose(n *node) {
	if slices.ContainsFunc(s.nodes, func(o *node) bool { return o.base != nil }) {
		return // it may be the only one that could tell another that that was restored
	}
	s.logf("%s loses its metadata", n.name)
	s.images = slices.DeleteFunc(s.images, func(im *node) bool { return im.name == n.name })
	s.model.Unmake(n.name, s.unshared(n))
	// What can't be read now is nobody's, and may have come back from elsewhere by then.
	// Of two objects with one UID either may be the first to be found now.
	holders := map[string]int{}
	for _, o := range n.place.objects {
		holders[Str(o.Value, KeyUID)]++
	}
	s.mayDouble(n, func(key string, o simple.Object) bool {
		return n.place.unread[key] || holders[Str(o.Value, KeyUID)] > 1
	})
	s.twice[n.replica().ID] = true // what others didn't take of it nobody sends any more
	s.unannounce(n)
	n.unfound = map[string]bool{}
	for key := range n.place.objects {
		n.unfound[key] = true // nobody's, until it is looked at again
	}
	s.found(n)
	n.seen, n.id, n.log = engine.Knowledge{}, engine.ReplicaID{}, 0
}

// unannounce is said of a simple participant whose metadata is lost: with it goes what a
// write overwrote that was announced and whose end wasn't known yet, since it would have
// been logged only then.
func (s *sim) unannounce(n *node) {
	c := *n
	c.place, c.meta = n.place.clone(), s.metaCopy(n, rand.NewChaCha8([32]byte{}))
	c.place.listFails, c.deep = false, true
	s.start(&c)
	if err := c.prov.Maintain(s.ctx()); err != nil {
		s.fail("%s: %v", n.name, err)
	}
	all := s.everywhere()
	for _, e := range c.conflicts() {
		if e.Lost == nil {
			continue
		}
		for _, x := range values(e.Lost) {
			if !all[x] {
				s.held[x] = free
			}
		}
	}
}

// mayDouble notes values of a simple participant's objects that may be there twice.
func (s *sim) mayDouble(n *node, which func(string, simple.Object) bool) {
	for key, o := range n.place.objects {
		if which(key, o) {
			for _, x := range values(o.Value) {
				s.twins[x] = true
			}
		}
	}
}

// unshared is said of a replica that is lost, and gives the changes that nobody else
// heard of: they go with it, as does what only its log of conflicts held.
func (s *sim) unshared(n *node) func(model.Change) bool {
	for _, c := range n.conflicts() {
		if c.Lost != nil {
			for _, x := range values(c.Lost) {
				s.held[x] = free
			}
		}
	}
	var known []engine.Knowledge
	for _, o := range s.nodes {
		if o != n {
			known = append(known, o.replica().Knowledge)
		}
	}
	return func(c model.Change) bool {
		return !slices.ContainsFunc(known, func(k engine.Knowledge) bool { return k.Contains(c.Item, c.Unit, c.Version) })
	}
}

// forget throws a replica's tombstones away.
func (s *sim) forget(n *node) {
	// A copy makes its unshared items anew: no tombstone of theirs tells of those, and
	// once it is forgotten there is no telling them from new ones. A phone's session
	// knows no forgotten deletions of a store.
	if len(s.twice) > 0 || n.isSimple() || len(s.phones) > 0 {
		return
	}
	s.forgot = true
	s.logf("%s forgets its tombstones", n.name)
	n.store.ForgetTombstones(scope)
}

// image is a copy of all that a participant has.
func (s *sim) image(n *node) *node {
	im := *n
	im.peers = nil
	if n.isSimple() {
		im.place = n.place.clone()
		im.meta = s.metaCopy(n, zero{s.world})
	} else {
		im.store = n.store.Copy()
	}
	return &im
}

// foundOut lets simple participants find out what sessions wrote there that ended before
// they committed it: n, as it once was, has yet to hear from them of what it made since. It
// is false if one couldn't look.
func (s *sim) foundOut(n *node, was engine.Replica) bool {
	for _, o := range s.nodes {
		know := o.replica().Knowledge
		if o == n || !slices.ContainsFunc(o.unfinished, func(c model.Change) bool {
			return c.Version.Replica == was.ID && c.Version.Tick > was.Tick && !know.Contains(c.Item, c.Unit, c.Version)
		}) {
			continue
		}
		for _, unread := range o.place.unread {
			if unread {
				return false
			}
		}
		before := s.metas(o)
		err := o.prov.Maintain(s.ctx())
		s.observe(o, before, nil)
		if err != nil {
			return false
		}
	}
	return true
}

// metaCopy is a copy of the metadata of a simple participant.
func (s *sim) metaCopy(n *node, rand io.Reader) *simMeta {
	b, err := metastore.Export(s.ctx(), n.meta)
	if err != nil {
		s.fail("%v", err)
	}
	m, err := metastore.NewMemory(metastore.Options{Rand: rand})
	if err == nil {
		err = metastore.Import(s.ctx(), m, b)
	}
	if err != nil {
		s.fail("%v", err)
	}
	return &simMeta{Store: m}
}

// backup takes an image of a replica, or goes back to one.
func (s *sim) backup(n *node) {
	if n.base != nil || s.forgot || len(s.phones) > 0 {
		return
	}
	i := slices.IndexFunc(s.images, func(im *node) bool { return im.name == n.name })
	if i < 0 {
		s.logf("backup of %s", n.name)
		s.images = append(s.images, s.image(n))
		return
	}
	if slices.ContainsFunc(s.nodes, func(o *node) bool { return o.base != nil }) {
		return // a copy of what is lost may be about: nobody could tell them apart
	}
	im := s.images[i]
	if !s.foundOut(n, im.replica()) {
		return
	}
	s.images = slices.Delete(s.images, i, i+1)
	peers := n.peers
	writes := 0
	if n.isSimple() {
		writes = n.meta.writes
	}
	unshared := s.unshared(n)
	*n = *im
	n.peers = peers
	if n.isSimple() {
		n.meta.writes = writes
		s.start(n)
		// What its journal never told of others may know by now: it comes back beside that.
		s.mayDouble(n, func(key string, _ simple.Object) bool { return n.anchored && n.place.silent[key] })
	}
	// A restored replica finds that out from the first that knows what it lost. One
	// that meets others before would use its ticks twice, and nobody could tell.
	lost := n.replica()
	var witness *node
	most := lost.Tick
	for _, o := range s.nodes {
		if t := o.replica().Knowledge.Tick(lost.ID); o != n && o.base == nil && t > most {
			witness, most = o, t
		}
	}
	s.logf("%s is restored from its backup", n.name)
	s.twice[lost.ID] = true
	s.gone()
	n.base = s.metas(n)
	s.model.Unmake(n.name, func(c model.Change) bool { return unshared(c) && !lost.Knowledge.Contains(c.Item, c.Unit, c.Version) })
	for range s.r.IntN(4) {
		s.edit(n)
	}
	if witness != nil {
		s.pass(witness, n, trouble{})
	}
}

// copy makes a second replica of a copy of the first's file.
func (s *sim) copy(n *node) {
	if len(s.nodes) > 5 || n.base != nil || s.forgot || n.isSimple() || len(s.phones) > 0 {
		return
	}
	c := &node{name: string(rune('A' + len(s.nodes))), store: n.store.Copy(), base: s.metas(n), log: n.log}
	c.store.Moved = true
	// Of a backup from before there is no telling it from the copy.
	s.images = slices.DeleteFunc(s.images, func(im *node) bool { return im.name == n.name })
	s.twice[n.replica().ID] = true
	s.logf("%s is copied to %s", n.name, c.name)
	s.nodes = append(s.nodes, c)
	s.meet(c, n)
	s.meet(c, s.other(n))
}

// replay delivers a batch once more, as late as it may be.
func (s *sim) replay() {
	if len(s.old) == 0 {
		return
	}
	o := s.old[s.r.IntN(len(s.old))]
	for _, n := range s.nodes {
		if n.name != o.to || n.base != nil {
			continue
		}
		if !n.replica().Knowledge.Covers(o.batch.MadeWith.Project(o.batch.Low, o.batch.High)) {
			continue // it isn't old: it was lost, or the replica was restored
		}
		live := image(n.values())
		s.logf("%s gets an old batch again", n.name)
		_, err := n.provider().Process(s.ctx(), scope, o.batch, engine.Processing{})
		if err != nil && !errors.Is(err, engine.ErrOutdated) && !errors.Is(err, engine.ErrSameReplica) {
			s.fail("an old batch: %v", err)
		}
		if got := image(n.values()); !slices.Equal(got, live) {
			s.fail("an old batch changed %v to %v", live, got)
		}
	}
}
