package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"cradle/valuebag"
)

// chunkSize is how many writes to the phone one transaction of the store
// announces.
const chunkSize = 64

// executePhone writes to the phone what the store has and the phone hasn't,
// scope by scope in item order, and commits the phone's state at the end and
// now and then on the way.
func (s *Session) executePhone(ctx context.Context, work []*scopeWork) error {
	writes, bytes, err := s.volume(ctx, work)
	if err != nil {
		return err
	}
	if writes > 0 {
		if err := s.phone.ReadOnly(); err != nil {
			return fmt.Errorf("the store's changes can't be written to the phone: %w", err)
		}
		if err := s.phone.Prepare(ctx, writes, bytes); err != nil {
			return err
		}
	}
	done := 0
	for _, w := range work {
		for at := 0; at < len(w.decisions); {
			end := min(at+chunkSize, len(w.decisions))
			if err := s.phoneChunk(ctx, w, w.decisions[at:end], func() {
				done++
				s.opt.Progress(Progress{Stage: "phone", Done: done, Total: writes})
			}); err != nil {
				return err
			}
			w.ex.reached = w.decisions[end-1].id
			at = end
			if at < len(w.decisions) && s.opt.Now().Sub(s.lastMark) > s.opt.CommitEvery {
				if err := s.commit(ctx, work); err != nil {
					return err
				}
			}
		}
		if !s.opt.PutBackOnly {
			w.finishState()
		}
		w.ex.done = true
	}
	if err := s.takeOff(ctx, work); err != nil {
		return err
	}
	return s.commit(ctx, work)
}

// volume tells how much the phone is going to be given.
func (s *Session) volume(ctx context.Context, work []*scopeWork) (writes int, bytes int64, err error) {
	for _, w := range work {
		var ids []ItemID
		for _, d := range w.decisions {
			if w.ex.failed[d.id] {
				continue
			}
			switch d.toPhone {
			case opCreate, opUpdate:
				ids = append(ids, d.id)
				writes++
			case opDelete, opLeave:
				writes++
			}
		}
		heads, err := s.store.Heads(ctx, w.schema.Name(), ids)
		if err != nil {
			return 0, 0, err
		}
		for _, h := range heads {
			bytes += h.Size
		}
	}
	return writes, bytes, nil
}

// outgoing is one write to the phone.
type outgoing struct {
	d     *decision
	write Write
	base  *valuebag.Values // what the phone held before
	old   *Place
	meta  *ItemMeta // what the phone holds afterwards
	run   int64     // under which its former value is kept; 0: it isn't
	// tried: the phone was told; not so, or refused: it certainly has nothing of it.
	tried, refused bool
}

func (s *Session) phoneChunk(ctx context.Context, w *scopeWork, chunk []*decision, tick func()) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	out, err := s.compose(ctx, w, chunk)
	if err != nil {
		return err
	}
	if err := s.announce(ctx, w, out); err != nil {
		return err
	}
	err = s.sendChunk(ctx, w, chunk, out, tick)
	if werr := s.withdraw(context.WithoutCancel(ctx), w, out); werr != nil {
		return errors.Join(err, werr)
	}
	return err
}

// sendChunk writes a chunk to the phone.
func (s *Session) sendChunk(ctx context.Context, w *scopeWork, chunk []*decision, out []outgoing, tick func()) error {
	next := map[ItemID]*outgoing{}
	for i := range out {
		next[out[i].d.id] = &out[i]
	}
	for _, d := range chunk {
		if o := next[d.id]; o != nil {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := s.send(ctx, w, o); err != nil {
				return err
			}
			tick()
			continue
		}
		w.keep(d)
	}
	return nil
}

// keep notes the state's line of an item whose object stays as it is.
func (w *scopeWork) keep(d *decision) {
	if w.ex.failed[d.id] {
		return
	}
	if w.ex.unlearned[d.id] {
		if d.hadPhone != nil && !hasPending(d.hadPhone) {
			w.line(d.id, d.hadPhone)
		}
		return
	}
	if d.phone != nil && (d.toPhone <= opMeta || d.phone.Deleted) {
		w.line(d.id, d.phone)
	}
	if slices.Contains(d.deferred, Life) { // of a unit alone phoneLearns takes care
		w.ex.unlearned[d.id] = true
	}
}

