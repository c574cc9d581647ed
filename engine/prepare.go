package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"cradle/valuebag"
)

// scopeWork is one scope of a session: what both sides hold and what becomes of
// it.
type scopeWork struct {
	schema    Schema
	proxy     ReplicaID
	store     Replica // as of the plan
	state     *PartialState
	survey    *Survey
	storeLive int

	objects map[ItemID]*Surveyed // by the ID they have in this session
	now     map[ItemID]*ItemMeta // phone items whose metadata isn't as in the state
	metas   map[ItemID]*ItemMeta // the store's items that may matter
	skip    map[ItemID]bool      // not to be touched or learned

	withheld map[ItemID]bool    // not to be written to the phone
	apart    map[ItemID]bool    // of the phone, not to come to the store: neither side learns of them
	copies   map[ItemID]*copyOf // preset Both: second items
	torn     map[ItemID]string  // items whose object was written only in part, with its path
	renames  map[ItemID]ItemID  // the store's item ID → the ID it gets
	merges   map[ItemID]ItemID  // the same, where the store holds the other already
	gone     map[ItemID]bool    // items of the phone that the store deleted under another ID

	decisions []*decision // in item order
	quiet     []*decision // that only leave deferred what was deferred before
	actions   []Action
	pairs     int
	why       map[ItemID]string // why an object was taken for a store's item: Pair.Reason
	pairList  []Pair
	backs     map[ItemID]*PutBack // what an undo wants the phone to have again
	foreign   []ItemID            // items of the state with versions of other computers
	deferred  []Conflict          // that neither side had learned before
	sieve     sieve
	behind    bool            // the store forgot deletions that the phone may not know of
	ahead     bool            // the phone did
	forgotten map[ItemID]bool // tombstones of the phone that the store has forgotten

	ex   execution
	left int // items that changed under way
}

// copyOf is the second item that preset Both makes.
type copyOf struct {
	of  ItemID
	uid string
}

// viewsOf lets a survey ask the store.
type viewsOf struct {
	store Store
	peer  PeerID
}

func (v viewsOf) ByPath(ctx context.Context, paths []string) (map[string][]ViewRow, error) {
	return v.store.ViewPaths(ctx, v.peer, paths)
}

// Items gives the store's own items: a participant that stores items only in part may
// ask what it has part of.
func (v viewsOf) Items(ctx context.Context, scope string, ids []ItemID) (map[ItemID]*valuebag.Values, error) {
	return v.store.Load(ctx, scope, ids)
}

// prepare surveys the phone and decides every item of every scope. It writes
// nothing.
func (s *Session) prepare(ctx context.Context) ([]*scopeWork, error) {
	s.opt.Progress(Progress{Stage: "detect"})
	if err := s.store.Settle(ctx); err != nil {
		return nil, fmt.Errorf("taking in edits of the store: %w", err)
	}
	var scopes []string
	for _, sc := range s.schemas {
		scopes = append(scopes, sc.Name())
	}
	surveys, err := s.phone.Survey(ctx, scopes, viewsOf{s.store, s.peer.ID})
	if err != nil {
		return nil, fmt.Errorf("looking through the phone: %w", err)
	}
	s.opt.Progress(Progress{Stage: "plan"})
	var all []*scopeWork
	s.result.Withheld, s.result.WithheldStore = 0, 0
	for _, sc := range s.schemas {
		w := &scopeWork{
			schema: sc, survey: surveys[sc.Name()],
			objects: map[ItemID]*Surveyed{}, now: map[ItemID]*ItemMeta{}, skip: map[ItemID]bool{}, withheld: map[ItemID]bool{}, apart: map[ItemID]bool{},
			copies: map[ItemID]*copyOf{}, renames: map[ItemID]ItemID{}, merges: map[ItemID]ItemID{}, gone: map[ItemID]bool{}, torn: map[ItemID]string{},
		}
		if w.survey == nil {
			w.survey = &Survey{}
		}
		w.enter(s.phone.State(sc.Name()), w.survey.Absent)
		if err := s.prepareScope(ctx, w); err != nil {
			return nil, fmt.Errorf("%s: %w", sc.Name(), err)
		}
		all = append(all, w)
	}
	return all, nil
}

