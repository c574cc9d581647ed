package simple_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"cradle/engine"
	"cradle/engine/enginetest"
	"cradle/engine/metastore"
	"cradle/engine/simple"
	"cradle/valuebag"
)

// journal is a service in memory that numbers its changes: a Place, a Writer and a
// Log. A token is the number of the last change that somebody has seen; only the
// newest changes are kept.
type journal struct {
	mu      sync.Mutex
	rows    map[string]simple.Object // by key, with the change's number as version
	changes []string                 // the keys that changed, oldest first
	dropped int                      // how many changes were before those
}

const keptChanges = 100

// change notes one change. Its number is the object's version.
func (j *journal) change(key string, v *valuebag.Values) simple.Object {
	j.changes = append(j.changes, key)
	if n := len(j.changes) - keptChanges; n > 0 {
		j.changes, j.dropped = slices.Clone(j.changes[n:]), j.dropped+n
	}
	if v == nil {
		delete(j.rows, key)
		return simple.Object{}
	}
	o := simple.Object{Key: key, Version: strconv.Itoa(j.last()), Value: v}
	j.rows[key] = o
	return o
}

func (j *journal) last() int { return j.dropped + len(j.changes) }

func (j *journal) List(_ context.Context, yield func(simple.Object) error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, o := range j.rows {
		if err := yield(o); err != nil {
			return err
		}
	}
	return nil
}

func (j *journal) Read(_ context.Context, key string) (simple.Object, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	o, ok := j.rows[key]
	if !ok {
		return o, simple.ErrNotFound
	}
	return o, nil
}

func (j *journal) Anchor(context.Context) ([]byte, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return []byte(strconv.Itoa(j.last())), nil
}

func (j *journal) Changes(_ context.Context, anchor []byte) (simple.Delta, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	seen, err := strconv.Atoi(string(anchor))
	if err != nil || seen < j.dropped || seen > j.last() {
		return simple.Delta{}, simple.ErrAnchor
	}
	d := simple.Delta{Anchor: []byte(strconv.Itoa(j.last()))}
	keys := slices.Clone(j.changes[seen-j.dropped:])
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		if o, ok := j.rows[key]; ok {
			d.Changed = append(d.Changed, o)
		} else {
			d.Gone = append(d.Gone, key)
		}
	}
	return d, nil
}

func (j *journal) Create(_ context.Context, v *valuebag.Values) (simple.Object, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.change(fmt.Sprintf("row-%d", j.last()+1), v), nil
}

func (j *journal) Update(_ context.Context, old simple.Object, v *valuebag.Values) (simple.Object, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.replace(old, v)
}

func (j *journal) Delete(_ context.Context, old simple.Object) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	_, err := j.replace(old, nil)
	return err
}

func (j *journal) replace(old simple.Object, v *valuebag.Values) (simple.Object, error) {
	switch have, ok := j.rows[old.Key]; {
	case !ok:
		return simple.Object{}, simple.ErrNotFound
	case have.Version != old.Version:
		return simple.Object{}, engine.ErrChanged
	}
	return j.change(old.Key, v), nil
}

// A service with change tokens as a participant, by anchor: after the first time it
// is asked for changes alone.
func Example_log() {
	ctx := context.Background()
	service := &journal{rows: map[string]simple.Object{}}
	service.change("a", enginetest.Item("a", "Ada", "first"))
	service.change("b", enginetest.Item("b", "Grace", ""))
	schema := enginetest.Toy{Scope: "people"}
	p := must(simple.New(ctx, schema, service, must(metastore.NewMemory(metastore.Options{})), simple.Options{}))
	desk := enginetest.NewMemStore(newIDs(), schema) // any other provider
	for range 2 {
		x := must(engine.Exchange(ctx, p, desk.Full(), []string{"people"}, engine.ExchangeOptions{}))
		fmt.Println("sent:", x.ToB["people"].Sent)
		service.change("b", nil)
	}
	fmt.Println("left:", len(desk.Live("people")))
	// Output:
	// sent: 2
	// sent: 1
	// left: 1
}
