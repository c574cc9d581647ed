package devprovider

import (
	"encoding/binary"

	"cradle/engine"
)

// isFiltered reports whether a scope's state says anything of a filter. A program
// that doesn't know of filters would take what left for deleted.
func (sc *scopeState) isFiltered() bool {
	if !sc.Filter.IsZero() || len(sc.Ghosts) > 0 {
		return true
	}
	for i := range sc.Items {
		if it := &sc.Items[i]; it.Outside || it.Leaving {
			return true
		}
	}
	return false
}

// hasFilters reports whether section 11 has anything to say.
func (s *state) hasFilters() bool {
	for _, sc := range s.scopes {
		if !sc.Filter.IsZero() || len(sc.Ghosts) > 0 {
			return true
		}
	}
	return false
}

func (s *state) appendFilters(b []byte) []byte {
	var names []string
	for _, name := range sortedKeys(s.scopes) {
		if sc := s.scopes[name]; !sc.Filter.IsZero() || len(sc.Ghosts) > 0 {
			names = append(names, name)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(names)))
	for _, name := range names {
		sc := s.scopes[name]
		b = appendString(appendString(b, name), sc.Filter.String())
		b = appendGhosts(b, sc.Ghosts)
	}
	return b
}

func appendGhosts(b []byte, ghosts []engine.Ghost) []byte {
	replicas := map[engine.ReplicaID]uint64{}
	var table []engine.ReplicaID
	var list []byte
	for _, g := range ghosts {
		list = append(list, g.ID[:]...)
		list = binary.AppendUvarint(list, uint64(len(g.Versions)))
		for _, v := range g.Versions {
			n, ok := replicas[v.Replica]
			if !ok {
				n = uint64(len(table))
				replicas[v.Replica], table = n, append(table, v.Replica)
			}
			list = binary.AppendUvarint(binary.AppendUvarint(list, n), v.Tick)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(table)))
	for _, r := range table {
		b = append(b, r[:]...)
	}
	b = binary.AppendUvarint(b, uint64(len(ghosts)))
	return append(b, list...)
}

func (s *state) decodeFilters(c *cursor) {
	last := ""
	for n := c.Count(4, "a count of scopes"); n > 0 && c.Err == nil; n-- {
		name := c.string("a scope")
		text := c.string("a filter")
		f, err := engine.ParseFilter(text)
		switch {
		case c.Err != nil:
			return
		case err != nil || f.String() != text:
			c.Fail("a filter in its canonical form")
			return
		case name <= last:
			c.Fail("scopes in ascending order")
			return
		}
		last = name
		ghosts := c.ghosts()
		if c.Err == nil && f.IsZero() && len(ghosts) == 0 {
			c.Fail("a filter or a ghost")
		}
		// The scope's own section may come later.
		if s.filters == nil {
			s.filters = map[string]filterState{}
		}
		s.filters[name] = filterState{f, ghosts}
	}
}

// filterState is what section 11 says of a scope.
type filterState struct {
	filter engine.Filter
	ghosts []engine.Ghost
}

// joinFilters gives the scopes their filters once all sections are read; false if
// one has no scope.
func (s *state) joinFilters() bool {
	for name, f := range s.filters {
		sc := s.scopes[name]
		if sc == nil {
			return false
		}
		sc.Filter, sc.Ghosts = f.filter, f.ghosts
	}
	s.filters = nil
	return true
}

func (c *cursor) ghosts() []engine.Ghost {
	table := make([]engine.ReplicaID, c.Count(16, "a count of replicas"))
	used := 0
	for i := range table {
		copy(table[i][:], c.Bytes(16, "a replica ID"))
	}
	n := c.Count(17, "a count of ghosts")
	if n == 0 {
		if len(table) > 0 {
			c.Fail("no replicas without ghosts")
		}
		return nil
	}
	ghosts := make([]engine.Ghost, 0, n)
	for ; n > 0 && c.Err == nil; n-- {
		var g engine.Ghost
		copy(g.ID[:], c.Bytes(16, "an item ID"))
		if k := len(ghosts); c.Err == nil && k > 0 && ghosts[k-1].ID.Compare(g.ID) >= 0 {
			c.Fail("ghosts in order of their IDs")
		}
		for m := c.Count(2, "a count of versions"); m > 0 && c.Err == nil; m-- {
			r, tick := c.Uvarint("a replica's number"), c.Uvarint("a tick")
			switch {
			case c.Err != nil:
			case r >= uint64(len(table)) || r > uint64(used):
				c.Fail("a replica's number, new ones in order")
			case tick == 0 || tick == ^uint64(0):
				c.Fail("a tick")
			default:
				if int(r) == used {
					used++
				}
				v := engine.Version{Replica: table[r], Tick: tick}
				if k := len(g.Versions); k > 0 && g.Versions[k-1].Replica.Compare(v.Replica) >= 0 {
					c.Fail("versions in order of their replicas")
				}
				g.Versions = append(g.Versions, v)
			}
		}
		ghosts = append(ghosts, g)
	}
	if c.Err == nil && used < len(table) {
		c.Fail("no more replicas than are used")
	}
	return ghosts
}
