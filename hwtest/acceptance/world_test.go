package acceptance

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cradle/devprovider"
	"cradle/engine"
	"cradle/hostprovider"
	"cradle/hwtest"
	"cradle/mtp"
	"cradle/mtp/responder"
	"cradle/pim"
)

var ctxb = context.Background()

// tempDir is a folder in memory where the system has one: thousands of small
// files and databases are made and flushed here.
func tempDir(t testing.TB) string {
	t.Helper()
	if dir, err := os.MkdirTemp("/dev/shm", "cradle-acceptance-"); err == nil {
		t.Cleanup(func() { os.RemoveAll(dir) })
		return dir
	}
	return t.TempDir()
}

// errKilled stands for a program that was killed before a commit of its store.
var errKilled = errors.New("killed")

// fault is what goes wrong in a session. The zero value is nothing.
type fault struct {
	// The cable is pulled in this transaction (of a folder: operation), from 1.
	cut   int
	phase responder.Phase
	bytes int64
	// The program is killed at this commit of its store, from 1.
	kill int
}

func (f fault) String() string {
	switch {
	case f.kill > 0:
		return fmt.Sprintf("killed at commit %d", f.kill)
	case f.cut > 0 && f.phase == responder.InData:
		return fmt.Sprintf("cut in transaction %d after %d bytes", f.cut, f.bytes)
	case f.cut > 0:
		return fmt.Sprintf("cut in transaction %d %v", f.cut, f.phase)
	}
	return "no fault"
}

// pc is a computer: a store and the clock of its world.
type pc struct {
	w       *world
	name    string
	path    string
	store   *hostprovider.Store
	commits int
	killAt  int // counts down; 0 never
}

// device is a phone or a folder: what lies in a folder of the host.
type device struct {
	kind   hwtest.Kind // "dir": a plain folder
	dir    string
	serial string
	shape  hwtest.Options
}

const folderKind hwtest.Kind = "dir"

// world is some computers and phones, in one folder.
type world struct {
	t      testing.TB
	dir    string
	r      *rand.Rand
	rand   zeroes
	start  time.Time
	steps  int
	made   int // files and folders made so far
	pcs    []*pc
	phones []*device
	preset engine.Preset
	trace  []string
}

// zeroes gives random bytes of a world's own, so that a seed says it all.
type zeroes struct{ r *rand.Rand }

func (z zeroes) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(z.r.UintN(256))
	}
	return len(b), nil
}

func newWorld(t testing.TB, dir string, seed uint64, pcs int) *world {
	r := rand.New(rand.NewPCG(seed, 11))
	w := &world{t: t, dir: dir, r: r, rand: zeroes{rand.New(rand.NewPCG(seed, 12))}, start: time.Now(), preset: engine.Newest}
	for i := range pcs {
		w.pcs = append(w.pcs, w.newPC(fmt.Sprintf("PC%d", i+1)))
	}
	return w
}

func (w *world) close() {
	for _, p := range w.pcs {
		p.close()
	}
}

func (w *world) logf(format string, args ...any) {
	w.trace = append(w.trace, fmt.Sprintf(format, args...))
}

func (w *world) fail(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("%s\n%s", fmt.Sprintf(format, args...), strings.Join(w.trace, "\n"))
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.fail("%v", err)
	}
}

// now is the computers' time: a step of a person takes ten seconds. It runs ahead
// of the phones', which have the host's.
func (w *world) now() time.Time {
	return w.start.Add(time.Minute + time.Duration(w.steps)*10*time.Second)
}

// newName is a path that was never used: a file system may give the number of a
// file that is gone to the next one, and a store knows its home by that.
func (w *world) newName(ext string) string {
	w.made++
	return filepath.Join(w.dir, fmt.Sprintf("%d%s", w.made, ext))
}

func (w *world) newPC(name string) *pc {
	return &pc{w: w, name: name, path: w.newName(".db")}
}

func (w *world) addPhone(kind hwtest.Kind, serial string) *device {
	d := &device{kind: kind, dir: w.newName(""), serial: serial}
	w.must(os.Mkdir(d.dir, 0o777))
	w.phones = append(w.phones, d)
	return d
}

// open opens the computer's store, if it isn't.
func (p *pc) open() *hostprovider.Store {
	p.w.t.Helper()
	if p.store == nil {
		s, err := hostprovider.Open(ctxb, p.path, hostprovider.Options{
			Create: true, Now: p.w.now, Rand: p.w.rand, Machine: p.name, Hook: p.hook,
		})
		if err != nil {
			p.w.fail("%s: %v", p.name, err)
		}
		p.store = s
	}
	return p.store
}

func (p *pc) hook(point string) error {
	if p.killAt > 0 {
		if p.killAt--; p.killAt == 0 {
			p.killAt = -1
		}
	}
	if p.killAt < 0 {
		return fmt.Errorf("%w at %s", errKilled, point)
	}
	p.commits++
	return nil
}

