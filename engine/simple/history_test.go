package simple_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"cradle/engine"
	. "cradle/engine/enginetest"
	"cradle/engine/metastore"
	"cradle/engine/simple"
	"cradle/valuebag"
)

// history is a random one: edits in the place and at two peers, exchanges, and
// everything that a place may do wrong. Each edit adds a tag of its own to an item,
// so that what is lost can be told.
type history struct {
	*pair
	rt      *rapid.T
	store   *dying
	peers   [2]*MemStore
	fatal   int
	tags    int
	given   map[string][]string // by UID: the tags it was given
	deleted map[string]bool     // UIDs that were ever deleted
	backup  string
	nobody  int // items without a UID that the place was given
}

func newHistory(t *testing.T, rt *rapid.T, kind func(*memPlace) simple.Place) *history {
	h := &history{pair: newPair(t, kind), rt: rt, peers: [2]*MemStore{newPeer(0xa0), newPeer(0xc0)},
		given: map[string][]string{}, deleted: map[string]bool{}}
	dead := func() bool {
		h.fatal--
		return h.fatal == 0
	}
	h.mem.dead = dead
	h.store = &dying{h.meta, dead}
	h.start(false)
	return h
}

func (h *history) start(deep bool) {
	h.opt.Deep = deep
	var err error
	if h.prov, err = simple.New(context.Background(), Toy{Scope: scope}, h.place, h.store, h.opt); err != nil {
		h.rt.Fatal(err)
	}
}

// step makes one random step.
func (h *history) step() {
	uid := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(h.rt, "uid")
	switch rapid.SampledFrom([]string{"here", "here", "there", "there", "delete", "nobody", "move", "lie", "unread", "unlisted", "old anchor",
		"exchange", "exchange", "exchange", "between", "crash", "versions", "upload", "deep", "restart", "backup", "restore"}).Draw(h.rt, "step") {
	case "here":
		h.place1(uid, func(key string, v *valuebag.Values) { h.mem.put(key, v) })
	case "lie": // the version field stays
		h.place1(uid, func(key string, v *valuebag.Values) {
			if o, ok := h.mem.objects[key]; ok {
				o.Value = v
				h.mem.objects[key] = o
				return
			}
			h.mem.put(key, v)
		})
	case "there":
		m := h.peers[rapid.IntRange(0, 1).Draw(h.rt, "peer")]
		v := m.Live(scope)[engine.ItemIDFromUID(scope, uid, 1)]
		h.at(m, uid, h.tagged(uid, v))
	case "delete":
		h.delete(uid)
	case "nobody":
		h.nobody++
		h.mem.put("", Item("", fmt.Sprint("nobody ", h.nobody%2), ""))
	case "move":
		if key := h.key(uid); key != "" {
			v := h.mem.objects[key].Value
			h.mem.drop(key)
			h.mem.put("", v)
		}
	case "unread":
		// One that was never read could be anything: it would become an item of its own.
		if key := h.key(uid); key != "" && h.known(key) {
			h.mem.readFails[key] = errors.New("unreadable")
		}
	case "unlisted":
		h.mem.listFails = errors.New("the listing broke off")
		h.exchange(0)
		h.mem.listFails = nil
	case "old anchor":
		h.mem.oldest = len(h.mem.journal)
	case "exchange":
		h.exchange(rapid.IntRange(0, 1).Draw(h.rt, "peer"))
	case "between":
		h.between()
	case "crash":
		h.fatal = rapid.IntRange(1, 12).Draw(h.rt, "write")
		h.exchange(rapid.IntRange(0, 1).Draw(h.rt, "peer"))
		h.fatal = 0
		h.start(false)
	case "versions":
		h.mem.noVersions = !h.mem.noVersions
	case "upload":
		h.mem.noUpload = !h.mem.noUpload
	case "deep":
		h.start(true)
	case "restart":
		h.start(false)
	case "backup": // of the metadata
		h.backup = h.export()
	case "restore":
		if h.backup != "" {
			h.mem.readFails = map[string]error{} // it may not know those objects
			h.between()
			h.restore(h.backup)
			h.store.Store = h.meta
			h.start(false)
			// Whom it meets first has to know what it did since the backup, or nobody can
			// tell that it was restored.
			h.exchange(0)
		}
	}
}

// known reports whether the metadata has an object of this key.
func (h *history) known(key string) bool {
	found := false
	err := h.meta.View(context.Background(), func(r metastore.Reader) error {
		items, err := r.Find("key", key)
		found = len(items) > 0
		return err
	})
	if err != nil {
		h.rt.Fatal(err)
	}
	return found
}

func (h *history) key(uid string) string {
	for _, key := range slices.Sorted(maps.Keys(h.mem.objects)) {
		if Str(h.mem.objects[key].Value, KeyUID) == uid {
			return key
		}
	}
	return ""
}

