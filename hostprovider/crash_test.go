package hostprovider

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cradle/engine"
	"cradle/valuebag"
)

var errKilled = errors.New("killed")

// scenario is a list of steps, each of which commits at least once; a step that
// was killed can be made again.
func scenario(t *testing.T) []func(s *Store) error {
	ctx := context.Background()
	put := func(uid, text string) func(s *Store) error {
		return func(s *Store) error {
			return s.Update(ctx, "contacts", func(tx engine.Tx) error {
				id := engine.ItemIDFromUID("contacts", uid, 1)
				old, err := tx.Meta(id)
				if err != nil {
					return err
				}
				v, err := tx.MintFor(engine.ReplicaID{1})
				if err != nil {
					return err
				}
				value := bag(t, text)
				m, _ := revision{kind: kinds()[0], life: stamp{v, 1}}.live(id, old, value)
				if err := tx.Put(m, value); err != nil {
					return err
				}
				run, err := tx.StartRun(engine.RunInfo{Peer: phone1.ID})
				if err != nil {
					return err
				}
				if err := tx.PutView(phone1.ID, engine.ViewRow{Path: uid, Meta: *m}); err != nil {
					return err
				}
				return tx.Before(run, engine.PreImage{Side: engine.ToStore, Item: id})
			})
		}
	}
	return []func(s *Store) error{
		put("a", card("a", "A", "TEL:1")),
		put("b", card("b", "B")),
		func(s *Store) error { _, err := s.Create(ctx, "contacts", "", []byte(card("c", "C"))); return err },
		func(s *Store) error {
			// Another program's edits, then settling.
			s.w.script("UPDATE properties SET value = '2' WHERE name = 'TEL'")
			s.w.script("UPDATE items SET collection = 'work' WHERE uid = 'b'")
			return s.Settle(ctx)
		},
		func(s *Store) error { _, _, err := s.Edit(ctx, "c", []byte(card("c", "C2"))); return err },
		func(s *Store) error {
			_, err := s.Import(ctx, []ImportFile{{Data: []byte(card("d", "D") + card("", "E"))}})
			return err
		},
		func(s *Store) error { _, err := s.Admit(ctx, phone1); return err },
		func(s *Store) error {
			return s.Update(ctx, "contacts", func(tx engine.Tx) error { return tx.Commit(phone1, [16]byte{1}, 3) })
		},
		func(s *Store) error { _, err := s.Undo(ctx, 2); return err },
		func(s *Store) error { _, err := s.Delete(ctx, "d"); return err },
	}
}

