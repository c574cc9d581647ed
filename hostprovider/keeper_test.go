package hostprovider

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cradle/engine"
)

// storeAt is a store of its own with its own random IDs.
func storeAt(t testing.TB, name string) *Store {
	return openAt(t, filepath.Join(t.TempDir(), name, "cradle.db"), testOptions(t))
}

func scopes() []string {
	var names []string
	for _, k := range kinds() {
		names = append(names, k.Name())
	}
	return names
}

func exchange(t testing.TB, a, b *Store) *engine.Exchanged {
	t.Helper()
	x, err := engine.Exchange(context.Background(), a.Full(), b.Full(), scopes(), engine.ExchangeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// sent is how many items an exchange sent each way.
func sent(x *engine.Exchanged) string {
	var toB, toA int
	for _, t := range x.ToB {
		toB += t.Sent
	}
	for _, t := range x.ToA {
		toA += t.Sent
	}
	return fmt.Sprintf("%d/%d", toB, toA)
}

// texts are the live items' texts by UID.
func texts(t testing.TB, s *Store) map[string]string {
	t.Helper()
	m := map[string]string{}
	err := s.Export(context.Background(), Query{}, func(it Item) error {
		m[it.UID] = it.Collection + "\n" + string(it.Text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func sameTexts(t testing.TB, a, b *Store) {
	t.Helper()
	ta, tb := texts(t, a), texts(t, b)
	if len(ta) != len(tb) {
		t.Errorf("%d items and %d, want as many", len(ta), len(tb))
	}
	for uid, text := range ta {
		if sortedLines(tb[uid]) != sortedLines(text) {
			t.Errorf("item %s differs:\n%s\nand\n%s", uid, text, tb[uid])
		}
	}
}

func sortedLines(s string) string {
	lines := strings.Split(s, "\r\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func newCard(t testing.TB, s *Store, uid, text string) {
	t.Helper()
	if _, err := s.Create(context.Background(), "contacts", "personal", []byte(text)); err != nil {
		t.Fatalf("%s: %v", uid, err)
	}
}

func editCard(t testing.TB, s *Store, uid, text string) {
	t.Helper()
	if _, _, err := s.Edit(context.Background(), uid, []byte(text)); err != nil {
		t.Fatalf("%s: %v", uid, err)
	}
}

func TestStoresExchange(t *testing.T) {
	ctx := context.Background()
	a, b := storeAt(t, "a"), storeAt(t, "b")
	for i := range 7 {
		uid := fmt.Sprint("a", i)
		newCard(t, a, uid, card(uid, "Person "+uid, "TEL:+49 30 1"))
	}
	newCard(t, b, "b0", card("b0", "Person b0"))
	if got := sent(exchange(t, a, b)); got != "7/1" {
		t.Errorf("first: sent %s, want 7/1", got)
	}
	sameTexts(t, a, b)

	// Different fields, numbers of a list, the same field, a deletion.
	editCard(t, a, "a0", card("a0", "Person a0", "TEL:+49 30 1", "ORG:There"))
	editCard(t, b, "a0", card("a0", "Person a0", "TEL:+49 30 1", "NOTE:noted"))
	editCard(t, a, "a1", card("a1", "Person a1", "TEL:+49 30 1", "TEL:+49 30 2"))
	editCard(t, b, "a1", card("a1", "Person a1"))
	editCard(t, a, "a2", card("a2", "Older", "TEL:+49 30 1"))
	for range 60 { // a minute later: each look at the test's clock takes a second
		b.now()
	}
	editCard(t, b, "a2", card("a2", "Newer", "TEL:+49 30 1"))
	if _, err := a.Delete(ctx, "a3"); err != nil {
		t.Fatal(err)
	}
	x := exchange(t, a, b)
	if n := x.ToB["contacts"].Conflicts + x.ToA["contacts"].Conflicts; n != 1 {
		t.Errorf("%d conflicts, want 1", n)
	}
	sameTexts(t, a, b)
	got := texts(t, b)
	if s := got["a0"]; !strings.Contains(s, "ORG:There") || !strings.Contains(s, "NOTE:noted") {
		t.Errorf("a0 lost a field:\n%s", s)
	}
	if s := got["a1"]; strings.Contains(s, "30 1") || !strings.Contains(s, "30 2") {
		t.Errorf("a1 has the wrong numbers:\n%s", s)
	}
	if s := got["a2"]; !strings.Contains(s, "Newer") {
		t.Errorf("a2 has the older name:\n%s", s)
	}
	if _, ok := got["a3"]; ok {
		t.Error("a3 is still there")
	}
	log, err := b.Conflicts(ctx, true)
	if err != nil || len(log) != 1 || log[0].Unit != "name" {
		t.Errorf("the log has %v, %v; want one conflict of unit name", log, err)
	}
	idle := a.writes() + b.writes() // counting is a transaction, too
	before := a.writes() + b.writes()
	idle = before - idle
	if got := sent(exchange(t, a, b)); got != "0/0" {
		t.Errorf("again: sent %s, want 0/0", got)
	}
	if n := a.writes() + b.writes() - before - idle; n != 0 {
		t.Errorf("the exchange without news changed %d rows, want 0", n)
	}
}

// writes counts the rows that the store's writing connection has changed.
func (s *Store) writes() int64 {
	var n int64
	err := s.write(context.Background(), "count", func(t *tx) (err error) {
		n, err = t.c.number(`SELECT total_changes()`)
		return err
	})
	if err != nil {
		return -1
	}
	return n
}

func TestRestoredStoreExchanges(t *testing.T) {
	for _, edits := range []int{1, 9} {
		t.Run(fmt.Sprint(edits, " edits"), func(t *testing.T) {
			a, b := storeAt(t, "a"), storeAt(t, "b")
			for i := range 3 {
				uid := fmt.Sprint("c", i)
				newCard(t, b, uid, card(uid, "Old "+uid))
			}
			exchange(t, a, b)
			if err := b.write(context.Background(), "checkpoint", func(*tx) error { return nil }); err != nil {
				t.Fatal(err)
			}
			path := b.Path()
			b.Close()
			bak := filepath.Join(t.TempDir(), "bak")
			copyFile(t, path, bak, false)
			b = openAt(t, path, testOptions(t))
			for i := range 3 {
				uid := fmt.Sprint("c", i)
				editCard(t, b, uid, card(uid, "Later "+uid))
			}
			exchange(t, a, b)
			b.Close()
			os.Remove(path + "-wal")
			os.Remove(path + "-shm")
			copyFile(t, bak, path, true) // the same inode
			b = openAt(t, path, testOptions(t))
			for i := range edits {
				newCard(t, b, fmt.Sprint("n", i), card(fmt.Sprint("n", i), "New"))
			}
			exchange(t, a, b)
			sameTexts(t, a, b)
			got := texts(t, a)
			if len(got) != 3+edits || !strings.Contains(got["c1"], "Later") {
				t.Errorf("%d items, want %d; c1:\n%s", len(got), 3+edits, got["c1"])
			}
			if got := sent(exchange(t, a, b)); got != "0/0" {
				t.Errorf("again: sent %s, want 0/0", got)
			}
		})
	}
}

func TestCopiedStoreExchanges(t *testing.T) {
	a, b := storeAt(t, "a"), storeAt(t, "b")
	newCard(t, b, "c0", card("c0", "Old"))
	exchange(t, a, b)
	path := filepath.Join(t.TempDir(), "copy.db")
	bp := b.Path()
	b.Close()
	copyFile(t, bp, path, false)
	b = openAt(t, bp, testOptions(t))
	c := openAt(t, path, testOptions(t))
	editCard(t, b, "c0", card("c0", "Old", "ORG:at b"))
	editCard(t, c, "c0", card("c0", "Old", "NOTE:at c"))
	exchange(t, a, b)
	exchange(t, a, c)
	exchange(t, a, b)
	exchange(t, b, c)
	sameTexts(t, a, b)
	sameTexts(t, a, c)
	if s := texts(t, a)["c0"]; !strings.Contains(s, "at b") || !strings.Contains(s, "at c") {
		t.Errorf("an edit is lost:\n%s", s)
	}
}
