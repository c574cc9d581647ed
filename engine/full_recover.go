package engine

// recover removes what the source had deleted and has forgotten since: items that
// it knew in all their versions and holds nothing of any more. They go without a
// tombstone, as there. An item that was changed here in a way the source never
// saw stays (a unit that the source isn't given doesn't count) and learns nothing of
// the deletion: sent back, it is an edit that met one (sync-model §1.6).
func (a *applier) recover() error {
	ids, err := a.tx.Range(a.batch.Low, a.batch.High)
	if err != nil {
		return err
	}
	listed := a.batch.Listed
	for _, id := range ids {
		for len(listed) > 0 && listed[0].Compare(id) < 0 {
			listed = listed[1:]
		}
		if len(listed) > 0 && listed[0] == id {
			continue
		}
		m, err := a.tx.Meta(id)
		if err != nil {
			return err
		}
		switch {
		case m == nil:
			continue
		case !m.without(a.opt.Unseen).KnownTo(a.batch.MadeWith):
			if m.Live() && a.batch.MadeWith.Contains(id, Life, m.Creation) {
				a.left.item(id)
			}
			continue
		}
		if a.opt.Preview {
			a.out.Dropped++
			continue
		}
		if err := a.tx.Drop(id); err != nil {
			if err := a.refused(Change{Meta: m}, err); err != nil {
				return err
			}
			continue
		}
		if m.Live() {
			a.out.Dropped++
		}
	}
	return nil
}
