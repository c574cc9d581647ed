package engine

import (
	"time"

	"cradle/valuebag"
)

// Side is one of the two participants of a session.
type Side string

// The sides, as the command line calls them.
const (
	ToStore Side = "store"
	ToPhone Side = "phone"
)

// ConflictState says what became of a conflict.
type ConflictState string

// The states of a conflict: settled by a policy, waiting for a person, or held
// after an undo (neither side learns, nothing is asked).
const (
	Settled ConflictState = "settled"
	Waiting ConflictState = "waiting"
	Held    ConflictState = "held"
)

// UnitDeleted is the unit under which an edit that met a deletion is logged.
const UnitDeleted = "deleted"

// UnitIdentity is the unit under which an item is logged that one side merged
// into another item while the other side changed it.
const UnitIdentity = "identity"

// Conflict is one conflict of a unit. Of a deferred one both versions are kept,
// so that it is found again and dropped once either side moves on.
type Conflict struct {
	ID       int64
	Scope    string
	Peer     PeerID
	Item     ItemID
	UID      string
	Unit     string
	State    ConflictState
	KeptSide Side // whose value was kept; of a deferred one the store's
	Store    Version
	Phone    Version
	Lost     *valuebag.Values // the item that held the value that lost
	KeptText []string         // the unit's lines, for a person
	LostText []string
	Run      int64
	At       time.Time
}

// Stats counts what one session did in one scope.
type Stats struct {
	ToStore, ToPhone Moves
	Adopted          int
	Conflicts        int
}

// Moves counts items that went in one direction.
type Moves struct {
	Created int `json:"created"`
	Updated int `json:"updated"`
	Deleted int `json:"deleted"`
	Left    int `json:"left,omitempty"` // taken off the phone by its filter
}

// Total is the number of items that went in this direction.
func (m Moves) Total() int { return m.Created + m.Updated + m.Deleted + m.Left }
