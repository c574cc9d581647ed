package simple_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"

	"cradle/engine"
	. "cradle/engine/enginetest"
	"cradle/engine/metastore"
	"cradle/engine/simple"
	"cradle/valuebag"
)

const scope = "contacts"

var errKilled = errors.New("killed")

// memPlace is a place in memory that can lie and fail.
type memPlace struct {
	objects map[string]simple.Object
	journal []string // the keys in the order they changed
	rev     int
	next    int
	reads   int
	writes  int

	noVersions bool             // it knows no version fields
	noUpload   bool             // it doesn't tell the version of what was uploaded
	values     bool             // a listing comes with the values
	listFails  error            // after half of the objects
	hide       map[string]bool  // keys that a listing leaves out
	readFails  map[string]error // by key
	refuse     func(*valuebag.Values) error
	mangle     bool             // it keeps no notes
	oldest     int              // the journal is forgotten up to here
	paged      int              // changes a page
	kill       int              // dies before the nth write; negative: after it
	created    func(key string) // what its user does with what was just created
	updated    func(key string) // and with what was just updated
	keep       string           // the key of an object that can't be deleted
	dead       func() bool      // asked before and after each write: dies there
}

func newPlace() *memPlace {
	return &memPlace{objects: map[string]simple.Object{}, hide: map[string]bool{}, readFails: map[string]error{}}
}

func (p *memPlace) List(_ context.Context, yield func(simple.Object) error) error {
	for i, key := range slices.Sorted(maps.Keys(p.objects)) {
		if p.listFails != nil && i >= len(p.objects)/2 {
			return p.listFails
		}
		if p.hide[key] {
			continue
		}
		o := p.shown(p.objects[key])
		if !p.values {
			o.Value = nil
		}
		if err := yield(o); err != nil {
			return err
		}
	}
	return p.listFails
}

func (p *memPlace) shown(o simple.Object) simple.Object {
	if p.noVersions {
		o.Version = ""
	}
	return o
}

func (p *memPlace) Read(_ context.Context, key string) (simple.Object, error) {
	p.reads++
	if err := p.readFails[key]; err != nil {
		return simple.Object{}, err
	}
	o, ok := p.objects[key]
	if !ok {
		return simple.Object{}, simple.ErrNotFound
	}
	return p.shown(o), nil
}

// put is what the place's user does, too; key "" makes a new object.
func (p *memPlace) put(key string, v *valuebag.Values) simple.Object {
	p.rev++
	if key == "" {
		p.next++
		key = fmt.Sprintf("k%03d", p.next)
	}
	o := simple.Object{Key: key, Version: "v" + strconv.Itoa(p.rev), Modified: int64(p.rev) * 10_000, Value: v}
	p.objects[key] = o
	p.journal = append(p.journal, key)
	return o
}

func (p *memPlace) drop(key string) {
	delete(p.objects, key)
	p.journal = append(p.journal, key)
}

// dies kills the program before or after its write.
func (p *memPlace) dies(do func()) error {
	p.writes++
	if p.writes == p.kill || p.dead != nil && p.dead() {
		return errors.Join(errKilled, engine.ErrGone)
	}
	do()
	if p.writes == -p.kill || p.dead != nil && p.dead() {
		return errors.Join(errKilled, engine.ErrGone)
	}
	return nil
}

func (p *memPlace) stored(v *valuebag.Values) *valuebag.Values {
	if p.mangle {
		return With(v, KeyNote, "")
	}
	return v
}

func (p *memPlace) Create(_ context.Context, v *valuebag.Values) (o simple.Object, err error) {
	if p.refuse != nil {
		if err := p.refuse(v); err != nil {
			return o, err
		}
	}
	err = p.dies(func() { o = p.put("", p.stored(v)) })
	if p.created != nil {
		p.created(o.Key)
	}
	if p.noUpload {
		o.Version = ""
	}
	return o, err
}

func (p *memPlace) Update(_ context.Context, old simple.Object, v *valuebag.Values) (o simple.Object, err error) {
	have, ok := p.objects[old.Key]
	switch {
	case !ok:
		return o, simple.ErrNotFound
	case !p.noVersions && have.Version != old.Version:
		return o, engine.ErrChanged
	}
	if p.refuse != nil {
		if err := p.refuse(v); err != nil {
			return o, err
		}
	}
	err = p.dies(func() { o = p.put(old.Key, p.stored(v)) })
	if err == nil && p.updated != nil {
		p.updated(old.Key)
	}
	if p.noUpload {
		o.Version = ""
	}
	return o, err
}

func (p *memPlace) Delete(_ context.Context, old simple.Object) error {
	have, ok := p.objects[old.Key]
	if p.keep != "" && old.Key == p.keep {
		return errors.New("it is in use")
	}
	switch {
	case !ok:
		return simple.ErrNotFound
	case !p.noVersions && have.Version != old.Version:
		return engine.ErrChanged
	}
	return p.dies(func() { p.drop(old.Key) })
}

// logPlace is a memPlace with a journal.
type logPlace struct{ *memPlace }

func (p logPlace) Anchor(context.Context) ([]byte, error) {
	return []byte(strconv.Itoa(len(p.journal))), nil
}

