package devprovider

import (
	"slices"
	"strings"

	"cradle/engine"
)

// report turns what was found into the engine's surveys.
func (s *survey) report(scopes []string) map[string]*engine.Survey {
	f := s.f
	out := make(map[string]*engine.Survey, len(scopes))
	for _, sc := range scopes {
		out[sc] = &engine.Survey{}
	}
	for i := range s.refs {
		r := &s.refs[i]
		sv := out[r.scope]
		if sv == nil {
			continue
		}
		switch {
		case r.found != nil: // reported with its object
			s.named(sv, r)
		case r.file != nil:
			sv.Present++
			s.named(sv, r)
			s.unread(sv, r)
		case s.vague[r] != nil:
			sv.Untouched = append(sv.Untouched, r.id())
		case f.blind(s.walk, spotOf(r.item.Place)) != nil:
			sv.Untouched = append(sv.Untouched, r.id())
		default:
			sv.Absent = append(sv.Absent, r.id())
		}
	}
	for _, fl := range s.walk.files {
		if fl.status != statusRead && fl.status != statusSame {
			continue
		}
		for i := range fl.held.items {
			it := &fl.held.items[i]
			switch {
			case it.id.IsZero():
			case it.broken != nil:
				out[it.scope].Present++
				out[it.scope].Failed = append(out[it.scope].Failed, engine.ItemError{Item: it.id, Path: fl.where(), Reason: it.broken})
			default:
				out[it.scope].Present++
				s.object(out[it.scope], it)
			}
		}
	}
	for _, e := range s.failed {
		for _, sc := range s.scopesOf(e, scopes) {
			out[sc].Failed = append(out[sc].Failed, e.err)
		}
	}
	for _, sc := range scopes[:min(1, len(scopes))] {
		out[sc].Unsaved = f.unsaved
	}
	for _, sv := range out {
		slices.SortFunc(sv.Objects, func(a, b engine.Surveyed) int { return a.ID.Compare(b.ID) })
		slices.SortFunc(sv.Absent, engine.ItemID.Compare)
		slices.SortFunc(sv.Untouched, engine.ItemID.Compare)
		slices.SortFunc(sv.Failed, func(a, b engine.ItemError) int { return strings.Compare(a.Path, b.Path) })
	}
	return out
}

// scopesOf says in which scope a failure is reported: that of its item, else that
// of the tree or vdir it lies in, else the first one asked for.
func (s *survey) scopesOf(e failure, scopes []string) []string {
	if e.scope != "" {
		if s.want[e.scope] {
			return []string{e.scope}
		}
		return nil
	}
	if t, _, ok := treeOfPath(e.err.Path); ok {
		if s.want[t.scope] {
			return []string{t.scope}
		}
		return nil
	}
	for _, v := range s.f.state.vdirs {
		// A vdir's trouble is told once, in the first kind that it is for.
		if len(v.Scopes) > 0 && strings.HasPrefix(e.err.Path, v.Folder+"/") && s.want[v.Scopes[0]] {
			return v.Scopes[:1]
		}
	}
	return scopes[:min(1, len(scopes))]
}

// unread reports an item whose file wasn't read, or was found to be as in the
// state, only where its place changed or the view gives it another ID.
func (s *survey) unread(sv *engine.Survey, r *ref) {
	fl := r.file
	place := r.item.Place
	view := s.otherID(fl, r)
	if fl.where() == place.Path && fl.storage == place.Storage && view.IsZero() {
		return
	}
	place.Storage, place.Path, place.Size, place.Modified = fl.storage, fl.where(), fl.entry.Size, fl.entry.Modified
	sv.Objects = append(sv.Objects, engine.Surveyed{
		ID: r.id(), ViewID: view, Place: place, Edited: s.f.clock.local(fl.entry.Modified),
	})
}

// named reports an item of the state whose object has a name that was made for
// another item.
func (s *survey) named(sv *engine.Survey, r *ref) {
	if !r.byPath || r.item.Place.Bundle {
		return
	}
	part := r.file.idPart()
	if part == "" || r.file.carries(r.id()) {
		return
	}
	if sv.Named == nil {
		sv.Named = map[engine.ItemID]string{}
	}
	sv.Named[r.id()] = part
}

// object reports an item that was read.
func (s *survey) object(sv *engine.Survey, it *item) {
	f, fl := s.f, it.file
	o := engine.Surveyed{
		ID: it.id, ViewID: it.viewID, Anonymous: it.anon, Value: it.value,
		Edited: f.clock.local(fl.entry.Modified),
		Place: engine.Place{
			Storage: fl.storage, Path: fl.where(), Size: fl.entry.Size, Modified: fl.entry.Modified,
			Body: fl.body, Bundle: fl.held.bundle,
		},
	}
	if it.anon && !fl.held.bundle {
		o.NamedAfter = fl.idPart()
	}
	if it.ref != nil && s.sameContent(it) {
		if o.Place == it.ref.item.Place && o.ViewID.IsZero() {
			return
		}
		o.Value = nil
	}
	sv.Objects = append(sv.Objects, o)
}

// sameContent reports whether an item is as in the state, its collection included.
func (s *survey) sameContent(it *item) bool {
	was := it.ref.item
	if parent(was.Place.Path) != parent(it.file.where()) || was.Place.Storage != it.file.storage {
		return false
	}
	if was.Place.Body == it.file.body && !it.file.held.bundle && !was.Place.Bundle {
		return true
	}
	if !it.file.held.bundle {
		return false
	}
	return contentOf(s.f.describe(it)) == contentOf(was.Meta.Units)
}
