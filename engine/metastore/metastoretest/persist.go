package metastoretest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"cradle/engine"
	"cradle/engine/metastore"
)

func testExport(t *testing.T, s Subject) {
	st := s.open(t, t.TempDir())
	fill(t, st)
	b := export(t, st)
	other := s.open(t, t.TempDir())
	update(t, other, func(tx metastore.Tx) error { return tx.Put(sample(30)) })
	memory, err := metastore.NewMemory(metastore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]metastore.Store{"the same kind": other, "memory": memory} {
		if err := metastore.Import(context.Background(), to, []byte(b)); err != nil {
			t.Errorf("import into %s: %v", name, err)
		}
		if export(t, to) != b {
			t.Errorf("%s holds something else than was imported", name)
		}
	}
	c, err := metastore.Decode([]byte(b))
	if err != nil || len(c.Items) != 41 || !bytes.Equal(metastore.Encode(c), []byte(b)) {
		t.Errorf("the canonical form: %v", err)
	}
	// An older export of the same replica would give its ticks twice.
	update(t, st, func(tx metastore.Tx) error { _, err := tx.NextTick(); return err })
	after := export(t, st)
	if err := metastore.Import(context.Background(), st, []byte(b)); !errors.Is(err, metastore.ErrRefused) {
		t.Errorf("import of an older state: got %v, want ErrRefused", err)
	}
	if export(t, st) != after {
		t.Error("a refused import left something behind")
	}
}

// fill puts 40 items, 8 of them tombstones, one with an own version, and something
// of everything else.
func fill(t testing.TB, st metastore.Store) {
	t.Helper()
	update(t, st, func(tx metastore.Tx) error {
		v, err := tx.NextTick()
		if err != nil {
			return err
		}
		for n := range 40 {
			it := sample(n)
			if n%5 == 0 {
				it = tombstone(n)
			}
			if err := tx.Put(it); err != nil {
				return err
			}
		}
		own := &metastore.Item{Meta: engine.ItemMeta{ID: engine.ItemID{1}, Creation: v, LifeVersion: v}}
		r, err := tx.Replica()
		if err != nil {
			return err
		}
		r.Knowledge = r.Knowledge.Union(engine.NewKnowledge(engine.Version{Replica: stranger, Tick: 40})).Except(itemID(3), nil, engine.Knowledge{})
		r.Forgotten = engine.NewKnowledge(engine.Version{Replica: stranger, Tick: 2})
		r.Custom = []byte("anchor")
		r.ProviderVersion = 3
		return errors.Join(tx.Put(own), tx.SetReplica(r))
	})
}

func testUpgrade(t *testing.T, s Subject) {
	ctx := context.Background()
	st := s.open(t, t.TempDir())
	calls := []uint32{}
	note := func(tx metastore.Tx, from uint32) error {
		calls = append(calls, from)
		return tx.Put(sample(int(from)))
	}
	if err := metastore.Upgrade(ctx, st, 2, note); err != nil || len(calls) != 0 || replica(t, st).ProviderVersion != 2 {
		t.Errorf("a new store: %v, upgrades %v, version %d", err, calls, replica(t, st).ProviderVersion)
	}
	before := export(t, st)
	fails := func(tx metastore.Tx, from uint32) error { return errors.Join(note(tx, from), errRollback) }
	if err := metastore.Upgrade(ctx, st, 4, fails); !errors.Is(err, errRollback) || export(t, st) != before {
		t.Errorf("an upgrade that fails: %v, and it has to leave nothing", err)
	}
	calls = nil
	if err := metastore.Upgrade(ctx, st, 4, note); err != nil || len(calls) != 1 || calls[0] != 2 || replica(t, st).ProviderVersion != 4 {
		t.Errorf("an upgrade: %v, upgrades %v, version %d", err, calls, replica(t, st).ProviderVersion)
	}
	before = export(t, st)
	if err := metastore.Upgrade(ctx, st, 4, note); err != nil || len(calls) != 1 {
		t.Errorf("the same version: %v, upgrades %v", err, calls)
	}
	if err := metastore.Upgrade(ctx, st, 3, note); !errors.Is(err, engine.ErrNewer) || export(t, st) != before {
		t.Errorf("an older program: got %v, want ErrNewer and nothing changed", err)
	}
}

