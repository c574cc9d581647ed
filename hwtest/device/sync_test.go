package device

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cradle/devprovider"
	"cradle/engine"
	"cradle/hostprovider"
	"cradle/mtp"
	"cradle/pim"
)

// below is a folder of a device's storage as if it were the whole storage, so that a sync can be
// tried where the Cradle folder of the phone's owner isn't touched.
type below struct {
	devprovider.ObjectStore
	storage string
	folder  string
}

func (b below) at(p string) string { return path.Join(b.folder, p) }

func (b below) Storages(ctx context.Context) ([]devprovider.Storage, error) {
	all, err := b.ObjectStore.Storages(ctx)
	return slices.DeleteFunc(all, func(s devprovider.Storage) bool { return s.Name != b.storage }), err
}

func (b below) List(ctx context.Context, storage, folder string) (devprovider.Listing, error) {
	return b.ObjectStore.List(ctx, storage, b.at(folder))
}

func (b below) Stat(ctx context.Context, storage, p string) (devprovider.Entry, error) {
	return b.ObjectStore.Stat(ctx, storage, b.at(p))
}

func (b below) Read(ctx context.Context, storage, p string, limit int64) ([]byte, error) {
	return b.ObjectStore.Read(ctx, storage, b.at(p), limit)
}

func (b below) Create(ctx context.Context, storage, p string, body []byte) (devprovider.Entry, error) {
	return b.ObjectStore.Create(ctx, storage, b.at(p), body)
}

func (b below) Mkdir(ctx context.Context, storage, p string) error {
	return b.ObjectStore.Mkdir(ctx, storage, b.at(p))
}

func (b below) Delete(ctx context.Context, storage, p string) error {
	return b.ObjectStore.Delete(ctx, storage, b.at(p))
}

func (b below) Rename(ctx context.Context, storage, p, name string) (devprovider.Entry, error) {
	return b.ObjectStore.Rename(ctx, storage, b.at(p), name)
}

func (b below) Move(ctx context.Context, storage, p, folder string) (devprovider.Entry, error) {
	return b.ObjectStore.Move(ctx, storage, b.at(p), b.at(folder))
}

// computer is a store of its own.
type computer struct {
	name  string
	store *hostprovider.Store
}

func newComputer(t *testing.T, name string) *computer {
	t.Helper()
	s, err := hostprovider.Open(t.Context(), filepath.Join(t.TempDir(), "store.db"), hostprovider.Options{Create: true, Machine: name})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return &computer{name, s}
}

