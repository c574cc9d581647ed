package engine

import (
	"context"
	"errors"
	"time"

	"cradle/valuebag"
)

// Errors of participants that a session acts on.
var (
	// ErrChanged: the item is no longer as the plan saw it; it is left for the
	// next pass.
	ErrChanged = errors.New("changed since the plan was made")
	// ErrGone: the participant is no longer there (a pulled cable). It ends the
	// session; everything committed so far stands.
	ErrGone = errors.New("participant is gone")
	// ErrTorn: an object was written only in part. It is neither an edit nor a
	// deletion; a Write to its place replaces it.
	ErrTorn = errors.New("written only in part")
	// ErrNewer: a store or state is of a newer version than this program.
	ErrNewer = errors.New("written by a newer version of this program")
)

// Replica is a scope's own metadata at a full participant.
type Replica struct {
	ID        ReplicaID
	Tick      uint64 // the highest tick ever minted under ID
	Knowledge Knowledge
	Forgotten Knowledge
	// Marks: the latest mark of each other replica that is known here. One that its
	// maker doesn't know tells that it was restored from a backup.
	Marks map[ReplicaID]Mark
}

// Mark stands for a replica's changes up to a tick: random, durable with its maker
// before anybody gets them, and passed on with them.
type Mark struct {
	Tick uint64
	ID   [16]byte
}

// Store is a full participant: it keeps items and metadata and commits both
// together (sync-model §1.3 step 8). Scopes are named as their Schema.
type Store interface {
	// Admit shows the store what a peer's state holds, before anything else is
	// versioned or planned. A store that finds itself a copy or restored from a
	// backup takes new replica IDs here (sync-model G17).
	Admit(ctx context.Context, peer PeerFacts) (Meeting, error)
	Replica(ctx context.Context, scope string) (Replica, error)
	// Changes lists, in item-ID order, the metadata of every item, tombstones
	// included, that has a version which k doesn't contain.
	Changes(ctx context.Context, scope string, k Knowledge) ([]*ItemMeta, error)
	// Metas looks items up; unknown ones are absent from the map.
	Metas(ctx context.Context, scope string, ids []ItemID) (map[ItemID]*ItemMeta, error)
	// Load reads the items' bags; unknown or deleted ones are absent.
	Load(ctx context.Context, scope string, ids []ItemID) (map[ItemID]*valuebag.Values, error)
	// Heads reads what a plan says of items, of deleted ones the UID alone where it
	// is still known; others are absent.
	Heads(ctx context.Context, scope string, ids []ItemID) (map[ItemID]Head, error)
	// Settle takes in what other programs edited since (a full participant may
	// be edited at any time); it mints no ticks of its own.
	Settle(ctx context.Context) error
	// Anonymous lists live items whose text has no UID, for pairing by content.
	Anonymous(ctx context.Context, scope string) ([]ItemID, error)
	// Count is the number of live items of the scope.
	Count(ctx context.Context, scope string) (int, error)
	// ViewItems gives the view of a peer: for each item the rows the store keeps
	// of it, the newest first. ViewPaths finds rows by path, in any scope.
	ViewItems(ctx context.Context, scope string, peer PeerID, ids []ItemID) (map[ItemID][]ViewRow, error)
	ViewPaths(ctx context.Context, peer PeerID, paths []string) (map[string][]ViewRow, error)
	// Deferred lists the conflicts of a scope with a peer that neither side
	// learned (states waiting and held).
	Deferred(ctx context.Context, scope string, peer PeerID) ([]Conflict, error)
	// PutBacks lists what an undo wants a peer to have again, in item order.
	PutBacks(ctx context.Context, scope string, peer PeerID) ([]PutBack, error)
	// Update runs one transaction: all of it is committed or nothing.
	Update(ctx context.Context, scope string, fn func(Tx) error) error
}

// PeerFacts is what a partial participant's state tells before a session.
type PeerFacts struct {
	ID        PeerID
	Serial    string
	Name      string
	HasState  bool
	Marks     map[ReplicaID][16]byte // the last session mark of each store (by StoreID)
	Knowledge map[string]Knowledge   // by scope
	// Claims: the latest version of each replica that the state's items name, by scope.
	// An honest state names none that its maker didn't mint. A Session fills it in.
	Claims map[string][]Version
	// Given: marks of other replicas that a full participant holds, by scope.
	Given map[string]map[ReplicaID]Mark
}

// Meeting is how a store knows a peer.
type Meeting struct {
	Known   bool      // a session with this peer was committed before
	StoreID ReplicaID // the store's identity in session marks
	// Older: the state carries an earlier mark of this store than the last one that
	// SettleView confirmed: the peer was restored from a backup.
	Older bool
	// Unmarked: the state carries no mark of this store, although SettleView confirmed
	// one: it was wiped and begun anew, or the peer was restored to before that session.
	Unmarked bool
	Renewed  bool // the store took new replica IDs: it was copied or restored
	// Forgot: the store was made to forget the peer. What it deleted that the peer
	// never heard of comes back.
	Forgot bool
}