// dump is all that a store shows.
func dump(t testing.TB, s *Store) string {
	t.Helper()
	var b strings.Builder
	for _, k := range kinds() {
		ms, err := s.Changes(context.Background(), k.Name(), engine.Knowledge{})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range ms {
			fmt.Fprintf(&b, "%s %v %v %v\n", k.Name(), m.ID, m.Deleted, len(m.Units))
		}
	}
	err := s.Export(context.Background(), Query{}, func(it Item) error {
		fmt.Fprintf(&b, "%s %s %s\n", it.ID, it.Collection, it.Text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The program is killed before each commit: after the next start the store is
// whole and as before the step, which then goes through.
func TestKilledAtEachCommit(t *testing.T) {
	steps := scenario(t)
	commits := 0
	plain := newTestStore(t)
	plain.hook = func(string) error { commits++; return nil }
	for i, step := range steps {
		if err := step(plain); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
	want := dump(t, plain)
	checked(t, plain)
	if commits < len(steps)-1 {
		t.Fatalf("%d commits in %d steps", commits, len(steps))
	}
	for kill := 1; kill <= commits; kill++ {
		o := testOptions(t)
		n := 0
		o.Hook = func(string) error {
			if n++; n == kill {
				return errKilled
			}
			return nil
		}
		path := filepath.Join(t.TempDir(), "s.db")
		s := openAt(t, path, o)
		for i := 0; i < len(steps); i++ {
			before := ""
			if n == kill-1 {
				before = dump(t, s)
			}
			err := steps[i](s)
			if err == nil {
				continue
			}
			if !errors.Is(err, errKilled) {
				t.Fatalf("kill %d, step %d: %v", kill, i, err)
			}
			s.Close()
			s = openAt(t, path, o)
			if i != 3 { // step 3 leaves another program's edits, which stand
				if got := dump(t, s); before != "" && got != before {
					t.Errorf("kill %d: the store changed:\n%s\nwant:\n%s", kill, got, before)
				}
			}
			checked(t, s)
			i-- // once more
		}
		if got := dump(t, s); got != want {
			t.Errorf("kill %d: got\n%s\nwant\n%s", kill, got, want)
		}
		checked(t, s)
		s.Close()
	}
}

// The files as they are in the middle of a transaction, as after a power cut.
func TestFilesCopiedInMidTransaction(t *testing.T) {
	ctx := context.Background()
	s := newTestStore(t)
	fromPhone(t, s, map[string]*valuebag.Values{"a": bag(t, card("a", "A", "NOTE:"+strings.Repeat("x", 100_000)))})
	want := dump(t, s)
	dir := t.TempDir()
	s.hook = func(string) error {
		for _, ext := range []string{"", "-wal"} {
			copyFile(t, s.Path()+ext, filepath.Join(dir, "cut.db"+ext), false)
		}
		s.hook = nil
		return nil
	}
	if _, _, err := s.Edit(ctx, "a", []byte(card("a", "A2", "NOTE:"+strings.Repeat("y", 100_000)))); err != nil {
		t.Fatal(err)
	}
	cut := openAt(t, filepath.Join(dir, "cut.db"), Options{Machine: "test-machine"})
	checked(t, cut)
	if got := dump(t, cut); got != want {
		t.Error("the transaction that was cut left something behind")
	}
	if got := dump(t, s); got == want {
		t.Error("the edit did nothing")
	}
}

// Another program writes through the views while sessions run: every edit lands,
// nobody sees a lock for long.
func TestConcurrentWriters(t *testing.T) {
	if _, err := exec.LookPath("sqlite3"); err != nil {
		t.Skip("the sqlite3 program is not installed")
	}
	ctx := context.Background()
	s := newTestStore(t)
	const items, rounds = 40, 12
	cards := map[string]*valuebag.Values{}
	for i := range items {
		uid := fmt.Sprintf("u%02d", i)
		cards[uid] = bag(t, card(uid, "Name "+uid, "TEL:0", "NOTE:0"))
	}
	fromPhone(t, s, cards)
	var wg sync.WaitGroup
	var out string
	var outErr error
	wg.Add(1)
	go func() {
		defer wg.Done()
		for r := 1; r <= rounds; r++ {
			o, err := sqlite3CLI(t, s.Path(), fmt.Sprintf(`UPDATE properties SET value = '%d' WHERE name = 'TEL';
				INSERT INTO items (kind, text) VALUES ('contacts', 'BEGIN:VCARD'||char(10)||'VERSION:3.0'||char(10)||'UID:n%d'||char(10)||'FN:N'||char(10)||'END:VCARD'||char(10));`, r, r))
			if err != nil {
				out, outErr = o, err
				return
			}
		}
	}()
	proxy := engine.ProxyID(replica(t, s, "contacts").ID, phone1.ID)
	left := 0
	for r := 1; r <= rounds*3; r++ {
		settle(t, s)
		err := s.Update(ctx, "contacts", func(tx engine.Tx) error {
			for uid := range cards {
				id := engine.ItemIDFromUID("contacts", uid, 1)
				st := tx.(*scopeTx)
				it, err := st.item(id.String())
				if err != nil {
					return err
				}
				now, err := st.value(it)
				if err != nil {
					return err
				}
				v, err := tx.MintFor(proxy)
				if err != nil {
					return err
				}
				value, err := st.kind.WithUnit(now, "note", []string{fmt.Sprint("NOTE:", r)})
				if err != nil {
					return err
				}
				m, _ := revision{kind: st.kind, life: stamp{v, 1}}.live(id, it.meta, value)
				if err := tx.Put(m, value); errors.Is(err, engine.ErrChanged) {
					left++
				} else if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatalf("round %d: %v", r, err)
		}
	}
	wg.Wait()
	if outErr != nil {
		t.Fatalf("the other program: %v\n%s", outErr, out)
	}
	settle(t, s)
	checked(t, s)
	for uid := range cards {
		if text := string(mustShow(t, s, uid).Text); !strings.Contains(text, fmt.Sprintf("TEL:%d\r\n", rounds)) || strings.Contains(text, "NOTE:0\r\n") {
			t.Errorf("%s: an edit is lost:\n%s", uid, text)
		}
	}
	if n, _ := s.Count(ctx, "contacts"); n != items+rounds {
		t.Errorf("%d items, want %d", n, items+rounds)
	}
	t.Logf("%d puts were left for later", left)
}

func TestOpenEmpty(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	t.Chdir(dir)
	s, err := OpenEmpty(ctx, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	other, err := OpenEmpty(ctx, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if m, err := s.Admit(ctx, phone1); err != nil || m.Known || m.Renewed {
		t.Errorf("admit: %+v %v", m, err)
	}
	if _, err := s.Create(ctx, "contacts", "", []byte(card("a", "A"))); err != nil {
		t.Fatal(err)
	}
	if got := summaries(t, s); got != "A" {
		t.Errorf("list: %q", got)
	}
	if got := summaries(t, other); got != "" {
		t.Errorf("another empty store holds %q", got)
	}
	if fs, _ := os.ReadDir(dir); len(fs) != 0 {
		t.Errorf("files were made: %v", fs)
	}
}

func TestBusy(t *testing.T) {
	s := newTestStore(t)
	other, err := openConn(s.Path(), "rw", time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer other.close()
	if err := other.script("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	if err := s.w.script("PRAGMA busy_timeout=20"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Create(context.Background(), "contacts", "", []byte(card("a", "A"))); !errors.Is(err, ErrBusy) {
		t.Errorf("got %v, want ErrBusy", err)
	}
	if err := other.script("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Create(context.Background(), "contacts", "", []byte(card("a", "A"))); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
