package devprovider

import (
	"bytes"
	"cmp"
	"compress/flate"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"cradle/engine"
	"cradle/pim"
	"cradle/valuebag"
)

// shadow tells what the device held of an item that it stores only in part, when it was
// last exchanged.
type shadow struct {
	body engine.Digest // of the device's object then
	sent engine.Digest // names the full text
	held []byte        // the units as the device had them: a bag without text, packed
}

// packShadow makes the shadow of an item.
func packShadow(k *pim.Kind, body, sent engine.Digest, held *valuebag.Values) (*shadow, error) {
	raw, err := k.Shadow(held).MarshalBinary()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression) // the level is a good one
	w.Write(raw)                                       //nolint:errcheck // memory takes it
	w.Close()                                          //nolint:errcheck // as above
	return &shadow{body: body, sent: short(sent), held: b.Bytes()}, nil
}

func (s *shadow) units() (*valuebag.Values, error) {
	raw, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(s.held)), maxObject))
	if err != nil {
		return nil, fmt.Errorf("what the phone held: %w", err)
	}
	v := valuebag.New(0)
	if err := v.UnmarshalBinary(raw); err != nil {
		return nil, fmt.Errorf("what the phone held: %w", err)
	}
	return v, nil
}

func compareKeys(a, b itemKey) int { return cmp.Or(cmp.Compare(a.scope, b.scope), a.id.Compare(b.id)) }

func sortedItems[V any](m map[itemKey]V) []itemKey {
	keys := make([]itemKey, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, compareKeys)
	return keys
}

func (s *state) appendShadows(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(s.shadows)))
	for _, k := range sortedItems(s.shadows) {
		sh := s.shadows[k]
		b = append(appendString(b, k.scope), k.id[:]...)
		b = append(append(b, sh.body[:]...), sh.sent[:8]...)
		b = appendBlob(b, sh.held)
	}
	return b
}

func (s *state) decodeShadows(c *cursor) {
	for n := c.Count(42, "a count of items stored in part"); n > 0 && c.Err == nil; n-- {
		k, sh := itemKey{scope: c.string("a scope")}, &shadow{}
		copy(k.id[:], c.Bytes(16, "an item ID"))
		copy(sh.body[:], c.Bytes(16, "a digest"))
		copy(sh.sent[:], c.Bytes(8, "a digest's beginning"))
		size := c.Count(1, "a length")
		sh.held = bytes.Clone(c.Bytes(size, "what the phone held"))
		if s.shadows[k] != nil && c.Err == nil {
			c.Fail("an item that is new")
		}
		s.shadows[k] = sh
	}
}

// restored is an item that the device holds in part, made whole by a survey.
type restored struct {
	body engine.Digest // of the object as it was read
	full *valuebag.Values
	held *valuebag.Values // as it was read
	from []wholeKey
}

// source is what an object may be part of.
type source struct {
	sent engine.Digest // digest of the text as it was sent; zero where the object was changed since
	full *valuebag.Values
	from []wholeKey
}