// ViewRow is what a store holds of one item at a peer: what it last took from
// there, or what it is about to write there (Announced, committed before the
// write). The former row stays until the peer's state is committed.
type ViewRow struct {
	Scope     string
	Path      string
	Body      Digest // digest of the object's bytes; zero when not known
	Announced bool
	Meta      ItemMeta // digests and versions; Deleted announces a deletion
}

// Head is what a plan says of a stored item.
type Head struct {
	UID     string
	Summary string
	Size    int64 // of its text, bytes
}

// Tx is a store's transaction in one scope.
type Tx interface {
	// Mint gives the next tick of the store's own replica, MintFor of a proxy;
	// ticks are durable with the transaction. Both raise the store's knowledge.
	Mint() (Version, error)
	MintFor(proxy ReplicaID) (Version, error)
	// Meta is the item's metadata as it is now (settled); nil when unknown.
	Meta(id ItemID) (*ItemMeta, error)
	// Put saves metadata and data. A nil value leaves the data alone; metadata
	// with Deleted set removes it and keeps the tombstone. An item with unsettled
	// edits of another program gives ErrChanged and is left alone. Any other error
	// concerns this item only when it is an *ItemError.
	Put(meta *ItemMeta, value *valuebag.Values) error
	// Drop removes an item and all that is known of it, without a tombstone. One with
	// unsettled edits of another program stays.
	Drop(id ItemID) error
	// Tombstones lists, in ID order, those that were saved before a time and that no
	// open conflict or undo needs. A deletion made here is listed only once it went
	// into a session: before, nobody else knows of it.
	Tombstones(before time.Time) ([]*ItemMeta, error)
	// Knowledge and SetKnowledge: what this store knows. SetKnowledge replaces.
	Knowledge() (Knowledge, error)
	SetKnowledge(Knowledge) error
	// Forgotten and SetForgotten: up to which versions tombstones may have been
	// dropped. SetForgotten replaces.
	Forgotten() (Knowledge, error)
	SetForgotten(Knowledge) error
	// PutView adds a row; SettleView makes the newest row of each item of the
	// peer the only one, no longer announced: the peer's state with this mark was written.
	PutView(peer PeerID, row ViewRow) error
	SettleView(peer PeerID, mark [16]byte, ids []ItemID) error
	// PutBackDone notes that the peer has a value back, or never will: phone is what
	// it has now. Its versions go into the held conflicts of the item.
	PutBackDone(peer PeerID, item ItemID, phone *ItemMeta) error
	// Log records a conflict; a waiting or held one is found again by Deferred
	// until Obsolete is called for it.
	Log(run int64, c Conflict) error
	Obsolete(item ItemID, unit string) error
	// StartRun opens a run's record, once a session moves its first item.
	StartRun(RunInfo) (int64, error)
	// Before keeps the value that an item had at one side before the run, for undo.
	Before(run int64, img PreImage) error
	// Withdraw takes back what Before kept of items at one side, which were not written
	// after all. A run that is left with nothing, neither values nor conflicts, loses its
	// record: kept is false then, and the run's number isn't used any more.
	Withdraw(run int64, side Side, items []ItemID) (kept bool, err error)
	// CountRun replaces the run's counts by scope.
	CountRun(run int64, scope string, s Stats) error
	// Commit marks that a session with the peer was committed: mark goes into the
	// peer's state; shared is the highest own tick that went into the session.
	Commit(peer PeerFacts, mark [16]byte, shared uint64) error
}

// RunInfo is the head of a run's record.
type RunInfo struct {
	Peer   PeerID
	Phone  string
	At     time.Time
	Undoes int64 // the run that this one takes back; 0 none
}

// PreImage is the value of an item at one side before a run. A nil Value is
// absence.
type PreImage struct {
	Side  Side
	Item  ItemID
	Path  string // of the object on the peer
	Value *valuebag.Values
}

// PutBack is a value that an undo wants a peer to have again: that of before the
// run that it takes back. It stays listed until PutBackDone.
type PutBack struct {
	Scope string
	Item  ItemID
	Run   int64            // the undo's own run
	Path  string           // where the object was
	Value *valuebag.Values // nil: it wasn't there
}

// ItemError is an error that concerns one item; the session goes on.
type ItemError struct {
	Item   ItemID
	Path   string
	Reason error
}

func (e *ItemError) Error() string {
	if e.Path != "" {
		return e.Path + ": " + e.Reason.Error()
	}
	return e.Item.String() + ": " + e.Reason.Error()
}

func (e *ItemError) Unwrap() error { return e.Reason }

