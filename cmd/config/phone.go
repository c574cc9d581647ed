package config

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// Phone is the table of one phone: [phone."SERIAL"].
type Phone struct {
	// Folders are the vdirs on the phone that are synced where they lie, beside the
	// Cradle folder.
	Folders []Folder `toml:"folders"`
	// Discover says what becomes of vdirs that nobody named.
	Discover Discover `toml:"discover"`
	// Collections are the phone's collections, by name, that are others of the store.
	Collections map[string]Collection `toml:"collections"`
	// Auto says whether a paired phone is synced by itself when it is plugged in; nil:
	// yes.
	Auto *bool `toml:"auto"`
	// Kinds are those that are synced; none: all.
	Kinds []ItemKind `toml:"kinds"`
	// Conflict is the preset of a sync without --conflict; empty: newest.
	Conflict Conflict `toml:"conflict"`
	// Direction says which way items go; empty: two-way.
	Direction Direction `toml:"direction"`
	// Filter is what the phone isn't given.
	Filter
}

// Automatic reports whether the phone is synced by itself, once it is paired.
func (p Phone) Automatic() bool { return p.Auto == nil || *p.Auto }

// over gives p's settings, and base's where p says nothing. Lists are joined.
func (p Phone) over(base Phone) Phone {
	for _, f := range p.Folders {
		base.Folders = append(slices.DeleteFunc(slices.Clone(base.Folders), func(o Folder) bool {
			return o.Path == f.Path && o.Storage == f.Storage
		}), f)
	}
	if p.Discover != "" {
		base.Discover = p.Discover
	}
	if p.Collections != nil {
		joined := maps.Clone(base.Collections)
		if joined == nil {
			joined = map[string]Collection{}
		}
		maps.Copy(joined, p.Collections)
		base.Collections = joined
	}
	if p.Auto != nil {
		base.Auto = p.Auto
	}
	if p.Kinds != nil {
		base.Kinds = p.Kinds
	}
	if p.Direction != "" {
		base.Direction = p.Direction
	}
	if p.Conflict != "" {
		base.Conflict = p.Conflict
	}
	base.Filter = p.Filter.Over(base.Filter)
	return base
}

// check refuses what no single value can show to be wrong.
func (p Phone) check() error {
	for i, f := range p.Folders {
		if f.Path == "" {
			return fmt.Errorf("folder %d has no path: say path = \"Documents/Contacts\"", i+1)
		}
		if f.Collection != "" && f.Path.Below() {
			return fmt.Errorf("folder %q: each folder below is a collection of its own name: leave collection out", f.Path)
		}
		for _, o := range p.Folders[:i] {
			if o.Path == f.Path && o.Storage == f.Storage {
				return fmt.Errorf("folder %q is there twice", f.Path)
			}
		}
	}
	for name := range p.Collections {
		if strings.TrimSpace(name) == "" {
			return errors.New("collections: an empty name is no collection of the phone")
		}
	}
	return nil
}

// Folder is one vdir on the phone: a folder with one item a file.
type Folder struct {
	// Path is below the storage's root, with slashes. One that ends in "/*" stands
	// for every folder directly below, each a collection of its own name.
	Path Path `toml:"path"`
	// Kind says which new items of the collection go there; empty: what its files
	// are, cards or calendars. What lies there is taken whatever it is.
	Kind Kind `toml:"kind"`
	// Collection is the store's collection; empty: the folder's own name.
	Collection Collection `toml:"collection"`
	// Storage is the name or label of the phone's storage; empty: each that has the
	// folder.
	Storage string `toml:"storage"`
}

// Path is a folder's path below the root of a phone's storage.
type Path string

// Below reports whether the path stands for the folders directly below it.
func (p Path) Below() bool { return strings.HasSuffix(string(p), "/*") }

