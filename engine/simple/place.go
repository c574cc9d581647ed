package simple

import (
	"context"
	"errors"
	"fmt"

	"cradle/engine"
	"cradle/valuebag"
)

// Errors of a Place. engine.ErrGone ends the session, engine.ErrChanged leaves an
// item for the next time, a *engine.ConstraintError is a constraint conflict; any
// other error concerns the one object, which is tried again in every session.
var (
	// ErrNotFound: no object has that key.
	ErrNotFound = errors.New("not found")
	// ErrAnchor: the anchor is too old, or none of this place's; everything is
	// listed instead.
	ErrAnchor = errors.New("the anchor is too old or unknown")
	// ErrReadOnly: the place has no Writer.
	ErrReadOnly = errors.New("nothing can be written there; sync it one way, from there")
)

// Object is one item of a place.
type Object struct {
	// Key is the place's own lasting name of it: a path, a handle, an href.
	Key string
	// Version is equal as long as the object didn't change: an etag, a revision, size
	// and time. Empty when the place doesn't know.
	Version string
	// Modified is when it last changed, Unix milliseconds; 0 unknown.
	Modified int64
	// Value is the item; nil in a listing that doesn't come by it for free.
	Value *valuebag.Values
}

// Place lists and reads objects.
type Place interface {
	// List calls yield for each object that there is, in any order, and returns the
	// first error of yield or its own: then what wasn't listed isn't taken as gone.
	List(ctx context.Context, yield func(Object) error) error
	// Read gives the object of a key with its Value, or ErrNotFound.
	Read(ctx context.Context, key string) (Object, error)
}

// Writer is a Place that can be changed. What it is given it keeps as it is. An error
// says that nothing was done; when that isn't known (no answer came) it is
// engine.ErrGone, which leaves it to the next session to find out.
type Writer interface {
	Place
	// Create adds an item and gives its key, and its version if that is known.
	Create(ctx context.Context, v *valuebag.Values) (Object, error)
	// Update replaces the object old by v if its version is still old.Version, else
	// ErrChanged of package engine. It gives the new key and version.
	Update(ctx context.Context, old Object, v *valuebag.Values) (Object, error)
	// Delete removes the object old on the same condition.
	Delete(ctx context.Context, old Object) error
}

// Log is a Place that can tell what changed (a sync token, a journal).
type Log interface {
	Place
	// Anchor is the place's state now.
	Anchor(ctx context.Context) ([]byte, error)
	// Changes gives what changed since an anchor, or ErrAnchor.
	Changes(ctx context.Context, anchor []byte) (Delta, error)
}

// Delta is what changed since an anchor.
type Delta struct {
	Changed []Object
	Gone    []string // keys
	Anchor  []byte   // that comes after these changes
	More    bool     // there are more after Anchor
}

// Brake stops a session before it takes many items for deleted.
type Brake struct {
	Scope       string
	Deleted, Of int
}

func (b *Brake) Error() string {
	return fmt.Sprintf("%s: would delete %d of %d: they are gone from the place; see whether it is the right one and whole, or accept it", b.Scope, b.Deleted, b.Of)
}

// Unwrap makes a Brake engine.ErrBraked.
func (b *Brake) Unwrap() error { return engine.ErrBraked }

// The limits of the brake: a place that had at least brakeFloor items and has none;
// a part that is too large for an everyday change.
const (
	brakeFloor = 5
	brakeCount = 10
	brakeShare = 5 // one in five
)

func braked(gone, had int) bool {
	return gone == had && had >= brakeFloor || gone > brakeCount && gone*brakeShare > had
}

// fatal reports whether an error ends the session rather than concern one object.
func fatal(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, engine.ErrGone) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