func hasPending(m *ItemMeta) bool {
	for _, v := range m.EachVersion {
		if v.IsPending() {
			return true
		}
	}
	return false
}

// line sets an item's line in the next state, where it lies.
func (w *scopeWork) line(id ItemID, m *ItemMeta) {
	it := PartialItem{Meta: *m}
	if old := w.stateOf(id); old != nil {
		it.Outside, it.Leaving = old.Outside, old.Leaving
	}
	if p := w.place(id); p != nil && !m.Deleted {
		it.Place = *p
	}
	if old := w.stateOf(id); old != nil && old.Place == it.Place && old.Meta.Equal(m) {
		return
	}
	w.ex.put[id] = it
}

// finishState notes objects that only moved or were touched, and versions that
// needed no decision.
func (w *scopeWork) finishState() {
	decided := map[ItemID]bool{}
	for _, d := range w.decisions {
		decided[d.id] = true
	}
	for id, m := range w.now {
		if !decided[id] && !hasPending(m) {
			w.line(id, m)
		}
	}
	for id := range w.objects {
		if decided[id] || w.now[id] != nil || w.skip[id] {
			continue
		}
		if m := w.stateMeta(id); m != nil {
			w.line(id, m)
		}
	}
}

// compose loads and merges what a chunk writes.
func (s *Session) compose(ctx context.Context, w *scopeWork, chunk []*decision) ([]outgoing, error) {
	var ids []ItemID
	for _, d := range chunk {
		if !w.ex.failed[d.id] && (d.toPhone == opCreate || d.toPhone == opUpdate) {
			ids = append(ids, d.id)
		}
	}
	values, err := s.store.Load(ctx, w.schema.Name(), ids)
	if err != nil {
		return nil, err
	}
	var out []outgoing
	for _, d := range chunk {
		if w.ex.failed[d.id] || d.toPhone <= opMeta || d.toPhone == opLeave {
			continue
		}
		o, err := s.composeOne(ctx, w, d, values[d.id])
		if err != nil {
			if errors.Is(err, ErrGone) || ctx.Err() != nil {
				return nil, err
			}
			s.refusePhone(w, d, err)
			continue
		}
		out = append(out, *o)
	}
	return out, nil
}

func (s *Session) composeOne(ctx context.Context, w *scopeWork, d *decision, value *valuebag.Values) (*outgoing, error) {
	o := &outgoing{d: d, meta: d.phone.Clone(), write: Write{ID: d.id}}
	if o.meta == nil { // it goes without a tombstone
		o.meta = &ItemMeta{ID: d.id, Creation: d.hadPhone.Creation, Deleted: true}
	}
	if p := w.place(d.id); p != nil && d.hadPhone.Live() && (d.torn == "" || d.torn == p.Path) {
		old := *p
		o.old, o.write.Old = &old, &old
	}
	if d.toPhone != opCreate && d.torn == "" {
		var err error
		if o.base, err = s.phoneValue(ctx, w, d); err != nil {
			return nil, err
		}
	}
	switch {
	case d.toPhone == opDelete:
		return o, nil
	case d.back != nil && !d.late:
		o.write.Value = d.back.Value
	case value == nil:
		return nil, ErrChanged
	case d.toPhone == opCreate:
		v, err := w.sieve.strip(w.schema, value)
		if err != nil {
			return nil, err
		}
		o.write.Value = v
	default:
		v, err := edit(w.schema, o.base, value, d.phoneEdits)
		if err != nil {
			return nil, err
		}
		o.write.Value = v
	}
	trueUp(o.meta, Describe(w.schema, o.write.Value))
	return o, nil
}

