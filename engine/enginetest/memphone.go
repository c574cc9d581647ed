package enginetest

import (
	"context"
	"maps"
	"slices"
	"strings"

	"cradle/engine"
	"cradle/valuebag"

	"github.com/google/uuid"
)

// MemPhone is a partial participant in memory: objects by path, and a state.
type MemPhone struct {
	Serial  string
	schema  engine.Schema
	objects map[string]memObject
	state   *memState
	clock   *int64 // shared by copies: stamps are never used twice
	// Cut, when it returns true, pulls the cable before the next operation.
	Cut func() bool
	// Writes counts what was written there, the state included.
	Writes int
}

type memObject struct {
	value *valuebag.Values
	stamp int64 // changes with every write
	at    int64 // time of change
	sent  int64 // the stamp of what a session last wrote there; 0: none did
}

type memState struct {
	marks  map[engine.ReplicaID][16]byte
	scopes map[string]*engine.PartialState
}

// NewMemPhone makes an empty phone for one scope.
func NewMemPhone(serial string, schema engine.Schema, clock *int64) *MemPhone {
	return &MemPhone{Serial: serial, schema: schema, objects: map[string]memObject{}, clock: clock}
}

// Copy is the phone as a backup of it would be, or a clone under another serial.
func (p *MemPhone) Copy(serial string) *MemPhone {
	c := *p
	c.Serial = serial
	c.objects = maps.Clone(p.objects)
	return &c
}

// Wipe takes the state away and leaves the objects.
func (p *MemPhone) Wipe() { p.state = nil }

func pathOf(v *valuebag.Values, id engine.ItemID) string {
	name := Str(v, KeyUID)
	if name == "" {
		name = id.String()[:8]
	}
	return Str(v, KeyCollection) + "/" + name
}

// Edit is what the phone's user does to the object at path; nil deletes it.
func (p *MemPhone) Edit(path string, v *valuebag.Values, at int64) {
	if v == nil {
		delete(p.objects, path)
		return
	}
	*p.clock++
	p.objects[path] = memObject{v, *p.clock, at, p.objects[path].sent}
}

// Objects lists what is there, by path.
func (p *MemPhone) Objects() map[string]*valuebag.Values {
	out := map[string]*valuebag.Values{}
	for path, o := range p.objects {
		out[path] = o.value
	}
	return out
}

func (p *MemPhone) cut() bool { return p.Cut != nil && p.Cut() }

func (p *MemPhone) Facts() engine.PeerFacts {
	f := engine.PeerFacts{ID: engine.PeerID(uuid.NewSHA1(uuid.UUID{1}, []byte(p.Serial))), Serial: p.Serial, Name: p.Serial}
	if p.state != nil {
		f.HasState, f.Marks = true, p.state.marks
		f.Knowledge = map[string]engine.Knowledge{}
		for n, s := range p.state.scopes {
			f.Knowledge[n] = s.Knowledge
		}
	}
	return f
}

func (p *MemPhone) State(scope string) *engine.PartialState {
	if p.state == nil || p.state.scopes[scope] == nil {
		return &engine.PartialState{}
	}
	return p.state.scopes[scope]
}

func (p *MemPhone) Survey(ctx context.Context, scopes []string, views engine.Views) (map[string]*engine.Survey, error) {
	if p.cut() {
		return nil, engine.ErrGone
	}
	scope := p.schema.Name()
	st := p.State(scope)
	byPath := map[string]*engine.PartialItem{}
	for i := range st.Items {
		if !st.Items[i].Meta.Deleted {
			byPath[st.Items[i].Place.Path] = &st.Items[i]
		}
	}
	s := &engine.Survey{Named: map[engine.ItemID]string{}}
	seen := map[engine.ItemID]bool{}
	for _, path := range slices.Sorted(maps.Keys(p.objects)) {
		o := p.objects[path]
		s.Present++
		place := engine.Place{Path: path, Modified: o.stamp}
		it := byPath[path]
		if part := idPart(path); it != nil && part != "" && p.schema.UID(o.value) == "" && !strings.HasPrefix(it.Meta.ID.String(), part) {
			s.Named[it.Meta.ID] = part
		}
		if it != nil && it.Place.Modified == o.stamp {
			seen[it.Meta.ID] = true
			continue
		}
		obj := engine.Surveyed{Place: place, Value: o.value, Edited: o.at}
		switch uid := p.schema.UID(o.value); {
		case uid != "":
			obj.ID = engine.ItemIDFromUID(scope, uid, 1)
		case it != nil:
			obj.ID = it.Meta.ID
		case !p.namedAfter(path).IsZero() && !seen[p.namedAfter(path)]:
			obj.ID = p.namedAfter(path)
		default:
			obj.Anonymous, obj.NamedAfter = true, idPart(path)
			d := engine.Digest(p.schema.ContentDigest(o.value))
			for n := 1; obj.ID.IsZero() || seen[obj.ID]; n++ {
				obj.ID = engine.ItemIDFromContent(scope, d, n)
			}
		}
		if seen[obj.ID] {
			continue
		}
		seen[obj.ID] = true
		s.Objects = append(s.Objects, obj)
	}
	for i := range st.Items {
		if m := &st.Items[i].Meta; !m.Deleted && !seen[m.ID] {
			s.Absent = append(s.Absent, m.ID)
		}
	}
	slices.SortFunc(s.Objects, func(a, b engine.Surveyed) int { return a.ID.Compare(b.ID) })
	return map[string]*engine.Survey{scope: s}, nil
}

