package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"cradle/valuebag"
)

// batchSize is how many items one transaction of the store takes in: few enough
// that another program which writes to the store needn't wait (some 50 ms), and
// not so few that the waits for the disk count.
const batchSize = 512

// execution is how far one scope has come.
type execution struct {
	put       map[ItemID]PartialItem // lines of the phone's next state that differ from the former
	touched   []ItemID               // items with new rows in the store's view
	after     map[ItemID]*ItemMeta   // what the store now holds of items that it versioned in this run
	unlearned map[ItemID]bool        // the phone doesn't get to know these
	failed    map[ItemID]bool        // the store could not take these
	dropped   map[ItemID]bool        // lines that the phone's next state doesn't have
	forgotten Knowledge              // what it then has forgotten deletions of
	done      bool
	reached   ItemID // the phone's side is done up to here
	proxyFrom uint64 // the proxy's tick before this run
	proxyTick Version
}

// execute carries a plan out: first into the store, which settles the
// conflicts, then onto the phone, then the phone's state. It returns how many
// items changed under way.
func (s *Session) execute(ctx context.Context, work []*scopeWork) (int, error) {
	for _, w := range work {
		w.ex = execution{
			put: map[ItemID]PartialItem{}, after: map[ItemID]*ItemMeta{}, dropped: map[ItemID]bool{},
			unlearned: maps.Clone(w.withheld), failed: map[ItemID]bool{},
		}
		if err := s.executeStore(ctx, w); err != nil {
			return 0, err
		}
	}
	if err := s.executePhone(ctx, work); err != nil {
		return 0, err
	}
	left := 0
	for _, w := range work {
		left += w.left
	}
	return left, nil
}

// needsStore reports whether the store has anything to take in.
func (s *Session) needsStore(w *scopeWork) bool {
	return len(w.decisions) > 0 || !s.opt.PutBackOnly && !w.store.Knowledge.Covers(w.state.Knowledge)
}

