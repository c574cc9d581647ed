package engine

import (
	"context"
	"errors"
	"fmt"

	"cradle/valuebag"
)

// Errors of an exchange.
var (
	// ErrOutdated: the other side forgot deletions that this one never heard of; a
	// batch that lists everything (Request.Full) is needed first (sync-model §1.6).
	ErrOutdated = errors.New("deletions were forgotten that are not known here")
	// ErrSameReplica: both sides write under one replica ID: one is a copy of the
	// other and did not notice.
	ErrSameReplica = errors.New("both sides are the same replica")
)

// Provider is a full participant of an Exchange: it tells what it knows, sends
// what another doesn't know, and takes in what it is sent (sync-model §1.3). Full
// makes one of a Keeper; a simple participant and one behind a pipe are Providers
// too. Scopes are named as their Schema.
type Provider interface {
	// Maintain takes in what changed at the participant since: each change gets a
	// version. It is the first act of an exchange.
	Maintain(ctx context.Context) error
	// Greet shows what the other side is and knows. A participant that finds itself
	// a copy or restored from a backup takes new replica IDs here (sync-model G17).
	Greet(ctx context.Context, peer map[string]Replica) error
	Replica(ctx context.Context, scope string) (Replica, error)
	// Batch gives the next changes from req.Low on, in item-ID order.
	Batch(ctx context.Context, scope string, req Request) (*Batch, error)
	// Process takes a batch in: data, metadata and what is learned in one
	// transaction. Items that fail are told of and not learned.
	Process(ctx context.Context, scope string, b *Batch, opt Processing) (*Outcome, error)
}

// Request asks for changes.
type Request struct {
	Known Knowledge // of who asks
	Low   ItemID    // changes of smaller items are not wanted
	Size  int       // how many items; a hint
	// Full: all items are listed, those that are known by their ID alone.
	Full bool
	// Filter says what of the scope the asker is to hold, by At (Unix milliseconds).
	Filter Filter
	At     int64
	// KeepDeletes: deletions that the source itself made aren't sent (LocalOnlyDelete).
	KeepDeletes bool
}

// Batch is an ordered group of changes: all that Source holds and the asker
// doesn't know of the items from Low to High, both included. That an item isn't
// listed is proof that there is nothing to say of it (sync-model §1.3, step 4).
type Batch struct {
	Source ReplicaID
	// Marks: Source's own, for all that the batch brings, and those it has of others;
	// empty when the batch brings nothing.
	Marks     map[ReplicaID]Mark
	MadeWith  Knowledge
	Forgotten Knowledge
	Low, High ItemID
	Changes   []Change // in item-ID order
	// Listed are, in a full batch, all items that the source has metadata of, in ID
	// order.
	Full   bool
	Listed []ItemID
	Left   int // items that are still to come: an estimate
	Last   bool
	// Filter is the asker's, under which the batch was made; Outside are, in ID order,
	// the source's live items of the range that it keeps out: nothing is taught of
	// them, and the asker lets go of those that it holds. Their versions are the greatest
	// of each replica; none are given where the asker has nothing of the item.
	Filter  Filter
	Outside []Ghost
	// Kept are, in ID order, items that the source deleted for itself alone: nothing is
	// taught of them.
	Kept []ItemID
	// Single: it teaches of the listed items alone (an unordered group).
	Single bool
}

// Change is one item of a batch. Value is nil of a deleted one.
type Change struct {
	Meta  *ItemMeta
	Value *valuebag.Values
}

// Processing says how a batch is to be taken in.
type Processing struct {
	Preset  Preset  // Phone: the source wins; Desktop: the destination; empty: Newest
	Resolve Resolve // asked first about every conflict; nil: the preset decides
	// Constraint settles a constraint conflict; empty: DeferConstraint.
	Constraint ConstraintPolicy
	// Unseen are units that the source isn't given: a deletion there takes them along,
	// whatever was done to them here.
	Unseen []string
	// StayDeleted: what the destination itself deleted stays deleted there, whatever
	// comes; it isn't learned, so that nothing is lost when that ends.
	StayDeleted bool
	// Preview: nothing is written or learned; the outcome tells what would be.
	Preview bool
	Now     func() int64 // Unix milliseconds
}

// Outcome is what became of a batch.
type Outcome struct {
	Moves                     Moves
	Known, Adopted, Conflicts int
	// Dropped: items removed because the source had deleted them and forgotten that.
	Dropped int
	// Failed items stay unlearned and come again. Retry: those that wait for another
	// item and may succeed once the rest has come.
	Failed []ItemError
	Retry  []Change
	Left   int // items with edits that are not settled yet
	// Actions lists what was done, or with Preview would be.
	Actions []Action
}

// Keeper is where a full participant keeps items and metadata, committed together.
type Keeper interface {
	// Settle takes in what other programs edited since.
	Settle(ctx context.Context) error
	// Renew is Provider.Greet.
	Renew(ctx context.Context, peer map[string]Replica) error
	Replica(ctx context.Context, scope string) (Replica, error)
	// Changed lists in ID order the items, tombstones included, that have a version
	// which k doesn't contain.
	Changed(ctx context.Context, scope string, k Knowledge) ([]ItemID, error)
	// Read gives items as they are now, in the order asked; unknown ones are left
	// out, the value of a deleted one is nil.
	Read(ctx context.Context, scope string, ids []ItemID) ([]Change, error)
	// Mark is the mark of the changes made so far: a new one if there were any
	// since the last.
	Mark(ctx context.Context, scope string) (Mark, error)
	// Apply runs one transaction: all of it is committed or nothing.
	Apply(ctx context.Context, scope string, fn func(KeeperTx) error) error
}

