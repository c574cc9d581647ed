package enginetest_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"cradle/engine"
	. "cradle/engine/enginetest"
	"cradle/valuebag"
)

var (
	dumpItem = flag.String("item", "", "show what becomes of the item whose ID begins so; with -seed")
	pcs      = 2
	startDay = int64(1_700_000_000_000)
)

// fate is what has to become of a value.
type fate int

const (
	keep fate = iota // it must be somewhere at the end
	over             // somebody who saw it replaced or deleted it: it must not decide anything any more
	free             // a device that was replaced took the value, or its deletion, with it
)

// world is two computers and up to two phones, and what their people did.
type world struct {
	t      *testing.T
	r      *rand.Rand
	tape   *tape  // what r draws
	failed string // what kind of failure
	trace  []string
	now    int64
	n      int
	clock  int64
	stores []*MemStore
	phones []*MemPhone
	backup map[string]any
	// held: what every value that somebody typed has come to.
	held map[string]fate
	// item: the first value of the item that a value was typed into.
	item map[string]string
	// unaware: restored stores that use ticks again that others know of, by computer,
	// until a phone tells them; the replica IDs that they have.
	unaware map[int]*engine.ReplicaID
	// unfinished: paths at a phone that computers wrote or took in sessions that ended
	// before the phone's state said so, until those computers' next whole ones.
	unfinished map[string]map[int]map[string]bool
	// ids: under which an item without a UID was held, by its first value.
	ids map[string]map[engine.ItemID]bool
	// deletions of an item, by its first value: what whose user saw then.
	deletions map[string]map[string]string
	// twins: items with values that two computers versioned apart.
	twins twins
	// sieves is set in histories with filters.
	sieves *sieves
	// withhold is set in histories in which some sessions write nothing to the phone.
	withhold *withhold
	// presets are the computers' own; nil: Newest.
	presets []engine.Preset
	// forgetful: computers forget deletions.
	forgetful bool
}

const scope = "toys"

type bag = valuebag.Values

func newWorld(t *testing.T, seed uint64) *world {
	tape := newTape(seed)
	w := &world{t: t, r: rand.New(tape), tape: tape, now: startDay, held: map[string]fate{}, item: map[string]string{}, backup: map[string]any{}, unaware: map[int]*engine.ReplicaID{}}
	for range pcs {
		w.stores = append(w.stores, NewMemStore(w.replicaID, Toy{scope}))
	}
	w.phones = []*MemPhone{NewMemPhone("P1", Toy{scope}, &w.clock)}
	return w
}

func (w *world) replicaID() (id engine.ReplicaID) {
	for i := range id {
		id[i] = byte(w.r.UintN(256))
	}
	return id
}

func (w *world) logf(format string, args ...any) {
	w.trace = append(w.trace, fmt.Sprintf(format, args...))
}

func (w *world) tick() int64 { w.now += 10_000; return w.now }

func (w *world) text(prefix string) string {
	w.n++
	return fmt.Sprintf("%s%d", prefix, w.n)
}

// values lists what an item holds, each value once in all histories.
func values(v *valuebag.Values) []string {
	var out []string
	for _, k := range []valuebag.PropertyKey{KeyName, KeyNote} {
		if s := Str(v, k); s != "" {
			out = append(out, strings.ReplaceAll(s, " (phone)", ""))
		}
	}
	return append(out, Tags(v)...)
}

// typed notes what a person did who saw before and left after.
func (w *world) typed(before, after *valuebag.Values) {
	var b, a []string
	if before != nil {
		b = values(before)
	}
	if after != nil {
		a = values(after)
	}
	for _, v := range b {
		if !slices.Contains(a, v) {
			w.held[v] = over
		}
	}
	for _, v := range a {
		if !slices.Contains(b, v) {
			uid := Str(after, KeyUID)
			w.item[v] = w.item[append(b, "")[0]]
			if len(b) == 0 { // nobody deleted that
				w.item[v], uid = a[0], ""
			}
			w.held[v] = w.sieves.fate(v, uid, w.item[v])
		}
	}
}

