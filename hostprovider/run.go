package hostprovider

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"cradle/engine"
)

// Bounds of the history: the later of the last keepRuns runs and keepRunsFor,
// and keepImages bytes of pre-images.
const (
	keepRuns    = 20
	keepRunsFor = 90 * 24 * time.Hour
	keepImages  = 500 << 20
)

// runScope is a run in one scope.
type runScope struct {
	run   int64
	scope string
}

// StartRun opens a run's record and drops the oldest ones.
func (s *scopeTx) StartRun(info engine.RunInfo) (int64, error) { return s.t.startRun(info) }

func (t *tx) startRun(info engine.RunInfo) (int64, error) {
	at := t.now
	if !info.At.IsZero() {
		at = info.At.UnixMilli()
	}
	_, id, err := t.c.exec(`INSERT INTO run (at, peer, phone, undoes) VALUES (?, ?, ?, ?)`, at, info.Peer[:], info.Phone, info.Undoes)
	if err != nil {
		return 0, err
	}
	return id, t.trimRuns(id)
}

func (t *tx) trimRuns(newest int64) error {
	if _, _, err := t.c.exec(`DELETE FROM run WHERE at < ? AND id NOT IN (SELECT id FROM run ORDER BY id DESC LIMIT ?)`,
		t.now-keepRunsFor.Milliseconds(), keepRuns); err != nil {
		return err
	}
	if _, _, err := t.c.exec(`DELETE FROM conflict WHERE coalesce(obsolete, at) < ? AND (state = 'settled' OR obsolete IS NOT NULL)`,
		t.now-logAge.Milliseconds()); err != nil {
		return err
	}
	// The records stay, the pre-images of the oldest go.
	var total int64
	var drop []int64
	err := t.c.query(func(r row) error {
		if total += r.int(1); total > keepImages && r.int(0) != newest {
			drop = append(drop, r.int(0))
		}
		return nil
	}, `SELECT run, sum(coalesce(length(text), 0)) FROM preimage GROUP BY run ORDER BY run DESC`)
	if err != nil {
		return err
	}
	for _, run := range drop {
		if _, _, err := t.c.exec(`DELETE FROM preimage WHERE run = ?`, run); err != nil {
			return err
		}
	}
	return nil
}