// close ends the program: its store is closed.
func (p *pc) close() {
	if p.store != nil {
		p.w.must(p.store.Close())
		p.store = nil
	}
	p.killAt = 0
}

// held is one item somewhere.
type held struct {
	kind       string
	collection string
	text       string
	id         string // in a store
	path       string // on a phone, below its folder
	bundled    bool   // one of several in that file
}

// items lists what the computer holds.
func (p *pc) items() []held {
	p.w.t.Helper()
	var out []held
	p.w.must(p.open().Export(ctxb, hostprovider.Query{}, func(it hostprovider.Item) error {
		out = append(out, held{kind: it.Kind, collection: it.Collection, text: string(it.Text), id: it.ID.String()})
		return nil
	}))
	return out
}

// logged lists the values that are kept in the computer's conflict log.
func (p *pc) logged() []held {
	p.w.t.Helper()
	cs, err := p.open().Conflicts(ctxb, true)
	p.w.must(err)
	var out []held
	for _, c := range cs {
		if c.Lost != nil {
			k, _ := pim.KindByName(c.Scope)
			out = append(out, held{kind: c.Scope, collection: k.Collection(c.Lost), text: string(k.Text(c.Lost))})
		}
	}
	return out
}

// trees are the folders of items on a phone.
var trees = map[string]string{"contacts": "contacts", "calendars": "events", "tasks": "tasks", "notes": "notes"}

// items lists the whole items that lie on the device, by path.
func (d *device) items(t testing.TB) []held {
	t.Helper()
	var out []held
	for _, f := range d.files(t) {
		parts := strings.Split(f, "/")
		kind := ""
		if len(parts) > 3 && parts[0] == "Cradle" {
			kind = trees[parts[1]]
		}
		if kind == "" {
			continue
		}
		b, err := os.ReadFile(filepath.Join(d.dir, f))
		if err != nil {
			t.Fatal(err)
		}
		text := string(b)
		if !whole(text) {
			continue
		}
		each := bundle(text)
		for _, one := range each {
			out = append(out, held{kind: kind, collection: strings.Join(parts[2:len(parts)-1], "/"), text: one, path: f, bundled: len(each) > 1})
		}
	}
	// A file of its own goes before a copy in a bundle.
	single := map[string]bool{}
	for _, h := range out {
		single[find(h.text, "UID")] = single[find(h.text, "UID")] || !h.bundled
	}
	return slices.DeleteFunc(out, func(h held) bool { return h.bundled && single[find(h.text, "UID")] })
}

