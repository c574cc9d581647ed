package simple_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"cradle/engine"
	. "cradle/engine/enginetest"
	"cradle/engine/metastore"
	"cradle/engine/simple"
	"cradle/pim"
	"cradle/valuebag"
)

// participant is a memPlace as a participant of the suite.
type participant struct {
	mem   *memPlace
	place simple.Place
	store *dying
	rand  *counter
	prov  *simple.Provider
	fatal int // the program dies when it comes to 0

	wrote int
	last  string
}

// dying is a metadata store whose program dies before or after a transaction.
type dying struct {
	metastore.Store
	dead func() bool
}

func (d *dying) Update(ctx context.Context, fn func(metastore.Tx) error) error {
	if d.dead() {
		return errKilled
	}
	err := d.Store.Update(ctx, fn)
	if err == nil && d.dead() {
		return errKilled
	}
	return err
}

func newParticipant(t testing.TB, kind func(*memPlace) simple.Place) *participant {
	p := &participant{mem: newPlace(), rand: &counter{letter: 0xb0}}
	p.place = kind(p.mem)
	dead := func() bool {
		p.fatal--
		return p.fatal == 0
	}
	p.mem.dead = dead
	m, err := metastore.NewMemory(metastore.Options{Rand: p.rand})
	if err != nil {
		t.Fatal(err)
	}
	p.store = &dying{m, dead}
	return p
}

func (p *participant) Start(t testing.TB) engine.Provider {
	t.Helper()
	var err error
	if p.prov, err = simple.New(context.Background(), Toy{Scope: scope}, p.place, p.store, simple.Options{Rand: p.rand}); err != nil {
		t.Fatal(err)
	}
	return p.prov
}

func (p *participant) key(uid string) string {
	for key, o := range p.mem.objects {
		if Str(o.Value, KeyUID) == uid {
			return key
		}
	}
	return ""
}

func (p *participant) Edit(_ testing.TB, uid string, v *valuebag.Values) {
	if v == nil {
		p.mem.drop(p.key(uid))
		return
	}
	p.mem.put(p.key(uid), v)
}

func (p *participant) Items(testing.TB) []*valuebag.Values {
	var vs []*valuebag.Values
	for _, o := range p.mem.objects {
		vs = append(vs, o.Value)
	}
	return vs
}

func (p *participant) Add(_ testing.TB, v *valuebag.Values) { p.mem.put("", v) }

func (p *participant) Writes(t testing.TB) int {
	b, err := metastore.Export(context.Background(), p.store)
	if err != nil {
		t.Fatal(err)
	}
	if string(b) != p.last {
		p.wrote, p.last = p.wrote+1, string(b)
	}
	return p.wrote + p.mem.writes
}

func (p *participant) Refuse(uid string, err error) {
	p.mem.refuse = func(v *valuebag.Values) error {
		if Str(v, KeyUID) == uid {
			return err
		}
		return nil
	}
}

func (p *participant) Unread(_ testing.TB, uid string, err error) {
	p.mem.readFails[p.key(uid)] = err
}

func (p *participant) Crash(n int) { p.fatal = n }

func (p *participant) Backup(t testing.TB) func() {
	b, err := metastore.Export(context.Background(), p.store)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		m, err := metastore.NewMemory(metastore.Options{})
		if err == nil {
			err = metastore.Import(context.Background(), m, b)
		}
		if err != nil {
			t.Fatal(err)
		}
		p.store.Store = m
	}
}

