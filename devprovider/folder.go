package devprovider

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"cradle/engine"
	"cradle/pim"
	"cradle/valuebag"
)

// ErrNoStorage: the device shows no storage, as a locked phone does.
var ErrNoStorage = errors.New("the phone shows no storage: unlock it and choose file transfer")

// Cache is what this computer remembers of objects that it read although they may
// not have changed. Nothing of it is ever written to the device. Losing it costs
// time, nothing else.
type Cache interface {
	// Known reports whether Remember was called for a place equal in every field.
	Known(place engine.Place) bool
	// Remember notes that the object that looks like place has the body place.Body.
	Remember(place engine.Place)
}

// FailureCache is a Cache that also remembers why an object could not be taken,
// so that it isn't read again until it changes. The places have no Body.
type FailureCache interface {
	Failure(place engine.Place) (reason string, known bool)
	RememberFailure(place engine.Place, reason string)
}

// Options of a Folder.
type Options struct {
	Serial   string // the device's serial; empty when it has none
	Name     string // the device's name, for a person
	Kinds    []*pim.Kind
	ReadOnly bool // never write: a person asked for that
	// Cache of this computer for this device; nil remembers nothing.
	Cache Cache
	// Models keeps on this computer what was learned of devices of this model; nil
	// remembers nothing.
	Models  NoteCache
	Program string // name and version, noted in the state
	Now     Clock
	Rand    io.Reader
	Log     *slog.Logger
}

// Folder is the folder profile of a device as an engine.Partial.
type Folder struct {
	store ObjectStore
	opt   Options
	log   *slog.Logger
	kinds map[string]*pim.Kind
	clock deviceClock

	storages []Storage
	home     string // the storage of the state and of new objects; "" when none is writable
	id       engine.PeerID
	state    *state
	hasState bool
	blocked  error // why nothing can be written; nil when it can
	newer    error

	generations []generation // the state's files that were found
	stateTime   int64        // of the newest state object on the device; 0 unknown
	highest     uint64       // the highest generation of any state seen

	seen      map[spot]object
	folders   map[spot]*folderNames
	bundles   map[spot]*bundle
	foundNote string             // of the last discovery
	roots     map[string][]Entry // what discovery needs of the storages' roots
	gone      map[spot]bool      // vdirs' folders that the last walk didn't find
	listed    map[spot]bool      // those that it asked for
	holds     map[spot]fileKinds // what the files of vdirs' folders are
	below     map[spot][]string  // the folders found below a vdir's
	steps     []step
	alias     map[spot]string              // where an object lies until the steps are done
	ready     bool                         // the tree and its README are there
	unsaved   bool                         // the state has learned of a bundle what no item tells
	healing   map[itemKey]*valuebag.Values // full texts that the next commit writes again
	checked   bool                         // some were read to see that they are whole
	notes     []engine.ItemError
	strays    []string          // what lies in Cradle and is passed over
	bodies    int64             // bodies of items that were read
	noted     map[string]string // what Models said, each asked once
	items     Items             // of the store that the last survey was for; nil: it gives none

	wholes   map[wholeKey]string           // the full texts on the device, with their storage; nil until listed
	texts    map[wholeKey]*valuebag.Values // of those that were read or written
	fresh    map[itemKey]*shadow           // of what was written in this session; nil: all of it is there
	restored map[itemKey]restored          // by the last survey
	behind   map[itemKey]bool              // of which the new full text wasn't taken by the device
}

// spot is where an object lies.
type spot struct{ storage, path string }

func spotOf(p engine.Place) spot { return spot{p.Storage, p.Path} }

// object is what is known of an object that was seen whole in this session.
type object struct {
	size, modified int64
	at             int64 // the device's time when it was looked at
	body           engine.Digest
	single         bool // one item, with its UID if it was read
	read           bool
	uid            string
}

// phones is the namespace of the IDs of devices with a serial. It is part of the
// format of every state.
var phones = uuid.MustParse("6f1c2f0e-7a52-4c1f-9b0e-2d3e5a8c4200")