// edit changes an item as a person might; nil deletes it. Every edit types
// something new, so that an edit that met a deletion can be told from an item
// that came back.
func (w *world) edit(v *valuebag.Values) *valuebag.Values {
	switch w.r.IntN(8) {
	case 0:
		return nil
	case 1, 2:
		return With(v, KeyName, w.text("name"))
	case 3:
		return With(v, KeyNote, w.text("note"))
	case 4:
		return With(With(v, KeyNote, ""), KeyName, w.text("name"))
	case 5, 6:
		return WithTags(v, append(slices.Clone(Tags(v)), w.text("tag"))...)
	default:
		t := Tags(v)
		if len(t) == 0 {
			return WithTags(v, w.text("tag"))
		}
		return With(WithTags(v, slices.Delete(slices.Clone(t), 0, 1)...), KeyName, w.text("name"))
	}
}

func (w *world) create() *valuebag.Values {
	uid := w.text("uid")
	if w.r.IntN(5) == 0 {
		uid = ""
	}
	return Item(uid, w.text("name"), "", w.text("tag"))
}

func (w *world) stepStore(i int) {
	s := w.stores[i]
	live := s.Live(scope)
	ids := slices.SortedFunc(maps.Keys(live), engine.ItemID.Compare)
	if len(ids) == 0 || w.r.IntN(4) == 0 {
		v := w.create()
		id := engine.ItemIDFromContent(scope, engine.Digest(Toy{}.ContentDigest(v)), 1)
		if uid := Str(v, KeyUID); uid != "" {
			id = engine.ItemIDFromUID(scope, uid, 1)
		}
		w.logf("PC%d creates %v", i+1, values(v))
		w.sieves.typing(true)
		w.typed(nil, v)
		w.sieves.typing(false)
		s.Edit(scope, id, v, w.tick())
		return
	}
	id := ids[w.r.IntN(len(ids))]
	v := w.edit(live[id])
	w.logf("PC%d edits %s: %v -> %v", i+1, id.String()[:4], values(live[id]), show(v))
	w.sieves.typing(true)
	w.typed(live[id], v)
	w.sieves.typing(false)
	w.deleted(fmt.Sprint("PC", i+1), live[id], v)
	w.hidden(live[id], v)
	w.deletedTwin(i, id, live[id], v)
	for _, p := range w.phones {
		if v == nil && !p.Facts().HasState { // a first sync never deletes
			for _, x := range values(live[id]) {
				w.held[x] = free
			}
		}
	}
	s.Edit(scope, id, v, w.tick())
}

func show(v *valuebag.Values) any {
	if v == nil {
		return "deleted"
	}
	return values(v)
}

func (w *world) stepPhone(j int) {
	p := w.phones[j]
	obj := p.Objects()
	paths := slices.Sorted(maps.Keys(obj))
	if len(paths) == 0 || w.r.IntN(4) == 0 {
		v := w.create()
		path := "personal/" + Str(v, KeyUID)
		if Str(v, KeyUID) == "" {
			path = "personal/" + w.text("anon")
		}
		w.logf("phone %s creates %v", p.Serial, values(v))
		w.typed(nil, v)
		p.Edit(path, v, w.tick())
		return
	}
	path := paths[w.r.IntN(len(paths))]
	v := w.edit(obj[path])
	w.logf("phone %s edits %s: %v -> %v", p.Serial, path, values(obj[path]), show(v))
	w.typed(obj[path], v)
	w.deleted(p.Serial, obj[path], v)
	w.dropped(obj[path], v)
	if v == nil && (!p.Listed(path) || w.isUnfinished(p, path)) {
		// A session wrote it, and ended before the phone's state said so. Nobody can tell
		// its deletion from that of the object as it was before, which an edit beats, nor
		// from an object that never came to be.
		for _, x := range values(obj[path]) {
			w.held[x] = free
		}
	}
	p.Edit(path, v, w.tick())
}