func (p *participant) Conflicts(t testing.TB) []engine.Conflict {
	log, err := p.prov.Conflicts(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return log
}

func TestProviders(t *testing.T) {
	for _, row := range []struct {
		name string
		kind func(*memPlace) simple.Place
		lies func(*memPlace)
	}{
		{"enumeration", places["enumeration"], func(*memPlace) {}},
		{"enumeration without version fields", places["enumeration"], func(p *memPlace) { p.noVersions = true }},
		{"enumeration with values", places["enumeration"], func(p *memPlace) { p.values = true }},
		{"anchor", places["anchor"], func(*memPlace) {}},
		{"anchor in pages", places["anchor"], func(p *memPlace) { p.paged = 1 }},
		{"anchor without version fields", places["anchor"], func(p *memPlace) { p.noVersions = true }},
	} {
		t.Run(row.name, func(t *testing.T) {
			Providers(t, Subject{
				Schema: Toy{Scope: scope},
				Item:   Item,
				Units:  [3]string{"name", "note", "tags"},
				New: func(t testing.TB) Participant {
					p := newParticipant(t, row.kind)
					row.lies(p.mem)
					return p
				},
				Skip: map[Capability]string{CanHold: "what lies in a place is its user's: no filter takes it away"},
			})
		})
	}
}

// folder is the example's folder of cards as a participant.
type folder struct {
	dir  string
	prov *simple.Provider
	good map[string][]byte // files made unreadable, as they were
}

func (f *folder) meta() metastore.File { return metastore.File(filepath.Join(f.dir, ".sync")) }

func (f *folder) Start(t testing.TB) engine.Provider {
	t.Helper()
	ctx := context.Background()
	store, err := metastore.OpenBlob(ctx, f.meta(), metastore.Options{})
	if err == nil {
		f.prov, err = simple.New(ctx, pim.Contacts, cards(f.dir), store, simple.Options{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return f.prov
}

// files are the cards by name.
func (f *folder) files(t testing.TB) map[string]*valuebag.Values {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(f.dir, "*.vcf"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*valuebag.Values{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err == nil {
			out[name], err = pim.Contacts.New(text, "personal")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func (f *folder) file(t testing.TB, uid string) string {
	for name, v := range f.files(t) {
		if pim.Contacts.UID(v) == uid {
			return name
		}
	}
	return filepath.Join(f.dir, uid+".vcf")
}

func (f *folder) Edit(t testing.TB, uid string, v *valuebag.Values) {
	t.Helper()
	err := os.Remove(f.file(t, uid))
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	if err == nil && v != nil {
		err = os.WriteFile(f.file(t, uid), pim.Contacts.Text(v), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (f *folder) Items(t testing.TB) []*valuebag.Values {
	var vs []*valuebag.Values
	for _, v := range f.files(t) {
		vs = append(vs, v)
	}
	return vs
}

func (f *folder) Add(t testing.TB, v *valuebag.Values) {
	name := filepath.Join(f.dir, fmt.Sprintf("added-%d.vcf", len(f.files(t))))
	if err := os.WriteFile(name, pim.Contacts.Text(v), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (f *folder) Unread(t testing.TB, uid string, err error) {
	if err == nil {
		for name, b := range f.good {
			if err := os.WriteFile(name, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	name := f.file(t, uid)
	b, err := os.ReadFile(name)
	if err == nil {
		err = os.WriteFile(name, []byte("torn"), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	f.good = map[string][]byte{name: b}
}

func (f *folder) Backup(t testing.TB) func() {
	b, err := os.ReadFile(string(f.meta()))
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.WriteFile(string(f.meta()), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func (f *folder) Conflicts(t testing.TB) []engine.Conflict {
	log, err := f.prov.Conflicts(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return log
}

func vcard(uid, name, note string, tels ...string) *valuebag.Values {
	text := "BEGIN:VCARD\r\nVERSION:3.0\r\n"
	if uid != "" {
		text += "UID:" + uid + "\r\n"
	}
	text += "FN:" + name + "\r\nN:" + name + ";;;;\r\n"
	for _, tel := range tels {
		text += "TEL:" + tel + "\r\n"
	}
	if note != "" {
		text += "NOTE:" + note + "\r\n"
	}
	return must(pim.Contacts.New([]byte(text+"END:VCARD\r\n"), "personal"))
}

func TestExampleFolder(t *testing.T) {
	Providers(t, Subject{
		Schema: pim.Contacts,
		Item:   vcard,
		Units:  [3]string{"name", "note", "tel"},
		New:    func(t testing.TB) Participant { return &folder{dir: t.TempDir()} },
		Skip: map[Capability]string{
			CanQuiet:  "two seconds after a change the version field of a file comes to be known, which is written down",
			CanRefuse: "a folder refuses no single card",
			CanCrash:  "it has no hook to be killed at; the place in memory stands for it",
			CanHold:   "what lies in a place is its user's: no filter takes it away",
		},
	})
}

// service is the example's journal as a participant.
type service struct {
	*journal
	store metastore.Store
	prov  *simple.Provider
}

func (s *service) Start(t testing.TB) engine.Provider {
	t.Helper()
	var err error
	if s.prov, err = simple.New(context.Background(), Toy{Scope: scope}, s.journal, s.store, simple.Options{}); err != nil {
		t.Fatal(err)
	}
	return s.prov
}

func (s *service) Edit(_ testing.TB, uid string, v *valuebag.Values) {
	key := uid
	for k, o := range s.rows {
		if Str(o.Value, KeyUID) == uid {
			key = k
		}
	}
	s.change(key, v)
}

func (s *service) Items(testing.TB) []*valuebag.Values {
	var vs []*valuebag.Values
	for _, o := range s.rows {
		vs = append(vs, o.Value)
	}
	return vs
}

func (s *service) Add(_ testing.TB, v *valuebag.Values) {
	s.change(fmt.Sprint("added-", s.last()), v)
}

func (s *service) Writes(t testing.TB) int {
	b, err := metastore.Export(context.Background(), s.store)
	if err != nil {
		t.Fatal(err)
	}
	sum := s.last()
	for _, c := range b { // any change of the metadata changes it
		sum = sum*31 + int(c)
	}
	return sum
}

func (s *service) Conflicts(t testing.TB) []engine.Conflict {
	log, err := s.prov.Conflicts(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return log
}

func TestExampleLog(t *testing.T) {
	Providers(t, Subject{
		Schema: Toy{Scope: scope},
		Item:   Item,
		Units:  [3]string{"name", "note", "tags"},
		New: func(t testing.TB) Participant {
			return &service{journal: &journal{rows: map[string]simple.Object{}}, store: must(metastore.NewMemory(metastore.Options{}))}
		},
		Skip: map[Capability]string{
			CanRefuse:  "a service in memory takes everything",
			CanUnread:  "and gives everything",
			CanCrash:   "it has no hook to be killed at; the place in memory stands for it",
			CanRestore: "its metadata is in memory, from which there are no backups",
			CanHold:    "what lies in a place is its user's: no filter takes it away",
		},
	})
}