func (s *Session) prepareScope(ctx context.Context, w *scopeWork) error {
	scope := w.schema.Name()
	var err error
	if w.store, err = s.store.Replica(ctx, scope); err != nil {
		return err
	}
	w.proxy = ProxyID(w.store.ID, s.peer.ID)
	if w.storeLive, err = s.store.Count(ctx, scope); err != nil {
		return err
	}
	for _, id := range w.survey.Untouched {
		w.skip[id] = true
	}
	for _, f := range w.survey.Failed {
		switch {
		case f.Item.IsZero():
		case errors.Is(f.Reason, ErrTorn) && w.stateMeta(f.Item) != nil:
			w.torn[f.Item] = f.Path
			delete(w.skip, f.Item)
		default:
			w.skip[f.Item] = true
		}
		s.fail(Failure{Scope: scope, Item: f.Item, Path: f.Path, Side: ToPhone, Err: f.Reason})
	}
	changed, err := s.store.Changes(ctx, scope, w.state.Knowledge)
	if err != nil {
		return err
	}
	w.metas = make(map[ItemID]*ItemMeta, len(changed))
	for _, m := range changed {
		w.metas[m.ID] = m
	}
	for i := range w.survey.Objects {
		o := &w.survey.Objects[i]
		if o.Value != nil {
			o.units = Describe(w.schema, o.Value)
		}
	}
	if err := s.pair(ctx, w); err != nil {
		return err
	}
	for i := range w.survey.Objects {
		w.objects[w.survey.Objects[i].ID] = &w.survey.Objects[i]
	}
	if err := s.sift(ctx, w); err != nil {
		return err
	}
	if err := s.lookUp(ctx, w); err != nil {
		return err
	}
	if err := s.outOfDate(ctx, w); err != nil {
		return err
	}
	ids := make([]ItemID, 0, len(w.objects)+len(w.survey.Absent))
	for i := range w.survey.Objects {
		ids = append(ids, w.survey.Objects[i].ID)
	}
	ids = append(ids, w.survey.Absent...)
	ids = append(ids, w.foreign...)
	for from := range w.renames {
		ids = append(ids, from)
	}
	if err := s.putBacks(ctx, w); err != nil {
		return err
	}
	for id := range w.backs {
		ids = append(ids, id)
	}
	views, err := s.store.ViewItems(ctx, scope, s.peer.ID, ids)
	if err != nil {
		return err
	}
	w.version(views)
	deferred, err := s.store.Deferred(ctx, scope, s.peer.ID)
	if err != nil {
		return err
	}
	w.deferred = deferred
	s.decide(w, views)
	if err := s.leave(ctx, w); err != nil {
		return err
	}
	s.tellFilter(w)
	s.withholdStore(w)
	s.withhold(w)
	return s.describe(ctx, w)
}