// whole makes an item whole that the device stores in part: the full text with what its
// user changed. ok is false where the device stores all of it. was are the units as the
// state has them, nil where it doesn't know the item.
func (f *Folder) whole(ctx context.Context, key itemKey, body engine.Digest, raw *valuebag.Values, was []engine.UnitMeta) (src source, ok bool, err error) {
	k := f.kinds[key.scope]
	sh := f.state.shadows[key]
	if sh != nil && sh.body == body {
		full, err := f.readWhole(ctx, key.scope, wholeKey{key.id, sh.sent})
		if err != nil {
			return src, false, err
		}
		return source{full: k.SetCollection(full, k.Collection(raw)), from: []wholeKey{{key.id, sh.sent}}}, true, nil
	}
	if err := f.listWholes(ctx); err != nil {
		return src, false, err
	}
	keys := f.wholesOf(func(id engine.ItemID) bool { return id == key.id })
	if sh == nil && len(keys) == 0 {
		return src, false, nil
	}
	var old, held *valuebag.Values
	if sh != nil {
		if held, err = sh.units(); err == nil {
			old, err = f.readWhole(ctx, key.scope, wholeKey{key.id, sh.sent})
		}
		if err != nil && (f.ends(ctx, err) || !errors.Is(err, errNoWhole)) {
			return src, false, err
		}
	}
	missing := err
	src.from = keys
	// A text that no state names was being written when the cable was pulled.
	var begun *valuebag.Values
	var sent wholeKey
	best := 0
	for _, c := range keys {
		if sh != nil && c.sent == sh.sent {
			continue
		}
		v, err := f.readWhole(ctx, key.scope, c)
		if err != nil {
			if f.ends(ctx, err) {
				return src, false, err
			}
			continue // torn: its object wasn't written
		}
		var n int
		if old != nil {
			n = nearer(k, raw, v, old)
		} else if was != nil {
			n = 1 + alike(engine.Describe(k, raw), engine.Describe(k, v)) - alike(engine.Describe(k, raw), was)
		} else {
			n = 1 + alike(engine.Describe(k, raw), engine.Describe(k, v))
		}
		if n > best {
			begun, sent, best = v, c, n
		}
	}
	switch {
	case begun != nil:
		full, err := k.Incoming(begun, nil, raw)
		if err != nil {
			return src, false, err
		}
		if k.Equal(full, k.SetCollection(begun, k.Collection(raw))) {
			src.sent = sent.sent
		}
		src.full = full
		return src, true, nil
	case old != nil:
		src.full, err = k.Incoming(old, held, raw)
		return src, err == nil, err
	case sh != nil:
		return src, false, missing
	}
	return src, false, nil
}

// nearer counts by how many elements an object is rather part of a than of b.
func nearer(k *pim.Kind, raw, a, b *valuebag.Values) int {
	n := 0
	for _, u := range k.Units() {
		if u == unitCollection {
			continue
		}
		in := func(v *valuebag.Values) []string {
			s, _ := v.GetStrings(k.KeyUnit(u))
			return s
		}
		x, y := in(a), in(b)
		for _, s := range in(raw) {
			if slices.Contains(x, s) {
				n++
			}
			if slices.Contains(y, s) {
				n--
			}
		}
	}
	return n
}

// restore makes the one item of a file that was read whole, if the device stores only
// part of it. An error ends the session; what concerns the item alone stands in it.
func (s *survey) restore(ctx context.Context, fl *file, it *item, id engine.ItemID, was []engine.UnitMeta) error {
	f := s.f
	key := itemKey{it.scope, id}
	src, ok, err := f.whole(ctx, key, fl.body, it.value, was)
	if err != nil {
		if f.ends(ctx, err) {
			return err
		}
		it.broken = err
		return nil
	}
	if !ok {
		return nil
	}
	f.restored[key] = restored{body: fl.body, full: src.full, held: it.value, from: src.from}
	it.raw, it.value, it.units, it.whole = it.value, src.full, nil, true
	it.uid = f.kinds[it.scope].UID(src.full)
	fl.sent = src.sent
	return nil
}

// restoreEarly makes whole what lies at a place of the state or is named after an item,
// before anything is compared by content.
func (s *survey) restoreEarly(ctx context.Context, fl *file) error {
	f := s.f
	if fl.held.bundle || fl.held.torn || len(fl.held.items) != 1 || len(f.state.shadows) == 0 && !f.hasWholes() {
		return nil
	}
	it := &fl.held.items[0]
	if len(fl.refs) == 1 && fl.refs[0].scope == it.scope {
		r := fl.refs[0]
		if it.uid == "" || r.byPath || holderOf(it.scope, it.uid, r.id()) > 0 {
			return s.restore(ctx, fl, it, r.id(), r.item.Meta.Units)
		}
		return nil
	}
	if err := f.listWholes(ctx); err != nil {
		return err
	}
	keys := f.wholesOf(func(id engine.ItemID) bool {
		return fl.carries(id) && (it.uid == "" || holderOf(it.scope, it.uid, id) > 0)
	})
	for _, k := range keys {
		return s.restore(ctx, fl, it, k.id, nil)
	}
	return nil
}

