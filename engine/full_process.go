package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"cradle/valuebag"
)

// applier takes one batch in, inside one transaction.
type applier struct {
	schema Schema
	scope  string
	tx     *watched
	batch  *Batch
	opt    Processing
	home   ReplicaID
	tick   uint64    // of home, when the batch came
	before Knowledge // what was known before the batch
	out    *Outcome
	left   unlearned
	ghosts []ItemID // that left
}

// Process takes a batch in.
func (f *Full) Process(ctx context.Context, scope string, b *Batch, opt Processing) (*Outcome, error) {
	schema := f.schemas[scope]
	if schema == nil {
		return nil, fmt.Errorf("scope %q: no schema of that name", scope)
	}
	rep, err := f.keeper.Replica(ctx, scope)
	switch {
	case err != nil:
		return nil, err
	case rep.ID == b.Source:
		return nil, ErrSameReplica
	case !b.Full && !current(rep, b.Forgotten, b.Filter):
		return nil, ErrOutdated
	}
	if err := b.Check(); err != nil {
		return nil, err
	}
	if err := b.checkFilter(schema); err != nil {
		return nil, err
	}
	if err := b.MadeWith.CheckClaims(rep.ID, rep.Tick); err != nil {
		return nil, fmt.Errorf("what the source claims to know: %w", err)
	}
	if err := b.Forgotten.CheckClaims(rep.ID, rep.Tick); err != nil {
		return nil, fmt.Errorf("what the source claims to have forgotten: %w", err)
	}
	if opt.Preset == "" {
		opt.Preset = Newest
	}
	if opt.Now == nil {
		opt.Now = func() int64 { return time.Now().UnixMilli() }
	}
	leaving, err := f.leaving(ctx, scope, b)
	if err != nil {
		return nil, fmt.Errorf("looking for items that leave: %w", err)
	}
	if len(b.Changes)+len(leaving) == 0 && !b.Full && (b.Single || rep.Knowledge.Covers(b.teaches(rep.Knowledge).Project(b.Low, b.High))) {
		return &Outcome{}, nil // nothing to write: a session without news costs nothing
	}
	var out *Outcome
	err = f.keeper.Apply(ctx, scope, func(tx KeeperTx) error {
		out = &Outcome{}
		w := &watched{KeeperTx: tx}
		a := &applier{schema: schema, scope: scope, tx: w, batch: b, opt: opt, home: rep.ID, tick: rep.Tick, out: out, left: unlearned{}}
		var err error
		if a.before, err = tx.Knowledge(); err != nil {
			return err
		}
		for i := range b.Changes {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := a.change(b.Changes[i]); err != nil {
				return err
			}
		}
		if b.Full {
			if err := a.recover(); err != nil {
				return err
			}
			if err := a.lay(); err != nil {
				return err
			}
		}
		if err := a.leave(leaving); err != nil {
			return err
		}
		if opt.Preview {
			return errPreview
		}
		if err := a.learn(); err != nil {
			return err
		}
		if !w.wrote { // what is left open was so before
			return errNothing
		}
		return nil
	})
	if errors.Is(err, errPreview) || errors.Is(err, errNothing) {
		err = nil
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

var (
	errPreview = errors.New("a preview is rolled back")
	errNothing = errors.New("nothing was written")
)

// Check refuses a batch that isn't one: the sender is not to be trusted.
func (b *Batch) Check() error {
	last := b.Low
	for i := range b.Changes {
		m := b.Changes[i].Meta
		switch {
		case m == nil:
			return fmt.Errorf("batch: change %d has no metadata", i)
		case i > 0 && m.ID.Compare(last) <= 0, m.ID.Compare(b.Low) < 0, m.ID.Compare(b.High) > 0:
			return fmt.Errorf("batch: item %s is out of order or range", m.ID)
		}
		for _, v := range m.EachVersion {
			if v.IsPending() {
				return fmt.Errorf("batch: item %s has a version that was never minted", m.ID)
			}
		}
		last = m.ID
	}
	for i, g := range b.Outside {
		id := g.ID
		if i > 0 && id.Compare(b.Outside[i-1].ID) <= 0 || id.Compare(b.Low) < 0 || id.Compare(b.High) > 0 {
			return fmt.Errorf("batch: item %s outside the filter is out of order or range", id)
		}
		if _, sent := slices.BinarySearchFunc(b.Changes, id, func(c Change, id ItemID) int { return c.Meta.ID.Compare(id) }); sent {
			return fmt.Errorf("batch: item %s is sent and outside the filter", id)
		}
	}
	return nil
}

// checkFilter refuses a filter that this program can't evaluate, and items outside none.
func (b *Batch) checkFilter(schema Schema) error {
	if len(b.Outside) > 0 && len(b.Filter.Rules) == 0 {
		return errors.New("batch: items are outside a filter that has no rules")
	}
	if schema == nil {
		return nil // the scope is unknown, which is said elsewhere
	}
	return b.Filter.Check(schema)
}

// change takes one item in. Only what ends the session is returned.
func (a *applier) change(c Change) error {
	p := c.Meta
	if p.KnownTo(a.before) {
		a.out.Known++
		return nil
	}
	if err := p.CheckClaims(a.home, a.tick); err != nil {
		a.fail(c, err)
		return nil
	}
	h, err := a.tx.Meta(p.ID)
	if err != nil {
		return err
	}
	if older, err := a.older(p.ID); err != nil || older {
		a.left.item(p.ID)
		return err
	}
	if a.opt.StayDeleted && p.Live() && h != nil && h.Deleted && h.LifeVersion.Replica == a.home {
		a.left.item(p.ID)
		return nil
	}
	if p.Live() && c.Value == nil {
		a.fail(c, errors.New("the source sent no data"))
		return nil
	}
	local := &lazy{tx: a.tx, id: p.ID}
	d, err := a.decide(h, c, local)
	if err != nil {
		return a.refused(c, err)
	}
	if d == nil {
		return nil
	}
	for _, unit := range d.deferred {
		if unit == Life {
			a.left.item(p.ID)
		} else {
			a.left.unit(p.ID, unit)
		}
	}
	if a.opt.Preview {
		a.tell(d, nil)
		return nil
	}
	if err := a.write(d, c, local); err != nil {
		return a.refused(c, err)
	}
	return nil
}

// lazy reads an item's data once it is needed.
type lazy struct {
	tx    KeeperTx
	id    ItemID
	read  bool
	value *valuebag.Values
	err   error
}

func (l *lazy) get() (*valuebag.Values, error) {
	if !l.read {
		l.read = true
		l.value, l.err = l.tx.Value(l.id)
	}
	return l.value, l.err
}

// decide compares the item's metadata at both sides, with the rules of decider.
func (a *applier) decide(h *ItemMeta, c Change, local *lazy) (*decision, error) {
	d := &decider{
		schema: a.schema, preset: a.opt.Preset, home: a.home, store: a.before, phone: a.batch.MadeWith,
		state: func(ItemID) *PartialItem { return nil }, unseen: a.opt.Unseen, users: map[ReplicaID]bool{a.batch.Source: true},
	}
	open, err := a.tx.Open(a.batch.Source, c.Meta.ID)
	if err != nil {
		return nil, err
	}
	if len(open) > 0 {
		d.deferred = make(map[deferredKey]Conflict, len(open))
	}
	for _, o := range open {
		unit := o.Unit
		if unit == UnitDeleted || unit == UnitIdentity {
			unit = Life
		}
		d.deferred[deferredKey{o.Item, unit}] = o
	}
	if a.opt.Resolve != nil {
		d.resolve = func(r *decision, unit string) (ConflictAction, *valuebag.Values) {
			clash := Clash{Scope: a.scope, Item: r.id, Unit: unit, Source: c.Value, SourceMeta: r.hadPhone, LocalMeta: r.hadStore}
			if clash.Destination, err = local.get(); err != nil {
				return Defer, nil
			}
			if h, p := r.hadStore.Unit(unit), r.hadPhone.Unit(unit); h != nil && p != nil {
				clash.SourceEdited, clash.LocalEdited = p.Edited, h.Edited
			}
			return a.opt.Resolve(clash)
		}
	}
	r := d.item(h, c.Meta)
	if err != nil || r == nil {
		return nil, err
	}
	a.closeOpen(r, open)
	return r, nil
}

// closeOpen ends, with the decision, the open conflicts that it doesn't leave
// open.
func (a *applier) closeOpen(r *decision, open []Conflict) {
	for _, o := range open {
		still := false
		for _, u := range r.deferred {
			still = still || u == o.Unit || u == Life && (o.Unit == UnitDeleted || o.Unit == UnitIdentity)
		}
		if !still {
			r.over = append(r.over, o.Unit)
		}
	}
}

// write carries a decision out.
func (a *applier) write(d *decision, c Change, local *lazy) error {
	var before *valuebag.Values
	var err error
	if d.toStore == opUpdate || len(d.clashes) > 0 {
		if before, err = local.get(); err != nil {
			return err
		}
	}
	exclude(a.schema, a.opt.Preset, a.home, d, before, c.Value)
	value := c.Value
	switch d.toStore {
	case opUpdate:
		if value, err = a.merge(d, before, c.Value); err != nil {
			return &ItemError{Item: d.id, Reason: err}
		}
	case opCreate:
	default:
		value = nil
	}
	if d.copied { // first: without it the item is left as it was
		if err := a.second(d, c); err != nil {
			return err
		}
	}
	entries := make([]Conflict, len(d.clashes))
	for i, cl := range d.clashes {
		entries[i] = a.entry(d, cl, before, c.Value)
	}
	if d.toStore != opNone {
		what := Announcement{Settles: entries}
		if len(d.deferred) == 0 {
			what.Lesson = a.batch.Lesson(c.Meta)
		}
		a.announce(d.id, what)
		if err := a.put(d.store, value, d.toStore == opCreate && d.store == c.Meta); err != nil {
			return err
		}
	}
	if d.toStore == opDelete && len(d.clashes) > 0 && d.store.MergedInto != (ItemID{}) {
		if err := a.into(d.store.MergedInto, d.hadStore, before); err != nil {
			return err
		}
	}
	for _, unit := range d.over {
		if err := a.tx.Obsolete(d.id, unit); err != nil {
			return err
		}
	}
	if err := a.log(entries); err != nil {
		return err
	}
	a.tell(d, before)
	return nil
}

// put mints what is pending and saves; whole: the metadata describes the data
// already.
func (a *applier) put(m *ItemMeta, value *valuebag.Values, whole bool) error {
	mint := minter{tx: kept{a.tx}, home: a.home}
	m, err := mint.meta(m)
	if err != nil {
		return err
	}
	if value != nil && !whole {
		trueUp(m, Describe(a.schema, value))
	}
	return a.save(m, value)
}

// merge is the local data with the decision's edits.
func (a *applier) merge(d *decision, local, source *valuebag.Values) (*valuebag.Values, error) {
	if local == nil {
		return nil, ErrChanged
	}
	if len(d.merged) == 0 {
		return edit(a.schema, local, source, d.storeEdits)
	}
	var plain []unitEdit
	v := local
	var err error
	for _, e := range d.storeEdits {
		from := d.merged[e.unit]
		if from == nil {
			plain = append(plain, e)
			continue
		}
		if v, err = a.schema.Replace(v, from, []string{e.unit}); err != nil {
			return nil, err
		}
	}
	return edit(a.schema, v, source, plain)
}

// second makes the second item of preset Both.
func (a *applier) second(d *decision, c Change) error {
	content := contentOf(d.hadPhone.Units, false)
	uid := "cradle-" + content.String() + "-" + d.id.String()[:8]
	id := ItemIDFromUID(a.scope, uid, 1)
	if m, err := a.tx.Meta(id); err != nil || m != nil {
		return err
	}
	v, err := a.schema.Copy(c.Value, copySuffix, uid)
	if err != nil {
		return &ItemError{Item: id, Reason: err}
	}
	return a.put(relabel(d.hadPhone, id, a.home), v, false)
}

func (a *applier) announce(id ItemID, what Announcement) {
	if n, ok := a.tx.KeeperTx.(Announcer); ok {
		n.Announce(id, what)
	}
}

func (a *applier) log(entries []Conflict) error {
	for _, e := range entries {
		if err := a.tx.Log(0, e); err != nil {
			return err
		}
	}
	return nil
}

// entry is what the log says of a conflict.
func (a *applier) entry(d *decision, c clash, before, source *valuebag.Values) Conflict {
	entry := Conflict{
		Scope: a.scope, Peer: PeerID(a.batch.Source), Item: d.id, Unit: c.unit, State: c.state, KeptSide: c.kept,
		Store: c.store, Phone: c.phone, At: time.UnixMilli(a.opt.Now()),
	}
	kept, lost := before, source
	if c.kept == ToPhone {
		kept, lost = lost, kept
	}
	if kept != nil {
		entry.UID, entry.KeptText = a.schema.UID(kept), a.schema.UnitText(kept, c.unit)
	}
	if lost != nil {
		if entry.UID == "" {
			entry.UID = a.schema.UID(lost)
		}
		entry.Lost, entry.LostText = lost, a.schema.UnitText(lost, c.unit)
	}
	return entry
}

// tell counts what was done, or in a preview lists what would be.
func (a *applier) tell(d *decision, before *valuebag.Values) {
	switch d.toStore {
	case opCreate:
		a.out.Moves.Created++
	case opUpdate:
		a.out.Moves.Updated++
	case opDelete:
		a.out.Moves.Deleted++
	}
	a.out.Conflicts += len(d.clashes)
	if d.adopted() {
		a.out.Adopted++
	}
	if !a.opt.Preview {
		return
	}
	uid := ""
	if before != nil {
		uid = a.schema.UID(before)
	}
	for _, act := range d.actions(a.scope, uid, "") {
		if act.To == ToStore || act.Verb == VerbConflict {
			a.out.Actions = append(a.out.Actions, act)
		}
	}
}

// fail notes an item that is not taken in; it comes again.
func (a *applier) fail(c Change, err error) {
	a.left.item(c.Meta.ID)
	a.out.Failed = append(a.out.Failed, ItemError{Item: c.Meta.ID, Reason: err})
}

// refused sorts out why an item could not be saved: only what concerns more than
// the item is returned.
func (a *applier) refused(c Change, err error) error {
	var ie *ItemError
	var ce *ConstraintError
	switch {
	case errors.As(err, &ce) && ce.Reason == NoParent:
		a.left.item(c.Meta.ID)
		a.out.Retry = append(a.out.Retry, c)
	case errors.As(err, &ce):
		a.fail(c, ce)
	case errors.Is(err, ErrChanged):
		a.left.item(c.Meta.ID)
		a.out.Left++
	case errors.As(err, &ie):
		a.fail(c, ie.Reason)
	default:
		return err
	}
	return nil
}

// learn adds what the batch taught: all that its source knew of its range, or of
// its items alone, but for what was not taken in.
func (a *applier) learn() error {
	for _, r := range slices.SortedFunc(maps.Keys(a.batch.Marks), ReplicaID.Compare) {
		if r == a.home {
			continue
		}
		if err := a.tx.SetMark(r, a.batch.Marks[r]); err != nil {
			return err
		}
	}
	now, err := a.tx.Knowledge()
	if err != nil {
		return err
	}
	k, teaches := now, a.batch.teaches(now)
	if a.batch.Single {
		for _, c := range a.batch.Changes {
			k = k.Learn(teaches, c.Meta.ID, c.Meta.ID)
		}
	} else {
		k = k.Learn(teaches, a.batch.Low, a.batch.High)
	}
	// What was minted here meanwhile is known of every item.
	k = k.exceptAll(a.left, a.before.WithTick(Version{a.home, now.Tick(a.home)}))
	k = k.Lacking(a.ghosts)
	if !k.Equal(now) {
		if err := a.tx.SetKnowledge(k); err != nil {
			return err
		}
	}
	if !a.batch.Full || !a.batch.Last {
		return nil
	}
	f, err := a.tx.Forgotten()
	if err != nil || f.Covers(a.batch.Forgotten) {
		return err
	}
	return a.tx.SetForgotten(f.Union(a.batch.Forgotten))
}

// kept lets the minter use a keeper's transaction; there are no proxies in it.
type kept struct{ KeeperTx }

func (k kept) MintFor(ReplicaID) (Version, error) { return k.Mint() }
