package enginetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cradle/engine"
	"cradle/valuebag"
)

// What a provider does that has the capability: when things go wrong.

// An exchange without news writes nothing.
func quiet(r *trial) {
	uids, items := r.named("i", 8)
	for i, u := range uids {
		r.here(u, items[i])
		r.there("t"+u, r.item("t"+u, "There "+u, "", "1"))
	}
	r.sync(8, 8, 0)
	r.sync(0, 0, 0)
	before := r.p.(Quiet).Writes(r)
	r.sync(0, 0, 0)
	if n := r.p.(Quiet).Writes(r) - before; n != 0 {
		r.Errorf("an exchange without news wrote %d times", n)
	}
}

// Items without a UID are never mistaken for new ones.
func anonymous(r *trial) {
	twin, single := r.item("", "Twin", ""), r.item("", "Single", "", "1")
	for _, v := range []*valuebag.Values{twin, twin, single} {
		r.p.(Anonymous).Add(r, v)
	}
	r.sync(3, 0, 0)
	r.holds(twin, twin, single)
	r.provider = r.p.Start(r)
	r.sync(0, 0, 0)
	// One comes from the other side, under an ID of its making.
	r.now += 10_000
	r.peers[0].Edit(r.scope(), engine.ItemID{0x42}, r.item("", "Nameless", ""), r.now)
	r.sync(0, 1, 0)
	r.provider = r.p.Start(r)
	r.sync(0, 0, 0)
	r.holds(twin, twin, single, r.item("", "Nameless", ""))
	r.now += 10_000
	r.peers[0].Edit(r.scope(), engine.ItemID{0x42}, nil, r.now)
	r.sync(0, 1, 0)
	r.holds(twin, twin, single)
}

// G5b, G9: an item that can't be written doesn't stop the others, isn't learned, and
// comes again alone.
func refused(r *trial) {
	var want []*valuebag.Values
	for i := range 4 {
		u := fmt.Sprint("i", i)
		v := r.item(u, "Name "+u, "")
		r.there(u, v)
		want = append(want, v)
	}
	bad := errors.New("enginetest: no room for this one")
	r.p.(Refusing).Refuse("i2", bad)
	for round := range 3 {
		sent := 1
		if round == 0 {
			sent = 4
		}
		_, toHere := r.sync(0, sent, 0)
		if len(toHere.Failed) != 1 || toHere.Failed[0].Item != r.id("i2") || !strings.Contains(toHere.Failed[0].Error(), bad.Error()) {
			r.Errorf("round %d: failed: %v, want i2 with its reason", round, toHere.Failed)
		}
		r.holdsHere(want[0], want[1], want[3])
	}
	want[2] = r.item("i2", "Edited meanwhile", "")
	r.there("i2", want[2])
	r.p.(Refusing).Refuse("i2", nil)
	r.sync(0, 1, 0)
	r.holds(want...)
	r.sync(0, 0, 0)
}

// An item that can't be read isn't deleted, doesn't stop the others, and goes over
// later.
func unread(r *trial) {
	uids, items := r.named("i", 3)
	for i, u := range uids {
		r.here(u, items[i])
	}
	r.sync(3, 0, 0)
	edited := make([]*valuebag.Values, 3)
	for i, u := range uids {
		edited[i] = r.item(u, "Edited "+u, "", "1")
		r.here(u, edited[i])
	}
	r.p.(Unreading).Unread(r, "i1", errors.New("enginetest: unreadable"))
	for range 2 {
		if _, err := r.try(engine.ExchangeOptions{}); err != nil {
			r.Fatal(err)
		}
		if got, want := r.showAll(r.peerItems(r.peers[0])), r.showAll([]*valuebag.Values{edited[0], items[1], edited[2]}); !slices.Equal(got, want) {
			r.Errorf("the peer holds %q, want %q", got, want)
		}
		r.provider = r.p.Start(r)
	}
	r.p.(Unreading).Unread(r, "i1", nil)
	r.settle()
	r.holds(edited...)
}