// UnmarshalText refuses what can't be a folder of a vdir.
func (p *Path) UnmarshalText(text []byte) error {
	s := string(text)
	clean := path.Clean(s)
	switch {
	case s == "" || clean == "." || clean == "/" || clean == "*" || clean == "/*":
		return fmt.Errorf("path %q: the storage's root is no vdir: name a folder", s)
	case path.IsAbs(s), strings.HasPrefix(clean, "../"), clean == "..", strings.Contains(s, `\`), !utf8.ValidString(s):
		return fmt.Errorf("path %q: want a folder below the storage's root, such as Documents/Contacts", s)
	case strings.Contains(strings.TrimSuffix(clean, "/*"), "*"):
		return fmt.Errorf("path %q: * may only stand alone at the end", s)
	case strings.EqualFold(clean, "Cradle") || len(clean) > 7 && strings.EqualFold(clean[:7], "Cradle/"):
		return fmt.Errorf("path %q: what lies in Cradle is synced anyway", s)
	}
	*p = Path(clean)
	return nil
}

// Kind is what a folder is for; empty: whatever it holds.
type Kind string

// kinds are the words of Kind.
var kinds = []string{"contacts", "events", "tasks", "notes", "calendars"}

// UnmarshalText refuses other words.
func (k *Kind) UnmarshalText(text []byte) error {
	if !slices.Contains(kinds, string(text)) {
		return fmt.Errorf("kind %q: want contacts, events, tasks, notes or calendars", text)
	}
	*k = Kind(text)
	return nil
}

// Scopes lists the kinds of items: of calendars that are events, tasks and notes.
func (k Kind) Scopes() []string {
	switch k {
	case "":
		return nil
	case "calendars":
		return []string{"events", "tasks", "notes"}
	}
	return []string{string(k)}
}

// ItemKind is one kind of items.
type ItemKind string

// UnmarshalText refuses other words.
func (k *ItemKind) UnmarshalText(text []byte) error {
	switch string(text) {
	case "contacts", "events", "tasks", "notes":
		*k = ItemKind(text)
		return nil
	}
	return fmt.Errorf("kind %q: want contacts, events, tasks or notes", text)
}

// Direction says which way items go.
type Direction string

// The words of Direction.
const (
	TwoWay    Direction = "two-way"    // the default
	FromPhone Direction = "from-phone" // the phone is only read, but for its sync state
	ToPhone   Direction = "to-phone"   // the phone is only written: the store's items stay as they are
)

// MarshalText gives the word.
func (d Direction) MarshalText() ([]byte, error) { return []byte(d), nil }

// UnmarshalText refuses other words.
func (d *Direction) UnmarshalText(text []byte) error {
	switch Direction(text) {
	case TwoWay, FromPhone, ToPhone:
		*d = Direction(text)
		return nil
	}
	return fmt.Errorf("direction %q: want two-way, from-phone or to-phone", text)
}

// Conflict is the preset that says who wins where one field changed on both sides.
type Conflict string

// UnmarshalText refuses other words.
func (c *Conflict) UnmarshalText(text []byte) error {
	switch string(text) {
	case "newest", "phone", "desktop", "both", "ask":
		*c = Conflict(text)
		return nil
	}
	return fmt.Errorf("conflict %q: want newest, phone, desktop, both or ask", text)
}

// Collection is the name of a collection.
type Collection string

// UnmarshalText refuses an empty name, which would say nothing.
func (c *Collection) UnmarshalText(text []byte) error {
	if strings.TrimSpace(string(text)) == "" {
		return errors.New("an empty collection: leave it out for the folder's own name")
	}
	*c = Collection(text)
	return nil
}

// Discover says what becomes of vdirs that lie on a phone and that nobody named.
type Discover string

// The words of Discover.
const (
	DiscoverTell Discover = "tell" // looked for and told; the default
	DiscoverUse  Discover = "use"  // taken as if they had been named
	DiscoverOff  Discover = "off"  // not looked for
)

// UnmarshalText refuses other words.
func (d *Discover) UnmarshalText(text []byte) error {
	switch Discover(text) {
	case DiscoverTell, DiscoverUse, DiscoverOff:
		*d = Discover(text)
		return nil
	}
	return fmt.Errorf("discover %q: want tell, use or off", text)
}
