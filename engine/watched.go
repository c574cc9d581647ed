package engine

import "cradle/valuebag"

// watched is a transaction that notes whether anything was written. Marks don't count:
// who learned nothing has nothing to tell by them.
type watched struct {
	KeeperTx
	wrote bool
}

func (w *watched) Mint() (Version, error) {
	w.wrote = true
	return w.KeeperTx.Mint()
}

func (w *watched) Put(m *ItemMeta, value *valuebag.Values) error {
	w.wrote = true
	return w.KeeperTx.Put(m, value)
}

func (w *watched) Drop(id ItemID) error {
	w.wrote = true
	return w.KeeperTx.Drop(id)
}

func (w *watched) SetKnowledge(k Knowledge) error {
	w.wrote = true
	return w.KeeperTx.SetKnowledge(k)
}

func (w *watched) SetForgotten(k Knowledge) error {
	w.wrote = true
	return w.KeeperTx.SetForgotten(k)
}

func (w *watched) Log(run int64, c Conflict) error {
	w.wrote = true
	return w.KeeperTx.Log(run, c)
}

func (w *watched) Obsolete(item ItemID, unit string) error {
	w.wrote = true
	return w.KeeperTx.Obsolete(item, unit)
}