// Place is where an object lies at a partial participant and how it looked when
// it was last seen whole.
type Place struct {
	Storage  string // the storage's lasting name (volume identifier or label)
	Path     string // below the storage's root, "/" between names
	Size     int64
	Modified int64  // the participant's time of last change, Unix milliseconds; 0 unknown
	Body     Digest // of the bytes
	Bundle   bool   // one of several items in the file: read only
}

// PartialItem is an item's line in the state that a partial participant keeps.
type PartialItem struct {
	Meta  ItemMeta
	Place Place // zero for a tombstone
	// Outside: it is there although the filter keeps it out, because the
	// participant's user made or edited it. It stays.
	Outside bool
	// Leaving: its object was about to be taken away, because the filter keeps it
	// out. If it is gone, nobody deleted it.
	Leaving bool
}

// PartialState is what a partial participant keeps for one scope.
type PartialState struct {
	Knowledge Knowledge
	Forgotten Knowledge
	Items     []PartialItem // sorted by item ID, tombstones included
	// Filter says which items the state was written for.
	Filter Filter
	// Ghosts are items that were there and that the filter took away, by ID.
	// Knowledge contains their versions, but no computer learns them from it.
	Ghosts []Ghost
}

// Ghost is an item that left a participant with a filter.
type Ghost struct {
	ID ItemID
	// Versions are the greatest that the item had of each replica, ascending.
	Versions []Version
}

// Survey is what a partial participant holds now, compared with its state.
type Survey struct {
	// Objects that are new or may differ from the state, sorted by item ID;
	// unchanged ones are left out.
	Objects []Surveyed
	// Absent: items of the state whose objects are certainly gone.
	Absent []ItemID
	// Untouched: items that could not be looked at (a missing storage, a folder
	// that could not be listed whole); never taken as deleted, never written.
	Untouched []ItemID
	// Present counts the items that are there, changed or not.
	Present int
	// Failed: objects that could not be read or understood.
	Failed []ItemError
	// Unsaved: the participant learned something for its state that concerns no
	// item; the state is written although nothing else is.
	Unsaved bool
	// Named: live items of the state that are known by their place alone, and whose
	// object has a name that was made for another item, with NamedAfter of it.
	Named map[ItemID]string
}

// Surveyed is one object of a Survey.
type Surveyed struct {
	ID        ItemID
	Anonymous bool   // the ID isn't made from a UID and no state or view knew it
	ViewID    ItemID // the ID that the store's view gives the object where it differs from ID; else zero
	// NamedAfter is the beginning of the ID of the item that an Anonymous object's
	// name was made for: 8 lower-case hexadecimal digits or more; empty when the name
	// tells none. A user's own name may look like that.
	NamedAfter string
	Place      Place
	// Value is the item as read; nil when its body is known to be as in the state
	// and only its place changed (renamed, touched).
	Value  *valuebag.Values
	Edited int64 // the object's time on this computer's clock, Unix milliseconds; 0 unknown

	units []UnitMeta // the value's units, once described
}

// Views is what a survey may ask the store about a peer's objects.
type Views interface {
	// ByPath gives the rows that name these paths.
	ByPath(ctx context.Context, paths []string) (map[string][]ViewRow, error)
}

// Partial is a participant that keeps metadata for others and runs nothing
// (sync-model §1.8): a phone, or a folder on a USB stick.
type Partial interface {
	// Facts and State: what its newest whole state says. State of a scope that it
	// doesn't know is empty.
	Facts() PeerFacts
	State(scope string) *PartialState
	// Survey compares what is there with the state, for the given scopes.
	Survey(ctx context.Context, scopes []string, views Views) (map[string]*Survey, error)
	// Load reads an item as it is now. ErrChanged when the object is no longer as
	// place says.
	Load(ctx context.Context, scope string, id ItemID, place Place) (*valuebag.Values, error)
	// Prepare tells how much is going to be written: space is checked here.
	Prepare(ctx context.Context, writes int, bytes int64) error
	// Target is the place that Write is going to use: the name is the same from
	// any computer.
	Target(scope string, w Write) Place
	// Write creates or replaces an object and returns where it now lies. Remove
	// takes one away. ErrChanged when the old object is no longer as w.Old says;
	// an *ItemError concerns this item only; ErrGone ends the session.
	Write(ctx context.Context, scope string, w Write) (Place, error)
	Remove(ctx context.Context, scope string, id ItemID, old Place) error
	// Commit stores a new generation of the state, whole or not at all.
	Commit(ctx context.Context, marks map[ReplicaID][16]byte, states map[string]*PartialState) error
	// ReadOnly says why nothing can be written there; nil when it can.
	ReadOnly() error
}

// Write is one object to be written at a partial participant.
type Write struct {
	ID    ItemID
	Old   *Place // nil: it is created
	Value *valuebag.Values
}
