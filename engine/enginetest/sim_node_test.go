package enginetest_test

import (
	"context"
	"errors"
	"maps"
	"net"
	"slices"

	"cradle/engine"
	. "cradle/engine/enginetest"
	"cradle/engine/enginetest/model"
	"cradle/engine/metastore"
	"cradle/engine/proxy"
	"cradle/engine/simple"
)

// node is a replica and what the simulation knows of it.
type node struct {
	name  string
	peers []*node // whom it meets
	// store is that of a full participant; piped: others reach it through a pipe.
	store *MemStore
	piped bool
	// place and meta are of a simple participant; anchored: it tells what changed.
	place    *place
	meta     *simMeta
	anchored bool
	prov     *simple.Provider
	deep     bool

	seen engine.Knowledge // its knowledge when last looked at: it never shrinks
	id   engine.ReplicaID
	log  int // how much of its conflict log was looked at
	// open are the values of others that it had left open when last looked at.
	open []model.Change
	// unfinished are changes that were sent to a simple participant which ended before it
	// committed: it finds out later what it wrote, and knows then what that was made of.
	unfinished []model.Change
	// base, of a copied or restored replica, is what it held then: what was changed
	// there since has no lasting version before it has met somebody.
	base map[engine.ItemID]*engine.ItemMeta
	// unfound are the keys of a simple participant's objects when its metadata was lost.
	unfound map[string]bool
}

func (n *node) isSimple() bool { return n.place != nil }

// newNode makes a participant of any kind; the first is always a full one.
func (s *sim) newNode() *node {
	n := &node{name: string(rune('A' + len(s.nodes)))}
	kind := s.r.IntN(6)
	if len(s.nodes) == 0 {
		kind = 0
	}
	switch kind {
	case 0, 1, 2:
		n.store = NewMemStore(s.replicaID, Toy{scope})
	case 3:
		n.store, n.piped = NewMemStore(s.replicaID, Toy{scope}), true
	default:
		n.anchored = kind == 5
		n.place = &place{objects: map[string]simple.Object{}, hide: map[string]bool{}, unread: map[string]bool{}, silent: map[string]bool{}}
		n.place.noVersions = s.r.IntN(4) == 0
		n.place.noUpload = s.r.IntN(4) == 0
		n.place.values = s.r.IntN(4) == 0
		n.place.paged = s.r.IntN(3)
		s.found(n)
	}
	return n
}

// found begins the metadata of a simple participant anew.
func (s *sim) found(n *node) {
	m, err := metastore.NewMemory(metastore.Options{Rand: zero{s.world}})
	if err != nil {
		s.fail("%v", err)
	}
	n.meta = &simMeta{Store: m}
	s.start(n)
}

// start is what a new start of the program does.
func (s *sim) start(n *node) {
	var p simple.Place = n.place
	if n.anchored {
		p = logPlace{n.place}
	}
	var err error
	n.prov, err = simple.New(context.Background(), Toy{scope}, p, n.meta, simple.Options{
		Rand: zero{s.world}, Now: s.clockTime, Deep: n.deep,
		// A person accepts what really was deleted.
		Accept: func(simple.Brake) bool { return len(n.place.hide) == 0 },
	})
	if err != nil {
		s.fail("%s: %v", n.name, err)
	}
}

// knows reports whether the metadata of a simple participant has an object.
func (s *sim) knows(n *node, key string) bool {
	found := false
	err := n.meta.View(s.ctx(), func(r metastore.Reader) error {
		return metastore.All(r, func(it *metastore.Item) error {
			found = found || it.Fields["key"] == key
			return nil
		})
	})
	if err != nil {
		s.fail("%s: %v", n.name, err)
	}
	return found
}

// provider is the participant itself, without a pipe.
func (n *node) provider() engine.Provider {
	if n.isSimple() {
		return n.prov
	}
	return n.store.Full()
}

// open gives the participant as another one meets it; end has to be called. A pipe
// breaks after so many bytes of one way; negative: never.
func (s *sim) open(n *node, there, back int) (p engine.Provider, end func(), err error) {
	if !n.piped {
		return n.provider(), func() {}, nil
	}
	near, far := net.Pipe()
	served := make(chan struct{})
	go func() {
		defer close(served)
		// How it ended shows at the near end.
		_ = proxy.Serve(context.Background(), &frail{far, back}, n.provider())
		_ = far.Close()
	}()
	end = func() {
		_ = near.Close()
		<-served
	}
	c, err := proxy.Dial(&frail{near, there})
	if err != nil {
		end()
		return nil, nil, err
	}
	return c, end, nil
}

// frail is a pipe that breaks after left bytes.
type frail struct {
	net.Conn
	left int
}

var errBroken = errors.New("the pipe broke")

func (f *frail) Write(b []byte) (int, error) {
	if f.left < 0 || len(b) < f.left {
		if f.left > 0 {
			f.left -= len(b)
		}
		return f.Conn.Write(b)
	}
	n, err := f.Conn.Write(b[:f.left])
	f.left = 0
	return n, errors.Join(err, f.Conn.Close(), errBroken)
}

func (n *node) replica() engine.Replica {
	r, _ := n.provider().Replica(context.Background(), scope)
	return r
}

// writes counts what was ever written at the participant.
func (n *node) writes() int {
	if n.isSimple() {
		return n.place.writes + n.meta.writes
	}
	return n.store.Commits
}

// values are the items that it holds.
func (n *node) values() []*bag {
	if !n.isSimple() {
		return slices.Collect(maps.Values(n.store.Live(scope)))
	}
	var out []*bag
	for _, o := range n.place.objects {
		out = append(out, o.Value)
	}
	return out
}

func (n *node) conflicts() []engine.Conflict {
	if !n.isSimple() {
		return n.store.Conflicts()
	}
	log, _ := n.prov.Conflicts(context.Background())
	return log
}

// metas is all metadata of a participant.
func (s *sim) metas(n *node) map[engine.ItemID]*engine.ItemMeta {
	if !n.isSimple() {
		ids, _ := n.store.Changed(context.Background(), scope, engine.Knowledge{})
		m, _ := n.store.Metas(context.Background(), scope, ids)
		return m
	}
	out := map[engine.ItemID]*engine.ItemMeta{}
	err := n.meta.View(context.Background(), func(r metastore.Reader) error {
		return metastore.All(r, func(it *metastore.Item) error {
			if !it.Meta.LifeVersion.IsZero() { // else it is only about to be created
				out[it.Meta.ID] = &it.Meta
			}
			return nil
		})
	})
	if err != nil {
		s.fail("%s: %v", n.name, err)
	}
	return out
}
