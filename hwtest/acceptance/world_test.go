package acceptance

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cradle/engine"
	"cradle/hostprovider"
	"cradle/hwtest"
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

// pc is a computer: a store and the clock of its world.
type pc struct {
	w       *world
	name    string
	path    string
	store   *hostprovider.Store
	commits int
	killAt  int // counts down; 0 never
}

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