// announce commits, before anything is written, what is going to be: a later
// run then knows its own writes again whatever became of them.
func (s *Session) announce(ctx context.Context, w *scopeWork, out []outgoing) error {
	if len(out) == 0 {
		return nil
	}
	run := s.run
	err := s.store.Update(ctx, w.schema.Name(), func(tx Tx) error {
		run = s.run
		var err error
		if run == 0 && slices.ContainsFunc(out, func(o outgoing) bool { return o.d.back == nil || o.d.late }) {
			if run, err = tx.StartRun(RunInfo{Peer: s.peer.ID, Phone: s.peer.Name, At: s.opt.Now()}); err != nil {
				return err
			}
		}
		for i := range out {
			o := &out[i]
			run := run
			if o.d.back != nil && !o.d.late {
				run = o.d.back.Run
			}
			row := ViewRow{Scope: w.schema.Name(), Announced: true, Meta: *o.meta}
			img := PreImage{Side: ToPhone, Item: o.d.id, Value: o.base}
			if o.write.Value != nil {
				row.Path = s.phone.Target(w.schema.Name(), o.write).Path
				img.Path = row.Path
			}
			if o.old != nil {
				img.Path = o.old.Path
			}
			if err := tx.PutView(s.peer.ID, row); err != nil {
				return err
			}
			if o.d.torn != "" {
				continue // nobody wants part of an object back
			}
			if err := tx.Before(run, img); err != nil {
				return err
			}
			o.run = run
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("announcing writes in the store: %w", err)
	}
	s.run, s.result.Run = run, run
	return nil
}

// withdraw takes back what was kept for an undo of items of a chunk that the phone
// certainly didn't take: nothing happened to them. A run with nothing else is none.
func (s *Session) withdraw(ctx context.Context, w *scopeWork, out []outgoing) error {
	undone := map[int64][]ItemID{}
	for i := range out {
		o := &out[i]
		if o.run != 0 && (!o.tried || o.refused) && !s.written[writtenItem{w.schema.Name(), o.d.id}] {
			undone[o.run] = append(undone[o.run], o.d.id)
		}
	}
	for _, run := range slices.Sorted(maps.Keys(undone)) {
		kept := true
		err := s.store.Update(ctx, w.schema.Name(), func(tx Tx) (err error) {
			kept, err = tx.Withdraw(run, ToPhone, undone[run])
			return err
		})
		if err != nil {
			return fmt.Errorf("taking back in the store what the phone didn't take: %w", err)
		}
		if !kept && run == s.run {
			s.run, s.result.Run = 0, 0
		}
	}
	return nil
}

// writtenItem is an item that the phone took in this run.
type writtenItem struct {
	scope string
	id    ItemID
}

func (s *Session) send(ctx context.Context, w *scopeWork, o *outgoing) error {
	o.tried = true
	var place Place
	var err error
	if o.d.toPhone == opDelete {
		err = s.phone.Remove(ctx, w.schema.Name(), o.d.id, *o.old)
	} else {
		place, err = s.phone.Write(ctx, w.schema.Name(), o.write)
	}
	switch {
	case err == nil:
	case errors.Is(err, ErrGone), ctx.Err() != nil:
		return err
	case isItemError(err):
		o.refused = true
		s.refusePhone(w, o.d, err)
		return nil
	default:
		return err
	}
	if s.written == nil {
		s.written = map[writtenItem]bool{}
	}
	s.written[writtenItem{w.schema.Name(), o.d.id}] = true
	if o.d.toPhone == opCreate && w.sieve.outside[o.d.id] {
		w.sieve.touched[o.d.id] = true // the other computers have to hear of it: it stays
	}
	it := PartialItem{Meta: *o.meta, Place: place}
	if old := w.stateOf(o.d.id); old != nil {
		it.Outside = old.Outside
	}
	if o.d.phone == nil {
		w.ex.dropped[o.d.id] = true
	} else {
		w.ex.put[o.d.id] = it
	}
	w.ex.touched = append(w.ex.touched, o.d.id)
	s.count(w, o.d.toPhone, ToPhone)
	if o.d.torn != "" && o.d.toPhone == opCreate {
		s.result.Mended++
	}
	s.repaired(w.schema.Name(), o.d.id, o.old, &place)
	return nil
}

// refusePhone notes an item that the phone did not take; its line stays as the
// phone has it.
func (s *Session) refusePhone(w *scopeWork, d *decision, err error) {
	w.ex.unlearned[d.id] = true
	if d.hadPhone != nil && !hasPending(d.hadPhone) {
		w.line(d.id, d.hadPhone)
	}
	if errors.Is(err, ErrChanged) {
		w.left++
		return
	}
	f := Failure{Scope: w.schema.Name(), Item: d.id, Side: ToPhone, Err: err}
	if p := w.place(d.id); p != nil {
		f.Path = p.Path
	}
	s.fail(f)
}
