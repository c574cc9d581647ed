package engine

import "slices"

// Claimed is the latest tick of a replica that the peer's state names in a scope, in
// its knowledge or with any of its items. One that the replica never gave means that
// the store which mints for it was copied or restored, or that the state is damaged
// or forged; either way the store goes on under a new ID (Store.Admit), of which
// nobody can claim anything yet.
func (p *PeerFacts) Claimed(scope string, r ReplicaID) uint64 {
	t := p.Knowledge[scope].Tick(r)
	for _, v := range p.Claims[scope] {
		if v.Replica == r {
			t = max(t, v.Tick)
		}
	}
	return t
}

// claims lists the latest version of each replica that the state's items name,
// ascending by replica.
func (s *PartialState) claims() []Version {
	latest := map[ReplicaID]uint64{}
	var last ReplicaID // versions of one replica come in a row
	var tick uint64
	note := func(v Version) {
		switch {
		case v.IsZero() || v.IsPending():
			return
		case v.Replica != last:
			latest[last] = max(latest[last], tick)
			last, tick = v.Replica, latest[v.Replica]
		}
		tick = max(tick, v.Tick)
	}
	for i := range s.Items {
		m := &s.Items[i].Meta
		note(m.Creation)
		note(m.LifeVersion)
		for j := range m.Units {
			note(m.Units[j].Version)
			for _, e := range m.Units[j].Elements {
				note(e.Added)
			}
		}
	}
	for i := range s.Ghosts {
		for _, v := range s.Ghosts[i].Versions {
			note(v)
		}
	}
	latest[last] = max(latest[last], tick)
	delete(latest, ReplicaID{})
	out := make([]Version, 0, len(latest))
	for r, t := range latest {
		out = append(out, Version{Replica: r, Tick: t})
	}
	slices.SortFunc(out, func(a, b Version) int { return a.Replica.Compare(b.Replica) })
	return out
}