// holds are the computer's items, by summary, without what a store keeps for itself.
func (c *computer) holds(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := c.store.Export(t.Context(), hostprovider.Query{}, func(it hostprovider.Item) error {
		if _, twice := out[it.Summary]; twice {
			t.Errorf("%s has %q twice", c.name, it.Summary)
		}
		out[it.Summary] = string(it.Text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (c *computer) edit(t *testing.T, from, to string) {
	t.Helper()
	for _, text := range c.holds(t) {
		if strings.Contains(text, from) {
			if _, _, err := c.store.Edit(t.Context(), uid(text), []byte(strings.Replace(text, from, to, 1))); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("%s has nothing with %q", c.name, from)
}

func uid(text string) string {
	_, after, _ := strings.Cut(text, "UID:")
	u, _, _ := strings.Cut(after, "\r\n")
	return u
}

func card(n int) string {
	return fmt.Sprintf("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:suite-card-%d\r\nFN:Zoë Suite %d\r\nN:Suite %d;Zoë;;;\r\nTEL;TYPE=CELL:+1 202 555 01%02d\r\n"+
		"NOTE:Met at the fair\\, likes größere Bäume\r\nEND:VCARD\r\n", n, n, n, n)
}

func event(n int) string {
	return fmt.Sprintf("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//Suite//EN\r\nBEGIN:VEVENT\r\nUID:suite-event-%d\r\nDTSTAMP:20260101T000000Z\r\n"+
		"DTSTART:20260%d01T090000Z\r\nDURATION:PT1H\r\nSUMMARY:Meeting %d\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n", n, n%9+1, n)
}

// syncs: two computers sync with the phone in turn, in the folder, with edits on all three sides.
func syncs(t *testing.T, d *desk, storage mtp.StorageID, folder string) {
	const cards, events = 12, 4
	s := d.session(t, false)
	objects := devprovider.NewMTPStore(s)
	place := below{objects, nameOf(t, s, objects, storage), folder}
	serial := fmt.Sprintf("suite-%d", time.Now().UnixNano())

	meet := func(c *computer) engine.Stats {
		t.Helper()
		f, err := devprovider.Open(t.Context(), place, devprovider.Options{
			Serial: serial, Name: d.name, Kinds: pim.Kinds(), Cache: c.store.Cache(serial), Program: "cradle's suite",
		})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		var schemas []engine.Schema
		for _, k := range pim.Kinds() {
			schemas = append(schemas, k)
		}
		start := time.Now()
		r, err := engine.NewSession(c.store, f, schemas, engine.Options{
			Exempt: true, Pair: func(engine.Meet) bool { return true }, Now: time.Now, Rand: rand.Reader,
		}).Run(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		for _, failed := range r.Failed {
			t.Errorf("%s: %s: %v", c.name, failed.Path, failed.Err)
		}
		var sum engine.Stats
		for _, one := range r.Stats {
			for to, from := range map[*engine.Moves]engine.Moves{&sum.ToStore: one.ToStore, &sum.ToPhone: one.ToPhone} {
				to.Created += from.Created
				to.Updated += from.Updated
				to.Deleted += from.Deleted
			}
			sum.Adopted += one.Adopted
			sum.Conflicts += one.Conflicts
		}
		t.Logf("%s: to the phone %+v, to the store %+v, in %v", c.name, sum.ToPhone, sum.ToStore, time.Since(start).Round(time.Millisecond))
		return sum
	}
	want := func(got, want engine.Stats) {
		t.Helper()
		if got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}

	a, b := newComputer(t, "a"), newComputer(t, "b")
	var files []hostprovider.ImportFile
	for n := range cards {
		files = append(files, hostprovider.ImportFile{Path: "card.vcf", Data: []byte(card(n))})
	}
	for n := range events {
		files = append(files, hostprovider.ImportFile{Path: "event.ics", Data: []byte(event(n))})
	}
	if _, err := a.store.Import(t.Context(), files); err != nil {
		t.Fatal(err)
	}
	want(meet(a), engine.Stats{ToPhone: engine.Moves{Created: cards + events}})
	want(meet(a), engine.Stats{})
	want(meet(b), engine.Stats{ToStore: engine.Moves{Created: cards + events}})
	alike(t, a, b)

	// On b a card is edited and one deleted, on the phone another is edited.
	b.edit(t, "+1 202 555 0103", "+1 202 555 7777")
	if _, err := b.store.Delete(t.Context(), "suite-card-4"); err != nil {
		t.Fatal(err)
	}
	editOnPhone(t, place, "+1 202 555 0105", "+1 202 555 8888")
	want(meet(b), engine.Stats{ToPhone: engine.Moves{Updated: 1, Deleted: 1}, ToStore: engine.Moves{Updated: 1}})
	want(meet(a), engine.Stats{ToStore: engine.Moves{Updated: 2, Deleted: 1}})
	alike(t, a, b)
	if n := len(a.holds(t)); n != cards+events-1 {
		t.Errorf("%d items are left, want %d", n, cards+events-1)
	}
	for _, number := range []string{"7777", "8888"} {
		if !slices.ContainsFunc(slices.Collect(maps.Values(a.holds(t))), func(text string) bool { return strings.Contains(text, "+1 202 555 "+number) }) {
			t.Errorf("the edit to %s is lost", number)
		}
	}
	want(meet(a), engine.Stats{})
	want(meet(b), engine.Stats{})
}

func alike(t *testing.T, a, b *computer) {
	t.Helper()
	x, y := a.holds(t), b.holds(t)
	for name := range x {
		if y[name] != x[name] {
			t.Errorf("%q on %s:\n%s\non %s:\n%s", name, a.name, x[name], b.name, y[name])
		}
	}
	if len(x) != len(y) {
		t.Errorf("%s has %d items, %s %d", a.name, len(x), b.name, len(y))
	}
}

// nameOf is the lasting name of a storage: that of the same place in the device's order.
func nameOf(t *testing.T, s *mtp.Session, objects devprovider.ObjectStore, storage mtp.StorageID) string {
	t.Helper()
	all, err := objects.Storages(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.Index(storages(t, s), storage)
	if i < 0 || i >= len(all) {
		t.Fatalf("storage %#x is none of %v", storage, all)
	}
	return all[i].Name
}

// editOnPhone changes a file as an app there may: a new one in the old one's place.
func editOnPhone(t *testing.T, place below, from, to string) {
	t.Helper()
	ctx := t.Context()
	var look func(folder string) bool
	look = func(folder string) bool {
		l, err := place.List(ctx, place.storage, folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range l.Entries {
			p := path.Join(folder, e.Name)
			if e.Folder {
				if e.Name != "state" && look(p) {
					return true
				}
				continue
			}
			body, err := place.Read(ctx, place.storage, p, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(body), from) {
				continue
			}
			if err := place.Delete(ctx, place.storage, p); err != nil {
				t.Fatal(err)
			}
			if _, err := place.Create(ctx, place.storage, p, []byte(strings.Replace(string(body), from, to, 1))); err != nil {
				t.Fatal(err)
			}
			return true
		}
		return false
	}
	if !look("Cradle") {
		t.Fatalf("no file on the phone has %q", from)
	}
}