// inPart reports whether a file is known to be of an item that the device stores in part.
func (s *survey) inPart(fl *file) bool {
	if len(fl.refs) == 1 {
		return s.f.state.shadows[itemKey{fl.refs[0].scope, fl.refs[0].id()}] != nil
	}
	return len(fl.refs) == 0 && fl.idPart() != "" && s.f.hasWholes()
}

// hasWholes reports whether full texts may lie on the device, without listing them.
func (f *Folder) hasWholes() bool {
	if f.wholes != nil {
		return len(f.wholes) > 0
	}
	for _, s := range f.storages {
		if f.folders[spot{s.Name, stateFolder}].has(base(wholeFolder)) {
			return true
		}
	}
	return false
}

// Items is a Views that also gives the store's own items.
type Items interface {
	Items(ctx context.Context, scope string, ids []engine.ItemID) (map[engine.ItemID]*valuebag.Values, error)
}

// restoreLate makes whole what got its ID by its UID, its body or the view. Of an object
// that the device is known to hold in part, or that this computer was writing, and of
// which no full text lies there, the store's item says what it is part of.
func (s *survey) restoreLate(ctx context.Context) error {
	f := s.f
	want := map[string][]*item{}
	for _, fl := range s.walk.files {
		if fl.status != statusRead || fl.held.bundle {
			continue
		}
		for i := range fl.held.items {
			it := &fl.held.items[i]
			if it.id.IsZero() || it.whole {
				continue
			}
			if it.broken == nil && (it.ref != nil || f.hasWholes()) {
				var was []engine.UnitMeta
				if it.ref != nil {
					was = it.ref.item.Meta.Units
				}
				if err := s.restore(ctx, fl, it, it.id, was); err != nil {
					return err
				}
			}
			if !it.whole && (it.broken != nil || it.ref == nil && (f.rewrites(it.scope) || s.announced(fl, it))) {
				want[it.scope] = append(want[it.scope], it)
			}
		}
	}
	defer s.tellBroken()
	store, ok := s.views.(Items)
	if !ok {
		return nil
	}
	for _, scope := range sortedKeys(want) {
		ids := make([]engine.ItemID, len(want[scope]))
		for i, it := range want[scope] {
			ids[i] = it.id
		}
		values, err := store.Items(ctx, scope, ids)
		if err != nil {
			return err
		}
		for _, it := range want[scope] {
			if v := values[it.id]; v != nil {
				held := f.heldOf(itemKey{scope, it.id}, v)
				full, err := f.kinds[scope].Incoming(v, held, it.value)
				if err != nil {
					it.broken = err
					continue
				}
				f.restored[itemKey{scope, it.id}] = restored{body: it.file.body, full: full, held: it.value}
				it.raw, it.value, it.units, it.whole, it.broken = it.value, full, nil, true, nil
			}
		}
	}
	return nil
}

// tellBroken notes the full texts that were asked for and that nothing makes up for.
func (s *survey) tellBroken() {
	for _, fl := range s.walk.files {
		if fl.status != statusRead || fl.held.bundle {
			continue
		}
		for i := range fl.held.items {
			it := &fl.held.items[i]
			if sh := s.f.state.shadows[itemKey{it.scope, it.id}]; sh != nil && errors.Is(it.broken, errNoWhole) {
				s.f.markBroken(wholeKey{it.id, sh.sent})
			}
		}
	}
}

// heldOf is what the device held of an item that is the very text which was sent; nil
// where nobody knows.
func (f *Folder) heldOf(key itemKey, v *valuebag.Values) *valuebag.Values {
	sh := f.state.shadows[key]
	if sh == nil || short(bodyDigest(f.kinds[key.scope].Text(v))) != sh.sent {
		return nil
	}
	held, err := sh.units()
	if err != nil {
		return nil
	}
	return held
}

// announced reports whether this computer was writing the item there.
func (s *survey) announced(fl *file, it *item) bool {
	return slices.ContainsFunc(s.rowsAt(fl, it.scope), func(r *engine.ViewRow) bool { return r.Announced && r.Meta.ID == it.id })
}