func (s *Session) executeStore(ctx context.Context, w *scopeWork) error {
	if !s.needsStore(w) {
		return nil
	}
	low := MinItemID
	for at := 0; ; {
		end := min(at+batchSize, len(w.decisions))
		high := MaxItemID
		if end < len(w.decisions) {
			high = w.decisions[end-1].id
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.storeBatch(ctx, w, w.decisions[at:end], low, high); err != nil {
			return err
		}
		s.opt.Progress(Progress{Stage: "store", Done: end, Total: len(w.decisions)})
		if end == len(w.decisions) {
			return nil
		}
		at, low = end, high
	}
}

// intake is one decision with the data that it needs.
type intake struct {
	d      *decision
	before *valuebag.Values // in the store
	phone  *valuebag.Values // on the phone
	value  *valuebag.Values // what the store is to hold; nil: unchanged
	err    error
	taken  bool // written, if the transaction goes through
}

func (s *Session) storeBatch(ctx context.Context, w *scopeWork, batch []*decision, low, high ItemID) error {
	in, err := s.gather(ctx, w, batch)
	if err != nil {
		return err
	}
	run := s.run
	var outcome []func()
	err = s.store.Update(ctx, w.schema.Name(), func(tx Tx) error {
		run, outcome = s.run, nil
		silent := w.store.Tick == 0 && w.ex.proxyTick.IsZero()
		before, err := tx.Knowledge()
		if err != nil {
			return err
		}
		for i := range in {
			done, err := s.takeIn(tx, w, &in[i], &run, &silent)
			if err != nil && !isItemError(err) {
				return err
			}
			outcome = append(outcome, done)
		}
		for _, f := range outcome {
			f()
		}
		return s.learn(tx, w, batch, before, low, high)
	})
	if err != nil {
		return fmt.Errorf("writing to the store: %w", err)
	}
	s.run = run
	s.result.Run = run
	for i := range in { // only what was committed counts
		if in[i].taken {
			s.tally(w, in[i].d)
		}
	}
	return nil
}

// tally counts what a decision did to the store.
func (s *Session) tally(w *scopeWork, d *decision) {
	s.count(w, d.toStore, ToStore)
	st := s.result.Stats[w.schema.Name()]
	st.Conflicts += len(d.clashes)
	if d.adopted() {
		st.Adopted++
	}
}

func isItemError(err error) bool {
	var ie *ItemError
	return errors.Is(err, ErrChanged) || errors.As(err, &ie)
}

// gather loads what a batch needs from both sides and merges the data.
func (s *Session) gather(ctx context.Context, w *scopeWork, batch []*decision) ([]intake, error) {
	var ids []ItemID
	for _, d := range batch {
		switch {
		case d.old != nil:
			ids = append(ids, d.old.id)
		case d.toStore == opUpdate, d.toStore == opDelete, len(d.clashes) > 0 && d.hadStore.Live():
			ids = append(ids, d.id)
		}
	}
	values, err := s.store.Load(ctx, w.schema.Name(), ids)
	if err != nil {
		return nil, err
	}
	in := make([]intake, len(batch))
	for i, d := range batch {
		in[i].d = d
		in[i].before = values[d.id]
		if d.old != nil {
			in[i].before = values[d.old.id]
		}
		if d.toStore == opCreate || d.toStore == opUpdate || len(d.clashes) > 0 && d.hadPhone.Live() {
			in[i].phone, in[i].err = s.phoneValue(ctx, w, d)
			if errors.Is(in[i].err, ErrGone) || ctx.Err() != nil {
				return nil, in[i].err
			}
		}
		if in[i].err == nil {
			if d.old == nil {
				exclude(w.schema, s.opt.Preset, w.store.ID, d, in[i].before, in[i].phone)
			}
			in[i].value, in[i].err = s.merged(w, &in[i])
		}
	}
	return in, nil
}

// merged is what the store is to hold after a decision.
func (s *Session) merged(w *scopeWork, in *intake) (*valuebag.Values, error) {
	d := in.d
	switch {
	case d.old != nil:
		return edit(w.schema, in.before, in.phone, d.storeEdits)
	case d.toStore == opCreate:
		return in.phone, nil
	case d.toStore == opUpdate:
		if in.before == nil {
			return nil, ErrChanged
		}
		return edit(w.schema, in.before, in.phone, d.storeEdits)
	}
	return nil, nil
}

// edit makes units of dst equal to src's.
func edit(schema Schema, dst, src *valuebag.Values, edits []unitEdit) (*valuebag.Values, error) {
	var plain []string
	for _, e := range edits {
		if !e.list {
			plain = append(plain, e.unit)
		}
	}
	var err error
	if len(plain) > 0 {
		if dst, err = schema.Replace(dst, src, plain); err != nil {
			return nil, err
		}
	}
	for _, e := range edits {
		if e.list {
			if dst, err = schema.MergeList(dst, src, e.unit, e.keep); err != nil {
				return nil, err
			}
		}
	}
	return dst, nil
}

// phoneValue is an item as the phone holds it now.
func (s *Session) phoneValue(ctx context.Context, w *scopeWork, d *decision) (*valuebag.Values, error) {
	id := d.id
	c := w.copies[id]
	if c != nil {
		id = c.of
	}
	var v *valuebag.Values
	var err error
	if o := w.objects[id]; o != nil && o.Value != nil {
		v = o.Value
	} else if o != nil {
		v, err = s.phone.Load(ctx, w.schema.Name(), id, o.Place)
	} else if it := w.stateOf(id); it != nil {
		v, err = s.phone.Load(ctx, w.schema.Name(), id, it.Place)
	} else {
		return nil, ErrChanged
	}
	if err != nil || c == nil {
		return v, err
	}
	return w.schema.Copy(v, " (phone)", c.uid)
}

// takeIn writes one decision into the store's transaction. What it returns is
// run once the whole batch went through.
func (s *Session) takeIn(tx Tx, w *scopeWork, in *intake, run *int64, silent *bool) (func(), error) {
	d, scope := in.d, w.schema.Name()
	if !d.joins.IsZero() {
		return func() {}, nil // written together with the item that it joins
	}
	give := func(err error) (func(), error) {
		return func() { s.refuse(w, d, err) }, &ItemError{Item: d.id, Reason: err}
	}
	if in.err != nil {
		return give(in.err)
	}
	cur, err := tx.Meta(d.id)
	if err != nil {
		return nil, err
	}
	if !cur.Equal(d.hadStore) {
		return give(ErrChanged)
	}
	m := minter{tx: tx, home: w.store.ID, proxy: w.proxy, silent: silent}
	phone, err := m.meta(d.phone)
	if err != nil {
		return nil, err
	}
	had, store := phone, phone
	if d.hadPhone != d.phone {
		if had, err = m.meta(d.hadPhone); err != nil {
			return nil, err
		}
	}
	// An item that comes whole from the phone is described as it is there.
	whole := d.toStore == opCreate && d.store == d.phone && w.copies[d.id] == nil && d.old == nil
	if !whole {
		if store, err = m.meta(d.store); err != nil {
			return nil, err
		}
		if in.value != nil {
			trueUp(store, Describe(w.schema, in.value))
		}
	}
	if d.old != nil {
		old, err := m.meta(d.old.store)
		if err != nil {
			return nil, err
		}
		if err := tx.Put(old, nil); err != nil {
			if isItemError(err) {
				return give(err)
			}
			return nil, err
		}
		d.old.phone = old
	}
	switch {
	case d.toStore == opDelete && store == nil:
		if err := tx.Drop(d.id); err != nil {
			return nil, err
		}
		if cur, err = tx.Meta(d.id); err != nil {
			return nil, err
		}
		if cur != nil { // it has edits that aren't settled
			return give(ErrChanged)
		}
	case d.toStore != opNone || d.old != nil:
		if err := tx.Put(store, in.value); err != nil {
			if isItemError(err) {
				return give(err)
			}
			return nil, err
		}
	}
	if d.toStore > opMeta || len(d.clashes) > 0 {
		if *run == 0 {
			if *run, err = tx.StartRun(RunInfo{Peer: s.peer.ID, Phone: s.peer.Name, At: s.opt.Now()}); err != nil {
				return nil, err
			}
		}
	}
	if d.toStore > opMeta {
		if err := tx.Before(*run, PreImage{Side: ToStore, Item: d.id, Value: in.before}); err != nil {
			return nil, err
		}
	}
	if w.now[d.id] != nil && had != nil || d.toStore == opCreate && d.hadPhone != nil || d.toStore == opUpdate {
		row := ViewRow{Scope: scope, Meta: *had}
		if it := w.place(d.id); it != nil {
			row.Path, row.Body = it.Path, it.Body
		}
		if err := tx.PutView(s.peer.ID, row); err != nil {
			return nil, err
		}
		w.ex.touched = append(w.ex.touched, d.id)
	}
	if d.back != nil {
		has := phone
		if d.late {
			has = nil // nothing of it is held any more
		}
		if err := tx.PutBackDone(s.peer.ID, d.id, has); err != nil {
			return nil, err
		}
	}
	for key := range w.deferredKeys(d) {
		if err := tx.Obsolete(d.id, key); err != nil {
			return nil, err
		}
	}
	for _, c := range d.clashes {
		if err := s.logClash(tx, w, in, c, had, *run); err != nil {
			return nil, err
		}
	}
	return func() {
		d.store, d.phone = store, phone
		if had != nil {
			d.hadPhone = had
		}
		if w.now[d.id] != nil {
			w.now[d.id] = d.hadPhone
		}
		for _, v := range m.got {
			if v.Replica == w.proxy {
				if w.ex.proxyTick.IsZero() {
					w.ex.proxyFrom = v.Tick - 1
				}
				w.ex.proxyTick = v
			}
			w.ex.after[d.id] = store
		}
		if o := w.objects[d.id]; o != nil && d.toPhone <= opMeta {
			o.Value, o.units = nil, nil // what is left of the run doesn't need it
		}
		in.taken = true
	}, nil
}

func (s *Session) count(w *scopeWork, op dataOp, to Side) {
	st := s.result.Stats[w.schema.Name()]
	m := &st.ToStore
	if to == ToPhone {
		m = &st.ToPhone
	}
	switch op {
	case opCreate:
		m.Created++
	case opUpdate:
		m.Updated++
	case opDelete:
		m.Deleted++
	case opLeave:
		m.Left++
	}
}

// refuse notes an item that the store did not take.
func (s *Session) refuse(w *scopeWork, d *decision, err error) {
	w.ex.failed[d.id], w.ex.unlearned[d.id] = true, true
	if d.old != nil {
		w.ex.failed[d.old.id], w.ex.unlearned[d.old.id] = true, true
	}
	if errors.Is(err, ErrChanged) {
		w.left++
		return
	}
	f := Failure{Scope: w.schema.Name(), Item: d.id, Side: ToStore, Err: err}
	if p := w.place(d.id); p != nil {
		f.Path = p.Path
	}
	s.fail(f)
}

// place is where the phone holds an item, nil when it doesn't.
func (w *scopeWork) place(id ItemID) *Place {
	if o := w.objects[id]; o != nil {
		return &o.Place
	}
	if it := w.stateOf(id); it != nil && !it.Meta.Deleted {
		return &it.Place
	}
	return nil
}

// deferredKeys yields the units whose deferred conflict is over with this
// decision.
func (w *scopeWork) deferredKeys(d *decision) func(func(string) bool) {
	return func(yield func(string) bool) {
		for _, c := range w.deferred {
			if c.Item != d.id {
				continue
			}
			still := false
			for _, u := range d.deferred {
				still = still || u == c.Unit || u == Life && c.Unit == UnitDeleted
			}
			for _, cl := range d.clashes {
				still = still && cl.unit != c.Unit
			}
			if !still && !yield(c.Unit) {
				return
			}
		}
	}
}

func (s *Session) logClash(tx Tx, w *scopeWork, in *intake, c clash, had *ItemMeta, run int64) error {
	d := in.d
	entry := Conflict{
		Scope: w.schema.Name(), Peer: s.peer.ID, Item: d.id, Unit: c.unit, State: c.state, KeptSide: c.kept,
		Store: c.store, Phone: c.phone, Run: run, At: s.opt.Now(),
	}
	if u := had.Unit(c.unit); u != nil {
		entry.Phone = u.Version
	}
	kept, lost := in.before, in.phone
	if c.kept == ToPhone {
		kept, lost = lost, kept
	}
	if kept != nil {
		entry.UID = w.schema.UID(kept)
		entry.KeptText = w.schema.UnitText(kept, c.unit)
	}
	if lost != nil {
		if entry.UID == "" {
			entry.UID = w.schema.UID(lost)
		}
		entry.Lost = lost
		entry.LostText = w.schema.UnitText(lost, c.unit)
	}
	return tx.Log(run, entry)
}

// eachDeferred notes the units that neither side learns.
func (d *decision) eachDeferred(out unlearned) {
	for _, u := range d.deferred {
		if u == Life {
			out.item(d.id)
		} else {
			out.unit(d.id, u)
		}
	}
}

// learn adds to the store's knowledge what the phone knew about a range of
// items, but for those that the store did not take.
func (s *Session) learn(tx Tx, w *scopeWork, batch []*decision, before Knowledge, low, high ItemID) error {
	if s.opt.PutBackOnly {
		return nil
	}
	now, err := tx.Knowledge()
	if err != nil {
		return err
	}
	out := unlearned{}
	for _, d := range batch {
		if w.ex.failed[d.id] {
			out.item(d.id)
			continue
		}
		d.eachDeferred(out)
	}
	for _, d := range w.quiet {
		if d.id.Compare(low) >= 0 && d.id.Compare(high) <= 0 {
			d.eachDeferred(out)
		}
	}
	for id := range w.skip {
		if m := w.stateMeta(id); m != nil && id.Compare(low) >= 0 && id.Compare(high) <= 0 && !m.KnownTo(before) {
			out.item(id)
		}
	}
	for id := range w.apart {
		if id.Compare(low) >= 0 && id.Compare(high) <= 0 {
			out.item(id)
		}
	}
	if w.ahead && len(w.apart) == 0 {
		f, err := tx.Forgotten()
		if err != nil {
			return err
		}
		if !f.Covers(w.state.Forgotten) {
			if err := tx.SetForgotten(f.Union(w.state.Forgotten)); err != nil {
				return err
			}
		}
	}
	k := now.Learn(w.state.Knowledge, low, high).exceptAll(out, before)
	if k.Equal(now) {
		return nil
	}
	return tx.SetKnowledge(k)
}
