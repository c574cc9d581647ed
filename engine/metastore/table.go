package metastore

import (
	"slices"

	"cradle/engine"
)

// table holds a replica and its items in memory. Items in it are never changed,
// only replaced.
type table struct {
	replica Replica
	items   map[engine.ItemID]*Item
	order   []engine.ItemID // ascending, once tidy was called
	untidy  bool
	index   map[field][]engine.ItemID // ascending
	dead    int
}

// field is a name with a value.
type field struct{ name, value string }

func newTable(c *Content) table {
	t := table{replica: c.Replica, items: make(map[engine.ItemID]*Item, len(c.Items)), index: map[field][]engine.ItemID{}}
	for _, it := range c.Items {
		t.set(it.Meta.ID, it)
	}
	t.tidy()
	return t
}

// content is all of the table, in order; the items aren't copied.
func (t *table) content() *Content {
	t.tidy()
	c := &Content{Replica: t.replica, Items: make([]*Item, len(t.order))}
	for i, id := range t.order {
		c.Items[i] = t.items[id]
	}
	return c
}

// set puts an item in its place, or takes it away if it is nil, and gives the one
// that was there.
func (t *table) set(id engine.ItemID, it *Item) *Item {
	old := t.items[id]
	if old != nil {
		if old.Meta.Deleted {
			t.dead--
		}
		for name, value := range old.Fields {
			t.unindex(field{name, value}, id)
		}
	}
	if it == nil {
		delete(t.items, id)
		t.untidy = t.untidy || old != nil
		return old
	}
	if old == nil {
		t.order = append(t.order, id)
		t.untidy = true
	}
	t.items[id] = it
	if it.Meta.Deleted {
		t.dead++
	}
	for name, value := range it.Fields {
		f := field{name, value}
		ids := t.index[f]
		if i, ok := slices.BinarySearchFunc(ids, id, engine.ItemID.Compare); !ok {
			t.index[f] = slices.Insert(ids, i, id)
		}
	}
	return old
}

func (t *table) unindex(f field, id engine.ItemID) {
	ids := t.index[f]
	if i, ok := slices.BinarySearchFunc(ids, id, engine.ItemID.Compare); ok {
		ids = slices.Delete(ids, i, i+1)
	}
	if len(ids) == 0 {
		delete(t.index, f)
		return
	}
	t.index[f] = ids
}

// tidy puts the order right after items came and went.
func (t *table) tidy() {
	if !t.untidy {
		return
	}
	slices.SortFunc(t.order, engine.ItemID.Compare)
	t.order = slices.Compact(t.order)
	t.order = slices.DeleteFunc(t.order, func(id engine.ItemID) bool { return t.items[id] == nil })
	t.untidy = false
}

// update runs fn on the table; save, if there is one, makes the outcome durable.
// Whatever fails or panics leaves the table as it was.
func (t *table) update(fn func(Tx) error, save func() error) (err error) {
	tx := &tableTx{reader: reader{t}, replica: t.replica}
	done := false
	defer func() {
		if !done {
			tx.undo()
		}
		t.tidy()
	}()
	if err := fn(tx); err != nil {
		return err
	}
	if save != nil && tx.wrote {
		if err := save(); err != nil {
			return err
		}
	}
	done = true
	return nil
}

// reader reads a table.
type reader struct{ t *table }

func (r reader) Replica() (Replica, error) {
	return r.t.replica.Clone(), nil
}

func (r reader) Item(id engine.ItemID) (*Item, error) { return r.t.items[id].Clone(), nil }

func (r reader) Items(from engine.ItemID, limit int) ([]*Item, error) {
	r.t.tidy() // only ever untidy inside a transaction, which is alone
	i, _ := slices.BinarySearchFunc(r.t.order, from, engine.ItemID.Compare)
	var page []*Item
	for ; i < len(r.t.order) && len(page) < limit; i++ {
		page = append(page, r.t.items[r.t.order[i]].Clone())
	}
	return page, nil
}

func (r reader) Find(name, value string) ([]*Item, error) {
	var found []*Item
	for _, id := range r.t.index[field{name, value}] {
		found = append(found, r.t.items[id].Clone())
	}
	return found, nil
}

func (r reader) Count() (live, dead int, err error) {
	return len(r.t.items) - r.t.dead, r.t.dead, nil
}

// tableTx changes a table and can take all of it back.
type tableTx struct {
	reader
	replica Replica // as it was
	old     []former
	wrote   bool
}

type former struct {
	id engine.ItemID
	it *Item // nil: it was unknown
}

func (x *tableTx) undo() {
	for _, f := range slices.Backward(x.old) {
		x.t.set(f.id, f.it)
	}
	x.t.replica = x.replica
}

func (x *tableTx) set(id engine.ItemID, it *Item) {
	x.wrote = true
	x.old = append(x.old, former{id, x.t.set(id, it)})
}

func (x *tableTx) NextTick() (engine.Version, error) {
	v, err := x.t.replica.Mint()
	x.wrote = x.wrote || err == nil
	return v, err
}

func (x *tableTx) SetReplica(next Replica) error {
	next, err := x.t.replica.Check(next)
	if err != nil {
		return err
	}
	x.t.replica, x.wrote = next, true
	return nil
}

func (x *tableTx) Put(it *Item) error {
	it, err := x.t.replica.CheckItem(it)
	if err != nil {
		return err
	}
	x.set(it.Meta.ID, it)
	return nil
}

func (x *tableTx) Remove(id engine.ItemID) error {
	if x.t.items[id] != nil {
		x.set(id, nil)
	}
	return nil
}

func (x *tableTx) Clear() error {
	for id := range x.t.items {
		x.set(id, nil)
	}
	return nil
}
