package hostprovider

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"cradle/engine"
	"cradle/engine/enginetest"
	"cradle/pim"
	"cradle/valuebag"
)

// participant is a store as a participant of the engine's suite.
type participant struct {
	path  string
	o     Options
	s     *Store
	fatal int // killed before the commit at which it comes to 0
}

func newParticipant(t testing.TB) *participant {
	p := &participant{path: filepath.Join(t.TempDir(), "cradle.db"), o: testOptions(t)}
	p.o.Hook = func(string) error {
		if p.fatal--; p.fatal == 0 {
			return errKilled
		}
		return nil
	}
	p.open(t)
	t.Cleanup(func() { p.s.Close() })
	return p
}

func (p *participant) open(t testing.TB) {
	t.Helper()
	var err error
	if p.s, err = Open(context.Background(), p.path, p.o); err != nil {
		t.Fatal(err)
	}
}

func (p *participant) Start(t testing.TB) engine.Provider {
	t.Helper()
	if err := p.s.Close(); err != nil {
		t.Fatal(err)
	}
	p.open(t)
	return p.s.Full()
}

func (p *participant) Edit(t testing.TB, uid string, v *valuebag.Values) {
	t.Helper()
	ctx := context.Background()
	var err error
	held := false
	for _, it := range p.Items(t) {
		held = held || pim.Contacts.UID(it) == uid
	}
	switch {
	case v == nil:
		_, err = p.s.Delete(ctx, uid)
	case held:
		_, _, err = p.s.Edit(ctx, uid, pim.Contacts.Text(v))
	default:
		_, err = p.s.Create(ctx, "contacts", "personal", pim.Contacts.Text(v))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (p *participant) Add(t testing.TB, v *valuebag.Values) {
	t.Helper()
	if _, err := p.s.Create(context.Background(), "contacts", "personal", pim.Contacts.Text(v)); err != nil {
		t.Fatal(err)
	}
}

func (p *participant) Items(t testing.TB) []*valuebag.Values {
	t.Helper()
	var vs []*valuebag.Values
	err := p.s.Export(context.Background(), Query{}, func(it Item) error {
		v, err := pim.Contacts.New(it.Text, it.Collection)
		vs = append(vs, v)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return vs
}

func (p *participant) Writes(t testing.TB) int {
	var n int64
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	n, err := p.s.w.number(`SELECT total_changes()`)
	if err != nil {
		t.Fatal(err)
	}
	return int(n)
}

func (p *participant) Crash(n int) { p.fatal = n }

func (p *participant) Backup(t testing.TB) func() {
	t.Helper()
	if err := p.s.Close(); err != nil { // moves the log into the file
		t.Fatal(err)
	}
	bak := filepath.Join(t.TempDir(), "bak")
	copyFile(t, p.path, bak, false)
	p.open(t)
	return func() {
		if err := p.s.Close(); err != nil {
			t.Fatal(err)
		}
		for _, ext := range []string{"-wal", "-shm"} {
			os.Remove(p.path + ext)
		}
		copyFile(t, bak, p.path, true) // the same inode
		p.open(t)
	}
}

func (p *participant) Conflicts(t testing.TB) []engine.Conflict {
	log, err := p.s.Conflicts(context.Background(), true)
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// HoldsPart: what a filter keeps out leaves it.
func (p *participant) HoldsPart() {}

// The store passes the suite of all providers.
func TestProvider(t *testing.T) {
	enginetest.Providers(t, enginetest.Subject{
		Schema: pim.Contacts,
		Item: func(uid, name, note string, tels ...string) *valuebag.Values {
			var lines []string
			if note != "" {
				lines = append(lines, "NOTE:"+note)
			}
			for _, tel := range tels {
				lines = append(lines, "TEL:"+tel)
			}
			return bag(t, card(uid, name, lines...))
		},
		Units:  [3]string{"name", "note", "tel"},
		Filter: engine.Filter{Rules: []engine.Rule{{Name: pim.RuleLeaveOut, Params: []string{"out"}}}},
		Outside: func(v *valuebag.Values) *valuebag.Values {
			out, err := pim.Contacts.New(pim.Contacts.Text(v), "out")
			if err != nil {
				t.Fatal(err)
			}
			return out
		},
		New:       func(t testing.TB) enginetest.Participant { return newParticipant(t) },
		Histories: 10,
		Skip: map[enginetest.Capability]string{
			enginetest.CanRefuse: "SQLite refuses no single item: what is well-formed fits",
			enginetest.CanUnread: "an item of the store can be read as long as the file can",
		},
	})
}
