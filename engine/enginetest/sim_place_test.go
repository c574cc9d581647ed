package enginetest_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"cradle/engine"
	. "cradle/engine/enginetest"
	"cradle/engine/metastore"
	"cradle/engine/simple"
)

// place is where a simple participant of a simulation keeps its items. It lies as
// such places do.
type place struct {
	objects map[string]simple.Object
	journal []string // keys in the order they changed
	rev     int
	next    int
	writes  int
	silent  map[string]bool // keys of objects that were made unnoticed

	noVersions bool // it knows no version fields
	noUpload   bool // it doesn't tell the version of what was uploaded
	values     bool // a listing comes with the values
	paged      int  // changes a page; 0: all
	oldest     int  // the journal is forgotten up to here

	listFails bool            // after half of the objects
	hide      map[string]bool // keys that a listing leaves out, as if they were deleted
	unread    map[string]bool // keys that can't be read
	refuse    func(*bag) error
	dead      func() bool                                // asked before and after each write: the program dies there
	race      func(key string, read func()) (raced bool) // what a user does around a read
}

func (p *place) clone() *place {
	c := *p
	c.objects, c.journal, c.silent = maps.Clone(p.objects), slices.Clone(p.journal), maps.Clone(p.silent)
	c.hide, c.unread = map[string]bool{}, map[string]bool{}
	return &c
}

var errUnread = errors.New("can't be read for now")

func (p *place) List(_ context.Context, yield func(simple.Object) error) error {
	for i, key := range slices.Sorted(maps.Keys(p.objects)) {
		if p.listFails && i >= len(p.objects)/2 {
			break
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
	if p.listFails {
		return errUnread
	}
	return nil
}

func (p *place) shown(o simple.Object) simple.Object {
	if p.noVersions {
		o.Version = ""
	}
	return o
}

func (p *place) Read(_ context.Context, key string) (o simple.Object, err error) {
	read := func() {
		have, ok := p.objects[key]
		if o, err = p.shown(have), nil; !ok {
			err = simple.ErrNotFound
		}
	}
	if p.unread[key] {
		return o, errUnread
	}
	if p.race == nil || !p.race(key, read) {
		read()
	}
	return o, err
}

// put is what the place's user does, too; key "" makes a new object. Unnoticed,
// neither version field nor journal tell of it.
func (p *place) put(key string, v *bag, at int64, unnoticed bool) simple.Object {
	version := p.objects[key].Version
	if key == "" {
		p.next++
		key = fmt.Sprintf("k%03d", p.next)
	}
	if !unnoticed {
		p.rev++
		version = "v" + strconv.Itoa(p.rev)
		p.journal = append(p.journal, key)
	}
	if _, there := p.objects[key]; !there && unnoticed {
		p.silent[key] = true
	}
	o := simple.Object{Key: key, Version: version, Modified: at, Value: v}
	p.objects[key] = o
	return o
}

func (p *place) drop(key string, unnoticed bool) {
	delete(p.objects, key)
	if !unnoticed {
		p.journal = append(p.journal, key)
	}
}

func (p *place) holds(uid string) bool {
	for _, o := range p.objects {
		if Str(o.Value, KeyUID) == uid {
			return true
		}
	}
	return false
}

func (p *place) write(do func()) error {
	if p.dead != nil && p.dead() {
		return errors.Join(ErrCrash, engine.ErrGone)
	}
	p.writes++
	do()
	if p.dead != nil && p.dead() {
		return errors.Join(ErrCrash, engine.ErrGone)
	}
	return nil
}

func (p *place) take(key string, v *bag) (o simple.Object, err error) {
	if p.refuse != nil {
		if err := p.refuse(v); err != nil {
			return o, err
		}
	}
	err = p.write(func() { o = p.put(key, v, int64(p.rev), false) })
	if p.noUpload || p.noVersions {
		o.Version = ""
	}
	return o, err
}

func (p *place) Create(_ context.Context, v *bag) (simple.Object, error) { return p.take("", v) }

// same reports whether the object is still the one that the caller saw.
func (p *place) same(old simple.Object) error {
	switch have, ok := p.objects[old.Key]; {
	case !ok:
		return simple.ErrNotFound
	case !p.noVersions && have.Version != old.Version:
		return engine.ErrChanged
	}
	return nil
}

func (p *place) Update(_ context.Context, old simple.Object, v *bag) (simple.Object, error) {
	if err := p.same(old); err != nil {
		return simple.Object{}, err
	}
	return p.take(old.Key, v)
}

func (p *place) Delete(_ context.Context, old simple.Object) error {
	if err := p.same(old); err != nil {
		return err
	}
	if p.refuse != nil {
		if err := p.refuse(p.objects[old.Key].Value); err != nil {
			return err
		}
	}
	return p.write(func() { p.drop(old.Key, false) })
}

// logPlace is a place with a journal.
type logPlace struct{ *place }

func (p logPlace) Anchor(context.Context) ([]byte, error) {
	return []byte(strconv.Itoa(len(p.journal))), nil
}

func (p logPlace) Changes(_ context.Context, anchor []byte) (d simple.Delta, err error) {
	from, err := strconv.Atoi(string(anchor))
	if err != nil || from < p.oldest || from > len(p.journal) {
		return d, simple.ErrAnchor
	}
	to := len(p.journal)
	if p.paged > 0 {
		to = min(to, from+p.paged)
	}
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

// simMeta is a metadata store that counts and dies.
type simMeta struct {
	metastore.Store
	writes int
	dead   func() bool
}

func (m *simMeta) Update(ctx context.Context, fn func(metastore.Tx) error) error {
	if m.dead != nil && m.dead() {
		return ErrCrash
	}
	err := m.Store.Update(ctx, fn)
	if err == nil {
		m.writes++
		if m.dead != nil && m.dead() {
			return ErrCrash
		}
	}
	return err
}