// Open reads what a device's state says. It writes nothing.
//
// A state of a newer program is no error here: ReadOnly and Survey then tell
// engine.ErrNewer. A device without a storage gives ErrNoStorage.
func Open(ctx context.Context, store ObjectStore, opt Options) (*Folder, error) {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Rand == nil {
		opt.Rand = rand.Reader
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Kinds == nil {
		opt.Kinds = pim.Kinds()
	}
	f := &Folder{
		store: store, opt: opt, log: opt.Log, kinds: map[string]*pim.Kind{},
		clock: deviceClock{now: opt.Now},
		seen:  map[spot]object{}, folders: map[spot]*folderNames{}, bundles: map[spot]*bundle{}, alias: map[spot]string{},
		noted: map[string]string{}, fresh: map[itemKey]*shadow{}, restored: map[itemKey]restored{},
	}
	for _, k := range opt.Kinds {
		f.kinds[k.Name()] = k
	}
	var err error
	if f.storages, err = store.Storages(ctx); err != nil {
		return nil, fmt.Errorf("storages: %w", err)
	}
	if len(f.storages) == 0 {
		return nil, ErrNoStorage
	}
	if err := f.loadState(ctx); err != nil {
		return nil, err
	}
	if err := f.identify(); err != nil {
		return nil, err
	}
	f.chooseHome()
	return f, nil
}

// identify settles under which ID the device takes part.
func (f *Folder) identify() error {
	switch {
	case f.opt.Serial != "":
		f.id = engine.PeerID(uuid.NewSHA1(phones, []byte(f.opt.Serial)))
	case f.hasState && f.state.serial == "":
		f.id = f.state.phone
	case f.origin() != "":
		// Until a state says otherwise: a first session that breaks off is known
		// again in the next one.
		f.id = engine.PeerID(uuid.NewSHA1(phones, []byte("origin\x00"+f.origin())))
	default:
		id, err := uuid.NewRandomFromReader(f.opt.Rand)
		if err != nil {
			return fmt.Errorf("an ID for the phone: %w", err)
		}
		f.id = engine.PeerID(id)
	}
	return nil
}

// origin names a device without a serial by where it is; "" when that says
// nothing.
func (f *Folder) origin() string {
	if o, ok := f.store.(interface{ Origin() string }); ok {
		return o.Origin()
	}
	return ""
}

// chooseHome finds the storage for the state and for new objects: the one that
// holds the state, else one that has the tree, else the first that can be written.
func (f *Folder) chooseHome() {
	f.home = ""
	hasTree := func(s string) bool { return f.folders[spot{s, ""}].has(rootFolder) }
	rank := func(s Storage) int {
		switch {
		case !s.Writable:
			return 0
		case f.holdsState(s.Name):
			return 3
		case hasTree(s.Name):
			return 2
		}
		return 1
	}
	best := 0
	for _, s := range f.storages {
		if r := rank(s); r > best {
			best, f.home = r, s.Name
		}
	}
	switch {
	case f.newer != nil:
		f.blocked = f.newer
	case f.opt.ReadOnly:
		f.blocked = fmt.Errorf("%w: as asked for", ErrReadOnly)
	case f.home == "":
		f.blocked = fmt.Errorf("%w: no storage of the phone can be written", ErrReadOnly)
	}
}

func (f *Folder) storage(name string) *Storage {
	for i := range f.storages {
		if f.storages[i].Name == name {
			return &f.storages[i]
		}
	}
	return nil
}

// ReadOnly says why nothing can be written to the device; nil when it can.
func (f *Folder) ReadOnly() error { return f.blocked }

// Facts tells what the device's newest whole state says.
func (f *Folder) Facts() engine.PeerFacts {
	facts := engine.PeerFacts{
		ID: f.id, Serial: f.opt.Serial, Name: f.opt.Name, HasState: f.hasState,
		Marks: map[engine.ReplicaID][16]byte{}, Knowledge: map[string]engine.Knowledge{},
	}
	for id, mark := range f.state.marks {
		facts.Marks[id] = mark
	}
	for name, sc := range f.state.scopes {
		facts.Knowledge[name] = sc.Knowledge
	}
	return facts
}

// State is what the state says of a scope; empty when it says nothing.
func (f *Folder) State(scope string) *engine.PartialState {
	if sc := f.state.scopes[scope]; sc != nil {
		return &sc.PartialState
	}
	return &engine.PartialState{}
}

// Notes tells what a person may want to know of the surveys of this session although
// nothing failed: further holders of a UID, superseded copies, lines that were set
// aside. What the state knows afterwards isn't told again in the next session.
func (f *Folder) Notes() []engine.ItemError { return f.notes }

// BodiesRead counts the items' bodies that were read from the device so far: a
// survey reads only what is new or may have changed.
func (f *Folder) BodiesRead() int64 { return f.bodies }

// Home is the storage of the state and of new objects, and Tree the folder that
// holds them, for a person.
func (f *Folder) Home() (storage, tree string) { return f.home, rootFolder }

// folderNames are the names that lie in a folder, for finding a free one. FAT and
// Android's shared storage don't tell case apart.
type folderNames struct {
	listed  []string
	torn    map[string]bool // names of torn files
	partial error           // why it could not be listed whole; nil when it was
	// Made when they are first asked for: a run that writes nothing needs neither.
	names  map[string]bool
	folded map[string]int
}

func (n *folderNames) index() {
	if n.names != nil {
		return
	}
	n.names, n.folded = make(map[string]bool, len(n.listed)), make(map[string]int, len(n.listed))
	for _, name := range n.listed {
		n.add(name)
	}
	n.listed = nil
}

// has reports whether a name is taken, in any case.
func (n *folderNames) has(name string) bool {
	if n == nil {
		return false
	}
	n.index()
	return n.folded[fold(name)] > 0
}

// exact reports whether the name is there in just this case.
func (n *folderNames) exact(name string) bool {
	if n == nil {
		return false
	}
	n.index()
	return n.names[name]
}

func (n *folderNames) add(name string) {
	n.index()
	if !n.names[name] {
		n.names[name] = true
		n.folded[fold(name)]++
	}
}

func (n *folderNames) remove(name string) {
	if n == nil {
		return
	}
	n.index()
	if n.names[name] {
		delete(n.names, name)
		n.folded[fold(name)]--
	}
	delete(n.torn, name)
}

// list lists a folder and remembers its names. A folder that isn't there is
// fs.ErrNotExist.
func (f *Folder) list(ctx context.Context, storage, folder string) (Listing, error) {
	l, err := f.store.List(ctx, storage, folder)
	key := spot{storage, folder}
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			delete(f.folders, key)
		}
		return Listing{}, err
	}
	n := &folderNames{listed: make([]string, len(l.Entries)), torn: map[string]bool{}}
	for i := range l.Entries {
		n.listed[i] = l.Entries[i].Name
	}
	n.partial = l.partial()
	f.folders[key] = n
	if folder == "" {
		f.keepRoot(storage, &l)
	}
	return l, nil
}

// names gives the names of a folder, listing it if that wasn't done yet; nil when
// it isn't there.
func (f *Folder) names(ctx context.Context, storage, folder string) (*folderNames, error) {
	if n, ok := f.folders[spot{storage, folder}]; ok {
		return n, nil
	}
	if folder != "" {
		up, err := f.names(ctx, storage, parent(folder))
		if err != nil {
			return nil, err
		}
		if !up.has(base(folder)) {
			if up != nil && up.partial != nil {
				return nil, fmt.Errorf("nobody knows whether %s is there: %w", folder, up.partial)
			}
			return nil, nil
		}
	}
	if _, err := f.list(ctx, storage, folder); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, err
	}
	return f.folders[spot{storage, folder}], nil
}