// Before keeps the value that an item had at one side before the run; of several
// in one run the first counts.
func (s *scopeTx) Before(run int64, img engine.PreImage) error {
	s.t.touchRun(run, s.kind.Name())
	var text any
	collection := ""
	if img.Value != nil {
		text, collection = textColumn(s.kind.Text(img.Value)), s.kind.Collection(img.Value)
	}
	_, _, err := s.c.exec(`INSERT OR IGNORE INTO preimage (run, side, kind, item, path, absent, collection, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		run, string(img.Side), s.kind.Name(), img.Item.String(), img.Path, img.Value == nil, collection, text)
	return err
}

// Withdraw takes back what Before kept of items that were not written after all, and
// the run's record where nothing else is left of it; an undo's record stays.
func (s *scopeTx) Withdraw(run int64, side engine.Side, items []engine.ItemID) (bool, error) {
	for _, id := range items {
		if _, _, err := s.c.exec(`DELETE FROM preimage WHERE run = ? AND side = ? AND kind = ? AND item = ?`,
			run, string(side), s.kind.Name(), id.String()); err != nil {
			return false, err
		}
	}
	n, _, err := s.c.exec(`DELETE FROM run WHERE id = ? AND undoes = 0
		AND NOT EXISTS (SELECT 1 FROM preimage WHERE run = run.id)
		AND NOT EXISTS (SELECT 1 FROM conflict WHERE run = run.id)`, run)
	if err != nil || n == 0 {
		return true, err
	}
	for r := range s.t.runs {
		if r.run == run {
			delete(s.t.runs, r)
		}
	}
	return false, nil
}

// CountRun replaces the run's counts in a scope.
func (s *scopeTx) CountRun(run int64, scope string, st engine.Stats) error {
	s.t.touchRun(run, scope)
	b, err := json.Marshal(runStats{st.ToStore, st.ToPhone, st.Adopted, st.Conflicts})
	if err != nil {
		return err
	}
	_, _, err = s.c.exec(`INSERT INTO run_scope (run, kind, stats) VALUES (?, ?, ?)
		ON CONFLICT (run, kind) DO UPDATE SET stats = excluded.stats`, run, scope, string(b))
	return err
}

// addToPhone adds to a run's counts what went to the phone later.
func (s *scopeTx) addToPhone(run int64, m engine.Moves) error {
	var old []byte
	if _, err := s.c.one(func(r row) { old = r.bytes(0) }, `SELECT stats FROM run_scope WHERE run = ? AND kind = ?`, run, s.kind.Name()); err != nil {
		return err
	}
	var st runStats
	if len(old) > 0 {
		if err := json.Unmarshal(old, &st); err != nil {
			return fmt.Errorf("run %d: %w", run, err)
		}
	}
	st.ToPhone.Created += m.Created
	st.ToPhone.Updated += m.Updated
	st.ToPhone.Deleted += m.Deleted
	b, err := json.Marshal(st)
	if err != nil {
		return err
	}
	_, _, err = s.c.exec(`UPDATE run_scope SET stats = ? WHERE run = ? AND kind = ?`, string(b), run, s.kind.Name())
	return err
}

// runStats is engine.Stats as the history keeps and prints it.
type runStats struct {
	ToStore   engine.Moves `json:"to_store"`
	ToPhone   engine.Moves `json:"to_phone"`
	Adopted   int          `json:"adopted"`
	Conflicts int          `json:"conflicts"`
}

func (t *tx) touchRun(run int64, scope string) {
	if t.runs == nil {
		t.runs = map[runScope]bool{}
	}
	t.runs[runScope{run, scope}] = true
}

// closeRuns notes with each run that was added to what the store knows now: an
// item with a version beyond it was changed after the run. An undo ends with its
// own transaction, whenever the phone gets its part.
func (t *tx) closeRuns() error {
	runs := make([]runScope, 0, len(t.runs))
	for r := range t.runs {
		runs = append(runs, r)
	}
	slices.SortFunc(runs, func(a, b runScope) int {
		return cmp.Or(cmp.Compare(a.run, b.run), cmp.Compare(a.scope, b.scope))
	})
	for _, r := range runs {
		s, err := t.scope(r.scope)
		if err != nil {
			return err
		}
		if _, _, err := t.c.exec(`INSERT INTO run_scope (run, kind, knowledge) VALUES (?, ?, ?)
			ON CONFLICT (run, kind) DO UPDATE SET knowledge = excluded.knowledge
			WHERE knowledge = x'' OR (SELECT undoes FROM run WHERE id = run_scope.run) = 0`, r.run, r.scope, s.known().AppendBinary(nil)); err != nil {
			return err
		}
	}
	t.runs = nil
	return nil
}

// Run is one entry of the history.
type Run struct {
	ID     int64
	At     time.Time
	Peer   engine.PeerID
	Phone  string
	Undoes int64                   // the run that this one took back; 0 none
	Stats  map[string]engine.Stats // by kind
}

// History lists the runs that moved something, the newest first.
func (s *Store) History(ctx context.Context) ([]Run, error) {
	var runs []Run
	err := s.read(ctx, func(c *conn) error {
		byID := map[int64]int{}
		err := c.query(func(r row) error {
			byID[r.int(0)] = len(runs)
			run := Run{ID: r.int(0), At: time.UnixMilli(r.int(1)).UTC(), Phone: r.str(3), Undoes: r.int(4), Stats: map[string]engine.Stats{}}
			copy(run.Peer[:], r.bytes(2))
			runs = append(runs, run)
			return nil
		}, `SELECT id, at, peer, phone, undoes FROM run ORDER BY id DESC`)
		if err != nil {
			return err
		}
		return c.query(func(r row) error {
			i, ok := byID[r.int(0)]
			if !ok {
				return nil
			}
			var st runStats
			if err := json.Unmarshal(r.bytes(2), &st); err != nil {
				return fmt.Errorf("run %d: %w", r.int(0), err)
			}
			runs[i].Stats[r.str(1)] = engine.Stats{ToStore: st.ToStore, ToPhone: st.ToPhone, Adopted: st.Adopted, Conflicts: st.Conflicts}
			return nil
		}, `SELECT run, kind, stats FROM run_scope ORDER BY run, kind`)
	})
	return runs, err
}