// The program is killed at each of its writes in turn; the next start takes up what
// was done, and every item arrives once.
func crash(r *trial) {
	for n := 1; ; n++ {
		if n > 200 {
			r.Fatal("200 writes, and no end")
		}
		died := false
		ok := r.t.Run(fmt.Sprint("write ", n), func(t *testing.T) {
			r := newTrial(t, r.s)
			uids, items := r.named("i", 4)
			for i, u := range uids {
				r.here(u, items[i])
			}
			r.sync(4, 0, 0)
			mine, theirs := r.item("i0", "Edited here", "", "1"), r.item("i1", "Edited there", "", "1")
			r.here("i0", mine)
			r.there("i1", theirs)
			r.there("i2", nil)
			r.there("new", r.item("new", "New", "", "2"))
			want := []*valuebag.Values{mine, theirs, items[3], r.item("new", "New", "", "2")}
			if has[Anonymous](r.p) {
				r.now += 10_000
				r.peers[0].Edit(r.scope(), engine.ItemID{0x42}, r.item("", "Nameless", ""), r.now)
				want = append(want, r.item("", "Nameless", ""))
			}
			r.p.(Crashing).Crash(n)
			_, err := r.try(engine.ExchangeOptions{})
			died = err != nil
			r.p.(Crashing).Crash(0)
			r.provider = r.p.Start(r)
			x, err := r.try(engine.ExchangeOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if c := x.ToA[r.scope()].Conflicts + x.ToB[r.scope()].Conflicts; c != 0 {
				t.Errorf("%d conflicts, want none", c)
			}
			r.settle()
			r.holds(want...)
		})
		if !ok || !died {
			return
		}
	}
}

// G17: after a restoration no edit is lost, on either side.
func restored(r *trial) {
	uids, items := r.named("i", 3)
	for i, u := range uids {
		r.here(u, items[i])
	}
	r.sync(3, 0, 0)
	restore := r.p.(Restoring).Backup(r)
	r.provider = r.p.Start(r)
	later := r.item("i0", "After the backup", "", "1")
	r.here("i0", later)
	r.sync(1, 0, 0)
	restore()
	r.provider = r.p.Start(r)
	fresh := r.item("i1", "After the restoration", "", "1")
	r.here("i1", fresh)
	r.settle()
	r.holds(later, fresh, items[2])
}

// histories runs random edits and exchanges between the participant and two peers;
// in the end all hold the same and nothing moves any more (I1, I2).
func histories(r *trial) {
	checks, most := 0, r.s.Histories
	if most == 0 {
		most = 40
	}
	rapid.Check(r.t, func(t *rapid.T) {
		if checks++; checks > most { // a participant on disk is slow to make
			return
		}
		h := &trial{TB: r.t, t: r.t, s: r.s, p: r.s.New(r.t), now: startDay}
		h.provider = h.p.Start(h)
		h.addPeer()
		h.addPeer()
		exchange := func(i int) int {
			a, b := h.provider, engine.Provider(h.peers[0].Full())
			switch i {
			case 1:
				b = h.peers[1].Full()
			case 2:
				a, b = h.peers[0].Full(), h.peers[1].Full()
			}
			x, err := engine.Exchange(context.Background(), a, b, []string{h.scope()}, h.options(engine.ExchangeOptions{BatchSize: 2}))
			if err != nil {
				t.Fatal(err)
			}
			return x.ToA[h.scope()].Sent + x.ToB[h.scope()].Sent
		}
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			uid := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "uid")
			who := rapid.IntRange(0, 2).Draw(t, "who")
			switch rapid.SampledFrom([]string{"edit", "edit", "delete", "exchange", "exchange", "start"}).Draw(t, "step") {
			case "edit":
				v := h.item(uid, rapid.SampledFrom([]string{"A", "B", "C"}).Draw(t, "name"), rapid.SampledFrom([]string{"", "x", "y"}).Draw(t, "note"),
					rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"1", "2", "3"}), 0, 3, rapid.ID).Draw(t, "tags")...)
				h.edit(who, uid, v)
			case "delete":
				h.edit(who, uid, nil)
			case "exchange":
				exchange(who)
			case "start":
				h.provider = h.p.Start(h)
			}
		}
		for round := 0; ; round++ {
			moved := 0
			for i := range 3 {
				moved += exchange(i)
			}
			if moved == 0 {
				break
			}
			if round == 8 {
				t.Fatal("eight rounds, and still something moves")
			}
		}
		want := h.showAll(h.p.Items(h))
		for i, m := range h.peers {
			if got := h.showAll(h.peerItems(m)); !slices.Equal(got, want) {
				t.Fatalf("peer %d holds\n%s\nthe participant\n%s", i, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
	})
}

// edit is an edit by the participant's user (0) or a peer's; deleting what isn't
// there does nothing.
func (r *trial) edit(who int, uid string, v *valuebag.Values) {
	items := r.p.Items(r)
	if who > 0 {
		items = r.peerItems(r.peers[who-1])
	}
	there := slices.ContainsFunc(items, func(v *valuebag.Values) bool { return r.s.Schema.UID(v) == uid })
	switch {
	case v == nil && !there:
	case who == 0:
		r.here(uid, v)
	default:
		r.at(r.peers[who-1], uid, v)
	}
}