func testReopen(t *testing.T, s Subject) {
	dir := t.TempDir()
	st := s.open(t, dir)
	empty := replica(t, st)
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	st = s.open(t, dir)
	if got := replica(t, st); !got.Equal(empty) {
		t.Errorf("a store in which nothing was written has another replica after the next start: %v, was %v", got.ID, empty.ID)
	}
	fill(t, st)
	want := export(t, st)
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := s.Open(context.Background(), dir, metastore.Options{ID: engine.ReplicaID{9}, Recover: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { again.Close() }) //nolint:errcheck // only read
	if export(t, again) != want {
		t.Error("the content is another after the next start")
	}
	for _, f := range s.Files {
		fi, err := os.Stat(filepath.Join(dir, f))
		if err != nil || fi.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v; want mode 0600", f, fi, err)
		}
	}
}

// helperDir names the folder that a helper process works in, helperMode what it
// does there.
const (
	helperDir  = "CRADLE_METASTORETEST_DIR"
	helperMode = "CRADLE_METASTORETEST_MODE"
)

// Main is the TestMain of a package that runs the suite: the tests that kill a
// process run the test program again as that process.
func Main(m *testing.M, s Subject) {
	if dir := os.Getenv(helperDir); dir != "" {
		fmt.Fprintln(os.Stderr, help(s, dir, os.Getenv(helperMode)))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// help commits one item a transaction, with a tick, and says so each time, until it
// is killed or something fails. In mode inside it stops for ever in the middle of the fourth.
func help(s Subject, dir, mode string) error {
	st, err := s.Open(context.Background(), dir, metastore.Options{})
	if err != nil {
		return err
	}
	for {
		var v engine.Version
		err := st.Update(context.Background(), func(tx metastore.Tx) (err error) {
			if v, err = tx.NextTick(); err != nil {
				return err
			}
			for half := range 2 {
				it := sample(int(v.Tick))
				it.Meta.LifeVersion = v
				it.Meta.ID[0] = byte(half)
				it.Custom = bytes.Repeat([]byte{byte(v.Tick)}, 3000)
				if err := tx.Put(it); err != nil {
					return err
				}
				if mode == "inside" && v.Tick == 4 && half == 0 {
					fmt.Println("inside")
					select {}
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		fmt.Println(v.Tick)
	}
}

// killed runs the helper in dir and kills it, when it says what until tells or
// after a time. It returns the last tick that the helper said was durable.
func killed(t *testing.T, dir, mode, until string, after time.Duration) uint64 {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), helperDir+"="+dir, helperMode+"="+mode)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	limit := time.AfterFunc(30*time.Second, func() { cmd.Process.Kill() }) //nolint:errcheck // it may be gone
	defer limit.Stop()
	var tick uint64
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		line := lines.Text()
		if line == until {
			break
		}
		if n, err := strconv.ParseUint(strings.TrimSpace(line), 10, 64); err == nil {
			tick = n
			if after > 0 && until == "" {
				time.AfterFunc(after, func() { cmd.Process.Kill() }) //nolint:errcheck // it may be gone
				after = 0
			}
		}
	}
	cmd.Process.Kill() //nolint:errcheck // it may be gone
	err = cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Exited() {
		t.Fatalf("the helper ended by itself: %v\n%s", err, stderr.Bytes())
	}
	return tick
}

// whole checks that the store has exactly the items of the ticks up to its own.
func whole(t *testing.T, st metastore.Store) uint64 {
	t.Helper()
	tick := replica(t, st).Tick
	view(t, st, func(r metastore.Reader) error {
		live, dead, err := r.Count()
		if err != nil || uint64(live) != 2*tick || dead != 0 {
			t.Errorf("at tick %d there are %d items, %d tombstones, %v; want two a tick", tick, live, dead, err)
		}
		return metastore.All(r, func(it *metastore.Item) error {
			if it.Meta.LifeVersion.Tick > tick || len(it.Custom) != 3000 {
				t.Errorf("item %s is of version %v at tick %d", it.Meta.ID, it.Meta.LifeVersion, tick)
			}
			found, err := r.Find("path", it.Fields["path"])
			if len(found) != 2 {
				t.Errorf("item %s: %d items are found by its path, want 2", it.Meta.ID, len(found))
			}
			return err
		})
	})
	return tick
}

func testKilledInside(t *testing.T, s Subject) {
	dir := t.TempDir()
	if tick := killed(t, dir, "inside", "inside", 0); tick != 3 {
		t.Fatalf("the helper committed up to tick %d, want 3", tick)
	}
	st := s.open(t, dir)
	if tick := whole(t, st); tick != 3 {
		t.Errorf("tick %d after the kill, want 3: a transaction that wasn't committed left something", tick)
	}
	update(t, st, func(tx metastore.Tx) error { _, err := tx.NextTick(); return err })
}

func testKilledAnywhere(t *testing.T, s Subject) {
	dir := t.TempDir()
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 6 {
		said := killed(t, dir, "", "", time.Millisecond+time.Duration(rnd.IntN(15_000))*time.Microsecond)
		st, err := s.Open(context.Background(), dir, metastore.Options{})
		if err != nil {
			t.Fatalf("open after a kill: %v", err)
		}
		// The helper may have been killed between the commit and its word.
		if tick := whole(t, st); tick < said || tick > said+1 {
			t.Errorf("tick %d after the kill, the helper said %d", tick, said)
		}
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// testDamaged changes bytes of the stored files and cuts them: what is read then
// is an error that says so, never another content.
func testDamaged(t *testing.T, s Subject) {
	dir := t.TempDir()
	st := s.open(t, dir)
	fill(t, st)
	want := export(t, st)
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	if len(s.Files) == 0 {
		t.Fatal("the subject names no files to damage")
	}
	noticed := 0
	try := func(name string, change func([]byte) []byte) {
		t.Helper()
		copied := t.TempDir()
		for _, f := range s.Files {
			b, err := os.ReadFile(filepath.Join(dir, f))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(copied, f), change(b), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		st, err := s.Open(context.Background(), copied, metastore.Options{})
		var got []byte
		if err == nil {
			defer st.Close() //nolint:errcheck // it is damaged
			got, err = metastore.Export(context.Background(), st)
		}
		switch {
		case err != nil:
			noticed++
			if !s.Slack && !errors.Is(err, metastore.ErrDamaged) && !errors.Is(err, engine.ErrNewer) {
				t.Errorf("%s: %v is neither ErrDamaged nor ErrNewer", name, err)
			}
		case string(got) != want:
			t.Errorf("%s: another content was read without an error", name)
		case !s.Slack:
			t.Errorf("%s: not noticed", name)
		}
	}
	size := 0
	for _, f := range s.Files {
		fi, err := os.Stat(filepath.Join(dir, f))
		if err != nil {
			t.Fatal(err)
		}
		size = max(size, int(fi.Size()))
	}
	const places = 120
	for i := range places {
		at, bit := i*size/places, byte(1)<<(i%8)
		try(fmt.Sprintf("bit %d of byte %d of %d", i%8, at, size), func(b []byte) []byte {
			if at < len(b) {
				b[at] ^= bit
			}
			return b
		})
	}
	for i := range 40 {
		n := i*size/40 + 1
		try(fmt.Sprintf("cut after %d of %d bytes", n, size), func(b []byte) []byte { return b[:min(n, len(b))] })
	}
	if !s.Slack {
		try("a byte more", func(b []byte) []byte { return append(b, 0) })
		try("no bytes", func([]byte) []byte { return nil })
	}
	if noticed < 40 {
		t.Errorf("only %d damages were noticed", noticed)
	}
}

// testRecover opens damaged metadata with Options.Recover: a new replica, and the
// old bytes are still somewhere.
func testRecover(t *testing.T, s Subject) {
	if s.Slack {
		t.Skip("the damage of single rows is tested by the store itself")
	}
	dir := t.TempDir()
	st := s.open(t, dir)
	fill(t, st)
	old := replica(t, st).ID
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	var kept [][]byte
	for _, f := range s.Files {
		name := filepath.Join(dir, f)
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)/2] ^= 1
		kept = append(kept, b)
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Open(context.Background(), dir, metastore.Options{}); !errors.Is(err, metastore.ErrDamaged) || !strings.Contains(err.Error(), s.Files[0]) {
		t.Fatalf("without Recover: got %v, want ErrDamaged with the file's name", err)
	}
	st, err := s.Open(context.Background(), dir, metastore.Options{ID: old, Recover: true})
	if err != nil {
		t.Fatal(err)
	}
	rep := replica(t, st)
	if rep.ID == old || rep.Tick != 0 || len(ids(t, st, 10)) != 0 {
		t.Errorf("the new store is of replica %v at tick %d, the damaged one was %v", rep.ID, rep.Tick, old)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range kept {
		found := false
		for _, e := range entries {
			have, err := os.ReadFile(filepath.Join(dir, e.Name()))
			found = found || err == nil && bytes.Equal(have, b)
		}
		if !found {
			t.Error("the damaged bytes are gone")
		}
	}
}
