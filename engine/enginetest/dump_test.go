package enginetest_test

import (
	"context"
	"fmt"
	"strings"

	"cradle/engine"
)

// dump writes into the trace what everybody's metadata says of the items whose ID
// begins with prefix.
//
//	go test ./engine/enginetest -run TestFilteredHistories -seed 2403 -item cda7
func (w *world) dump(prefix string) {
	if prefix == "" {
		return
	}
	for i, s := range w.stores {
		rep, _ := s.Replica(context.Background(), scope)
		w.logf("   PC%d %s K=%v F=%v", i+1, rep.ID.String()[:8], rep.Knowledge, rep.Forgotten)
		ms, _ := s.Changes(context.Background(), scope, engine.Knowledge{})
		for _, m := range ms {
			if strings.HasPrefix(m.ID.String(), prefix) {
				w.logf("      %s", metaText(m))
			}
		}
	}
	for _, p := range w.phones {
		st := p.State(scope)
		w.logf("   %s K=%v F=%v", p.Serial, st.Knowledge, st.Forgotten)
		for _, it := range st.Items {
			if strings.HasPrefix(it.Meta.ID.String(), prefix) {
				w.logf("      %s outside %t leaving %t %s", metaText(&it.Meta), it.Outside, it.Leaving, it.Place.Path)
			}
		}
		for _, g := range st.Ghosts {
			if strings.HasPrefix(g.ID.String(), prefix) {
				w.logf("      ghost %v", g.Versions)
			}
		}
	}
}

// dump is world.dump of all participants of a simulation.
//
//	go test ./engine/enginetest -run TestSimulation -simseed 87082 -item f5fe
func (s *sim) dump(prefix string) {
	if prefix == "" {
		return
	}
	for _, n := range s.nodes {
		s.logf("   %s K=%v", n.name, n.replica().Knowledge)
		for id, m := range s.metas(n) {
			if strings.HasPrefix(id.String(), prefix) {
				s.logf("      %s", metaText(m))
			}
		}
	}
	s.world.dump(prefix)
}

func metaText(m *engine.ItemMeta) string {
	s := fmt.Sprintf("%s del=%t c=%v life=%v", m.ID.String()[:4], m.Deleted, m.Creation, m.LifeVersion)
	for _, u := range m.Units {
		s += fmt.Sprintf(" %s=%v/%x", u.Unit, u.Version, u.Digest[:2])
		for _, e := range u.Elements {
			s += fmt.Sprintf(",%x+%v", e.Digest[:2], e.Added)
		}
	}
	return s
}
