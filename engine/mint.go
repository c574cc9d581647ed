package engine

// ticker mints: a transaction of a Store, or of a Keeper.
type ticker interface {
	Mint() (Version, error)
	MintFor(proxy ReplicaID) (Version, error)
}

// minter gives the pending versions of one item their ticks: at most one of the
// store's own and one of its proxy's.
type minter struct {
	tx    ticker
	home  ReplicaID
	proxy ReplicaID
	got   map[ReplicaID]Version
	// silent: the store never made a tick. It makes one before its proxy's first: who
	// knows the store by it knows whose the proxy's versions are, a phone user's.
	silent *bool
}

func (m *minter) version(v *Version) error {
	if !v.IsPending() {
		return nil
	}
	if have, ok := m.got[v.Replica]; ok {
		*v = have
		return nil
	}
	var fresh Version
	var err error
	if v.Replica == m.home {
		fresh, err = m.tx.Mint()
	} else {
		if m.silent != nil && *m.silent {
			if _, err := m.tx.Mint(); err != nil {
				return err
			}
		}
		fresh, err = m.tx.MintFor(v.Replica)
	}
	if err != nil {
		return err
	}
	if m.got == nil {
		m.got = map[ReplicaID]Version{}
	}
	m.got[v.Replica] = fresh
	if m.silent != nil {
		*m.silent = false
	}
	*v = fresh
	return nil
}

// meta returns a copy of m without pending versions.
func (m *minter) meta(in *ItemMeta) (*ItemMeta, error) {
	if in == nil {
		return nil, nil
	}
	out := in.Clone()
	if err := m.version(&out.LifeVersion); err != nil {
		return nil, err
	}
	if err := m.version(&out.Creation); err != nil {
		return nil, err
	}
	for i := range out.Units {
		u := &out.Units[i]
		if err := m.version(&u.Version); err != nil {
			return nil, err
		}
		for j := range u.Elements {
			if err := m.version(&u.Elements[j].Added); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// trueUp makes the digests of an item's metadata those of its data: a merge is
// described by what it came to, in the dialect of the side that holds it.
func trueUp(m *ItemMeta, units []UnitMeta) {
	for i := range units {
		u := &units[i]
		old := m.Unit(u.Unit)
		if old == nil {
			n := *u
			n.Version, n.Edited = m.LifeVersion, m.LifeEdited
			for j := range n.Elements {
				n.Elements[j].Added = n.Version
			}
			m.SetUnit(n)
			continue
		}
		elements := make([]Element, 0, len(u.Elements))
		for _, e := range u.Elements {
			added := old.Version
			if j := old.element(e.Digest); j >= 0 {
				added = old.Elements[j].Added
			}
			elements = append(elements, Element{e.Digest, added})
		}
		old.Digest = u.Digest
		old.Elements = nil
		if len(elements) > 0 {
			old.Elements = elements
		}
	}
	described := ItemMeta{Units: units}
	for i := range m.Units {
		if described.Unit(m.Units[i].Unit) == nil {
			m.Units[i].Digest, m.Units[i].Elements = Digest{}, nil
		}
	}
}