// place1 edits an item of the place, or makes it.
func (h *history) place1(uid string, save func(string, *valuebag.Values)) {
	key := h.key(uid)
	save(key, h.tagged(uid, h.mem.objects[key].Value))
}

// tagged is an item with a tag more.
func (h *history) tagged(uid string, v *valuebag.Values) *valuebag.Values {
	if v == nil {
		v = Item(uid, "name "+uid, "")
	}
	h.tags++
	tag := fmt.Sprint("t", h.tags)
	h.given[uid] = append(h.given[uid], tag)
	return WithTags(v, append(Tags(v), tag)...)
}

func (h *history) at(m *MemStore, uid string, v *valuebag.Values) {
	h.n += 10_000
	m.Edit(scope, engine.ItemIDFromUID(scope, uid, 1), v, h.n)
}

func (h *history) delete(uid string) {
	who := rapid.IntRange(0, 2).Draw(h.rt, "who")
	if who == 2 {
		if key := h.key(uid); key != "" {
			h.deleted[uid] = true
			h.mem.drop(key)
		}
		return
	}
	if h.peers[who].Live(scope)[engine.ItemIDFromUID(scope, uid, 1)] != nil {
		h.deleted[uid] = true
		h.at(h.peers[who], uid, nil)
	}
}

// exchange is one with the place; it may fail.
func (h *history) exchange(peer int) int {
	a, b := engine.Provider(h.prov), engine.Provider(h.peers[peer].Full())
	if rapid.Bool().Draw(h.rt, "turned") {
		a, b = b, a
	}
	x, err := engine.Exchange(context.Background(), a, b, []string{scope}, engine.ExchangeOptions{BatchSize: rapid.IntRange(1, 4).Draw(h.rt, "batch")})
	expected := errors.Is(err, errKilled) || h.mem.listFails != nil && errors.Is(err, h.mem.listFails) || errors.Is(err, engine.ErrBraked)
	if err != nil && !expected {
		h.rt.Fatal(err)
	}
	return moved(x)
}

func moved(x *engine.Exchanged) int {
	n := 0
	for _, t := range []*engine.Transfer{x.ToA[scope], x.ToB[scope]} {
		if t != nil {
			n += t.Sent
		}
	}
	return n
}

func (h *history) between() int {
	x, err := engine.Exchange(context.Background(), h.peers[0].Full(), h.peers[1].Full(), []string{scope}, engine.ExchangeOptions{})
	if err != nil {
		h.rt.Fatal(err)
	}
	return moved(x)
}

// end puts everything right and exchanges until nothing moves.
func (h *history) end() {
	h.mem.readFails, h.mem.noVersions, h.mem.noUpload = map[string]error{}, false, false
	h.opt.Accept = func(simple.Brake) bool { return true }
	h.start(true)
	for round := 0; ; round++ {
		if h.exchange(0)+h.exchange(1)+h.between() == 0 {
			return
		}
		if round == 10 {
			h.rt.Fatal("ten rounds, and still something moves")
		}
	}
}

func (h *history) check() {
	here := map[string]int{}
	nobody := 0
	for _, o := range h.mem.objects {
		here[describe(o.Value)]++
		uid := Str(o.Value, KeyUID)
		if uid == "" {
			nobody++
			continue
		}
		if h.deleted[uid] {
			continue
		}
		for _, tag := range h.given[uid] {
			if !slices.Contains(Tags(o.Value), tag) {
				h.rt.Errorf("item %s has lost its tag %s: it has %v", uid, tag, Tags(o.Value))
			}
		}
	}
	if nobody != h.nobody {
		h.rt.Errorf("%d items without a UID, want %d", nobody, h.nobody)
	}
	for uid := range h.given {
		n := 0
		for _, o := range h.mem.objects {
			if Str(o.Value, KeyUID) == uid {
				n++
			}
		}
		if n > 1 || n == 0 && !h.deleted[uid] {
			h.rt.Errorf("item %s is there %d times", uid, n)
		}
	}
	for i, m := range h.peers {
		there := map[string]int{}
		for _, v := range m.Live(scope) {
			there[describe(v)]++
		}
		if !maps.Equal(here, there) {
			h.rt.Errorf("peer %d holds\n%v\nthe place\n%v", i, there, here)
		}
	}
}

// Whatever a place does wrong on the way, in the end all hold the same, every edit
// is there, and nothing is there twice.
func TestHistories(t *testing.T) {
	for name, kind := range places {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				h := newHistory(t, rt, kind)
				for range rapid.IntRange(5, 30).Draw(rt, "steps") {
					h.step()
				}
				h.end()
				h.check()
				if _, err := metastore.Export(context.Background(), h.store); err != nil {
					rt.Fatal(err)
				}
			})
		})
	}
}