// lookUp fetches the store's metadata of every item that the phone brings up
// and that isn't known to have changed in the store.
func (s *Session) lookUp(ctx context.Context, w *scopeWork) error {
	var missing []ItemID
	want := func(id ItemID) {
		if _, ok := w.metas[id]; !ok {
			missing = append(missing, id)
		}
	}
	for i := range w.survey.Objects {
		want(w.survey.Objects[i].ID)
	}
	for _, id := range w.survey.Absent {
		want(id)
	}
	for id := range w.torn {
		want(id)
	}
	if !w.store.Knowledge.Covers(w.state.Knowledge) {
		for i := range w.state.Items {
			m := &w.state.Items[i].Meta
			if !m.KnownTo(w.store.Knowledge) {
				want(m.ID)
				w.foreign = append(w.foreign, m.ID)
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	found, err := s.store.Metas(ctx, w.schema.Name(), missing)
	if err != nil {
		return err
	}
	for id, m := range found {
		w.metas[id] = m
	}
	return nil
}

// stateOf finds an item's line in the state; nil when it has none.
func (w *scopeWork) stateOf(id ItemID) *PartialItem {
	i, ok := slices.BinarySearchFunc(w.state.Items, id, func(it PartialItem, id ItemID) int { return it.Meta.ID.Compare(id) })
	if !ok {
		return nil
	}
	return &w.state.Items[i]
}

func (w *scopeWork) stateMeta(id ItemID) *ItemMeta {
	if it := w.stateOf(id); it != nil {
		return &it.Meta
	}
	return nil
}

// version gives what the survey found its versions.
func (w *scopeWork) version(views map[ItemID][]ViewRow) {
	st := standing{schema: w.schema, proxy: w.proxy, phone: w.state.Knowledge, store: w.store.Knowledge}
	for id, o := range w.objects {
		if o.Value == nil || w.skip[id] {
			continue
		}
		state := w.stateMeta(id)
		m := st.present(id, o.units, o.Edited, state, candidates(views[id], w.metas[id]))
		w.sieve.touched[id] = hasPending(m)
		if !m.Equal(state) {
			w.now[id] = m
		}
	}
	for _, id := range w.survey.Absent {
		if state := w.stateMeta(id); state.Live() && !w.skip[id] && w.objects[id] == nil {
			w.now[id] = st.absent(state, candidates(views[id], w.metas[id]))
		}
	}
}

// phoneMeta is an item's metadata at the phone as of now.
func (w *scopeWork) phoneMeta(id ItemID) *ItemMeta {
	if m, ok := w.now[id]; ok {
		return m
	}
	return w.stateMeta(id)
}

// decide runs over every item that either side brings up, in item order.
func (s *Session) decide(w *scopeWork, views map[ItemID][]ViewRow) {
	d := &decider{
		schema: w.schema, preset: s.opt.Preset, home: w.store.ID, proxy: w.proxy,
		store: w.store.Knowledge, phone: w.state.Knowledge,
		deferred: map[deferredKey]Conflict{}, views: views, state: w.stateOf, renamed: map[ItemID]*ItemMeta{},
	}
	d.older, d.unmarked, d.fresh = s.meeting.Older, s.meeting.Unmarked, s.first.noState || s.meeting.Forgot
	d.storeForgot, d.phoneForgot = w.store.Forgotten, w.state.Forgotten
	d.without = w.sieve.filter.Without
	d.onPhone, d.users = true, map[ReplicaID]bool{w.proxy: true}
	for _, r := range w.state.Knowledge.Replicas() {
		d.users[ProxyID(r, s.peer.ID)] = true
	}
	d.unseen = sortedNames(append(slices.Clone(d.without), w.sieve.was.Without...))
	for _, c := range w.deferred {
		unit := c.Unit
		if unit == UnitDeleted {
			unit = Life
		}
		d.deferred[deferredKey{c.Item, unit}] = c
	}
	ids := make([]ItemID, 0, len(w.metas)+len(w.now))
	for id := range w.metas {
		ids = append(ids, id)
	}
	for id := range w.now {
		if _, ok := w.metas[id]; !ok {
			ids = append(ids, id)
		}
	}
	for _, id := range w.foreign {
		if _, ok := w.metas[id]; !ok && w.now[id] == nil {
			ids = append(ids, id)
		}
	}
	for id := range w.backs {
		if _, ok := w.metas[id]; !ok && w.now[id] == nil && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for id := range w.torn {
		if w.metas[id] != nil && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
		if w.metas[id] == nil {
			w.skip[id] = true
		}
	}
	slices.SortFunc(ids, ItemID.Compare)
	renamedFrom := map[ItemID]ItemID{}
	for from, to := range w.renames {
		renamedFrom[to] = from
		d.renamed[to] = w.metas[from]
	}
	for _, id := range ids {
		if w.skip[id] {
			continue
		}
		h := w.metas[id]
		if path, ok := w.torn[id]; ok {
			if r := s.mend(w, d, id, path); r != nil {
				w.decisions = append(w.decisions, r)
			} else {
				w.skip[id] = true
			}
			continue
		}
		if b := w.backs[id]; b != nil {
			if r := s.putBack(w, d, b, h, w.phoneMeta(id)); r != nil {
				w.decisions = append(w.decisions, r)
			}
			continue
		}
		if s.opt.PutBackOnly {
			continue
		}
		if _, ok := w.renames[id]; ok { // goes with the item that it becomes
			continue
		}
		if to, ok := w.merges[id]; ok {
			w.decisions = append(w.decisions, w.merge(h, to))
			continue
		}
		if w.sieve.blocks(h, w.phoneMeta(id), w.store.Knowledge) && !w.mayBeForgotten(h) {
			w.sieve.blocked[id] = true
			continue
		}
		r := d.item(h, w.phoneMeta(id))
		if r == nil {
			continue
		}
		if r.isQuiet() && w.now[id] == nil {
			w.quiet = append(w.quiet, r)
			continue
		}
		if from, ok := renamedFrom[id]; ok {
			r.old = w.renamed(w.metas[from], id, w.store.ID)
			r.hadStore = nil
			w.decisions = append(w.decisions, r.old)
		}
		if w.gone[id] {
			r.hadStore = nil
		}
		w.decisions = append(w.decisions, r)
		if r.copied {
			s.copyItem(w, r)
		}
	}
	slices.SortStableFunc(w.decisions, func(a, b *decision) int { return a.id.Compare(b.id) })
}

// copySuffix is behind the name of the second item of preset Both.
const copySuffix = " (phone)"

// copyItem plans the second item of preset Both.
func (s *Session) copyItem(w *scopeWork, r *decision) {
	content := contentOf(r.hadPhone.Units, false)
	uid := "cradle-" + Digest(content).String() + "-" + r.id.String()[:8]
	id := ItemIDFromUID(w.schema.Name(), uid, 1)
	if w.phoneMeta(id) != nil || w.metas[id] != nil || w.copies[id] != nil {
		return
	}
	m := relabel(r.hadPhone, id, w.store.ID)
	w.copies[id] = &copyOf{of: r.id, uid: uid}
	// As any new item it goes to the phone without what isn't sent there.
	w.decisions = append(w.decisions, &decision{id: id, store: m, phone: m.without(w.sieve.filter.Without), toStore: opCreate, toPhone: opCreate})
}

// describe turns the decisions into the plan's actions.
func (s *Session) describe(ctx context.Context, w *scopeWork) error {
	var ids []ItemID
	for _, d := range w.decisions {
		if d.hadStore != nil {
			ids = append(ids, d.id)
		}
	}
	heads, err := s.store.Heads(ctx, w.schema.Name(), ids)
	if err != nil {
		return err
	}
	for _, d := range w.decisions {
		uid := heads[d.id].UID
		var path string
		if it := w.stateOf(d.id); it != nil {
			path = it.Place.Path
		}
		if o := w.objects[d.id]; o != nil {
			path = o.Place.Path
			if uid == "" && o.Value != nil {
				uid = w.schema.UID(o.Value)
			}
		}
		if c := w.copies[d.id]; c != nil {
			uid = c.uid
		}
		if d.hadStore.Live() && d.hadPhone.Live() && (d.hadStore.LifeVersion != d.hadPhone.LifeVersion || s.first.noState) {
			w.pairs++
		}
		from := len(w.actions)
		w.actions = append(w.actions, d.actions(w.schema.Name(), uid, path)...)
		for i := from; i < len(w.actions); i++ {
			w.actions[i].schema, w.actions[i].object = w.schema, w.objects[d.id]
			if c := w.copies[d.id]; c != nil {
				if o := w.objects[c.of]; o != nil && o.Value != nil {
					w.actions[i].name = w.schema.Summary(o.Value) + copySuffix
				}
			}
		}
	}
	if s.first.noState || s.first.meeting {
		if err := s.listPairs(ctx, w); err != nil {
			return err
		}
		w.pairs = len(w.pairList)
		agreed, err := s.countAgreed(ctx, w)
		if err != nil {
			return err
		}
		w.pairs += agreed
	}
	return nil
}

// countAgreed counts the items of the phone's state that nobody brought up and
// that the store holds: at a first meeting with a state (a cloned phone, one that
// was forgotten here) they pair without any decision.
func (s *Session) countAgreed(ctx context.Context, w *scopeWork) (int, error) {
	seen := map[ItemID]bool{}
	for _, d := range w.decisions {
		seen[d.id] = true
	}
	var ids []ItemID
	for i := range w.state.Items {
		m := &w.state.Items[i].Meta
		if o := w.objects[m.ID]; m.Live() && !seen[m.ID] && w.phoneMeta(m.ID).Live() && (o == nil || o.Value == nil) {
			ids = append(ids, m.ID)
		}
	}
	metas, err := s.store.Metas(ctx, w.schema.Name(), ids)
	n := 0
	for _, m := range metas {
		if m.Live() {
			n++
		}
	}
	return n, err
}

// listPairs lists the items that are live on both sides, with what made them one.
func (s *Session) listPairs(ctx context.Context, w *scopeWork) error {
	var ids []ItemID
	seen := map[ItemID]bool{}
	for _, d := range w.decisions {
		seen[d.id] = true
		if d.hadStore.Live() && d.hadPhone.Live() || d.old != nil && d.hadPhone.Live() {
			ids = append(ids, d.id)
		}
	}
	for id, o := range w.objects {
		if !seen[id] && o.Value != nil && w.metas[id].Live() {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, ItemID.Compare)
	heads, err := s.store.Heads(ctx, w.schema.Name(), ids)
	if err != nil {
		return err
	}
	w.pairList = make([]Pair, len(ids))
	for i, id := range ids {
		p := Pair{Scope: w.schema.Name(), Item: id.String(), UID: heads[id].UID}
		if o := w.objects[id]; o != nil {
			p.Path = o.Place.Path
			if p.UID == "" && o.Value != nil {
				p.UID = w.schema.UID(o.Value)
			}
		} else if it := w.stateOf(id); it != nil {
			p.Path = it.Place.Path
		}
		p.Reason = w.whyPaired(id, p.UID)
		w.pairList[i] = p
	}
	return nil
}

func (w *scopeWork) paired() int { return w.pairs }

// countState counts the live items that the phone's own state says it had.
func (w *scopeWork) countState() int {
	n := 0
	for i := range w.state.Items {
		if it := &w.state.Items[i]; !it.Meta.Deleted && !it.Leaving {
			n++
		}
	}
	return n
}

// renamed takes the old ID of a merged item out of the store.
func (w *scopeWork) renamed(h *ItemMeta, to ItemID, home ReplicaID) *decision {
	t := h.Tombstone(Pending(home), 0)
	t.LifeResolved, t.MergedInto = true, to
	return &decision{id: h.ID, hadStore: h, hadPhone: w.phoneMeta(h.ID), store: t, phone: t, toPhone: opMeta, joins: to}
}