func (p logPlace) Changes(_ context.Context, anchor []byte) (simple.Delta, error) {
	from, err := strconv.Atoi(string(anchor))
	if err != nil || from < p.oldest || from > len(p.journal) {
		return simple.Delta{}, simple.ErrAnchor
	}
	to := len(p.journal)
	if p.paged > 0 {
		to = min(to, from+p.paged)
	}
	var d simple.Delta
	seen := map[string]bool{}
	for _, key := range p.journal[from:to] {
		if seen[key] {
			continue
		}
		seen[key] = true
		if o, ok := p.objects[key]; ok {
			o = p.shown(o)
			o.Value = nil
			d.Changed = append(d.Changed, o)
		} else {
			d.Gone = append(d.Gone, key)
		}
	}
	d.Anchor, d.More = []byte(strconv.Itoa(to)), to < len(p.journal)
	return d, nil
}

// readPlace is a memPlace that can't be written to.
type readPlace struct{ p *memPlace }

func (r readPlace) List(ctx context.Context, yield func(simple.Object) error) error {
	return r.p.List(ctx, yield)
}

func (r readPlace) Read(ctx context.Context, key string) (simple.Object, error) {
	return r.p.Read(ctx, key)
}

// pair is a simple participant and a full one to sync it with.
type pair struct {
	t     testing.TB
	mem   *memPlace
	place simple.Place
	meta  *metastore.Memory
	prov  *simple.Provider
	opt   simple.Options
	peer  *MemStore
	rand  *counter
	n     int64
}

// counter gives a different ID each time.
type counter struct {
	letter byte
	n      byte
}

func (c *counter) Read(p []byte) (int, error) {
	c.n++
	for i := range p {
		p[i] = 0
	}
	p[0], p[1] = c.letter, c.n
	return len(p), nil
}

// places are the two kinds of participant: by full enumeration and by anchor.
var places = map[string]func(*memPlace) simple.Place{
	"enumeration": func(p *memPlace) simple.Place { return p },
	"anchor":      func(p *memPlace) simple.Place { return logPlace{p} },
}

// both runs a test for each kind.
func both(t *testing.T, fn func(*testing.T, *pair)) {
	for _, name := range slices.Sorted(maps.Keys(places)) {
		t.Run(name, func(t *testing.T) { fn(t, newPair(t, places[name])) })
	}
}

func newPair(t testing.TB, kind func(*memPlace) simple.Place) *pair {
	p := &pair{t: t, mem: newPlace(), rand: &counter{letter: 0xb0}, n: 1}
	p.place = kind(p.mem)
	p.peer = newPeer(0xa0)
	var err error
	if p.meta, err = metastore.NewMemory(metastore.Options{ID: engine.ReplicaID{0xb0}}); err != nil {
		t.Fatal(err)
	}
	p.opt.Rand = p.rand
	p.restart()
	return p
}

func newPeer(letter byte) *MemStore {
	var n byte
	return NewMemStore(func() engine.ReplicaID { n++; return engine.ReplicaID{letter, n} }, Toy{Scope: scope})
}

// restart is what a new start of the program does.
func (p *pair) restart() {
	p.t.Helper()
	var err error
	if p.prov, err = simple.New(context.Background(), Toy{Scope: scope}, p.place, p.meta, p.opt); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pair) try() (*engine.Exchanged, error) {
	return engine.Exchange(context.Background(), p.prov, p.peer.Full(), []string{scope}, engine.ExchangeOptions{})
}

// sync exchanges both ways and wants the numbers of items sent.
func (p *pair) sync(toPeer, toPlace int) *engine.Exchanged {
	p.t.Helper()
	x, err := p.try()
	if err != nil {
		p.t.Fatal(err)
	}
	b, a := x.ToB[scope], x.ToA[scope]
	if b.Sent != toPeer || a.Sent != toPlace {
		p.t.Errorf("sent %d and %d, want %d and %d", b.Sent, a.Sent, toPeer, toPlace)
	}
	return x
}

// names lists the names of what the place holds, and compares it with the peer's.
func (p *pair) names(want ...string) {
	p.t.Helper()
	var here, there []string
	for _, o := range p.mem.objects {
		here = append(here, describe(o.Value))
	}
	for _, v := range p.peer.Live(scope) {
		there = append(there, describe(v))
	}
	slices.Sort(here)
	slices.Sort(there)
	if !slices.Equal(here, want) || !slices.Equal(there, want) {
		p.t.Errorf("the place holds %q, the peer %q, want %q", here, there, want)
	}
}

func describe(v *valuebag.Values) string {
	s := Str(v, KeyName)
	if n := Str(v, KeyNote); n != "" {
		s += "/" + n
	}
	for _, tag := range Tags(v) {
		s += " #" + tag
	}
	return s
}

// edit makes an edit at the peer; nil deletes.
func (p *pair) edit(uid string, v *valuebag.Values) {
	p.n += 10_000
	p.peer.Edit(scope, engine.ItemIDFromUID(scope, uid, 1), v, p.n)
}

// fill makes n items in the place: i0, i1, …
func (p *pair) fill(n int) {
	for i := range n {
		uid := fmt.Sprintf("i%d", i)
		p.mem.put("", Item(uid, uid, ""))
	}
}

// export is the metadata in canonical form.
func (p *pair) export() string {
	p.t.Helper()
	b, err := metastore.Export(context.Background(), p.meta)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(b)
}

// restore puts back metadata of an earlier time.
func (p *pair) restore(backup string) {
	p.t.Helper()
	var err error
	if p.meta, err = metastore.NewMemory(metastore.Options{}); err != nil {
		p.t.Fatal(err)
	}
	if err := metastore.Import(context.Background(), p.meta, []byte(backup)); err != nil {
		p.t.Fatal(err)
	}
	p.restart()
}

// newIDs makes replica IDs for a MemStore.
func newIDs() func() engine.ReplicaID {
	var n byte
	return func() engine.ReplicaID { n++; return engine.ReplicaID{0xd0, n} }
}

// must keeps the examples short.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