// sync runs one session; cutAt pulls the cable (or kills the program) before the
// nth step, negative: never.
func (w *world) sync(i, j, cutAt int, kill bool) error {
	s, p := w.stores[i], w.phones[j]
	if w.unaware[i] != nil && !canTell(s, p) {
		w.logf("PC%d and %s don't meet: the other phone has to tell it first that it was restored", i+1, p.Serial)
		return nil
	}
	preset := engine.Newest
	if w.presets != nil {
		preset = w.presets[i]
	}
	fromPhone, toPhone := w.withholding()
	n := 0
	trip := func() bool { n++; return n == cutAt }
	p.Cut, s.Crash = nil, nil
	if kill {
		s.Crash = trip
	} else {
		p.Cut = trip
	}
	sess := engine.NewSession(s, p, []engine.Schema{Toy{scope}}, engine.Options{
		Preset: preset, Pair: func(engine.Meet) bool { return true }, Exempt: true,
		Now: func() time.Time { return time.UnixMilli(w.now) }, Rand: zero{w},
		Filters: w.sieves.choose(w), Withhold: fromPhone, WithholdStore: toPhone,
	})
	had, kept := p.Objects(), s.Live(scope)
	res, err := sess.Run(context.Background())
	p.Cut, s.Crash = nil, nil
	w.untouched(p, had, res)
	w.storeUntouched(kept, s, res)
	w.aware(i)
	w.leaves(i, p, err)
	w.leftWithFilter(p.State(scope).Ghosts)
	w.named()
	w.logf("PC%d <-> %s: %s", i+1, p.Serial, moves(res.Stats[scope], err))
	if err != nil && !errors.Is(err, engine.ErrGone) && !errors.Is(err, ErrCrash) {
		w.fail("session: %v", err)
	}
	w.dump(*dumpItem)
	if len(res.Failed) > 0 {
		w.fail("failed items: %+v", res.Failed)
	}
	w.moved(res)
	return err
}

// moves is a session in a line: how many items it created, changed, deleted and took
// off at each side.
func moves(s *engine.Stats, err error) string {
	line := "-"
	for _, m := range []struct {
		to string
		engine.Moves
	}{{"store", s.ToStore}, {"phone", s.ToPhone}} {
		if m.Moves != (engine.Moves{}) {
			line += fmt.Sprintf(", %s +%d ~%d -%d", m.to, m.Created, m.Updated, m.Deleted)
			if m.Left > 0 {
				line += fmt.Sprintf(" off %d", m.Left)
			}
		}
	}
	if s.Conflicts > 0 {
		line += fmt.Sprintf(", %d conflicts", s.Conflicts)
	}
	if err != nil {
		line += ", " + err.Error()
	}
	return strings.TrimPrefix(line, "-, ")
}

type zero struct{ w *world }

func (z zero) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(z.w.r.UintN(256))
	}
	return len(b), nil
}

func (w *world) moved(*engine.Result) {}

func (w *world) fail(format string, args ...any) {
	w.failed = format
	if w.t == nil { // of a history or a simulation
		panic(simFailure{fmt.Sprintf(format, args...)})
	}
	w.t.Helper()
	w.t.Fatalf("%s\n%s", fmt.Sprintf(format, args...), strings.Join(w.trace, "\n"))
}

// everywhere lists every value that any store, log or phone holds.
func (w *world) everywhere() map[string]bool {
	all := map[string]bool{}
	for _, s := range w.stores {
		for _, v := range s.Live(scope) {
			for _, x := range values(v) {
				all[x] = true
			}
		}
		for _, c := range s.Conflicts() {
			if c.Lost != nil {
				for _, x := range values(c.Lost) {
					all[x] = true
				}
			}
		}
	}
	for _, p := range w.phones {
		for _, v := range p.Objects() {
			for _, x := range values(v) {
				all[x] = true
			}
		}
	}
	return all
}

// forget is run before a store is replaced: its conflict log goes with it.
func (w *world) forget(s *MemStore) {
	for _, c := range s.Conflicts() {
		if c.Lost != nil {
			for _, x := range values(c.Lost) {
				w.held[x] = free
			}
		}
	}
}