// KeeperTx is a Keeper's transaction in one scope. Methods that Tx has too do the
// same.
type KeeperTx interface {
	Mint() (Version, error)
	Meta(id ItemID) (*ItemMeta, error)
	// Value is an item's data; nil when it is unknown or deleted.
	Value(id ItemID) (*valuebag.Values, error)
	// Put saves an item as Tx.Put does. A *ConstraintError says that it can't stand
	// beside another item.
	Put(meta *ItemMeta, value *valuebag.Values) error
	// Drop removes an item and all that is known of it, without a tombstone.
	Drop(id ItemID) error
	// Range lists in ID order the items from low to high, tombstones included.
	Range(low, high ItemID) ([]ItemID, error)
	Knowledge() (Knowledge, error)
	SetKnowledge(Knowledge) error
	Forgotten() (Knowledge, error)
	SetForgotten(Knowledge) error
	// SetMark keeps a mark of another replica, unless a later one is known.
	SetMark(of ReplicaID, m Mark) error
	// Open lists the conflicts of an item with a source that nobody learned.
	Open(source ReplicaID, item ItemID) ([]Conflict, error)
	Log(run int64, c Conflict) error
	Obsolete(item ItemID, unit string) error
}

// Announcer is a KeeperTx whose Put is done at once, not at the end of the
// transaction. It is told before an item's Put what that will do, and keeps it where
// it outlives an end in between. All that is logged and learned later as everywhere.
type Announcer interface {
	Announce(item ItemID, what Announcement)
}

// Announcement is what a Put will do.
type Announcement struct {
	Settles []Conflict // what they say was lost it overwrites: it is nowhere else then
	Lesson             // empty where a part of the item is left undecided
}

// Lesson is what is known of an item once a change of it was taken in, with the marks
// of those who made what it holds.
type Lesson struct {
	Teaches Knowledge
	Marks   map[ReplicaID]Mark
}

// Lesson is what the batch teaches of the item that becomes m.
func (b *Batch) Lesson(m *ItemMeta) Lesson {
	l := Lesson{Teaches: b.MadeWith.ProjectItem(m.ID)}
	for _, v := range m.EachVersion {
		if mark, ok := b.Marks[v.Replica]; ok {
			if l.Marks == nil {
				l.Marks = map[ReplicaID]Mark{}
			}
			l.Marks[v.Replica] = mark
		}
	}
	return l
}

// ConstraintReason says why two different items can't both live in a store
// (sync-model §1.5).
type ConstraintReason string

// The reasons. Collision: another item has the same name or identity key.
// NoParent: what the item belongs to isn't there (yet). Identity: the sides
// disagree whether two IDs are one item.
const (
	Collision       ConstraintReason = "collision"
	NoParent        ConstraintReason = "no parent"
	Identity        ConstraintReason = "identity"
	OtherConstraint ConstraintReason = "other"
)

// ConstraintError is a store's refusal of an item because of another one.
type ConstraintError struct {
	Reason ConstraintReason
	Item   ItemID
	With   ItemID // the other item; zero when it isn't there
	Detail string
}

func (e *ConstraintError) Error() string {
	s := fmt.Sprintf("%s: %s", e.Item, e.Reason)
	if !e.With.IsZero() {
		s += " with " + e.With.String()
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

// ConstraintPolicy settles a constraint conflict.
type ConstraintPolicy string

// The policies. With Merge the smaller ID stays and the other gets a merge
// tombstone; the renames need a Renamer. A conflict that no policy settles is a
// failure of the item: it is logged, not learned, and comes again.
const (
	DeferConstraint    ConstraintPolicy = "defer"
	SourceWins         ConstraintPolicy = "source"
	DestinationWins    ConstraintPolicy = "destination"
	MergeConstraint    ConstraintPolicy = "merge"
	RenameSource       ConstraintPolicy = "rename-source"
	RenameDestination  ConstraintPolicy = "rename-destination"
	unsetConstraint    ConstraintPolicy = ""
	renamedNameSuffix                   = " (2)"
	defaultBatch                        = 512
	constraintAttempts                  = 8
)

// Renamer is a Schema whose items can get another name, so that two that collide
// can both stay.
type Renamer interface {
	Rename(item *valuebag.Values, suffix string) (*valuebag.Values, error)
}

// ConflictAction is what becomes of a concurrency conflict (sync-model §1.4).
type ConflictAction string

// The five actions. Defer: nothing is applied, learned or logged.
// TransferAndDefer: logged with the value that isn't applied. ByPreset: the
// preset decides.
const (
	ByPreset          ConflictAction = ""
	Defer             ConflictAction = "defer"
	AcceptSource      ConflictAction = "source"
	AcceptDestination ConflictAction = "destination"
	Merge             ConflictAction = "merge"
	TransferAndDefer  ConflictAction = "transfer-and-defer"
)

// Clash is a conflict that a Resolve is asked about. Unit is UnitDeleted where an
// edit met a deletion: then one of the values is nil.
type Clash struct {
	Scope                     string
	Item                      ItemID
	Unit                      string
	Source, Destination       *valuebag.Values
	SourceMeta, LocalMeta     *ItemMeta
	SourceEdited, LocalEdited int64 // Unix milliseconds; 0 unknown
}

// Resolve settles a conflict. With Merge the second result is an item whose unit
// holds the merged value.
type Resolve func(Clash) (ConflictAction, *valuebag.Values)