// files lists all files below the device's folder, sorted.
func (d *device) files(t testing.TB) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(d.dir, func(p string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			rel, _ := filepath.Rel(d.dir, p)
			out = append(out, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// image is every byte and time of the device.
func (d *device) image(t testing.TB) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, f := range d.files(t) {
		p := filepath.Join(d.dir, f)
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		fi, err := os.Stat(p)
		if err != nil {
			t.Fatal(err)
		}
		out[f] = fmt.Sprintf("%x %v", sha256.Sum256(b), fi.ModTime().UnixNano())
	}
	return out
}

// write makes or changes a file on the device, as its user.
func (d *device) write(t testing.TB, path, text string, at time.Time) {
	t.Helper()
	p := filepath.Join(d.dir, path)
	if err := os.MkdirAll(filepath.Dir(p), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	if !at.IsZero() {
		if err := os.Chtimes(p, at, at); err != nil {
			t.Fatal(err)
		}
	}
}

func (d *device) remove(t testing.TB, path string) {
	t.Helper()
	if err := os.Remove(filepath.Join(d.dir, path)); err != nil {
		t.Fatal(err)
	}
}

// copyTree copies a folder with the times of its files.
func copyTree(t testing.TB, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(from, p)
		dst := filepath.Join(to, rel)
		if e.IsDir() {
			return os.MkdirAll(dst, 0o777)
		}
		fi, err := e.Info()
		if err != nil {
			return err
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		if err := os.WriteFile(dst, b, 0o666); err != nil {
			return err
		}
		return os.Chtimes(dst, fi.ModTime(), fi.ModTime())
	})
	if err != nil {
		t.Fatal(err)
	}
}

// restore makes the device hold what a backup held.
func (d *device) restore(t testing.TB, from string) {
	t.Helper()
	if err := os.RemoveAll(d.dir); err != nil {
		t.Fatal(err)
	}
	copyTree(t, from, d.dir)
}

// line is an open connection to a device.
type line struct {
	objects devprovider.ObjectStore
	serial  string
	name    string
	close   func()
	phone   *hwtest.Phone // nil: a folder
	folder  *cutStore     // nil: a phone
}

func (l *line) transactions() int {
	if l.phone != nil {
		return l.phone.Transactions()
	}
	return l.folder.n
}

// plug opens a connection that a fault may cut.
func (d *device) plug(f fault) (*line, error) {
	if d.kind == folderKind {
		s, err := devprovider.OpenDir(d.dir)
		if err != nil {
			return nil, err
		}
		c := &cutStore{in: s, fault: f, sizes: map[int]int64{}}
		return &line{objects: c, name: "folder", close: func() {}, folder: c}, nil
	}
	o := d.shape
	o.Serial = d.serial
	ph, err := hwtest.Open(d.kind, d.dir, o)
	if err != nil {
		return nil, err
	}
	if f.cut > 0 {
		ph.CutAt(f.cut, f.phase, f.bytes)
	}
	l := &line{serial: d.serial, name: string(d.kind), phone: ph, close: func() { ph.Close() }}
	s, err := mtp.Open(ctxb, ph.Transport(), mtp.Options{})
	if err != nil {
		return l, fmt.Errorf("%w: %w", engine.ErrGone, err)
	}
	l.close = func() { s.Close(ctxb); ph.Close() }
	l.objects = devprovider.NewMTPStore(s)
	return l, nil
}

// outcome is how a session went.
type outcome struct {
	res          *engine.Result
	commits      int // of the store
	transactions int // of the phone; of a folder its operations
	log          []responder.Transaction
	sizes        map[int]int64      // of a folder's writes, by operation
	notes        []engine.ItemError // what the device's survey says besides
}

// moved counts the items and versions that a session moved or adopted.
func (o *outcome) moved() int {
	n := 0
	if o.res == nil {
		return 0
	}
	for _, s := range o.res.Stats {
		n += s.ToStore.Created + s.ToStore.Updated + s.ToStore.Deleted + s.ToPhone.Created + s.ToPhone.Updated + s.ToPhone.Deleted + s.Adopted + s.Conflicts
	}
	return n
}

func (o *outcome) String() string {
	if o.res == nil {
		return "no session"
	}
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(o.res.Stats)) {
		if s := *o.res.Stats[k]; s != (engine.Stats{}) {
			parts = append(parts, fmt.Sprintf("%s %+v", k, s))
		}
	}
	for _, f := range o.res.Failed {
		parts = append(parts, fmt.Sprintf("failed %s: %v", f.Path, f.Err))
	}
	return strings.Join(parts, ", ")
}

// sync runs one session, as the command does, with the brakes off.
func (w *world) sync(p *pc, d *device, f fault) (*outcome, error) {
	w.t.Helper()
	return w.session(p, d, f, engine.Options{Exempt: true})
}

func (w *world) session(p *pc, d *device, f fault, opt engine.Options) (*outcome, error) {
	w.t.Helper()
	store := p.open()
	before := p.commits
	p.killAt = f.kill
	o := &outcome{}
	err := func() error {
		l, err := d.plug(f)
		if l != nil {
			defer func() {
				o.transactions = l.transactions()
				if l.phone != nil {
					o.log = l.phone.Log()
				} else {
					o.sizes = l.folder.sizes
				}
				l.close()
			}()
		}
		if err != nil {
			return err
		}
		name := l.serial
		if name == "" {
			name = "dir:" + d.dir
		}
		cache := store.Cache(name)
		folder, err := devprovider.Open(ctxb, l.objects, devprovider.Options{
			Serial: l.serial, Name: l.name, Kinds: pim.Kinds(), Cache: cache, Program: "cradle test", Rand: w.rand,
		})
		if err != nil {
			return err
		}
		var schemas []engine.Schema
		for _, k := range pim.Kinds() {
			schemas = append(schemas, k)
		}
		if opt.Preset == "" {
			opt.Preset = w.preset
		}
		if opt.Pair == nil {
			opt.Pair = func(engine.Meet) bool { return true }
		}
		opt.Now, opt.Rand = w.now, w.rand
		o.res, err = engine.NewSession(store, folder, schemas, opt).Run(ctxb)
		o.notes = folder.Notes()
		if e := cache.Flush(ctxb); err == nil {
			err = e
		}
		return err
	}()
	killed := p.killAt < 0
	if f.kill > 0 {
		p.close() // what the program had in memory is gone
	}
	o.commits = p.commits - before
	w.logf("%s <-> %s (%v): %v err %v", p.name, d.serial, f, o, err)
	switch {
	case err == nil && killed, errors.Is(err, errKilled) && killed:
		err = errKilled
	case f.cut > 0 && errors.Is(err, engine.ErrGone):
		err = engine.ErrGone
	case errors.Is(err, engine.ErrBraked), errors.Is(err, engine.ErrNotPaired):
	case err != nil:
		w.fail("%s with %s (%v): %v", p.name, d.serial, f, err)
	}
	return o, err
}