// replaced is run after a device was replaced by an older image: what only it
// held is gone with it, and so may be what only it had deleted.
func (w *world) replaced() {
	all := w.everywhere()
	for v, f := range w.held {
		if f == keep && !all[v] || f == over && all[v] {
			w.held[v] = free
		}
	}
}

func (w *world) step(faults bool) {
	if w.sieves != nil && w.r.IntN(4) == 0 {
		w.stepSieve()
		return
	}
	if w.forgetful && w.r.IntN(6) == 0 {
		w.stepForget()
		return
	}
	i, j := w.r.IntN(len(w.stores)), w.r.IntN(len(w.phones))
	switch x := w.r.IntN(20); {
	case x < 5:
		w.stepStore(i)
	case x < 10:
		w.stepPhone(j)
	case x < 15 || !faults:
		w.sync(i, j, -1, false)
	case x < 17:
		w.sync(i, j, 1+w.r.IntN(12), w.r.IntN(2) == 0)
	default:
		w.disaster(i, j)
	}
}

func (w *world) disaster(i, j int) {
	if w.phones[j].Unsynced() {
		// A copy of what nobody has versioned is the same edit made twice: nothing
		// can tell a deletion of the one from an edit that the other's deletion met.
		return
	}
	switch w.r.IntN(6) {
	case 0:
		if len(w.unaware) > 0 { // nobody could tell the store any more that it was restored
			return
		}
		if len(w.phones) > 1 || w.phones[j].Nameless() {
			// A computer that meets a wiped phone for the first time can't tell what
			// was deleted elsewhere from what was made there: a first sync never
			// deletes. With one phone every computer has a view of it. An object without
			// a UID gets another ID then from a computer that never saw it.
			return
		}
		w.logf("state of %s wiped", w.phones[j].Serial)
		w.phones[j].Wipe()
		// A store restored in place finds that out from the mark on a phone; one
		// that meets a wiped phone first can't.
		clear(w.backup)
		w.replaced()
	case 1:
		w.logf("backup of %s", w.phones[j].Serial)
		w.backup[w.phones[j].Serial] = w.phones[j].Copy(w.phones[j].Serial)
	case 2:
		if b, ok := w.backup[w.phones[j].Serial].(*MemPhone); ok && len(w.unaware) == 0 {
			w.logf("%s restored", w.phones[j].Serial)
			w.phones[j] = b.Copy(b.Serial)
			w.replaced()
		}
	case 3:
		if len(w.phones) == 1 && !w.phones[0].Unsynced() {
			w.logf("P1 cloned to P2")
			w.phones = append(w.phones, w.phones[0].Copy("P2"))
			if w.sieves != nil {
				w.sieves.clones = true
			}
		}
	case 4:
		key := fmt.Sprint("PC", i)
		if b, ok := w.backup[key].(*MemStore); ok {
			if !w.restorable(i, b) {
				return
			}
			w.logf("PC%d restored", i+1)
			w.forget(w.stores[i])
			w.stores[i] = b.Copy()
			w.replaced()
		} else {
			w.logf("backup of PC%d", i+1)
			w.backup[key] = w.stores[i].Copy()
		}
	case 5:
		w.logf("PC%d's store wiped", i+1)
		w.forget(w.stores[i])
		w.stores[i] = NewMemStore(w.replicaID, Toy{scope})
		delete(w.backup, fmt.Sprint("PC", i))
		delete(w.unaware, i)
		w.replaced()
	}
}

// settle syncs everybody with everybody until nothing moves.
func (w *world) settle() {
	const rounds = 8
	for round := range rounds {
		quiet := true
		for i := range w.stores {
			for j := range w.phones {
				before := w.stores[i].Commits
				if err := w.sync(i, j, -1, false); err != nil {
					w.fail("sync of PC%d and phone %d: %v", i+1, j+1, err)
				}
				quiet = quiet && w.stores[i].Commits == before
			}
		}
		if quiet {
			return
		}
		if round == rounds-1 {
			w.fail("never quiet")
		}
	}
}