// holdsStep reports whether a step's object is the one that its name tells of, as far as
// the device keeps it.
func (fl *file) holdsStep() bool {
	if fl.step.holds(fl.body) {
		return true
	}
	return !fl.sent.IsZero() && strings.Contains(hex.EncodeToString(fl.sent[:8]), fl.step.digest)
}

// keepRestored writes the full texts that the next state is going to name. Of an item
// whose text the phone doesn't take, for want of room say, the state goes on naming the
// text from before and what was held then: the difference from that is the same for
// whoever reads it next.
func (f *Folder) keepRestored(ctx context.Context, states map[string]*engine.PartialState) error {
	f.behind = map[itemKey]bool{}
	for name, st := range states {
		for i := range st.Items {
			it := &st.Items[i]
			key := itemKey{name, it.Meta.ID}
			r, ok := f.restored[key]
			if !ok || it.Meta.Deleted || it.Place.Body != r.body {
				continue
			}
			if sh, done := f.fresh[key]; done && (sh == nil || sh.body == r.body) {
				continue
			}
			k := f.kinds[name]
			if k.Whole(r.full, r.held) {
				f.fresh[key] = nil
				continue
			}
			w, err := f.writeWhole(ctx, name, key.id, r.full)
			if err != nil {
				if f.ends(ctx, err) {
					return err
				}
				f.log.Info("the full text of an item that the phone's user changed can't be written now", "err", err)
				if f.state.shadows[key] != nil || len(r.from) > 0 {
					f.behind[key] = true
					continue
				}
				f.markBroken(w) // this computer has the text
			}
			if f.fresh[key], err = packShadow(k, r.body, w.sent, r.held); err != nil {
				return err
			}
		}
	}
	return nil
}

// nextShadows are those of the next state: of each live item the one of its object as
// the state has it.
func (f *Folder) nextShadows(next *state) map[itemKey]*shadow {
	out := map[itemKey]*shadow{}
	if len(f.state.shadows)+len(f.fresh) == 0 {
		return out
	}
	for name, sc := range next.scopes {
		for i := range sc.Items {
			it := &sc.Items[i]
			key := itemKey{name, it.Meta.ID}
			if it.Meta.Deleted || it.Place.Bundle {
				continue
			}
			was := f.state.shadows[key]
			if f.behind[key] && was != nil {
				out[key] = was
				continue
			}
			if sh, ok := f.fresh[key]; ok && (sh == nil && (was == nil || was.body != it.Place.Body) || sh != nil && sh.body == it.Place.Body) {
				if sh != nil {
					out[key] = sh
				}
				continue
			}
			if was != nil && was.body == it.Place.Body {
				out[key] = was
			}
		}
	}
	return out
}

// dropWholes takes away the full texts that no state names, but for those that what is
// still to be taken over was made from.
func (f *Folder) dropWholes(ctx context.Context) {
	if len(f.wholes) == 0 {
		return
	}
	keep := map[wholeKey]bool{}
	name := func(s *state) {
		for key, sh := range s.shadows {
			keep[wholeKey{key.id, sh.sent}] = true
		}
	}
	name(f.state)
	for i := range f.generations {
		if s := f.generations[i].state; s != nil && s.serial != f.opt.Serial {
			name(s)
		}
	}
	bodies := map[itemKey]engine.Digest{}
	for scope, sc := range f.state.scopes {
		for i := range sc.Items {
			bodies[itemKey{scope, sc.Items[i].Meta.ID}] = sc.Items[i].Place.Body
		}
	}
	for key, r := range f.restored {
		if bodies[key] != r.body || f.behind[key] {
			for _, k := range r.from {
				keep[k] = true
			}
		}
	}
	for _, k := range f.wholesOf(func(engine.ItemID) bool { return true }) {
		if keep[k] {
			continue
		}
		if err := f.removeWhole(ctx, k); err != nil {
			f.log.Info("a full text that isn't needed any more can't be taken away now", "err", err)
			return
		}
	}
}