func (p *MemPhone) Load(ctx context.Context, scope string, id engine.ItemID, place engine.Place) (*valuebag.Values, error) {
	if p.cut() {
		return nil, engine.ErrGone
	}
	o, ok := p.objects[place.Path]
	if !ok || o.stamp != place.Modified {
		return nil, engine.ErrChanged
	}
	return o.value, nil
}

func (p *MemPhone) Prepare(context.Context, int, int64) error { return nil }
func (p *MemPhone) ReadOnly() error                           { return nil }

func (p *MemPhone) Target(scope string, w engine.Write) engine.Place {
	if w.Old != nil && strings.HasPrefix(w.Old.Path, Str(w.Value, KeyCollection)+"/") {
		return engine.Place{Path: w.Old.Path}
	}
	path := pathOf(w.Value, w.ID)
	for {
		if _, taken := p.objects[path]; !taken {
			return engine.Place{Path: path}
		}
		path += "+"
	}
}

func (p *MemPhone) Write(ctx context.Context, scope string, w engine.Write) (engine.Place, error) {
	if p.cut() {
		return engine.Place{}, engine.ErrGone
	}
	p.Writes++
	path := p.Target(scope, w).Path
	if w.Old != nil {
		if o, ok := p.objects[w.Old.Path]; !ok || o.stamp != w.Old.Modified {
			return engine.Place{}, engine.ErrChanged
		}
		delete(p.objects, w.Old.Path)
	}
	*p.clock++
	p.objects[path] = memObject{w.Value, *p.clock, *p.clock, *p.clock}
	return engine.Place{Path: path, Modified: *p.clock}, nil
}

func (p *MemPhone) Remove(ctx context.Context, scope string, id engine.ItemID, old engine.Place) error {
	if p.cut() {
		return engine.ErrGone
	}
	if o, ok := p.objects[old.Path]; !ok || o.stamp != old.Modified {
		return engine.ErrChanged
	}
	p.Writes++
	delete(p.objects, old.Path)
	return nil
}

func (p *MemPhone) Commit(ctx context.Context, marks map[engine.ReplicaID][16]byte, states map[string]*engine.PartialState) error {
	if p.cut() {
		return engine.ErrGone
	}
	p.Writes++
	p.state = &memState{marks: maps.Clone(marks), scopes: maps.Clone(states)}
	return nil
}

// namedAfter is the item of the state whose ID an object's name carries: any
// computer names the objects that it makes so.
func (p *MemPhone) namedAfter(path string) (id engine.ItemID) {
	name := idPart(path)
	for _, it := range p.State(p.schema.Name()).Items {
		if it.Meta.ID.String()[:8] == name {
			return it.Meta.ID
		}
	}
	return id
}

// idPart is the part of an item's ID that an object's name carries; empty where the
// name has another form.
func idPart(path string) string {
	name := strings.TrimRight(path[strings.LastIndexByte(path, '/')+1:], "+")
	if len(name) != 8 || strings.Trim(name, "0123456789abcdef") != "" {
		return ""
	}
	return name
}

// Listed reports whether the state lists the object at path, and was written after any
// session wrote there. One that it was about to take away counts as gone.
func (p *MemPhone) Listed(path string) bool {
	if p.state == nil {
		return false
	}
	for _, s := range p.state.scopes {
		for i := range s.Items {
			if it := &s.Items[i]; !it.Meta.Deleted && !it.Leaving && it.Place.Path == path && it.Place.Modified >= p.objects[path].sent {
				return true
			}
		}
	}
	return false
}

// Touched reports whether the object at path isn't as the state says, if it says anything
// of it.
func (p *MemPhone) Touched(path string) bool {
	for _, it := range p.State(p.schema.Name()).Items {
		if !it.Meta.Deleted && it.Place.Path == path && it.Place.Modified == p.objects[path].stamp {
			return false
		}
	}
	return true
}

// Unsynced reports whether an object isn't as the state says: nobody has
// versioned what it holds.
func (p *MemPhone) Unsynced() bool {
	for path, o := range p.objects {
		ok := false
		for i := range p.State(p.schema.Name()).Items {
			it := &p.State(p.schema.Name()).Items[i]
			ok = ok || !it.Meta.Deleted && it.Place.Path == path && it.Place.Modified == o.stamp
		}
		if !ok {
			return true
		}
	}
	return false
}

// Nameless reports whether an object has no UID: without its line in a state it
// is known by its path alone.
func (p *MemPhone) Nameless() bool {
	for _, o := range p.objects {
		if p.schema.UID(o.value) == "" {
			return true
		}
	}
	return false
}

// Unlisted are the objects without a UID that the phone's state doesn't list.
func (p *MemPhone) Unlisted() []*valuebag.Values {
	listed := map[string]bool{}
	for _, it := range p.State(p.schema.Name()).Items {
		listed[it.Place.Path] = listed[it.Place.Path] || !it.Meta.Deleted
	}
	var out []*valuebag.Values
	for path, o := range p.objects {
		if p.schema.UID(o.value) == "" && !listed[path] {
			out = append(out, o.value)
		}
	}
	return out
}
