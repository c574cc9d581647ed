package hostprovider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"cradle/engine"
	"cradle/pim"
	"cradle/valuebag"
)

func bag(t testing.TB, text string) *valuebag.Values {
	t.Helper()
	v, err := pim.Contacts.New([]byte(text), "personal")
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// fromPhone saves values in a run, as a session does with what the phone's user
// made; nil deletes.
func fromPhone(t testing.TB, s *Store, uids map[string]*valuebag.Values) int64 {
	t.Helper()
	ctx := context.Background()
	var run int64
	proxy := engine.ProxyID(replica(t, s, "contacts").ID, phone1.ID)
	err := s.Update(ctx, "contacts", func(tx engine.Tx) (err error) {
		if run, err = tx.StartRun(engine.RunInfo{Peer: phone1.ID, Phone: "Phone"}); err != nil {
			return err
		}
		for _, uid := range sortedKeys(uids) {
			id := engine.ItemIDFromUID("contacts", uid, 1)
			old, err := tx.Meta(id)
			if err != nil {
				return err
			}
			it, err := tx.(*scopeTx).item(id.String())
			if err != nil {
				return err
			}
			before, err := tx.(*scopeTx).value(it)
			if err != nil {
				return err
			}
			v, err := tx.MintFor(proxy)
			if err != nil {
				return err
			}
			rev := revision{kind: pim.Contacts, life: stamp{v, 5}}
			var m *engine.ItemMeta
			if uids[uid] == nil {
				m = rev.dead(old)
			} else {
				m, _ = rev.live(id, old, uids[uid])
			}
			if err := tx.Put(m, uids[uid]); err != nil {
				return err
			}
			if err := tx.Before(run, engine.PreImage{Side: engine.ToStore, Item: id, Value: before}); err != nil {
				return err
			}
		}
		return tx.CountRun(run, "contacts", engine.Stats{ToStore: engine.Moves{Created: len(uids)}})
	})
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func sortedKeys[V any](m map[string]V) []string {
	var ks []string
	for k := range m {
		ks = append(ks, k)
	}
	slices.Sort(ks)
	return ks
}

func summaries(t testing.TB, s *Store) string {
	t.Helper()
	its, err := s.List(context.Background(), Query{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, it := range its {
		names = append(names, it.Summary)
	}
	return strings.Join(names, " ")
}

func deferred(t testing.TB, s *Store) []engine.Conflict {
	t.Helper()
	d, err := s.Deferred(context.Background(), "contacts", phone1.ID)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestUndoStoreSide(t *testing.T) {
	ctx := context.Background()
	s := newTestStore(t)
	fromPhone(t, s, map[string]*valuebag.Values{"a": bag(t, card("a", "A", "NOTE:one")), "b": bag(t, card("b", "B")), "c": bag(t, card("c", "C"))})
	run := fromPhone(t, s, map[string]*valuebag.Values{"a": bag(t, card("a", "A", "NOTE:two")), "b": nil, "d": bag(t, card("d", "D")), "c": bag(t, card("c", "C2"))})
	if got := summaries(t, s); got != "A C2 D" {
		t.Fatalf("before the undo: %s", got)
	}
	phoneHad := metaOf(t, s, "contacts", engine.ItemIDFromUID("contacts", "a", 1)).Unit("note").Version
	if _, _, err := s.Edit(ctx, "c", []byte(card("c", "C3"))); err != nil {
		t.Fatal(err)
	}
	k := replica(t, s, "contacts").Knowledge
	u, err := s.Undo(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := summaries(t, s); got != "A B C3" {
		t.Errorf("after the undo: %s, want A B C3", got)
	}
	if !strings.Contains(string(mustShow(t, s, "a").Text), "NOTE:one") {
		t.Errorf("a: %s", mustShow(t, s, "a").Text)
	}
	if len(u.Left) != 1 || u.Left[0].UID != "c" || len(u.Phone) != 0 || u.Held != 3 || u.Stats["contacts"].ToStore != (engine.Moves{Created: 1, Updated: 1, Deleted: 1}) {
		t.Errorf("undone: %+v", u)
	}
	if !replica(t, s, "contacts").Knowledge.Covers(k) {
		t.Error("knowledge turned back")
	}
	held := map[string]engine.Conflict{}
	for _, c := range deferred(t, s) {
		held[c.UID+" "+c.Unit] = c
	}
	if len(held) != 3 {
		t.Errorf("held: %+v", held)
	}
	if c := held["a note"]; c.State != engine.Held || c.Phone != phoneHad || c.Store != metaOf(t, s, "contacts", c.Item).Unit("note").Version || strings.Join(c.LostText, "") != "NOTE:two" {
		t.Errorf("note held as %+v", c)
	}
	if c := held["b deleted"]; c.Lost != nil || c.Store != metaOf(t, s, "contacts", c.Item).LifeVersion {
		t.Errorf("b held as %+v", c)
	}
	if c := held["d deleted"]; c.Lost == nil || c.Store != metaOf(t, s, "contacts", c.Item).LifeVersion || c.Phone.IsZero() {
		t.Errorf("d held as %+v", c)
	}
	checked(t, s)
	if _, err := s.Undo(ctx, run); !errors.Is(err, ErrNoImages) {
		t.Errorf("undo twice: %v, want ErrNoImages", err)
	}

	// The undo of the undo: as before, and nothing is held any more.
	if _, err := s.Undo(ctx, u.Run); err != nil {
		t.Fatal(err)
	}
	if got := summaries(t, s); got != "A C3 D" {
		t.Errorf("after the undo of the undo: %s, want A C3 D", got)
	}
	if !strings.Contains(string(mustShow(t, s, "a").Text), "NOTE:two") {
		t.Errorf("a: %s", mustShow(t, s, "a").Text)
	}
	if d := deferred(t, s); len(d) != 0 {
		t.Errorf("still held: %+v", d)
	}
	runs, err := s.History(ctx)
	if err != nil || len(runs) != 4 || runs[0].Undoes != runs[1].ID || runs[1].Undoes != run {
		t.Errorf("history: %+v %v", runs, err)
	}
	// And again: run is now one that isn't taken back.
	if _, err := s.Undo(ctx, run); err != nil {
		t.Errorf("undo after the undo of the undo: %v", err)
	}
	checked(t, s)
}

func TestUndoPhoneSide(t *testing.T) {
	ctx := context.Background()
	s := newTestStore(t)
	fromPhone(t, s, map[string]*valuebag.Values{"a": bag(t, card("a", "A")), "b": bag(t, card("b", "B"))})
	if _, _, err := s.Edit(ctx, "a", []byte(card("a", "A", "NOTE:new"))); err != nil {
		t.Fatal(err)
	}
	id := engine.ItemIDFromUID("contacts", "a", 1)
	err := s.Update(ctx, "contacts", func(tx engine.Tx) error {
		run, err := tx.StartRun(engine.RunInfo{Peer: phone1.ID})
		if err != nil {
			return err
		}
		return tx.Before(run, engine.PreImage{Side: engine.ToPhone, Item: id, Path: "a.vcf", Value: bag(t, card("a", "A"))})
	})
	if err != nil {
		t.Fatal(err)
	}
	u, err := s.Undo(ctx, 0)
	if err != nil || len(u.Phone) != 1 || u.Phone[0].Item != id || u.Phone[0].Path != "a.vcf" || u.Held != 1 {
		t.Fatalf("undone: %+v %v", u, err)
	}
	pb, err := s.PutBacks(ctx, "contacts", phone1.ID)
	if err != nil || len(pb) != 1 || string(pim.Contacts.Text(pb[0].Value)) != card("a", "A") {
		t.Fatalf("to be put back: %+v %v", pb, err)
	}
	if d := deferred(t, s); len(d) != 1 || d[0].Unit != "note" || !d[0].Phone.IsZero() {
		t.Errorf("held: %+v", d)
	}
	// Done on the phone: its version goes into the log.
	phone := metaOf(t, s, "contacts", id).Clone()
	v := engine.Version{Replica: engine.ReplicaID{3}, Tick: 9}
	phone.Unit("note").Version = v
	if err := s.Update(ctx, "contacts", func(tx engine.Tx) error { return tx.PutBackDone(phone1.ID, id, phone) }); err != nil {
		t.Fatal(err)
	}
	if d := deferred(t, s); len(d) != 1 || d[0].Phone != v {
		t.Errorf("held after it was put back: %+v", d)
	}
	if pb, _ = s.PutBacks(ctx, "contacts", phone1.ID); len(pb) != 0 {
		t.Errorf("still to be put back: %+v", pb)
	}
}

// The phone gets its part in a session of its own: the value stays listed until
// the phone's state has it, and counts in the undo's record; what was edited in
// between was changed since the undo.
func TestUndoPhoneSideLater(t *testing.T) {
	ctx := context.Background()
	s := newTestStore(t)
	fromPhone(t, s, map[string]*valuebag.Values{"a": bag(t, card("a", "A"))})
	id := engine.ItemIDFromUID("contacts", "a", 1)
	proxy := engine.ProxyID(replica(t, s, "contacts").ID, phone1.ID)
	err := s.Update(ctx, "contacts", func(tx engine.Tx) error {
		run, err := tx.StartRun(engine.RunInfo{Peer: phone1.ID})
		if err != nil {
			return err
		}
		return tx.Before(run, engine.PreImage{Side: engine.ToPhone, Item: id})
	})
	if err != nil {
		t.Fatal(err)
	}
	u, err := s.Undo(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Edit(ctx, "a", []byte(card("a", "A", "NOTE:in between"))); err != nil {
		t.Fatal(err)
	}
	listed := func() int {
		pb, err := s.PutBacks(ctx, "contacts", phone1.ID)
		if err != nil {
			t.Fatal(err)
		}
		return len(pb)
	}
	for _, cut := range []bool{true, false} {
		err = s.Update(ctx, "contacts", func(tx engine.Tx) error {
			v, err := tx.MintFor(proxy)
			if err != nil {
				return err
			}
			return tx.PutBackDone(phone1.ID, id, metaOf(t, s, "contacts", id).Tombstone(v, 0))
		})
		if err != nil {
			t.Fatal(err)
		}
		err = s.Update(ctx, "contacts", func(tx engine.Tx) error {
			return tx.Before(u.Run, engine.PreImage{Side: engine.ToPhone, Item: id, Value: bag(t, card("a", "A"))})
		})
		if err != nil {
			t.Fatal(err)
		}
		if listed() != 1 {
			t.Errorf("cut %v: the value isn't listed any more, but the phone's state hasn't it", cut)
		}
	}
	err = s.Update(ctx, "contacts", func(tx engine.Tx) error { return tx.SettleView(phone1.ID, [16]byte{1}, []engine.ItemID{id}) })
	if err != nil || listed() != 0 {
		t.Errorf("after the phone's state was written: %v, %d listed", err, listed())
	}
	runs, err := s.History(ctx)
	if err != nil || runs[0].ID != u.Run || runs[0].Stats["contacts"].ToPhone != (engine.Moves{Deleted: 1}) {
		t.Errorf("history: %+v %v, want one deletion on the phone", runs, err)
	}
	again, err := s.Undo(ctx, u.Run)
	if err != nil || len(again.Left) != 1 || !strings.Contains(string(mustShow(t, s, "a").Text), "in between") {
		t.Errorf("undo of the undo: %+v %v, want the edited item left", again, err)
	}
}

// An undo whose values never came to the phone is undone without the phone.
func TestUndoOfUndoBeforeThePhoneCame(t *testing.T) {
	ctx := context.Background()
	s := newTestStore(t)
	fromPhone(t, s, map[string]*valuebag.Values{"a": bag(t, card("a", "A"))})
	id := engine.ItemIDFromUID("contacts", "a", 1)
	err := s.Update(ctx, "contacts", func(tx engine.Tx) error {
		run, err := tx.StartRun(engine.RunInfo{Peer: phone1.ID})
		if err != nil {
			return err
		}
		return tx.Before(run, engine.PreImage{Side: engine.ToPhone, Item: id})
	})
	if err != nil {
		t.Fatal(err)
	}
	u, err := s.Undo(ctx, 0)
	if err != nil || len(u.Phone) != 1 || u.Phone[0].Value != nil || len(deferred(t, s)) != 1 {
		t.Fatalf("undo: %+v %v", u, err)
	}
	if _, err := s.Undo(ctx, u.Run); err != nil {
		t.Fatalf("undo of the undo: %v", err)
	}
	if pb, _ := s.PutBacks(ctx, "contacts", phone1.ID); len(pb) != 0 || len(deferred(t, s)) != 0 {
		t.Errorf("to be put back %+v, held %+v; want nothing", pb, deferred(t, s))
	}
}

func TestResolve(t *testing.T) {
	ctx := context.Background()
	setup := func(t *testing.T, state engine.ConflictState) (*Store, engine.ItemID, int64, engine.Version) {
		s := newTestStore(t)
		id, err := s.Create(ctx, "contacts", "", []byte(card("a", "A", "NOTE:desk", "TEL:1")))
		if err != nil {
			t.Fatal(err)
		}
		phone := engine.Version{Replica: engine.ReplicaID{5}, Tick: 7}
		c := logged(t, s, engine.Conflict{Peer: phone1.ID, Item: id, UID: "a", Unit: "note", State: state, KeptSide: engine.ToStore,
			Store: metaOf(t, s, "contacts", id).Unit("note").Version, Phone: phone, Lost: bag(t, card("a", "A", "NOTE:phone")),
			KeptText: []string{"NOTE:desk"}, LostText: []string{"NOTE:phone"}})
		return s, id, c, phone
	}
	for _, c := range []struct {
		name   string
		state  engine.ConflictState
		choice Choice
		text   string
		want   string
		minted uint64
		learns bool
		logged int
	}{
		{"settled, kept", engine.Settled, Kept, "", card("a", "A", "NOTE:desk", "TEL:1"), 0, false, 1},
		{"settled, lost", engine.Settled, Lost, "", card("a", "A", "NOTE:phone", "TEL:1"), 1, false, 2},
		{"waiting, kept", engine.Waiting, Kept, "", card("a", "A", "NOTE:desk", "TEL:1"), 1, true, 1},
		{"waiting, lost", engine.Waiting, Lost, "", card("a", "A", "NOTE:phone", "TEL:1"), 1, true, 2},
		{"held, lost", engine.Held, Lost, "", card("a", "A", "NOTE:phone", "TEL:1"), 1, true, 2},
		{"waiting, from a file", engine.Waiting, From, card("a", "A", "NOTE:both"), card("a", "A", "NOTE:both"), 1, true, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, id, n, phone := setup(t, c.state)
			before := replica(t, s, "contacts")
			if err := s.Resolve(ctx, []int64{n}, c.choice, []byte(c.text)); err != nil {
				t.Fatal(err)
			}
			if got := string(mustShow(t, s, "a").Text); got != c.want {
				t.Errorf("text %q, want %q", got, c.want)
			}
			r := replica(t, s, "contacts")
			if r.Tick != before.Tick+c.minted {
				t.Errorf("minted %d ticks, want %d", r.Tick-before.Tick, c.minted)
			}
			if got := r.Knowledge.Contains(id, "note", phone); got != c.learns {
				t.Errorf("knows the phone's version: %v, want %v", got, c.learns)
			}
			if r.Knowledge.Contains(id, "tel", phone) {
				t.Error("knows the phone's version of another unit")
			}
			if u := metaOf(t, s, "contacts", id).Unit("note"); c.minted > 0 && (u.Version.Tick != r.Tick || u.Resolved) {
				t.Errorf("unit %+v, want a person's edit at tick %d", u, r.Tick)
			}
			if len(deferred(t, s)) != 0 {
				t.Error("it is still waiting")
			}
			if err := s.Resolve(ctx, []int64{n}, Kept, nil); !errors.Is(err, ErrOver) {
				t.Errorf("resolved again: %v, want ErrOver", err)
			}
			all, _ := s.Conflicts(ctx, true)
			if all[0].State != Over {
				t.Errorf("state %q, want %q", all[0].State, Over)
			}
			if len(all) != c.logged {
				t.Errorf("%d entries in the log, want %d", len(all), c.logged)
			}
			if c.choice == Lost { // and back again
				if err := s.Resolve(ctx, []int64{all[1].ID}, Lost, nil); err != nil {
					t.Fatal(err)
				}
				if got := string(mustShow(t, s, "a").Text); got != card("a", "A", "NOTE:desk", "TEL:1") {
					t.Errorf("taken back: %q", got)
				}
			}
			checked(t, s)
		})
	}
	s := newTestStore(t)
	if err := s.Resolve(ctx, []int64{99}, Kept, nil); !errors.Is(err, ErrNotFound) {
		t.Errorf("no such conflict: %v, want ErrNotFound", err)
	}
}

func TestResolveDeletion(t *testing.T) {
	ctx := context.Background()
	s := newTestStore(t)
	id, err := s.Create(ctx, "contacts", "", []byte(card("a", "A")))
	if err != nil {
		t.Fatal(err)
	}
	n := logged(t, s, engine.Conflict{Peer: phone1.ID, Item: id, UID: "a", Unit: engine.UnitDeleted, State: engine.Settled, KeptSide: engine.ToStore})
	if err := s.Resolve(ctx, []int64{n}, Lost, nil); err != nil {
		t.Fatal(err)
	}
	if m := metaOf(t, s, "contacts", id); !m.Deleted {
		t.Error("the deletion that lost did not come back")
	}
	all, _ := s.Conflicts(ctx, true)
	if err := s.Resolve(ctx, []int64{all[len(all)-1].ID}, Lost, nil); err != nil {
		t.Fatal(err)
	}
	if it := mustShow(t, s, "a"); it.ID != id {
		t.Errorf("the item that lost did not come back: %+v", it)
	}
	checked(t, s)
}

func TestLogBounds(t *testing.T) {
	ctx := context.Background()
	s := newTestStore(t)
	id := putCard(t, s, engine.ReplicaID{1}, "a", card("a", "A"))
	for i := range logPerItem + 10 {
		logged(t, s, engine.Conflict{Item: id, Unit: "note", State: engine.Settled, LostText: []string{fmt.Sprint(i)}})
	}
	w := engine.Conflict{Peer: phone1.ID, Item: id, Unit: "tel", State: engine.Waiting, Store: engine.Version{Tick: 1}, Phone: engine.Version{Tick: 2}}
	logged(t, s, w)
	logged(t, s, w) // the same pair again
	all, err := s.Conflicts(ctx, true)
	if err != nil || len(all) != logPerItem+1 || all[0].LostText[0] != "10" {
		t.Errorf("%d entries, the oldest %+v %v; want %d", len(all), all[0], err, logPerItem+1)
	}
	w.Phone.Tick = 3
	logged(t, s, w)
	if d := deferred(t, s); len(d) != 1 || d[0].Phone.Tick != 3 {
		t.Errorf("waiting: %+v, want the newer pair alone", d)
	}
	late := s.now().Add(logAge + time.Hour)
	s.now = func() time.Time { return late }
	logged(t, s, engine.Conflict{Item: id, Unit: "note", State: engine.Settled, LostText: []string{"late"}})
	all, _ = s.Conflicts(ctx, true)
	if len(all) != 2 {
		t.Errorf("after %v: %d entries, want the waiting and the new one", logAge, len(all))
	}
	if err := s.Update(ctx, "contacts", func(tx engine.Tx) error { return tx.Obsolete(id, "tel") }); err != nil || len(deferred(t, s)) != 0 {
		t.Errorf("obsolete: %v %v", err, deferred(t, s))
	}
}

func TestRunBounds(t *testing.T) {
	ctx := context.Background()
	s := newTestStore(t)
	start := s.now()
	for i := range keepRuns + 15 {
		at := start.Add(time.Duration(i) * 10 * 24 * time.Hour)
		s.now = func() time.Time { return at }
		fromPhone(t, s, map[string]*valuebag.Values{"a": bag(t, card("a", fmt.Sprint("A", i)))})
	}
	runs, err := s.History(ctx)
	if err != nil || len(runs) != keepRuns {
		t.Errorf("%d runs %v, want %d", len(runs), err, keepRuns)
	}
	if n := mustCount(t, s, "SELECT count(DISTINCT run) FROM preimage"); n != keepRuns {
		t.Errorf("pre-images of %d runs, want %d", n, keepRuns)
	}
	if _, err := s.Undo(ctx, 1); !errors.Is(err, ErrNotFound) {
		t.Errorf("undo of a dropped run: %v, want ErrNotFound", err)
	}
}

func mustCount(t testing.TB, s *Store, sql string) int64 {
	t.Helper()
	n, err := s.w.number(sql)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// What the phone didn't take is told by nobody as written, and isn't taken back: the
// record says nothing of it, and goes with the last item.
func TestWithdraw(t *testing.T) {
	ctx := context.Background()
	s := newTestStore(t)
	first := fromPhone(t, s, map[string]*valuebag.Values{"a": bag(t, card("a", "A")), "b": bag(t, card("b", "B"))})
	a, b := engine.ItemIDFromUID("contacts", "a", 1), engine.ItemIDFromUID("contacts", "b", 1)
	write := func(take []engine.ItemID) (run int64, kept bool) {
		t.Helper()
		err := s.Update(ctx, "contacts", func(tx engine.Tx) (err error) {
			if run, err = tx.StartRun(engine.RunInfo{Peer: phone1.ID, Phone: "Phone"}); err != nil {
				return err
			}
			for _, id := range []engine.ItemID{a, b} {
				if err := tx.Before(run, engine.PreImage{Side: engine.ToPhone, Item: id}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Update(ctx, "contacts", func(tx engine.Tx) (err error) { kept, err = tx.Withdraw(run, engine.ToPhone, take); return err }); err != nil {
			t.Fatal(err)
		}
		return run, kept
	}
	told := func(uid string) (runs []int64) {
		t.Helper()
		why, err := s.Why(ctx, uid)
		if err != nil || len(why) != 1 {
			t.Fatalf("why %s: %v %v", uid, why, err)
		}
		for _, r := range why[0].Runs {
			runs = append(runs, r.Run)
		}
		return runs
	}
	part, kept := write([]engine.ItemID{b})
	if got := told("a"); !kept || !slices.Equal(got, []int64{first, part}) {
		t.Errorf("one of two: kept %t, runs of a are %v, want %v", kept, got, []int64{first, part})
	}
	if got := told("b"); !slices.Equal(got, []int64{first}) {
		t.Errorf("runs of what wasn't taken are %v, want %v", got, []int64{first})
	}
	none, kept := write([]engine.ItemID{a, b})
	if kept {
		t.Error("the record of a run without anything is kept")
	}
	if runs, err := s.History(ctx); err != nil || len(runs) != 2 || runs[0].ID == none {
		t.Errorf("history: %+v %v, want the two that did something", runs, err)
	}
	u, err := s.Undo(ctx, 0)
	if err != nil || len(u.Phone) != 1 || u.Phone[0].Item != a {
		t.Errorf("undone: %+v %v, want a alone put back on the phone", u, err)
	}
}
