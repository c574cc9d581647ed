// Package metastoretest is the suite that every metadata store passes: Memory,
// Blob and the one on SQLite.
package metastoretest

import (
	"context"
	"slices"
	"testing"

	"cradle/engine"
	"cradle/engine/metastore"
)

// Subject is the store under test.
type Subject struct {
	// Open opens the store that lies in a folder; in an empty folder it is new.
	Open func(ctx context.Context, dir string, o metastore.Options) (metastore.Store, error)
	// Files are the files of the folder that hold the metadata once the store is
	// closed; each is damaged in turn.
	Files []string
	// Slack: files of this store have bytes that mean nothing, so that a changed one
	// may go unnoticed as long as the content is the same; and it is their library
	// that says what is wrong with them.
	Slack bool
	// Checks bounds the random histories of the model test; 0: as many as rapid does.
	Checks int
	// Skip names the capabilities that the store doesn't have, each with the reason.
	Skip map[string]string
}

// The capabilities that a Subject may skip.
const (
	Reopen  = "reopen"  // metadata outlives Close
	Kill    = "kill"    // and the end of the program at any moment
	Damage  = "damage"  // damaged metadata is told, and kept aside on demand
	Threads = "threads" // several writers at once wait for each other
)

var capabilities = []string{Reopen, Kill, Damage, Threads}

// Run runs the suite. A skip that Subject.Skip doesn't name, or that names nothing
// that the suite has, fails.
func Run(t *testing.T, s Subject) {
	for name, reason := range s.Skip {
		if !slices.Contains(capabilities, name) {
			t.Errorf("the suite has no capability %q to skip", name)
		}
		if reason == "" {
			t.Errorf("%s is skipped without a reason", name)
		}
	}
	tests := []struct {
		name  string
		needs string // a capability; "" is what every store has
		run   func(*testing.T, Subject)
	}{
		{"Fresh", "", testFresh},
		{"Items", "", testItems},
		{"Pages", "", testPages},
		{"Find", "", testFind},
		{"Ticks", "", testTicks},
		{"Replica", "", testReplica},
		{"Refused", "", testRefused},
		{"Rollback", "", testRollback},
		{"Cancelled", "", testCancelled},
		{"Closed", "", testClosed},
		{"Export", "", testExport},
		{"Upgrade", "", testUpgrade},
		{"Model", "", testModel},
		{"Threads", Threads, testThreads},
		{"Reopen", Reopen, testReopen},
		{"KilledInTransaction", Kill, testKilledInside},
		{"KilledAnywhere", Kill, testKilledAnywhere},
		{"Damaged", Damage, testDamaged},
		{"Recover", Damage, testRecover},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if reason, skip := s.Skip[tt.needs]; skip && tt.needs != "" {
				t.Skipf("no %s: %s", tt.needs, reason)
			}
			tt.run(t, s)
		})
	}
}

// open opens the store in dir, to be closed with the test.
func (s Subject) open(t testing.TB, dir string) metastore.Store {
	t.Helper()
	st, err := s.Open(context.Background(), dir, metastore.Options{})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return st
}

func update(t testing.TB, st metastore.Store, fn func(metastore.Tx) error) {
	t.Helper()
	if err := st.Update(context.Background(), fn); err != nil {
		t.Fatalf("update: %v", err)
	}
}

func view(t testing.TB, st metastore.Store, fn func(metastore.Reader) error) {
	t.Helper()
	if err := st.View(context.Background(), fn); err != nil {
		t.Fatalf("view: %v", err)
	}
}

// export is the store's content in canonical form.
func export(t testing.TB, st metastore.Store) string {
	t.Helper()
	b, err := metastore.Export(context.Background(), st)
	if err != nil {
		t.Fatalf("export: %v", err)
	}
	return string(b)
}

func itemID(n int) engine.ItemID {
	return engine.ItemIDFromUID("contacts", string(rune('a'+n%26))+string(rune('0'+n/26%10))+string(rune('0'+n/260)), 1)
}

// stranger is a replica other than that of the store.
var stranger = engine.ReplicaID{0xee, 1}

// sample is an item with all that there is, made by a stranger.
func sample(n int) *metastore.Item {
	v := engine.Version{Replica: stranger, Tick: uint64(n + 1)}
	return &metastore.Item{
		Meta: engine.ItemMeta{ID: itemID(n), Creation: v, LifeVersion: v, LifeEdited: int64(1000 * n),
			Units: []engine.UnitMeta{
				{Unit: "name", Version: v, Edited: 5, Digest: engine.Digest{1, byte(n)}},
				{Unit: "tel", Version: v, Digest: engine.Digest{2}, Resolved: true, Elements: []engine.Element{
					{Digest: engine.ElementDigest{1}, Added: v}, {Digest: engine.ElementDigest{2}, Added: engine.Version{Replica: stranger, Tick: 1}}}},
			}},
		Fields: map[string]string{"handle": string(rune('A' + n%7)), "path": "p\x00\xff" + string(rune('0'+n))},
		Custom: []byte{0, byte(n)},
	}
}

// tombstone is sample(n), deleted.
func tombstone(n int) *metastore.Item {
	it := sample(n)
	v := it.Meta.LifeVersion
	v.Tick++
	return &metastore.Item{Meta: *it.Meta.Tombstone(v, 7), Fields: map[string]string{"handle": "gone"}}
}
